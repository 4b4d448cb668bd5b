"""Anonymous means anonymous: of whoever sends without a name nothing is stored or logged, not even by a debugging log.

Each of many people comes from an address of their own, with marks in everything that a browser says unasked, in fields
that an anonymous sender need not fill, and in all that a photo or a PDF says of its maker. Then every byte that the
portal has written is searched: database and its log, a backup, files, mails, logs, metrics. `make proof` sends 300
on each database (KANALI_PROOF=1).
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from feedback.items.tables import Attachment, Item
from portal.database import Database
from tests.attached import document, photo
from tests.conftest import fresh, settings_for
from tests.proof.served import Served
from tests.running import free_port
from tests.town import Page, Town

FULL = bool(os.environ.get("KANALI_PROOF"))
SENT = {"sqlite": 300, "postgresql": 300} if FULL else {"sqlite": 30, "postgresql": 3}
MARK = "Qzvk7"
"""Every mark begins with it; no word of ours does."""
NET = "127.77."
"""Where the marked people come from."""
EVERYTHING_IS_LOGGED = """
import logging.config

put_in_force = logging.config.dictConfig


def at_debug(config):
    loggers = {name: {**logger, "level": "DEBUG"} for name, logger in config.get("loggers", {}).items()}
    put_in_force({**config, "root": {**config.get("root", {}), "level": "DEBUG"}, "loggers": loggers})


logging.config.dictConfig = at_debug
"""

Record = Callable[[str, object], None]


class Stand:
    """A town, its portal, and the folder in which everything that it writes lies."""

    def __init__(self, town: Town, portal: Served, folder: Path, operations: str) -> None:
        self.town, self.portal, self.folder, self.operations = town, portal, folder, operations


@pytest.fixture(params=["sqlite", "postgresql"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    spoiled, temporary = tmp_path / "spoiled", tmp_path / "temporary"
    spoiled.mkdir()
    temporary.mkdir()
    (spoiled / "sitecustomize.py").write_text(EVERYTHING_IS_LOGGED)
    operations = f"127.0.0.1:{free_port()}"
    with fresh(request, request.param, tmp_path) as database:
        settings = settings_for(database.url, tmp_path)
        town = Town(database, settings)
        more = {
            "KANALI_OPS_ADDRESS": operations,
            "TMPDIR": str(temporary),
        }
        portal = Served(database.url, tmp_path, more=more, path=(spoiled,))
        portal.start()
        try:
            yield Stand(town, portal, tmp_path, operations)
        finally:
            portal.kill()


def test_nothing_of_an_anonymous_sender_is_stored_or_logged(stand: Stand, record_property: Record) -> None:
    town = stand.town
    sent = SENT[town.database.dialect]
    for number in range(sent):
        assert send(stand, number, is_anonymous=True) == 303, number
    assert town.count(Item) == town.count(Attachment) == sent
    assert '"level":"debug"' in stand.portal.log.read_text(), "the log is at debug"
    assert found(stand) == []
    record_property("figure", f"{sent} messages, 0 traces in {searched(stand):,} bytes")
    # The search sees what is there: a name that was given, a word in a log, a file that says too much.
    assert send(stand, sent, is_anonymous=False) == 303
    planted = stand.folder / "files" / "planted"
    planted.write_bytes(photo(mark=f"{MARK}-planted"))
    with stand.portal.log.open("a") as log:
        log.write(f"from {NET}1.1\n")
    places = found(stand)
    assert any("contact" in place or "kanali.db" in place for place in places), places
    assert any("planted" in place for place in places), places
    assert any(".log" in place for place in places), places


def send(stand: Stand, number: int, *, is_anonymous: bool) -> int:
    """One person opens the form and sends it, some of them only at the second try."""
    mark = f"{MARK}-{number}-"
    headers = {
        "User-Agent": f"{mark}agent",
        "Accept-Language": f"en;q=0.9, {mark}language",
        "Cookie": f"stray={mark}cookie",
        "Referer": f"{stand.portal.address}/en/?{mark}referer",
        "X-Forwarded-For": f"{NET}200.200",
        "From": f"{mark}from@example.org",
    }
    file = photo(80, 60, mark=f"{mark}exif") if number % 2 == 0 else document(mark=f"{mark}pdf")
    address = f"{NET}{number // 200}.{number % 200 + 1}"
    with httpx.Client(
        transport=httpx.HTTPTransport(local_address=address), base_url=stand.portal.address, headers=headers
    ) as client:
        origin = {"Origin": stand.portal.address}
        # A form that came back with a fault was open long enough: nobody holds it for having been quick.
        form = Page(client.post("/en/submit", data={"key": "none"}, headers=origin))
        fields = {
            "key": form.value("key"),
            "kind": "idea",
            "text": f"A bench at the corner number {number} would be good.",
            "name": f"{mark}name",
            "email": f"{mark.lower()}x@example.org",
        }
        if is_anonymous:
            fields["anonymous"] = "yes"
        files = [("files", (f"{mark}name.jpg", file))]
        if number % 5 == 0:
            refused = Page(
                client.post("/en/submit", data={**fields, "kind": ""}, files=files, headers=origin)
            )
            assert refused.status == 422
            fields |= {"key": refused.value("key"), "held1": refused.value("held1")}
            files = [("files", ("", b""))]
        answer = client.post("/en/submit", data=fields, files=files, headers=origin)
        if answer.status_code == 303:
            client.get(answer.headers["location"])
    return answer.status_code


def found(stand: Stand) -> list[str]:
    """Where a mark stands, as it is or in letters of two bytes, in whatever case."""
    sought = re.compile(
        b"|".join(
            re.escape(word.encode(coding)) for word in (MARK, NET) for coding in ("utf-8", "utf-16-le")
        ),
        re.IGNORECASE,
    )
    return [place for place, content in written(stand) if sought.search(content)]


def searched(stand: Stand) -> int:
    return sum(len(content) for _, content in written(stand))


def written(stand: Stand) -> Iterator[tuple[str, bytes]]:
    """Everything that the portal has written, or tells."""
    _back_up(stand.town.database, stand.folder / "backup.db")
    for path in sorted(stand.folder.rglob("*")):
        if path.is_file() and path.parent.name != "spoiled":
            yield path.relative_to(stand.folder).as_posix(), path.read_bytes()
    yield "metrics", httpx.get(f"http://{stand.operations}/metrics").content
    yield "health", httpx.get(f"http://{stand.operations}/health").content
    if stand.town.database.dialect == "postgresql":
        with stand.town.read() as session:
            connection = session.connection()
            for name in sa.inspect(connection).get_table_names():
                table = connection.dialect.identifier_preparer.quote(name)
                rows = connection.exec_driver_sql(f"SELECT t::text FROM {table} t").scalars()
                yield f"table {name}", "\n".join(rows).encode()


def _back_up(database: Database, target: Path) -> None:
    if database.dialect == "sqlite":
        target.unlink(missing_ok=True)
        with sqlite3.connect(database.file) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
