"""A town in which every field of every case bears a mark of its own, and a person who follows whatever leads on.

Which marks somebody may meet is said here by how the cases were made, not by asking the portal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from msgspec import Struct

from feedback.city import versions
from feedback.items import answer, converse, restrict, triage
from feedback.items import submit as intake
from feedback.items.answer import Reply
from feedback.items.sent import Sent
from feedback.ledger.notes import Actor
from feedback.people import accounts
from feedback.people.viewer import Viewer
from tests.town import Browser, Page, Town

MARK: Final = re.compile(r"zq(\d{5})x[a-z]+")
_LINK: Final = re.compile(r"""<(?:a|img|link)\b[^>]*?\b(?:href|src)="([^"]*)\"""")
PAGES_MOST: Final = 20_000
SORTS: Final = ("dept-a", "dept-b", "dept-c", "triage", "restricted")
_FORMS: Final = {
    "dept-a": ("request", "roads"),
    "dept-b": ("request", "noise"),
    "dept-c": ("complaint", "street-lighting"),
    "triage": ("request", ""),
    "restricted": ("complaint", "staff-conduct"),
}


class Marked(Struct):
    """A case of a known sort, and its mark."""

    number: int
    sort: str
    item_id: int
    reference: str
    named: int | None = None
    """The account that is named for it, beside the heads of dept-c."""

    def mark(self, field: str) -> str:
        return f"zq{self.number:05}x{field}"

    @property
    def address(self) -> str:
        return f"{self.mark('mail')}@example.org"


class Marks:
    """The cases: made, worked on, some of them restricted by hand."""

    def __init__(self, town: Town, number: int) -> None:
        self.town = town
        self.clerk = self._viewer("clerk")
        self.own = self._viewer("responder", "dept-a")
        self.lead = self._viewer("lead", "dept-b")
        self.head = self._viewer("lead", "dept-c")
        self.quiet = [self._viewer(role) for role in ("quality", "admin", "auditor")]
        self.cases = [self._made(number) for number in range(number)]
        for case in self.cases:
            self._lives(case)

    def may_meet(self, viewer: Viewer) -> set[int]:
        """The numbers of the cases whose marks this person may be shown."""
        found = set()
        for case in self.cases:
            if viewer.role not in ("clerk", "responder", "lead"):
                continue
            if case.sort == "restricted":
                if viewer == self.head or case.named == viewer.account_id:
                    found.add(case.number)
            elif viewer.role == "clerk" or case.sort in viewer.departments:
                found.add(case.number)
        return found

    def _viewer(self, role: str, *departments: str) -> Viewer:
        made = self.town.account(role, departments)
        with self.town.read() as session:
            found = accounts.find_viewer(session, made)
        assert found is not None
        return found

    def _made(self, number: int) -> Marked:
        sort = SORTS[number % len(SORTS)]
        kind, service = _FORMS[sort]
        case = Marked(number, sort, 0, "")
        sent = Sent(
            kind=kind,
            text=f"{case.mark('text')} and nothing else.",
            service=service,
            place=case.mark("place"),
            name=case.mark("name"),
            email=case.address,
            phone="",
            is_anonymous=False,
            language="en",
        )
        town = self.town
        prepared = intake.prepare(ruling=town.ruling, sent=sent, received_at=town.now)
        with town.database.write() as session:
            taken = intake.submit(session, prepared=prepared, key=town.key(), now=town.now)
        case.item_id, case.reference = taken.item_id, taken.reference
        return case

    def _lives(self, case: Marked) -> None:
        """What becomes of it: a mark more with every deed."""
        town, turn = self.town, case.number // len(SORTS) % 6
        by, at = Actor("staff", self.clerk.account_id), {"item_id": case.item_id, "now": town.now}
        if case.sort == "restricted" and turn % 2:
            who = (self.own, self.lead, self.clerk)[turn // 2]
            with town.database.write() as session:
                restrict.grant(
                    session, seen_version=1, account_id=who.account_id, city=town.city, by=self.head, **at
                )
            case.named = who.account_id
        if turn == 1:
            with town.database.write() as session:
                version = town.item(case.reference).version
                converse.ask(session, seen_version=version, text=case.mark("question"), by=by, **at)
            with town.database.write() as session:
                converse.add_words(session, text=case.mark("reply"), **at)
        elif turn == 2:
            with town.database.write() as session:
                reply = Reply(outcome="done", text=case.mark("answer"))
                version = town.item(case.reference).version
                answer.answer(session, seen_version=version, reply=reply, by=by, **at)
            with town.database.write() as session:
                ruling = versions.current(session)
                converse.second_look(session, ruling=ruling, text=case.mark("again"), **at)
        elif turn == 3:
            with town.database.write() as session:
                version = town.item(case.reference).version
                triage.void(session, seen_version=version, reason=case.mark("reason"), by=by, **at)
        elif turn == 4 and case.sort in ("dept-a", "dept-b"):
            with town.database.write() as session:
                restrict.restrict(
                    session,
                    seen_version=1,
                    restricted="health",
                    department="dept-c",
                    reason=case.mark("ground"),
                    city=town.city,
                    by=self.clerk,
                    **at,
                )
            case.sort = "restricted"


def crawl(browser: Browser, starts: list[str]) -> Iterator[tuple[str, Page]]:
    """Every page that somebody comes to from these: by links, by forms that ask with GET, by redirects."""
    waiting, met = list(reversed(starts)), set(starts)
    for _ in range(PAGES_MOST):
        if not waiting:
            return
        at = waiting.pop()
        page = browser.get(at)
        yield at, page
        for found in _ways(page, at):
            shape = _shape(found)
            if shape not in met:
                met.add(shape)
                waiting.append(found)
    raise AssertionError("it never ends")


def _ways(page: Page, at: str) -> Iterator[str]:
    """Where a page leads: addresses of ours that are asked with GET."""
    if page.location:
        yield from _ours(urljoin(at, page.location))
    if not page.response.headers.get("content-type", "").startswith("text/html"):
        return
    for found in _LINK.findall(page.response.text):
        yield from _ours(urljoin(at, unescape(found)))
    if 'method="get"' not in page.response.text or parse_qsl(urlsplit(at).query)[1:]:
        return  # From the page with one filter leads no way to one with two.
    for form in page.soup.select("form[method=get]"):
        hidden = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[type=hidden]")}
        for field in form.select("select[name]"):  # One filter at a time.
            for option in field.select("option"):
                chosen = {**hidden, str(field["name"]): str(option.get("value", ""))}
                yield from _ours(urljoin(at, str(form.get("action", at))) + "?" + urlencode(chosen))


def _ours(address: str) -> Iterator[str]:
    parts = urlsplit(address)
    is_ours = parts.scheme in ("", "http", "https") and parts.netloc in ("", "127.0.0.1:8000")
    if is_ours and not parts.path.startswith(("/static/", "/city/", "/el/", "/lt/")):
        yield parts.path + (f"?{parts.query}" if parts.query else "")


def _shape(address: str) -> str:
    """Addresses that differ only in the list that one came from are one page of a case."""
    parts = urlsplit(address)
    asked = dict(parse_qsl(parts.query))
    if parts.path.startswith("/staff/item/"):
        asked.pop("queue", None)
    return f"{parts.path}?{urlencode(sorted(asked.items()))}"


def marks_in(page: Page) -> set[int]:
    """The numbers of all marks in an answer: its words, its headers."""
    told = page.response.text + "\n".join(f"{name}: {value}" for name, value in page.response.headers.items())
    return {int(number) for number in MARK.findall(told)}
