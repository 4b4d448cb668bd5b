"""An item taken in hand for one deed: locked, with its cycle, its city and the end of its chain.

`begin` reads and locks, the deed changes the rows, `finish` writes them with their one note. Every deed on an
existing item goes through here, so that none can forget the note or overwrite another's work.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field
from sqlmodel import Session, select

from feedback.city import versions
from feedback.city.profile import City
from feedback.columns import Row, Values, table_of
from feedback.errors import Conflict, NotFound
from feedback.items.tables import Contact, Cycle, Entry, Item
from feedback.ledger import notes
from feedback.ledger.notes import Actor, Chain
from feedback.outbox import post

_ITEM = table_of(Item)


class Change(Struct):
    """What a deed has in hand; `rows` collects what its note will hold."""

    session: Session
    item: Item
    cycle: Cycle
    city: City
    """The profile that rules the current cycle."""
    chain: Chain
    by: Actor
    now: datetime
    rows: list[Row]
    values: list[tuple[type[Row], int, Values]] = field(default_factory=list)
    """The same of rows that were written as plain values."""

    @property
    def is_held(self) -> bool:
        return self.item.held is not None

    def enter(
        self,
        act: str,
        *,
        side: str,
        text: str = "",
        department: str | None = None,
        answer_id: int | None = None,
    ) -> Entry:
        """Write a line of the timeline."""
        assert self.item.id is not None
        assert self.cycle.id is not None
        entry = Entry(
            item_id=self.item.id,
            cycle_id=self.cycle.id,
            act=act,
            side=side,
            at=self.now,
            account_id=self.by.account_id,
            department=department,
            answer_id=answer_id,
            text=text,
        )
        self.session.add(entry)
        self.rows.append(entry)
        return entry


def begin(
    session: Session, *, item_id: int, by: Actor, now: datetime, seen_version: int | None = None
) -> Change:
    """Take an item in hand. Refuses with NotFound, and with Conflict where it is no longer as it was seen."""
    item = session.get(Item, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("item_unknown")
    if seen_version is not None and item.version != seen_version:
        raise Conflict("changed_meanwhile", state=item.state)
    cycle = session.get_one(Cycle, item.cycle_id, populate_existing=True)
    return Change(
        session=session,
        item=item,
        cycle=cycle,
        city=versions.get(session, cycle.city_version_id),
        chain=notes.chain_of("item", item),
        by=by,
        now=now,
        rows=[],
    )


def finish(change: Change, act: str) -> None:
    """Write what changed, with its note."""
    change.session.flush()
    notes.append(
        change.session,
        change.chain,
        subject_table=_ITEM,
        act=act,
        by=change.by,
        now=change.now,
        rows=[change.item, change.cycle, *change.rows],
        values=change.values,
    )
    change.session.expire(change.item)


def tell(change: Change, kind: str, facts: dict[str, object] | None = None) -> None:
    """Put a mail to the item's contact into the outbox, where it has an address."""
    contact = change.session.exec(select(Contact).where(Contact.item_id == change.item.id)).first()
    if contact is None or not contact.email:
        return
    assert contact.id is not None
    post.message(
        change.session,
        kind=kind,
        item_id=contact.item_id,
        contact_id=contact.id,
        language=contact.language,
        facts=facts,
        now=change.now,
    )
