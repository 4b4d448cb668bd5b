"""The law's clock worked out from events: the rows of both cities and of the European code, day by day.

Each date stands with its weekday beside it, so that a reader can follow the count on a calendar.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from feedback.city.load import EUROPEAN_CODE, read_folder
from feedback.city.profile import City
from feedback.deadlines.events import Event, Kind, Round, advance, replay
from feedback.deadlines.reckoning import Reckoning, reckon
from portal.settings import CITIES

HERAKLION, KAUNAS = read_folder(CITIES / "heraklion"), read_folder(CITIES / "kaunas")
RIVERTON = read_folder(Path(__file__).parents[2] / "cities" / "riverton")


def at(city: City, text: str) -> datetime:
    """A moment of the city's own clock; noon where only a day is given."""
    local = datetime.fromisoformat(text if " " in text else f"{text} 12:00")
    return local.replace(tzinfo=city.zone).astimezone(UTC)


def reckoned(
    city: City, nature: str, received: str, *later: tuple[Kind, str] | tuple[Kind, str, int], now: str = ""
) -> Reckoning:
    """The clock of a case received then, to which these things happened; looked at when the last of them happened."""
    events = [Event("received", at(city, received), nature=nature)]
    for kind, when, *days in later:
        events.append(Event(kind, at(city, when), nature=nature, days=days[0] if days else 0))
    return reckon(city, events, at(city, now) if now else events[-1].at)


def day(text: str) -> date:
    return date.fromisoformat(text)


def codes(found: Reckoning) -> list[str]:
    return [step.code for step in found.steps]


@pytest.mark.parametrize(
    ("city", "nature", "received", "due"),
    [
        # The dates of the standards note, each by the row that it belongs to.
        (
            KAUNAS,
            "service_request",
            "2026-12-10",
            "2027-01-12",
        ),  # Thursday → Tuesday, over Christmas and New Year
        (
            KAUNAS,
            "complaint_act",
            "2026-03-30",
            "2026-04-28",
        ),  # Monday → Tuesday, over Easter Monday, 6 April
        (HERAKLION, "question", "2026-02-19", "2026-04-14"),  # Thursday → Good Friday, 10 April → Tuesday
        (HERAKLION, "service_request", "2026-11-05", "2026-12-28"),  # Thursday → Friday, 25 December → Monday
        # Other lengths.
        (HERAKLION, "document_request", "2026-11-02", "2026-11-23"),  # Monday, 20 days → Sunday → Monday
        (HERAKLION, "accessibility_request", "2026-10-19", "2026-11-18"),  # Monday, 30 days → Wednesday
        (
            HERAKLION,
            "open_data_request",
            "2026-11-02",
            "2026-12-01",
        ),  # Monday, 20 working days, without 11 November
        (
            KAUNAS,
            "document_request",
            "2026-11-02",
            "2026-11-30",
        ),  # Monday (All Souls’), 20 working days → Monday
        (
            HERAKLION,
            "data_subject_request",
            "2026-01-31",
            "2026-03-02",
        ),  # Saturday → Saturday, 28 Feb → Monday
        (HERAKLION, "data_subject_request", "2028-01-31", "2028-02-29"),  # Monday → Tuesday, 29 February
        (KAUNAS, "data_subject_request", "2026-11-25", "2026-12-28"),  # Wednesday → Friday, 25 Dec → Monday
        # The end of the year, and 29 February counted as a day.
        (HERAKLION, "service_request", "2026-11-12", "2027-01-04"),  # Thursday, → Friday, 1 January → Monday
        (HERAKLION, "service_request", "2028-01-11", "2028-03-01"),  # Tuesday → Wednesday, over 29 February
        (HERAKLION, "service_request", "2027-01-11", "2027-03-02"),  # Monday → Tuesday, no 29 February
    ],
)
def test_a_case_is_due_on_the_day_of_the_fixture(city: City, nature: str, received: str, due: str) -> None:
    found = reckoned(city, nature, received)
    assert found.due_on == day(due)
    assert found.started_on == day(received)


def test_several_departments_make_it_ten_days_longer_in_greece() -> None:
    # Thursday 2 April 2026: 50 days end on Friday 22 May, 60 on Monday 1 June, the Monday of the Holy Spirit.
    assert reckoned(HERAKLION, "service_request", "2026-04-02").due_on == day("2026-05-22")
    found = reckoned(HERAKLION, "service_request", "2026-04-02", ("several", "2026-04-20"))
    assert found.due_on == day("2026-06-02")  # Tuesday
    assert (found.longer, found.several_days) == (10, 0)
    assert codes(found) == ["counted_from", "time", "several", "rolled"]
    rolled = found.steps[-1].facts
    assert (rolled["end"], rolled["why"], rolled["due"]) == (day("2026-06-01"), "holiday", day("2026-06-02"))
    # Twice is once, and what is said when the time is over changes nothing.
    again = reckoned(
        HERAKLION, "service_request", "2026-04-02", ("several", "2026-04-20"), ("several", "2026-05-01")
    )
    assert again.due_on == day("2026-06-02")
    too_late = reckoned(HERAKLION, "service_request", "2026-04-02", ("several", "2026-05-23"))
    assert (too_late.due_on, too_late.overdue_since) == (day("2026-05-22"), day("2026-05-23"))


@pytest.mark.parametrize(
    ("city", "nature", "received", "forward_by"),
    [
        (KAUNAS, "service_request", "2026-12-22", "2026-12-31"),  # Tuesday, 5 working days → Thursday
        (HERAKLION, "service_request", "2026-11-02", "2026-11-05"),  # Monday, 3 days → Thursday
        (
            HERAKLION,
            "service_request",
            "2026-11-05",
            "2026-11-06",
        ),  # Thursday, 3 days → Sunday: Friday before it
        # Good Friday 10 April: three days end on Easter Monday, and on none of them anybody works: Tuesday.
        (HERAKLION, "service_request", "2026-04-10", "2026-04-14"),
        (HERAKLION, "accessibility_request", "2026-11-04", "2026-11-09"),  # Wednesday, 5 days → Monday
        (HERAKLION, "document_request", "2026-11-02", None),
    ],
)
def test_a_case_of_another_authority_is_passed_on_in_time(
    city: City, nature: str, received: str, forward_by: str | None
) -> None:
    assert reckoned(city, nature, received).forward_by == (day(forward_by) if forward_by else None)


def test_who_sent_it_is_told_that_it_was_passed_on() -> None:
    forwarded = reckoned(KAUNAS, "service_request", "2026-12-14", ("forwarded", "2026-12-22"))
    assert (forwarded.tell_by, forwarded.forward_by) == (day("2026-12-29"), None)  # Tuesday, 3 working days
    assert codes(forwarded)[-1] == "ended"
    told = reckoned(
        KAUNAS, "service_request", "2026-12-14", ("forwarded", "2026-12-22"), ("told", "2026-12-22 12:01")
    )
    assert told.tell_by is None


@pytest.mark.parametrize(
    ("received", "announce_by"),
    [
        ("2026-11-02", "2026-12-17"),  # Monday; ends on Tuesday 22 December; five days before: Thursday
        # Ends on Good Friday 10 April; five days before is Sunday the 5th: Friday the 3rd, not counted from the 14th.
        ("2026-02-19", "2026-04-03"),
        ("2026-11-05", "2026-12-18"),  # Ends on Friday 25 December; Sunday the 20th: Friday the 18th
    ],
)
def test_a_delay_is_announced_five_days_before_the_end(received: str, announce_by: str) -> None:
    assert reckoned(HERAKLION, "service_request", received).announce_by == day(announce_by)
    done = reckoned(HERAKLION, "service_request", received, ("announced", received))
    assert done.announce_by is None
    assert done.due_on == reckoned(HERAKLION, "service_request", received).due_on  # A notice is no extension.


def test_an_extension_has_a_cap_and_its_notice_a_last_day() -> None:
    # A complaint of Thursday 10 December 2026 is due on Tuesday 12 January 2027; at most ten working days more.
    found = reckoned(KAUNAS, "complaint_service", "2026-12-10", ("extended", "2027-01-11", 10))
    assert found.due_on == day("2027-01-26")  # Tuesday
    assert (found.longer, found.extension_left) == (10, 0)
    assert found.extension_told_by == day("2027-01-13")  # Wednesday: two working days after Monday
    more = reckoned(KAUNAS, "complaint_service", "2026-12-10", ("extended", "2026-12-11", 99))
    assert (more.due_on, more.longer) == (day("2027-01-26"), 10)
    # A request: twenty, in two steps; the person is told on the next working day.
    steps: tuple[tuple[Kind, str, int], ...] = (("extended", "2026-12-11", 5), ("extended", "2026-12-14", 15))
    request = reckoned(KAUNAS, "service_request", "2026-12-10", *steps)
    assert (request.due_on, request.longer, request.extension_left) == (day("2027-02-09"), 20, 0)  # Tuesday
    assert request.extension_told_by == day("2026-12-15")
    # On the day after the due day it is late, and an extension comes too late.
    late = reckoned(KAUNAS, "complaint_service", "2026-12-10", ("extended", "2027-01-13 00:00", 10))
    assert (late.longer, late.overdue_since) == (0, day("2027-01-13"))
    assert reckoned(HERAKLION, "service_request", "2026-11-02").extension_left == 0
    months = reckoned(KAUNAS, "data_subject_request", "2026-11-30", ("extended", "2026-12-01", 2))
    assert months.due_on == day("2027-03-01")  # 28 February is the last of its month and a Sunday: Monday


def test_the_time_in_greece_begins_when_the_file_is_complete() -> None:
    missing = reckoned(
        HERAKLION, "statutory_request", "2026-11-02", ("incomplete", "2026-11-03"), now="2026-11-09"
    )
    assert (missing.due_on, missing.due_at, missing.standing) == (None, None, "papers")
    assert codes(missing) == ["counted_from", "stands"]
    # Complete on Tuesday 10 November: 50 days end on Wednesday 30 December, as if it had been lodged that day.
    events: tuple[tuple[Kind, str], ...] = (("incomplete", "2026-11-03"), ("complete", "2026-11-10"))
    whole = reckoned(HERAKLION, "statutory_request", "2026-11-02", *events)
    assert whole.due_on == day("2026-12-30") == reckoned(HERAKLION, "statutory_request", "2026-11-10").due_on
    assert whole.steps[0].facts == {"event": "complete", "on": day("2026-11-10")}
    # What is asked for after that is a question: the time runs on.
    later: tuple[tuple[Kind, str], ...] = (("incomplete", "2026-11-20"), ("complete", "2026-12-20"))
    again = reckoned(HERAKLION, "statutory_request", "2026-11-02", *events, *later)
    assert again.due_on == day("2026-12-30")
    assert "ran_on" in codes(again)
    # Asked for when the answer was late already, papers put nothing off: due on Tuesday 22 December, asked on the 23rd.
    too_late = reckoned(
        HERAKLION, "statutory_request", "2026-11-02", ("incomplete", "2026-12-23"), now="2026-12-28"
    )
    assert (too_late.due_on, too_late.overdue_since) == (day("2026-12-22"), day("2026-12-23"))
    # In Lithuania the receipt counts, whatever was missing.
    assert reckoned(KAUNAS, "statutory_request", "2026-11-03", *events[1:]).due_on == day("2026-12-01")


def test_the_time_begins_when_it_arrived_with_whom_it_is_for() -> None:
    # Another authority had it on Monday 2 November and sent it on; it arrived here on Friday the 6th.
    found = reckoned(HERAKLION, "service_request", "2026-11-02", ("arrived", "2026-11-06"))
    assert (found.started_on, found.due_on) == (
        day("2026-11-06"),
        day("2026-12-28"),
    )  # Saturday, 26 Dec → Monday
    inside = reckoned(HERAKLION, "service_request", "2026-11-02", ("handed_over", "2026-11-06"))
    assert (inside.started_on, inside.due_on) == (day("2026-11-02"), day("2026-12-22"))  # Tuesday
    assert reckoned(KAUNAS, "question", "2026-11-03", ("arrived", "2026-11-06")).started_on == day(
        "2026-11-03"
    )


def test_a_question_stops_the_clock_only_where_the_row_says_so() -> None:
    waited: tuple[tuple[Kind, str], ...] = (("waiting", "2026-11-03"), ("resumed", "2026-11-06"))
    # Riverton's questions: Monday 2 November, 20 working days end on Monday the 30th; two whole days are left out.
    found = reckoned(RIVERTON, "question", "2026-11-02", *waited)
    assert found.due_on == day("2026-12-02")  # Wednesday
    assert codes(found) == ["counted_from", "time", "stood"]
    still = reckoned(RIVERTON, "question", "2026-11-02", ("waiting", "2026-11-03"), now="2026-11-06 15:00")
    assert (still.due_on, still.standing, still.due_if_resumed) == (None, "citizen", day("2026-12-02"))
    late = reckoned(RIVERTON, "question", "2026-11-02", ("waiting", "2026-12-01"), now="2026-12-24")
    assert (late.due_on, late.standing, late.overdue_since) == (day("2026-11-30"), "", day("2026-12-01"))
    runs_on = reckoned(HERAKLION, "question", "2026-11-02", *waited)
    assert runs_on.due_on == reckoned(HERAKLION, "question", "2026-11-02").due_on
    assert codes(runs_on) == ["counted_from", "time", "ran_on"]


def test_another_nature_changes_the_rule_and_never_the_start() -> None:
    received = Event("received", at(KAUNAS, "2026-12-10"), nature="idea")
    idea = reckon(KAUNAS, [received], received.at)
    assert (idea.rule, idea.due_on, idea.started_on) == (None, None, day("2026-12-10"))
    changed = Event("reclassified", at(KAUNAS, "2027-01-20"), nature="statutory_request")
    found = reckon(KAUNAS, [received, changed], changed.at)
    assert (found.started_on, found.due_on) == (day("2026-12-10"), day("2027-01-12"))
    assert found.overdue_since == day("2027-01-13")  # Late from the moment on which it was understood.
    # An extension keeps to the cap of the row that rules now.
    extended = Event("extended", at(KAUNAS, "2026-12-11"), days=20)
    complaint = Event("reclassified", at(KAUNAS, "2026-12-14"), nature="complaint_act")
    capped = reckon(KAUNAS, [replace(received, nature="question"), extended, complaint], complaint.at)
    assert (capped.longer, capped.due_on) == (10, day("2027-01-26"))


def test_a_second_look_and_a_reopening_begin_anew() -> None:
    events: tuple[tuple[Kind, str], ...] = (("waiting", "2026-11-03"), ("answered", "2026-11-20"))
    again = reckoned(KAUNAS, "service_request", "2026-11-02", *events, ("second_look", "2026-11-23"))
    assert (again.number, again.started_on, again.due_on) == (
        2,
        day("2026-11-23"),
        day("2026-12-21"),
    )  # Monday
    assert again.steps[0].facts["event"] == "second_look"
    assert reckoned(KAUNAS, "service_request", "2026-11-02", *events, ("reopened", "2026-11-23")).number == 2


def test_an_answer_is_late_from_the_first_instant_of_the_next_day() -> None:
    # Due on Tuesday 22 December 2026 in Greece.
    in_time = reckoned(HERAKLION, "question", "2026-11-02", ("answered", "2026-12-22 23:59"))
    assert (in_time.overdue_since, in_time.remaining) == (None, None)
    late = reckoned(HERAKLION, "question", "2026-11-02", ("answered", "2026-12-23 00:00"))
    assert late.overdue_since == day("2026-12-23")
    undone = reckoned(HERAKLION, "question", "2026-11-02", ("void", "2026-11-03"), ("unvoid", "2026-11-10"))
    assert undone.due_on == day("2026-12-22")


@pytest.mark.parametrize(
    ("now", "remaining", "overdue_since"),
    [
        ("2026-12-10", 20, None),  # Thursday
        ("2026-12-23", 11, None),  # Wednesday: then come Christmas Eve, two holidays and a weekend
        ("2026-12-28", 10, None),  # Monday
        ("2027-01-12 23:59", 0, None),  # Tuesday, the due day
        ("2027-01-13 00:00", None, "2027-01-13"),
    ],
)
def test_what_remains_is_counted_in_working_days(
    now: str, remaining: int | None, overdue_since: str | None
) -> None:
    found = reckoned(KAUNAS, "service_request", "2026-12-10", now=now)
    assert found.remaining == remaining
    assert found.overdue_since == (day(overdue_since) if overdue_since else None)


@pytest.mark.parametrize(
    ("received", "started_on"),
    [
        ("2026-03-29 02:59", "2026-03-29"),  # Sunday of 23 hours: 03:00 to 04:00 does not exist
        ("2026-10-25 03:30", "2026-10-25"),  # Sunday of 25 hours: 03:00 to 04:00 comes twice
        ("2026-10-25 23:59", "2026-10-25"),
        ("2026-12-31 23:59", "2026-12-31"),  # Thursday
        ("2027-01-01 00:00", "2027-01-01"),  # Friday
        ("2028-02-29 23:59", "2028-02-29"),  # Tuesday
    ],
)
def test_the_day_of_receipt_is_the_citys(received: str, started_on: str) -> None:
    found = reckoned(HERAKLION, "service_request", received)
    assert found.started_on == day(started_on)
    assert found.due_at is not None
    assert found.due_on is not None
    local = found.due_at.astimezone(HERAKLION.zone)
    assert (local.hour, local.minute, (local.date() - found.due_on).days) == (0, 0, 1)


def test_a_city_without_law_of_its_own_has_the_european_code(tmp_path: Path) -> None:
    for file in (Path(__file__).parents[2] / "cities" / "riverton").rglob("*.*"):
        target = tmp_path / file.relative_to(
            file.parents[0] if file.parent.name == "riverton" else file.parents[1]
        )
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
    deadlines = tmp_path / "deadlines.toml"
    deadlines.write_text(deadlines.read_text(encoding="utf-8").split("[[law]]")[0], encoding="utf-8")
    assert (
        read_folder(tmp_path).deadlines.law == ()
    )  # It follows Lithuania's law and says that there is none.
    identity = tmp_path / "city.toml"
    text = identity.read_text(encoding="utf-8")
    identity.write_text(text.replace('jurisdiction = "LT"', 'jurisdiction = "EU"'), encoding="utf-8")
    city = read_folder(tmp_path)
    assert {row.key for row in city.deadlines.law} == {"eu-code", "eu-personal-data"}
    assert all(row.verify for row in city.deadlines.law)
    found = reckoned(city, "service_request", "2026-12-31")
    assert found.due_on == day("2027-03-01")  # Thursday → Sunday, 28 February → Monday
    assert reckoned(city, "idea", "2026-12-31").rule is None
    assert EUROPEAN_CODE.exists()


def test_a_case_begins_with_its_receipt() -> None:
    moment = at(KAUNAS, "2026-11-02")
    with pytest.raises(ValueError, match="receipt"):
        replay([Event("answered", moment)])
    known = replay([Event("received", moment, nature="question")])
    with pytest.raises(ValueError, match="once"):
        advance(known, Event("received", moment))
    nothing: tuple[Kind, ...] = ("resumed", "complete", "unvoid", "handed_over")
    for kind in nothing:
        assert advance(known, Event(kind, moment)) == known
    ended = advance(known, Event("withdrawn", moment))
    assert advance(ended, Event("waiting", moment)) == ended == advance(ended, Event("answered", moment))
    assert isinstance(ended, Round)
