"""The head of the sealed log, for anybody to keep."""

from __future__ import annotations

import json

from msgspec import structs

from feedback.custody import heads
from feedback.custody.verify_log import verify_log
from feedback.ledger.log import root_of
from feedback.ledger.tables import Leaf, Note
from portal.app import create_app
from portal.public.log_head import HOLDS_SECONDS
from tests.feedback.custody import lived
from tests.town import Town

PATH = "/data/log-head.json"


def test_anybody_may_fetch_the_head_of_the_log(town: Town) -> None:
    town.citizen_reports("The bench is broken.", service="roads")
    lived.seal(town)
    response = town.visitor().get(PATH).response
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "set-cookie" not in response.headers
    told = response.json()
    assert told == {
        "city": "riverton",
        "algorithm": "rfc6962-sha256",
        "tree_size": town.count(Note),
        "root_hash": root_of([leaf.hash.encode() for leaf in town.rows(Leaf)]).hex(),
        "sealed_at": "2026-11-02T07:00:00Z",
        "demonstration": False,
    }
    held = heads.read(response.content, city="riverton")
    town.citizen_reports("The bench is still broken.", service="roads")
    lived.seal(town)
    with town.read() as session:
        assert list(verify_log(session, held)) == []


def test_it_may_be_kept_for_a_minute_and_is_named(town: Town) -> None:
    first = town.visitor().get(PATH).response
    assert first.headers["cache-control"] == f"public, max-age={HOLDS_SECONDS}"
    again = town.visitor().client.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    lived.seal(town)
    assert (
        town.visitor().client.get(PATH, headers={"If-None-Match": first.headers["etag"]}).status_code == 200
    )


def test_before_anything_is_sealed_it_is_the_head_of_nothing(town: Town) -> None:
    told = town.visitor().get(PATH).response.json()
    assert (told["tree_size"], told["sealed_at"]) == (0, None)
    assert told["root_hash"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_that_of_a_demonstration_says_so(town: Town) -> None:
    town.site = structs.replace(town.site, demonstration=True)
    town.app = create_app(town.site)
    assert json.loads(town.visitor().get(PATH).response.content)["demonstration"] is True
