"""Reading folders: the shipped cities whole, a spoilt one with every fault at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedback.city.load import ProfileFaults, read_folder
from feedback.city.part import KINDS
from feedback.city.profile import City, decode, encode

ROOT = Path(__file__).parents[3]
SHIPPED = [ROOT / "cities" / name for name in ("heraklion", "kaunas")]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_city_is_faultless_and_complete(folder: Path) -> None:
    city = read_folder(folder)
    assert sorted(city.identity.languages) == ["el", "en", "lt"]
    assert len(city.service) == 30
    assert len(city.department) >= 10
    assert {row.kind for row in city.deadlines.default_nature} == set(KINDS)
    assert city.identity.sample, "a shipped city is a sample and says so"
    assert city.mark
    assert decode(encode(city)) == city


def test_the_shipped_cities_share_one_list_of_services() -> None:
    heraklion, kaunas = (read_folder(folder) for folder in SHIPPED)
    assert [service.key for service in heraklion.service] == [service.key for service in kaunas.service]


def test_kaunas_keeps_the_number_that_its_policy_uses_twice() -> None:
    kaunas = read_folder(SHIPPED[1])
    ids = [commitment.id for commitment in kaunas.quality.commitment]
    assert [one for one in ids if one.startswith("1.2")] == ["1.2a", "1.2b"]


def test_the_policy_is_read_as_opening_and_numbered_texts(folder: Path) -> None:
    (folder / "policy" / "en.md").write_bytes(
        "\ufeffFirst line\r\nsecond line  \r\n\r\nSecond paragraph\r\n\r\n"
        "##1\r\nOne\r\n\r\nmore\r\n## 2 \nTwo\n\n## 3\nThree".encode()
    )
    policy = read_folder(folder).policy["en"]
    assert policy.opening == "First line\nsecond line\n\nSecond paragraph"
    assert policy.texts == {"1": "One\n\nmore", "2": "Two", "3": "Three"}


def _faults(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(ProfileFaults) as refusal:
        read_folder(folder)
    return [(fault.file, fault.place, fault.code) for fault in refusal.value.faults]


def _change(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, f"{path.name} does not hold {before!r}"
        text = text.replace(before, after, 1)
    path.write_text(text, encoding="utf-8")


def test_one_run_shows_every_fault_of_every_file(folder: Path) -> None:
    _change(
        folder / "city.toml",
        ('brand = "#0f5460"', 'brand = "#FF2222"'),
        ("second_look_days = 30", "second_look_days = 0\nsecond_loook = 3"),
        ('lt = "Rivertonas"\n', ""),
        ('jurisdiction = "LT"', 'jurisdiction = "LV"'),
    )
    _change(
        folder / "departments.toml",
        ('phone = "+370 000 00001"', "phone = 12"),
        ('key = "dept-b"', 'key = "dept-c"'),
    )
    _change(
        folder / "services.toml",
        ('department = "dept-a"', 'departmnet = "dept-a"'),
        ("promise_days = 10", 'promise_days = "ten"'),
        ('department = "dept-b"', 'department = "dept-x"'),
        ('en = ["water", "leak", "pipe", "tap"]', 'en = ["water"]'),
    )
    _change(folder / "routing.toml", ('department = "dept-c"', 'department = "dept-y"'))
    _change(
        folder / "deadlines.toml",
        ('kind = "praise"', 'kind = "prise"'),
        ('nature = ["question"]', 'nature = ["question", "complaint_act"]'),
        ("valid_from = 2020-01-01", "valid_from = 2020-01-01T00:00:00"),
    )
    _change(
        folder / "calendar.toml",
        ('monday = [{start = "08:00", end = "16:00"}]', 'monday = [{start = "16:00", end = "08:00"}]'),
        (
            'tuesday = [{start = "08:00", end = "16:00"}]',
            'tuesday = [{start = "8:00", end = "16:00", x = 1}]',
        ),
        ('every = "06-15"', 'every = "06-35"'),
    )
    _change(folder / "survey.toml", ("delay_working_days = 3", "delay_working_days = = 3"))
    _change(folder / "quality.toml", ("gave_purpose = true\n", ""))
    _change(folder / "mark.svg", ('stroke="currentColor"', 'stroke="red" onclick="x()"'))
    _change(folder / "policy" / "en.md", ("## 2", "## 4"), ("## 3", "### 3"))
    (folder / "policy" / "lt.md").unlink()
    (folder / "publication.toml").write_bytes(b"hidden_below = 5\n# \xff\n")
    (folder / "service.toml").touch()

    assert _faults(folder) == [
        ("city.toml", "", "unknown_key"),
        ("city.toml", "jurisdiction", "not_one_of"),
        ("city.toml", "colours → brand", "wrong_form"),
        ("city.toml", "second_look_days", "out_of_range"),
        ("city.toml", "short_name", "missing_wording"),
        ("departments.toml", "department[1] dept-a → phone", "wrong_type"),
        ("departments.toml", "department", "duplicate"),
        ("services.toml", "service[1] street-lighting", "unknown_key"),
        ("services.toml", "service[2] roads → promise_days", "wrong_type"),
        ("services.toml", "service[3] noise → department", "unknown_department"),
        ("services.toml", "service[4] water-supply → keywords → en", "few_keywords"),
        ("routing.toml", "rule[1] lighting-complaints → department", "unknown_department"),
        ("deadlines.toml", "default_nature[5] prise → kind", "not_one_of"),
        ("deadlines.toml", "law[1] answer → valid_from", "wrong_type"),
        ("calendar.toml", "office_hours → tuesday[1]", "unknown_key"),
        ("calendar.toml", "office_hours → tuesday[1] → start", "wrong_form"),
        ("calendar.toml", "closed[1] → every", "not_a_day"),
        ("survey.toml", "line 1", "toml_syntax"),
        ("quality.toml", "commitment → gave_purpose", "one_purpose"),
        ("publication.toml", "line 2", "not_utf8"),
        ("policy/en.md", "line 9", "policy_heading"),
        ("policy/en.md", "## 4", "text_without_commitment"),
        ("policy/en.md", "", "commitment_without_text"),
        ("policy/en.md", "", "commitment_without_text"),
        ("mark.svg", "path", "mark_paint"),
        ("mark.svg", "path", "mark_attribute"),
        ("service.toml", "", "unknown_file"),
        ("policy/lt.md", "", "missing_file"),
    ]


def test_what_was_meant_is_said(folder: Path) -> None:
    _change(folder / "services.toml", ('department = "dept-a"', 'departmnet = "dept-a"'))
    with pytest.raises(ProfileFaults) as refusal:
        read_folder(folder)
    assert [fault.facts["nearest"] for fault in refusal.value.faults] == ["department"]


def test_a_folder_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    assert _faults(tmp_path / "nowhere") == [(str(tmp_path / "nowhere"), "", "missing_folder")]


def test_an_empty_folder_names_every_missing_file(tmp_path: Path) -> None:
    found = _faults(tmp_path)
    assert [file for file, _, code in found if code == "missing_file"] == [
        "city.toml",
        "departments.toml",
        "services.toml",
        "routing.toml",
        "deadlines.toml",
        "calendar.toml",
        "survey.toml",
        "quality.toml",
        "publication.toml",
    ]


def test_a_town_without_a_mark_is_fine(folder: Path, riverton: City) -> None:
    (folder / "mark.svg").unlink()
    city = read_folder(folder)
    assert city.mark == ""
    assert city.service == riverton.service


def test_a_broken_list_of_departments_brings_no_false_accusations(folder: Path) -> None:
    (folder / "departments.toml").write_text("department = 3\n", encoding="utf-8")
    assert _faults(folder) == [("departments.toml", "department", "wrong_type")]


def test_a_wrong_number_boolean_or_hour_is_a_fault_not_a_crash(folder: Path) -> None:
    _change(folder / "deadlines.toml", ("roll = true", 'roll = "yes"'), ("days = 20", "days = 20.5"))
    _change(folder / "services.toml", ("promise_days = 5", "promise_days = true"))
    _change(folder / "calendar.toml", ("[office_hours]", "[office_hours]\nsunday = 8"))
    assert _faults(folder) == [
        ("services.toml", "service[1] street-lighting → promise_days", "wrong_type"),
        ("deadlines.toml", "law[1] answer → days", "wrong_type"),
        ("deadlines.toml", "law[1] answer → roll", "wrong_type"),
        ("calendar.toml", "office_hours → sunday", "wrong_type"),
    ]
