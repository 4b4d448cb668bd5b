"""The survey about one case: two ratings and, if one likes, words. By the link of a mail, or by the opened case.

Confidential, not anonymous, and the page says so. Answering again replaces; a link that is over is answered 410.
When the opened case's 30 minutes end while somebody answers, the answer is kept beside the field for the code.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from feedback.errors import Expired, Invalid
from feedback.items import find
from feedback.items.lifecycle import may
from feedback.items.views import ItemView
from feedback.limits.rules import SURVEYS, Limited
from feedback.satisfaction import respond
from feedback.satisfaction.respond import CANT_SAY, COMMENT_MOST, STEPS, Open
from portal import access
from portal.error_pages import too_many_title, wait_words
from portal.forms import FieldError, errors_of
from portal.item_words import title_of
from portal.languages import gettext as _
from portal.pages import Cookie, Reply, Visit, redirect, render, route
from portal.public.track_code import Kept, code_page, find_by_typed_code

MINE = "mine"
"""In place of a token: the case that this browser has open."""
_MINE_PATH = f"/survey/{MINE}"


class Step(Struct, frozen=True):
    """One place of the scale; `number` is empty for "can't say"."""

    value: str
    label: str
    number: str


class SurveyPage(Struct, frozen=True, kw_only=True):
    """The two questions, with what was answered before."""

    action: str
    reference: str
    title: str
    """The first words of what the citizen wrote; empty by a mailed link, which shows nothing of the case."""
    ends_on: date
    steps: list[Step]
    apart: Step
    outcome: str
    handling: str
    comment: str
    comment_most: int
    is_answered: bool
    errors: list[FieldError]
    errors_title: str


class ThanksPage(Struct, frozen=True, kw_only=True):
    """After answering."""

    reference: str
    is_replaced: bool
    ends_on: date
    action: str
    second_look_until: date | None
    """Offered to whoever is not satisfied, while there is time."""
    is_case_open: bool
    """This browser has the case open; otherwise a second look needs the code."""


@route("/{language}/survey/mine", "GET", "POST", policy="public")
def mine(visit: Visit) -> Reply:
    """By the opened case, for everybody. Refuses Expired where there is no open invitation.

    Without an open case the page asks for the code; what was answered goes along and comes back into the form.
    """
    cookies: list[Cookie] = []
    if "code" in visit.form.fields:
        try:
            visit.item_id, error = find_by_typed_code(visit)
        except Limited as refusal:
            return code_page(visit, limited=refusal, action=_MINE_PATH, kept=_kept(visit))
        if visit.item_id is None:
            return code_page(visit, error=error, action=_MINE_PATH, kept=_kept(visit))
        cookies = [access.item_cookie(visit, visit.item_id)]
    else:
        visit.item_id = access.opened_item(visit)
    if visit.item_id is None:
        if visit.method == "GET":
            return redirect(visit.here("/track"))
        return code_page(visit, is_interrupted=True, action=_MINE_PATH, kept=_kept(visit))
    with visit.site.database.read() as session:
        found = respond.find_open_for_item(session, item_id=visit.item_id, now=visit.now)
    if found is None:
        raise Expired("survey_none")
    return _form(visit, found, MINE, cookies=cookies) if cookies else _answer(visit, found, MINE)


@route("/{language}/survey/{token}", "GET", "POST", policy="public")
def by_link(visit: Visit) -> Reply:
    """By the link of a mail. Refuses NotFound (a foreign link) and Expired."""
    token = visit.params["token"]
    with visit.site.database.read() as session:
        found = respond.find_open(session, token=token, now=visit.now)
    return _answer(visit, found, token)


def _kept(visit: Visit) -> list[Kept]:
    """What was answered so far; the words are shown, the two ratings go along."""
    ratings = [Kept(name, visit.form.text(name)) for name in ("outcome", "handling")]
    return [*ratings, Kept("comment", visit.form.text("comment"), is_words=True)]


def _answer(visit: Visit, found: Open, token: str) -> Reply:
    if visit.method == "GET":
        return _form(visit, found, token)
    outcome, handling = visit.form.number("outcome"), visit.form.number("handling")
    comment = visit.form.text("comment")
    try:
        visit.site.limits.take(SURVEYS, visit.source)
        with visit.site.database.write() as session:
            respond.respond(
                session,
                invitation_id=found.invitation_id,
                outcome=outcome,
                handling=handling,
                comment=comment,
                now=visit.now,
            )
    except Invalid as refusal:
        return _form(visit, found, token, errors=errors_of(refusal.faults))
    except Limited as refusal:
        return _form(visit, found, token, limited=refusal)
    return _thanks(visit, found, token, is_unhappy=respond.is_unhappy(outcome, handling))


def _thanks(visit: Visit, found: Open, token: str, *, is_unhappy: bool) -> Reply:
    """Thanks, and the second look for whoever is not satisfied. A survey's link never opens the case for it."""
    with visit.site.database.read() as session:
        item = find.get_for_citizen(session, item_id=found.item_id)
    until = _second_look_until(item, found, visit) if is_unhappy else None
    page = ThanksPage(
        reference=found.reference,
        is_replaced=found.is_answered,
        ends_on=found.ends_at.astimezone(visit.city.zone).date(),
        action=visit.here(f"/survey/{token}"),
        second_look_until=until,
        is_case_open=access.opened_item(visit) == found.item_id,
    )
    return render(visit, "public/survey_thanks.html", page=page)


def _second_look_until(item: ItemView, found: Open, visit: Visit) -> date | None:
    """The last day for a second look at the answer that was rated, while it can still be asked for."""
    until = item.cycle.second_look_until
    if item.cycle.id != found.cycle_id or until is None or not may(item.state, "second_look"):
        return None
    return until if visit.now.astimezone(visit.city.zone).date() <= until else None


def _form(
    visit: Visit,
    found: Open,
    token: str,
    *,
    errors: list[FieldError] | None = None,
    limited: Limited | None = None,
    cookies: list[Cookie] | None = None,
) -> Reply:
    if limited is not None:
        errors = [FieldError("", wait_words(limited))]
    is_post = visit.method == "POST"
    with visit.site.database.read() as session:
        item = find.get_for_citizen(session, item_id=found.item_id)
    # An address that nobody confirmed may be another's: its link shows nothing that was said before.
    is_known = token == MINE or (item.contact is not None and item.contact.confirmed_at is not None)
    before = found if is_known else None
    page = SurveyPage(
        action=visit.here(f"/survey/{token}"),
        reference=found.reference,
        title=title_of(item.text, otherwise="") if token == MINE else "",
        ends_on=found.ends_at.astimezone(visit.city.zone).date(),
        steps=_steps(),
        apart=Step(str(CANT_SAY), _("I can’t say"), ""),
        outcome=visit.form.text("outcome") if is_post else _given(before.outcome if before else None),
        handling=visit.form.text("handling") if is_post else _given(before.handling if before else None),
        comment=visit.form.text("comment") if is_post else (before.comment if before else ""),
        comment_most=COMMENT_MOST,
        is_answered=found.is_answered,
        errors=errors or [],
        errors_title=too_many_title() if limited else "",
    )
    status = 429 if limited else 422 if errors else 200
    reply = render(visit, "public/survey.html", status=status, page=page, cookies=cookies)
    if limited is not None:
        reply.headers["Retry-After"] = str(limited.wait)
    return reply


def _given(step: int | None) -> str:
    return "" if step is None else str(step)


def _steps() -> list[Step]:
    labels = (
        _("Very dissatisfied"),
        _("Dissatisfied"),
        _("Neither satisfied nor dissatisfied"),
        _("Satisfied"),
        _("Very satisfied"),
    )
    return [Step(str(step), label, str(step)) for step, label in zip(STEPS, labels, strict=True)]
