"""After the kills: what people were told, against what is there. Nothing lost, nothing twice, nothing by half.

Read with plain selects on the tables; what a deed should have written is said here once more, not asked of the deed.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from feedback.custody.verify import verify
from feedback.custody.verify_files import verify_files
from feedback.items import codes
from feedback.items.tables import Answer, Attachment, Contact, Counter, Cycle, Entry, Item, Submission
from feedback.items.time_tables import Clock
from feedback.ledger.tables import Note
from feedback.outbox.tables import Job, Message
from feedback.satisfaction.tables import Response
from portal.database import Database
from tests.proof.clients import (
    ADDITION,
    ANSWER,
    QUESTION,
    REPLY,
    RESPONSE,
    SECOND_LOOK,
    SUBMISSION,
    Wish,
)
from tests.town import Town

ENTERED = {ADDITION: "addition", QUESTION: "question", REPLY: "reply", SECOND_LOOK: "second_look"}
"""Kind of wish → the act of the one entry that it makes with its words."""
MAILED = {"submitted": "receipt", "asked": "question", "answered": "answer"}
"""Act of a note → the message that goes with it, where the item has an address."""


_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<([^@>]+)@")


class Reckoning:
    """Everything in the database that the wishes could have touched, read at one moment."""

    def __init__(self, town: Town, wishes: list[Wish], before: set[int], mails: Path) -> None:
        """`before`: items that were there before anybody wished anything; `mails`: the folder that they are written
        to. Its files lie where the town's settings say."""
        self.town, self.wishes, self.before, self.mails = town, wishes, before, mails
        self.items = self._rows(Item)
        self.of = {row.id: row for row in self.items}
        self.entries, self.notes, self.messages = self._rows(Entry), self._rows(Note), self._rows(Message)

    def findings(self) -> list[str]:
        """What is not as it must be, in words; empty where all is well."""
        return [
            *self._submissions(),
            *self._words(),
            *self._responses(),
            *self._files(),
            *self._halves(),
            *self._outbox(),
            *self._ledger(),
        ]

    def _rows(self, model: Any) -> list[Any]:
        return self.town.rows(model)

    def _kept(self, kind: str) -> list[Wish]:
        return [wish for wish in self.wishes if wish.kind == kind]

    def _submissions(self) -> list[str]:
        """Each key has one item with its words, its reference and its code; there is no other item."""
        secret = self.town.site.secret.key
        taken = {row.key_hash: row.item_id for row in self._rows(Submission)}
        texts = Tally(row.text for row in self.items)
        found: list[str] = []
        for wish in self._kept(SUBMISSION):
            random = codes.check_key(secret, wish.fields["key"], now=datetime.now(UTC))
            item = self.of.get(taken.get(codes.key_hash(random), 0))
            if texts[wish.words] != 1 or item is None or item.text != wish.words:
                found.append(f"{wish.words!r}: {texts[wish.words]} items, thanked for: {wish.is_kept}")
                continue
            if wish.reference and item.reference != wish.reference:
                found.append(f"{wish.words!r}: the receipt said {wish.reference}, it is {item.reference}")
            if wish.code and item.code_hash != codes.code_hash(secret, wish.code):
                found.append(f"{wish.words!r}: the code of the receipt does not open it")
        if len(self.items) != len(self._kept(SUBMISSION)) + len(self.before):
            found.append(f"{len(self.items)} items of {len(self._kept(SUBMISSION))} messages")
        numbers = sorted(int(row.reference[-6:]) for row in self.items)
        last = {row.year: row.last for row in self._rows(Counter)}
        if numbers != list(range(1, len(numbers) + 1)) or list(last.values()) != [len(numbers)]:
            found.append("references have gaps, or the counter is elsewhere")
        return found

    def _words(self) -> list[str]:
        """What was said at an item stands there once, under its act, and in no other place."""
        said = Tally((row.act, row.text, self.of[row.item_id].reference) for row in self.entries if row.text)
        said += Tally((ANSWER, row.text, self.of[row.item_id].reference) for row in self._rows(Answer))
        found = []
        for wish in self.wishes:
            if wish.kind in ENTERED or wish.kind == ANSWER:
                times = said.pop((ENTERED.get(wish.kind, ANSWER), wish.words, wish.item), 0)
                if times != 1:
                    found.append(f"{wish.words!r} stands there {times} times, thanked for: {wish.is_kept}")
        ours = {f"run {wish.words.rpartition(' ')[2]}" for wish in self.wishes}
        found += [f"nobody said {words!r}" for _, words, _ in said if words.rpartition(" number ")[2] in ours]
        return found

    def _responses(self) -> list[str]:
        """Of each survey one response stands: the last one that was thanked for."""
        stand = Tally(row.comment for row in self._rows(Response))
        last = {wish.item: wish.words for wish in self._kept(RESPONSE)}
        surveys = {row.invitation_id for row in self._rows(Response)}
        found = [f"{words!r} stands {stand[words]} times" for words in last.values() if stand[words] != 1]
        if len(surveys) != stand.total():
            found.append("a survey has two responses")
        return found

    def _files(self) -> list[str]:
        """Each file that was sent has one row, at what it came with, and lies in the folder as it was filed."""
        rows = self._rows(Attachment)
        first = Tally(self.of[row.item_id].text for row in rows if row.entry_id is None)
        said = {row.id: row.text for row in self.entries}
        later = Tally(said[row.entry_id] for row in rows if row.entry_id is not None)
        sent = [wish for wish in self.wishes if wish.kind in (SUBMISSION, ADDITION)]
        there = {wish.words: (first if wish.kind == SUBMISSION else later)[wish.words] for wish in sent}
        found = [
            f"{wish.words!r} came with {len(wish.files)} files and has {there[wish.words]}"
            for wish in sent
            if there[wish.words] != len(wish.files)
        ]
        if len(rows) != sum(len(wish.files) for wish in sent) or len({row.name for row in rows}) != len(rows):
            found.append("files that nobody sent, or one filed twice")
        with self.town.read() as session:
            return found + [str(finding) for finding in verify_files(session, self.town.site.files.digest)]

    def _halves(self) -> list[str]:
        """Every item has its notes, its cycles, their clocks, its contact."""
        cycles, clocks = self._rows(Cycle), Tally(row.cycle_id for row in self._rows(Clock))
        numbers: dict[int, dict[int, int]] = {}
        for row in cycles:
            numbers.setdefault(row.item_id, {})[row.number] = row.id
        noted = Tally(row.subject for row in self.notes if row.kind == "item")
        contacts = {row.item_id for row in self._rows(Contact)}
        typed = {wish.words for wish in self._kept(SUBMISSION) if "email" in wish.fields}
        found = [f"cycle {row.id} has {clocks[row.id]} clocks" for row in cycles if clocks[row.id] != 2]
        for item in self.items:
            own = numbers.get(item.id, {})
            if sorted(own) != list(range(1, len(own) + 1)) or item.cycle_id != own.get(len(own)):
                found.append(f"{item.reference} has the cycles {own} and points to {item.cycle_id}")
            if noted[item.id] != item.notes or not noted[item.id]:
                found.append(f"{item.reference} has {noted[item.id]} notes, and counts {item.notes}")
            if (item.text in typed) != (item.id in contacts) and item.id not in self.before:
                found.append(f"{item.reference} has lost its contact")
        return found

    def _outbox(self) -> list[str]:
        """Every deed that tells somebody has one message; it waits with its job, or was written, and never neither."""
        addressed = {row.item_id for row in self._rows(Contact) if row.email}
        due: Tally[tuple[int, str]] = Tally()
        for note in self.notes:
            if note.kind == "item" and note.subject in addressed and note.act in MAILED:
                due[note.subject, MAILED[note.act]] += 1
        there = Tally((row.item_id, row.kind) for row in self.messages)
        found = [
            f"{key}: {due[key]} messages due, {there[key]} there"
            for key in due | there
            if due[key] != there[key]
        ]
        jobs = {row.key for row in self._rows(Job) if row.kind == "send"}
        mails = [file.read_bytes() for file in self.mails.glob("*.eml")]
        written = {match[1].decode() for mail in mails if (match := _MESSAGE_ID.search(mail))}
        for row in self.messages:
            if (row.state == "waiting") != (str(row.id) in jobs):
                found.append(f"message {row.id} is {row.state}, and its job is {str(row.id) in jobs}")
            if row.state == "sent" and row.stable_id not in written:
                found.append(f"message {row.id} is called sent and was not written")
        return found

    def _ledger(self) -> list[str]:
        with self.town.read() as session:
            return [str(finding) for finding in verify(session)]


def check_files_of(database: Database) -> list[str]:
    """What the database itself says of its files: SQLite's integrity and foreign keys, PostgreSQL's amcheck."""
    with database.write() as session:
        connection = session.connection()
        if database.dialect == "sqlite":
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            return [*(str(line) for line in said if line != "ok"), *(str(row) for row in loose)]
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS amcheck")
        connection.execute(
            sa.text(
                "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam "
                "WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence = 'p' "
                "AND c.relnamespace = 'public'::regnamespace"
            )
        ).all()
        spoilt = connection.execute(
            sa.text(
                "SELECT c.relname, v.msg FROM pg_class c, LATERAL verify_heapam(c.oid) v "
                "WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = 'public'::regnamespace"
            )
        ).all()
        return [str(row) for row in spoilt]
