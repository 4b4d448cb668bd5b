"""How people and departments behave in the year of a demonstration: `demonstration/habits.toml`, as Structs.

Numbers and invented names only. What is written is in `texts.py`, what happens by them in `course.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from feedback.city.profile import City
from portal.environment import OperatorError

Group = Literal["field", "order", "office"]
Weights = dict[str, float]

Found = TypeVar("Found")


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all parts share: frozen, and an unknown key is refused."""


class Shares(_Part, frozen=True, kw_only=True):
    """How often something happens, between 0 and 1; `not_offered` is a factor on a service's weight."""

    anonymous: float
    mail_address: float
    phone_number: float
    unsure_of_service: float
    greeting: float
    closing: float
    words_added: float
    withdrawn: float
    place: float
    not_offered: float
    own_answer: float
    void: float
    void_wrong: float
    taken_by_hand: float
    reopened: float
    address_confirmed: float


class Timing(_Part, frozen=True, kw_only=True):
    """How long things take; the file says what each number means."""

    late_from: float
    late_mean: float
    very_late_days: int
    take_share: float
    reply_days: tuple[float, float]
    unreplied: float
    hand_over_days: tuple[float, float]
    planned_days: tuple[int, int]
    done_days: tuple[int, int]
    rating_days: tuple[float, float]


class Shift(_Part, frozen=True, kw_only=True):
    """What is subtracted from the two ratings, or the share of "can't say" in each."""

    outcome: float
    handling: float


class Satisfaction(_Part, frozen=True, kw_only=True):
    """How a rating comes out of what happened, and what follows from it."""

    late: Shift
    declined: Shift
    not_ours: Shift
    praise: Shift
    cant_say: Shift
    words: float
    by_mail: float
    on_page: float
    second_look: float
    second_look_improves: float


class Days(_Part, frozen=True, kw_only=True):
    """How many items a day brings: a factor for each month (January first) and each weekday (Monday first)."""

    months: tuple[float, ...]
    weekdays: tuple[float, ...]


class Numbers(_Part, frozen=True, kw_only=True):
    """Least and greatest house number and number of weeks."""

    number: tuple[int, int]
    weeks: tuple[int, int]


class LanguageWords(_Part, frozen=True, kw_only=True):
    """The words of a language that go around and into the texts."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    place: str
    greetings: tuple[str, ...]
    closings: tuple[str, ...]
    closings_asking: tuple[str, ...]


class Streets(_Part, frozen=True, kw_only=True):
    """Each street by language, and `latin` for texts written without the letters of their language."""

    all: tuple[dict[str, str], ...]


class CityHabits(_Part, frozen=True, kw_only=True):
    """What differs between cities: who writes in which language, about what, from which streets."""

    languages: Weights
    weights: Weights = {}
    streets: Streets


class People(_Part, frozen=True, kw_only=True):
    """Who the citizens are. Addresses and numbers that cannot exist: `{n}` makes each another one."""

    female: float
    married: float
    mail_address: str
    phone_number: str


class Surname(_Part, frozen=True, kw_only=True):
    """The forms of a surname: Greek by `female`, Lithuanian women by `married` and `unmarried`."""

    male: str
    female: str = ""
    married: str = ""
    unmarried: str = ""


class Names(_Part, frozen=True, kw_only=True):
    """The names of a language, first names and surnames drawn apart."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    surnames: tuple[Surname, ...]


class ServiceSatisfaction(_Part, frozen=True, kw_only=True):
    """Weights of the ratings 1 to 5, and the share of the invited who answer."""

    outcome: tuple[float, ...]
    handling: tuple[float, ...]
    responds: float


class ServiceHabits(_Part, frozen=True, kw_only=True):
    """How often a service is written to and how its department then behaves; the file says what each means."""

    group: Group
    weight: float
    speed: float
    late: float
    very_late: float
    never: float
    handed_over: float
    mistaken_for: tuple[str, ...]
    question: float
    outcomes: Weights
    satisfaction: ServiceSatisfaction


class Habits(_Part, frozen=True, kw_only=True):
    """The whole file."""

    shares: Shares
    timing: Timing
    channels: Weights
    kinds: Weights
    kind_outcomes: dict[str, Weights]
    satisfaction: Satisfaction
    days: Days
    hours: dict[str, tuple[float, ...]]
    topics: dict[Group, tuple[str, ...]]
    times: dict[str, tuple[str, ...]]
    numbers: Numbers
    words: dict[str, LanguageWords]
    cities: dict[str, CityHabits]
    people: People
    names: dict[str, Names]
    seasons: dict[str, tuple[float, ...]]
    services: dict[str, ServiceHabits]

    def of_city(self, city: City) -> CityHabits:
        """The habits of a city, or those of any other one."""
        return self.cities.get(city.identity.key, self.cities["other"])

    def languages_of(self, city: City) -> Weights:
        """The languages in which the city's people write, with their weights. Refuses (`OperatorError`) a city
        that speaks none of those which the texts are in."""
        spoken = {
            language: weight
            for language, weight in self.of_city(city).languages.items()
            if language in city.identity.languages
        }
        if not spoken:
            raise OperatorError(
                f"The texts of the demonstration are in {', '.join(sorted(self.words))}, "
                "and this city speaks none of these: demonstrate with cities/heraklion."
            )
        return spoken

    def weights_of(self, city: City, month: int) -> Weights:
        """How often each of the city's services is written to in a month (1 to 12). Refuses (`OperatorError`) a city
        for none of whose services there are texts."""
        own = self.of_city(city).weights
        found = {}
        for service in city.service:
            habits = self.services.get(service.key)
            if habits is None:
                continue
            weight = own.get(service.key, habits.weight)
            if service.key in self.seasons:
                weight *= self.seasons[service.key][month - 1]
            found[service.key] = weight if service.is_offered else weight * self.shares.not_offered
        if not any(found.values()):
            raise OperatorError(
                "The demonstration has no texts for any of this city's services: give one of them a key of "
                "the common list (docs/city-profile.md), or demonstrate with cities/heraklion."
            )
        return found


def read_habits(folder: Path) -> Habits:
    """The habits of the demonstration's folder. Refuses (`OperatorError`) a file that is missing or does not fit."""
    return read_toml(folder / "habits.toml", Habits)


def read_toml(file: Path, shape: type[Found]) -> Found:
    """A file of the demonstration in its shape. Refuses (`OperatorError`) one that is missing or does not fit."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=shape)
    except OSError as error:
        raise OperatorError(f"{file} cannot be read ({error.strerror}): install Kanali again.") from error
    except msgspec.MsgspecError as error:
        raise OperatorError(f"{file} does not fit: {error}.") from error
