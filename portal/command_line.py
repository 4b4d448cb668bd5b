"""The command line: finds the verb, and says every error in one line.

Exit codes: 0 done, 1 failed, 2 misused, 130 interrupted. Each verb is `portal/commands/<verb>.py` and is imported
only when it is called, so that no command waits for what another one needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from importlib.metadata import version

import click
from sqlalchemy.exc import OperationalError

from feedback.errors import DomainError
from portal.commands import refusals
from portal.environment import OperatorError

VERBS = {
    "init": "Create the database, load a city, make the first administrator.",
    "serve": "Serve the portal, with one worker process beside it.",
    "work": "Run a worker of its own: mail, surveys, records.",
    "migrate": "Bring the database to the newest schema.",
    "demo": "Fill a new installation with a year of demonstration data.",
    "city": "Check, load or export a city's profile.",
    "import": "Take in the requests of another system.",
    "user": "Add, disable or reset staff accounts.",
    "webhook": "Tell other systems what happens to cases.",
    "record": "Close a month of the quality record.",
    "evaluate": "Measure how well texts are routed.",
    "doctor": "Look at versions, settings, database, disk and mail: what is wrong, and the cure.",
    "verify": "Prove that nothing was changed behind the ledger's back.",
}


class Verbs(click.Group):
    """The verbs, each found by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module = importlib.import_module(f"portal.commands.{_module_of(name)}")
        command = module.command
        assert isinstance(command, click.Command)
        command.name = name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("kanali"), prog_name="kanali")
def kanali() -> None:
    """Kanali: citizen feedback and service quality for a municipality."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code. No error leaves a traceback that an operator can mend."""
    try:
        code = kanali.main(args=list(arguments), prog_name="kanali", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "kanali"
        return _fail(f"{error.format_message()} See {where} --help.", code=2)
    except click.ClickException as error:
        return _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        # A worker that its server ends while it still loads has nothing to tell anybody.
        return 130 if "--parent" in arguments else _fail("Interrupted.", code=130)
    except OperatorError as error:
        return _fail(error.line)
    except DomainError as error:
        return _fail(*refusals.sentences(error))
    except OperationalError as error:
        return _fail(f"The database does not answer: {' '.join(str(error.orig).split())}")
    return code if isinstance(code, int) else 0


def _module_of(verb: str) -> str:
    return "import_" if verb == "import" else verb


def _fail(*lines: str, code: int = 1) -> int:
    for line in lines:
        click.echo(f"kanali: {line}", err=True)
    return code
