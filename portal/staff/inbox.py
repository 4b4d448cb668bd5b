"""The inbox: the cases of a queue, the nearest due first, in groups by their due day.

Which cases a person sees, and in which order, is decided by `feedback/items/queues.py`; here they get words.
"""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from feedback.city.part import KINDS
from feedback.city.profile import City
from feedback.items import queues, undelivered
from feedback.items.views import Queue, QueueRow
from feedback.people.viewer import Viewer
from portal import item_words, languages
from portal.languages import gettext as _
from portal.pages import Reply, Visit, render, route
from portal.staff import rows, words
from portal.staff.rows import Lister
from portal.staff.words import Option

CLERKS_OWN = frozenset(("triage", "held"))
"""Queues that stand before a department."""
COUNTED_UPTO = 99
"""Counts beside the views are exact up to here, then "99+"."""


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


class Filter(Struct, frozen=True):
    """A filter that shows what is chosen; the empty value is "all"."""

    name: str
    label: str
    options: list[Option]
    value: str


class Group(Struct, frozen=True):
    title: str
    """Empty in lists of finished cases."""
    count: str
    """How many cases it holds; empty where it goes on on another page."""
    rows: list[Markup]


class InboxPage(Struct, frozen=True, kw_only=True):
    """The inbox."""

    title: str
    about: str
    """Whose cases these are."""
    views: list[ViewGroup]
    queue: str
    filters: Markup
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
    department = _known(visit.query.get("department", ""), rows.departments_of(viewer, city))
    service = _known(visit.query.get("service", ""), [service.key for service in city.service])
    kind = _known(visit.query.get("kind", ""), list(KINDS))
    after = visit.query.get("after", "")
    with visit.site.database.read() as session:
        found = queues.queue(
            session,
            viewer=viewer,
            which=which,
            department=department,
            service=service,
            kind=kind,
            after=after,
        )
        counts = queues.count_open(session, viewer=viewer, most=COUNTED_UPTO + 1)
        has_lost = undelivered.has_any(session, viewer, now=visit.now)
    chosen = {"queue": which, "department": department, "service": service, "kind": kind}
    is_filtered = any((department, service, kind))
    lister = Lister(visit, which)
    groups = _groups(lister, found.rows, which, is_begun=bool(after), has_more=bool(found.after))
    page = InboxPage(
        title=queue_title(which, viewer),
        about=_about(viewer, city),
        views=_views(viewer, which, counts, has_lost=has_lost),
        queue=which,
        filters=_drawn_filters(visit, department, service, kind),
        is_filtered=is_filtered,
        groups=groups,
        shown=len(found.rows),
        more_href=_address(**chosen, after=found.after) if found.after else "",
        start_href=_address(**chosen) if after else "",
        clear_href=_address(queue=which),
        empty_text=_("No case fits what you chose.") if is_filtered else _empty(which),
        status=_done_words(visit.query.get("done", ""), viewer),
    )
    return render(visit, "staff/inbox.html", page=page)


def _done_words(done: str, viewer: Viewer) -> str:
    """What was just done with a case that this person sees no more; empty for what is no deed of ours."""
    if done == "handed-over" and viewer.sees_all_departments:
        return _("The case is handed over. Only those who are named for it see it now.")
    return {
        "handed-over": _("The case is handed over. It now belongs to a department that is not yours."),
        "restricted": _("The case is restricted. Only those who are named for it see it now."),
        "lifted": _("The case is no longer restricted. It belongs to a department that is not yours."),
        "unnamed": _("You are no longer named for the case."),
    }.get(done, "")


def queue_named(name: str, viewer: Viewer) -> Queue:
    """The queue of this name, or the open cases where there is no such queue for this person."""
    for known in get_args(Queue):
        if known == name and (known not in CLERKS_OWN or viewer.sees_all_departments):
            return known  # type: ignore[no-any-return]  # get_args forgets the type
    return "open"


def queue_title(which: Queue, viewer: Viewer) -> str:
    """What a queue is called."""
    return {
        "open": _("All open cases") if viewer.sees_all_departments else _("Open cases of the department"),
        "mine": _("My cases"),
        "triage": _("Cases to assign"),
        "held": _("Held messages"),
        "restricted": _("Restricted cases"),
        "waiting": _("Cases that wait for the citizen"),
        "answered": _("Answered cases"),
        "closed": _("Closed cases"),
        "void": _("Cases set aside"),
    }[which]


def _groups(
    lister: Lister, found: tuple[QueueRow, ...], which: Queue, *, is_begun: bool, has_more: bool
) -> list[Group]:
    """The rows under their headings; a group that may go on on another page has no number."""
    if not found:
        return []
    if which in queues.BY_ROUND:
        return [Group("", "", [lister.line(row) for row in found])]
    titles = {
        "urgent": _("Urgent"),
        "late": _("Overdue"),
        "today": _("Today"),
        "week": _("This week"),
        "later": _("Later"),
        "none": _("Paused or without a due day"),
    }
    grouped: dict[str, list[Markup]] = {}
    for row in found:
        grouped.setdefault(lister.group(row), []).append(lister.line(row))
    shown = [key for key in titles if key in grouped]
    cut = {shown[0]} if is_begun else set()
    cut |= {shown[-1]} if has_more else set()
    return [
        Group(titles[key], "" if key in cut else languages.number(len(grouped[key])), grouped[key])
        for key in shown
    ]


def _views(viewer: Viewer, which: Queue, counts: dict[str, int], *, has_lost: bool) -> list[ViewGroup]:
    work: list[tuple[Queue, str, str]] = [("mine", _("Mine"), "person")]
    work.append(("open", _("All open") if viewer.sees_all_departments else _("Department"), "people"))
    if viewer.sees_all_departments:
        work.append(("triage", _("To assign"), "assign"))
        work.append(("held", _("Held"), "eye"))
    if counts["restricted"] or which == "restricted":
        work.append(("restricted", _("Restricted"), "lock"))
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

    in_work = links(work)
    if has_lost:
        in_work.append(View(_("Undelivered e-mails"), "/staff/undelivered", "mail", "", False))
    return [ViewGroup(_("Work"), in_work), ViewGroup(_("By state"), links(course))]


def _count(count: int | None) -> str:
    if count is None:
        return ""
    return languages.number(count) if count <= COUNTED_UPTO else f"{COUNTED_UPTO}+"


def _drawn_filters(visit: Visit, department: str | None, service: str | None, kind: str | None) -> Markup:
    """The filters as the page shows them; those who see the same departments share them."""
    viewer, city = visit.staff, visit.city
    speech = languages.current()
    key = (
        "filters",
        visit.ruling.version_id if visit.ruling else 0,
        speech,
        languages.catalogue(speech),
        tuple(rows.departments_of(viewer, city)),
        department,
        service,
        kind,
    )
    macros: Any = visit.site.templates.get_template("macros/inbox.html").module
    return visit.site.frames.get(
        key, lambda: Markup(macros.narrow(_filters(viewer, city, department, service, kind)))
    )


def _filters(
    viewer: Viewer, city: City, department: str | None, service: str | None, kind: str | None
) -> list[Filter]:
    departments = rows.departments_of(viewer, city)
    found = []
    if len(departments) > 1:
        options = [Option(key, words.department_name(city, key)) for key in departments]
        found.append(
            Filter(
                "department", _("Department"), [Option("", _("All departments")), *options], department or ""
            )
        )
    options = [Option(s.key, languages.in_language(s.name)) for s in city.service]
    found.append(Filter("service", _("Service"), [Option("", _("All services")), *options], service or ""))
    options = [Option(key, item_words.kind_word(key)) for key in KINDS]
    found.append(Filter("kind", _("Kind"), [Option("", _("All kinds")), *options], kind or ""))
    return found


def _about(viewer: Viewer, city: City) -> str:
    if viewer.sees_all_departments:
        return _("All departments")
    return ", ".join(words.department_name(city, key) for key in rows.departments_of(viewer, city))


def _empty(which: Queue) -> str:
    return {
        "open": _("No case is open. New ones appear here as soon as they come in."),
        "mine": _("You have no open case. Cases that you take appear here."),
        "triage": _("Every case has its department."),
        "held": _("No message is held. What looks like spam appears here, before a department gets it."),
        "restricted": _("No restricted case is open for which you are named."),
        "waiting": _("No question to a citizen is open."),
        "answered": _("No answered case is still within the time for a second look."),
        "closed": _(
            "No case is closed yet. An answered case is closed when the time for a second look is over."
        ),
        "void": _("Nothing was set aside."),
    }[which]


def _known(value: str, known: list[str]) -> str | None:
    return value if value in known else None


def _address(**parts: str | None) -> str:
    return "/staff/inbox?" + urlencode({name: value for name, value in parts.items() if value})
