"""The desk of one item: reading it, and every deed of staff on it.

Each form carries the version of the item that it was made from; what a refusal shows is in `attempt.py`.
"""

from __future__ import annotations

from sqlmodel import Session

from feedback.city import versions
from feedback.errors import Invalid, NotFound
from feedback.items import answer as answers
from feedback.items import converse, lengthen, triage, undelivered, urgent
from feedback.items.answer import Reply as Answer
from feedback.items.happenings import QUESTIONS
from feedback.items.lifecycle import RUNNING
from feedback.items.views import ItemView
from feedback.ledger.notes import Actor
from portal import file_view
from portal.forms import errors_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, redirect, route
from portal.staff import attempt, sheets
from portal.staff.desk_page import Typed
from portal.staff.undelivered import sent_again_words


@route("/staff/item/{reference}", policy="desk")
def show(visit: Visit) -> Reply:
    """The item with its whole history."""
    return attempt.show_desk(
        visit, typed=Typed(tab=visit.query.get("tab", "")), status=_done_words(visit.query.get("done", ""))
    )


@route("/staff/item/{reference}/file/{file}", policy="desk")
def file(visit: Visit) -> Reply:
    """A photo or a document of the item's citizen."""
    return file_view.serve(visit, attempt.item_of(visit))


@route("/staff/item/{reference}/take", "POST", policy="desk")
def take(visit: Visit) -> Reply:
    """From now on I work on it."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.take(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return attempt.do(visit, deed, "taken", lambda item: item.cycle.responder_id == visit.staff.account_id)


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
        return attempt.show_desk(visit, status_code=422, typed=typed, errors=errors_of(refusal.faults))

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

    return attempt.do(visit, deed, "answered", is_done, typed)


@route("/staff/item/{reference}/ask", "POST", policy="desk")
def ask(visit: Visit) -> Reply:
    """Ask the citizen a question."""
    typed = Typed(tab="question", text=visit.form.text("text"), papers=visit.form.text("papers"))

    def deed(session: Session, item_id: int, seen: int) -> None:
        converse.ask(
            session,
            item_id=item_id,
            seen_version=seen,
            text=typed.text,
            is_for_papers=typed.papers == "yes",
            by=_actor(visit),
            now=visit.now,
        )

    def is_done(item: ItemView) -> bool:
        last = item.entries[-1] if item.entries else None
        mine = last is not None and last.act in QUESTIONS and last.account_id == visit.staff.account_id
        return mine and last is not None and last.text.split() == typed.text.split()

    return attempt.do(visit, deed, "asked", is_done, typed)


@route("/staff/item/{reference}/resume", "POST", policy="desk")
def resume(visit: Visit) -> Reply:
    """Go on without the citizen's reply."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        converse.resume(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return attempt.do(visit, deed, "resumed", lambda item: item.state == "open")


@route("/staff/item/{reference}/release", "POST", policy="desk")
def release(visit: Visit) -> Reply:
    """A clerk has looked at a held message: its department gets it."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.release(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return attempt.do(visit, deed, "released", lambda item: item.held is None and item.state in RUNNING)


@route("/staff/item/{reference}/urgent", "POST", policy="desk")
def rate(visit: Visit) -> Reply:
    """It comes before others, or no longer does."""
    is_urgent = visit.form.text("urgent") == "yes"

    def deed(session: Session, item_id: int, seen: int) -> None:
        urgent.rate(
            session,
            item_id=item_id,
            seen_version=seen,
            is_urgent=is_urgent,
            by=_actor(visit),
            now=visit.now,
        )

    def is_done(item: ItemView) -> bool:
        return item.state in RUNNING and (item.cycle.urgent is not None) == is_urgent

    return attempt.do(visit, deed, "urgent" if is_urgent else "not-urgent", is_done)


@route("/staff/item/{reference}/unvoid", "POST", policy="desk")
def unvoid(visit: Visit) -> Reply:
    """It was no spam: back to the queue."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        triage.unvoid(session, item_id=item_id, seen_version=seen, by=_actor(visit), now=visit.now)

    return attempt.do(visit, deed, "unvoid", lambda item: item.state != "void")


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

    return attempt.do_on_sheet(visit, sheets.HAND_OVER, deed, "handed-over")


@route("/staff/item/{reference}/nature", "GET", "POST", policy="desk")
def nature(visit: Visit) -> Reply:
    """Another legal nature, with a reason."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        lengthen.reclassify(
            session,
            item_id=item_id,
            seen_version=seen,
            ruling=versions.current(session),
            nature=visit.form.text("nature"),
            reason=visit.form.text("reason"),
            by=_actor(visit),
            now=visit.now,
        )

    return attempt.do_on_sheet(visit, sheets.NATURE, deed, "reclassified")


@route("/staff/item/{reference}/deadline", "GET", "POST", policy="desk")
def deadline(visit: Visit) -> Reply:
    """Extend the law's time, say that several decide, or announce a delay."""

    def deed(session: Session, item_id: int, seen: int) -> None:
        lengthen.lengthen(
            session,
            item_id=item_id,
            seen_version=seen,
            more=visit.form.text("more"),
            days=visit.form.number("days"),
            reason=visit.form.text("reason"),
            by=_actor(visit),
            now=visit.now,
        )

    return attempt.do_on_sheet(visit, sheets.DEADLINE, deed, "lengthened")


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

    return attempt.do_on_sheet(visit, sheets.VOID, deed, "void")


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

    return attempt.do_on_sheet(visit, sheets.REOPEN, deed, "reopened")


@route("/staff/item/{reference}/discard", "POST", policy="desk")
def discard(visit: Visit) -> Reply:
    """Throw away what one wrote for it and could not send."""
    return attempt.discard(visit)


@route("/staff/item/{reference}/send-again", "POST", policy="desk")
def send_again(visit: Visit) -> Reply:
    """Put a mail that did not arrive on its way again; back to where the button stood."""
    message_id = visit.form.number("message")
    if message_id is None:
        raise NotFound("mail_unknown")

    def deed(session: Session, item_id: int, seen: int) -> None:
        undelivered.send_again(
            session, item_id=item_id, message_id=message_id, by=_actor(visit), now=visit.now
        )

    reply = attempt.do(visit, deed, "sent-again", lambda item: True)
    return redirect("/staff/undelivered?done=sent-again") if visit.form.text("from") == "list" else reply


def _done_words(done: str) -> str:
    """What was just done; empty for what is no deed of ours."""
    return {
        "taken": _("You have taken the case."),
        "answered": _("The answer is published. The citizen can read it now."),
        "asked": _("The question is sent. The promise is paused until the reply."),
        "resumed": _("The case goes on without the reply."),
        "handed-over": _("The case is handed over."),
        "reclassified": _("The legal nature is changed. The deadline follows its rule."),
        "lengthened": _("It is recorded, and the citizen is told."),
        "void": _("The case is set aside. It counts nowhere."),
        "unvoid": _("The case is back in the queue."),
        "released": _("The message is released and stands in its queue now."),
        "restricted": _("The case is restricted. Only those who are named for it see it now."),
        "lifted": _("The case is no longer restricted."),
        "urgent": _("The case is marked as urgent and comes first in its queues."),
        "not-urgent": _("The case is no longer marked as urgent."),
        "discarded": _("Your text is discarded. Nothing was sent."),
        "sent-again": sent_again_words(),
        "reopened": _("The case is open again, with new deadlines."),
    }.get(done, "")


def _actor(visit: Visit) -> Actor:
    return Actor("staff", visit.staff.account_id)
