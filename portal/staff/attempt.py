"""Trying a deed of the desk, and what its refusal shows: the item as it is now, beside what was typed.

Nothing typed is lost: not where a colleague was quicker, not where the item went elsewhere meanwhile. What could not
be sent stays as this person's draft of the item until it is sent or discarded. The deeds themselves are named in
`desk.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from sqlmodel import Session

from feedback.city import versions
from feedback.errors import Conflict, DomainError, Invalid, MoveRefused, NotAllowed, NotFound
from feedback.items import drafts, find, queues, restrict
from feedback.items import undelivered as undelivered_mails
from feedback.items.views import ItemView, Queue, QueueRow
from feedback.outbox import deliver
from feedback.people.viewer import Viewer
from feedback.satisfaction import respond
from portal import security
from portal.forms import FieldError, Form, errors_of
from portal.pages import Reply, Visit, redirect, render
from portal.staff import desk_page, inbox, law_words, sheets, undelivered, unsent
from portal.staff.acts import acts_of
from portal.staff.clash import clash_of, newer_than_seen
from portal.staff.desk_page import QueueLink, Typed
from portal.staff.rows import Lister
from portal.staff.sheets import Sheet

QUEUE_SHOWN = 12
"""Cases of the list that stand beside the desk on a wide screen."""

_REFERENCE = re.compile(r"[A-Z]{2,4}-[0-9]{4}-[0-9]{6,9}")

Deed = Callable[[Session, int, int], object]
"""A deed on an item (its id), seen at a version."""


def do(
    visit: Visit,
    deed: Deed,
    done: str,
    is_done: Callable[[ItemView], bool],
    typed: Typed | None = None,
) -> Reply:
    """Do it and go back to the item; a refusal shows the item as it is now, with what was typed."""
    typed = typed or Typed()
    try:
        _attempt(visit, deed, typed.tab)
    except Invalid as refusal:
        return show_desk(visit, status_code=422, typed=typed, errors=errors_of(refusal.faults))
    except NotFound:
        if not typed.text.strip():
            raise
        return _gone(visit, typed.text)
    except (Conflict, MoveRefused, NotAllowed) as refusal:
        security.refused(refusal, is_staff=True)
        try:
            item = item_of(visit)
        except NotFound:
            return _gone(visit, typed.text)
        # Pressed twice: what was wanted stands there already, by the same person.
        if is_done(item):
            return redirect(address_of(visit, done))
        unsent.keep(visit, item, typed.tab, typed.text, ("outcome", "planned_on", "forwarded_to", "papers"))
        number = 403 if isinstance(refusal, NotAllowed) else 409
        return show_desk(visit, status_code=number, typed=typed, refusal=refusal)
    return redirect(address_of(visit, done))


def _attempt(visit: Visit, deed: Deed, draft: str) -> None:
    """Do it; the draft of this deed (its key, or "") has served then.

    Where only something changed that no page shows (an address was confirmed), do it on top of that.
    """
    item = item_of(visit)
    seen = visit.form.number("version")
    try:
        _write(visit, deed, item.id, -1 if seen is None else seen, draft)
    except Conflict:
        item = item_of(visit)
        if seen is None or newer_than_seen(visit, item):
            raise
        _write(visit, deed, item.id, item.version, draft)


def _write(visit: Visit, deed: Deed, item_id: int, seen: int, draft: str) -> None:
    with visit.site.database.write() as session:
        deed(session, item_id, seen)
        if draft:
            drafts.discard(session, account_id=visit.staff.account_id, item_id=item_id, deed=draft)


def discard(visit: Visit) -> Reply:
    """Throw away one's own draft of an item, and go back to the item. Twice is the same as once."""
    item = item_of(visit)
    with visit.site.database.write() as session:
        drafts.discard(
            session, account_id=visit.staff.account_id, item_id=item.id, deed=visit.form.text("deed")
        )
    return redirect(address_of(visit, "discarded"))


def do_on_sheet(visit: Visit, sheet: Sheet, deed: Deed, done: str) -> Reply:
    """A deed with a page of its own: the form, and after a refusal the same form with what was typed."""
    if visit.method == "GET":
        return _sheet_page(visit, sheet)
    try:
        _attempt(visit, deed, sheet.path)
    except Invalid as refusal:
        return _sheet_page(visit, sheet, status_code=422, errors=errors_of(refusal.faults))
    except NotFound:
        return _gone(visit, visit.form.text("reason"))
    except (Conflict, MoveRefused, NotAllowed) as refusal:
        security.refused(refusal, is_staff=True)
        try:
            unsent.keep(
                visit,
                item_of(visit),
                sheet.path,
                visit.form.text("reason"),
                sheets.FIELDS,
            )
            return _sheet_page(visit, sheet, status_code=409, refusal=refusal)
        except NotFound:
            return _gone(visit, visit.form.text("reason"))
    try:
        item_of(visit)
    except NotFound:  # Handed over to a department that this person does not see.
        return redirect("/staff/inbox?" + urlencode({"done": done}))
    return redirect(address_of(visit, done))


def _sheet_page(
    visit: Visit,
    sheet: Sheet,
    *,
    status_code: int = 200,
    errors: list[FieldError] | None = None,
    refusal: DomainError | None = None,
) -> Reply:
    item = item_of(visit)
    may_send = sheets.may_send(sheet, item, visit.staff)
    if not may_send and refusal is None:
        return redirect(address_of(visit))
    clash, form = None, visit.form
    if refusal is not None:
        clash = clash_of(visit, item, refusal, visit.form.text("reason"), "reason" if may_send else "")
    draft = None
    if visit.method == "GET":
        with visit.site.database.read() as session:
            written = unsent.read(visit, session, item)
        draft = next((one for one in written if one.deed == sheet.path), None)
    if draft is not None:
        form = Form({**draft.choices, "reason": draft.text})
    with visit.site.database.read() as session:
        ruling_city = versions.get(session, item.cycle.city_version_id)
    page = sheets.make_page(
        sheet,
        item,
        city=visit.city,
        law=law_words.reckon_item(item, ruling_city, visit.now),
        form=form,
        errors=errors or [],
        clash=clash,
        may_send=may_send,
        trail=trail_of(visit),
        unsent=unsent.shown(visit, item, [draft] if draft else [], draft, trail=trail_of(visit)),
    )
    return render(visit, "staff/sheet.html", status=status_code, page=page)


def show_desk(
    visit: Visit,
    *,
    status_code: int = 200,
    typed: Typed | None = None,
    status: str = "",
    errors: list[FieldError] | None = None,
    refusal: DomainError | None = None,
) -> Reply:
    """The item's page. Refuses NotFound; after a post that typed something, the words are given back instead."""
    typed = typed or Typed()
    viewer, city = visit.staff, visit.city
    try:
        with visit.site.database.read() as session:
            item = find.get_for_staff(session, viewer=viewer, reference=_reference(visit))
            ruling_city = versions.get(session, item.cycle.city_version_id)
            ratings = respond.ratings_of(session, item.id) if viewer.sees_ratings else []
            kept_back = deliver.count_kept_back(session, item_id=item.id) if item.contact else 0
            written = unsent.read(visit, session, item) if visit.method == "GET" else []
            lost = undelivered_mails.of_item(session, item.id)
            which = _queue(visit, item)
            listed = _listed(session, viewer, which, item)
            readings = find.readings_of(session, item_id=item.id) if item.restricted else ()
    except NotFound:
        if visit.method == "POST" and typed.text.strip():
            return _gone(visit, typed.text)
        raise
    _record(visit, item)
    clash = None
    if refusal is not None:
        can_type = acts_of(item, viewer).answer
        clash = clash_of(visit, item, refusal, typed.text, "text" if can_type else "")
    draft = unsent.find_for_composer(visit, item, written, typed.tab)
    if draft is not None:
        typed = Typed(tab=draft.deed, text=draft.text, **draft.choices)
    page = desk_page.make_page(
        item,
        viewer=viewer,
        city=city,
        ruling_city=ruling_city,
        now=visit.now,
        typed=typed,
        ratings=ratings,
        kept_back=kept_back,
        readings=readings,
        status=status,
        errors=errors,
        clash=clash,
        trail=trail_of(visit),
        queue_title=inbox.queue_title(which, viewer),
        queue_href="/staff/inbox?" + urlencode({"queue": which}),
        queue=_links(visit, which, listed, item),
        unsent=unsent.shown(visit, item, written, draft, trail=trail_of(visit)),
        lost=undelivered.in_words(lost, city, visit.now),
    )
    return render(visit, "staff/desk.html", status=status_code, page=page)


def _listed(session: Session, viewer: Viewer, which: Queue, item: ItemView) -> tuple[QueueRow, ...]:
    """The head of the list one came from; where the item stands further down, the list from there on."""
    head = queues.queue(session, viewer=viewer, which=which, limit=QUEUE_SHOWN).rows
    if len(head) < QUEUE_SHOWN or any(row.reference == item.reference for row in head):
        return head
    here = queues.beginning_with(session, cycle_id=item.cycle.id, which=which)
    rows = queues.queue(session, viewer=viewer, which=which, after=here, limit=QUEUE_SHOWN).rows
    return rows if rows and rows[0].reference == item.reference else head


def _links(visit: Visit, which: Queue, listed: tuple[QueueRow, ...], item: ItemView) -> list[QueueLink]:
    lister = Lister(visit, which)
    return [
        QueueLink(
            href=row.href,
            title=row.title,
            language=row.language,
            due=row.due,
            current=row.reference == item.reference,
        )
        for row in map(lister.row, listed)
    ]


def _gone(visit: Visit, text: str) -> Reply:
    """What was typed for an item that does not exist or is not this person's (any more): the same for both."""
    security.tell("access_refused", why="item_unknown")
    return render(visit, "staff/kept.html", status=404, page=sheets.KeptPage(text))


def item_of(visit: Visit) -> ItemView:
    """The item of the address as this person may see it; a reading of a restricted one is recorded. Or NotFound."""
    with visit.site.database.read() as session:
        item = find.get_for_staff(session, viewer=visit.staff, reference=_reference(visit))
    _record(visit, item)
    return item


def _record(visit: Visit, item: ItemView) -> None:
    """Nobody is shown a restricted item before it is recorded that this person reads it."""
    if item.restricted is None:
        return
    reader = visit.staff.account_id
    with visit.site.database.read() as session:
        if restrict.is_recorded(session, item_id=item.id, account_id=reader, now=visit.now):
            return
    with visit.site.database.write() as session:
        restrict.record_reading(session, item_id=item.id, account_id=reader, now=visit.now)


def _reference(visit: Visit) -> str:
    """The reference in the address. Refuses NotFound for what can be none (a NUL is no text to PostgreSQL)."""
    reference = visit.params["reference"]
    if not _REFERENCE.fullmatch(reference):
        raise NotFound("item_unknown")
    return reference


def _queue(visit: Visit, item: ItemView) -> Queue:
    """The list that this person came from; else the one in which the item stands."""
    named = visit.query.get("queue", "")
    if not named and item.held:
        named = "held"
    elif not named and item.state in queues.ENDED:
        named = item.state
    return inbox.queue_named(named, visit.staff)


def address_of(visit: Visit, done: str = "") -> str:
    parts = "&".join(part for part in (trail_of(visit), urlencode({"done": done}) if done else "") if part)
    return f"/staff/item/{_reference(visit)}" + (f"?{parts}" if parts else "")


def trail_of(visit: Visit) -> str:
    """The list that this person came from, as every address of the desk carries it on."""
    named = visit.query.get("queue", "")
    return urlencode({"queue": named}) if named and inbox.queue_named(named, visit.staff) == named else ""
