"""Reading a city's folder: TOML files, the policy's texts and the mark become one `City`, or all faults at once.

Decides what belongs into a folder and how the policy's text is written. What the parts must be like is said by
`profile.py`, how they must fit each other by `check.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from feedback.city.check import check_parts
from feedback.city.faults import CityFault, Parts
from feedback.city.profile import (
    City,
    Colours,
    Commitment,
    Department,
    Identity,
    PolicyText,
    Publication,
    Quality,
    Restriction,
    Routing,
    RoutingRule,
    Service,
    Survey,
    Target,
)
from feedback.city.shape import find_misfits, nearest
from feedback.city.time_rules import Calendar, ClosedDay, Deadlines, LawRule, NatureDefault
from feedback.errors import DomainError

Table = dict[str, object]
Part = TypeVar("Part", bound=Struct)


class ProfileFaults(DomainError):
    """A profile that cannot be used; `faults` holds every one of them, in the order of the files."""

    code = "profile_faults"

    def __init__(self, faults: Sequence[CityFault]) -> None:
        super().__init__(faults=tuple(faults))
        self.faults = tuple(faults)


class DepartmentsFile(Struct, frozen=True, forbid_unknown_fields=True):
    """`departments.toml`."""

    department: tuple[Department, ...]


class ServicesFile(Struct, frozen=True, forbid_unknown_fields=True):
    """`services.toml`."""

    service: tuple[Service, ...]


FILES: dict[str, type[Struct]] = {
    "city.toml": Identity,
    "departments.toml": DepartmentsFile,
    "services.toml": ServicesFile,
    "routing.toml": Routing,
    "deadlines.toml": Deadlines,
    "calendar.toml": Calendar,
    "survey.toml": Survey,
    "quality.toml": Quality,
    "publication.toml": Publication,
}
MARK = "mark.svg"
EUROPEAN_CODE = Path(__file__).parent / "european_code.toml"
"""The rows of law of a city whose profile names no country's law and no row of its own."""


def read_folder(folder: Path) -> City:
    """The profile in `folder`; raises `ProfileFaults` with every fault of every file."""
    if not folder.is_dir():
        raise ProfileFaults([CityFault(str(folder), "", "missing_folder")])
    faults = _find_stray_files(folder)
    tables: dict[str, Table | None] = {}
    for file, shape in FILES.items():
        tables[file] = _read_toml(folder / file, file, faults)
        table = tables[file]
        if table is not None:
            faults += find_misfits(table, shape, file)
    _fall_back(tables["city.toml"], tables["deadlines.toml"])
    policy = {
        path.stem: _read_policy(path, f"policy/{path.name}", faults)
        for path in sorted(folder.glob("policy/*.md"))
    }
    mark = _read_text(folder / MARK, MARK, faults) if (folder / MARK).exists() else ""
    mark = None if mark is None else mark.strip()
    faults += check_parts(_parts_of(tables, policy, mark))
    if faults:
        order = [*FILES, *(f"policy/{language}.md" for language in policy), MARK]
        raise ProfileFaults(
            sorted(faults, key=lambda one: order.index(one.file) if one.file in order else len(order))
        )
    return _build(tables, policy, mark)


def _fall_back(identity: Table | None, deadlines: Table | None) -> None:
    """Give a profile that follows no country's law and has no row of law the rows of the European code."""
    if identity is None or deadlines is None or identity.get("jurisdiction") != "EU" or deadlines.get("law"):
        return
    deadlines["law"] = tomllib.loads(EUROPEAN_CODE.read_text(encoding="utf-8"))["law"]


def _build(tables: dict[str, Table | None], policy: dict[str, PolicyText | None], mark: str | None) -> City:
    """The whole, by msgspec itself: what the walk has let through, it still refuses."""
    whole: Table = {
        "identity": tables["city.toml"],
        **(tables["departments.toml"] or {}),
        **(tables["services.toml"] or {}),
        **{file.removesuffix(".toml"): tables[file] for file in [*FILES][3:]},
        "policy": msgspec.to_builtins(policy),
        "mark": mark or "",
    }
    try:
        return msgspec.convert(whole, City)
    except msgspec.ValidationError as error:
        raise ProfileFaults([CityFault("", "", "misfit", {"reason": str(error)})]) from error


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────


def _find_stray_files(folder: Path) -> list[CityFault]:
    """Files that nobody would ever read, since their name is not one of a profile."""
    known = [*FILES, MARK]
    strays = [path.name for path in sorted(folder.iterdir()) if path.suffix in {".toml", ".svg"}]
    return [
        CityFault(name, "", "unknown_file", {"nearest": nearest(name, known), "known": tuple(known)})
        for name in strays
        if name not in known
    ]


def _read_text(path: Path, file: str, faults: list[CityFault]) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        faults.append(CityFault(file, "", "missing_file"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.append(CityFault(file, f"line {line}", "not_utf8"))
    except OSError as error:
        faults.append(CityFault(file, "", "unreadable", {"reason": error.strerror or str(error)}))
    return None


def _read_toml(path: Path, file: str, faults: list[CityFault]) -> Table | None:
    text = _read_text(path, file, faults)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, where = str(error).partition(" (at ")
        place = where.rstrip(")").partition(",")[0]
        faults.append(CityFault(file, place, "toml_syntax", {"reason": reason, "where": where.rstrip(")")}))
        return None


def _read_policy(path: Path, file: str, faults: list[CityFault]) -> PolicyText | None:
    """Opening paragraphs, then `## <id>` and the text of that commitment, again and again; no other markup."""
    text = _read_text(path, file, faults)
    if text is None:
        return None
    pieces: dict[str, list[str]] = {"": []}
    current = ""
    for number, line in enumerate(text.split("\n"), start=1):
        heading = re.fullmatch(r"## *(\S+)\s*", line)
        if heading is None and line.startswith("#"):
            faults.append(CityFault(file, f"line {number}", "policy_heading", {"value": line}))
        elif heading is None:
            pieces[current].append(line.rstrip())
        elif heading[1] in pieces:
            faults.append(CityFault(file, f"line {number}", "duplicate", {"key": heading[1]}))
        else:
            current = heading[1]
            pieces[current] = []
    texts = {key: "\n".join(lines).strip() for key, lines in pieces.items()}
    return PolicyText(opening=texts.pop(""), texts=texts)


# ── what can be judged although other things are broken ─────────────────────────────────────────────────────

_STAND_INS: Table = {
    "key": "stand-in",
    "code": "XX",
    "jurisdiction": "EU",
    "zone": "UTC",
    "languages": ["en"],
    "colours": {"brand": "#000000", "brand_deep": "#000000", "mist": "#ffffff", "mist_2": "#ffffff"},
    "second_look_days": 30,
    "delay_working_days": 3,
}
"""Put in for a field of the wrong shape, so that the wording beside it is judged; judged itself it is never."""


def _parts_of(
    tables: dict[str, Table | None], policy: dict[str, PolicyText | None], mark: str | None
) -> Parts:
    identity = tables["city.toml"]
    languages = (identity or {}).get("languages")
    zone = (identity or {}).get("zone")
    calendar, quality = tables["calendar.toml"], tables["quality.toml"]
    departments = _entries(tables["departments.toml"], "department")
    services = _entries(tables["services.toml"], "service")
    commitments = _entries(quality, "commitment")
    return Parts(
        identity=_mended(identity, Identity),
        languages=_find_languages(languages),
        zone=zone if isinstance(zone, str) else None,
        colours=_sound((identity or {}).get("colours"), Colours),
        departments=_all_sound(departments, Department),
        department_keys=_names(departments, "key"),
        services=_all_sound(services, Service),
        service_keys=_names(services, "key"),
        rules=_all_sound(_entries(tables["routing.toml"], "rule"), RoutingRule),
        restrictions=_all_sound(_entries(tables["routing.toml"], "restriction"), Restriction),
        default_natures=_all_sound(_entries(tables["deadlines.toml"], "default_nature"), NatureDefault),
        laws=_all_sound(_entries(tables["deadlines.toml"], "law"), LawRule),
        calendar=None if calendar is None else _sound({**calendar, "closed": []}, Calendar),
        closed=_all_sound(_entries(calendar, "closed"), ClosedDay),
        survey=_mended(tables["survey.toml"], Survey),
        quality=_only_titles(quality),
        commitments=_all_sound(commitments, Commitment),
        commitment_ids=_names(commitments, "id"),
        targets=_all_sound(_entries(quality, "target"), Target),
        publication=_sound(tables["publication.toml"], Publication),
        policy=policy,
        mark=mark,
    )


def _sound(value: object, shape: type[Part]) -> Part | None:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return None


def _mended(table: Table | None, shape: type[Part]) -> Part | None:
    if table is None:
        return None
    whole = _sound(table, shape)
    if whole is not None:
        return whole
    mended = dict(table)
    for field in msgspec.structs.fields(shape):
        if field.name in _STAND_INS:
            try:
                msgspec.convert(table.get(field.name), field.type)
            except msgspec.ValidationError:
                mended[field.name] = _STAND_INS[field.name]
    return _sound(mended, shape)


def _only_titles(quality: Table | None) -> Quality | None:
    """The file with one commitment that stands in for all: they are judged one by one."""
    return (
        None
        if quality is None
        else _sound({**quality, "commitment": [{"id": "0", "printed": ""}], "target": []}, Quality)
    )


def _entries(table: Table | None, name: str) -> list[object] | None:
    """The entries of a list as written; none where the file or the list itself cannot be read."""
    if table is None:
        return None
    entries = table.get(name, [])
    return entries if isinstance(entries, list) else None


def _all_sound(entries: list[object] | None, shape: type[Part]) -> list[Part | None] | None:
    return None if entries is None else [_sound(entry, shape) for entry in entries]


def _names(entries: list[object] | None, field: str) -> list[str] | None:
    if entries is None:
        return None
    return [
        entry[field] for entry in entries if isinstance(entry, dict) and isinstance(entry.get(field), str)
    ]


def _find_languages(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    languages = tuple(language for language in value if isinstance(language, str))
    return languages if languages and len(languages) == len(value) else None
