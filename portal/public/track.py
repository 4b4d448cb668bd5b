"""Following a case: the code in, the item's whole public history out, and what its sender can do with it.

The code is posted, never part of an address; it opens one item to this browser for 30 minutes. When that time is
over while somebody writes, the words are kept beside the field for the code (`code_page`, used by the survey
too). Staff are not named, their department is.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from sqlmodel import Session

from feedback.city import versions
from feedback.errors import Expired, Fault, Invalid, MoveRefused, NotFound
from feedback.items import converse, find
from feedback.items.attachments import Filed
from feedback.items.lifecycle import may
from feedback.items.sent import TEXT_MOST
from feedback.limits.rules import WORDS, Limited
from portal import access, file_view, uploads
from portal.error_pages import too_many_title, wait_words
from portal.files import FileGone
from portal.forms import FieldError, errors_of
from portal.helper import Busy, Opened
from portal.languages import gettext as _
from portal.pages import Cookie, Reply, Visit, redirect, render, route
from portal.public.track_code import Kept, code_page, find_by_typed_code
from portal.public.track_view import CaseView, case_view
from portal.uploads import Held

ACTS = ("reply", "add", "second-look")
"""What a citizen does with words; each is the last part of its address."""
FORGET = Cookie(name=access.ITEM_COOKIE, value="", is_strict=True)


class CasePage(Struct, frozen=True, kw_only=True):
    """An opened case."""

    case: CaseView
    text_most: int
    done: str = ""
    """What was just done, in words; announced on top."""
    typed: str = ""
    """The reply as it was typed, where it was refused."""
    held: list[Held] = []
    """The files that came with it."""
    accept: str = uploads.ACCEPT
    errors: list[FieldError]


class ActPage(Struct, frozen=True, kw_only=True):
    """One act on a page of its own: adding words, a second look, withdrawing."""

    case: CaseView
    act: str
    text_most: int
    typed: str = ""
    held: list[Held] = []
    accept: str = uploads.ACCEPT
    errors: list[FieldError]
    errors_title: str = ""
    is_possible: bool = True
    """False where the case has moved on: the words are shown to be kept, without a button."""


@route("/{language}/track", "GET", "POST", policy="public")
def track(visit: Visit) -> Reply:
    if visit.method == "POST":
        return _open(visit)
    item_id = access.opened_item(visit)
    if item_id is None:
        return code_page(visit)
    try:
        return _case(visit, item_id, done=_done_words(visit.query.get("done", "")))
    except NotFound:
        return code_page(visit, cookies=[FORGET])


@route("/{language}/track/reply", "GET", "POST", policy="public", takes_files=True)
def reply(visit: Visit) -> Reply:
    """The answer to an open question. Where nothing is asked any more, the words are an addition.

    Its form stands on the page of the case; a GET (an address typed again, a change of language) leads there.
    """
    return redirect(visit.here("/track")) if visit.method == "GET" else _words(visit, "reply")


@route("/{language}/track/add", "GET", "POST", policy="public", takes_files=True)
def add(visit: Visit) -> Reply:
    return _words(visit, "add")


@route("/{language}/track/second-look", "GET", "POST", policy="public", takes_files=True)
def second_look(visit: Visit) -> Reply:
    return _words(visit, "second-look")


@route("/{language}/track/withdraw", "GET", "POST", policy="code")
def withdraw(visit: Visit) -> Reply:
    """GET asks once more, POST does it."""
    assert visit.item_id is not None
    if visit.method == "GET":
        return _act(visit, visit.item_id, "withdraw")
    visit.site.limits.take(WORDS, visit.source)
    with visit.site.database.write() as session:
        converse.withdraw(session, item_id=visit.item_id, now=visit.now)
    return redirect(visit.here("/track") + "?done=withdrawn")


@route("/{language}/track/file/{file}", policy="public")
def file(visit: Visit) -> Reply:
    """A photo or a document of the opened case; without one, or of another, there is no such page."""
    item_id = access.opened_item(visit)
    if item_id is None:
        raise NotFound("page_unknown")
    with visit.site.database.read() as session:
        item = find.get_for_citizen(session, item_id=item_id)
    return file_view.serve(visit, item)


@route("/{language}/track/leave", "GET", "POST", policy="public")
def leave(visit: Visit) -> Reply:
    """Close the case in this browser. A GET closes nothing."""
    return redirect(visit.here("/track"), cookies=[FORGET] if visit.method == "POST" else [])


# ── the code ────────────────────────────────────────────────────────────────────────────────────────────────


def _open(visit: Visit) -> Reply:
    """The code opens the item; words that waited for it come back into their form."""
    act, text = visit.form.text("act"), visit.form.text("text")
    held = uploads.hold(visit, uploads.brought(visit), [])
    is_kept = act in ACTS and (text != "" or bool(held))
    kept = _kept(act, text, held) if is_kept else []
    try:
        item_id, error = find_by_typed_code(visit)
    except Limited as refusal:
        return code_page(visit, limited=refusal, kept=kept)
    if item_id is None:
        return code_page(visit, error=error, kept=kept)
    cookie = access.item_cookie(visit, item_id)
    if is_kept:
        return _act(visit, item_id, act, typed=text, held=held, cookies=[cookie])
    return redirect(visit.here("/track"), cookies=[cookie])


def _kept(act: str, text: str, held: list[Held]) -> list[Kept]:
    return [Kept("act", act), Kept("text", text, is_words=True), *(Kept(one.field, one.note) for one in held)]


# ── the case and its acts ───────────────────────────────────────────────────────────────────────────────────


def _words(visit: Visit, act: str) -> Reply:
    """An act with words: GET shows its form, POST does it; a refusal keeps the words."""
    item_id = access.opened_item(visit)
    text = visit.form.text("text")
    brought = uploads.brought(visit)
    if item_id is None:
        if visit.method == "GET" or not (text.strip() or brought):
            return redirect(visit.here("/track"))
        # Files that were just chosen are opened for those only who have the case open.
        return code_page(visit, is_interrupted=True, kept=_kept(act, text, uploads.hold(visit, brought, [])))
    if visit.method == "GET":
        return _act(visit, item_id, act)
    made: list[Opened] = []
    title, wait = "", 0
    try:
        visit.site.limits.take(WORDS, visit.source)
        made, faults = uploads.opened(brought)
        if not faults:
            files = uploads.lay_down(visit, brought, made)
            with visit.site.database.write() as session:
                done = _DEEDS[act](visit, session, item_id, text, files)
            return redirect(visit.here("/track") + f"?done={done}")
        status, errors = 422, uploads.errors_of(faults)
    except Invalid as refusal:
        status, errors = 422, errors_of(refusal.faults)
    except Limited as refusal:
        status, title, errors = 429, too_many_title(), [FieldError("", wait_words(refusal))]
        wait = refusal.wait
    except Expired:
        status, errors = 410, [FieldError("", _("You can send a new message instead."))]
        title = _("The time for a second look is over")
    except MoveRefused:
        status, errors = 409, [FieldError("", _("The case has moved on since you opened the page."))]
        title = _("That is not possible any more")
    except Busy:
        status, errors = 503, uploads.errors_of([Fault("files", "files_busy")])
    except FileGone:
        status, errors = 422, uploads.errors_of([Fault("files", "files_gone")])
    held = uploads.hold(visit, brought, made)
    reply = _refused(visit, item_id, act, status, errors, title, held)
    if wait:
        reply.headers["Retry-After"] = str(wait)
    return reply


def _add_words(visit: Visit, session: Session, item_id: int, text: str, files: list[Filed]) -> str:
    act = converse.add_words(session, item_id=item_id, text=text, files=files, now=visit.now)
    return "replied" if act == "reply" else "added"


def _second_look(visit: Visit, session: Session, item_id: int, text: str, files: list[Filed]) -> str:
    assert visit.ruling is not None
    converse.second_look(session, item_id=item_id, ruling=visit.ruling, text=text, files=files, now=visit.now)
    return "second-look"


_DEEDS: dict[str, Callable[[Visit, Session, int, str, list[Filed]], str]] = {
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
        "withdrawn": _("You have withdrawn your case. Nothing more will happen with it."),
    }.get(code, "")


def _refused(
    visit: Visit,
    item_id: int,
    act: str,
    status: int,
    errors: list[FieldError],
    errors_title: str,
    held: list[Held],
) -> Reply:
    typed = visit.form.text("text")
    if act == "reply" and status in (422, 503):
        reply = _case(visit, item_id, errors=errors, typed=typed, held=held, status=status)
    else:
        reply = _act(
            visit,
            item_id,
            act,
            typed=typed,
            held=held,
            errors=errors,
            errors_title=errors_title,
            status=status,
        )
    if status == 503:
        reply.headers["Retry-After"] = "60"
    return reply


def _case(
    visit: Visit,
    item_id: int,
    *,
    done: str = "",
    typed: str = "",
    held: list[Held] | None = None,
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Reply:
    page = CasePage(
        case=_view(visit, item_id),
        text_most=TEXT_MOST,
        done=done,
        typed=typed,
        held=held or [],
        errors=errors or [],
    )
    return render(visit, "public/track.html", status=status, page=page)


def _act(
    visit: Visit,
    item_id: int,
    act: str,
    *,
    typed: str = "",
    held: list[Held] | None = None,
    errors: list[FieldError] | None = None,
    errors_title: str = "",
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
    if not possible and not typed and not held:
        return redirect(visit.here("/track"), cookies=cookies)
    page = ActPage(
        case=case,
        act=act,
        text_most=TEXT_MOST,
        typed=typed,
        held=held or [],
        errors=errors or [],
        errors_title=errors_title,
        is_possible=possible,
    )
    return render(visit, "public/track_act.html", status=status, page=page, cookies=cookies)


def _view(visit: Visit, item_id: int) -> CaseView:
    with visit.site.database.read() as session:
        item = find.get_for_citizen(session, item_id=item_id)
        city = versions.get(session, item.cycle.city_version_id)
        return case_view(session, item, city=city, now=visit.now, files_address=visit.here("/track/file"))
