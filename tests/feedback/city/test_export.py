"""What is written is read again as the same profile."""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from feedback.city.export import toml, write_folder
from feedback.city.load import read_folder
from feedback.city.profile import City, PolicyText, Service
from feedback.city.time_rules import ClosedDay, Hours

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "cities" / "heraklion", ROOT / "cities" / "kaunas", ROOT / "tests" / "cities" / "riverton"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
WORDS = st.fixed_dictionaries({"en": TEXT, "el": TEXT, "lt": TEXT})
KEYWORDS = st.fixed_dictionaries(
    {
        language: st.lists(TEXT, min_size=3, max_size=5, unique_by=lambda word: word.strip().lower()).map(
            tuple
        )
        for language in ("en", "el", "lt")
    }
)
PARAGRAPHS = st.lists(
    TEXT.map(lambda text: " ".join(text.split())).filter(lambda text: text and not text.startswith("#")),
    min_size=1,
    max_size=3,
).map("\n\n".join)
POLICY = st.builds(
    PolicyText,
    opening=PARAGRAPHS,
    texts=st.fixed_dictionaries({"1": PARAGRAPHS, "2": PARAGRAPHS, "3": PARAGRAPHS}),
)
SERVICE = st.one_of(
    st.builds(
        Service,
        key=st.just("extra"),
        name=WORDS,
        about=WORDS,
        keywords=KEYWORDS,
        department=st.sampled_from(["dept-a", "dept-b"]),
        promise_days=st.integers(1, 250),
    ),
    st.builds(Service, key=st.just("extra"), name=WORDS, about=WORDS, keywords=KEYWORDS, not_offered=WORDS),
)
CLOSED = st.one_of(
    st.builds(ClosedDay, name=WORDS, on=st.dates()), st.builds(ClosedDay, name=WORDS, every=st.just("02-29"))
)
DAY = st.sampled_from(
    [
        (),
        (Hours(start="08:00", end="12:00"), Hours(start="13:00", end="24:00")),
        (Hours(start="00:00", end="23:59"),),
    ]
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_a_shipped_city_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    city = read_folder(folder)
    write_folder(city, tmp_path / "copy")
    assert read_folder(tmp_path / "copy") == city


@settings(max_examples=25, deadline=None)
@given(
    sample=WORDS,
    name=WORDS,
    service=SERVICE,
    closed=st.lists(CLOSED, max_size=2).map(tuple),
    sunday=DAY,
    working=st.lists(st.dates(), max_size=2).map(tuple),
    verify=st.booleans(),
    policy=POLICY,
    remedy=WORDS,
)
def test_whatever_words_and_days_a_town_has_come_back(
    riverton: City,
    sample: dict[str, str],
    name: dict[str, str],
    service: Service,
    closed: tuple[ClosedDay, ...],
    sunday: tuple[Hours, ...],
    working: tuple[object, ...],
    verify: bool,
    policy: PolicyText,
    remedy: dict[str, str],
) -> None:
    first_law, *other_law = riverton.deadlines.law
    city = replace(
        riverton,
        identity=replace(riverton.identity, sample=sample, name=name),
        service=(*riverton.service, service),
        deadlines=replace(
            riverton.deadlines, law=(replace(first_law, verify=verify, remedy=remedy), *other_law)
        ),
        calendar=replace(
            riverton.calendar,
            closed=closed,
            working=working,
            office_hours=replace(riverton.calendar.office_hours, sunday=sunday),
        ),
        policy={**riverton.policy, "lt": policy},
    )
    with TemporaryDirectory() as place:
        write_folder(city, Path(place))
        assert read_folder(Path(place)) == city


def test_a_later_export_removes_what_the_profile_no_longer_has(folder: Path, riverton: City) -> None:
    (folder / "policy" / "de.md").write_text("Alt", encoding="utf-8")
    write_folder(replace(riverton, mark=""), folder)
    assert not (folder / "mark.svg").exists()
    assert read_folder(folder) == replace(riverton, mark="")


@given(
    st.recursive(
        st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.dates() | TEXT,
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
        max_leaves=12,
    ).map(lambda value: {"value": value, 'odd "key"': 1})
)
def test_any_table_is_valid_toml_and_means_the_same(table: dict[str, object]) -> None:
    assert tomllib.loads(toml(table)) == table
