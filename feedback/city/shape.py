"""Whether a table read from TOML has the shape of a Struct: every misfit at once, not only the first.

msgspec stops at the first fault and names no key that may have been meant; so its description of the types is walked
here. It remains the judge: `load.py` converts with it, and what it refuses all the same is a fault too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches

from msgspec import Struct, inspect

from feedback.city.faults import CityFault, spot

_NAMES = ("key", "id", "measure", "kind")
"""The fields by which an entry of a list is called, the first that it has."""

_KINDS_OF_VALUE = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "decimal number",
    datetime: "date with time",
    date: "date",
    list: "list",
    dict: "table",
}


def find_misfits(table: dict[str, object], shape: type[Struct], file: str) -> list[CityFault]:
    """Every unknown, missing or wrong key of a whole file.

    Unknown keys that resemble no missing one are taken out of `table`, so that the rest can be judged further.
    """
    return list(_walk(table, inspect.type_info(shape), file, ""))


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """The known word that was probably meant; empty where none is near."""
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), "")


def _walk(value: object, shape: inspect.Type, file: str, place: str) -> Iterator[CityFault]:
    match shape:
        case inspect.StructType():
            if isinstance(value, dict):
                yield from _walk_struct(value, shape, file, place)
            else:
                yield _wrong_type(value, "table", file, place)
        case inspect.VarTupleType(item_type=item_type, min_length=least):
            if not isinstance(value, list):
                yield _wrong_type(value, "list", file, place)
            elif least is not None and len(value) < least:
                yield CityFault(file, place, "no_entries")
            else:
                for position, entry in enumerate(value):
                    yield from _walk(entry, item_type, file, spot(place, position, _name_of(entry)))
        case inspect.DictType(value_type=value_type):
            if isinstance(value, dict):
                for key, entry in value.items():
                    yield from _walk(entry, value_type, file, _within(place, str(key)))
            else:
                yield _wrong_type(value, "table", file, place)
        case inspect.UnionType(types=types):
            yield from _walk(
                value, next(one for one in types if not isinstance(one, inspect.NoneType)), file, place
            )
        case _:
            yield from _walk_value(value, shape, file, place)


def _walk_struct(
    table: dict[str, object], shape: inspect.StructType, file: str, place: str
) -> Iterator[CityFault]:
    fields = {field.encode_name: field for field in shape.fields}
    absent = [name for name in fields if name not in table]
    for key in [key for key in table if key not in fields]:
        meant = nearest(key, absent)
        yield CityFault(
            file,
            place,
            "unknown_key",
            {"key": key, "nearest": meant or nearest(key, list(fields)), "known": tuple(fields)},
        )
        if not meant:
            del table[key]
    for name, field in fields.items():
        if name in table:
            yield from _walk(table[name], field.type, file, _within(place, name))
        elif field.required:
            yield CityFault(file, place, "missing_key", {"key": name})


def _walk_value(value: object, shape: inspect.Type, file: str, place: str) -> Iterator[CityFault]:
    match shape:
        case inspect.LiteralType(values=values):
            if not isinstance(value, str):
                yield _wrong_type(value, "text", file, place)
            elif value not in values:
                known = tuple(str(one) for one in values)
                facts: dict[str, object] = {"value": value, "known": known, "nearest": nearest(value, known)}
                yield CityFault(file, place, "not_one_of", facts)
        case inspect.StrType(pattern=pattern, max_length=longest):
            if not isinstance(value, str):
                yield _wrong_type(value, "text", file, place)
            elif pattern is not None and not re.search(pattern, value):
                yield CityFault(file, place, "wrong_form", {"value": value, "form": pattern})
            elif longest is not None and len(value) > longest:
                yield CityFault(file, place, "too_long", {"length": len(value), "most": longest})
        case inspect.IntType(ge=least, le=most):
            if not isinstance(value, int) or isinstance(value, bool):
                yield _wrong_type(value, "whole number", file, place)
            elif (least is not None and value < least) or (most is not None and value > most):
                yield CityFault(file, place, "out_of_range", {"value": value, "least": least, "most": most})
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield _wrong_type(value, "true or false", file, place)
        case inspect.DateType():
            if type(value) is not date:
                yield _wrong_type(value, "date", file, place)


def _wrong_type(value: object, wanted: str, file: str, place: str) -> CityFault:
    found = next(
        (name for kind, name in _KINDS_OF_VALUE.items() if isinstance(value, kind)), "something else"
    )
    return CityFault(file, place, "wrong_type", {"wanted": wanted, "found": found})


def _name_of(entry: object) -> str:
    if not isinstance(entry, dict):
        return ""
    return next((entry[name] for name in _NAMES if isinstance(entry.get(name), str)), "")


def _within(place: str, name: str) -> str:
    return f"{place} → {name}" if place else name
