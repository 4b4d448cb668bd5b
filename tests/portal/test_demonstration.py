"""The demonstration: its texts fit everywhere, its year is lived by the real deeds, and it is made once."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from feedback.city.load import read_folder
from feedback.city.profile import City
from feedback.city.tables import Installation
from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.items import queues
from feedback.items.lifecycle import OUTCOMES, RUNNING
from feedback.items.tables import Contact, Cycle, Entry, Item
from feedback.outbox import post
from feedback.outbox.tables import Job, Message
from feedback.people import accounts
from feedback.people.tables import Account, Membership
from feedback.people.viewer import ROLES
from feedback.quality.tables import Record
from portal import jobs
from portal.command_line import run
from portal.database import Database
from portal.demonstrating.arrivals import share_out
from portal.demonstrating.habits import Habits, read_habits
from portal.demonstrating.people import write_accounts
from portal.demonstrating.texts import Draw, Texts, fill, read_texts, with_frame
from portal.demonstrating.year import Made, days_before, make_year
from portal.environment import OperatorError
from portal.installation import Clock, Installed
from portal.settings import CITIES, DEMONSTRATION, Settings
from tests.conftest import settings_for
from tests.town import RIVERTON, Town

LANGUAGES = ("el", "lt", "en")
CITY_FOLDERS = (CITIES / "heraklion", CITIES / "kaunas", RIVERTON)
START = "2026-11-04 09:00"
"""A Wednesday: the day before was a working day."""
ITEMS, MONTHS = 90, 3


@pytest.fixture(scope="module")
def habits() -> Habits:
    return read_habits(DEMONSTRATION)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return read_texts(DEMONSTRATION, LANGUAGES)


class Shown:
    """A town with its demonstration made."""

    def __init__(self, database: Database, settings: Settings, *, seed: int = 1) -> None:
        self.town = Town(database, settings, start=START)
        self.made: Made = make_year(
            self.installed, items=ITEMS, seed=seed, progress=lambda days: days, months=MONTHS
        )
        self.town.site.demonstration = True

    @property
    def installed(self) -> Installed:
        ahead = self.town.now - datetime.now(UTC)
        with self.town.read() as session:
            is_demonstration = session.execute(sa.select(table_of(Installation).c.demonstration)).scalar_one()
        return Installed(
            self.town.settings, self.town.database, self.town.secret, Clock(ahead), is_demonstration
        )

    def story(self) -> list[Any]:
        """What anybody can see of it: when, what, in which state."""
        return [
            (row.reference, row.received_at, row.text, row.state, row.channel) for row in self.town.rows(Item)
        ]


@pytest.fixture(scope="module")
def shown(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A year of Riverton on SQLite; the tests only look at it."""
    folder = tmp_path_factory.mktemp("demonstration")
    shutil.copyfile(sqlite_template, folder / "kanali.db")
    settings = settings_for(f"sqlite:///{folder}/kanali.db", folder)
    database = Database(settings.database_url)
    yield Shown(database, settings)
    database.close()


# ── texts and habits ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("folder", CITY_FOLDERS, ids=lambda folder: folder.name)
def test_every_service_of_a_city_has_habits_and_is_written_about(
    folder: Path, habits: Habits, texts: Texts
) -> None:
    city = read_folder(folder)
    for month in range(1, 13):
        weights = habits.weights_of(city, month)
        assert set(weights) == set(city.services)
        assert sum(weights.values()) > 0
    assert all(set(city.services) <= set(texts.items[language]) for language in habits.languages_of(city))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_happens_there_are_words_for_it(language: str, habits: Habits, texts: Texts) -> None:
    draw = Draw(texts, Random(1))
    for service, behaviour in habits.services.items():
        for month in range(1, 13):
            assert draw.item(language, service, month, habits.kinds).text
        for has_street in (False, True):
            for kind in habits.kinds:
                for outcome in habits.kind_outcomes.get(kind, behaviour.outcomes):
                    answer = draw.answer(
                        language,
                        outcome,
                        kind=kind,
                        service=service,
                        group=behaviour.group,
                        has_street=has_street,
                        is_late=has_street,
                        own_share=0.5,
                    )
                    assert has_street or "{street}" not in answer.text
                    assert bool(answer.forwarded_to) == (outcome == "not_ours")
            question = draw.question(
                language, behaviour.group, habits.topics[behaviour.group], has_street=has_street
            )
            assert draw.reply(language, question.topic)
        for outcome in OUTCOMES:
            assert draw.second_look(language, outcome)
            assert draw.reopen_reason(language, outcome)
            for is_happy, is_late in product((True, False), repeat=2):
                assert draw.survey_words(
                    language, is_happy=is_happy, outcome=outcome, group=behaviour.group, is_late=is_late
                )
        for why in ("triage", "chosen", "", "same"):
            assert draw.handover(language, why=why, service=service, group=behaviour.group)
    for is_spam in (False, True):
        assert bool(draw.void_reason(language, is_spam=is_spam)[1]) == is_spam


def test_every_text_can_be_filled(habits: Habits, texts: Texts) -> None:
    fills = dict.fromkeys(("street", "number", "day", "weeks", "time"), "x")
    for services in texts.items.values():
        for text in (text for known in services.values() for text in known):
            assert "{" not in fill(text.text, **fills)
            assert ("{time}" in text.text) == bool(text.at)
            assert not text.at or text.at in habits.times


def test_a_text_is_not_told_again_before_others_had_their_turn(habits: Habits, texts: Texts) -> None:
    draw = Draw(texts, Random(1))
    told = [draw.item("en", "roads", 5, habits.kinds).text for _ in range(200)]
    assert all(text not in told[place + 1 : place + 3] for place, text in enumerate(told))


def test_a_full_stop_that_a_fill_brings_along_is_not_doubled() -> None:
    assert fill("Duobė prie {street}.", street="Taikos pr.") == "Duobė prie Taikos pr."
    assert fill("{street}, {number}.", street="Taikos pr.", number="5") == "Taikos pr., 5."
    assert fill("At {street}.", street="Mill Lane") == "At Mill Lane."


def test_greeting_and_closing_stand_on_lines_of_their_own() -> None:
    assert with_frame("A lamp.", "Hello,", "Thank you.") == "Hello,\nA lamp.\nThank you."
    assert with_frame("A lamp.", "", "") == "A lamp."


def test_the_items_are_shared_out_over_the_year_and_some_come_on_its_last_day(habits: Habits) -> None:
    days = [date(2026, 1, 1) + timedelta(days=place) for place in range(365)]
    for items in (60, 3000):
        counts = share_out(habits, days, items, Random(3))
        assert sum(counts) == items
        assert min(counts) >= 0
        assert counts[-1] >= 6


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 22), date(2025, 11, 1)),  # October 2026 was closed on 10 November.
        (date(2026, 11, 11), date(2025, 11, 1)),
        (date(2026, 11, 10), date(2025, 10, 1)),  # It will be today.
        (date(2026, 1, 1), date(2024, 12, 1)),  # November 2025 was closed, December is not over.
    ],
)
def test_the_year_holds_twelve_whole_months_that_can_be_closed_and_ends_yesterday(
    today: date, first: date
) -> None:
    days = days_before(today, close_on_day=10)
    assert (days[0], days[-1]) == (first, today - timedelta(days=1))
    assert len(days) == (today - first).days


def test_a_city_whose_languages_no_text_is_in_is_refused(habits: Habits) -> None:
    city: City = read_folder(RIVERTON)
    spoken = msgspec.structs.replace(city.identity, languages=("de",))
    with pytest.raises(OperatorError, match="en"):
        habits.languages_of(msgspec.structs.replace(city, identity=spoken))


# ── the year ────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_of_it_was_made_behind_the_ledgers_back(shown: Shown) -> None:
    with shown.town.read() as session:
        assert list(verify(session)) == []


def test_the_year_ends_yesterday_evening(shown: Shown) -> None:
    items = shown.town.rows(Item)
    assert len(items) == ITEMS
    zone = shown.town.city.zone
    assert (shown.made.first_day, shown.made.last_day) == (date(2026, 7, 1), date(2026, 11, 3))
    assert min(row.received_on for row in items) >= shown.made.first_day
    assert max(row.received_at for row in items).astimezone(zone).date() == shown.made.last_day
    assert max(row.at for row in shown.town.rows(Entry)).astimezone(zone).date() == shown.made.last_day


def test_staff_work_in_office_hours_only(shown: Shown) -> None:
    zone, working = shown.town.city.zone, range(8, 17)
    acts = [row for row in shown.town.rows(Entry) if row.side in ("city", "event", "internal")]
    assert len(acts) > ITEMS
    assert {row.at.astimezone(zone).hour for row in acts} <= set(working)
    assert {row.at.astimezone(zone).weekday() for row in acts} <= set(range(5))


def test_every_address_is_one_that_cannot_exist(shown: Shown) -> None:
    addresses = [row.email for model in (Contact, Account) for row in shown.town.rows(model) if row.email]
    assert len(addresses) > ITEMS / 3
    assert all(address.endswith(".invalid") for address in addresses)


def test_no_place_in_a_text_was_left_open(shown: Shown) -> None:
    said = [row.text for model in (Item, Entry) for row in shown.town.rows(model)]
    assert not [text for text in said if "{" in text or "}" in text]


def test_months_are_closed_on_their_day_and_satisfaction_is_frozen_when_due(shown: Shown) -> None:
    records = {row.period: row for row in shown.town.rows(Record)}
    assert shown.made.months == sorted(records)
    assert len(records) == MONTHS
    assert sorted(records)[-1] == "2026-09"  # October is closed on 10 November.
    assert records["2026-08"].satisfaction == "frozen"
    assert {row.closed_at.astimezone(shown.town.city.zone).day for row in records.values()} == {10}


def test_the_inbox_is_worth_looking_at_on_the_first_minute(shown: Shown) -> None:
    clerk = next(row for row in shown.town.rows(Account) if row.role == "clerk")
    with shown.town.read() as session:
        viewer = accounts.find_viewer(session, clerk.id)
        assert viewer is not None
        found = queues.queue(session, viewer=viewer, which="open").rows
        triage = queues.queue(session, viewer=viewer, which="triage").rows
    assert {row.state for row in shown.town.rows(Item)} >= RUNNING
    assert triage
    due = [clock.due_at for row in found for clock in row.clocks if clock.due_at is not None]
    assert min(due) < shown.town.now < max(due)


def test_its_mails_are_not_sent_save_the_last_ten_that_are_written_to_a_folder(shown: Shown) -> None:
    town = shown.town
    states = [row.state for row in town.rows(Message)]
    assert states.count("waiting") == 10
    assert set(states[:-10]) == {"not_sent"}
    assert len([job for job in town.rows(Job) if job.kind == post.SEND]) == 10
    jobs.run_due(town.site, now=town.now + timedelta(hours=1), lane="mail")
    assert [row.state for row in town.rows(Message)][-10:] == ["sent"] * 10
    written = list(town.settings.mail_folder.glob("*.eml"))
    assert len(written) == 10
    assert all(".invalid" in file.read_text(encoding="utf-8", errors="replace") for file in written)


def test_every_department_has_somebody_for_a_second_look(shown: Shown) -> None:
    members = shown.town.rows(Membership)
    for department in shown.town.city.departments:
        assert len([row for row in members if row.department == department]) >= 2
    cycles = shown.town.rows(Cycle)
    assert any(row.origin == "second_look" for row in cycles)
    for row in cycles:
        barred = {
            earlier.barred_id for earlier in cycles if earlier.item_id == row.item_id and earlier.id <= row.id
        }
        assert row.answered_by is None or row.answered_by not in barred


def test_one_account_of_each_role_can_sign_in(shown: Shown) -> None:
    by_email = {row.email: row for row in shown.town.rows(Account)}
    assert [known.role for known in shown.made.sign_ins] == list(ROLES)
    for known in shown.made.sign_ins:
        account = by_email.pop(known.email)
        assert account.role == known.role
    known = shown.made.sign_ins[0]
    assert accounts.password_fits(known.password_hash, known.password)
    assert {row.password_hash for row in by_email.values()} == {""}


def test_the_passwords_are_kept_where_only_their_owner_reads_them(shown: Shown, tmp_path: Path) -> None:
    file = tmp_path / "var" / "demonstration-accounts"
    write_accounts(file, shown.made.sign_ins, "http://127.0.0.1:8000/staff/")
    write_accounts(file, shown.made.sign_ins, "http://127.0.0.1:8000/staff/")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in lines] == list(ROLES)
    assert all(len(line) == 4 and line[3] == "http://127.0.0.1:8000/staff/" for line in lines)


def test_it_is_made_once(shown: Shown) -> None:
    with pytest.raises(OperatorError, match="already"):
        make_year(shown.installed, items=ITEMS, seed=1, progress=lambda days: days)
    assert shown.town.count(Item) == ITEMS


# ── both databases, and the command ─────────────────────────────────────────────────────────────────────────


def test_the_same_seed_tells_the_same_story_on_postgresql(
    shown: Shown, postgresql_database: Database, tmp_path: Path
) -> None:
    other = Shown(postgresql_database, settings_for(postgresql_database.url, tmp_path))
    assert other.story() == shown.story()
    with other.town.read() as session:
        assert list(verify(session)) == []


def test_where_citizens_have_written_none_is_made(town: Town) -> None:
    town.citizen_reports()
    installed = Installed(town.settings, town.database, town.secret, Clock(), is_demonstration=False)
    with pytest.raises(OperatorError, match="items of citizens"):
        make_year(installed, items=ITEMS, seed=1, progress=lambda days: days)
    (installation,) = town.rows(Installation)
    assert not installation.demonstration
    assert town.count(Item) == 1


def test_the_command_says_how_to_sign_in_and_refuses_a_second_time_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KANALI_DATABASE_URL", f"sqlite:///{tmp_path}/kanali.db")
    assert run(["init", "--city", str(RIVERTON), "--admin-email", "a@example.org", "--admin-name", "A"]) == 0
    capsys.readouterr()
    assert run(["demo", "--items", "50", "--seed", "7"]) == 0
    told = capsys.readouterr()
    assert "50 items" in told.out
    assert "http://127.0.0.1:8000/staff/" in told.out
    assert all(f"{role}@riverton.invalid" in told.out for role in ROLES)
    assert told.err == ""
    assert run(["demo"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert len((tmp_path / "demonstration-accounts").read_text(encoding="utf-8").splitlines()) == len(ROLES)
