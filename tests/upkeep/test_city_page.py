"""`docs/city-profile.md` is enough to set up a city: every field with its value and default, and what `check` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import inspect

from feedback.city.load import FILES, MARK, ProfileFaults, read_folder
from feedback.city.profile import decode, encode
from feedback.city.time_rules import Hours
from portal.commands.city import check
from portal.commands.city_faults import sentence
from tests.running import kanali

DOCUMENT = Path(__file__).parents[2] / "docs" / "city-profile.md"
TOWNS = Path(__file__).parents[1] / "cities"
EXAMPLE = re.compile(
    r"^```(?:toml|markdown|svg)\n(?:# |<!-- )(?P<file>[a-z/]+\.(?:toml|md|svg))(?: -->)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

PLAIN_TABLES = frozenset({"colours", "contact"})
"""Tables that have no row of their own: their fields say it all."""

SLIPS = (
    ("city.toml", 'zone = "Europe/Athens"', 'zone = "Athens"'),
    ("city.toml", 'brand = "#124f73"', 'brand = "#b03030"'),
    ("city.toml", '\nen = "Feedback channel"', ""),
    ("departments.toml", "works@example.org", "works.example.org"),
    ("services.toml", 'department = "works"', 'department = "wroks"'),
    ("services.toml", "promise_days = 10", "promise_day = 10"),
    ("services.toml", '"dark street"', '"lamp"'),
    ("routing.toml", '["complaint"]', '["complaints"]'),
    ("deadlines.toml", 'kind = "question"', 'kind = "praise"'),
    ("deadlines.toml", "valid_from = 2004-05-24", 'valid_from = "2004-05-24"'),
    ("calendar.toml", '{start = "14:00", end = "18:00"}', '{start = "11:00", end = "18:00"}'),
    ("survey.toml", "delay_working_days = 3", "delay_working_days = 90"),
    ("quality.toml", "minutes = 2400", "permille = 900"),
    ("policy/en.md", "## 3", "## Third"),
    ("mark.svg", 'stroke="currentColor"', 'stroke="#ff0000"'),
)
"""What somebody in a hurry writes: file, as it should be, as it is."""


def test_every_field_stands_in_its_files_section_with_its_value_and_its_default() -> None:
    faults = []
    for file, shape in FILES.items():
        rows = _rows(_section(file))
        fields = dict(_fields(inspect.type_info(shape), file))
        faults += [f"{file}: {name} is not explained" for name in fields.keys() - rows.keys()]
        faults += [f"{file}: {name} is explained, but no field" for name in rows.keys() - fields.keys()]
        for name in rows.keys() & fields.keys():
            value, default = rows[name]
            faults += [
                f"{file}: {name} is {value!r}, but has the bound {bound}"
                for bound in _bounds(fields[name].type)
                if not re.search(rf"\b{bound}\b", value)
            ]
            wanted = _default(fields[name])
            if wanted != default:
                faults.append(f"{file}: {name} left out is {wanted!r}, the page says {default!r}")
    assert faults == []


@pytest.mark.parametrize("file", FILES)
def test_every_value_that_a_field_may_have_stands_in_its_section(file: str) -> None:
    section = _section(file)
    said = set(re.findall(r"`\"?([A-Za-z0-9_]+)\"?`", section))
    allowed = {
        value for _, field in _fields(inspect.type_info(FILES[file]), file) for value in _allowed(field.type)
    }
    if file == "routing.toml":  # It sends the reader to the table of the next section.
        said |= set(re.findall(r"`([a-z_]+)`", _section("deadlines.toml")))
    assert allowed - said == set()


def test_each_part_that_is_no_table_has_its_section() -> None:
    assert "## <id>" in _section("policy/<language>.md")
    assert "currentColor" in _section(MARK)


def test_what_check_says_of_a_village_full_of_slips(tmp_path: Path) -> None:
    village = write_village(tmp_path)
    for file, right, wrong in SLIPS:
        text = (village / file).read_text(encoding="utf-8")
        assert right in text, f"{file} has no {right} any more"
        (village / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ProfileFaults) as refused:
        read_folder(village)
    said = re.search(r"^```text\n(.*?)^```$", _section("What `kanali city check` says"), re.M | re.S)
    assert said is not None
    assert said[1].splitlines() == [sentence(fault) for fault in refused.value.faults]


def test_what_check_says_of_the_village_as_it_stands(tmp_path: Path) -> None:
    village = write_village(tmp_path / "cities")
    written = {path.relative_to(village).as_posix() for path in village.rglob("*.*") if path.is_file()}
    assert written == {*FILES, MARK, "policy/el.md", "policy/en.md"}
    answer = CliRunner().invoke(check, [str(village)])
    assert answer.exit_code == 0
    assert answer.output.replace(str(village), "cities/lakeside").strip() in DOCUMENT.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("town", ["lakeside", "brightwater"])
def test_a_town_of_this_page_alone_can_be_installed(town: str, tmp_path: Path) -> None:
    """Lakeside is the page's own; Brightwater was written by somebody who had seen nothing but the page."""
    folder = write_village(tmp_path) if town == "lakeside" else TOWNS / town
    city = read_folder(folder)
    assert decode(encode(city)) == city
    url = f"sqlite:///{tmp_path}/kanali.db"
    for command in (
        ("init", "--city", str(folder), "--admin-email", "admin@example.org"),
        ("verify",),
    ):
        done = kanali(*command, url=url, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), command


def write_village(folder: Path) -> Path:
    """The examples of the page as a folder."""
    village = folder / "lakeside"
    (village / "policy").mkdir(parents=True)
    for example in EXAMPLE.finditer(DOCUMENT.read_text(encoding="utf-8")):
        (village / example["file"]).write_text(example["text"], encoding="utf-8")
    return village


def _section(name: str) -> str:
    """The section of the page whose heading begins with a file's name, or is the name itself."""
    parts = re.split(r"^## (.+)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [
        text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
        if heading == name or heading.startswith(f"`{name}`")
    ]
    assert len(found) == 1, f"the page has {len(found)} sections for {name}"
    return found[0]


def _rows(section: str) -> dict[str, tuple[str, str]]:
    """Name of a field → value and default, from the tables of four columns."""
    rows: dict[str, tuple[str, str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[0].startswith("`"):
            for name in re.findall(r"`([a-z0-9_.]+)`", cells[0]):
                rows[name] = (cells[1], cells[2].strip('`"'))
    return rows


def _fields(shape: inspect.Type, file: str, path: str = "") -> Iterator[tuple[str, inspect.Field]]:
    """Every field of a file by its dotted name; a list of tables is named itself, and its fields below it.

    Files that are one list alone have it as their heading, hence no row; spans of hours are explained once.
    """
    assert isinstance(shape, inspect.StructType)
    for field in shape.fields:
        name = f"{path}.{field.encode_name}" if path else field.encode_name
        inner = field.type.item_type if isinstance(field.type, inspect.VarTupleType) else field.type
        if not isinstance(inner, inspect.StructType):
            yield name, field
        elif inner.cls is Hours:
            yield name, field
            for part in inner.fields:
                yield part.encode_name, part
        elif len(shape.fields) == 1 and not path:
            yield from _fields(inner, file)
        else:
            if name not in PLAIN_TABLES:
                yield name, field
            yield from _fields(inner, file, name)


def _bounds(shape: inspect.Type) -> list[str]:
    if isinstance(shape, inspect.UnionType):
        return [bound for one in shape.types for bound in _bounds(one)]
    if isinstance(shape, inspect.IntType):
        return [str(bound) for bound in (shape.ge, shape.le) if bound is not None]
    return []


def _default(field: inspect.Field) -> str:
    """How the page writes what holds where a field is left out."""
    if field.required:
        return "needed"
    value = field.default
    if value in (inspect.NODEFAULT, None, "", ()):
        return "empty"
    return str(value).lower()


def _allowed(shape: inspect.Type) -> set[str]:
    """The values of a closed list, however deep."""
    match shape:
        case inspect.LiteralType(values=values):
            return {str(value) for value in values}
        case inspect.VarTupleType(item_type=item):
            return _allowed(item)
        case inspect.UnionType(types=types):
            return set().union(*map(_allowed, types))
        case _:
            return set()
