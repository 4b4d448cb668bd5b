"""A town with one case of each sort and one person of each sort: who is shown what, beside a table written by hand.

The table is `oracle.csv`: a line for each method and address, a column for each person. A cell about cases has one
sign for each sort of case, in the order of `CASES`; a cell of another line has one sign.

    +  shown, or served            >  done, or led on to a page of ours
    -  as what does not exist      D  shown the door of staff
    x  refused with a page that says why (it is there, but not so)
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

from msgspec import Struct

from feedback.items import restrict
from feedback.items.tables import Grant
from feedback.ledger.notes import SYSTEM
from feedback.people import accounts
from portal.app import routes
from tests.attached import photo
from tests.town import Browser, Page, Report, Town

CASES: Final = ("own", "other", "hidden", "named", "closed", "absent")
"""Of one's department; of another; one's department's, but restricted; restricted, and one is named; closed, of one's
department; a number that was never given."""
ROLES: Final = {
    "clerk": ("clerk", ""),
    "responder_own": ("responder", "dept-a"),
    "responder_other": ("responder", "dept-b"),
    "lead_own": ("lead", "dept-a"),
    "lead_other": ("lead", "dept-b"),
    "quality": ("quality", ""),
    "admin": ("admin", ""),
    "auditor": ("auditor", ""),
    "disabled": ("clerk", ""),
}
"""Who is signed in: role and department. The disabled account had its session before."""
WITH_DESK: Final = frozenset({"clerk", "responder_own", "responder_other", "lead_own", "lead_other"})
ACTORS: Final = ("nobody", "code", *ROLES)
OF_CODE: Final = re.compile(r"/\{language\}/(track|survey/mine)")
"""Addresses whose case is the one that this browser has opened."""
TOKEN = "A" * 43


class Line(Struct, frozen=True):
    """A line of the oracle: what each person is answered at an address."""

    method: str
    path: str
    cells: dict[str, str]


class World:
    """The town, its cases, and a browser for each person."""

    def __init__(self, town: Town) -> None:
        self.town = town
        own = town.citizen_reports("Own pothole", service="roads", files=(photo(),))
        other = town.citizen_reports("Loud music", service="noise", files=(photo(),))
        hidden = town.citizen_reports("An illness", service="roads", files=(photo(),))
        named = town.citizen_reports(
            "A rude clerk", kind="complaint", service="staff-conduct", files=(photo(),)
        )
        closed = town.citizen_reports("Old pothole", service="roads", files=(photo(),))
        town.answers(closed)
        town.later(days=60)
        assert town.closes(closed)
        self.cases: dict[str, Report] = dict(zip(CASES, (own, other, hidden, named, closed), strict=False))
        self.absent = own.reference[:-6] + "999999"
        self.accounts = {
            actor: town.account(role, (department,) if department else ())
            for actor, (role, department) in ROLES.items()
        }
        self.head = town.account("lead", ("dept-c",))
        with town.database.write() as session:
            clerk = accounts.find_viewer(session, self.accounts["clerk"])
            assert clerk is not None
            restrict.restrict(
                session,
                item_id=hidden.id,
                seen_version=hidden.item.version,
                restricted="health",
                department="dept-c",
                reason="An illness.",
                city=town.city,
                by=clerk,
                now=town.now,
            )
            for (
                account_id
            ) in self.accounts.values():  # Those without a desk as well: it must give them nothing.
                session.add(Grant(item_id=named.id, account_id=account_id, given_at=town.now))
        self._browsers: dict[tuple[str, str], Browser] = {}
        for actor in ACTORS:
            self.browser(actor, "own")
        with town.database.write() as session:
            email = accounts.get(session, self.accounts["disabled"]).email
            accounts.disable(session, email=email, by=SYSTEM, now=town.now)

    def browser(self, actor: str, case: str) -> Browser:
        """The browser of a person, signed in or with the case open."""
        place = actor, case if actor == "code" else ""
        if place not in self._browsers:
            if actor == "nobody" or place == ("code", "absent"):
                self._browsers[place] = self.town.visitor()
            elif actor == "code":
                self._browsers[place] = self.cases[case].opened()
            else:
                self._browsers[place] = self.town.signed_in(self.accounts[actor])
        return self._browsers[place]

    def asks(self, actor: str, method: str, path: str, case: str) -> Page:
        """A person asks an address about a case; a post carries a form with nothing in it."""
        browser = self.browser(actor, case)
        at = self.address(path, case)
        if method == "GET":
            return browser.get(at)
        page = browser.post(at, seen="1")
        if re.search("sign-out|leave", path):  # It may have ended the visit.
            self._browsers.pop((actor, case if actor == "code" else ""))
        return page

    def address(self, path: str, case: str) -> str:
        report = self.cases.get(case)
        facts = {
            "language": "en",
            "reference": report.reference if report else self.absent,
            "token": TOKEN,
            "department": "dept-a",
            "file": "photo-1",
        }
        return path.format(**facts)


def sign_of(page: Page) -> str:
    """What was answered, in the signs of the oracle; the status where there is none for it."""
    if page.status in (301, 302, 303, 307):
        return "D" if page.location.startswith("/staff/sign-in") else ">"
    if page.status == 401:
        return "D"
    return {200: "+", 404: "-", 403: "x", 409: "x", 410: "x", 422: "x"}.get(page.status, f"[{page.status}]")


def oracle() -> list[Line]:
    """The table, in its order."""
    with (Path(__file__).parent / "oracle.csv").open(encoding="utf-8", newline="") as file:
        return [Line(row.pop("method"), row.pop("path"), row) for row in csv.DictReader(file)]


def places() -> set[tuple[str, str]]:
    """Method and path of every route."""
    return {(method, route.path) for route in routes() for method in route.methods}


def is_about_cases(line_path: str, actor: str) -> bool:
    """Whether it depends on a case what this person is answered there."""
    return "{reference}" in line_path or (actor == "code" and OF_CODE.match(line_path) is not None)
