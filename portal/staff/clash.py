"""A deed that was refused: in words, beside what came in while somebody wrote."""

from __future__ import annotations

from msgspec import Struct

from feedback.errors import DomainError, NotAllowed
from feedback.items.lifecycle import RUNNING
from feedback.items.views import EntryView, ItemView
from portal.languages import gettext as _
from portal.pages import Visit
from portal.staff import timeline
from portal.staff.timeline import DeskEntry


class Clash(Struct, frozen=True, kw_only=True):
    """A deed that was refused: why, what came in meanwhile, and what could not be sent."""

    title: str
    text: str
    entries: list[DeskEntry]
    kept: str
    """What was typed, where the page has no form any more that could hold it."""
    form_field: str
    """The field of the page's form that holds what was typed; empty where nothing was or no form is left."""


def clash_of(visit: Visit, item: ItemView, refusal: DomainError, written: str, form_field: str) -> Clash:
    """Why it was refused, what has come in since the page was made, and where what was written stands now."""
    newer = newer_than_seen(visit, item)
    title, text = _refusal_words(refusal, item, bool(newer))
    return Clash(
        title=title,
        text=text,
        entries=timeline.later_entries(item, newer, city=visit.city, now=visit.now),
        kept="" if form_field else written.strip(),
        form_field=form_field if written.strip() else "",
    )


def newer_than_seen(visit: Visit, item: ItemView) -> list[EntryView]:
    """The entries that the page of this form did not show; none where the form does not say what it showed."""
    last = visit.form.number("last_entry")
    return [] if last is None else [entry for entry in item.entries if entry.id > last]


def _refusal_words(refusal: DomainError, item: ItemView, has_newer: bool) -> tuple[str, str]:
    if isinstance(refusal, NotAllowed) and refusal.code in ("restriction_refused", "nobody_would_keep_it"):
        return (
            _("Nothing was changed: that is not yours to decide"),
            _(
                "The heads of the department that keeps a restricted case decide on it, and somebody must keep it."
            ),
        )
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
    if not has_newer:
        return (
            _("Nothing was sent: the case has changed"),
            _("The case has moved on since you opened it. Nothing was overwritten."),
        )
    return (
        _("Nothing was sent: the case has changed"),
        _(
            "This came in while you were writing. Nothing was overwritten. "
            "Read it, change what you wrote if need be, and send it again."
        ),
    )
