"""Faults between the parts of a profile: one table of what is spoilt and what is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from msgspec.structs import replace

from feedback.city.check import check
from feedback.city.faults import CityFault
from feedback.city.profile import (
    City,
    Department,
    PolicyText,
    Publication,
    RoutingRule,
    Service,
    Target,
    When,
)
from feedback.city.time_rules import ClosedDay, Hours, LawRule, MovedDay, NatureDefault

WORDS = {"en": "Words", "el": "Λόγια", "lt": "Žodžiai"}


def test_the_invented_town_is_faultless(riverton: City) -> None:
    assert check(riverton) == []


def _identity(**changes: object) -> Callable[[City], City]:
    return lambda city: replace(city, identity=replace(city.identity, **changes))


def _contact(**changes: object) -> Callable[[City], City]:
    return lambda city: _identity(contact=replace(city.identity.contact, **changes))(city)


def _oversight(url: str) -> Callable[[City], City]:
    return lambda city: _identity(oversight=(replace(city.identity.oversight[0], url=url),))(city)


def _colours(**changes: str) -> Callable[[City], City]:
    return lambda city: _identity(colours=replace(city.identity.colours, **changes))(city)


def _service(which: str, **changes: object) -> Callable[[City], City]:
    def spoil(city: City) -> City:
        return replace(
            city,
            service=tuple(replace(one, **changes) if one.key == which else one for one in city.service),
        )

    return spoil


def _rules(*rules: RoutingRule) -> Callable[[City], City]:
    return lambda city: replace(city, routing=replace(city.routing, rule=rules))


def _natures(
    change: Callable[[tuple[NatureDefault, ...]], tuple[NatureDefault, ...]],
) -> Callable[[City], City]:
    return lambda city: replace(
        city, deadlines=replace(city.deadlines, default_nature=change(city.deadlines.default_nature))
    )


def _more_law(**changes: object) -> Callable[[City], City]:
    """A second row made from the first of the town."""

    def spoil(city: City) -> City:
        row: LawRule = replace(city.deadlines.law[0], **changes)
        return replace(city, deadlines=replace(city.deadlines, law=(*city.deadlines.law, row)))

    return spoil


def _monday(*hours: tuple[str, str]) -> Callable[[City], City]:
    def spoil(city: City) -> City:
        week = replace(
            city.calendar.office_hours, monday=tuple(Hours(start=start, end=end) for start, end in hours)
        )
        return replace(city, calendar=replace(city.calendar, office_hours=week))

    return spoil


def _moved(closed: date, worked: date) -> Callable[[City], City]:
    moved = (MovedDay(name=WORDS, closed=closed, worked=worked),)
    return lambda city: replace(city, calendar=replace(city.calendar, moved=moved))


def _closed(day: ClosedDay) -> Callable[[City], City]:
    return lambda city: replace(city, calendar=replace(city.calendar, closed=(day,)))


def _targets(*targets: Target) -> Callable[[City], City]:
    return lambda city: replace(city, quality=replace(city.quality, target=targets))


def _purposes(*ids: str) -> Callable[[City], City]:
    def spoil(city: City) -> City:
        commitments = tuple(replace(one, gave_purpose=one.id in ids) for one in city.quality.commitment)
        return replace(city, quality=replace(city.quality, commitment=commitments))

    return spoil


def _english_policy(opening: str, **texts: str) -> Callable[[City], City]:
    """The English policy with this opening, and these texts (`c1` is commitment 1) in place of its own."""

    def spoil(city: City) -> City:
        policy = PolicyText(
            opening=opening, texts={key.removeprefix("c"): text for key, text in texts.items()}
        )
        return replace(city, policy={**city.policy, "en": policy})

    return spoil


def _mark(mark: str) -> Callable[[City], City]:
    return lambda city: replace(city, mark=mark)


def _rule(key: str, department: str = "dept-a", **when: tuple[str, ...]) -> RoutingRule:
    return RoutingRule(key=key, when=When(**when), department=department, reason=WORDS)  # type: ignore[arg-type]  # literals


FAULTS: list[tuple[str, Callable[[City], City], str, str]] = [
    ("missing_wording", _identity(name={"en": "Town", "el": "Δήμος"}), "city.toml", "name"),
    ("empty", _identity(name={**WORDS, "lt": " "}), "city.toml", "name → lt"),
    ("missing_wording", _identity(sample={"en": "Sample"}), "city.toml", "sample"),
    ("missing_wording", _contact(address={"en": "Street"}), "city.toml", "contact → address"),
    ("empty", _contact(phone=""), "city.toml", "contact → phone"),
    ("not_a_mail_address", _contact(email="town"), "city.toml", "contact → email"),
    ("not_a_web_address", _oversight("javascript:alert(1)"), "city.toml", "oversight[1] → url"),
    ("not_a_web_address", _oversight("www.ombudsman.example.org"), "city.toml", "oversight[1] → url"),
    ("unknown_zone", _identity(zone="Europe/Riverton"), "city.toml", "zone"),
    ("unknown_zone", _identity(zone="../etc/passwd"), "city.toml", "zone"),
    ("duplicate", _identity(languages=("en", "el", "lt", "el")), "city.toml", "languages"),
    ("missing_file", _identity(languages=("en", "el", "lt", "de")), "policy/de.md", ""),
    ("unknown_language", _identity(languages=("en", "el")), "policy/lt.md", ""),
    ("contrast", _colours(brand="#4d8fa0"), "city.toml", "colours → brand"),
    ("contrast", _colours(mist="#b0c0c0"), "city.toml", "colours → mist"),
    ("contrast", _colours(mist_2="#a0b0b0"), "city.toml", "colours → mist_2"),
    ("contrast", _colours(brand_deep="#4d8fa0"), "city.toml", "colours → brand_deep"),
    ("hue_near_error", _colours(brand="#7a1512"), "city.toml", "colours → brand"),
    ("service_without_department", _service("roads", department=None), "services.toml", "service[2] roads"),
    ("service_without_promise", _service("roads", promise_days=None), "services.toml", "service[2] roads"),
    ("offered_and_not_offered", _service("roads", not_offered=WORDS), "services.toml", "service[2] roads"),
    (
        "unknown_department",
        _service("noise", department="dept-x"),
        "services.toml",
        "service[3] noise → department",
    ),
    ("duplicate", _service("noise", key="roads"), "services.toml", "service"),
    (
        "few_keywords",
        _service(
            "noise", keywords={"en": ("bar", "Bar ", "noise"), "el": ("α", "β", "γ"), "lt": ("a", "b", "c")}
        ),
        "services.toml",
        "service[3] noise → keywords → en",
    ),
    ("unknown_department", _rules(_rule("one", "dept-x")), "routing.toml", "rule[1] one → department"),
    (
        "unknown_service",
        _rules(_rule("one", service=("rods",))),
        "routing.toml",
        "rule[1] one → when → service",
    ),
    (
        "unknown_language",
        _rules(_rule("one", language=("xx",))),
        "routing.toml",
        "rule[1] one → when → language",
    ),
    (
        "unreachable",
        _rules(
            _rule("wide", kind=("complaint", "praise")), _rule("narrow", kind=("praise",), service=("roads",))
        ),
        "routing.toml",
        "rule[2] narrow",
    ),
    (
        "unreachable",
        _rules(
            _rule("one", kind=("praise", "idea")),
            _rule("two", kind=("complaint", "request", "question")),
            _rule("three", kind=("criticism",)),
            _rule("rest"),
        ),
        "routing.toml",
        "rule[4] rest",
    ),
    (
        "duplicate",
        _rules(_rule("one", kind=("idea",)), _rule("one", kind=("praise",))),
        "routing.toml",
        "rule",
    ),
    ("kind_without_nature", _natures(lambda rows: rows[1:]), "deadlines.toml", "default_nature"),
    ("unreachable", _natures(lambda rows: (*rows, rows[0])), "deadlines.toml", "default_nature[7] request"),
    (
        "unknown_service",
        _natures(lambda rows: (replace(rows[0], service=("rods",)), *rows)),
        "deadlines.toml",
        "default_nature[1] request → service",
    ),
    ("law_overlap", _more_law(version=2, valid_from=date(2026, 1, 1)), "deadlines.toml", "law[3] answer"),
    (
        "duplicate",
        _more_law(valid_to=date(2019, 12, 31), valid_from=date(2019, 1, 1)),
        "deadlines.toml",
        "law",
    ),
    (
        "inverted",
        _more_law(version=2, valid_from=date(2019, 1, 1), valid_to=date(2018, 1, 1)),
        "deadlines.toml",
        "law[3] answer → valid_to",
    ),
    (
        "needs_other",
        _more_law(version=2, extend_days=None, extend_notice_days=2),
        "deadlines.toml",
        "law[3] answer → extend_notice_days",
    ),
    ("needs_other", _more_law(forward_days=None, tell_days=3), "deadlines.toml", "law[3] answer → tell_days"),
    ("months_pause", _more_law(unit="months", pauses=True), "deadlines.toml", "law[3] answer → pauses"),
    ("not_moved", _moved(date(2026, 5, 23), date(2026, 5, 30)), "calendar.toml", "moved[1]"),
    ("not_moved", _moved(date(2026, 5, 22), date(2026, 5, 29)), "calendar.toml", "moved[1]"),
    ("inverted", _monday(("16:00", "08:00")), "calendar.toml", "office_hours → monday"),
    ("inverted", _monday(("08:00", "24:30")), "calendar.toml", "office_hours → monday"),
    (
        "hours_overlap",
        _monday(("08:00", "13:00"), ("12:00", "16:00")),
        "calendar.toml",
        "office_hours → monday",
    ),
    (
        "hours_unsorted",
        _monday(("13:00", "16:00"), ("08:00", "12:00")),
        "calendar.toml",
        "office_hours → monday",
    ),
    ("on_or_every", _closed(ClosedDay(name=WORDS)), "calendar.toml", "closed[1]"),
    (
        "on_or_every",
        _closed(ClosedDay(name=WORDS, on=date(2026, 5, 5), every="05-05")),
        "calendar.toml",
        "closed[1]",
    ),
    ("not_a_day", _closed(ClosedDay(name=WORDS, every="02-30")), "calendar.toml", "closed[1] → every"),
    ("one_purpose", _purposes(), "quality.toml", "commitment → gave_purpose"),
    ("one_purpose", _purposes("1", "2"), "quality.toml", "commitment → gave_purpose"),
    (
        "target_unit",
        _targets(Target(measure="in_time_law", minutes=5)),
        "quality.toml",
        "target[1] in_time_law",
    ),
    ("target_unit", _targets(Target(measure="received", permille=5)), "quality.toml", "target[1] received"),
    (
        "duplicate",
        _targets(Target(measure="in_time_law", permille=5), Target(measure="in_time_law", permille=6)),
        "quality.toml",
        "target",
    ),
    (
        "limits_not_rising",
        lambda city: replace(city, publication=Publication(hidden_below=20, count_only_below=10)),
        "publication.toml",
        "hidden_below",
    ),
    ("commitment_without_text", _english_policy("Opening", c1="a", c2="b"), "policy/en.md", ""),
    (
        "text_without_commitment",
        _english_policy("Opening", c1="a", c2="b", c3="c", c4="d"),
        "policy/en.md",
        "## 4",
    ),
    ("empty", _english_policy("", c1="a", c2="b", c3="c"), "policy/en.md", "opening"),
    ("empty", _english_policy("Opening", c1="a", c2="b", c3=" "), "policy/en.md", "## 3"),
    ("policy_markup", _english_policy("Opening", c1="a\n## 2", c2="b", c3="c"), "policy/en.md", "## 1"),
    ("mark_declaration", _mark("<!-- x --><svg/>"), "mark.svg", ""),
]


@pytest.mark.parametrize(
    ("code", "spoil", "file", "place"), FAULTS, ids=[f"{code}-{place}" for code, _, _, place in FAULTS]
)
def test_a_spoilt_profile_is_told_where_and_why(
    riverton: City, code: str, spoil: Callable[[City], City], file: str, place: str
) -> None:
    found = [(fault.code, fault.file, fault.place) for fault in check(spoil(riverton))]
    assert (code, file, place) in found


def test_a_department_without_phone_and_with_a_broken_address_has_two_faults(riverton: City) -> None:
    odd = Department(key="dept-d", name=WORDS, phone=" ", email="nobody at home")
    found = check(replace(riverton, department=(*riverton.department, odd)))
    assert [(fault.place, fault.code) for fault in found] == [
        ("department[4] dept-d → email", "not_a_mail_address"),
        ("department[4] dept-d → phone", "empty"),
    ]


def test_faults_of_many_files_come_together_in_the_order_of_the_files(riverton: City) -> None:
    spoilt = _purposes()(
        _monday()(_rules(_rule("one", "dept-x"))(_service("roads", promise_days=None)(riverton)))
    )
    assert [fault.file for fault in check(spoilt)] == ["services.toml", "routing.toml", "quality.toml"]


def test_a_week_without_hours_is_a_fault(riverton: City) -> None:
    week = replace(
        riverton.calendar.office_hours, monday=(), tuesday=(), wednesday=(), thursday=(), friday=()
    )
    spoilt = replace(riverton, calendar=replace(riverton.calendar, office_hours=week))
    assert check(spoilt) == [CityFault("calendar.toml", "office_hours", "no_office_hours")]


def test_a_law_row_may_follow_another_that_ended_the_day_before(riverton: City) -> None:
    old, question = riverton.deadlines.law
    ended = replace(old, valid_to=date(2025, 12, 31))
    new = replace(old, version=2, valid_from=date(2026, 1, 1), days=15)
    following = replace(riverton, deadlines=replace(riverton.deadlines, law=(ended, question, new)))
    assert check(following) == []
    touching = replace(ended, valid_to=date(2026, 1, 1))
    both = replace(riverton, deadlines=replace(riverton.deadlines, law=(touching, question, new)))
    assert {fault.code for fault in check(both)} == {"law_overlap"}
    assert check(both)[0].facts["day"] == "2026-01-01"


def test_a_rule_is_reachable_while_anything_is_left_for_it(riverton: City) -> None:
    rules = _rules(_rule("one", kind=("praise",)), _rule("two", language=("el",)), _rule("rest"))
    assert check(rules(riverton)) == []


def test_a_policy_may_begin_with_its_first_commitment(riverton: City) -> None:
    without = {language: replace(text, opening="") for language, text in riverton.policy.items()}
    assert check(replace(riverton, policy=without)) == []


def test_a_service_that_is_not_offered_needs_words_only(riverton: City) -> None:
    sea = Service(
        key="beaches",
        name=WORDS,
        about=WORDS,
        keywords=dict.fromkeys(("en", "el", "lt"), ("a", "b", "c")),
        not_offered={"en": "Ask the sea", "el": "Ρωτήστε τη θάλασσα"},
    )
    found = check(replace(riverton, service=(*riverton.service, sea)))
    assert [(fault.place, fault.code) for fault in found] == [
        ("service[6] beaches → not_offered", "missing_wording")
    ]
