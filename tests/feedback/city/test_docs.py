"""The examples of `docs/city-profile.md`, put together, are a whole profile without a fault."""

from __future__ import annotations

import re
from pathlib import Path

from feedback.city.load import FILES, MARK, read_folder
from feedback.city.profile import (
    KINDS,
    MEASURES,
    NATURES,
    City,
    Commitment,
    Identity,
    LawRule,
    Service,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "city-profile.md"
BLOCK = re.compile(
    r"^```(?:toml|markdown|svg)\n(?:# |<!-- )(?P<file>[a-z/]+\.(?:toml|md|svg))(?: -->)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def _village(tmp_path: Path) -> City:
    blocks = {block["file"]: block["text"] for block in BLOCK.finditer(DOCUMENT.read_text(encoding="utf-8"))}
    assert set(blocks) == {*FILES, MARK, "policy/el.md", "policy/en.md"}
    (tmp_path / "policy").mkdir()
    for file, text in blocks.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    return read_folder(tmp_path)


def test_the_village_of_the_documentation_can_be_set_up_as_written(tmp_path: Path) -> None:
    village = _village(tmp_path)
    assert village.identity.code == "LAK"
    assert list(village.policy["en"].texts) == ["1", "2", "3"]


def test_every_key_and_every_allowed_value_is_explained() -> None:
    said = set(re.findall(r"`\"?([a-z0-9_]+)\"?`", DOCUMENT.read_text(encoding="utf-8")))
    keys = {key for part in (Identity, Service, LawRule, Commitment) for key in part.__struct_fields__}
    assert keys - said <= {"oversight"}, "explained as [[oversight]]"
    assert set(KINDS) | set(NATURES) | set(MEASURES) <= said
