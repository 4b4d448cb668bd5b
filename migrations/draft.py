"""Drafts a revision from what the models say and the schema does not: `python migrations/draft.py NAME`.

The draft is written to `versions/` and then read and mended by hand: Alembic does not see triggers, data or
renamed columns. `python migrations/draft.py --again` writes the table part of the newest revision anew (between
its two marked lines), for as long as that revision has not been released.
"""

import re
import sys
import tempfile
from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from feedback.columns import UTCDateTime
from portal.commands.migrate import config_for
from portal.database import Database, known_revisions
from portal.settings import MIGRATIONS

START, END = "    # ── tables, drafted ──\n", "    # ── end of the draft ──\n"


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Our own types under names that a revision imports; a String where SQLModel says AutoString."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "UTCDateTime()"
    if kind == "type" and isinstance(item, sqlmodel.AutoString):
        return f"sa.String(length={item.length})"
    return False


def draft(upto: str) -> str:
    """The body of `upgrade`: from the schema of revision `upto` ("base" for none) to the models."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        with database.change_schema() as connection:
            config = config_for(connection)
            move(config, connection, upto)
            context = MigrationContext.configure(
                connection, opts={"render_as_batch": upto != "base", "compare_type": True}
            )
            script = produce_migrations(context, sqlmodel.SQLModel.metadata)
            assert script.upgrade_ops is not None
            code = render_python_code(
                script.upgrade_ops, render_item=render_item, render_as_batch=upto != "base"
            )
        database.close()
    lines = [
        line
        for line in code.splitlines()
        if "commands auto generated" not in line and "end Alembic" not in line
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def move(config: Config, connection: sa.Connection, upto: str) -> None:
    """Load env.py (and with it the tables) and bring the scratch database to `upto`."""
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: object, _context: object) -> list[object]:
        return scripts._upgrade_revs(upto, revision) if upto != "base" else []  # type: ignore[arg-type,return-value]

    with EnvironmentContext(config, scripts, fn=steps):
        scripts.run_env()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("say a name of small letters: python migrations/draft.py add_something (or --again)")
    known = known_revisions()
    if sys.argv[1] == "--again":
        file = MIGRATIONS / "versions" / f"{known[-1]}.py"
        before, rest = file.read_text().split(START)
        after = rest.split(END)[1]
        file.write_text(before + START + draft(known[-2] if len(known) > 1 else "base") + END + after)
        print(f"{file.name}: its tables are written anew; run ruff format on it and read it")
        return
    if not re.fullmatch(r"[a-z][a-z_]{1,19}", sys.argv[1]):
        sys.exit("the name: at most 20 small letters and underscores")
    name = f"{datetime.now(UTC):%Y_%m_%d}_{sys.argv[1]}"
    file = MIGRATIONS / "versions" / f"{name}.py"
    body = draft(known[-1] if known else "base")
    down = f'"{known[-1]}"' if known else "None"
    file.write_text(
        f'"""Say here what changes and why."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"from feedback.columns import UTCDateTime\n\n"
        f'revision = "{name}"\ndown_revision = {down}\n\n\ndef upgrade() -> None:\n{START}{body}{END}'
    )
    print(f"{file} is drafted; run ruff format on it and read it")


if __name__ == "__main__":
    main()
