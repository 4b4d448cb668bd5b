"""What an auditor needs to prove ledger and figures without us, as a folder of plain files.

Nobody's words leave the house this way, no contact data and no names: of a case and of an account the bundle holds
the digests of their facts only, of the city and of the closed months the facts themselves. People of the staff are
numbers. The program that checks it all lies beside the files (`auditor.py`, under the name `verify.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.custody import heads
from feedback.custody.heads import PublishedHead
from feedback.custody.verify import SUBJECTS
from feedback.ledger.notes import canonical
from feedback.ledger.tables import Leaf, Note, TreeHead
from feedback.quality.tables import Counted, Figure, Rated, Record

IN_CLEAR = ("city", "record")
"""Whose facts stand in the bundle: no case and nobody's account."""
VERIFIER = Path(__file__).with_name("auditor.py")

_NOTE, _RECORD, _FIGURE = table_of(Note), table_of(Record), table_of(Figure)
_README = """\
This folder proves, without the portal that wrote it, that the ledger of {city} was not changed afterwards.
It was written by "kanali verify --bundle" at {now}.{demonstration}

To check it you need Python 3.9 or newer, no network and no rights:

    python3 -I verify.py
    python3 -I verify.py --head FILE      FILE: a head that you, or anybody, have kept since it was fetched from
                                          the portal's address /data/log-head.json

It says "Everything holds." or, one line each, what does not; then its exit code is 1. Read verify.py before you
trust it, or take it from the source of Kanali (feedback/custody/auditor.py); it has less than 200 lines. Compare the
SHA-256 of manifest.json with the one that you were told by another way.

The files, one JSON value a line:

    notes.jsonl      every note of the ledger: its place in its chain, when, by whom (citizen, system, or the number
                     of an account), which deed, the salt, the digests of facts and words, the hash before it, its own
    chains.jsonl     each case, account, month and city: how many notes it has and the hash of the last
    leaves.jsonl     the Merkle log (RFC 6962, SHA-256): which note is which leaf
    heads.jsonl      the log's size, root and time at each sealing; head.json: the newest, as it is published
    records.jsonl    the closed months of the quality record
    counted.jsonl    what each month counted, a round of a case a line; rated.jsonl: its invitations and ratings
    figures.jsonl    the frozen figures, as integers
    manifest.json    the SHA-256 of every other file

What verify.py proves: that each chain is whole and in order, that each note is as it was written, that the log holds
each sealed note once and its heads are the roots over it, that the closed months are as their notes say, and that
every frozen figure follows from the copies. With --head also that the log continues the one of that day: only then
an end that was cut off, or a log that was rewritten as a whole, can be seen.

What it can't prove: that what was written was true; notes that no leaf holds yet (they are sealed every five
minutes) beyond the end of their chain; the times of heads, save the one that you kept; and the words and
facts of cases, which are not here: "kanali verify" compares those in the house.

There are no words of citizens or staff here, no contact data and no names. Still, do not publish these files: whoever
has them can try guesses of a case's facts against its salted digest, and the copies tell of single cases.
"""


def write(session: Session, folder: Path, *, head: PublishedHead, now: datetime) -> str:
    """Write the bundle into a folder that is new or empty; the SHA-256 of its manifest.

    All of it is of one moment, that of the session. What the operating system refuses is raised as it is.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files: dict[str, Iterable[bytes]] = {
        "README.txt": [_readme(head, now).encode()],
        "verify.py": [VERIFIER.read_bytes()],
        "head.json": [heads.written(head)],
        "notes.jsonl": _lines(_notes(session)),
        "chains.jsonl": _lines(_chains(session)),
        "leaves.jsonl": _lines(_rows(session, sa.select(table_of(Leaf)).order_by(table_of(Leaf).c.n))),
        "heads.jsonl": _lines(_heads(session)),
        "records.jsonl": _lines(_records(session)),
        "counted.jsonl": _lines(_copies(session, table_of(Counted))),
        "rated.jsonl": _lines(_copies(session, table_of(Rated))),
        "figures.jsonl": _lines(_figures(session)),
    }
    digests = {name: _write(folder / name, content) for name, content in files.items()}
    return _write(folder / "manifest.json", _lines([{"written_at": now, "files": digests}]))


def _readme(head: PublishedHead, now: datetime) -> str:
    said = " It is of a DEMONSTRATION: none of it happened." if head.demonstration else ""
    return _README.format(city=head.city, now=f"{now:%Y-%m-%d %H:%M} UTC", demonstration=said)


def _write(file: Path, content: Iterable[bytes]) -> str:
    """Write a file piece by piece; its SHA-256."""
    digest = hashlib.sha256()
    with file.open("xb") as out:
        for piece in content:
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield canonical(row).encode() + b"\n"


def _rows(session: Session, statement: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    for row in session.execute(statement.execution_options(yield_per=2000)):
        yield dict(row._mapping)


def _notes(session: Session) -> Iterator[dict[str, Any]]:
    """Every note in the order of its chain; facts only where they are about no case and nobody."""
    for note in _rows(session, sa.select(_NOTE).order_by(_NOTE.c.kind, _NOTE.c.subject, _NOTE.c.seq)):
        if note["kind"] not in IN_CLEAR:
            del note["facts"]
        yield note


def _chains(session: Session) -> Iterator[dict[str, Any]]:
    """Where each chain ends by what its subject says; a month that is still being written has none."""
    for kind, model in SUBJECTS.items():
        table = table_of(model)
        statement = sa.select(table.c.id.label("subject"), table.c.notes, table.c.head).order_by(table.c.id)
        if model is Record:
            statement = statement.where(_RECORD.c.state != "draft")
        for row in _rows(session, statement):
            yield {"kind": kind, **row}


def _heads(session: Session) -> Iterator[dict[str, Any]]:
    table = table_of(TreeHead)
    return _rows(session, sa.select(table.c.size, table.c.root, table.c.at).order_by(table.c.size))


def _records(session: Session) -> Iterator[dict[str, Any]]:
    columns = [_RECORD.c[name] for name in ("id", *Record.FACTS)]
    return _rows(session, sa.select(*columns).where(_RECORD.c.state != "draft").order_by(_RECORD.c.period))


def _copies(session: Session, table: sa.Table) -> Iterator[dict[str, Any]]:
    closed = sa.select(_RECORD.c.id).where(_RECORD.c.state != "draft")
    statement = sa.select(table).where(table.c.record_id.in_(closed))
    return _rows(session, statement.order_by(table.c.record_id, table.c.cycle_id))


def _figures(session: Session) -> Iterator[dict[str, Any]]:
    columns = [column for column in _FIGURE.columns if column.name != "id"]
    closed = sa.select(_RECORD.c.id).where(_RECORD.c.state != "draft")
    return _rows(session, sa.select(*columns).where(_FIGURE.c.record_id.in_(closed)).order_by(_FIGURE.c.id))
