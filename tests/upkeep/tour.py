"""A town that keeps what its portal answers: every page is looked at when it comes, whoever asked for it."""

from __future__ import annotations

import re
from typing import Any

from msgspec import structs

from feedback.items import converse
from feedback.items.tables import Contact, Item
from feedback.items.take_over import Foreign, take_over
from portal import jobs
from portal.app import create_app, routes
from portal.rendering import make_templates
from tests.post_office import Mail, read_mails
from tests.town import Browser, Report, Town
from tests.upkeep.pseudo import marked, unmarked_in_page, unmarked_in_text

WORDS = marked("my words")
"""What people write on this tour, citizens and staff alike."""


class Tour(Town):
    """A town with templates of its own, whose browsers report what they were shown."""

    def __init__(
        self, *arguments: Any, demonstration: bool = False, language: str = "en", **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self.language = language
        """What everybody here speaks, citizens and staff."""
        self.faults: dict[str, list[str]] = {}
        """Where → what stood there unmarked."""
        self.statuses: dict[str, set[int]] = {}
        """Method and path of every route that answered, and how."""
        self.pages = 0
        self._mails_read = 0
        self.mails: list[Mail] = []
        templates = make_templates(self.site.assets)
        self.site = structs.replace(self.site, templates=templates, demonstration=demonstration)
        self.portal = create_app(self.site)

    @property
    def templates_rendered(self) -> set[str]:
        """Names of the templates that were loaded, by pages and mails or by other templates."""
        cache = self.site.templates.cache
        assert cache is not None
        return {str(key[1]) for key in cache}

    def visitor(self, language: str = "en", address: str = "") -> Browser:
        browser = super().visitor(self.language, address)
        browser.client.headers["Accept-Language"] = self.language
        browser.client.event_hooks = {"response": [self._look]}
        return browser

    def account(
        self, role: str = "responder", departments: tuple[str, ...] = ("dept-a",), **about: str
    ) -> int:
        told = {"name": marked(role.capitalize()), "language": self.language, **about}
        return super().account(role, departments, **told)

    def reports(self, text: str = WORDS, *, files: tuple[bytes, ...] = (), **fields: str) -> Report:
        """A citizen sends marked words, with a contact that is marked as well."""
        # Three mails a day go to an address that nobody has confirmed.
        email = f"rea-{self.count(Item)}@example.org"
        given = {"name": marked("Rea"), "email": email, "phone": "+370 600 00000", **fields}
        return self.citizen_reports(text, place=marked("Mill Lane"), files=files, **given)

    def imports(self, number: str) -> Report:
        """An item of another system without words: its sender has no code."""
        foreign = Foreign(system="elsewhere", number=number, service="roads", received_at=self.now)
        with self.database.write() as session:
            taken = take_over(session, ruling=self.ruling, foreign=foreign, now=self.now)
        assert taken is not None
        return Report(self, self.visitor(), taken.reference, "")

    def link(self, report: Report, purpose: str, *, target: int = 0) -> str:
        """The path of a mailed link that ends in two days."""
        with self.database.write() as session:
            token = converse.make_link(
                session,
                purpose=purpose,
                item_id=report.id,
                target_id=target or next(row.id for row in self.rows(Contact) if row.item_id == report.id),
                now=self.now,
                ends_at=self.now + converse.CONFIRM_LIVES,
            )
        return f"/{purpose}/{token}"

    def reads_mails(self) -> list[Mail]:
        """Let the worker send what is due, and look at the new mails."""
        jobs.run_due(self.site, now=self.now)
        mails = read_mails(self.settings.mail_folder)[self._mails_read :]
        self._mails_read += len(mails)
        for mail in mails:
            sender = str(mail.message["From"]).partition("<")[0]
            found = [*unmarked_in_page(mail.html), *unmarked_in_text(mail.text)]
            found += [*unmarked_in_text(mail.subject), *unmarked_in_text(sender)]
            if found:
                self.faults[f"mail {mail.subject}"] = found
        self.mails += mails
        return mails

    def looks_at(self, where: str, html: str) -> None:
        """Keep what a page shows unmarked."""
        self.pages += 1
        for fault in unmarked_in_page(html):
            faults = self.faults.setdefault(where, [])
            if fault not in faults:
                faults.append(fault)

    def _look(self, response: Any) -> None:
        """Keep which route answered, and what its page shows unmarked."""
        method, path = response.request.method, response.request.url.path
        route = route_of(method, path)
        where = f"{method} {route or path} {response.status_code}"
        if route:
            self.statuses.setdefault(f"{method} {route}", set()).add(response.status_code)
        if not response.headers.get("content-type", "").startswith("text/html"):
            return
        response.read()
        if not response.text:
            return
        self.looks_at(where, response.text)


def route_of(method: str, path: str) -> str:
    """The route that answers at an address: of those that fit, the one with the fewest open parts."""
    fitting = [
        route.path
        for route in routes()
        if method in route.methods and re.fullmatch(_pattern(route.path), path.rstrip("/") or "/")
    ]
    return min(fitting, key=lambda found: found.count("{"), default="")


def _pattern(path: str) -> str:
    parts = [
        "(?:en|el|lt)" if part == "{language}" else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in path.rstrip("/").split("/")
    ]
    return "/".join(parts)
