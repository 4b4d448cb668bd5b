"""The town of the tests: an invented municipality with its portal running, its people and its clock.

    town.citizen_reports(text="…", service="roads")   the real form is posted; gives number, code and browser
    town.clerk(), town.lead("dept-a")                 a signed-in browser
    town.at("2026-11-05 09:30"), town.later(days=3)   the clock, local time of the town
    town.answers(report), town.asks(report, "…")      deeds of staff, without their pages

A browser keeps its cookies, sends `Origin` with each post and follows redirects only where it is told to.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jinja2
import sqlalchemy as sa
from bs4 import BeautifulSoup, Tag
from sqlmodel import Session

from feedback.city import versions
from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.city.tables import CityRow, Installation
from feedback.city.versions import Ruling
from feedback.columns import table_of
from feedback.items import answer, codes, converse, find, lengthen, triage
from feedback.items.answer import Reply
from feedback.items.submit import Key
from feedback.items.tables import Item
from feedback.items.views import ItemView
from feedback.ledger.notes import SYSTEM, Actor
from feedback.people import accounts, factors, sessions, totp
from portal.app import create_app
from portal.database import Database
from portal.edge import App
from portal.files import Files
from portal.in_force import InForce
from portal.limits import Limits
from portal.pages import Site
from portal.rendering import Assets, make_templates
from portal.secret import read_secret
from portal.settings import Settings
from tests.line import Line

RIVERTON = Path(__file__).parent / "cities" / "riverton"
BASE = "http://127.0.0.1:8000"
WRITING = timedelta(seconds=90)
"""How long people write before they send: a form that they get was opened so long ago."""
_opened_before = ContextVar("_opened_before", default=timedelta())
MONDAY = "2026-11-02 09:00"
"""When the story of a town begins: a Monday, and a public holiday (2 November); working time counts from Tuesday."""


_addresses = itertools.count()


def new_address() -> str:
    """An address on the net that nobody else in these tests has."""
    number = next(_addresses)
    return f"127.1.{number // 250 % 250}.{number % 250 + 1}"


class Page:
    """An answer of the portal, as a person reads it."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status: int = response.status_code
        self.location: str = response.headers.get("location", "")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.text, "lxml")

    @property
    def text(self) -> str:
        """The words of the main part, with single spaces."""
        main = self.soup.find("main")
        return " ".join((main or self.soup).get_text(" ").split())

    @property
    def title(self) -> str:
        title = self.soup.find("title")
        return " ".join(title.get_text().split()) if title else ""

    @property
    def heading(self) -> str:
        heading = self.soup.find("h1")
        return " ".join(heading.get_text(" ").split()) if heading else ""

    @property
    def errors(self) -> dict[str, str]:
        """Field → message, from the summary on top."""
        summary = self.soup.find(id="error-summary")
        links = summary.find_all("a") if isinstance(summary, Tag) else []
        return {str(link["href"]).removeprefix("#"): link.get_text() for link in links}

    def value(self, name: str) -> str:
        """What stands in a field of the form: typed, chosen or ticked; empty where nothing does."""
        found = ""
        for field in self.soup.find_all(["input", "textarea", "select"], attrs={"name": name}):
            kind = field.get("type", "")
            if field.name == "textarea":
                found = field.get_text().removeprefix("\n")
            elif field.name == "select":
                chosen = field.find("option", selected=True)
                found = str(chosen["value"]) if isinstance(chosen, Tag) else ""
            elif kind not in ("radio", "checkbox") or field.has_attr("checked"):
                found = str(field.get("value", ""))
        return found

    def field(self, selector: str) -> str:
        """The words of the first element that fits a CSS selector; empty where none does."""
        found = self.soup.select_one(selector)
        return " ".join(found.get_text(" ").split()) if found else ""


class Browser:
    """One person's browser with its cookies, and the address that it comes from."""

    def __init__(self, app: App, language: str = "en", address: str = "", base: str = BASE) -> None:
        self.base = base
        self.address = address or new_address()
        self.line = Line(app, self.address)
        self.client = httpx.Client(transport=self.line, base_url=base)
        self.language = language

    def moves(self) -> None:
        """The same browser, somewhere else: what came from there before is not its own."""
        self.line.address = self.address = new_address()

    def get(self, path: str, *, follow: bool = False, **query: str) -> Page:
        """Ask for a page. A path of the public part may leave its language out: "/submit"."""
        response = self.client.get(self._path(path), params=query or None, follow_redirects=follow)
        return Page(response)

    def post(self, path: str, *, follow: bool = False, origin: str | None = None, **fields: str) -> Page:
        """Send a form, as a browser on our own page does; an empty `origin` says nothing of where it comes from."""
        origin = self.base if origin is None else origin
        headers = {"Origin": origin} if origin else {}
        response = self.client.post(self._path(path), data=fields, headers=headers, follow_redirects=follow)
        return Page(response)

    def attach(self, path: str, *files: bytes, name: str = "IMG_0001.JPG", **fields: str) -> Page:
        """Send a form with files, as a browser does: in parts, each file with the name that it has at home."""
        parts = [(field, (None, value)) for field, value in fields.items()]
        parts += [("files", (name, file)) for file in files or (b"",)]
        headers = {"Origin": self.base}
        return Page(self.client.post(self._path(path), files=parts, headers=headers))

    def sends(self, *files: bytes, **fields: str) -> Page:
        """Open the form and send it with a fresh key; gives the answer to the post."""
        fields = {"key": self.get("/submit").value("key"), **fields}
        return self.attach("/submit", *files, **fields) if files else self.post("/submit", **fields)

    def _path(self, path: str) -> str:
        if path.startswith(("http://", "https://")):
            parts = urlsplit(path)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
        first = path.split("/")[1].split("?")[0]
        known = len(first) == 2 or first in ("staff", "static", "city", "health", "data", "feed")
        return path if known else f"/{self.language}{path}"


class Report:
    """What a citizen holds after sending: the number, the code, and the browser that sent it."""

    def __init__(self, town: Town, browser: Browser, reference: str, code: str) -> None:
        self._town = town
        self.browser = browser
        self.reference = reference
        self.code = code

    @property
    def id(self) -> int:
        return self.item.id

    @property
    def item(self) -> ItemView:
        """The item as it stands now, as its sender sees it."""
        return self._town.item(self.reference)

    def opened(self, language: str = "en") -> Browser:
        """A browser without a past that has opened the item with its code."""
        browser = self._town.visitor(language)
        page = browser.post("/track", code=self.code)
        assert page.status == 303, page.text
        return browser


def version_of(session: Session, report: Report) -> int:
    """What somebody has seen who reads the item now."""
    return find.get_for_citizen(session, item_id=report.id).version


class Town:
    """An installation of Riverton on a database of the test, with its portal: new, or there already."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        city: City | None = None,
        start: str | datetime = MONDAY,
    ) -> None:
        self.database = database
        self.settings = settings
        self.city = city or _riverton()
        self.now = self._instant(start)
        self.secret = read_secret(settings)
        if not self.count(Installation):
            self._found()
        assets, templates = _look()
        self.site = Site(
            settings=settings,
            database=database,
            secret=self.secret,
            clock=lambda: self.now - _opened_before.get(),
            demonstration=False,
            assets=assets,
            templates=templates,
            in_force=InForce(database),
            limits=Limits(database.url),
            files=Files(settings.files_folder),
        )
        self.portal = create_app(self.site)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The portal. The town's clock stands still, so who opens the form has opened it a while ago."""
        is_form = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].endswith("/submit")
        opened = _opened_before.set(WRITING if is_form else timedelta())
        try:
            await self.portal(scope, receive, send)
        finally:
            _opened_before.reset(opened)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def at(self, moment: str | datetime) -> None:
        """Set the clock: local time of the town ("2026-11-05 09:30") or an aware instant."""
        self.now = self._instant(moment)

    def later(self, **span: float) -> None:
        """Let time pass: `later(days=3)`, `later(minutes=16)`."""
        self.now += timedelta(**span)

    # ── citizens ────────────────────────────────────────────────────────────────────────────────────────────

    def visitor(self, language: str = "en", address: str = "") -> Browser:
        """Somebody who has never been here; from an address of their own, or from this one."""
        return Browser(self.app, language, address, self.settings.public_url)

    def citizen_reports(
        self,
        text: str = "The lamp in front of number 12 does not burn.",
        *,
        kind: str = "request",
        service: str = "",
        language: str = "en",
        files: tuple[bytes, ...] = (),
        **fields: str,
    ) -> Report:
        """A citizen fills in the form and sends it; fails where the form refuses."""
        browser = self.visitor(language)
        page = browser.sends(*files, kind=kind, text=text, service=service, **fields)
        assert page.status == 303, f"{page.status}: {page.errors or page.text}"
        receipt = browser.get(page.location)
        code = receipt.field("#code").replace(" ", "")
        assert len(code) == codes.CODE_LENGTH, receipt.text
        return Report(self, browser, receipt.field("#reference"), code)

    # ── staff ───────────────────────────────────────────────────────────────────────────────────────────────

    def account(
        self,
        role: str = "responder",
        departments: tuple[str, ...] = ("dept-a",),
        *,
        email: str = "",
        name: str = "",
        language: str = "en",
        password_hash: str = "",
    ) -> int:
        """A member of staff; the id of the account."""
        with self.database.write() as session:
            count = len(accounts.list_active(session))
            made = accounts.add(
                session,
                city=self.city,
                email=email or f"{role}{count}@example.org",
                name=name or f"{role.capitalize()} {count}",
                role=role,
                departments=list(departments) if role in ("responder", "lead") else [],
                language=language,
                password_hash=password_hash,
                by=SYSTEM,
                now=self.now,
            )
            assert made.id is not None
            return made.id

    def clerk(self, **about: str) -> Browser:
        """A signed-in clerk."""
        return self.signed_in(self.account("clerk", **about))

    def lead(self, *departments: str, **about: str) -> Browser:
        """A signed-in head of departments."""
        return self.signed_in(self.account("lead", departments, **about))

    def responder(self, *departments: str, **about: str) -> Browser:
        """A signed-in responder of departments."""
        return self.signed_in(self.account("responder", departments, **about))

    def signed_in(self, account_id: int, *, is_confirmed: bool = False) -> Browser:
        """A browser with a session of this account, as after the sign-in page; confirmed: shown once more since."""
        browser, now = self.visitor(), datetime.now(UTC)
        with self.database.write() as session:
            identifier = sessions.start(
                session, account_id=account_id, now=now, confirmed_at=now if is_confirmed else None
            )
        browser.client.cookies.set("kanali-staff", identifier, path="/")
        return browser

    def adds_app(self, account_id: int) -> str:
        """An authenticator app for an account; the secret that it shares with the portal."""
        salt = totp.new_salt()
        with self.database.write() as session:
            factors.add_app(
                session, account_id=account_id, salt=salt, step=0, by=Actor("staff", account_id), now=self.now
            )
        return totp.secret_of(self.secret.key, account_id=account_id, salt=salt)

    def takes(self, report: Report, *, by: int | None = None) -> int:
        """Somebody of the staff takes the item; the account."""
        account_id = by or self.account()
        with self.database.write() as session:
            version = version_of(session, report)
            triage.take(
                session,
                item_id=report.id,
                seen_version=version,
                by=Actor("staff", account_id),
                now=self.now,
            )
        return account_id

    def asks(
        self,
        report: Report,
        text: str = "Which side of the street?",
        *,
        is_for_papers: bool = False,
        by: int | None = None,
    ) -> int:
        """The city asks the citizen a question; the account that asked."""
        account_id = by or self.account()
        with self.database.write() as session:
            version = version_of(session, report)
            converse.ask(
                session,
                item_id=report.id,
                seen_version=version,
                text=text,
                is_for_papers=is_for_papers,
                by=Actor("staff", account_id),
                now=self.now,
            )
        return account_id

    def hands_over(self, report: Report, department: str, *, reason: str = "It is theirs.") -> None:
        """Staff hand the item over to another department."""
        by = Actor("staff", self.account("clerk"))
        with self.database.write() as session:
            triage.hand_over(
                session,
                item_id=report.id,
                seen_version=version_of(session, report),
                ruling=self.ruling,
                department=department,
                service="",
                reason=reason,
                by=by,
                now=self.now,
            )

    def lengthens(
        self, report: Report, more: str, days: int | None = None, *, reason: str = "The expert is ill."
    ) -> None:
        """Staff extend the law's time, say that several decide, or announce a delay."""
        by = Actor("staff", self.account("clerk"))
        with self.database.write() as session:
            lengthen.lengthen(
                session,
                item_id=report.id,
                seen_version=version_of(session, report),
                more=more,
                days=days,
                reason=reason,
                by=by,
                now=self.now,
            )

    def voids(self, report: Report, *, reason: str = "A test of the printer") -> None:
        """Staff set the item aside as spam or a test."""
        by = Actor("staff", self.account("clerk"))
        with self.database.write() as session:
            version = version_of(session, report)
            triage.void(session, item_id=report.id, seen_version=version, reason=reason, by=by, now=self.now)

    def answers(
        self,
        report: Report,
        text: str = "We changed the bulb on Tuesday.",
        *,
        outcome: str = "done",
        by: int | None = None,
        **reply: Any,
    ) -> int:
        """The city answers; the account that did."""
        account_id = by or self.account()
        with self.database.write() as session:
            answer.answer(
                session,
                item_id=report.id,
                seen_version=None,
                reply=Reply(outcome=outcome, text=text, **reply),
                by=Actor("staff", account_id),
                now=self.now,
            )
        return account_id

    def closes(self, report: Report) -> bool:
        """The job that closes an item whose window for a second look is over."""
        with self.database.write() as session:
            return answer.close(session, item_id=report.id, today=self.today, now=self.now)

    # ── what is there ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def today(self) -> Any:
        return self.now.astimezone(self.city.zone).date()

    @property
    def ruling(self) -> Ruling:
        with self.read() as session:
            return versions.current(session)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.database.read() as session:
            yield session

    def key(self) -> Key:
        """What is stored of the key of a form that was just opened."""
        secret = self.site.secret
        random = codes.check_key(secret.key, codes.issue_key(secret.key, now=self.now), now=self.now)
        code = codes.code_of(secret.key, random)
        return Key(codes.key_hash(random), codes.code_hash(secret.key, code), secret.id)

    def item(self, reference: str) -> ItemView:
        """An item as its sender sees it."""
        table = table_of(Item)
        with self.read() as session:
            key = session.execute(sa.select(table.c.id).where(table.c.reference == reference)).scalar_one()
            return find.get_for_citizen(session, item_id=key)

    def count(self, model: Any) -> int:
        """How many rows a table holds."""
        with self.read() as session:
            return session.execute(sa.select(sa.func.count()).select_from(table_of(model))).scalar_one()

    def rows(self, model: Any) -> list[Any]:
        """The rows of a table, in the order of their keys."""
        table = table_of(model)
        with self.read() as session:
            return list(session.execute(sa.select(table).order_by(*table.primary_key.columns)).all())

    def _found(self) -> None:
        with self.database.write() as session:
            versions.store(session, city=self.city, source="load", by=SYSTEM, now=self.now)
            city_id = session.execute(sa.select(table_of(CityRow).c.id)).scalar_one()
            session.add(Installation(city_id=city_id, secret_id=self.secret.id, made_at=self.now))

    def _instant(self, moment: str | datetime) -> datetime:
        if isinstance(moment, datetime):
            return moment.astimezone(UTC)
        return datetime.fromisoformat(moment).replace(tzinfo=self.city.zone).astimezone(UTC)


@cache
def _riverton() -> City:
    return read_folder(RIVERTON)


@cache
def _look() -> tuple[Assets, jinja2.Environment]:
    """Static files and templates, read and compiled once for all tests of a process."""
    assets = Assets()
    return assets, make_templates(assets)
