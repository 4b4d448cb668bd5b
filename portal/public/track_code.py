"""The field for the code of a case: what is typed there, and what somebody was writing when their time ended."""

from __future__ import annotations

import re

from msgspec import Struct

from feedback.items import codes, find
from feedback.items.codes import CodeMistyped
from feedback.limits.rules import FOLLOW_UP_CODE, Limited
from portal import security
from portal.error_pages import wait_words
from portal.forms import FieldError
from portal.languages import gettext as _
from portal.pages import Cookie, Reply, Visit, render

_REFERENCE = re.compile(r"[^\W\d_]{2,9}-?\d{4}-?\d{6}")
"""The number of a case, which stands on the receipt beside the code: HER-2026-002557."""


class Kept(Struct, frozen=True):
    """A field that was being filled when the 30 minutes ended; the words of it are shown, the rest goes along."""

    name: str
    value: str
    is_words: bool = False


class CodePage(Struct, frozen=True, kw_only=True):
    """The field for the code."""

    typed: str
    action: str
    """Where the code is posted: the page that was interrupted, otherwise the case."""
    errors: list[FieldError]
    errors_title: str = ""
    kept: list[Kept] = []


def find_by_typed_code(visit: Visit) -> tuple[int | None, str]:
    """The item of the code in the form, or None and what is wrong with the code, in words.

    The number of the case in place of the code is told apart from a typing error. Refuses (`Limited`) where too many
    codes that open nothing came from there; one with a typing error reaches no case and is not counted.
    """
    typed = visit.form.text("code")
    if not typed.strip():
        return None, _("Enter the code from your receipt")
    try:
        code = codes.read_code(typed[:200])
    except CodeMistyped:
        if _REFERENCE.fullmatch("".join(typed[:200].split())):
            return None, _(
                "This is the number of the case. The code has 28 letters and digits; it is on your receipt."
            )
        return None, _("This code has a typing error. Please check it once more.")
    taken = visit.site.limits.take(FOLLOW_UP_CODE, visit.source)
    with visit.site.database.read() as session:
        item_id = find.find_by_code(session, code_hash=codes.code_hash(visit.site.secret.key, code))
    if item_id is not None:
        taken.give_back()
    if item_id is None:
        security.tell("code_unknown")
        return None, _("We do not know this code. Please compare it with your receipt.")
    return item_id, ""


def code_page(
    visit: Visit,
    *,
    error: str = "",
    limited: Limited | None = None,
    is_interrupted: bool = False,
    action: str = "/track",
    kept: list[Kept] | None = None,
    cookies: list[Cookie] | None = None,
) -> Reply:
    """The page that asks for the code.

    `is_interrupted`: the 30 minutes ended while somebody wrote, `kept` is what they wrote, and `action` is where
    it goes on with the code. With an error or an interruption it is answered 422; `limited`, 429.
    """
    if limited is not None:
        error = _("Too many codes were tried from your connection.") + " " + wait_words(limited)
    if is_interrupted:
        error = _("Enter the code once more to go on")
    page = CodePage(
        typed=visit.form.text("code")[:200],
        action=visit.here(action),
        errors=[FieldError("code", error, is_wait=limited is not None)] if error else [],
        errors_title=_("Your visit ended after 30 minutes") if is_interrupted else "",
        kept=kept or [],
    )
    status = 429 if limited else 422 if error else 200
    reply = render(visit, "public/track_code.html", status=status, page=page, cookies=cookies)
    if limited is not None:
        reply.headers["Retry-After"] = str(limited.wait)
    return reply
