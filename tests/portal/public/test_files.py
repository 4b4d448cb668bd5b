"""Photos and documents with a message: sent, refused, kept for the next try, seen again."""

from __future__ import annotations

import os
import re
import time

import pytest

from feedback.custody.verify import verify
from feedback.custody.verify_files import verify_files
from feedback.items.tables import Attachment, Item
from portal import helper, jobs
from portal.files import GRACE, NOBODYS_FOR
from tests.attached import document, photo
from tests.town import BASE, Browser, Page, Town

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


TEXT = "The bench at the harbour is broken."


def fill(browser: Browser, **fields: str) -> dict[str, str]:
    """The fields of a fresh form."""
    return {"key": browser.get("/submit").value("key"), "kind": "request", "text": TEXT, **fields}


def test_files_of_a_refused_form_need_not_be_chosen_again(town: Town) -> None:
    browser = town.visitor()
    fields = fill(browser, kind="")
    page = browser.attach("/submit", photo(mark=MARK), document(), **fields)
    assert page.status == 422
    assert list(page.errors) == ["kind"]
    assert page.field(".held") == (
        "Chosen already; we keep these files for an hour Leave out photo 1 Leave out document 1"
    )
    held = {name: page.value(name) for name in ("held1", "held2")}
    in_greek = town.visitor("el").post("/submit", carried=page.value("carried"))
    assert in_greek.value("held2"), "they go along into another language"
    again = {**fields, **held, "kind": "request", "key": page.value("key")}
    assert browser.attach("/submit", **again, leave2="yes").status == 303
    (row,) = town.rows(Attachment)
    assert (row.kind, row.number) == ("photo", 1)
    kept = town.site.files.read(row.name)
    assert MARK.encode() not in kept
    # The same form as another message, while its hour lasts: the file is there once more, under another name.
    other = {**again, "text": "Another message", "key": browser.get("/submit").value("key")}
    assert browser.attach("/submit", **other).status == 303
    assert len({row.name for row in town.rows(Attachment)}) == 3
    with town.read() as session:
        assert list(verify_files(session, town.site.files.digest)) == []


def test_a_file_that_was_held_too_long_is_asked_for_again(sqlite_town: Town) -> None:
    town, browser = sqlite_town, sqlite_town.visitor()
    page = browser.attach("/submit", photo(), **fill(browser, kind=""))
    fields = fill(browser, held1=page.value("held1"))
    for file in town.settings.files_folder.iterdir():
        file.unlink()
    gone = browser.attach("/submit", **fields)
    assert gone.status == 422
    assert gone.errors == {
        "files": "We kept your files for an hour, and that is over. Please choose them again"
    }
    assert gone.value("text") == TEXT
    assert browser.attach("/submit", **{**fields, "held1": "forged~note.1234"}).status == 422
    assert town.count(Item) == 0


def test_pressing_twice_with_files_makes_one(town: Town) -> None:
    browser = town.visitor()
    fields, file = fill(browser), photo()
    for _ in range(2):
        assert browser.attach("/submit", file, **fields).status == 303
    assert (town.count(Item), town.count(Attachment)) == (1, 1)
    other = browser.attach("/submit", photo(30, 30), **fields)
    assert other.status == 409, "another photo is another message"
    assert "Please choose your files again; they were not kept" in other.text
    assert town.count(Attachment) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((b"GIF89a",), "We cannot take file 1. We take photos (JPEG, PNG, WebP, HEIC) and PDF documents"),
        (
            (b"x", b"x", b"x", b"x", b"x", b"x"),
            "Choose at most 5 files in all. Those that you chose last were not kept",
        ),
        ((photo(), bytes(10_000_001)), "File 2 is larger than 10 MB. Choose a smaller one"),
    ],
)
def test_what_is_not_taken_is_told_with_what_is(
    sqlite_town: Town, files: tuple[bytes, ...], words: str
) -> None:
    browser = sqlite_town.visitor()
    page = browser.attach("/submit", *files, **fill(browser))
    assert page.status == 422
    assert page.errors == {"files": words}
    assert page.value("text") == TEXT


def test_all_that_is_wrong_is_told_at_once_and_the_other_files_are_held(sqlite_town: Town) -> None:
    browser = sqlite_town.visitor()
    page = browser.attach("/submit", photo(), bytes(10_000_001), b"GIF89a", document(), **fill(browser))
    assert [link.text for link in page.soup.select("#error-summary li")] == [
        "File 2 is larger than 10 MB. Choose a smaller one",
        "We cannot take file 3. We take photos (JPEG, PNG, WebP, HEIC) and PDF documents",
    ]
    assert [label.text for label in page.soup.select(".held label")] == [
        "Leave out photo 1",
        "Leave out document 1",
    ]


def test_words_and_files_are_added_to_a_case(town: Town) -> None:
    report = town.citizen_reports()
    citizen = report.opened()
    first, second = photo(50, 40), photo(40, 50)
    assert citizen.attach("/track/add", text="").status == 422
    for _ in range(2):
        assert citizen.attach("/track/add", first, document(), text="").location == "/en/track?done=added"
    assert citizen.attach("/track/add", second, text="").status == 303
    town.asks(report)
    assert citizen.attach("/track/reply", photo(60, 60), text="Here.").location == "/en/track?done=replied"
    town.answers(report)
    assert citizen.attach("/track/second-look", photo(70, 60), text="Look.").status == 303
    assert [(row.kind, row.number) for row in town.rows(Attachment)] == [
        *(("photo", 1), ("document", 1), ("photo", 2), ("photo", 3), ("photo", 4))
    ]
    page = citizen.get("/track")
    assert [img["alt"] for img in page.soup.select(".entry--citizen img")] == [
        f"photo {number}" for number in (1, 2, 3, 4)
    ]
    assert len(town.clerk().get(f"/staff/item/{report.reference}").soup.select(".timeline img")) == 4
    with town.read() as session:
        assert list(verify(session)) == []


def test_files_outlive_a_visit_that_ended(sqlite_town: Town) -> None:
    town, report = sqlite_town, sqlite_town.citizen_reports()
    refused = report.opened().attach("/track/add", photo(), b"strange", text=TEXT)
    assert refused.status == 422
    late = town.visitor()
    page = late.attach("/track/add", text=TEXT, held1=refused.value("held1"))
    assert page.status == 422
    fields = {name: page.value(name) for name in ("act", "text", "held1")}
    form = late.post("/track", code=report.code, **fields)
    assert (form.value("text"), form.field(".held label")) == (TEXT, "Leave out photo 1")
    assert late.attach("/track/add", text=TEXT, held1=form.value("held1")).status == 303
    assert town.count(Attachment) == 1


def test_a_file_is_seen_by_those_who_see_its_case(sqlite_town: Town) -> None:
    town = sqlite_town
    report = town.citizen_reports(service="street-lighting", files=(photo(), document()))
    other, empty = town.citizen_reports(files=(photo(),)), town.citizen_reports()
    citizen, staff = "/track/file", f"/staff/item/{report.reference}/file"
    assert town.visitor().get(f"{citizen}/photo-1").status == 404
    assert empty.opened().get(f"{citizen}/photo-1").status == 404
    mine, theirs = (one.opened().get(f"{citizen}/photo-1") for one in (report, other))
    assert (mine.status, theirs.status) == (200, 200)
    assert report.reference in mine.response.headers["content-disposition"]
    assert other.reference in theirs.response.headers["content-disposition"]
    for browser in (town.lead("dept-b"), town.signed_in(town.account("admin"))):
        assert browser.get(f"{staff}/photo-1").status == 404
    lead = town.lead("dept-a")
    assert lead.get(f"{staff}/photo-1").status == 200
    for name in ("photo-2", "document-1-small", "photo-0", "Photo-1", "photo-1-large", "..%2fsecret"):
        assert lead.get(f"{staff}/{name}").status == 404, name
    assert town.visitor().get(f"{staff}/photo-1").status == 303, "to the door"


def test_what_became_of_a_file_is_found_out(sqlite_town: Town) -> None:
    town = sqlite_town
    report = town.citizen_reports(files=(photo(), photo(20, 20), document()))
    first, second, _ = town.rows(Attachment)
    folder = town.settings.files_folder
    (folder / first.name).write_bytes(b"another picture")
    (folder / f"{second.name}.small").unlink()
    with town.read() as session:
        found = [(one.code, one.place, one.detail) for one in verify_files(session, town.site.files.digest)]
    assert found == [
        ("file_changed", f"attachment:{first.id}", ""),
        ("file_missing", f"attachment:{second.id}", "its small form"),
    ]
    (folder / second.name).unlink()
    assert report.opened().get("/track/file/photo-2").status == 404


def test_files_that_are_nobodys_are_removed_after_an_hour(sqlite_town: Town) -> None:
    town = sqlite_town
    jobs.run_due(town.site, now=town.now)
    town.citizen_reports(files=(photo(), document()))
    browser = town.visitor()
    assert browser.attach("/submit", photo(), **fill(browser, kind="")).status == 422
    folder = town.settings.files_folder
    (folder / ("0" * 32 + ".part")).write_bytes(b"half")
    (folder / "notes").write_text("not ours")
    assert folder.stat().st_mode & 0o777 == 0o700
    before = len(list(folder.iterdir()))
    town.later(minutes=30)
    jobs.run_due(town.site, now=town.now)
    assert len(list(folder.iterdir())) == before
    for file in folder.iterdir():
        os.utime(file, (0, time.time() - NOBODYS_FOR - GRACE - 1))
    town.later(minutes=30)
    jobs.run_due(town.site, now=town.now)
    named = {row.name for row in town.rows(Attachment)}
    assert {file.name.removesuffix(".small") for file in folder.iterdir()} == {*named, "notes"}


def test_too_many_files_at_once_is_told_and_the_words_are_kept(sqlite_town: Town) -> None:
    browser = sqlite_town.visitor()
    fields = fill(browser)
    for _ in range(helper.WAITING_MOST):
        assert helper._places.acquire(blocking=False)
    try:
        page = browser.attach("/submit", photo(), **fields)
    finally:
        for _ in range(helper.WAITING_MOST):
            helper._places.release()
    assert (page.status, page.response.headers["retry-after"]) == (503, "60")
    assert page.value("text") == TEXT
    assert list(page.errors) == ["files"]
    assert browser.attach("/submit", photo(), **fields).status == 303


def test_files_are_taken_where_they_are_asked_for_only(sqlite_town: Town) -> None:
    browser = sqlite_town.visitor()

    def post(path: str, parts: list[tuple[str, tuple[str | None, bytes]]]) -> Page:
        return Page(browser.client.post(path, files=parts, headers={"Origin": BASE}))

    file = ("files", ("a.jpg", photo()))
    for path in ("/en/track", "/en/survey/mine", "/en/track/withdraw", "/staff/sign-in"):
        assert post(path, [file]).status == 415, path
    assert post("/en/submit", [("x", (None, b"1"))] * 61).status == 400
    assert post("/en/submit", [("text", (None, b"x" * 200_001))]).status == 413
    assert post("/en/submit", [("text", (None, b"\xff"))]).status == 400
    large = post("/en/submit", [("files", ("a.jpg", bytes(9_000_000)))] * 3)
    assert large.status == 413
    assert "Files may have 25 MB together." in large.text
