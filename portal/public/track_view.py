"""What the page of a case shows its sender: words, timeline, clocks and what can be done now.

Reads the item's view and turns it into words; decides nothing. Staff are never named.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct, structs
from sqlmodel import Session

from feedback.city.profile import City, Department, Oversight
from feedback.deadlines.working_days import days_of
from feedback.items.happenings import QUESTIONS
from feedback.items.lifecycle import RUNNING, may, may_add_words
from feedback.items.views import CycleView, EntryView, ItemView
from feedback.satisfaction import respond
from portal import languages
from portal.clock_view import Tracks, clock_of, is_overdue
from portal.file_view import FileView, files_of
from portal.item_words import kind_word, outcome_word, state_word, title_of
from portal.languages import gettext as _
from portal.public.receipt import readers_of
from portal.public.standing import Standing, standing_of

_STATE_ICONS = {
    "received": "inbox",
    "open": "person",
    "waiting": "pause",
    "answered": "done",
    "closed": "lock",
    "withdrawn": "withdraw",
    "merged": "merge",
    "void": "cross",
}


class Line(Struct, frozen=True, kw_only=True):
    """One line of the timeline."""

    id: int
    """0 for what no entry stands for: the text itself, and where it was sent."""
    side: str
    """citizen, city or event"""
    who: str
    when: str
    at: str
    """The same moment as ISO text."""
    text: str = ""
    sentence: str = ""
    """What happened, for an event."""
    tag: str = ""
    tag_text: str = ""
    files: list[FileView] = []
    after: str = ""
    """The day of what is planned, or who it was forwarded to."""


class CaseView(Struct, frozen=True, kw_only=True):
    """A case as its sender sees it."""

    reference: str
    language: str
    """In which its sender wrote and the city answers: that of the words, whatever the page speaks."""
    kind: str
    service: str
    title: str
    state: str
    state_text: str
    state_icon: str
    state_detail: str
    late_text: str
    """ "We are late …", or empty."""
    tracks: Tracks
    pause_note: str
    has_law: bool
    lines: list[Line]
    question: Line | None
    """The open question, which comes first."""
    department: Department | None
    standing: Standing
    second_look_until: date | None
    """Until when a second look may be asked for; None when it can't."""
    may_add: bool
    may_withdraw: bool
    is_survey_open: bool
    survey_on: date | None
    """When the survey comes, where it is still to come."""
    readers: str
    """Who alone reads it, where it is restricted; empty otherwise."""
    oversight: tuple[Oversight, ...]


def case_view(session: Session, item: ItemView, *, city: City, now: datetime, files_address: str) -> CaseView:
    """The case with everything that its page shows. `city` is the profile that rules the current cycle."""
    cycle = item.cycle
    service = city.services.get(cycle.service or "")
    service_name = languages.in_language(service.name) if service else ""
    lines = _lines(item, city, now, files_address)
    questions = [line for line in lines if line.tag == "question"]
    is_open = respond.find_open_for_item(session, item_id=item.id, now=now) is not None
    return CaseView(
        reference=item.reference,
        language=languages.tag_of(item.language),
        kind=kind_word(item.kind),
        service=service_name,
        title=title_of(item.text, otherwise=service_name or kind_word(item.kind)),
        state=item.state,
        state_text=_state_text(item),
        state_icon=_STATE_ICONS[item.state],
        state_detail=_state_detail(item, city),
        late_text=_late_text(item, city, now),
        tracks=clock_of(cycle.clocks, city=city, now=now),
        pause_note=_pause_note(cycle, city, now),
        has_law=cycle.clock("law") is not None,
        lines=lines,
        question=questions[-1] if item.state == "waiting" and questions else None,
        department=city.departments.get(cycle.department or ""),
        standing=standing_of(item, city, now),
        second_look_until=_second_look_until(item, city, now),
        may_add=may_add_words(item.state),
        may_withdraw=may(item.state, "withdraw"),
        is_survey_open=is_open,
        survey_on=None if is_open else _survey_on(item, city, now),
        readers=readers_of(item, city),
        oversight=city.identity.oversight,
    )


# ── where it stands ─────────────────────────────────────────────────────────────────────────────────────────


def _state_text(item: ItemView) -> str:
    word = state_word(item.state)
    if item.state == "answered" and item.cycle.outcome:
        return _("%(state)s: %(outcome)s") % {
            "state": word,
            "outcome": outcome_word(item.cycle.outcome).lower(),
        }
    return word


def _state_detail(item: ItemView, city: City) -> str:
    cycle = item.cycle
    department = _department(cycle.department, city)
    if item.state == "received" and cycle.number > 1:
        return _("We are looking at it again. %(department)s has it.") % {"department": department}
    if item.state == "received" and not cycle.department and item.restricted:
        return _("It has no department yet.")
    if item.state == "received" and not cycle.department:
        return _("A clerk reads it and assigns the department.")
    if item.state == "received":
        return _("%(department)s has it.") % {"department": department}
    if item.state == "open":
        return _("%(department)s is working on it.") % {"department": department}
    if item.state == "waiting":
        return _("We need one thing from you to go on.")
    if item.state in ("answered", "closed") and cycle.answered_on:
        return _("Answered on %(day)s") % {"day": languages.day_long(cycle.answered_on)}
    if item.state == "void":
        return _("We took it for spam or a test. Call us if that is wrong.")
    return ""


def _late_text(item: ItemView, city: City, now: datetime) -> str:
    """The law's day where it has passed unanswered, else the promise's."""
    today = now.astimezone(city.zone).date()
    for which in ("law", "promise"):
        clock = item.cycle.clock(which)
        if (
            item.state in RUNNING
            and clock is not None
            and clock.due_on is not None
            and is_overdue(clock, zone_day=today, now=now)
        ):
            return _("We are late. The answer was due on %(day)s.") % {
                "day": languages.day_near(clock.due_on, today)
            }
    return ""


def _pause_note(cycle: CycleView, city: City, now: datetime) -> str:
    """What the stripes of the clock mean, and which of the two dates moved."""
    clock = cycle.clock("promise") or cycle.clock("law")
    pauses = clock.pauses if clock else ()
    if not pauses:
        return ""
    days = ", ".join(_days_text(pause.since, pause.until, city, now) for pause in pauses)
    law = cycle.clock("law")
    if cycle.clock("promise") is None or (law is not None and law.pauses):
        return _("Striped: we waited for you (%(days)s). That time does not count.") % {"days": days}
    if law is None:
        return _("Striped: we waited for you (%(days)s). That time does not count for our promise.") % {
            "days": days
        }
    return _(
        "Striped: we waited for you (%(days)s). That time does not count for our promise; "
        "the deadline set by law runs on."
    ) % {"days": days}


def _days_text(since: datetime, until: datetime | None, city: City, now: datetime) -> str:
    today = now.astimezone(city.zone).date()
    first = languages.day_near(since.astimezone(city.zone).date(), today)
    if until is None:
        return _("since %(day)s") % {"day": first}
    last = languages.day_near(until.astimezone(city.zone).date(), today)
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def _second_look_until(item: ItemView, city: City, now: datetime) -> date | None:
    until = item.cycle.second_look_until
    if not may(item.state, "second_look") or until is None:
        return None
    return until if now.astimezone(city.zone).date() <= until else None


def _survey_on(item: ItemView, city: City, now: datetime) -> date | None:
    """The day on which the survey is sent, by the city's rule, while that day is still to come."""
    if item.state != "answered" or item.cycle.answered_on is None:
        return None
    day = days_of(city.calendar).add_working(item.cycle.answered_on, city.survey.delay_working_days)
    return day if day > now.astimezone(city.zone).date() else None


# ── the timeline ────────────────────────────────────────────────────────────────────────────────────────────


def _lines(item: ItemView, city: City, now: datetime, files_address: str) -> list[Line]:
    """The text first, then where it was sent, then the entries in their order (`find` left the internal ones out)."""
    when = _Moments(city, now)
    found = [_line(0, "citizen", when, item.received_at, who=_("You"), text=item.text)]
    first = item.cycles[0]
    handed_over = {entry.cycle_id for entry in item.entries if entry.act == "handed_over"}
    if first.department and first.id not in handed_over:
        sentence = _("Sent to %(department)s") % {"department": _department(first.department, city)}
        found.append(_line(0, "event", when, item.received_at, sentence=sentence))
    found += [_entry(entry, city, when) for entry in item.entries]
    if not item.attachments:
        return found
    # The first line is the item's own words; its files belong to no entry.
    keys = [None, *(line.id for line in found[1:])]
    return [
        structs.replace(line, files=files_of(item, key, address=files_address))
        for key, line in zip(keys, found, strict=True)
    ]


def _entry(entry: EntryView, city: City, when: _Moments) -> Line:
    department = _department(entry.department, city)
    if entry.answer is not None:
        return _line(
            entry.id,
            "city",
            when,
            entry.at,
            who=department,
            text=entry.answer.text,
            tag=entry.answer.outcome,
            tag_text=outcome_word(entry.answer.outcome),
            after=_after(entry),
        )
    if entry.act in QUESTIONS:
        return _line(
            entry.id,
            "city",
            when,
            entry.at,
            who=department,
            text=entry.text,
            tag="question",
            tag_text=_("Papers are missing") if entry.act == "papers" else _("Question to you"),
        )
    if entry.act in ("extended", "several", "announced"):
        sentence = {
            "extended": _("We need more time: the deadline set by law is extended"),
            "several": _(
                "Several departments or authorities decide together: the deadline set by law is later"
            ),
            "announced": _("Our answer will come later than the deadline set by law"),
        }[entry.act]
        return _line(entry.id, "event", when, entry.at, sentence=sentence, text=entry.text)
    if entry.act in ("reply", "addition"):
        return _line(entry.id, "citizen", when, entry.at, who=_("You"), text=entry.text)
    if entry.act == "second_look":
        return _line(
            entry.id, "citizen", when, entry.at, who=_("You asked for a second look"), text=entry.text
        )
    sentence = {
        "taken": _("%(department)s has started work on it"),
        "handed_over": _("Handed over to %(department)s"),
        "resumed": _("%(department)s goes on without your reply"),
        "reopened": _("%(department)s takes the case up again"),
        "reclassified": _("Another rule of law holds for the case now"),
        "withdrawn": _("You have withdrawn the case"),
    }[entry.act] % {"department": department}
    return _line(entry.id, "event", when, entry.at, sentence=sentence, text=entry.text)


def _after(entry: EntryView) -> str:
    assert entry.answer is not None
    if entry.answer.planned_on is not None:
        return _("It will be done by %(day)s.") % {"day": languages.day_by(entry.answer.planned_on)}
    if entry.answer.forwarded_to:
        return _("Forwarded to: %(authority)s") % {"authority": entry.answer.forwarded_to}
    return ""


def _line(
    key: int,
    side: str,
    when: _Moments,
    at: datetime,
    *,
    who: str = "",
    text: str = "",
    sentence: str = "",
    tag: str = "",
    tag_text: str = "",
    after: str = "",
) -> Line:
    return Line(
        id=key,
        side=side,
        who=who,
        when=when.text(at),
        at=at.replace(microsecond=0).isoformat(),
        text=text,
        sentence=sentence,
        tag=tag,
        tag_text=tag_text,
        after=after,
    )


class _Moments(Struct, frozen=True):
    """Moments in the city's zone; with the year where it is not the present one."""

    city: City
    now: datetime

    def text(self, at: datetime) -> str:
        return languages.moment(at, self.city.zone, self.now)


def _department(key: str | None, city: City) -> str:
    """The department's name; the municipality where an entry names none, or one that is gone."""
    found = city.departments.get(key or "")
    return languages.in_language(found.name if found else city.identity.name)
