"""The head of the sealed log as everybody may fetch it, and one that somebody has kept.

A head is the size of the log and the root over all its leaves (RFC 6962). Whoever keeps one where nobody with rights
on the database can reach it proves later that the log of that day is still the beginning of the log: nothing below
the head was changed, left out, put in or cut off. Comparing is done by `verify_log.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from sqlmodel import Session

from feedback.errors import DomainError
from feedback.ledger import log

ALGORITHM: Literal["rfc6962-sha256"] = "rfc6962-sha256"
"""A leaf is SHA-256 of a zero byte and a note's hash in hexadecimal, a node that of a one and its two halves."""
LONGEST = 10_000
"""Bytes of a published head: it has some 300."""


class PublishedHead(Struct, frozen=True, kw_only=True):
    """What `/data/log-head.json` says."""

    city: str
    """The key of the city whose log it is."""
    algorithm: Literal["rfc6962-sha256"]
    tree_size: Annotated[int, Meta(ge=0)]
    """How many notes are sealed."""
    root_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    sealed_at: Annotated[datetime, Meta(tz=True)] | None
    """When the newest of them was; null while none is."""
    demonstration: bool = False


class HeadRefused(DomainError):
    """What was given is no published head, or that of another city's log."""

    code = "head_faulty"


def published(session: Session, *, city: str, is_demonstration: bool) -> PublishedHead:
    """The newest head of the sealed log."""
    newest = log.find_head(session)
    return PublishedHead(
        city=city,
        algorithm=ALGORITHM,
        tree_size=newest.size if newest else 0,
        root_hash=newest.root if newest else log.root_of([]).hex(),
        sealed_at=newest.at if newest else None,
        demonstration=is_demonstration,
    )


def written(head: PublishedHead) -> bytes:
    """The head as a file: one line of JSON."""
    return msgspec.json.encode(head) + b"\n"


def read(content: bytes, *, city: str) -> PublishedHead:
    """A head that somebody kept. Refuses HeadRefused what is none, or belongs to another city."""
    try:
        head = msgspec.json.decode(content, type=PublishedHead)
    except (msgspec.MsgspecError, ValueError) as fault:
        raise HeadRefused() from fault
    if head.city != city:
        raise HeadRefused("head_of_another", theirs=head.city, ours=city)
    return head
