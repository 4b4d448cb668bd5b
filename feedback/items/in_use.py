"""What of a city's profile is in use: open cases at departments and services, accounts in departments.

Who changes a profile asks here first, so that nothing loses the place where it is worked on.
"""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct
from sqlmodel import Session

from feedback.city.profile import City
from feedback.columns import table_of
from feedback.items.tables import Cycle
from feedback.people.tables import Account, Membership

_CYCLE, _MEMBERSHIP, _ACCOUNT = table_of(Cycle), table_of(Membership), table_of(Account)


class Orphaned(Struct, frozen=True):
    """A department or service that another profile no longer has, and what still belongs to it."""

    key: str
    open_cases: int
    accounts: int = 0


def orphaned_departments(session: Session, city: City) -> list[Orphaned]:
    """Departments that `city` lacks while open cases or accounts belong to them, by key."""
    cases = _open_by(session, _CYCLE.c.department)
    people = {
        row.department: row.number
        for row in session.execute(
            sa.select(_MEMBERSHIP.c.department, sa.func.count().label("number"))
            .join(_ACCOUNT, _ACCOUNT.c.id == _MEMBERSHIP.c.account_id)
            .where(_MEMBERSHIP.c.ended_at.is_(None), _ACCOUNT.c.disabled_at.is_(None))
            .group_by(_MEMBERSHIP.c.department)
        )
    }
    gone = sorted((cases.keys() | people.keys()) - city.departments.keys())
    return [Orphaned(key, cases.get(key, 0), people.get(key, 0)) for key in gone]


def orphaned_services(session: Session, city: City) -> list[Orphaned]:
    """Services that `city` lacks while open cases are about them, by key."""
    cases = _open_by(session, _CYCLE.c.service)
    return [Orphaned(key, cases[key]) for key in sorted(cases.keys() - city.services.keys())]


def _open_by(session: Session, column: sa.Column[str]) -> dict[str, int]:
    rows = session.execute(
        sa.select(column.label("key"), sa.func.count().label("number"))
        .where(_CYCLE.c.ended_at.is_(None), column.is_not(None))
        .group_by(column)
    )
    return {row.key: row.number for row in rows}
