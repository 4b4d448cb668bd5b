"""Storing and finding versions of the city's profile. Versions are immutable and never deleted.

Each process keeps what it has decoded, so that a request costs no document.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session, select

from feedback.city.profile import City, decode, encode
from feedback.city.tables import CityRow, CityVersion
from feedback.columns import table_of
from feedback.errors import NotFound
from feedback.ledger import notes
from feedback.ledger.notes import Actor
from feedback.statements import Statement

_decoded: dict[str, City] = {}
"""Digest of a document → its profile."""
_stored: WeakKeyDictionary[Any, dict[int, City]] = WeakKeyDictionary()
"""Engine → version → its profile: a version never changes."""
_CITY = table_of(CityRow)
_VERSION = table_of(CityVersion)
_FIND_CURRENT = Statement(
    sa.select(_VERSION.c.id, _VERSION.c.number, _VERSION.c.digest).join(
        _CITY, _CITY.c.current_id == _VERSION.c.id
    )
)
_FIND_DIGEST = Statement(sa.select(_VERSION.c.digest).where(_VERSION.c.id == sa.bindparam("version")))


class Ruling(Struct, frozen=True):
    """The profile in force and the id of its version, which an item keeps."""

    version_id: int
    number: int
    city: City


def store(session: Session, *, city: City, source: str, by: Actor, now: datetime) -> Ruling:
    """Make `city` the profile in force; the same profile as the one in force changes nothing."""
    document = encode(city)
    digest = hashlib.sha256(document).hexdigest()
    row = session.exec(select(CityRow).where(CityRow.key == city.identity.key)).first()
    if row is None:
        row = CityRow(key=city.identity.key, code=city.identity.code)
        session.add(row)
        session.flush()
    assert row.id is not None
    if row.current_id is not None:
        current = session.get_one(CityVersion, row.current_id)
        if current.digest == digest:
            return Ruling(row.current_id, current.number, city)
    number = 1 + len(session.exec(select(CityVersion.id).where(CityVersion.city_id == row.id)).all())
    version = CityVersion(
        city_id=row.id, number=number, digest=digest, source=source, document=document, stored_at=now
    )
    session.add(version)
    session.flush()
    assert version.id is not None
    row.current_id = version.id
    row.code = city.identity.code
    session.flush()
    notes.append(
        session,
        notes.chain_of("city", row),
        subject_table=_CITY,
        act="city_stored",
        by=by,
        now=now,
        rows=[row, version],
    )
    session.expire(row)
    return Ruling(version.id, number, city)


def current(session: Session) -> Ruling:
    """The profile in force. Refuses with NotFound on a database without a city."""
    found = _FIND_CURRENT.first(session)
    if found is None:
        raise NotFound("no_city")
    return Ruling(found.id, found.number, _city(session, found.id, found.digest))


def get(session: Session, version_id: int) -> City:
    """The profile of a stored version: the one that ruled an item."""
    stored = _stored.setdefault(session.get_bind().engine, {})
    city = stored.get(version_id)
    if city is None:
        city = stored[version_id] = _city(
            session, version_id, _FIND_DIGEST.scalar(session, {"version": version_id})
        )
    return city


def _city(session: Session, version_id: int, digest: str) -> City:
    known = _decoded.get(digest)
    if known is None:
        document = session.execute(
            sa.select(_VERSION.c.document).where(_VERSION.c.id == version_id)
        ).scalar_one()
        known = _decoded[digest] = decode(document)
    return known
