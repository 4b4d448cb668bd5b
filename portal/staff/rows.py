"""A case as lists show it: its due day in words, its clocks as bars, its title, who answers.

For the inbox and for the list beside the desk. Decides no order: that is `feedback/items/queues.py`'s. A list says
the same few words on every row; a `Lister` looks each up once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from feedback.city.profile import City
from feedback.deadlines.working_days import days_of
from feedback.items.lifecycle import RUNNING
from feedback.items.views import ClockView, Queue, QueueRow
from feedback.people.viewer import Viewer
from portal import item_words, languages
from portal.languages import gettext as _
from portal.languages import ngettext
from portal.pages import Visit
from portal.staff import marked, mini, words
from portal.staff.words import Mark

DRAWN_ANEW: Final = 600
"""Seconds after which a line is drawn anew though nothing in it changed: the bars go on."""


class Due(Struct, frozen=True):
    """The clock that a list speaks of."""

    word: str
    kind: str
    """late, today, paused, done or empty: how the word is drawn"""
    icon: str
    which: str
    """Whose clock it is, in a word; empty where there is none."""


class InboxRow(Struct, frozen=True, kw_only=True):
    """A case in the list."""

    reference: str
    href: str
    title: str
    language: str
    """The language of the title, where it is not the page's."""
    meta: str
    is_unread: bool
    """Nobody has taken it."""
    due: Due
    bars: Markup
    who: str
    department: str
    """Empty where the viewer has one department only."""
    state: Mark
    urgent: str
    """The word of that mark; empty where it takes its turn."""
    restricted: str
    """The word of that mark; empty where it is not restricted."""


def departments_of(viewer: Viewer, city: City) -> list[str]:
    """The departments whose cases a person sees, in the order of the municipality's chart."""
    return [d.key for d in city.department if viewer.sees_department(d.key)]


class Lister:
    """Puts the rows of one list into words."""

    def __init__(self, visit: Visit, which: Queue) -> None:
        self._visit, self._city, self._which = visit, visit.city, which
        self._zone, self._now = visit.city.zone, visit.now
        self.today = mini.local_day(visit.now, self._zone)
        self._sunday = self.today + timedelta(days=6 - self.today.weekday())
        self._days = days_of(visit.city.calendar)
        self._has_departments = len(departments_of(visit.staff, visit.city)) > 1
        self._query = urlencode({"queue": which})
        self._nobody = _("Nobody yet")
        self._kinds: dict[str, str] = {}
        self._services: dict[str | None, str] = {}
        self._departments: dict[str | None, str] = {}
        self._lates: dict[date, str] = {}
        self._marks: dict[tuple[str, bool, bool], Mark] = {}
        self._clock_names = {which: words.due_label(which) for which in ("law", "promise")}
        self._macros: Any = visit.site.templates.get_template("macros/inbox.html").module
        speech = languages.current()
        self._alike = (
            visit.ruling.version_id if visit.ruling else 0,
            speech,
            languages.catalogue(speech),
            which,
            self._has_departments,
            self.today,
            int(visit.now.timestamp()) // DRAWN_ANEW,
        )
        """What makes every line of this list the same for whoever else has it."""

    def line(self, row: QueueRow) -> Markup:
        """A case as a row of the inbox: drawn once for all who see it alike, for ten minutes at the most.

        Its words change with the day and the instant in which a clock is late; its bars by a pixel in an hour.
        """
        late = tuple([mini.is_late(clock, zone=self._zone, now=self._now) for clock in row.clocks])
        is_mine = row.responder_id is not None and row.responder_id == self._visit.staff.account_id
        key = (row, late, is_mine, self._alike)
        return self._visit.site.rows.get(key, lambda: Markup(self._macros.line(self.row(row))))

    def row(self, row: QueueRow) -> InboxRow:
        """A case in the words of the list."""
        service = self._service(row.service)
        meta = f"{row.reference} · {self._kind(row.kind)} · {service}"
        if row.place:
            meta += " · " + " ".join(row.place.split())
        if row.number > 1:
            meta += " · " + (_("second look") if row.state in RUNNING else _("looked at again"))
        return InboxRow(
            reference=row.reference,
            href=f"/staff/item/{row.reference}?{self._query}",
            title=item_words.title_of(row.opening, otherwise=service),
            language=languages.tag_of(row.language)
            if row.opening and row.language != self._visit.language
            else "",
            meta=meta,
            is_unread=row.state == "received",
            due=self.due(row.clocks),
            bars=mini.bars(row.clocks, zone=self._zone, now=self._now),
            who=self._who(row),
            department=self._department(row.department) if self._has_departments and row.department else "",
            state=self._mark(row.state, row.department, row.is_held),
            urgent=marked.urgent_mark(row.urgent).text if row.urgent else "",
            restricted=words.restricted_mark().text if row.is_restricted else "",
        )

    def due(self, clocks: Sequence[ClockView]) -> Due:
        """The nearest clock that runs, in words; else that it stands still, has ended, or never was."""
        shown = [clock for clock in clocks if clock.stopped_by != "rule"]
        running = [clock for clock in shown if clock.stopped_at is None and clock.due_at is not None]
        if running:
            late = [clock for clock in running if clock.due_at is not None and clock.due_at <= self._now]
            if late:  # Where both are late, the law weighs more.
                clock = next((clock for clock in late if clock.which == "law"), late[0])
                name = self._clock_names[clock.which]
                return Due(self._late(clock.due_on or self.today), "late", "alert", name)
            clock = min(running, key=_due_at)
            name = self._clock_names[clock.which]
            if clock.due_on is None or clock.due_on == self.today:
                return Due(_("Today"), "today", "clock", name)
            return Due(languages.day_near(clock.due_on, self.today), "", "clock", name)
        if not shown:
            return Due(_("No due day"), "", "calendar", "")
        by_name = {clock.which: clock for clock in shown}
        if any(clock.is_paused for clock in shown):
            which = "promise" if "promise" in by_name else "law"
            return Due(_("Paused"), "paused", "pause", self._clock_names[which])
        clock = by_name.get("law") or by_name["promise"]
        return self._ended(clock, self._clock_names[clock.which])

    def group(self, row: QueueRow) -> str:
        """urgent; else late, today, week, later, or none: where the nearest running clock puts it."""
        if row.urgent:
            return "urgent"
        running = [
            (clock.due_at, clock.due_on)
            for clock in row.clocks
            if clock.stopped_at is None and clock.due_at is not None and clock.due_on is not None
        ]
        if not running:
            return "none"
        due_at, due_on = min(running)
        if due_at <= self._now:
            return "late"
        if due_on <= self.today:
            return "today"
        return "week" if due_on <= self._sunday else "later"

    def _late(self, due_on: date) -> str:
        if due_on not in self._lates:
            self._lates[due_on] = self._late_words(due_on)
        return self._lates[due_on]

    def _late_words(self, due_on: date) -> str:
        late = self._days.count_working(due_on, self.today)
        if late == 0:
            return _("Late since %(day)s") % {"day": languages.day_short(due_on)}
        return ngettext("%(num)s working day late", "%(num)s working days late", late) % {"num": late}

    def _ended(self, clock: ClockView, name: str) -> Due:
        if clock.stopped_by != "answer":
            return Due(_("Stopped"), "done", "pause", name)
        if not mini.is_late(clock, zone=self._zone, now=self._now):
            return Due(_("Kept"), "done", "done", name)
        assert clock.stopped_at is not None
        assert clock.due_on is not None
        late = self._days.count_working(clock.due_on, mini.local_day(clock.stopped_at, self._zone))
        if late == 0:
            return Due(_("Missed"), "late", "alert", name)
        text = ngettext("Missed: %(num)s working day", "Missed: %(num)s working days", late) % {"num": late}
        return Due(text, "late", "alert", name)

    def _who(self, row: QueueRow) -> str:
        if row.responder_id is not None and row.responder_id == self._visit.staff.account_id:
            return _("You")
        return row.responder_name or (self._nobody if row.state in RUNNING else "")

    def _kind(self, kind: str) -> str:
        if kind not in self._kinds:
            self._kinds[kind] = item_words.kind_word(kind)
        return self._kinds[kind]

    def _service(self, key: str | None) -> str:
        if key not in self._services:
            self._services[key] = words.service_name(self._city, key)
        return self._services[key]

    def _department(self, key: str) -> str:
        if key not in self._departments:
            self._departments[key] = words.department_name(self._city, key)
        return self._departments[key]

    def _mark(self, state: str, department: str | None, is_held: bool) -> Mark:
        place = state, department is None, is_held
        if place not in self._marks:
            self._marks[place] = words.held_mark() if is_held else words.state_mark(state, department)
        return self._marks[place]


def _due_at(clock: ClockView) -> datetime:
    assert clock.due_at is not None
    return clock.due_at
