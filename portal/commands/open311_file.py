"""Reading what `kanali import open311` is given: a file of GeoReport v2 requests, and the map of its services.

Decides what a request of the file says (GeoReport v2, `GET requests.json`) and says every fault with its place, in
English like the commands. What may be taken over is the domain's rule (`feedback/items/take_over.py`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from msgspec import Struct

from feedback.city.profile import City
from feedback.errors import Fault, Invalid
from feedback.items import take_over
from feedback.items.take_over import Foreign
from portal.environment import OperatorError
from portal.languages import NAMES

WRAPPINGS = ("service_requests", "requests", "request")
"""What servers put around the list of requests, one in another."""
CUT_SECONDS = timedelta(minutes=1)
"""Some systems cut the seconds off the closing, so that it lies just before the receipt."""

_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}")
_FIELDS = {
    "number": "service_request_id",
    "text": "description",
    "place": "address",
    "lon": "long",
    "service": "service_code",
    "received_at": "requested_datetime",
    "closed_at": "updated_datetime",
    "reply": "status_notes",
}
"""Our names of a request's parts → theirs."""

_SENTENCES = {
    "not_a_request": 'this is no request but "{value}"; a request is an object with its fields.',
    "missing": "it is missing, and every request needs it.",
    "not_text": '"{value}" is no text.',
    "not_a_number": '"{value}" is no number of degrees.',
    "status_unknown": '"{value}" is neither "open" nor "closed".',
    "date_shape": '"{value}" is no date and time as ISO 8601 writes it (2026-01-31T09:30:00+02:00).',
    "date_zone": '"{value}" does not say its time zone; write it with its offset (2026-01-31T09:30:00+02:00).',
    "date_too_early": "{value} lies before 1980; correct the date.",
    "date_in_future": "{value} lies in the future; correct the date, or this machine's clock.",
    "closing_missing": "it is missing, and a closed request needs the day of its closing.",
    "closed_before_received": "{value} lies before the request was received.",
    "number_missing": "it is missing, and every request needs it.",
    "service_unknown": 'the city has no service "{value}" any more; correct the map.',
    "number_twice": "request {first} has the same number and says something else; give each its own number.",
    "out_of_range": "{value} lies outside {least} to {most}.",
    "position_half": "it is missing, while the other half of the position is given.",
    "control_characters": "it holds control characters, or a line break where none may be; remove them.",
    "too_long": "{length} characters are too many; at most {most} can be kept.",
    # Of a map.
    "map_unknown_key": "no map has such a key; remove it.",
    "map_no_table": "the table is missing; every map needs [city] and [services].",
    "map_key": 'a short name in small letters, digits and hyphens is needed, such as "koeln".',
    "map_name": "the name of the city is needed.",
    "map_language": 'the language that people write there is needed, such as "de".',
    "map_not_text": 'a service\'s key is needed in quotation marks, or "" for triage.',
    "map_unknown_service": 'this city has no service "{value}"{meant}; name one of services.toml, or "" for triage.',
}


class ServiceMap(Struct, frozen=True):
    """From the services of another city to ours."""

    key: str
    name: str
    language: str
    """What people write there: a language that we speak, or `other`."""
    services: dict[str, str]
    """Their code → a key of ours, or empty where a clerk is to decide."""

    @property
    def system(self) -> str:
        """By which its requests are known again, with their number."""
        return f"open311:{self.key}"


class Entry(Struct, frozen=True):
    """One request of the file: to be taken over, or refused with its faults."""

    place: str
    """Where it stands, for people: `request 15 (A-173374)`."""
    code: str
    """The service that it names."""
    foreign: Foreign | None
    faults: list[Fault]


def read_map(file: Path, city: City) -> ServiceMap:
    """The map of a file. Refuses (Invalid) with every fault at once; (`OperatorError`) what is no TOML at all."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise OperatorError(
            f"{file} cannot be read ({error.strerror}): correct its name or its mode."
        ) from error
    except UnicodeDecodeError as error:
        raise OperatorError(f"{file} is not UTF-8 text: save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{file} is not valid TOML ({error}): correct the spelling there.") from error
    faults = [Fault(key, "map_unknown_key") for key in found.keys() - {"city", "services"}]
    about, services = found.get("city"), found.get("services")
    if not isinstance(about, dict):
        faults.append(Fault("city", "map_no_table"))
        about = {"key": "none", "name": "-", "language": "en"}
    faults += [
        Fault(f"city {key}", "map_unknown_key") for key in sorted(about.keys() - {"key", "name", "language"})
    ]
    for name, form in (("key", _KEY), ("name", re.compile(r"\S.*")), ("language", re.compile(r"[a-z]{2,3}"))):
        if not (isinstance(about.get(name), str) and form.fullmatch(about[name])):
            faults.append(Fault(f"city {name}", "map_" + name))
    if not isinstance(services, dict) or not services:
        faults.append(Fault("services", "map_no_table"))
        services = {}
    for code, ours in services.items():
        if not isinstance(ours, str):
            faults.append(Fault(f'services "{code}"', "map_not_text"))
        elif ours and ours not in city.services:
            near = get_close_matches(ours, list(city.services), n=1, cutoff=0.6)
            meant = f' (did you mean "{near[0]}"?)' if near else ""
            faults.append(Fault(f'services "{code}"', "map_unknown_service", value=ours, meant=meant))
    if faults:
        raise Invalid(faults)
    language = about["language"] if about["language"] in NAMES else "other"
    return ServiceMap(about["key"], about["name"], language, services)


def read_requests(file: Path) -> list[Any]:
    """The requests of a file as they stand there. Refuses (`OperatorError`) what is no list of requests."""
    try:
        found = json.loads(file.read_bytes())
    except OSError as error:
        raise OperatorError(
            f"{file} cannot be read ({error.strerror}): correct its name or its mode."
        ) from error
    except json.JSONDecodeError as error:
        raise OperatorError(
            f"{file} is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg}): correct it there."
        ) from error
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{file} is not valid JSON ({error}): correct it there.") from error
    while isinstance(found, dict) and "service_request_id" not in found:
        inner = next((found[name] for name in WRAPPINGS if name in found), None)
        if inner is None:
            break
        found = inner
    if isinstance(found, dict) and "service_request_id" in found:
        found = [found]
    if not isinstance(found, list):
        raise OperatorError(f"{file} holds no list of requests: it must be what GET requests.json answers.")
    return found


def entries_of(
    requests: Iterable[Any], *, city: City, service_map: ServiceMap, counted: bool, now: datetime
) -> list[Entry]:
    """Every request of a file, in its order, with all its faults. One that stands there twice alike is kept once."""
    found: list[Entry] = []
    seen: dict[str, tuple[int, Any]] = {}
    for place, request in enumerate(requests, start=1):
        if not isinstance(request, dict):
            faults = [Fault("", "not_a_request", value=shown(request))]
            found.append(Entry(f"request {place}", "", None, faults))
            continue
        number = _line(request, "service_request_id", [])
        first, before = seen.setdefault(number, (place, request))
        if number and before == request and first != place:
            continue
        foreign, faults = _read(request, city=city, service_map=service_map, counted=counted, now=now)
        if number and first != place:
            faults.append(Fault("service_request_id", "number_twice", first=first))
        where = f"request {place} ({shown(number)})" if number else f"request {place}"
        code = _line(request, "service_code", [])
        found.append(Entry(where, code, None if faults else foreign, faults))
    return found


def sentences(place: str, faults: Iterable[Fault]) -> list[str]:
    """One line for each fault of a request or of a map."""
    return [f"{place}: {f'{fault.field}: ' if fault.field else ''}{_sentence(fault)}" for fault in faults]


def shown(value: Any) -> str:
    """A value of the file as a terminal may show it: short, and nothing in it that a terminal would obey."""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in written[:61])
    return plain if len(written) <= 60 else f"{plain[:57]}…"


def _sentence(fault: Fault) -> str:
    words = {
        name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in fault.facts.items()
    }
    return _SENTENCES[fault.code].format(**words)


def _read(
    request: dict[str, Any], *, city: City, service_map: ServiceMap, counted: bool, now: datetime
) -> tuple[Foreign, list[Fault]]:
    """What a request says, and all its faults, those of its form and those that the domain finds."""
    faults: list[Fault] = []
    received_at = _instant(request, "requested_datetime", faults, missing="missing")
    status = _line(request, "status", []).lower()
    if not request.get("status"):
        faults.append(Fault("status", "missing"))
    elif status not in ("open", "closed"):
        faults.append(Fault("status", "status_unknown", value=shown(request["status"])))
    closed_at = None
    if status == "closed":
        closed_at = _instant(request, "updated_datetime", faults, missing="closing_missing")
    if closed_at and received_at and received_at - CUT_SECONDS < closed_at < received_at:
        closed_at = received_at
    service = service_map.services.get(_line(request, "service_code", faults), "")
    text = _text(request, "description", faults)
    if not text.strip() and not service:
        text = _text(request, "service_name", faults)  # Nothing else would say what it is about.
    foreign = Foreign(
        system=service_map.system,
        number=_line(request, "service_request_id", faults),
        text=text,
        place=_line(request, "address", faults),
        lat=_degrees(request, "lat", faults),
        lon=_degrees(request, "long", faults),
        service=service,
        language=service_map.language,
        received_at=received_at or now,
        closed_at=closed_at if received_at else None,
        reply=_text(request, "status_notes", faults) if status == "closed" else "",
        counted=counted,
    )
    try:
        foreign = take_over.check(city, foreign, now=now)
    except Invalid as refusal:
        known = {fault.field for fault in faults}
        found = [Fault(_FIELDS.get(one.field, one.field), one.code, **one.facts) for one in refusal.faults]
        faults += [fault for fault in found if fault.field not in known]
    return foreign, faults


def _text(request: dict[str, Any], name: str, faults: list[Fault]) -> str:
    """A field that holds words, or a number as some systems write their codes; empty where it is left out."""
    value = request.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    faults.append(Fault(name, "not_text", value=shown(value)))
    return ""


def _line(request: dict[str, Any], name: str, faults: list[Fault]) -> str:
    """A field of one line: what stood on several is joined."""
    return " ".join(_text(request, name, faults).strip().splitlines())


def _degrees(request: dict[str, Any], name: str, faults: list[Fault]) -> float | None:
    value = request.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        faults.append(Fault(name, "not_a_number", value=shown(value)))
        return None


def _instant(request: dict[str, Any], name: str, faults: list[Fault], *, missing: str) -> datetime | None:
    """A date and time with its zone, in UTC."""
    value = request.get(name)
    if value is None or value == "":
        faults.append(Fault(name, missing))
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        if found.tzinfo is None:
            faults.append(Fault(name, "date_zone", value=shown(value)))
            return None
        return found.astimezone(UTC)
    except (AttributeError, TypeError, ValueError, OverflowError):
        faults.append(Fault(name, "date_shape", value=shown(value)))
        return None
