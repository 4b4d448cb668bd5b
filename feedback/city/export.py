"""Writing a profile back as a city's folder, so that `load.py` reads the same profile from it.

Decides how TOML is laid out: only what differs from the default, entries of lists as `[[tables]]`, texts as tables of
languages. Comments of an earlier folder are lost: the profile does not hold them.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from feedback.city.load import MARK
from feedback.city.profile import City, PolicyText

Table = dict[str, object]


def write_folder(city: City, folder: Path) -> None:
    """Write every file of the profile; files of an earlier state that it no longer has are removed.

    Only names of a profile are touched. What the operating system refuses is raised as it is.
    """
    (folder / "policy").mkdir(parents=True, exist_ok=True)
    tables: dict[str, Table] = {
        "city.toml": _table(city.identity),
        "departments.toml": {"department": [_table(department) for department in city.department]},
        "services.toml": {"service": [_table(service) for service in city.service]},
        "routing.toml": _table(city.routing),
        "deadlines.toml": _table(city.deadlines),
        "calendar.toml": _table(city.calendar),
        "survey.toml": _table(city.survey),
        "quality.toml": _table(city.quality),
        "publication.toml": _table(city.publication),
    }
    for file, table in tables.items():
        _write(folder / file, toml(table))
    for language, policy in city.policy.items():
        _write(folder / "policy" / f"{language}.md", _policy(policy))
    for path in (folder / "policy").glob("*.md"):
        if path.stem not in city.policy:
            path.unlink()
    if city.mark:
        _write(folder / MARK, city.mark + "\n")
    else:
        (folder / MARK).unlink(missing_ok=True)


def toml(table: Table) -> str:
    """A table as TOML: plain values first, then tables, then lists of tables."""
    return "\n".join(_lines(table, ())).strip("\n") + "\n"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _policy(policy: PolicyText) -> str:
    pieces = [policy.opening, *(f"## {key}\n{text}" for key, text in policy.texts.items())]
    return "\n\n".join(pieces) + "\n"


def _table(part: Struct) -> Table:
    """What the part says beyond its defaults, ready for `toml`."""
    table: Table = {}
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.encode_name)
        if field.required or value != _default(field):
            table[field.name] = _plain(value)
    return table


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _plain(value: object) -> object:
    match value:
        case Struct():
            return _table(value)
        case tuple():
            return [_plain(entry) for entry in value]
        case dict():
            return {key: _plain(entry) for key, entry in value.items()}
        case _:
            return value


def _lines(table: Table, path: tuple[str, ...]) -> list[str]:
    lines = [
        f"{_key(name)} = {_inline(value)}" for name, value in table.items() if not _is_block(value, path)
    ]
    for name, value in table.items():
        if not _is_block(value, path):
            continue
        inside = (*path, name)
        header = ".".join(_key(part) for part in inside)
        entries = value if isinstance(value, list) else [value]
        for entry in (entry for entry in entries if isinstance(entry, dict)):
            lines += [
                "",
                f"[[{header}]]" if isinstance(value, list) else f"[{header}]",
                *_lines(entry, inside),
            ]
    return lines


def _is_block(value: object, path: tuple[str, ...]) -> bool:
    """Whether a value gets a header of its own: tables do, lists of tables only at the top (hours stay in a line)."""
    if isinstance(value, list):
        return not path and bool(value) and all(isinstance(entry, dict) for entry in value)
    return isinstance(value, dict)


def _inline(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case str():
            return _text(value)
        case list():
            return "[" + ", ".join(_inline(entry) for entry in value) + "]"
        case dict():
            return "{" + ", ".join(f"{_key(key)} = {_inline(entry)}" for key, entry in value.items()) + "}"
        case _:
            raise TypeError(f"a profile holds no {type(value).__name__}")


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else _text(name)


def _text(value: str) -> str:
    """A basic string: JSON's escapes are TOML's, save that TOML also wants DEL escaped and forbids `\\/`."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
