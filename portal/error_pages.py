"""Refusals that no form shows by itself: each code gets a page in the person's language, with the way on.

A refusal of a form (422, 409) is shown by its own handler, beside the fields; what arrives here ends the visit.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from msgspec import Struct

from feedback.errors import Conflict, DomainError, Expired, MoveRefused, NotAllowed, NotFound
from feedback.limits.rules import Limited
from portal import access, languages, log
from portal.access import CodeNeeded, OriginForeign, SetUpNeeded, SignInNeeded
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import PageLink, Reply, Visit, redirect, render


class ErrorPage(Struct, frozen=True):
    """What an error page says: the title, why, what to do, and where to go on."""

    title: str
    text: str
    way_on: list[PageLink]
    number: int
    fault: str = ""
    """The number of the request, where something of ours is broken: it leads to the fault in the log."""


def answer(visit: Visit, refusal: DomainError) -> Reply:
    """The page (or the way to the page) that answers a refusal."""
    if isinstance(refusal, SignInNeeded):
        if visit.method == "POST":  # What was typed goes along, and the sign-in keeps it.
            return Reply(status=307, headers={"Location": f"/staff/sign-in?to={quote(visit.path)}"})
        return redirect("/staff/sign-in")
    if isinstance(refusal, SetUpNeeded):
        return redirect("/staff/account/second-factor")
    if isinstance(refusal, CodeNeeded):
        return redirect(visit.here("/track"))
    number, title, text = _words(refusal)
    reply = _page(visit, number, title, text)
    if isinstance(refusal, Limited):
        reply.headers["Retry-After"] = str(refusal.wait)
    return reply


def at_the_edge(visit: Visit, status: int) -> Reply:
    """A request that the edge let no further: what was wrong with it, and what to do."""
    if status == 413:
        return too_large(visit)
    if status == 503:
        return too_busy(visit)
    if status == 408:
        return _page(
            visit,
            408,
            _("That took too long to reach us"),
            _("Your connection may be slow. Please go back in your browser and send it again."),
        )
    if status == 421:
        address = f"{visit.site.settings.public_url}/"
        return _page(
            visit,
            421,
            _("This is not the address of this portal"),
            _("Please open it at %(address)s") % {"address": address},
            way_on=[PageLink(address, address)],  # Addresses of ours would lead to this page again.
        )
    if status in (414, 431):
        return _page(
            visit,
            status,
            _("We could not read that"),
            _(
                "The address, or what your browser sends along with it, is too long. Please open the home page; if "
                "that does not work either, delete the cookies of this portal in your browser."
            ),
        )
    return faulty_request(visit, status)


def too_large(visit: Visit) -> Reply:
    """More was sent than a page takes."""
    return _page(
        visit,
        413,
        _("That was too much at once"),
        _(
            "What you sent is larger than this page can take. Files may have 25 MB together. "
            "Please go back in your browser, take something out and send it again."
        ),
    )


def faulty_request(visit: Visit, status: int = 400) -> Reply:
    """The request could not be read at all."""
    return _page(
        visit,
        status,
        _("We could not read that"),
        _("Something went wrong on the way to us. Please go back, check what you wrote, and send it again."),
    )


def broken(visit: Visit) -> Reply:
    """A fault of ours: said plainly, without its insides."""
    return _page(
        visit,
        500,
        _("Something is broken on our side"),
        _(
            "It is not your fault. Please try again in a few minutes. If you have just sent something "
            "and saw no thank-you page, send it again: pressing twice makes one case."
        ),
        fault=log.number(),
    )


def too_busy(visit: Visit) -> Reply:
    """Nothing was done, because too much was going on: the same again in a moment is right."""
    reply = _page(
        visit,
        503,
        _("Too many people are here at this moment"),
        _(
            "Nothing was saved. Please wait a minute and send it again: go back in your browser, or "
            "reload this page. Sending the same form twice makes one case."
        ),
    )
    reply.headers["Retry-After"] = "60"
    return reply


def _page(
    visit: Visit, number: int, title: str, text: str, *, fault: str = "", way_on: list[PageLink] | None = None
) -> Reply:
    if visit.is_machine:
        problem = {"type": "about:blank", "title": title, "status": number, "detail": text}
        return Reply(
            content=msgspec.json.encode(problem), status=number, media_type="application/problem+json"
        )
    is_staff = visit.path.startswith("/staff")
    way_on = way_on or (
        [PageLink(_("To my start page"), "/staff/")]
        if is_staff
        else [
            PageLink(_("To the home page"), visit.here("/")),
            PageLink(_("Back to the case"), visit.here("/track"))
            if access.opened_item(visit) is not None
            else PageLink(_("Look at a case with its code"), visit.here("/track")),
            PageLink(_("Help and contact"), visit.here("/help")),
        ]
    )
    template = "staff/error.html" if is_staff else "public/error.html"
    return render(visit, template, status=number, page=ErrorPage(title, text, way_on, number, fault))


def _words(refusal: DomainError) -> tuple[int, str, str]:
    """Status, title and text of a refusal. The precise code first, then its class."""
    code = refusal.code
    if code == "link_over":
        return (
            410,
            _("This link has ended"),
            _("Links in our e-mails work for a limited time. Your follow-up code always opens your case."),
        )
    if code == "second_look_over":
        return (
            410,
            _("The time for a second look is over"),
            _("You can send a new message at any time; please give the number of this case in it."),
        )
    if code == "second_look_by_another":
        return (
            403,
            _("Another person must do this"),
            _("You answered this case before. A second look is done by somebody else."),
        )
    if code == "nobody_to_ask":
        return (
            403,
            _("Nobody can be asked here"),
            _(
                "This case came from another system. Its sender has no code, so a question would reach nobody."
            ),
        )
    if code == "survey_none":
        return (
            410,
            _("No survey is open for this case"),
            _("A few working days after an answer you can rate it here, for 14 days."),
        )
    if code == "survey_over":
        return (
            410,
            _("This survey has ended"),
            _("You could answer for 14 days. Thank you for wanting to tell us."),
        )
    if isinstance(refusal, OriginForeign):
        return (
            403,
            _("This did not come from our page"),
            _(
                "Your browser did not confirm that this was sent from our own page. Please open the page "
                "again and send it once more."
            ),
        )
    if isinstance(refusal, NotFound):
        return (
            404,
            _("We have no such page"),
            _("The address may have a typing error, or the page may no longer exist."),
        )
    if isinstance(refusal, NotAllowed):
        return (
            403,
            _("This is not yours to do"),
            _("Your role does not include it. Ask your administrator if it should."),
        )
    if isinstance(refusal, Limited):
        return 429, too_many_title(), wait_words(refusal)
    if isinstance(refusal, Conflict):
        return (
            409,
            _("Somebody was quicker"),
            _("This has changed since you opened it. Nothing was overwritten. Please look at it again."),
        )
    if isinstance(refusal, MoveRefused):
        return (
            409,
            _("That is not possible any more"),
            _("The case has moved on since you opened the page. Please look at it again."),
        )
    if isinstance(refusal, Expired):
        return 410, _("This has ended"), _("The time for it is over.")
    return 400, _("That was not possible"), _("Please go back, check what you entered, and try again.")


def too_many_title() -> str:
    """Above the words of `wait_words`."""
    return _("That was too often from your connection")


def wait_words(refusal: Limited) -> str:
    """How long to wait after too many tries."""
    minutes = -(-refusal.wait // 60)
    return ngettext(
        "Please wait %(num)s minute, then try again.", "Please wait %(num)s minutes, then try again.", minutes
    ) % {"num": minutes}


def in_words(refusal: DomainError, language: str) -> str:
    """One line for a terminal or a log: never anything that a person wrote."""
    with languages.speaking(language):
        return _words(refusal)[1]
