"""The desk of one item: reading it, and every deed of staff on it.

Each form carries the version of the item that it was made from. What a refusal meets is shown beside what was
typed, and nothing typed is lost: not where a colleague was quicker, not where the item went elsewhere meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from sqlmodel import Session

from feedback.city import versions
from feedback.errors import Conflict, DomainError, Invalid, MoveRefused, NotAllowed, NotFound
from feedback.items import answer as answers
from feedback.items import converse, find, triage
from feedback.items.answer import Reply as Answer
from feedback.items.lifecycle import RUNNING, may
from feedback.items.views import EntryView, ItemView, Queue
from feedback.ledger.notes import Actor
from feedback.satisfaction import respond
from portal.forms import FieldError, errors_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, render, route
from portal.staff import desk_page, inbox, sheets, timeline
from portal.staff.desk_page import Clash, DeskPage, QueueLink, Typed
from portal.staff.sheets import Sheet

QUEUE_SHOWN = 12
"""Cases of the list that stand beside the desk on a wide screen."""

_REFERENCE = re.compile(r"[A-Z]{2,4}-[0-9]{4}-[0-9]{6,9}")

Deed = Callable[[Session, int, int], object]
"""A deed on an item (its id), seen at a version."""


@route("/staff/item/{reference}", policy="desk")
def show(visit: Visit) -> Reply:
    """The item with its whole history."""
    return _desk(
        visit, typed=Typed(tab=visit.query.get("tab", "")), status=_done_words(visit.query.get("done", ""))
    )


@route("/staff/item/{reference}/take", "POST", policy="desk")
def take(visit: Visit) -> Reply:
    """From now on I work on it."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.take(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return _do(visit, deed, "taken", lambda item: item.cycle.responder_id == visit.staff.account_id)


@route("/staff/item/{reference}/answer", "POST", policy="desk")
def answer(visit: Visit) -> Reply:
    """Publish an answer."""
    form = visit.form
    typed = Typed(
        tab="answer",
        outcome=form.text("outcome"),
        text=form.text("text"),
        planned_on=form.text("planned_on"),
        forwarded_to=form.text("forwarded_to"),
    )
    try:
        reply = answers.check(
            Answer(
                outcome=typed.outcome,
                text=typed.text,
                planned_on=form.day("planned_on"),
                forwarded_to=typed.forwarded_to,
            ),
            today=visit.now.astimezone(visit.city.zone).date(),
        )
    except Invalid as refusal:
        return _desk(visit, status_code=422, typed=typed, errors=errors_of(refusal.faults))

    def deed(session: Session, item_id: int, seen: int) -> None:
        answers.answer(
            session, item_id=item_id, seen_version=seen, reply=reply, by=_actor(visit), now=visit.now
        )

    def is_done(item: ItemView) -> bool:
        last = next((entry for entry in reversed(item.entries) if entry.answer is not None), None)
        return (
            last is not None
            and last.answer is not None
            and last.cycle_id == item.cycle.id
            and last.account_id == visit.staff.account_id
            and (last.answer.outcome, last.answer.text) == (reply.outcome, reply.text)
        )

    return _do(visit, deed, "answered", is_done, typed)


@route("/staff/item/{reference}/ask", "POST", policy="desk")
def ask(visit: Visit) -> Reply:
    """Ask the citizen a question."""
    typed = Typed(tab="question", text=visit.form.text("text"))

    def deed(session: Session, item_id: int, seen: int) -> None:
        converse.ask(
            session, item_id=item_id, seen_version=seen, text=typed.text, by=_actor(visit), now=visit.now
        )

    def is_done(item: ItemView) -> bool:
        last = item.entries[-1] if item.entries else None
        mine = last is not None and last.act == "question" and last.account_id == visit.staff.account_id
        return mine and last is not None and last.text.split() == typed.text.split()

    return _do(visit, deed, "asked", is_done, typed)


@route("/staff/item/{reference}/resume", "POST", policy="desk")
def resume(visit: Visit) -> Reply:
    """Go on without the citizen's reply."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        converse.resume(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return _do(visit, deed, "resumed", lambda item: item.state == "open")


@route("/staff/item/{reference}/unvoid", "POST", policy="desk")
def unvoid(visit: Visit) -> Reply:
    """It was no spam: back to the queue."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.unvoid(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return _do(visit, deed, "unvoid", lambda item: item.state != "void")


@route("/staff/item/{reference}/hand-over", "GET", "POST", policy="desk")
def hand_over(visit: Visit) -> Reply:
    """To another department, on a page of its own; also how a case without a department gets one."""
    form = visit.form

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.hand_over(
            session,
            item_id=item_id,
            seen_version=seen,
            ruling=versions.current(session),
            department=form.text("department"),
            service=form.text("service"),
            reason=form.text("reason"),
            by=_actor(visit),
            now=visit.now,
        )

    return _sheet(visit, sheets.HAND_OVER, deed, "handed-over")


@route("/staff/item/{reference}/void", "GET", "POST", policy="desk")
def void(visit: Visit) -> Reply:
    """Spam or a test, with a reason."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.void(
            session,
            item_id=item_id,
            seen_version=seen,
            reason=visit.form.text("reason"),
            by=_actor(visit),
            now=visit.now,
        )

    return _sheet(visit, sheets.VOID, deed, "void")


@route("/staff/item/{reference}/reopen", "GET", "POST", policy="desk")
def reopen(visit: Visit) -> Reply:
    """Go back to an answered case, with a reason."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.reopen(
            session,
            item_id=item_id,
            seen_version=seen,
            ruling=versions.current(session),
            reason=visit.form.text("reason"),
            by=_actor(visit),
            now=visit.now,
        )

    return _sheet(visit, sheets.REOPEN, deed, "reopened")


# ── doing, and what a refusal shows ─────────────────────────────────────────────────────────────────────────


def _do(
    visit: Visit,
    deed: Deed,
    done: str,
    is_done: Callable[[ItemView], bool],
    typed: Typed | None = None,
) -> Reply:
    """Do it and go back to the item; a refusal shows the item as it is now, with what was typed."""
    typed = typed or Typed()
    try:
        _attempt(visit, deed)
    except Invalid as refusal:
        return _desk(visit, status_code=422, typed=typed, errors=errors_of(refusal.faults))
    except NotFound:
        if not typed.text.strip():
            raise
        return _gone(visit, typed.text)
    except (Conflict, MoveRefused, NotAllowed) as refusal:
        try:
            item = _item(visit)
        except NotFound:
            return _gone(visit, typed.text)
        # Pressed twice: what was wanted stands there already, by the same person.
        if is_done(item):
            return redirect(_address(visit, done))
        number = 403 if isinstance(refusal, NotAllowed) else 409
        return _desk(visit, status_code=number, typed=typed, refusal=refusal)
    return redirect(_address(visit, done))


def _attempt(visit: Visit, deed: Deed) -> None:
    """Do it. Where only something changed that no page shows (an address was confirmed), do it on top of that."""
    item = _item(visit)
    seen = visit.form.number("version")
    try:
        with visit.site.database.write() as session:
            deed(session, item.id, -1 if seen is None else seen)
    except Conflict:
        item = _item(visit)
        if seen is None or _newer(visit, item):
            raise
        with visit.site.database.write() as session:
            deed(session, item.id, item.version)


def _sheet(visit: Visit, sheet: Sheet, deed: Deed, done: str) -> Reply:
    """A deed with a page of its own: the form, and after a refusal the same form with what was typed."""
    if visit.method == "GET":
        return _sheet_page(visit, sheet)
    try:
        _attempt(visit, deed)
    except Invalid as refusal:
        return _sheet_page(visit, sheet, status_code=422, errors=errors_of(refusal.faults))
    except NotFound:
        return _gone(visit, visit.form.text("reason"))
    except (Conflict, MoveRefused, NotAllowed) as refusal:
        try:
            return _sheet_page(visit, sheet, status_code=409, refusal=refusal)
        except NotFound:
            return _gone(visit, visit.form.text("reason"))
    try:
        _item(visit)
    except NotFound:  # Handed over to a department that this person does not see.
        return redirect("/staff/inbox?" + urlencode({"done": done}))
    return redirect(_address(visit, done))


def _sheet_page(
    visit: Visit,
    sheet: Sheet,
    *,
    status_code: int = 200,
    errors: list[FieldError] | None = None,
    refusal: DomainError | None = None,
) -> Reply:
    item = _item(visit)
    may_send = may(item.state, sheet.move)
    if not may_send and refusal is None:
        return redirect(f"/staff/item/{item.reference}")
    clash = None
    if refusal is not None:
        clash = _clash(visit, item, refusal, "" if may_send else visit.form.text("reason"))
    page = sheets.make_page(
        sheet, item, city=visit.city, form=visit.form, errors=errors or [], clash=clash, may_send=may_send
    )
    return render(visit, "staff/sheet.html", status=status_code, page=page)


def _desk(
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
            which = _queue(visit, item)
            listed = find.queue(session, viewer=viewer, which=which, limit=QUEUE_SHOWN)
    except NotFound:
        if visit.method == "POST" and typed.text.strip():
            return _gone(visit, typed.text)
        raise
    clash = None
    if refusal is not None:
        can_type = desk_page.acts_of(item, viewer).answer
        clash = _clash(visit, item, refusal, "" if can_type else typed.text)
    page: DeskPage = desk_page.make_page(
        item,
        viewer=viewer,
        city=city,
        ruling_city=ruling_city,
        now=visit.now,
        typed=typed,
        ratings=ratings,
        status=status,
        errors=errors,
        clash=clash,
        queue_title=inbox.queue_title(which, viewer),
        queue_href="/staff/inbox?" + urlencode({"queue": which}),
        queue=[
            QueueLink(
                href=row.href,
                title=row.title,
                due=inbox.Due(row.due_word, row.due_kind, row.due_icon, row.which),
                current=found.reference == item.reference,
            )
            for found in listed.rows
            for row in [inbox.row_of(visit, found, which)]
        ],
    )
    return render(visit, "staff/desk.html", status=status_code, page=page)


def _gone(visit: Visit, text: str) -> Reply:
    """What was typed for an item that does not exist or is not this person's (any more): the same for both."""
    return render(visit, "staff/kept.html", status=404, page=sheets.KeptPage(text))


def _clash(visit: Visit, item: ItemView, refusal: DomainError, kept: str) -> Clash:
    """Why it was refused, and what has come in since the page was made."""
    newer = _newer(visit, item)
    title, text = _refusal_words(refusal, item, bool(newer))
    return Clash(
        title=title,
        text=text,
        entries=timeline.later_entries(item, newer, city=visit.city),
        kept=kept.strip(),
    )


def _newer(visit: Visit, item: ItemView) -> list[EntryView]:
    """The entries that the page of this form did not show; none where the form does not say what it showed."""
    last = visit.form.number("last_entry")
    return [] if last is None else [entry for entry in item.entries if entry.id > last]


def _refusal_words(refusal: DomainError, item: ItemView, has_newer: bool) -> tuple[str, str]:
    if isinstance(refusal, NotAllowed):
        return (
            _("Another person must do this"),
            _(
                "You answered this case before, and a second look is done by somebody else. You can hand it over."
            ),
        )
    if item.state not in RUNNING:
        return (
            _("Nothing was sent: the case is not open any more"),
            _("This came in while you were writing. Nothing was overwritten.")
            if has_newer
            else _("The case has moved on since you opened it. Nothing was overwritten."),
        )
    return (
        _("Nothing was sent: the case has changed"),
        _(
            "This came in while you were writing. Nothing was overwritten. Read it, change what you wrote if need be, and send it again."
        ),
    )


def _done_words(done: str) -> str:
    """What was just done; empty for what is no deed of ours."""
    return {
        "taken": _("You have taken the case."),
        "answered": _("The answer is published. The citizen can read it now."),
        "asked": _("The question is sent. The clock of the promise stands until the reply."),
        "resumed": _("The case goes on without the reply."),
        "handed-over": _("The case is handed over."),
        "void": _("The case is set aside. It counts nowhere."),
        "unvoid": _("The case is back in the queue."),
        "reopened": _("The case is open again, with clocks of its own."),
    }.get(done, "")


def _item(visit: Visit) -> ItemView:
    with visit.site.database.read() as session:
        return find.get_for_staff(session, viewer=visit.staff, reference=_reference(visit))


def _reference(visit: Visit) -> str:
    """The reference in the address. Refuses NotFound for what can be none (a NUL is no text to PostgreSQL)."""
    reference = visit.params["reference"]
    if not _REFERENCE.fullmatch(reference):
        raise NotFound("item_unknown")
    return reference


def _queue(visit: Visit, item: ItemView) -> Queue:
    """The list that this person came from; else the one in which the item stands."""
    named = visit.query.get("queue", "")
    if not named and item.state in inbox.FINISHED:
        named = item.state
    return inbox.queue_named(named, visit.staff)


def _address(visit: Visit, done: str) -> str:
    return f"/staff/item/{_reference(visit)}?" + urlencode({"done": done})


def _actor(visit: Visit) -> Actor:
    return Actor("staff", visit.staff.account_id)
