"""Following a case: the code in, the item's whole public history out, and what its sender can do with it.

The code is posted, never part of an address; it opens one item to this browser for 30 minutes. When that time is
over while somebody writes, the words are kept beside the field for the code. Staff are not named, their
department is.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.errors import Expired, Invalid, MoveRefused, NotFound
from feedback.items import codes, converse, find
from feedback.items.codes import CodeMistyped
from feedback.items.lifecycle import may
from feedback.items.sent import TEXT_MOST
from portal import access
from portal.forms import FieldError, errors_of
from portal.languages import gettext as _
from portal.pages import Cookie, Reply, Visit, redirect, render, route
from portal.public.track_view import CaseView, case_view

ACTS = ("reply", "add", "second-look")
"""What a citizen does with words; each is the last part of its address."""
FORGET = Cookie(name=access.ITEM_COOKIE, value="", is_strict=True)


class CodePage(Struct, frozen=True, kw_only=True):
    """The field for the code."""

    typed: str
    errors: list[FieldError]
    act: str = ""
    """What was being done when the 30 minutes ended, with the words of it; empty otherwise."""
    text: str = ""


class CasePage(Struct, frozen=True, kw_only=True):
    """An opened case."""

    case: CaseView
    text_most: int
    done: str = ""
    """What was just done, in words; announced on top."""
    typed: str = ""
    """The reply as it was typed, where it was refused."""
    errors: list[FieldError]


class ActPage(Struct, frozen=True, kw_only=True):
    """One act on a page of its own: adding words, a second look, withdrawing."""

    case: CaseView
    act: str
    text_most: int
    typed: str = ""
    errors: list[FieldError]
    is_possible: bool = True
    """False where the case has moved on: the words are shown to be kept, without a button."""


@route("/{language}/track", "GET", "POST", policy="public")
def track(visit: Visit) -> Reply:
    if visit.method == "POST":
        return _open(visit)
    item_id = access.opened_item(visit)
    if item_id is None:
        return _code_page(visit)
    try:
        return _case(visit, item_id, done=_done_words(visit.query.get("done", "")))
    except NotFound:
        return _code_page(visit, cookies=[FORGET])


@route("/{language}/track/reply", "POST", policy="public")
def reply(visit: Visit) -> Reply:
    """The answer to an open question. Where nothing is asked any more, the words are an addition."""
    return _words(visit, "reply")


@route("/{language}/track/add", "GET", "POST", policy="public")
def add(visit: Visit) -> Reply:
    return _words(visit, "add")


@route("/{language}/track/second-look", "GET", "POST", policy="public")
def second_look(visit: Visit) -> Reply:
    return _words(visit, "second-look")


@route("/{language}/track/withdraw", "GET", "POST", policy="code")
def withdraw(visit: Visit) -> Reply:
    """GET asks once more, POST does it."""
    assert visit.item_id is not None
    if visit.method == "GET":
        return _act(visit, visit.item_id, "withdraw")
    with visit.site.database.write() as session:
        converse.withdraw(session, item_id=visit.item_id, now=visit.now)
    return redirect(visit.here("/track") + "?done=withdrawn")


@route("/{language}/track/leave", "POST", policy="public")
def leave(visit: Visit) -> Reply:
    """Close the case in this browser."""
    return redirect(visit.here("/track"), cookies=[FORGET])


# ── the code ────────────────────────────────────────────────────────────────────────────────────────────────


def _open(visit: Visit) -> Reply:
    """The code opens the item; words that waited for it come back into their form."""
    typed = visit.form.text("code")
    if not typed.strip():
        return _code_page(visit, typed=typed, error=_("Write the code that stands on your receipt"))
    try:
        code = codes.read_code(typed[:200])
    except CodeMistyped:
        return _code_page(
            visit, typed=typed, error=_("This code has a typing error. Please check it once more.")
        )
    with visit.site.database.read() as session:
        item_id = find.find_by_code(session, code_hash=codes.code_hash(visit.site.secret.key, code))
    if item_id is None:
        return _code_page(
            visit, typed=typed, error=_("We know no such code. Please compare it with your receipt.")
        )
    cookie = access.item_cookie(visit, item_id)
    act = visit.form.text("act")
    if act in ACTS and visit.form.text("text"):
        return _act(visit, item_id, act, typed=visit.form.text("text"), cookies=[cookie])
    return redirect(visit.here("/track"), cookies=[cookie])


def _code_page(
    visit: Visit,
    *,
    typed: str = "",
    error: str = "",
    act: str = "",
    text: str = "",
    cookies: list[Cookie] | None = None,
) -> Reply:
    act = act or visit.form.text("act")
    page = CodePage(
        typed=typed[:200],
        errors=[FieldError("code", error)] if error else [],
        act=act if act in ACTS else "",
        text=text or (visit.form.text("text") if act in ACTS else ""),
    )
    status = 422 if error else 200
    return render(visit, "public/track_code.html", status=status, page=page, cookies=cookies)


# ── the case and its acts ───────────────────────────────────────────────────────────────────────────────────


def _words(visit: Visit, act: str) -> Reply:
    """An act with words: GET shows its form, POST does it; a refusal keeps the words."""
    item_id = access.opened_item(visit)
    text = visit.form.text("text")
    if item_id is None:
        if visit.method == "GET" or not text.strip():
            return redirect(visit.here("/track"))
        error = _("Your visit has ended after 30 minutes. Enter the code once more: your words are kept.")
        return _code_page(visit, act=act, text=text, error=error)
    if visit.method == "GET":
        return _act(visit, item_id, act)
    try:
        with visit.site.database.write() as session:
            done = _DEEDS[act](visit, session, item_id, text)
    except Invalid as refusal:
        return _refused(visit, item_id, act, 422, errors_of(refusal.faults))
    except Expired:
        words = _("The time for a second look is over. You can send a new message instead.")
        return _refused(visit, item_id, act, 410, [FieldError("", words)])
    except MoveRefused:
        words = _("The case has moved on since you opened the page: this is not possible any more.")
        return _refused(visit, item_id, act, 409, [FieldError("", words)])
    return redirect(visit.here("/track") + f"?done={done}")


def _add_words(visit: Visit, session: Session, item_id: int, text: str) -> str:
    act = converse.add_words(session, item_id=item_id, text=text, now=visit.now)
    return "replied" if act == "reply" else "added"


def _second_look(visit: Visit, session: Session, item_id: int, text: str) -> str:
    assert visit.ruling is not None
    converse.second_look(session, item_id=item_id, ruling=visit.ruling, text=text, now=visit.now)
    return "second-look"


_DEEDS: dict[str, Callable[[Visit, Session, int, str], str]] = {
    "reply": _add_words,
    "add": _add_words,
    "second-look": _second_look,
}


def _done_words(code: str) -> str:
    """The announcement of what was just done; nothing for a code of another's making."""
    return {
        "replied": _("We have your reply. The department goes on with your case."),
        "added": _("We have added your words to the case."),
        "second-look": _("Another person will look at your case again. New dates apply."),
        "withdrawn": _("You have withdrawn your case. Nothing more happens with it."),
    }.get(code, "")


def _refused(visit: Visit, item_id: int, act: str, status: int, errors: list[FieldError]) -> Reply:
    typed = visit.form.text("text")
    if act == "reply" and status == 422:
        return _case(visit, item_id, errors=errors, typed=typed)
    return _act(visit, item_id, act, typed=typed, errors=errors, status=status)


def _case(
    visit: Visit, item_id: int, *, done: str = "", typed: str = "", errors: list[FieldError] | None = None
) -> Reply:
    page = CasePage(
        case=_view(visit, item_id), text_most=TEXT_MOST, done=done, typed=typed, errors=errors or []
    )
    return render(visit, "public/track.html", status=422 if errors else 200, page=page)


def _act(
    visit: Visit,
    item_id: int,
    act: str,
    *,
    typed: str = "",
    errors: list[FieldError] | None = None,
    status: int = 200,
    cookies: list[Cookie] | None = None,
) -> Reply:
    case = _view(visit, item_id)
    possible = {
        "reply": case.may_add,
        "add": case.may_add,
        "second-look": case.second_look_until is not None,
        "withdraw": may(case.state, "withdraw"),
    }[act]
    if not possible and not typed:
        return redirect(visit.here("/track"), cookies=cookies)
    page = ActPage(
        case=case, act=act, text_most=TEXT_MOST, typed=typed, errors=errors or [], is_possible=possible
    )
    return render(visit, "public/track_act.html", status=status, page=page, cookies=cookies)


def _view(visit: Visit, item_id: int) -> CaseView:
    with visit.site.database.read() as session:
        item = find.get_for_citizen(session, item_id=item_id)
        city = versions.get(session, item.cycle.city_version_id)
        return case_view(session, item, city=city, now=visit.now)
