"""Routing: the city's rules, the chosen service, the keywords, triage; on the invented town of Riverton."""

from __future__ import annotations

import timeit
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feedback.city.load import read_folder
from feedback.city.profile import City, Routing, RoutingRule, Service, When
from feedback.city.time_rules import Deadlines, NatureDefault
from feedback.routing.match import Routed, default_nature, route

RIVERTON = read_folder(Path(__file__).parents[2] / "cities" / "riverton")


def ask(city: City = RIVERTON, **changes: Any) -> Routed:
    """A request in English by the web without a chosen service, save for what the test changes."""
    values: dict[str, Any] = {
        "kind": "request",
        "nature": "service_request",
        "service": None,
        "channel": "web",
        "language": "en",
        "text": "",
    }
    return route(city, **(values | changes))


def with_rules(*rules: RoutingRule) -> City:
    return msgspec.structs.replace(RIVERTON, routing=Routing(rule=rules))


def rule(key: str, department: str, when: When) -> RoutingRule:
    return RoutingRule(key=key, when=when, department=department, reason={"en": "Because."})


def service(key: str, *keywords: str, department: str | None = "dept-a", language: str = "en") -> Service:
    return Service(
        key=key, name={"en": key}, about={"en": key}, keywords={language: keywords}, department=department
    )


def with_services(*services: Service, least: int = 1, lead: int = 1) -> City:
    routing = Routing(keyword_least=least, keyword_lead=lead)
    return msgspec.structs.replace(RIVERTON, service=services, routing=routing)


# ── the chosen service and the rules ─────────────────────────────────────────────────────────────────────────


def test_without_a_rule_the_chosen_service_decides() -> None:
    assert ask(service="noise", text="the lamp is dark") == Routed("dept-b", "noise", "service")


def test_a_rule_goes_before_the_chosen_service() -> None:
    answer = ask(service="street-lighting", kind="complaint")
    assert answer == Routed("dept-c", "street-lighting", "rule:lighting-complaints")
    assert ask(service="street-lighting", kind="request").rule == "service"


def test_the_first_of_two_rules_decides() -> None:
    city = with_rules(
        rule("first", "dept-b", When(kind=("request",))), rule("second", "dept-c", When(kind=("request",)))
    )
    assert ask(city).rule == "rule:first"


@pytest.mark.parametrize(
    ("when", "matching", "other"),
    [
        (When(service=("noise", "roads")), {"service": "roads"}, {"service": "street-lighting"}),
        (When(service=("noise",)), {"service": "noise"}, {"service": None}),
        (When(kind=("idea", "praise")), {"kind": "praise"}, {"kind": "request"}),
        (When(nature=("question",)), {"nature": "question"}, {"nature": "idea"}),
        (When(channel=("phone",)), {"channel": "phone"}, {"channel": "web"}),
        (When(language=("lt",)), {"language": "lt"}, {"language": "en"}),
        (When(language=("other",)), {"language": "uk"}, {"language": "el"}),
        (When(language=("other",)), {"language": "other"}, {"language": "lt"}),
        (
            When(kind=("complaint",), channel=("mail",)),
            {"kind": "complaint", "channel": "mail"},
            {"kind": "complaint", "channel": "web"},
        ),
    ],
)
def test_a_rule_matches_where_each_list_holds_the_value(
    when: When, matching: dict[str, Any], other: dict[str, Any]
) -> None:
    city = with_rules(rule("one", "dept-c", when))
    assert ask(city, **matching).rule == "rule:one"
    assert ask(city, **other).rule != "rule:one"


def test_an_empty_rule_matches_everything() -> None:
    assert ask(with_rules(rule("all", "dept-c", When()))) == Routed("dept-c", None, "rule:all")


def test_a_service_that_is_not_offered_goes_to_triage_and_says_so() -> None:
    assert ask(service="water-supply") == Routed(None, "water-supply", "not_offered")


def test_a_service_that_the_city_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        ask(service="teleportation")


def test_nothing_to_go_by_is_triage() -> None:
    assert ask(text="") == Routed(None, None, "triage")
    assert ask(text="I would like to tell you something") == Routed(None, None, "triage")


# ── keywords ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Two lamps are out", Routed("dept-a", "street-lighting", "keywords", ("lamp",))),
        ("en", "deep potholes everywhere", Routed("dept-a", "roads", "keywords", ("pothole",))),
        ("el", "Οι ΛΑΜΠΕΣ δεν αναβουν", Routed("dept-a", "street-lighting", "keywords", ("λάμπα",))),
        ("el", "πολυς θορυβος απο το μπαρ", Routed("dept-b", "noise", "keywords", ("θόρυβος", "μπαρ"))),
        ("lt", "kieme didelės duobės", Routed("dept-a", "roads", "keywords", ("duobė",))),
        (
            "lt",
            "tamsu, zibintai nedega",
            Routed("dept-a", "street-lighting", "keywords", ("tamsu", "žibintas")),
        ),
        # Words of another language than the text's do not count.
        ("en", "λάμπα", Routed(None, None, "triage")),
        # Unless it is unknown, or one in which the city has no keywords.
        (
            "other",
            "Lampe kaputt, ganz dark",
            Routed("dept-a", "street-lighting", "keywords", ("lamp", "dark")),
        ),
        ("pl", "λάμπα", Routed("dept-a", "street-lighting", "keywords", ("λάμπα",))),
        # What the city does not offer is found all the same.
        ("en", "a leak in the pipe", Routed(None, "water-supply", "not_offered", ("leak", "pipe"))),
        # One keyword each.
        ("en", "a lamp fell on the asphalt", Routed(None, None, "triage")),
    ],
)
def test_keywords_find_the_service(language: str, text: str, expected: Routed) -> None:
    assert ask(language=language, text=text) == expected


def test_the_rules_are_asked_again_with_the_service_that_was_found() -> None:
    answer = ask(kind="complaint", text="the lamp is dark")
    assert answer == Routed("dept-c", "street-lighting", "rule:lighting-complaints", ("lamp", "dark"))


def test_a_chosen_service_is_not_overruled_by_words() -> None:
    assert ask(service="noise", text="lamp lighting bulb").service == "noise"


@pytest.mark.parametrize(
    ("least", "lead", "text", "found"),
    [
        (1, 1, "red", "colours"),
        (2, 1, "red", None),
        (2, 1, "red and blue", "colours"),
        (2, 1, "red and red", None),  # Different keywords, not repeated ones.
        (1, 1, "red square", None),
        (1, 1, "red and blue square", "colours"),
        (1, 2, "red and blue square", None),
        (1, 2, "red and blue and green square", "colours"),
    ],
)
def test_a_service_must_have_enough_keywords_and_lead(
    least: int, lead: int, text: str, found: str | None
) -> None:
    city = with_services(
        service("colours", "red", "blue", "green"),
        service("shapes", "square", "circle"),
        least=least,
        lead=lead,
    )
    assert ask(city, text=text).service == found


def test_forms_of_one_word_are_one_keyword() -> None:
    city = with_services(service("light", "lamp", "lamps"), service("noise", "bar"))
    assert ask(city, text="lamp, lamps").words == ("lamp",)
    assert ask(city, text="the lamps of the bar").service is None


def test_a_form_that_shares_no_stem_with_the_first_is_still_found() -> None:
    city = with_services(service("trees", "medis", "medžiai", language="lt"))
    assert ask(city, language="lt", text="medziai").service == "trees"
    assert ask(city, language="lt", text="medis").service == "trees"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the traffic light is broken", True),
        ("the light of the traffic there", True),
        ("the lights for all the traffic", False),  # Four words away.
        ("a light", False),
        ("traffic", False),
        ("light traffic", True),
    ],
)
def test_a_keyword_of_several_words_wants_all_of_them_near_one_another(text: str, found: bool) -> None:
    city = with_services(service("traffic", "traffic light"))
    assert (ask(city, text=text).service == "traffic") is found


def test_a_word_of_a_longer_keyword_does_not_count_for_a_shorter_one() -> None:
    city = with_services(service("traffic", "traffic light"), service("lighting", "light"))
    assert ask(city, text="the traffic light is broken").service == "traffic"
    assert ask(city, text="the light is broken").service == "lighting"
    # Another light elsewhere is another word.
    assert (
        ask(city, text="the traffic light is broken and so is, by the way, the other light").service is None
    )


def test_a_word_that_languages_share_counts_once() -> None:
    bus = Service(
        key="transport",
        name={"en": "Buses"},
        about={"en": "Buses"},
        keywords={"en": ("bus",), "lt": ("bus",), "el": ("bus",)},
        department="dept-a",
    )
    city = with_services(bus, service("noise", "loud", "horn"))
    assert ask(city, language="other", text="bus loud horn").service == "noise"


def test_another_profile_has_its_own_keywords() -> None:
    assert ask(text="lamp").service == "street-lighting"
    changed = msgspec.structs.replace(RIVERTON, service=(service("lanterns", "lamp"),))
    assert ask(changed, text="lamp").service == "lanterns"
    assert ask(text="lamp").service == "street-lighting"


def test_sixty_words_are_routed_in_a_millisecond_and_a_half() -> None:
    """With as many keywords as a real city has: their index is built once."""
    many = [
        service(f"service-{number}", *(f"word{number}n{n}" for n in range(60)), language=language)
        for number, language in enumerate(["en", "el", "lt"] * 10)
    ]
    city = with_services(*RIVERTON.service, *many)
    text = "the street light opposite our house has been broken since last week and it is dark at night " * 4
    assert len(text.split()) > 60
    ask(city, text=text)
    for language in ("en", "other"):
        timer = timeit.Timer(partial(ask, city, language=language, text=text))
        assert min(timer.repeat(number=5, repeat=20)) / 5 < 0.0015


def test_a_text_of_one_word_over_and_over_is_no_trap() -> None:
    city = with_services(service("traffic", "traffic light", "light traffic jam"))
    text = "traffic " * 2000 + "light " * 2000
    best = min(timeit.repeat(lambda: ask(city, text=text), number=1, repeat=3))
    assert best < 0.5


# ── nature ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_row_that_fits_kind_and_service_gives_the_nature() -> None:
    rows = (
        NatureDefault(kind="complaint", nature="integrity_report", service=("staff-conduct",)),
        NatureDefault(kind="complaint", nature="complaint_service"),
        NatureDefault(kind="complaint", nature="complaint_act"),
    )
    city = msgspec.structs.replace(RIVERTON, deadlines=Deadlines(default_nature=rows))
    assert default_nature(city, "complaint", "staff-conduct") == "integrity_report"
    assert default_nature(city, "complaint", "noise") == "complaint_service"
    assert default_nature(city, "complaint", None) == "complaint_service"
    with pytest.raises(LookupError):
        default_nature(city, "idea", None)


@pytest.mark.parametrize(
    ("kind", "nature"),
    [
        ("request", "service_request"),
        ("complaint", "complaint_service"),
        ("idea", "idea"),
        ("criticism", "opinion"),
        ("praise", "praise"),
        ("question", "question"),
    ],
)
def test_each_kind_has_a_nature(kind: str, nature: str) -> None:
    assert default_nature(RIVERTON, kind, None) == nature
