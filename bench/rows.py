"""Rows on their way into the tables, with the notes that vouch for them: keys given here, chains sealed as deeds do.

Nothing is read from a database. The notes are sealed by the ledger's own function and get their leaves at once, so
that `kanali verify` finds a seeded city in order.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Any

from feedback.columns import Row
from feedback.items.tables import Answer, Contact, Cycle, Entry, Item, Submission
from feedback.items.time_tables import Clock, Pause
from feedback.ledger import notes
from feedback.ledger.log import Peaks
from feedback.ledger.notes import Actor, Chain
from feedback.ledger.tables import Leaf, Note, NotePayload
from feedback.outbox.tables import Message
from feedback.satisfaction.tables import Invitation, Response

Changed = list[tuple[type[Row], dict[str, Any]]]

ORDER: tuple[type[Row], ...] = (
    Item,
    Contact,
    Cycle,
    Clock,
    Pause,
    Answer,
    Entry,
    Invitation,
    Response,
    Note,
    NotePayload,
    Leaf,
    Message,
    Submission,
)
"""Parents before children."""


class Rows:
    """What is still to be written."""

    def __init__(self) -> None:
        self.peaks = Peaks(0, [])
        """The log over all notes so far."""
        self._rows: defaultdict[type[Row], list[dict[str, Any]]] = defaultdict(list)
        self._ids: defaultdict[type[Row], int] = defaultdict(int)

    def new_id(self, model: type[Row]) -> int:
        """The next key of a table that was empty at the beginning."""
        self._ids[model] += 1
        return self._ids[model]

    def add(self, model: type[Row], values: dict[str, Any]) -> None:
        self._rows[model].append(values)

    def take(self) -> dict[type[Row], list[dict[str, Any]]]:
        """The rows since the last call, parents before children."""
        found, self._rows = self._rows, defaultdict(list)
        return {model: found[model] for model in ORDER if found[model]}

    def note(self, chain: Chain, *, act: str, by: Actor, now: datetime, changed: Changed) -> None:
        """Seal the note of a deed and give it its leaf; the chain moves on."""
        facts: dict[str, dict[str, Any]] = {}
        said: dict[str, dict[str, Any]] = {}
        for model, values in changed:
            place = f"{model.__tablename__}:{values['id']}"
            facts[place] = {column: values[column] for column in model.FACTS}
            if any(values[column] not in (None, "") for column in model.WORDS):
                said[place] = {column: values[column] for column in model.WORDS}
        written = notes.seal(chain, act=act, by=by, now=now, facts=facts, words=said)
        note = written["note"]
        self.add(Note, note)
        if written["payload"]:
            self.add(NotePayload, written["payload"])
        leaf = {"kind": chain.kind, "subject": chain.subject, "seq": note["seq"], "hash": note["hash"]}
        self.add(Leaf, {"n": self.peaks.size, **leaf})
        self.peaks.append(note["hash"].encode())
        chain.version += 1
        chain.notes += 1
        chain.head = note["hash"]


def key_of(reference: str) -> str:
    """The random part of the form's key that an item came with: follows from its number, so that its code is known."""
    return hashlib.sha256(f"bench {reference}".encode()).hexdigest()[:32]
