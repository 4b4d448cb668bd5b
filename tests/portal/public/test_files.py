"""Photos and documents with a message: sent, refused, kept for the next try, seen again."""

from __future__ import annotations

import re

from feedback.custody.verify import verify
from feedback.items.tables import Attachment
from tests.attached import document, photo
from tests.town import Page, Town

MARK = "Marked-2241"


def test_a_photo_and_a_document_come_with_the_message(town: Town) -> None:
    report = town.citizen_reports(files=(photo(mark=MARK, turned=6), document(mark=MARK)))
    first, second = town.rows(Attachment)
    assert (first.kind, first.number, first.media_type) == ("photo", 1, "image/jpeg")
    assert (first.width, first.height) == (480, 640), "turned upright"
    assert (second.kind, second.number, second.entry_id) == ("document", 1, None)
    citizen = report.opened()
    page = citizen.get("/track")
    seen = page.soup.select_one(".files img")
    assert seen is not None
    assert (seen["alt"], seen["width"], seen["height"]) == ("photo 1", "360", "480")
    assert "document 1 (PDF," in page.text
    desk = town.clerk()
    shown = desk.get(f"/staff/item/{report.reference}")
    assert shown.soup.select_one(".item__words img[alt='photo 1 of the citizen']") is not None
    for browser, way in ((citizen, "/en/track/file"), (desk, f"/staff/item/{report.reference}/file")):
        for name, kind in (
            ("photo-1", "image/jpeg"),
            ("photo-1-small", "image/jpeg"),
            ("document-1", "application/pdf"),
        ):
            answer = browser.get(f"{way}/{name}")
            assert (answer.status, answer.response.headers["content-type"]) == (200, kind)
            assert MARK.encode() not in answer.response.content
            assert_inert(answer, is_photo=name.startswith("photo"))
    with town.read() as session:
        assert list(verify(session)) == []


def assert_inert(page: Page, *, is_photo: bool) -> None:
    headers = page.response.headers
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    shown, _, name = headers["content-disposition"].partition("; ")
    assert shown == ("inline" if is_photo else "attachment")
    assert re.fullmatch(r'filename="[A-Z]+-[0-9]{4}-[0-9]+-(photo|document)-1(-small)?\.(jpg|pdf)"', name)
