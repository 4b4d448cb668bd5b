"""The log: one line of JSON for each request and each fault, and nothing in it that came from a person."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec import structs

from feedback.city import versions
from feedback.errors import NotFound
from portal import log
from portal.app import create_app, routes
from portal.database import Database
from portal.log import Lines, described
from portal.pages import Reply, Route, Visit
from tests.town import BASE, Town

OF_A_REQUEST = {"time", "level", "event", "request", "method", "route", "actor", "status", "ms"}
MARK = "Canary7"
"""In everything that a visitor can send: it must not come out again."""


class Log:
    """What the process has logged, as an operator reads it."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.of("request")


@pytest.fixture
def logged() -> Iterator[Log]:
    """The log at its most talkative: everything that anybody says at DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield Log(stream)
    root.setLevel(before)
    root.removeHandler(handler)


def break_down(town: Town) -> None:
    """Add a page that fails with an exception full of what the visitor sent."""

    def fail(visit: Visit) -> Reply:
        kept = {"word": visit.params["department"], "mail": f"{MARK}@example.org"}
        raise ValueError(f"what did {kept} mean?")

    town.app = create_app(town.site, also=(Route("/broken/{department}", ("GET",), "public", fail),))


def test_a_request_is_one_line_with_its_template_and_time(town: Town, logged: Log) -> None:
    page = town.visitor().get("/submit", topic="roads")
    (line,) = logged.requests
    assert set(line) == OF_A_REQUEST
    assert (line["level"], line["method"], line["route"]) == ("info", "GET", "/{language}/submit")
    assert (line["status"], line["actor"]) == (200, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert 0 < line["ms"] < 60_000
    assert page.response.headers["x-request-id"] == line["request"]


def test_each_request_has_a_number_of_our_own(sqlite_town: Town, logged: Log) -> None:
    browser = sqlite_town.visitor()
    for _ in range(3):
        browser.client.get("/en/", headers={"X-Request-Id": MARK})
    numbers = [line["request"] for line in logged.requests]
    assert len(set(numbers)) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", number) for number in numbers)


def test_staff_are_known_by_their_account_alone(sqlite_town: Town, logged: Log) -> None:
    account = sqlite_town.account("clerk", name=MARK)
    sqlite_town.signed_in(account).get("/staff/inbox", follow=True)
    assert {line["actor"] for line in logged.requests} == {account}
    assert MARK not in logged.text


def test_files_and_questions_after_our_health_leave_no_line(sqlite_town: Town, logged: Log) -> None:
    browser = sqlite_town.visitor()
    for path in ("/static/favicon.svg", "/static/nothing.css", "/health/live", "/health/ready"):
        assert "x-request-id" in browser.get(path).response.headers
    assert logged.requests == []


def test_an_address_that_is_none_has_no_template(sqlite_town: Town, logged: Log) -> None:
    sqlite_town.visitor().client.request("BREW", f"/en/{MARK}")
    (line,) = logged.requests
    assert (line["method"], line["route"], line["status"]) == ("OTHER", None, 405)
    assert MARK not in logged.text


def test_nothing_that_a_visitor_sends_comes_into_the_log(town: Town, logged: Log) -> None:
    report = town.citizen_reports(f"{MARK} lives here", name=MARK, email=f"{MARK}@example.org", place=MARK)
    browser = report.opened()
    browser.post("/track/add", text=f"{MARK} again")
    browser.client.headers.update({"User-Agent": MARK, "Referer": f"{BASE}/{MARK}", "X-Forwarded-For": MARK})
    browser.client.cookies.set("kanali-staff", MARK)
    browser.client.cookies.set(MARK, MARK)
    for path in (f"/confirm/{MARK}", f"/survey/{MARK}", f"/service-quality/{MARK}", f"/{MARK}", "/submit"):
        browser.get(path, topic=MARK, **{MARK: "1"})
        browser.post(path, text=MARK, **{MARK: MARK})
    browser.post("/track", code=MARK)
    browser.post("/staff/sign-in", email=f"{MARK}@example.org", password=MARK)
    browser.client.post("/en/submit", content=f"{MARK}=%zz\x00".encode(), headers={"Content-Type": MARK})
    cut_off = f'--cut\r\nContent-Disposition: form-data; name="text"\r\n\r\n{MARK} was cut off'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    assert browser.client.post("/en/submit", content=cut_off, headers=headers).status_code == 400
    clerk = town.clerk(name=MARK, email=f"clerk.{MARK}@example.org")
    clerk.get(f"/staff/item/{report.reference}", q=MARK)
    clerk.post(f"/staff/item/{report.reference}/ask", text=MARK, seen="1")
    assert len(logged.requests) > 15
    assert MARK.lower() not in logged.text.lower()
    assert report.code not in logged.text
    assert report.reference not in logged.text


def test_a_fault_is_told_by_kind_and_place_and_its_number_leads_to_it(town: Town, logged: Log) -> None:
    break_down(town)
    page = town.visitor().client.get(
        f"/broken/{MARK.lower()}?{MARK}={MARK}", headers={"Accept-Language": "en"}
    )
    assert page.status_code == 500
    (fault,) = logged.of("fault")
    assert (fault["fault"], fault["level"], fault["route"]) == ("ValueError", "error", "/broken/{department}")
    assert fault["at"][-1].startswith("test_log.py:") or fault["at"][-1].startswith("app.py:")
    (line,) = logged.requests
    assert line["status"] == 500
    assert fault["request"] == line["request"] == page.headers["x-request-id"]
    assert f"<code>{line['request']}</code>" in page.text
    assert MARK.lower() not in logged.text.lower()


def test_a_fault_in_any_handler_repeats_nothing(
    sqlite_town: Town, logged: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each handler does its work and then fails with everything that it was given in its exception."""

    def broken(route: Route) -> Route:
        def handler(visit: Visit) -> Reply:
            if not armed:
                return route.handler(visit)
            try:
                route.handler(visit)
            finally:
                raise RuntimeError(f"{visit.path} {visit.query} {visit.form} {visit.cookies} {MARK}")

        return structs.replace(route, handler=handler)

    armed = False
    monkeypatch.setattr("portal.app.routes", lambda: [broken(route) for route in routes()])
    # A route of its own, so that a framework of its own is made of the broken ones.
    sqlite_town.app = create_app(
        sqlite_town.site, also=(Route("/broken-all", ("GET",), "public", broken(routes()[0]).handler),)
    )
    report = sqlite_town.citizen_reports(f"{MARK} lives here", service="roads", name=MARK)
    citizen = report.opened()
    inside = {
        role: sqlite_town.account(role, name=MARK, email=f"{role}.{MARK}@example.org")
        for role in ("clerk", "quality", "admin", "auditor")
    }
    armed = True
    asked = [(route, method) for route in routes() for method in route.methods]
    for route, method in asked:
        browser = citizen
        if route.path.startswith("/staff"):  # Anew each time, since some of them end the session.
            browser = sqlite_town.signed_in(inside.get(route.policy, inside["clerk"]))
        browser.client.cookies.set(MARK, MARK)
        path = route.path.replace("{language}", "en").replace("{reference}", report.reference)
        for name, shape in {"token": MARK.ljust(43, "x"), "department": "dept-a", "file": "photo-1"}.items():
            path = path.replace(f"{{{name}}}", shape)
        page = browser.client.request(
            method,
            f"{path}?{MARK}={MARK}&to=/{MARK}",
            headers={"Origin": BASE, "User-Agent": MARK, "Accept-Language": "en"},
            data={"text": MARK, "email": f"{MARK}@example.org", "password": ""} if method == "POST" else None,
        )
        assert page.status_code == 500, (method, path)
        assert "RuntimeError" not in page.text, (method, path)
        assert "Traceback" not in page.text, (method, path)
    assert len(logged.of("fault")) == len(asked)
    assert {line["fault"] for line in logged.of("fault")} == {"RuntimeError"}
    assert MARK.lower() not in logged.text.lower()
    assert report.reference not in logged.text


def test_what_a_database_complains_of_is_not_repeated(town: Town, logged: Log) -> None:
    browser = town.visitor()
    key = browser.get("/submit").value("key")
    with town.database.write() as session:
        session.execute(sa.text("ALTER TABLE item RENAME TO item_gone"))
    page = browser.post("/submit", kind="request", text=f"{MARK} lives here", name=MARK, key=key)
    assert page.status == 500
    (fault,) = logged.of("fault")
    assert fault["fault"] in ("OperationalError", "ProgrammingError")
    assert any(place.startswith("submit.py:") for place in fault["at"])
    assert "statements.py" not in " ".join(fault["at"])
    assert MARK not in logged.text


def test_only_faults_show_a_number(sqlite_town: Town) -> None:
    page = sqlite_town.visitor().get("/nowhere")
    assert page.status == 404
    assert page.response.headers["x-request-id"] not in page.response.text


def test_the_worker_is_logged_alike_without_a_request(logged: Log) -> None:
    logging.getLogger("kanali").error("job %s failed (%s)", "seal", described(NotFound("item_unknown")))
    (line,) = logged.lines
    assert line.keys() == {"time", "level", "event"}
    assert line["event"] == "job seal failed (item_unknown)"


def test_what_other_libraries_say_is_left_out_but_that_they_said_it_is_not(logged: Log) -> None:
    try:
        raise KeyError(MARK)
    except KeyError:
        logging.getLogger("asyncio").exception("Task %r was never retrieved", MARK)
    (line,) = logged.lines
    assert (line["library"], line["fault"]) == ("asyncio", "KeyError")
    assert MARK not in logged.text


def test_a_thread_that_breaks_says_no_more_than_that(logged: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (("sys", "excepthook"), ("threading", "excepthook"), ("logging", "raiseExceptions")):
        monkeypatch.setattr(f"{module}.{name}", None)  # So that what stood there comes back afterwards.
    log.take_over()
    logging.captureWarnings(False)

    def broken() -> None:
        raise RuntimeError(MARK)

    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    (line,) = logged.lines
    assert (line["level"], line["fault"]) == ("critical", "RuntimeError")
    assert MARK not in logged.text


def injections() -> list[str]:
    """Five hundred ways to make a line of a log into two, or into an order to a terminal."""
    parts = ["\r\n", "\n", "\r", "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x7f", "\x00", "\u2028", "\u2029"]
    parts += ["\x85", "\u202e", "\ufeff", "\x0b", "\x0c", "\\n", '"', "\\", '"}\n{"level":"info"', "\ud800"]
    ends = ["", "a", "%s", "{}", "ž", "κ", "🙂", " ", "\t", "'", "0", "%n", "<", "&", "\x08\x08", "\x1b[A"]
    ends += ["\u200b", "-", "\x90", "\x1b(0", "\x0e", "\x0f", "\u2066", "\u061c", "end"]
    return [first + second for first in parts for second in ends]


def test_no_text_can_break_a_line_or_reach_the_terminal(logged: Log) -> None:
    ours = logging.getLogger("kanali")
    (handler,) = (one for one in logging.getLogger().handlers if isinstance(one.formatter, Lines))
    ours.propagate = False  # Who runs the tests keeps what it hears, and cannot pass half a character on.
    ours.addHandler(handler)
    try:
        for text in injections():
            ours.warning("said: %s", text, extra={"fields": {"more": [text]}})
    finally:
        ours.removeHandler(handler)
        ours.propagate = True
    assert len(injections()) == 500
    assert len(logged.text.split("\n")) == 501
    assert len(logged.lines) == 500
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066\ufeff]", logged.text)
    assert not re.search(r"\\u00(0|1|7f|8|9)", logged.text), "nor does what decodes it get one"


def test_a_fault_outside_our_own_files_has_its_place_as_well() -> None:
    with pytest.raises(json.JSONDecodeError) as met:
        json.loads("{")
    fault = met.value.with_traceback(met.tb.tb_next)
    assert re.fullmatch(r"JSONDecodeError at decoder\.py:\d+", described(fault))
    assert described(ValueError("never raised")) == "ValueError"


def test_our_own_files_are_known_by_their_folder(sqlite_database: Database) -> None:
    with sqlite_database.read() as session, pytest.raises(NotFound) as met:
        versions.current(session)
    assert re.fullmatch(r"no_city at versions\.py:\d+", described(met.value))
