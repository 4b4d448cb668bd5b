"""The published head: what it says, and what is taken for one that somebody kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedback.custody import heads
from feedback.custody.heads import HeadRefused, PublishedHead
from portal.database import Database
from tests.conftest import settings_for
from tests.feedback.custody import lived
from tests.town import Town

HEAD = {
    "city": "riverton",
    "algorithm": "rfc6962-sha256",
    "tree_size": 3,
    "root_hash": "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "sealed_at": "2026-11-02T07:00:00Z",
    "demonstration": False,
}


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path) -> Town:
    return Town(sqlite_database, settings_for(sqlite_database.url, tmp_path))


def published(town: Town) -> PublishedHead:
    with town.read() as session:
        return heads.published(session, city=town.city.identity.key, is_demonstration=False)


def test_a_head_is_read_as_it_was_written(town: Town) -> None:
    assert published(town).tree_size == 0
    assert lived.seal(town) > 0
    head = published(town)
    assert (head.tree_size, head.sealed_at) == (1, town.now)
    for one in (head, heads.read(json.dumps(HEAD).encode(), city="riverton")):
        assert heads.read(heads.written(one), city="riverton") == one
        assert len(heads.written(one)) < heads.LONGEST


def test_what_a_later_version_adds_to_a_head_is_no_fault() -> None:
    assert heads.read(json.dumps({**HEAD, "signature": "x"}).encode(), city="riverton").tree_size == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe\x00", b" " * 20_000])
def test_what_is_no_json_of_a_head_is_refused(content: bytes) -> None:
    with pytest.raises(HeadRefused, match="head_faulty"):
        heads.read(content, city="riverton")


@pytest.mark.parametrize(
    "change",
    [
        {"tree_size": -1},
        {"tree_size": "3"},
        {"root_hash": HEAD["root_hash"][:-1]},
        {"root_hash": HEAD["root_hash"].upper()},
        {"algorithm": "md5"},
        {"sealed_at": "2026-11-02T07:00:00"},
        {"sealed_at": "yesterday"},
        {"city": None},
    ],
)
def test_a_head_with_a_faulty_value_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeadRefused, match="head_faulty"):
        heads.read(json.dumps({**HEAD, **change}).encode(), city="riverton")


@pytest.mark.parametrize("name", ["city", "algorithm", "tree_size", "root_hash", "sealed_at"])
def test_a_head_that_lacks_something_is_refused(name: str) -> None:
    left = {key: value for key, value in HEAD.items() if key != name}
    with pytest.raises(HeadRefused, match="head_faulty"):
        heads.read(json.dumps(left).encode(), city="riverton")


def test_the_head_of_another_city_is_refused() -> None:
    with pytest.raises(HeadRefused, match="head_of_another") as refused:
        heads.read(json.dumps(HEAD).encode(), city="brightwater")
    assert refused.value.facts == {"theirs": "riverton", "ours": "brightwater"}
