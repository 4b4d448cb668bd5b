"""Languages of pages and mails: catalogues, and how each writes dates, times and numbers.

The current language is a context variable, set by whoever renders (a request, a mail). A language exists where
its catalogue does; English is the language of the source and needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.support import Translations

from portal.settings import LOCALE

SOURCE = "en"
NAMES = {"el": "Ελληνικά", "lt": "Lietuvių", "en": "English"}
"""Each language in its own words, for the switch; a language without a name here shows its code."""

_current: ContextVar[str] = ContextVar("language", default=SOURCE)
_catalogues: dict[str, NullTranslations] = {}
NBSP = "\N{NO-BREAK SPACE}"


def known() -> tuple[str, ...]:
    """The languages that pages can be shown in: the source's, and each with a compiled catalogue."""
    compiled = sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/kanali.mo"))
    return (SOURCE, *(code for code in compiled if code != SOURCE))


def missing(spoken: Iterable[str]) -> tuple[str, ...]:
    """Those of a city's languages that no page can be shown in."""
    return tuple(sorted(set(spoken) - set(known())))


def catalogue(code: str) -> NullTranslations:
    """The catalogue of a language, read once; the source's is empty."""
    if code not in _catalogues:
        _catalogues[code] = (
            NullTranslations() if code == SOURCE else Translations.load(LOCALE, [code], domain="kanali")
        )
    return _catalogues[code]


def use_catalogue(code: str, translations: NullTranslations) -> None:
    """Put another catalogue in place of a language's own (a pseudo-language shows what was never marked)."""
    _catalogues[code] = translations


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Everything rendered inside speaks this language."""
    token = _current.set(code)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """The language being spoken."""
    return _current.get()


def gettext(message: str) -> str:
    """The message in the current language."""
    return catalogue(current()).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """The message in the right plural form of the current language."""
    return catalogue(current()).ngettext(one, many, n)


def in_language(words: Mapping[str, str]) -> str:
    """A city's `Words` in the current language; `city check` has seen that they are complete."""
    return words.get(current()) or next(iter(words.values()), "")


def name_of(code: str) -> str:
    """A language in its own words, where the portal speaks it; else in the current language; empty for none known."""
    return NAMES.get(code) or str(_parsed(current()).languages.get(code, ""))


def tag_of(code: str) -> str:
    """What a page says of the language of a text (BCP 47): "und" where nobody knows."""
    return code if len(code) == 2 else "und"


def choose(header: str, offered: tuple[str, ...]) -> str:
    """The best offered language for an Accept-Language header; the first offered where none fits."""
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = 1.0
        if parameter.strip().startswith("q="):
            try:
                weight = float(parameter.strip()[2:])
            except ValueError:
                weight = 0.0
        wishes.append((-weight, place, tag.strip().lower().partition("-")[0]))
    for weight, _, code in sorted(wishes):
        if weight < 0 and code in offered:
            return code
    return offered[0]


# ── dates, times, numbers ───────────────────────────────────────────────────────────────────────────────────

_LONG = {"el": "EEEE d MMMM y", "lt": "y 'm'. MMMM d 'd'., EEEE", "en": "EEEE d MMMM y"}
_PLAIN = {"el": "d MMMM y", "lt": "y 'm'. MMMM d 'd'.", "en": "d MMMM y"}
_BRIEF = {"el": "d MMMM", "lt": "MMMM d 'd'.", "en": "d MMMM"}
_DUE = {"el": "EEEE d MMMM", "lt": "MMMM d 'd'., EEEE", "en": "EEEE d MMMM"}
_LITHUANIAN_WEEKDAYS = (
    "pirmadienio",
    "antradienio",
    "trečiadienio",
    "ketvirtadienio",
    "penktadienio",
    "šeštadienio",
    "sekmadienio",
)
_SHORT = {"el": "d/M", "lt": "MM-dd", "en": "d MMM"}


def day_long(value: date) -> str:
    """A day with its weekday and year: «Δευτέρα 11 Ιανουαρίου 2027», „2027 m. sausio 12 d., antradienis“."""
    return _day(value, _LONG, "full")


def day_by(value: date) -> str:
    """The same after "by", "until" or "from": Lithuanian says the weekday in another case, „…, antradienio“."""
    if current() != "lt":
        return day_long(value)
    return f"{day_plain(value)}, {_LITHUANIAN_WEEKDAYS[value.weekday()]}"


def day_due(value: date, today: date) -> str:
    """A day with its weekday, and its year only where that is not the present one."""
    return day_long(value) if value.year != today.year else _day(value, _DUE, "full")


def day_near(value: date, today: date) -> str:
    """A day, with its year where that is not the present one."""
    return day_plain(value) if value.year != today.year else day_brief(value)


def day_plain(value: date) -> str:
    """A day with its year."""
    return _day(value, _PLAIN, "long")


def day_brief(value: date) -> str:
    """A day without its year, where the year is plain from the page."""
    return _day(value, _BRIEF, "long")


def day_short(value: date) -> str:
    """A day for tight lists: 12/1, 01-12, 12 Jan."""
    return _day(value, _SHORT, "short")


def month(period: str) -> str:
    """A period `2026-10` as a month with its year: «Οκτώβριος 2026», „2026 m. spalis“."""
    return _day(_first_of(period), {"lt": "y 'm'. LLLL"}, "LLLL y")


def month_short(period: str) -> str:
    """A month's short name, for an axis."""
    return _day(_first_of(period), {}, "LLL")


def moment(value: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """A time of day on a day, in the city's zone; without the year where `now` says that it is the present one."""
    day = value.astimezone(zone).date()
    said = day_plain(day) if now is None else day_near(day, now.astimezone(zone).date())
    return f"{said}, {clock_time(value, zone)}"


def moment_long(value: datetime, zone: ZoneInfo) -> str:
    """A time of day on a day with its weekday and year, in the city's zone."""
    local = value.astimezone(zone)
    return f"{day_long(local.date())}, {clock_time(value, zone)}"


def clock_time(value: datetime, zone: ZoneInfo) -> str:
    """24-hour time in the city's zone: 18:42."""
    return f"{value.astimezone(zone):%H:%M}"


def number(value: float | int) -> str:
    """A number with the language's own separators."""
    return _counted(value, None, current())


def percent(share: float, digits: int = 0) -> str:
    """A share between 0 and 1 as a percentage: «73,4 %» with a non-breaking space."""
    pattern = "0" if digits == 0 else "0." + "0" * digits
    return f"{_counted(share * 100, pattern, current())}{NBSP}%"


def _day(value: date, patterns: dict[str, str], fallback: str) -> str:
    return _written(value, patterns.get(current(), fallback), current())


@lru_cache(4096)
def _written(value: date, pattern: str, code: str) -> str:
    """A day in a language; a list says the same few days on every row."""
    return _bound(format_date(value, pattern, locale=_parsed(code)))


@lru_cache(4096)
def _counted(value: float | int, pattern: str | None, code: str) -> str:
    """A number in a language; a page of figures says the same few shares many times."""
    return str(format_decimal(value, pattern, locale=_parsed(code))).replace(" ", NBSP)


def _first_of(period: str) -> date:
    return date(int(period[:4]), int(period[5:7]), 1)


def _bound(text: str) -> str:
    """Non-breaking spaces after the abbreviations of a Lithuanian date."""
    return text.replace(" m. ", f"{NBSP}m. ").replace(" d.", f"{NBSP}d.")


@cache
def _parsed(code: str) -> Locale:
    return Locale.parse(f"{code}_GB" if code == "en" else code)
