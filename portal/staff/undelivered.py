"""Mails that did not arrive: the list of them, and what a case shows of its own. Sending one again is in `desk.py`.

Which ones a person sees is decided by `feedback/items/undelivered.py`; here they get words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.items import undelivered
from feedback.items.undelivered import Undelivered
from portal import languages
from portal.languages import gettext as _
from portal.pages import Reply, Visit, render, route
from portal.staff import words


class Lost(Struct, frozen=True, kw_only=True):
    """A mail that did not arrive, in words."""

    message_id: int
    reference: str
    department: str
    title: str
    """Which mail it was, and since when nobody tries any more."""
    reason: str


class UndeliveredPage(Struct, frozen=True):
    """The list."""

    lost: list[Lost]
    status: str
    """What was just done; empty otherwise."""


@route("/staff/undelivered", policy="desk")
def show(visit: Visit) -> Reply:
    """The mails of this person's cases that did not arrive."""
    with visit.site.database.read() as session:
        found = undelivered.find_for(session, visit.staff, now=visit.now)
    page = UndeliveredPage(
        lost=in_words(found, visit.city, visit.now),
        status=sent_again_words() if visit.query.get("done") == "sent-again" else "",
    )
    return render(visit, "staff/undelivered.html", page=page)


def in_words(found: Sequence[Undelivered], city: City, now: datetime) -> list[Lost]:
    """Each in words."""
    return [
        Lost(
            message_id=one.message_id,
            reference=one.reference,
            department=words.department_name(city, one.department),
            title=_("%(mail)s, given up %(when)s")
            % {"mail": _mail_word(one.kind), "when": languages.moment(one.failed_at, city.zone, now)},
            reason=_reason_words(one.reason),
        )
        for one in found
    ]


def sent_again_words() -> str:
    """What is said when one was put on its way."""
    return _("The e-mail is on its way again. If it does not arrive this time either, it comes back here.")


def _mail_word(kind: str) -> str:
    return {
        "receipt": _("The receipt"),
        "question": _("The question to the citizen"),
        "answer": _("The answer"),
        "deadline": _("The notice of the deadline"),
        "survey": _("The invitation to the survey"),
    }.get(kind, _("An e-mail"))


def _reason_words(code: str) -> str:
    number = code.removeprefix("smtp_")
    if code == "letters_of_address":
        return _("The mail server cannot write to an address with such letters.")
    if code.startswith("smtp_5"):
        return _("The mail server refused it for good (%(number)s): most often there is no such address.") % {
            "number": number
        }
    if code.startswith("smtp_"):
        return _("The mail server did not take it for two days (%(number)s).") % {"number": number}
    if " " in code:
        return _("The program could not write it. The operator finds the fault in the log.")
    return _("The mail server could not be reached for two days. The operator must look at it.")
