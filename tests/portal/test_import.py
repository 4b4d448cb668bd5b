"""Taking in another system's requests: what arrives how, what is refused, and that twice is the same as once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feedback.city.load import read_folder
from feedback.custody.verify import verify
from feedback.items import population
from feedback.items.tables import NOTHING_DUE, Contact, Cycle, ExternalRef, Item, Link
from feedback.items.time_tables import Clock
from feedback.items.views import ItemView
from feedback.ledger.tables import Note
from feedback.outbox.tables import Job, Message
from feedback.satisfaction import invite
from portal.closing import close_month
from portal.command_line import run
from portal.commands.import_ import BATCH, Summary, take_in
from portal.commands.open311_file import read_map
from portal.database import Database
from portal.environment import OperatorError
from portal.settings import Settings
from tests.town import Town

ROOT = Path(__file__).parents[2]
MAPS = sorted((ROOT / "imports" / "open311").glob("*.toml"))
EXTRACT = ROOT / "tests" / "data" / "koeln_extract.json"
MAP = """
[city]
key = "elsewhere"
name = "Elsewhere"
language = "de"

[services]
"1" = "street-lighting"
"2" = "noise"
"3" = "water-supply"
"9" = ""
"""
OPEN = {
    "service_request_id": "A-1",
    "status": "open",
    "status_notes": "207604",
    "service_code": "1",
    "service_name": "Laterne",
    "description": "Die Laterne vor dem Haus ist seit Tagen dunkel.",
    "requested_datetime": "2026-10-19T10:00:00+02:00",
    "updated_datetime": "2026-10-20T10:00:00+02:00",
    "address": "Ahornweg 39",
    "lat": 50.879,
    "long": 7.1,
    "media_url": None,
}
CLOSED = {
    **OPEN,
    "service_request_id": "A-2",
    "status": "closed",
    "status_notes": "Die Laterne brennt wieder.",
    "requested_datetime": "2026-10-19T12:00:00+03:00",
    "updated_datetime": "2026-10-21T10:30:00+03:00",
}


def write(folder: Path, requests: object, *, service_map: str = MAP) -> tuple[Path, Path]:
    file, map_file = folder / "requests.json", folder / "elsewhere.toml"
    file.write_text(requests if isinstance(requests, str) else json.dumps(requests), "utf-8")
    map_file.write_text(service_map, "utf-8")
    return file, map_file


def imports(town: Town, folder: Path, requests: object, *, counted: bool = False) -> Summary:
    file, map_file = write(folder, requests)
    return take_in(town.database, file=file, map_file=map_file, counted=counted, now=town.now)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{**OPEN, "service_request_id": f"N-{number}"} for number in range(count)]


def item_of(town: Town, number: str) -> ItemView:
    """The item that a number of the other system became."""
    item_id = next(ref.item_id for ref in town.rows(ExternalRef) if ref.number == number)
    return town.item(next(item.reference for item in town.rows(Item) if item.id == item_id))


@pytest.fixture
def terminal(town: Town, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Town:
    """The town, with the environment in which `kanali` finds it."""
    monkeypatch.setenv("KANALI_DATABASE_URL", town.database.url)
    monkeypatch.setenv("KANALI_SECRET_FILE", str(settings.secret_file))
    return town


def kanali_import(folder: Path, requests: object, *more: str, service_map: str = MAP) -> int:
    file, map_file = write(folder, requests, service_map=service_map)
    return run(["import", "open311", str(file), "--map", str(map_file), *more])


# ── what arrives ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_open_request_keeps_its_dates_and_waits_in_its_department(town: Town, tmp_path: Path) -> None:
    summary = imports(town, tmp_path, [OPEN])
    assert (summary.taken, summary.open, summary.closed, summary.refused) == (1, 1, 0, 0)
    item = item_of(town, "A-1")
    assert item.received_at.isoformat() == "2026-10-19T08:00:00+00:00"
    assert (item.state, item.channel, item.kind, item.language) == ("received", "import", "request", "de")
    assert (item.text, item.place) == (OPEN["description"], "Ahornweg 39")
    assert (item.lat, item.lon) == (50.879, 7.1)
    cycle = item.cycle
    assert (cycle.department, cycle.service, cycle.route) == ("dept-a", "street-lighting", "import")
    law, promise = cycle.clock("law"), cycle.clock("promise")
    assert law is not None
    assert promise is not None
    assert {law.started_at, promise.started_at} == {item.received_at}
    # Five days of eight hours from Monday, 11:00 in Riverton; twenty working days without 2 November.
    assert str(promise.due_at) == "2026-10-26 09:00:00+00:00"
    assert law.due_on == date(2026, 11, 17)
    assert item.entries == ()


def test_nobody_is_told_and_nothing_opens_it(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [OPEN, CLOSED], counted=True)
    for model in (Contact, Link, Message, Job):
        assert town.count(model) == 0
    assert {row.code_hash for row in town.rows(Item)} == {None}
    town.later(days=7)
    with town.read() as session:
        assert invite.find_due(session, city=town.city, today=town.today) == []


def test_a_closed_request_arrives_closed_with_one_note(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [CLOSED])
    item = item_of(town, "A-2")
    assert item.state == "closed"
    cycle = item.cycle
    assert cycle.answered_at is not None
    assert cycle.answered_at.isoformat() == "2026-10-21T07:30:00+00:00"
    assert (cycle.answered_on, cycle.outcome) == (date(2026, 10, 21), "explained")
    assert cycle.second_look_until == cycle.answered_on
    assert {(clock.stopped_at, clock.stopped_by) for clock in cycle.clocks} == {(cycle.answered_at, "answer")}
    [entry] = item.entries
    assert entry.answer is not None
    assert (entry.answer.text, entry.at, entry.department) == (
        "Die Laterne brennt wieder.",
        cycle.answered_at,
        "dept-a",
    )
    # Monday 12:00 to 16:00, Tuesday, Wednesday 8:00 to 10:30.
    [row] = town.rows(Cycle)
    assert (row.minutes, row.ended_at) == (240 + 480 + 150, cycle.answered_at)
    assert row.next_due_at == NOTHING_DUE
    assert [(note.act, note.actor_kind) for note in town.rows(Note) if note.kind == "item"] == [
        ("imported", "system")
    ]


def test_a_closed_request_is_late_where_it_was_late(town: Town, tmp_path: Path) -> None:
    late = {**CLOSED, "service_code": "2", "updated_datetime": "2026-10-30T10:00:00+02:00"}
    imports(town, tmp_path, [late], counted=True)
    with town.read() as session:
        [facts] = population.of_period(session, date(2026, 10, 1), date(2026, 10, 31))
    assert (facts.started_on, facts.promise_due_on, facts.answered_on) == (
        date(2026, 10, 19),
        date(2026, 10, 22),
        date(2026, 10, 30),
    )


@pytest.mark.parametrize(("counted", "found"), [(False, 0), (True, 2)])
def test_the_figures_count_it_only_where_that_was_asked_for(
    town: Town, tmp_path: Path, counted: bool, found: int
) -> None:
    imports(town, tmp_path, [OPEN, CLOSED], counted=counted)
    with town.read() as session:
        facts = population.of_period(session, date(2026, 10, 1), date(2026, 10, 31))
    assert len(facts) == found


def test_an_open_request_is_worked_on_like_any_item(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [OPEN])
    item = item_of(town, "A-1")
    responder = town.responder("dept-a")
    assert item.reference in responder.get("/staff/inbox").text
    address = f"/staff/item/{item.reference}"
    assert "Taken over from another system" in responder.get(address).text
    version = responder.get(address).value("version")
    assert responder.post(f"{address}/take", version=version).status == 303
    version = responder.get(address).value("version")
    page = responder.post(f"{address}/answer", version=version, outcome="done", text="Es brennt wieder.")
    assert page.location.endswith("?done=answered")
    assert item_of(town, "A-1").state == "answered"
    assert town.count(Message) == 0


def test_what_is_closed_can_be_opened_again_by_staff_only(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [CLOSED])
    item = item_of(town, "A-2")
    clerk = town.clerk()
    page = clerk.get(f"/staff/item/{item.reference}/reopen")
    page = clerk.post(
        f"/staff/item/{item.reference}/reopen", version=page.value("version"), reason="It is dark again."
    )
    assert page.status == 303
    assert (item_of(town, "A-2").state, len(item_of(town, "A-2").cycles)) == ("received", 2)


def test_a_request_without_words_is_shown_by_its_service(town: Town, tmp_path: Path) -> None:
    silent = {name: value for name, value in OPEN.items() if name != "description"}
    imports(town, tmp_path, [silent, {**silent, "service_request_id": "A-3", "service_code": "77"}])
    clerk = town.clerk()
    assert item_of(town, "A-1").text == ""
    assert clerk.get(f"/staff/item/{item_of(town, 'A-1').reference}").heading == "Street lighting"
    # Where no service of ours could say what it is about, the name of theirs does.
    assert clerk.get(f"/staff/item/{item_of(town, 'A-3').reference}").heading == "Laterne"


def test_what_the_map_leaves_open_is_for_a_clerk_whatever_the_words_say(town: Town, tmp_path: Path) -> None:
    words = "The lamp is dark, the street light does not burn."
    town.citizen_reports(words)
    requests = [
        {**OPEN, "service_request_id": str(number), "service_code": code, "description": words}
        for number, code in enumerate(("9", "77", "78", "77", "3"))
    ]
    summary = imports(town, tmp_path, requests)
    assert (summary.triage, summary.unmapped) == (1, {"77": 2, "78": 1})
    places = [(row.department, row.service, row.route) for row in town.rows(Cycle)]
    assert places == [
        ("dept-a", "street-lighting", "keywords"),
        *[(None, None, "triage")] * 4,
        (None, "water-supply", "not_offered"),
    ]
    assert {item_of(town, number).language for number in "01234"} == {"en"}


def test_its_reference_is_of_the_year_in_which_the_city_received_it(town: Town, tmp_path: Path) -> None:
    ours = town.citizen_reports()
    eve = {**OPEN, "requested_datetime": "2025-12-31T21:59:00Z"}
    new_year = {**OPEN, "service_request_id": "A-2", "requested_datetime": "2025-12-31T22:00:00Z"}
    imports(town, tmp_path, [eve, new_year])
    assert ours.reference == "RIV-2026-000001"
    assert item_of(town, "A-1").reference == "RIV-2025-000001"
    assert item_of(town, "A-2").reference == "RIV-2026-000002"


def test_the_ledger_proves_what_was_taken_in(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [OPEN, CLOSED, {**OPEN, "service_request_id": "A-3", "service_code": "77"}])
    with town.read() as session:
        assert list(verify(session)) == []


# ── twice, and at once ──────────────────────────────────────────────────────────────────────────────────────


def test_a_second_run_changes_nothing_and_says_so(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kanali_import(tmp_path, [OPEN, CLOSED]) == 0
    assert capsys.readouterr().out == (
        "2 requests of Elsewhere taken in, counted in no figure: 1 open, 1 closed.\n"
    )
    before = [terminal.rows(model) for model in (Item, Cycle, Clock, ExternalRef, Note)]
    assert kanali_import(tmp_path, [{**OPEN, "status": "closed"}, CLOSED], "--counted") == 0
    assert capsys.readouterr().out == ("2 requests of Elsewhere are there already; nothing has changed.\n")
    assert [terminal.rows(model) for model in (Item, Cycle, Clock, ExternalRef, Note)] == before


def test_a_longer_file_adds_what_is_new(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kanali_import(tmp_path, numbered(BATCH + 3))
    capsys.readouterr()
    assert kanali_import(tmp_path, numbered(2 * BATCH + 5), "--counted") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{BATCH + 2} requests of Elsewhere taken in, counted in the figures: {BATCH + 2} open, 0 closed.",
        f"{BATCH + 3} requests are there already and have not changed.",
    ]
    assert terminal.count(Item) == terminal.count(ExternalRef) == 2 * BATCH + 5


def test_the_same_number_of_another_system_is_another_request(town: Town, tmp_path: Path) -> None:
    imports(town, tmp_path, [OPEN])
    file, other = write(tmp_path, [OPEN], service_map=MAP.replace('"elsewhere"', '"further-off"'))
    assert take_in(town.database, file=file, map_file=other, counted=False, now=town.now).taken == 1
    assert {ref.system for ref in town.rows(ExternalRef)} == {"open311:elsewhere", "open311:further-off"}


def test_two_imports_at_once_take_each_request_in_once(town: Town, tmp_path: Path) -> None:
    file, map_file = write(tmp_path, numbered(BATCH + 10))

    def one(database: Database) -> int:
        return take_in(database, file=file, map_file=map_file, counted=False, now=town.now).taken

    databases = [Database(town.database.url) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        taken = list(threads.map(one, databases))
    for database in databases:
        database.close()
    assert sum(taken) == town.count(Item) == BATCH + 10
    with town.read() as session:
        assert list(verify(session)) == []


def test_a_month_whose_record_is_closed_stays_as_it_is(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imports(terminal, tmp_path, [OPEN], counted=True)
    assert close_month(terminal.database, period="2026-10", now=terminal.now)
    terminal.later(minutes=1)
    assert imports(terminal, tmp_path, [CLOSED], counted=True).late == {"2026-10": 1}
    with terminal.read() as session:
        assert list(verify(session)) == []
    kanali_import(tmp_path, [{**OPEN, "service_request_id": "A-3"}], "--counted")
    assert "Received in months whose record is closed, which stays as it is: 2026-10 (1)." in (
        capsys.readouterr().out
    )


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"service_request_id": None}, "service_request_id: it is missing"),
    ({"service_request_id": " "}, "service_request_id: it is missing"),
    ({"service_request_id": "x" * 81}, "service_request_id: 81 characters are too many; at most 80"),
    ({"status": "pending"}, 'status: "pending" is neither "open" nor "closed"'),
    ({"status": None}, "status: it is missing"),
    ({"requested_datetime": None}, "requested_datetime: it is missing"),
    ({"requested_datetime": "last week"}, 'requested_datetime: "last week" is no date and time'),
    ({"requested_datetime": 1697702400}, 'requested_datetime: "1697702400" is no date and time'),
    (
        {"requested_datetime": "2026-10-19T10:00:00"},
        'requested_datetime: "2026-10-19T10:00:00" does not say its',
    ),
    ({"requested_datetime": "2026-13-19T10:00:00Z"}, 'requested_datetime: "2026-13-19T10:00:00Z" is no date'),
    (
        {"requested_datetime": "1970-01-01T00:00:00Z"},
        "requested_datetime: 1970-01-01T00:00:00+00:00 lies before 1980",
    ),
    (
        {"requested_datetime": "0001-01-01T00:00:00+14:00"},
        'requested_datetime: "0001-01-01T00:00:00+14:00" is no date',
    ),
    (
        {"requested_datetime": "2999-01-01T00:00:00Z"},
        "requested_datetime: 2999-01-01T00:00:00+00:00 lies in the future",
    ),
    (
        {"status": "closed", "updated_datetime": None},
        "updated_datetime: it is missing, and a closed request needs",
    ),
    (
        {"status": "closed", "updated_datetime": "2026-10-18T10:00:00Z"},
        "updated_datetime: 2026-10-18T10:00:00+00:00 lies before the request was received",
    ),
    (
        {"status": "closed", "updated_datetime": "2999-01-01T00:00:00Z"},
        "updated_datetime: 2999-01-01T00:00:00+00:00 lies in the future",
    ),
    ({"lat": 90.1}, "lat: 90.1 lies outside -90 to 90"),
    ({"long": -181}, "long: -181.0 lies outside -180 to 180"),
    ({"lat": float("nan")}, "lat: nan lies outside"),
    ({"lat": "north"}, 'lat: "north" is no number of degrees'),
    ({"lat": None}, "lat: it is missing, while the other half of the position is given"),
    ({"description": "x" * 4001}, "description: 4001 characters are too many; at most 4000"),
    ({"description": "a\u0000b"}, "description: it holds control characters"),
    ({"description": "a\ud800b"}, "description: it holds control characters"),
    ({"description": ["a"]}, 'description: "["a"]" is no text'),
    ({"address": "x" * 201}, "address: 201 characters are too many; at most 200"),
    ({"status": "closed", "status_notes": {"a": 1}}, 'status_notes: "{"a": 1}" is no text'),
]


@pytest.mark.parametrize(
    ("change", "said"), FAULTS, ids=[said.split(" ")[0] + str(n) for n, (_, said) in enumerate(FAULTS)]
)
def test_a_fault_is_said_with_its_place_and_the_rest_is_taken_in(
    town: Town, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    summary = imports(town, tmp_path, [{**OPEN, "service_request_id": "A-0"}, {**OPEN, **change}, CLOSED])
    [line] = summary.faults
    number = {**OPEN, **change}["service_request_id"]
    place = "request 2 (" if str(number or "").strip() else "request 2: "
    assert line.startswith(f"requests.json: {place}")
    assert said in line
    assert (summary.taken, summary.refused) == (2, 1)
    assert {ref.number for ref in town.rows(ExternalRef)} == {"A-0", "A-2"}


def test_all_faults_of_a_file_are_said_at_once(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**OPEN, "service_request_id": "B-1", "lat": 91, "requested_datetime": "soon", "status": "lost"}
    assert kanali_import(tmp_path, [OPEN, wrong, "A-3", None, CLOSED]) == 1
    told = capsys.readouterr()
    assert [line.partition(" is ")[0] for line in told.err.splitlines()] == [
        'requests.json: request 2 (B-1): requested_datetime: "soon"',
        'requests.json: request 2 (B-1): status: "lost"',
        "requests.json: request 2 (B-1): lat: 91.0 lies outside -90 to 90.",
        "requests.json: request 3: this",
        "requests.json: request 4: this",
        f"kanali: 3 requests of {tmp_path / 'requests.json'} refused; correct the file and run it again.",
    ]
    assert told.out.startswith("2 requests of Elsewhere taken in")
    assert terminal.count(Item) == 2


def test_nothing_of_the_file_reaches_the_terminal_as_a_command(town: Town, tmp_path: Path) -> None:
    wrong = {
        **OPEN,
        "service_request_id": "A\u001b[2J\ud800",
        "status": "\u001b]0;x\u0007",
        "service_code": "\u001b",
    }
    for line in imports(town, tmp_path, [wrong]).faults:
        assert line.isprintable()
        line.encode()


def test_one_number_twice_is_one_request_or_a_fault(town: Town, tmp_path: Path) -> None:
    other = {**OPEN, "description": "Etwas ganz anderes"}
    summary = imports(town, tmp_path, [OPEN, OPEN, other])
    assert summary.faults == [
        (
            "requests.json: request 3 (A-1): service_request_id: request 1 has the same number and says something "
            "else; give each its own number."
        )
    ]
    assert (summary.taken, summary.known, summary.refused) == (1, 0, 1)
    assert item_of(town, "A-1").text == OPEN["description"]


def test_a_closing_a_few_seconds_before_the_receipt_lost_its_seconds(town: Town, tmp_path: Path) -> None:
    cut = {**CLOSED, "requested_datetime": "2026-10-19T12:00:40Z", "updated_datetime": "2026-10-19T12:00:00Z"}
    assert imports(town, tmp_path, [cut]).closed == 1
    assert item_of(town, "A-2").cycle.answered_at == item_of(town, "A-2").received_at


@pytest.mark.parametrize(
    "wrap",
    [
        lambda requests: requests,
        lambda requests: {"requests": requests},
        lambda requests: {"service_requests": requests},
        lambda requests: {"service_requests": {"request": requests}},
        lambda requests: requests[0],
        lambda requests: {"request": requests[0]},
    ],
)
def test_the_list_may_be_wrapped_as_servers_do(town: Town, tmp_path: Path, wrap: Any) -> None:
    assert imports(town, tmp_path, wrap([OPEN])).taken == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "not valid JSON (line 1, column 1"),
        ('[{"service_request_id": "1",\n  "status" "open"}]', "not valid JSON (line 2, column 12"),
        ("[" * 100_000, "not valid JSON"),
        ('{"errors": []}', "holds no list of requests"),
        ('"requests"', "holds no list of requests"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, said: str
) -> None:
    assert kanali_import(tmp_path, written) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"kanali: {tmp_path / 'requests.json'} ")
    assert said in line
    assert terminal.count(Item) == 0


def test_an_empty_list_takes_nothing_in(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kanali_import(tmp_path, []) == 0
    assert capsys.readouterr().out == "Nothing was taken in from Elsewhere.\n"


def test_a_missing_file_or_map_is_misuse(terminal: Town, tmp_path: Path) -> None:
    file, map_file = write(tmp_path, [OPEN])
    assert run(["import", "open311", str(file)]) == 2
    assert run(["import", "open311", str(tmp_path / "none.json"), "--map", str(map_file)]) == 2
    assert run(["import", "open311", str(file), "--map", str(tmp_path / "none.toml")]) == 2
    assert terminal.count(Item) == 0


# ── the map ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("city", ["heraklion", "kaunas"])
@pytest.mark.parametrize("file", MAPS, ids=lambda file: file.stem)
def test_the_maps_that_come_with_kanali_fit_its_cities(file: Path, city: str) -> None:
    found = read_map(file, read_folder(ROOT / "cities" / city))
    assert found.system == f"open311:{file.stem}"
    assert found.services


def test_the_extract_of_cologne_is_mapped_whole(town: Town) -> None:
    known = read_map(ROOT / "imports" / "open311" / "koeln.toml", read_folder(ROOT / "cities" / "kaunas"))
    codes = {request["service_code"] for request in json.loads(EXTRACT.read_text("utf-8"))}
    assert codes <= known.services.keys()


def test_all_faults_of_a_map_are_said_at_once_and_nothing_is_taken_in(
    terminal: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = """
        [city]
        key = "El Se"
        zone = "Europe/Berlin"
        language = "de"

        [services]
        "1" = "street-lightning"
        "2" = "dragons"
        "3" = 3

        [more]
        """
    assert kanali_import(tmp_path, [OPEN], service_map=wrong) == 1
    assert capsys.readouterr().err.splitlines() == [
        "elsewhere.toml: more: no map has such a key; remove it.",
        "elsewhere.toml: city zone: no map has such a key; remove it.",
        (
            "elsewhere.toml: city key: a short name in small letters, digits and hyphens is needed, such as "
            '"koeln".'
        ),
        "elsewhere.toml: city name: the name of the city is needed.",
        (
            'elsewhere.toml: services "1": this city has no service "street-lightning" (did you mean '
            '"street-lighting"?); name one of services.toml, or "" for triage.'
        ),
        (
            'elsewhere.toml: services "2": this city has no service "dragons"; name one of services.toml, or "" for '
            "triage."
        ),
        'elsewhere.toml: services "3": a service\'s key is needed in quotation marks, or "" for triage.',
        f"kanali: {tmp_path / 'elsewhere.toml'} cannot be used: 7 faults.",
    ]
    assert terminal.count(Item) == 0


@pytest.mark.parametrize("written", ["", "[city", "city = 1", "\ufeff[city]"])
def test_a_map_that_is_none_is_refused(town: Town, tmp_path: Path, written: str) -> None:
    file, map_file = write(tmp_path, [OPEN], service_map=written)
    with pytest.raises(OperatorError):
        take_in(town.database, file=file, map_file=map_file, counted=False, now=town.now)
    assert town.count(Item) == 0
