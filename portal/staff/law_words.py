"""The law's clock in words for staff: which row rules, how its day came about, and the days that go before it.

Reads what `deadlines/reckoning.py` found and decides nothing.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.deadlines.reckoning import Reckoning, Step, reckon_round
from feedback.items import happenings, lengthen
from feedback.items.views import ItemView
from portal import languages
from portal.languages import gettext as _
from portal.languages import ngettext


class LawDay(Struct, frozen=True):
    """A day of the law beside the due day: what is to be done by then."""

    name: str
    value: str


class LawFact(Struct, frozen=True, kw_only=True):
    """The row of law behind the law's clock, and what it asks for."""

    name: str
    citation: str
    to_verify: bool
    days: list[LawDay]
    steps: list[str]
    """How the day came about, a sentence each."""
    may_lengthen: bool
    """Whether the row allows more time now, or asks for a notice."""
    asks_papers: bool
    """Whether the time would begin anew with papers that are asked for now."""


def reckon_item(item: ItemView, city: City, now: datetime) -> Reckoning:
    """The law's clock of the item's current cycle. `city` is the version of the profile that rules it."""
    cycle = item.cycle
    lines = [(entry, entry.days) for entry in item.entries if entry.cycle_id == cycle.id]
    known = happenings.round_of(cycle, lines, is_forwarded=cycle.outcome == "not_ours")
    return reckon_round(city, known, now)


def law_of(item: ItemView, city: City, now: datetime) -> LawFact | None:
    """What the law asks for; None where no law rules the item's nature."""
    found = reckon_item(item, city, now)
    if found.rule is None or item.cycle.clock("law") is None:
        return None
    return LawFact(
        name=languages.in_language(found.rule.name),
        citation=languages.in_language(found.rule.citation),
        to_verify=found.rule.verify,
        days=_days(found, now.astimezone(city.zone).date()),
        steps=[text for text in map(_sentence, found.steps) if text],
        may_lengthen=bool(lengthen.open_to(found)),
        asks_papers=found.rule.start == "complete"
        and found.remaining is not None
        and not any(wait.is_for_papers for wait in found.stood),
    )


def time_text(days: int, unit: str) -> str:
    """A length of the law in words."""
    match unit:
        case "working":
            text = ngettext("%(num)s working day", "%(num)s working days", days)
        case "months":
            text = ngettext("%(num)s month", "%(num)s months", days)
        case _:
            text = ngettext("%(num)s day", "%(num)s days", days)
    return text % {"num": days}


def _days(found: Reckoning, today: date) -> list[LawDay]:
    rule = found.rule
    assert rule is not None
    by = [
        (_("Pass it on by, if it is another authority’s"), found.forward_by),
        (_("Tell the citizen by that it was passed on"), found.tell_by),
        (_("Announce a delay by"), found.announce_by),
        (_("Tell the citizen of the extension by"), found.extension_told_by),
    ]
    days = [LawDay(name, _day_text(day, today)) for name, day in by if day is not None]
    if found.extension_left:
        days.append(LawDay(_("Can be extended by"), time_text(found.extension_left, rule.unit)))
    if found.several_days:
        days.append(
            LawDay(
                _("Longer where several departments or authorities decide, by"),
                time_text(found.several_days, rule.unit),
            )
        )
    return days


def _day_text(day: date, today: date) -> str:
    text = languages.day_long(day)
    return _("%(day)s (passed)") % {"day": text} if day < today else text


def _sentence(step: Step) -> str:
    facts = step.facts
    match step.code:
        case "counted_from":
            return _counted_from(facts["event"], facts["on"])
        case "changed":
            return _("Its nature was changed on %(day)s: another rule holds, the start is the same.") % {
                "day": languages.day_long(facts["on"])
            }
        case "time":
            return _("%(time)s: until %(day)s.") % _until(facts)
        case "several":
            return _("Several departments or authorities decide together: %(time)s more, until %(day)s.") % (
                _until(facts)
            )
        case "extended":
            return _("Extended on %(on)s by %(time)s, until %(day)s.") % {
                **_until(facts),
                "on": languages.day_long(facts["on"]),
            }
        case "stood":
            return _("We waited for the citizen, %(span)s: the whole days in between do not count.") % {
                "span": _span(facts["since"], facts["until"])
            }
        case "ran_on":
            return _("We waited for the citizen, %(span)s: the time of the law runs on.") % {
                "span": _span(facts["since"], facts["until"])
            }
        case "stands" if facts["reason"] == "papers":
            return _("Papers are missing since %(day)s. The time begins when they are here.") % {
                "day": languages.day_long(facts["since"])
            }
        case "stands":
            return _("It stands still since %(day)s, until the citizen replies.") % {
                "day": languages.day_long(facts["since"])
            }
        case "rolled":
            return _("On %(end)s nobody works here, so the last day is %(due)s.") % {
                "end": languages.day_long(facts["end"]),
                "due": languages.day_long(facts["due"]),
            }
        case "late":
            return _("Late since %(day)s.") % {"day": languages.day_long(facts["since"])}
        case "ended":
            return ""


def _counted_from(event: str, on: date) -> str:
    text = {
        "received": _("Counted from the receipt on %(day)s; that day itself does not count."),
        "second_look": _("Counted from the request for a second look on %(day)s."),
        "reopened": _("Counted from the day on which the case was opened again, %(day)s."),
        "complete": _("Counted from the day on which the file was complete, %(day)s."),
        "arrived": _("Counted from the day on which it arrived with us, %(day)s."),
    }[event]
    return text % {"day": languages.day_long(on)}


def _until(facts: dict[str, object]) -> dict[str, str]:
    days, end = facts["days"], facts["end"]
    assert isinstance(days, int)
    assert isinstance(end, date)
    return {"time": time_text(days, str(facts["unit"])), "day": languages.day_long(end)}


def _span(since: date, until: date | None) -> str:
    if until is None:
        return _("since %(day)s") % {"day": languages.day_long(since)}
    if since == until:
        return languages.day_long(since)
    return _("%(first)s to %(last)s") % {
        "first": languages.day_long(since),
        "last": languages.day_long(until),
    }
