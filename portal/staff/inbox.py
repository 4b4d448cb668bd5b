"""The inbox: the cases of a queue, the nearest due first, in groups by their due day.

Which cases a person sees, and in which order, is decided by `feedback/items/find.py`; here they get words.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args
from urllib.parse import urlencode

from msgspec import Struct

from feedback.city.profile import KINDS, City
from feedback.items import find
from feedback.items.views import ClockView, Queue, QueueRow
from feedback.people.viewer import Viewer
from portal import item_words, languages
from portal.clock_view import Track, Tracks, clock_of
from portal.languages import gettext as _
from portal.pages import Reply, Visit, render, route
from portal.staff import words
from portal.staff.words import Mark

COUNTED_UPTO = 99
"""Counts beside the views are exact up to here, then "99+"."""
PLACE_MOST = 60
FINISHED: tuple[Queue, ...] = ("answered", "closed", "void")
"""Queues of cases that nothing is asked of any more: the latest first, without groups."""


class View(Struct, frozen=True):
    """A link of the rail: one queue, with how many cases it holds (empty: not counted)."""

    label: str
    href: str
    icon: str
    count: str
    current: bool


class ViewGroup(Struct, frozen=True):
    title: str
    views: list[View]


class Option(Struct, frozen=True):
    """An option of a filter."""

    value: str
    label: str


class Filter(Struct, frozen=True):
    """A filter with what is chosen; the empty value is "all"."""

    name: str
    label: str
    options: list[Option]
    value: str


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


class Group(Struct, frozen=True):
    title: str
    """Empty in queues of finished cases."""
    rows: list[InboxRow]


class InboxPage(Struct, frozen=True, kw_only=True):
    """The inbox."""

    title: str
    about: str
    """Whose cases these are."""
    views: list[ViewGroup]
    queue: str
    filters: list[Filter]
    is_filtered: bool
    groups: list[Group]
    shown: int
    more_href: str
    """The next page; empty on the last."""
    start_href: str
    """The first page; empty on it."""
    clear_href: str
    empty_text: str
    status: str
    """What was just done; empty otherwise."""


@route("/staff/inbox", policy="desk")
def inbox(visit: Visit) -> Reply:
    """A queue of the signed-in person. An unknown queue or filter is left out, not refused."""
    viewer, city = visit.staff, visit.city
    which = queue_named(visit.query.get("queue", ""), viewer)
    department = _known(visit.query.get("department", ""), departments_of(viewer, city))
    service = _known(visit.query.get("service", ""), [service.key for service in city.service])
    kind = _known(visit.query.get("kind", ""), list(KINDS))
    after = visit.query.get("after", "")
    with visit.site.database.read() as session:
        found = find.queue(
            session,
            viewer=viewer,
            which=which,
            department=department,
            service=service,
            kind=kind,
            after=after,
        )
        counts = find.count_open(session, viewer=viewer, most=COUNTED_UPTO + 1)
    chosen = {"queue": which, "department": department, "service": service, "kind": kind}
    is_filtered = any((department, service, kind))
    page = InboxPage(
        title=queue_title(which, viewer),
        about=_about(viewer, city),
        views=_views(viewer, which, counts),
        queue=which,
        filters=_filters(viewer, city, department, service, kind),
        is_filtered=is_filtered,
        groups=_groups(visit, found.rows, which),
        shown=len(found.rows),
        more_href=_address(**chosen, after=found.after) if found.after else "",
        start_href=_address(**chosen) if after else "",
        clear_href=_address(queue=which),
        empty_text=_("No case fits what you chose.") if is_filtered else _empty(which),
        status=_("The case is handed over. It now belongs to a department that is not yours.")
        if visit.query.get("done") == "handed-over"
        else "",
    )
    return render(visit, "staff/inbox.html", page=page)


def queue_named(name: str, viewer: Viewer) -> Queue:
    """The queue of this name, or the open cases where there is no such queue for this person."""
    for known in get_args(Queue):
        if known == name and (known != "triage" or viewer.sees_all_departments):
            return known  # type: ignore[no-any-return]  # get_args forgets the type
    return "open"


def queue_title(which: Queue, viewer: Viewer) -> str:
    """What a queue is called."""
    return {
        "open": _("All open cases") if viewer.sees_all_departments else _("Open cases of the department"),
        "mine": _("My cases"),
        "triage": _("To assign"),
        "waiting": _("Waiting for the citizen"),
        "answered": _("Answered"),
        "closed": _("Closed"),
        "void": _("Set aside"),
    }[which]


def departments_of(viewer: Viewer, city: City) -> list[str]:
    """The departments whose cases a person sees, in the order of the municipality's chart."""
    return [d.key for d in city.department if viewer.sees_department(d.key)]


class Due(Struct, frozen=True):
    """The clock that a list speaks of."""

    word: str
    kind: str
    icon: str
    which: str


def due_of(clocks: tuple[ClockView, ...], tracks: Tracks, *, today: date) -> Due:
    """The nearest clock that runs, in words; else that it stands still, has ended, or never was."""
    shown = [clock for clock in clocks if clock.stopped_by != "rule"]
    running = [
        (clock.due_at, clock) for clock in shown if clock.stopped_at is None and clock.due_at is not None
    ]
    if running:
        nearest = min(running, key=lambda pair: pair[0])[1]
        track = _track(tracks, nearest.which)
        kind = "late" if track.overdue else "today" if track.due_on == today else ""
        return Due(_capital(track.state_text), kind, "alert" if kind == "late" else "clock", nearest.which)
    if any(clock.is_paused for clock in shown):
        which = "promise" if tracks.promise else "law"
        return Due(_("Paused"), "paused", "pause", which)
    if shown:
        which = "law" if tracks.law else "promise"
        track = _track(tracks, which)
        return Due(_capital(track.state_text), "late" if track.overdue else "done", "done", which)
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
    return row.responder_name or _("Nobody yet")


def _groups(visit: Visit, rows: tuple[QueueRow, ...], which: Queue) -> list[Group]:
    if not rows:
        return []
    if which in FINISHED:
        return [Group("", [row_of(visit, row, which) for row in rows])]
    titles = {
        "late": _("Overdue"),
        "today": _("Today"),
        "week": _("This week"),
        "later": _("Later"),
        "none": _("Paused or without a due day"),
    }
    found: dict[str, list[InboxRow]] = {}
    for row in rows:
        found.setdefault(_group_of(visit, row), []).append(row_of(visit, row, which))
    return [Group(title, found[key]) for key, title in titles.items() if key in found]


def _group_of(visit: Visit, row: QueueRow) -> str:
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


def _views(viewer: Viewer, which: Queue, counts: dict[str, int]) -> list[ViewGroup]:
    work: list[tuple[Queue, str, str]] = [("mine", _("Mine"), "person")]
    work.append(("open", _("All open") if viewer.sees_all_departments else _("Department"), "people"))
    if viewer.sees_all_departments:
        work.append(("triage", _("To assign"), "assign"))
    course: list[tuple[Queue, str, str]] = [
        ("waiting", _("Waiting for the citizen"), "pause"),
        ("answered", _("Answered"), "done"),
        ("closed", _("Closed"), "lock"),
        ("void", _("Set aside"), "cross"),
    ]

    def links(queues: list[tuple[Queue, str, str]]) -> list[View]:
        return [
            View(label, _address(queue=key), icon, _count(counts.get(key)), key == which)
            for key, label, icon in queues
        ]

    return [ViewGroup(_("Work"), links(work)), ViewGroup(_("Course"), links(course))]


def _count(count: int | None) -> str:
    if count is None:
        return ""
    return languages.number(count) if count <= COUNTED_UPTO else f"{COUNTED_UPTO}+"


def _filters(
    viewer: Viewer, city: City, department: str | None, service: str | None, kind: str | None
) -> list[Filter]:
    departments = departments_of(viewer, city)
    found = []
    if len(departments) > 1:
        options = [Option(key, words.department_name(city, key)) for key in departments]
        found.append(
            Filter("department", _("Department"), [Option("", _("All")), *options], department or "")
        )
    options = [Option(s.key, languages.in_language(s.name)) for s in city.service]
    found.append(Filter("service", _("Service"), [Option("", _("All")), *options], service or ""))
    options = [Option(key, item_words.kind_word(key)) for key in KINDS]
    found.append(Filter("kind", _("Kind"), [Option("", _("All")), *options], kind or ""))
    return found


def _about(viewer: Viewer, city: City) -> str:
    if viewer.sees_all_departments:
        return _("All departments")
    return ", ".join(words.department_name(city, key) for key in departments_of(viewer, city))


def _empty(which: Queue) -> str:
    return {
        "open": _("No case is open. New ones appear here as soon as they come in."),
        "mine": _("You have no open case. Cases that you take appear here."),
        "triage": _("Every case has its department."),
        "waiting": _("No question to a citizen is open."),
        "answered": _("No answered case is inside its time for a second look."),
        "closed": _(
            "No case is closed yet. An answered case is closed when the time for a second look is over."
        ),
        "void": _("Nothing was set aside."),
    }[which]


def _known(value: str, known: list[str]) -> str | None:
    return value if value in known else None


def _shortened(place: str) -> str:
    line = " ".join(place.split())
    return line if len(line) <= PLACE_MOST else line[: PLACE_MOST - 1].rstrip() + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _address(**parts: str | None) -> str:
    return "/staff/inbox?" + urlencode({name: value for name, value in parts.items() if value})
