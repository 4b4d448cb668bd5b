"""Restricting an item to those named for it, naming them, and what of that is recorded.

Restricted is a mark, not a state: the item goes its way, but nobody sees it who is not named, the clerks and its own
department included. Named is an account, or whoever heads a department (who is named so keeps the item: gives grants
and takes them back). What the profile says of items as they come in is `routing/match.restriction`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from feedback.city.part import RESTRICTED
from feedback.city.profile import City
from feedback.columns import table_of
from feedback.errors import Fault, Invalid, NotAllowed, NotFound
from feedback.items.change import Change, begin, finish
from feedback.items.sent import REASON_MOST, check_reason, tidy_words
from feedback.items.tables import Cycle, Grant, Reading
from feedback.items.views import GrantView
from feedback.ledger import notes
from feedback.ledger.notes import Actor
from feedback.people.tables import Account, Membership
from feedback.people.viewer import DESK_ROLES, Viewer
from feedback.routing import match
from feedback.statements import Statement

RECORDED_EVERY = timedelta(hours=1)
"""A reader's second look at the same page within it is not recorded again."""

Named = Grant | GrantView
"""A grant as the row that it is, or as a page knows it."""

_CYCLE, _GRANT, _READING = table_of(Cycle), table_of(Grant), table_of(Reading)
_ACCOUNT, _MEMBERSHIP = table_of(Account), table_of(Membership)


def may_restrict(viewer: Viewer) -> bool:
    """Whether this person may restrict what it sees: who assigns cases and who heads a department."""
    return viewer.role in ("clerk", "lead")


def restrict(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    restricted: str,
    department: str,
    reason: str,
    city: City,
    by: Viewer,
    now: datetime,
) -> None:
    """From now on only the heads of `department` see it, and whom they name; nobody else, not even who does this.

    `department` is one of those that the profile in force (`city`) names for restricted items: nobody chooses who keeps
    a case about himself. Refuses (Invalid) a missing or unknown ground, department or reason, and a department without
    a head who could see it; NotAllowed to who may not restrict, and where it is restricted already.
    """
    change = _begin(session, item_id, seen_version, by, now)
    faults: list[Fault] = []
    reason = tidy_words(reason, "reason", REASON_MOST, faults)
    if restricted not in RESTRICTED:
        faults.append(Fault("restricted", "restricted_missing"))
    if department not in match.keepers_of(city):
        faults.append(Fault("department", "department_missing"))
    elif not has_head(session, department):
        faults.append(Fault("department", "department_headless"))
    if not reason:
        faults.append(Fault("reason", "reason_missing"))
    if faults:
        raise Invalid(faults)
    if not may_restrict(by) or change.cycle.restricted is not None:
        raise NotAllowed("restriction_refused")
    put_under(change, restricted=restricted, department=department)
    change.enter("restricted", side="internal", department=department, text=reason)
    finish(change, "restricted")


def put_under(change: Change, *, restricted: str, department: str) -> None:
    """Set the mark on the item in hand and name the heads of a department; who works on it has it no more."""
    _mark(change, restricted)
    _name(change, account_id=None, department=department)
    change.cycle.responder_id = None


def by_rule(change: Change, city: City) -> None:
    """Restrict the item in hand where a rule of the profile does so as it is now, and nobody has yet."""
    item, cycle = change.item, change.cycle
    found = match.restriction(
        city,
        kind=item.kind,
        nature=cycle.nature,
        service=cycle.service,
        channel=item.channel,
        language=item.language,
    )
    if found is not None and cycle.restricted is None:
        put_under(change, restricted=found.reason, department=found.department)


def lift(
    session: Session, *, item_id: int, seen_version: int, reason: str, by: Viewer, now: datetime
) -> None:
    """It is no longer restricted: seen like any other, and nobody is named any more.

    Refuses Invalid without a reason; NotAllowed where it is not restricted, and for a report of misconduct to all
    but the heads who keep it.
    """
    change = _begin(session, item_id, seen_version, by, now)
    reason = check_reason(reason)
    grants = _grants(change)
    if change.cycle.restricted is None or not may_lift(change.cycle.restricted, grants, by):
        raise NotAllowed("restriction_refused")
    _mark(change, None)
    for grant in grants:
        _end(change, grant)
    change.enter("lifted", side="internal", text=reason)
    finish(change, "lifted")


def grant(
    session: Session,
    *,
    item_id: int,
    seen_version: int,
    account_id: int | None = None,
    department: str = "",
    city: City,
    by: Viewer,
    now: datetime,
) -> None:
    """Name an account, or the heads of another department. Naming somebody twice changes nothing.

    Refuses NotAllowed to who does not keep the item; Invalid where nobody is chosen, where the account reads no cases,
    and where the department has no head.
    """
    change = _begin(session, item_id, seen_version, by, now)
    grants = _grants(change)
    if not keeps(grants, by):
        raise NotAllowed("restriction_refused")
    if department:
        if department not in city.departments:
            raise Invalid([Fault("who", "who_missing")])
        if not has_head(session, department):
            raise Invalid([Fault("who", "department_headless")])
    elif account_id is None or not _reads_cases(session, account_id):
        raise Invalid([Fault("who", "who_missing")])
    if any((one.account_id, one.department) == (account_id, department or None) for one in grants):
        return
    _name(change, account_id=account_id if not department else None, department=department or None)
    finish(change, "granted")


def revoke(
    session: Session, *, item_id: int, seen_version: int, grant_id: int, by: Viewer, now: datetime
) -> None:
    """Take a grant back, or give up one's own: from the next request on it is as if the item did not exist.

    Refuses NotFound where this grant does not stand (any more); NotAllowed to who neither keeps the item nor holds the
    grant, and where nobody would be left who keeps it.
    """
    change = _begin(session, item_id, seen_version, by, now)
    grants = _grants(change)
    ended = next((one for one in grants if one.id == grant_id), None)
    if ended is None:
        raise NotFound("grant_unknown")
    if not keeps(grants, by) and ended.account_id != by.account_id:
        raise NotAllowed("restriction_refused")
    keepers = {one.department for one in grants if one.department and one is not ended}
    if ended.department and not any(has_head(session, key) for key in sorted(keepers)):
        raise NotAllowed("nobody_would_keep_it")
    _end(change, ended)
    if change.cycle.responder_id is not None and change.cycle.responder_id == ended.account_id:
        change.cycle.responder_id = None
    finish(change, "revoked")


def keeps(grants: Sequence[Named], viewer: Viewer) -> bool:
    """Whether this person heads a department that is named."""
    return any(one.department in viewer.led for one in grants if one.department)


def may_lift(restricted: str, grants: Sequence[Named], viewer: Viewer) -> bool:
    """Whoever is named; for a report of misconduct only who keeps it (law 4990/2022, art. 14: confidentiality)."""
    if keeps(grants, viewer):
        return True
    return restricted != "integrity" and any(one.account_id == viewer.account_id for one in grants)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

_FIND_READING = Statement(
    sa.select(_READING.c.id)
    .where(
        _READING.c.item_id == sa.bindparam("item"),
        _READING.c.account_id == sa.bindparam("account"),
        _READING.c.at > sa.bindparam("since", type_=_READING.c.at.type),
    )
    .limit(1)
)


def is_recorded(session: Session, *, item_id: int, account_id: int, now: datetime) -> bool:
    """Whether this reader's reading stands recorded within the hour."""
    values = {"item": item_id, "account": account_id, "since": now - RECORDED_EVERY}
    return _FIND_READING.first(session, values) is not None


def record_reading(session: Session, *, item_id: int, account_id: int, now: datetime) -> None:
    """Record that somebody reads a restricted item, with a note on the reader's chain; once an hour."""
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None or is_recorded(session, item_id=item_id, account_id=account_id, now=now):
        return
    reading = Reading(item_id=item_id, account_id=account_id, at=now)
    session.add(reading)
    session.flush()
    notes.append(
        session,
        notes.chain_of("account", account),
        subject_table=_ACCOUNT,
        act="read_restricted",
        by=Actor("staff", account_id),
        now=now,
        rows=[reading],
    )
    session.expire(account)


# ── who could see it ────────────────────────────────────────────────────────────────────────────────────────


def has_head(session: Session, department: str) -> bool:
    """Whether an account that can sign in heads this department."""
    return (
        session.execute(_heads().where(_MEMBERSHIP.c.department == department).limit(1)).first() is not None
    )


def count_unseen(session: Session) -> int:
    """Open restricted items that no account can see which could sign in: lost, unless somebody is named."""
    by_account = sa.exists().where(
        _GRANT.c.item_id == _CYCLE.c.item_id,
        _GRANT.c.ended_at.is_(None),
        _ACCOUNT.c.id == _GRANT.c.account_id,
        _ACCOUNT.c.disabled_at.is_(None),
        _ACCOUNT.c.role.in_(sorted(DESK_ROLES)),
    )
    by_department = sa.exists().where(
        _GRANT.c.item_id == _CYCLE.c.item_id,
        _GRANT.c.ended_at.is_(None),
        _GRANT.c.department.in_(_heads()),
    )
    found: int = session.execute(
        sa.select(sa.func.count())
        .select_from(_CYCLE)
        .where(_CYCLE.c.ended_at.is_(None), _CYCLE.c.restricted.is_not(None), ~by_account, ~by_department)
    ).scalar_one()
    return found


def _heads() -> sa.Select[tuple[str]]:
    """The departments that somebody heads."""
    return (
        sa.select(_MEMBERSHIP.c.department)
        .join(_ACCOUNT, _ACCOUNT.c.id == _MEMBERSHIP.c.account_id)
        .where(_MEMBERSHIP.c.ended_at.is_(None), _ACCOUNT.c.disabled_at.is_(None), _ACCOUNT.c.role == "lead")
    )


def _reads_cases(session: Session, account_id: int) -> bool:
    account = session.get(Account, account_id)
    return account is not None and account.disabled_at is None and account.role in DESK_ROLES


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────


def _begin(session: Session, item_id: int, seen_version: int, by: Viewer, now: datetime) -> Change:
    return begin(
        session, item_id=item_id, by=Actor("staff", by.account_id), now=now, seen_version=seen_version
    )


def _mark(change: Change, restricted: str | None) -> None:
    """Set or take the mark, on all cycles: whoever reads one of them reads the same."""
    cycles = change.session.exec(select(Cycle).where(Cycle.item_id == change.item.id)).all()
    for cycle in cycles:
        cycle.restricted = restricted
    change.rows += [cycle for cycle in cycles if cycle.id != change.cycle.id]


def _grants(change: Change) -> list[Grant]:
    """The grants that stand, the oldest first."""
    statement = select(Grant).where(Grant.item_id == change.item.id, col(Grant.ended_at).is_(None))
    return list(change.session.exec(statement.order_by(col(Grant.id))).all())


def _name(change: Change, *, account_id: int | None, department: str | None) -> None:
    assert change.item.id is not None
    named = Grant(
        item_id=change.item.id,
        account_id=account_id,
        department=department,
        given_by=change.by.account_id,
        given_at=change.now,
    )
    change.session.add(named)
    change.rows.append(named)


def _end(change: Change, grant: Grant) -> None:
    grant.ended_by, grant.ended_at = change.by.account_id, change.now
    change.rows.append(grant)
