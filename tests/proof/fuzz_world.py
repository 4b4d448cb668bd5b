"""A town that is asked odd things: makes a request of a case of `fuzz_cases.py`, and looks at the answer.

Each request goes as deep as it can: a signed-in actor, an address and a form as the portal's own pages show them at
that moment (so that keys, versions and tokens are good ones), and then the faults that the case wants.
"""

from __future__ import annotations

import html
import re
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from feedback.items import codes
from feedback.people import sessions
from portal import jobs
from portal.app import routes
from portal.pages import SHAPES
from tests.attached import photo
from tests.feedback.custody.lived import ask_how_it_went
from tests.post_office import read_mails
from tests.proof.fuzz_answers import SECONDS_MOST, SLOW_DOORS, Answer, faults_of
from tests.proof.fuzz_bodies import body_of, bytes_of
from tests.proof.fuzz_cases import ACTORS, STAGES, Case, names_read, plain, policies
from tests.town import WRITING, Browser, Report, Town
from tests.upkeep.hostile import ODD_PARTS

AT_ONCE: Final = {"answered": 10, "closed": 3}
"""Cases for which weeks must pass are made together."""
HALF_WAY: Final = "/staff/sign-in/code"
"""Asked by somebody who has given the right password, and whose account has an app."""
CONFIRMED: Final = "/staff/account/second-factor"
"""Below it much is for those alone who have just shown password and factor once more."""
OF_A_CASE: Final = ("/{language}/track",)
"""Pages of staff name their case in the address; this one shows the case that the browser has open."""
KEPT_MOST: Final = 40
"""Addresses that are remembered of each route."""


_ADDRESS = re.compile(r'\b(?:href|src|action|hx-get|hx-post)="(/[^"]*)"')
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
_ACTION = re.compile(r'\baction="([^"]*)"')
_FIELD = re.compile(r"<(textarea|select)\b([^>]*)>(.*?)</\1>|<(input|button)\b([^>]*)>", re.S)
_ATTRIBUTE = re.compile(r'\b(name|value|type)="([^"]*)"')
_OPTION = re.compile(r'<option\b[^>]*\bvalue="([^"]*)"')


class World:
    """A town with a case in every state and somebody of every role; renewed where a request has used something up."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.statuses: Counter[int] = Counter()
        self.doors: dict[str, set[int]] = {}
        self.slowest = 0.0
        self._patterns = [
            (re.compile(_pattern(route.path)), route.path, "{" in route.path) for route in routes()
        ]
        self._known: dict[str, list[str]] = {}
        """Template → addresses that pages and mails have shown."""
        self._pages: dict[str, list[str]] = {}
        """Template of a form's action → templates of pages that hold it, or their addresses."""
        self._by = town.account("responder")
        self._reports: dict[str, list[Report]] = {}
        self._citizens: dict[str, Browser] = {}
        self._accounts: dict[str, int] = {}
        self._staff: dict[str, Browser] = {}
        self._files = ""
        """The field for files of the form in hand; empty where it has none."""
        self._mails_read = 0
        town.at("2026-11-02 09:00")
        for stage in ("closed", "answered"):
            self.report(stage)
        for path, policy in policies().items():
            actors = [policy] if policy in ACTORS else ["clerk" if path.startswith("/staff") else "citizen"]
            for actor in (*actors, *(["nobody"] if path == "/staff/sign-in" else [])):
                for stage in STAGES if "{reference}" in path or path in OF_A_CASE else ("answered",):
                    self.play(plain(path, actor, stage))
        self.statuses.clear()
        self.doors.clear()

    def report(self, stage: str) -> Report:
        """A case in this state, of the department of the tests' staff."""
        kept = self._reports.setdefault(stage, [])
        while kept and kept[-1].item.state != stage:
            kept.pop()
            self._citizens.pop(stage, None)
        if not kept:
            kept += self._make(stage, AT_ONCE.get(stage, 1))
        return kept[-1]

    def _make(self, stage: str, count: int) -> list[Report]:
        town = self.town
        files = (photo(8, 8),) if stage == "waiting" else ()
        made = [self._arrives(*files) for _ in range(count)]
        if stage in AT_ONCE:
            self._confirm_addresses()
            for report in made:
                town.answers(report, by=self._by)
            town.later(days=40 if stage == "closed" else 7)
            ask_how_it_went(town)
            if stage == "closed":
                assert all(town.closes(report) for report in made)
            self._read_mails()
        for report in made:
            if stage == "open":
                town.takes(report, by=self._by)
            elif stage == "waiting":
                town.asks(report, by=self._by)
            elif stage == "withdrawn":
                report.opened().post("/track/withdraw", version=str(report.item.version))
            elif stage == "void":
                town.voids(report)
        return made

    def _arrives(self, *files: bytes) -> Report:
        town = self.town
        key = codes.issue_key(town.secret.key, now=town.now - WRITING)
        browser = town.visitor()
        sent = {"kind": "request", "text": "A deep pothole", "service": "roads", "key": key}
        sent["email"] = "rea@example.org"
        page = browser.attach("/submit", *files, **sent) if files else browser.post("/submit", **sent)
        assert page.status == 303, page.text
        code = codes.code_of(town.secret.key, codes.check_key(town.secret.key, key, now=town.now))
        return Report(town, browser, browser.get("/receipt").field("#reference"), code)

    def _confirm_addresses(self) -> None:
        """Only to those the links go that open a case and a survey."""
        self._read_mails()
        for address in self._known.get("/{language}/confirm/{token}", []):
            self.town.visitor().post(address)

    def _read_mails(self) -> None:
        """What was sent since: the links of mails that still work."""
        self._arrives()
        jobs.run_due(self.town.site, now=self.town.now)
        mails = read_mails(self.town.settings.mail_folder)
        new, self._mails_read = mails[self._mails_read :], len(mails)
        for mail in new:
            for address in mail.addresses:
                path = urlsplit(address).path
                if template := self._template(path):
                    _remember(self._known.setdefault(template, []), path)

    def play(self, case: Case) -> Answer:
        """Ask, look at the answer, and remember what it shows."""
        report = self.report(case.stage) if "{reference}" in case.path or case.actor == "citizen" else None
        browser = self._browser(case, report)
        path = self._address(case, report)
        self._files = ""
        fields = self._fields(case, browser, path) if case.method == "POST" else []
        content, kind = body_of(case, fields, self._files)
        headers: list[tuple[bytes, bytes]] = []
        if case.method not in ("GET", "HEAD"):
            headers = [(b"Origin", self.town.settings.public_url.encode()), (b"Content-Type", kind.encode())]
        for name, value in case.headers:
            headers = [pair for pair in headers if pair[0] != name.encode()] + [(name.encode(), value)]
        if case.cookies:
            said = "; ".join(
                f"kanali-{name}={quote(value, errors='replace')}" for name, value in case.cookies
            )
            headers.append((b"Cookie", said.encode()))
        query = [(name.encode(), bytes_of(value)) for name, value in case.query]
        if query:
            path = f"{path}{'&' if '?' in path else '?'}{urlencode(query)}"
        for _ in range(2):  # Again where it was slow, in case the machine was elsewhere for a moment.
            start = time.monotonic()
            response = browser.client.request(case.method, path, content=content, headers=headers)
            seconds = time.monotonic() - start
            if seconds <= SECONDS_MOST:
                break
        location = response.headers.get("location", "")
        door = f"{case.method} {case.path}"
        if location.startswith("/staff/sign-in"):
            self._staff.pop(case.actor, None)
        else:
            self.doors.setdefault(door, set()).add(response.status_code)
        self.statuses[response.status_code] += 1
        if case.path not in SLOW_DOORS:
            self.slowest = max(self.slowest, seconds)
        text = response.text
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if response.status_code == 200 and is_page and case.method == "GET":
            self._harvest(text, path)
        faults = faults_of(case, response, text, seconds)
        return Answer(case, door, f"{case.method} {path}", response.status_code, location, seconds, faults)

    def _browser(self, case: Case, report: Report | None) -> Browser:
        if case.path == HALF_WAY and case.chance % 4:
            return self._half_way()
        if case.actor == "nobody":
            return self.town.visitor()
        if case.actor == "citizen":
            assert report is not None
            browser = self._citizens.get(case.stage)
            if browser is None or not browser.client.cookies.get("kanali-item", path="/"):
                browser = self._citizens[case.stage] = report.opened()
            return browser
        account = self._account(case.actor)
        if case.path.startswith(CONFIRMED) and case.chance % 4:
            return self.town.signed_in(account, is_confirmed=True)
        if case.actor not in self._staff:
            self._staff[case.actor] = self.town.signed_in(account)
        return self._staff[case.actor]

    def _account(self, name: str) -> int:
        """Of a role; "half way" is a clerk with an app."""
        if name not in self._accounts:
            self._accounts[name] = self.town.account("clerk" if name == "half way" else name)
            if name == "half way":
                self.town.adds_app(self._accounts[name])
        return self._accounts[name]

    def _half_way(self) -> Browser:
        browser = self.town.visitor()
        account = self._account("half way")
        with self.town.database.write() as session:
            identifier = sessions.start_half(session, account_id=account, now=datetime.now(UTC))
        browser.client.cookies.set("kanali-half", identifier, path="/")
        return browser

    def _address(self, case: Case, report: Report | None) -> str:
        """An address of the template: one that was shown where there is one, else of the right shapes, or odd."""
        if "{" not in case.path:
            return case.path
        if not case.parts:
            wanted = f"/{case.language}/" if case.path.startswith("/{language}") else ""
            if report is not None and case.path.count("{") == 1 and "{reference}" in case.path:
                return case.path.replace("{reference}", report.reference)
            known = [at for at in self._known.get(case.path, ()) if at.startswith(wanted)]
            if known and case.language != "xx":
                return known[case.chance % len(known)]
        odd = iter(case.parts or (None,) * case.path.count("{"))

        def fill(found: re.Match[str]) -> str:
            part, name = next(odd), found[1]
            if part is not None and part != "shaped" and name != "language":
                return part if part in ODD_PARTS else quote(part, safe="", errors="replace")
            if name == "language":
                return case.language
            return report.reference if name == "reference" and report else _shaped(name, case.chance)

        return re.sub(r"{(\w+)}", fill, case.path)

    def _fields(self, case: Case, browser: Browser, path: str) -> list[tuple[bytes, bytes]]:
        """The form as a page of ours shows it now, with the faults of the case."""
        fields = [(name.encode(), value.encode()) for name, value in self._form(case, browser, path)]
        for act, place, value in case.fields:
            names = [name.encode() for name in names_read()]
            if act == "add" or not fields:
                fields.append((names[place % len(names)], bytes_of(value)))
            elif act == "drop":
                fields.pop(place % len(fields))
            elif act == "twice":
                fields.append((fields[place % len(fields)][0], bytes_of(value)))
            else:
                fields[place % len(fields)] = (fields[place % len(fields)][0], bytes_of(value))
        return fields

    def _form(self, case: Case, browser: Browser, path: str) -> list[tuple[str, str]]:
        pages = self._pages.get(case.path, [])
        if not pages:
            return []
        at = pages[case.chance % len(pages)]
        numbers = re.findall(SHAPES["reference"], path)
        if "{reference}" in at and not numbers:
            return []
        shown = browser.client.get(at.replace("{reference}", numbers[0] if numbers else ""))
        if shown.status_code != 200:
            return []
        text = shown.text
        forms = [
            inside
            for about, inside in _FORM.findall(text)
            if self._template(_action(about, shown.request.url.path)) == case.path
        ]
        if not forms:
            return []
        fields: list[tuple[str, str]] = []
        radios: dict[str, list[str]] = {}
        for tag, about, inside, single, of_single in _FIELD.findall(forms[case.chance % len(forms)]):
            told = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(about or of_single)}
            name, value = told.get("name", ""), told.get("value", "")
            kind = told.get("type", "text") if single else tag
            if kind == "file":
                self._files = name
            elif kind == "radio":
                radios.setdefault(name, []).append(value)
            elif not name or (kind == "checkbox" and case.chance % 3):
                continue
            elif kind == "select":
                options = _OPTION.findall(inside)
                fields.append((name, html.unescape(options[case.chance % len(options)]) if options else ""))
            elif kind == "textarea" or (not value and kind in ("text", "search") and not case.chance % 4):
                fields.append((name, "A lamp is dark."))
            else:
                fields.append((name, value))
        return fields + [(name, values[case.chance % len(values)]) for name, values in radios.items()]

    def _harvest(self, text: str, path: str) -> None:
        for found in _ADDRESS.findall(text):
            address = html.unescape(found).partition("#")[0]
            template = self._template(address.partition("?")[0])
            if template:
                _remember(self._known.setdefault(template, []), address)
        for about, _ in _FORM.findall(text):
            template = self._template(_action(about, path.partition("?")[0]))
            if template and path:
                _remember(
                    self._pages.setdefault(template, []), re.sub(SHAPES["reference"], "{reference}", path)
                )

    def _template(self, path: str) -> str:
        path = path.partition("?")[0]
        fitting = [
            (has_parts, found) for pattern, found, has_parts in self._patterns if pattern.fullmatch(path)
        ]
        return min(fitting)[1] if fitting else ""


def _pattern(path: str) -> str:
    return "".join(
        f"(?:{SHAPES[part[1:-1]]})" if part.startswith("{") else re.escape(part)
        for part in re.split(r"({\w+})", path)
    )


def _shaped(name: str, chance: int) -> str:
    """A made-up part of the right shape, of the most usual ones."""
    return {
        "reference": f"RIV-2026-{chance:06}",
        "department": ("dept-a", "dept-b", "nowhere")[chance % 3],
        "token": f"{chance:043}",
    }.get(name, f"x{chance}")


def _remember(kept: list[str], address: str) -> None:
    if address not in kept:
        kept.append(address)
        del kept[:-KEPT_MOST]


def _action(about: str, here: str) -> str:
    found = _ACTION.search(about)
    return html.unescape(found[1]) if found and found[1] else here
