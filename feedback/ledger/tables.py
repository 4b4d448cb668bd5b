"""The ledger's rows: notes, and the words that belong to them.

A note's key is its place in its chain, so there is no number of its own that could be changed unseen.
Insert-only: triggers refuse UPDATE and DELETE on `note`, `leaf` and `tree_head` (see the migrations); only a payload
may be deleted, by a lawful erasure.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import BigKey, Row, instant, words


class Note(Row, table=True):
    """Who did what to which subject, when; chained to the note before it."""

    __tablename__ = "note"

    kind: str = Field(primary_key=True, max_length=10)
    subject: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = instant()
    actor_kind: str = Field(max_length=10)
    actor_id: int | None = Field(default=None, sa_type=BigKey, nullable=True)
    act: str = Field(max_length=40)
    facts: str = words()
    salt: str = Field(max_length=32)
    facts_digest: str = Field(max_length=64)
    words_digest: str = Field(default="", max_length=64)
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class NotePayload(Row, table=True):
    """The words of a note, with their salt: what a lawful erasure deletes."""

    __tablename__ = "note_payload"
    __table_args__ = (
        sa.ForeignKeyConstraint(["kind", "subject", "seq"], ["note.kind", "note.subject", "note.seq"]),
    )

    kind: str = Field(primary_key=True, max_length=10)
    subject: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    salt: str = Field(max_length=32)
    content: str = words()


class Leaf(Row, table=True):
    """A note's place in the Merkle log, numbered by the sealing job alone, without gaps from 0."""

    __tablename__ = "leaf"
    __table_args__ = (
        sa.ForeignKeyConstraint(["kind", "subject", "seq"], ["note.kind", "note.subject", "note.seq"]),
        sa.UniqueConstraint("kind", "subject", "seq"),
    )

    n: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(max_length=10)
    subject: int = Field(sa_type=BigKey)
    seq: int
    hash: str = Field(max_length=64)
    """The note's hash at sealing."""


class TreeHead(Row, table=True):
    """The head of the Merkle log over its first `size` leaves (RFC 6962): what is published and kept elsewhere."""

    __tablename__ = "tree_head"

    size: int = Field(primary_key=True, sa_type=BigKey, sa_column_kwargs={"autoincrement": False})
    root: str = Field(max_length=64)
    peaks: str = words()
    """The roots of the perfect subtrees, largest first: what is needed to append without reading the leaves."""
    at: datetime = instant()
