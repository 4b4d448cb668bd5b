"""The pictures of `docs/screens` are those that its list names, and small enough to be kept in the repository."""

from __future__ import annotations

import re
from pathlib import Path

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
LARGEST = 200_000
ALL = 2_500_000


def test_each_picture_is_listed_and_each_listed_one_is_there() -> None:
    listed = re.findall(r"\]\(([\w-]+\.webp)\)", (SCREENS / "README.md").read_text(encoding="utf-8"))
    assert len(listed) >= 12
    assert sorted(listed) == sorted(path.name for path in SCREENS.glob("*.webp"))


def test_they_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in SCREENS.glob("*.webp")}
    assert {name for name, size in sizes.items() if size > LARGEST} == set()
    assert sum(sizes.values()) < ALL


def test_every_picture_of_a_document_has_words_for_who_does_not_see_it() -> None:
    text = (SCREENS.parents[1] / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"<img\b[^>]*>", text)
    assert len(pictures) == 2
    for picture in pictures:
        assert re.search(r'alt="[^"]{60,}"', picture)
        source = re.search(r'src="([^"]+)"', picture)
        assert source is not None
        assert (SCREENS.parents[1] / source[1]).is_file()
