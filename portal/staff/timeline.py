"""The timeline of an item as the desk shows it: every entry with who did it, internal ones among them.

Turns entries into words; which entries exist is the domain's (`EntryView.act`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from feedback.city.profile import City
from feedback.items.happenings import QUESTIONS
from feedback.items.views import EntryView, ItemView
from portal import item_words, languages
from portal.file_view import FileView, files_of
from portal.languages import gettext as _
from portal.staff import words
from portal.staff.marked import Piece, pieces_of
from portal.staff.words import Mark


class DeskEntry(Struct, frozen=True, kw_only=True):
    """One line of the timeline, in words."""

    anchor: str
    side: str
    """citizen, city, event or internal: the surface that it stands on"""
    who: str
    when: str
    at: str
    marks: list[Mark]
    sentence: str
    """What happened, where that is not plain from the words."""
    text: str
    """A person's own words."""
    pieces: list[Piece]
    """The same with its marks, where they are a citizen's; empty otherwise."""
    files: list[FileView]
    after: list[str]
    """What an answer adds: by when, or to whom it was forwarded."""


def entries_of(item: ItemView, *, city: City, now: datetime) -> list[DeskEntry]:
    """The whole timeline after the citizen's first words, beginning with where the item was sent."""
    return [_beginning(item, city, now), *later_entries(item, item.entries, city=city, now=now)]


def later_entries(
    item: ItemView, entries: Iterable[EntryView], *, city: City, now: datetime
) -> list[DeskEntry]:
    """Some entries of an item, in words."""
    return [_entry(item, entry, city, now) for entry in entries]


def files_address(item: ItemView) -> str:
    """Under which staff find the files of an item."""
    return f"/staff/item/{item.reference}/file"


def citizen_name(item: ItemView) -> str:
    """Who wrote: the name given, else that it is the citizen."""
    return item.contact.name if item.contact and item.contact.name else _("The citizen")


def _beginning(item: ItemView, city: City, now: datetime) -> DeskEntry:
    first = item.cycles[0]
    # Where it went at first is known only as long as nobody handed it over within the first cycle.
    if first.route == "hand_over":
        sentence = _("Received")
    else:
        reason = words.route_words(city, first.route).rstrip(".")
        if first.department is None:
            sentence = f"{reason}."
        else:
            department = words.department_name(city, first.department)
            sentence = _("Sent to %(department)s. %(reason)s.") % {"department": department, "reason": reason}
    return _line("received", "event", "", item.received_at, city, now, sentence=sentence)


def _entry(item: ItemView, entry: EntryView, city: City, now: datetime) -> DeskEntry:
    anchor, name = f"entry-{entry.id}", entry.account_name or _("The system")
    department = words.department_name(city, entry.department)
    if entry.side == "citizen":
        return _line(
            anchor,
            "citizen",
            citizen_name(item),
            entry.at,
            city,
            now,
            sentence=_citizen_act(entry.act),
            text=entry.text,
            pieces=pieces_of(item, entry.text),
            files=files_of(item, entry.id, address=files_address(item)),
        )
    if entry.side == "city":
        who = f"{department} · {name}" if entry.department else name
        seen = Mark("public", _("The citizen sees this"))
        if entry.answer is None:
            marks = [Mark("question", _("Question")), seen] if entry.act in QUESTIONS else [seen]
            sentence = _about_time(entry)
            return _line(
                anchor, "city", who, entry.at, city, now, marks=marks, sentence=sentence, text=entry.text
            )
        outcome = Mark(entry.answer.outcome, item_words.outcome_word(entry.answer.outcome))
        return _line(
            anchor,
            "city",
            who,
            entry.at,
            city,
            now,
            marks=[outcome, seen],
            text=entry.answer.text,
            after=_after(entry),
        )
    if entry.side == "internal":
        marks = [Mark("internal", _("Internal"))]
        sentence = {
            "void": _("Set aside"),
            "unvoid": _("Taken back into the queue"),
            "released": _("Released: it is no spam"),
            "sent_again": _("An e-mail that had not arrived was sent again"),
            "restricted": _("Restricted: the heads of %(department)s name who may see it")
            % {"department": department},
            "lifted": _("No longer restricted"),
            "urgent": _("Marked as urgent"),
            "not_urgent": _("No longer marked as urgent"),
        }.get(entry.act, "")
        return _line(
            anchor, "internal", name, entry.at, city, now, marks=marks, sentence=sentence, text=entry.text
        )
    facts = {"name": name, "department": department}
    sentence = {
        "taken": _("%(name)s took it") % facts,
        "handed_over": _("%(name)s handed it over to %(department)s") % facts,
        "resumed": _("%(name)s went on without the reply") % facts,
        "reopened": _("%(name)s reopened it") % facts,
        "reclassified": _("%(name)s changed the legal nature") % facts,
    }.get(entry.act, "")
    return _line(anchor, "event", "", entry.at, city, now, sentence=sentence, text=entry.text)


def _about_time(entry: EntryView) -> str:
    """What a line says of the law's time; empty where it says nothing of it."""
    return {
        "extended": _("The time of the law is extended"),
        "several": _("Several departments or authorities decide: the time of the law is longer"),
        "announced": _("A delay is announced"),
        "papers": _("Papers are missing: the file is not complete without the reply"),
    }.get(entry.act, "")


def _citizen_act(act: str) -> str:
    return {
        "withdrawn": _("The citizen has withdrawn the case."),
        "second_look": _("The citizen asks for a second look."),
    }.get(act, "")


def _after(entry: EntryView) -> list[str]:
    assert entry.answer is not None
    found = []
    if entry.answer.planned_on is not None:
        found.append(_("It will be done by %(day)s.") % {"day": languages.day_by(entry.answer.planned_on)})
    if entry.answer.forwarded_to:
        found.append(_("Forwarded to: %(name)s") % {"name": entry.answer.forwarded_to})
    return found


def _line(
    anchor: str,
    side: str,
    who: str,
    at: datetime,
    city: City,
    now: datetime,
    *,
    marks: list[Mark] | None = None,
    sentence: str = "",
    text: str = "",
    pieces: list[Piece] | None = None,
    files: list[FileView] | None = None,
    after: list[str] | None = None,
) -> DeskEntry:
    return DeskEntry(
        anchor=anchor,
        side=side,
        who=who,
        when=languages.moment(at, city.zone, now),
        at=at.isoformat(),
        marks=marks or [],
        sentence=sentence,
        text=text,
        pieces=pieces or [],
        files=files or [],
        after=after or [],
    )
