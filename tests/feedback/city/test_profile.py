"""The shape of a profile: what is stored can be read back."""

from __future__ import annotations

import inspect
from datetime import date

import msgspec
import pytest
from msgspec import structs

from feedback.city import profile, time_rules
from feedback.city.profile import City, decode, encode
from feedback.city.time_rules import ClosedDay

PARTS = [
    part
    for module in (profile, time_rules)
    for part in vars(module).values()
    if inspect.isclass(part) and issubclass(part, msgspec.Struct) and part.__module__ == module.__name__
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_what_a_field_holds_when_nothing_is_written_fits_its_own_type(part: type[msgspec.Struct]) -> None:
    for field in structs.fields(part):
        if field.required:
            continue
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        assert msgspec.convert(msgspec.to_builtins(default), type=field.type) == default, field.name


@pytest.mark.parametrize(
    "closed",
    [ClosedDay(name={"en": "Fair"}, on=date(2027, 1, 4)), ClosedDay(name={"en": "Fair"}, every="07-26")],
)
def test_a_closed_day_is_read_back_as_it_was_stored(riverton: City, closed: ClosedDay) -> None:
    calendar = structs.replace(riverton.calendar, closed=(closed,))
    city = structs.replace(riverton, calendar=calendar)
    assert decode(encode(city)) == city
