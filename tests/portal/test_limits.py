"""Limits: exact, also side by side; they survive the refusal that they count, and hold nobody's address or name."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.columns import table_of
from feedback.items import codes
from feedback.limits.rules import FOLLOW_UP_CODE, RULES, SIGN_IN_ACCOUNT, Limited, Rule
from feedback.limits.tables import LimitCount, LimitSalt
from feedback.people import accounts
from portal.database import Database
from portal.limits import Limits
from portal.source import Source
from portal.staff import sign_in
from tests.running import ROOT
from tests.town import Browser, Page, Town

RULE = Rule("a_rule", 3, 60)
NOON = 1_793_620_800
"""2 November 2026, 12:00 UTC."""
HERE, THERE = Source("203.0.113.7"), Source("203.0.113.8")
PASSWORD = "eleven geese over the river"


class Clock:
    def __init__(self) -> None:
        self.now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(database: Database, clock: Clock) -> Iterator[Limits]:
    limits = Limits(database.url, clock=clock)
    yield limits
    limits.close()


def tries(
    limits: Limits, times: int, rule: Rule = RULE, source: Source = HERE, subject: str = ""
) -> list[int]:
    """How long each of so many tries was told to wait; 0 where it went through."""
    found = []
    for _ in range(times):
        try:
            limits.take(rule, source, subject)
            found.append(0)
        except Limited as refusal:
            found.append(refusal.wait)
    return found


# ── the rule ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_next_one_waits_for_the_end_of_the_window(limits: Limits, clock: Clock) -> None:
    assert tries(limits, 5) == [0, 0, 0, 60, 60]
    clock.now += 45
    assert tries(limits, 1) == [15]
    clock.now += 15
    assert tries(limits, 4) == [0, 0, 0, 60]


def test_each_source_subject_and_rule_has_its_own(limits: Limits) -> None:
    assert tries(limits, 4) == [0, 0, 0, 60]
    assert tries(limits, 1, source=THERE) == [0]
    assert tries(limits, 1, subject="somebody") == [0]
    assert tries(limits, 1, rule=Rule("another", 3, 60)) == [0]


def test_a_right_try_does_not_count(limits: Limits) -> None:
    for _ in range(10):
        limits.take(RULE, HERE).give_back()
    assert tries(limits, 2) == [0, 0]
    limits.take(RULE, HERE).forget()
    assert tries(limits, 4) == [0, 0, 0, 60]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1, 20, 59, 60, 200])), max_size=40))
def test_it_counts_as_a_small_model_does(limits: Limits, clock: Clock, story: list[tuple[str, int]]) -> None:
    clock.now += 1000  # Whatever was counted before is over.
    began: dict[str, float] = {}
    counts: dict[str, int] = defaultdict(int)
    for subject, seconds in story:
        clock.now += seconds
        if subject not in began or began[subject] + RULE.seconds <= clock.now:
            began[subject], counts[subject] = clock.now, 0
        counts[subject] += 1
        wait = 0 if counts[subject] <= RULE.most else began[subject] + RULE.seconds - clock.now
        assert tries(limits, 1, subject=subject) == [wait]


def test_many_at_once_are_counted_exactly(database: Database, limits: Limits, clock: Clock) -> None:
    """On PostgreSQL by several processes' worth of stores."""
    rule = Rule("many", 30, 60)
    stores = [limits]
    if database.dialect == "postgresql":
        stores += [Limits(database.url, clock=clock) for _ in range(2)]
    through: list[int] = []

    def run(store: Limits) -> None:
        through.extend(tries(store, 10, rule))

    threads = [threading.Thread(target=run, args=(stores[n % len(stores)],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores[1:]:
        store.close()
    assert (through.count(0), len(through)) == (30, 80)


# ── what it keeps ───────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_that_it_keeps_names_anybody(limits: Limits) -> None:
    tries(limits, 2, subject="rea@example.org")
    with limits.store.session() as session:
        kept = str(session.execute(sa.select(table_of(LimitCount))).all())
        kept += str(session.execute(sa.select(table_of(LimitSalt))).all())
    assert "a_rule" not in kept
    for mark in ("203.0.113", "rea@", "example"):
        assert mark not in kept


def test_the_salt_of_yesterday_is_gone_with_its_counts(limits: Limits, clock: Clock) -> None:
    tries(limits, 2)
    clock.now += 86_400
    tries(limits, 1, subject="another")
    with limits.store.session() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(table_of(LimitSalt))).scalar_one() == 1
        assert session.execute(sa.select(sa.func.count()).select_from(table_of(LimitCount))).scalar_one() == 1


def test_on_postgresql_nothing_of_it_is_logged(postgresql_database: Database) -> None:
    with postgresql_database.read() as session:
        kinds = session.execute(
            sa.text(
                "SELECT relname, relpersistence FROM pg_class WHERE relname IN ('limit_count', 'limit_salt')"
            )
        ).all()
    assert sorted(tuple(row) for row in kinds) == [("limit_count", "u"), ("limit_salt", "u")]


def test_no_window_is_longer_than_counts_are_kept() -> None:
    assert max(rule.seconds for rule in RULES) < 86_400
    assert len({rule.key for rule in RULES}) == len(RULES)


def test_what_is_written_about_limits_is_so() -> None:
    table = (ROOT / "docs" / "operating.md").read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    for rule in RULES:
        span = {60: "a minute", 3600: "an hour"}.get(rule.seconds, f"{rule.seconds // 60} minutes")
        assert re.search(rf"\| {rule.most} in {span}(, from wherever)? \|", table), rule.key


# ── signing in, codes ───────────────────────────────────────────────────────────────────────────────────────


def sign(browser: Browser, password: str, email: str = "clerk@example.org") -> Page:
    return browser.post("/staff/sign-in", email=email, password=password)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real hasher at its lowest cost: what is tried here is the count, fifty times."""
    monkeypatch.setattr(accounts, "_hasher", accounts.argon2.PasswordHasher(1, 8, 1))
    accounts._nobody.cache_clear()


@pytest.mark.usefixtures("quick")
def test_of_fifty_wrong_passwords_the_eleventh_is_limited(town: Town) -> None:
    town.account("clerk", email="clerk@example.org", password_hash=accounts.hash_password(PASSWORD))
    thief = town.visitor()
    pages = [sign(thief, f"wrong password {number}") for number in range(50)]
    assert [page.status for page in pages] == [422] * 10 + [429] * 40
    assert (
        pages[10].errors["email"].startswith("Too many wrong passwords were entered. Please wait 15 minutes")
    )
    assert pages[10].value("email") == "clerk@example.org"
    assert 1 <= int(pages[-1].response.headers["retry-after"]) <= 900
    assert sign(thief, PASSWORD).status == 429, "the right one too, or it could be found out"
    assert sign(town.visitor(), PASSWORD).status == 303, "its owner is not kept out by a stranger"


@pytest.mark.usefixtures("quick")
def test_one_source_that_tries_many_accounts_is_limited(town: Town) -> None:
    thief = town.visitor()
    statuses = [sign(thief, PASSWORD, f"clerk{number}@example.org").status for number in range(35)]
    assert statuses == [422] * 30 + [429] * 5


@pytest.mark.usefixtures("quick")
def test_who_signs_in_well_begins_anew(town: Town) -> None:
    town.account("clerk", email="clerk@example.org", password_hash=accounts.hash_password(PASSWORD))
    for _ in range(5):
        browser = town.visitor(address="127.9.9.9")
        assert [sign(browser, "wrong password").status for _ in range(5)] == [422] * 5
        assert sign(browser, PASSWORD).status == 303


@pytest.mark.usefixtures("quick")
def test_who_found_no_turn_has_not_tried(town: Town) -> None:
    browser = town.visitor()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sign_in, "WAIT_SECONDS", 0.01)
        for _ in range(sign_in.VERIFICATIONS):
            sign_in._turns.acquire()
        try:
            assert {sign(browser, "wrong password").status for _ in range(SIGN_IN_ACCOUNT.most + 5)} == {429}
        finally:
            for _ in range(sign_in.VERIFICATIONS):
                sign_in._turns.release()
    assert sign(browser, "wrong password").status == 422


def made_up(town: Town, number: int) -> str:
    """A code of the right shape that opens nothing."""
    key = codes.check_key(town.secret.key, codes.issue_key(town.secret.key, now=town.now), now=town.now)
    return codes.in_groups(codes.code_of(town.secret.key, key))


def test_whoever_guesses_codes_is_limited_and_loses_no_words(town: Town) -> None:
    report = town.citizen_reports()
    guesser = town.visitor()
    pages = [
        guesser.post("/track", code=made_up(town, number), act="add", text="My words") for number in range(25)
    ]
    assert [page.status for page in pages] == [422] * FOLLOW_UP_CODE.most + [429] * 5
    assert pages[-1].errors["code"].startswith("Too many codes were tried from your connection.")
    assert "My words" in pages[-1].response.text
    assert 1 <= int(pages[-1].response.headers["retry-after"]) <= 60
    assert guesser.post("/track", code=report.code).status == 429
    assert guesser.post("/survey/mine", code=made_up(town, 0), outcome="5").status == 429
    assert town.visitor().post("/track", code=report.code).status == 303


def test_right_codes_and_typing_errors_are_not_counted(town: Town) -> None:
    report = town.citizen_reports()
    browser = town.visitor()
    wrong = report.code[:-1] + ("0" if report.code[-1] != "0" else "1")
    for _ in range(FOLLOW_UP_CODE.most + 5):
        assert browser.post("/track", code=report.code).status == 303
        assert browser.post("/track", code=wrong).status == 422
