"""A case as lists show it: its due day in words, its clocks, its title, who answers.

For the inbox and for the list beside the desk. Decides no order: that is `feedback/items/find.py`'s.
"""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.lifecycle import RUNNING
from feedback.items.views import ClockView, Queue, QueueRow
from feedback.people.viewer import Viewer
from portal import item_words, languages
from portal.clock_view import Track, Tracks, clock_of
from portal.languages import gettext as _
from portal.pages import Visit
from portal.staff import words
from portal.staff.words import Mark

PLACE_MOST = 60


class Due(Struct, frozen=True):
    """The clock that a list speaks of."""

    word: str
    kind: str
    icon: str
    which: str


class InboxRow(Struct, frozen=True, kw_only=True):
    """A case in the list."""

    href: str
    title: str
    meta: str
    is_unread: bool
    """Nobody has taken it."""
    due_word: str
    due_kind: str
    """late, today, paused, done or empty: how the due word is drawn"""
    due_icon: str
    which: str
    """Whose clock the due word speaks of; empty where no clock runs."""
    tracks: Tracks
    who: str
    state: Mark


def departments_of(viewer: Viewer, city: City) -> list[str]:
    """The departments whose cases a person sees, in the order of the municipality's chart."""
    return [d.key for d in city.department if viewer.sees_department(d.key)]


def due_of(clocks: tuple[ClockView, ...], tracks: Tracks, *, today: date) -> Due:
    """The nearest clock that runs, in words; else that it stands still, has ended, or never was."""
    shown = [clock for clock in clocks if clock.stopped_by != "rule"]
    running = [
        (clock.due_at, clock) for clock in shown if clock.stopped_at is None and clock.due_at is not None
    ]
    if running:
        if tracks.law is not None and tracks.law.overdue:  # Where both are late, the law weighs more.
            return Due(_capital(tracks.law.state_text), "late", "alert", "law")
        nearest = min(running, key=lambda pair: pair[0])[1]
        track = _track(tracks, nearest.which)
        if track.overdue:
            return Due(_capital(track.state_text), "late", "alert", nearest.which)
        if nearest.due_on is None or nearest.due_on == today:
            return Due(_("Today"), "today", "clock", nearest.which)
        return Due(languages.day_brief(nearest.due_on), "", "clock", nearest.which)
    if any(clock.is_paused for clock in shown):
        which = "promise" if tracks.promise else "law"
        return Due(_("Paused"), "paused", "pause", which)
    if shown:
        which = "law" if tracks.law else "promise"
        track = _track(tracks, which)
        kind, icon = ("late", "alert") if track.overdue else ("done", "done")
        return Due(_capital(track.state_text), kind, icon, which)
    return Due(_("No due day"), "", "calendar", "")


def _track(tracks: Tracks, which: str) -> Track:
    track = tracks.law if which == "law" else tracks.promise
    assert track is not None
    return track


def row_of(visit: Visit, row: QueueRow, which: Queue) -> InboxRow:
    """A case in the words of the list."""
    city = visit.city
    service = words.service_name(city, row.service)
    tracks = clock_of(row.clocks, city=city, now=visit.now)
    due = due_of(row.clocks, tracks, today=visit.now.astimezone(city.zone).date())
    meta = [row.reference, item_words.kind_word(row.kind), service, _shortened(row.place)]
    if len(departments_of(visit.staff, city)) > 1 and row.department:
        meta.insert(3, words.department_name(city, row.department))
    if row.number > 1:
        meta.append(
            _("second look") if row.state in ("received", "open", "waiting") else _("looked at again")
        )
    return InboxRow(
        href=f"/staff/item/{row.reference}?{urlencode({'queue': which})}",
        title=item_words.title_of(row.opening, otherwise=service),
        meta=" · ".join(part for part in meta if part),
        is_unread=row.state == "received",
        due_word=due.word,
        due_kind=due.kind,
        due_icon=due.icon,
        which=words.due_label(due.which) if due.which else "",
        tracks=tracks,
        who=_who(row, visit.staff),
        state=words.state_mark(row.state, row.department),
    )


def _who(row: QueueRow, viewer: Viewer) -> str:
    if row.responder_id == viewer.account_id:
        return _("You")
    return row.responder_name or (_("Nobody yet") if row.state in RUNNING else "")


def group_of(visit: Visit, row: QueueRow) -> str:
    running = [
        (clock.due_at, clock.due_on)
        for clock in row.clocks
        if clock.stopped_at is None and clock.due_at is not None and clock.due_on is not None
    ]
    if not running:
        return "none"
    due_at, due_on = min(running)
    today = visit.now.astimezone(visit.city.zone).date()
    if due_at <= visit.now:
        return "late"
    if due_on <= today:
        return "today"
    return "week" if due_on <= _sunday(today) else "later"


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def _shortened(place: str) -> str:
    line = " ".join(place.split())
    return line if len(line) <= PLACE_MOST else line[: PLACE_MOST - 1].rstrip() + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
