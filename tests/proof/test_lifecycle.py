"""Whatever order things come in: hundreds of random deeds on several cases, against a small model of our own.

A life begins with three cases that have already come some way, so that the rare deeds (a rating, a closing, a second
look, a void mark that is undone) are near in every run. The model knows states, the window of the second look, who may
not answer any more, what stands still and how many notes there are; it is written from the rules of a case
(docs/architecture.md, docs/glossary.md), not from the table of moves. After each deed the rows must be as the model
says; a refused deed must have changed nothing in any table; at the end `verify` is silent. SQLite and PostgreSQL go
through it separately, both against the same model.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import Struct, field
from sqlmodel import Session, SQLModel

from feedback.columns import table_of
from feedback.custody.verify import verify
from feedback.errors import Conflict, DomainError, Expired, Invalid, MoveRefused, NotAllowed
from feedback.items import answer, converse, triage
from feedback.items.tables import Cycle, Item
from feedback.items.time_tables import Clock, Pause
from feedback.ledger.notes import Actor
from feedback.ledger.tables import Note
from feedback.people.tables import Account
from feedback.satisfaction import invite, respond
from feedback.satisfaction.tables import Invitation, Response
from portal.database import Database
from portal.settings import Settings
from tests.town import Town

IS_PROOF = bool(os.environ.get("KANALI_PROOF"))
RUNS, STEPS = (15, 40) if IS_PROOF else (2, 16)
"""Lives from each opening, and random deeds in each life."""
VERIFIED_EVERY = 25 if IS_PROOF else 4
ASKED = {"received", "open", "waiting"}
"""Something is asked of the city."""
ENDED = {"withdrawn", "void"}
DEEDS = {
    *("submitted", "taken", "asked", "resumed", "handed_over", "answered", "void", "unvoid", "reopened"),
    *("replied", "added", "withdrawn", "second_look", "responded", "invited", "closed"),
}
START = "2026-11-03 09:00"
PEOPLE = 3
OPENINGS = (
    ("waiting", "rated", "withdrawn"),
    ("void", "closed", "handed_over"),
    ("resumed", "looked_again", "over"),
    ("unvoid", "reopened", "replied"),
)
"""Three cases, and how far each has come by the same deeds when chance takes over. Together they hold every deed."""
MOST = 4
"""Cases of one life."""

cases = st.integers(0, MOST - 1)
kinds = st.sampled_from(["request", "question", "idea"])
services = st.sampled_from(["roads", "noise", ""])
people = st.integers(0, PEOPLE - 1)
places = st.sampled_from(
    [("dept-a", "street-lighting"), ("dept-a", "roads"), ("dept-b", "noise"), ("dept-c", "")]
)
steps = st.sampled_from([None, 0, 1, 2, 3, 4, 5])
openings = st.sampled_from(["new", *chain(*OPENINGS)])

_ITEM, _CYCLE, _CLOCK, _PAUSE = table_of(Item), table_of(Cycle), table_of(Clock), table_of(Pause)
_COUNTS = sa.union_all(
    *(
        sa.select(sa.literal(table.name).label("name"), sa.func.count()).select_from(table)
        for table in SQLModel.metadata.sorted_tables
    )
).order_by("name")
_NOTE, _INVITATION, _RESPONSE = table_of(Note), table_of(Invitation), table_of(Response)

Deed = Callable[[Session], Any]
Refusal = type[DomainError] | None


class Case(Struct):
    """What the model knows of a case."""

    id: int
    law_stands_still: bool
    """Whether its legal deadline waits with us for the citizen."""
    state: str = "received"
    notes: int = 1
    round: int = 1
    place: tuple[str, str] = ("", "")
    answered_by: int | None = None
    until: Any = None
    barred: set[int] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    invited: dict[int, datetime] = field(default_factory=dict)
    """Round → when its survey ends."""
    rated: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)


class Life(RuleBasedStateMachine):
    """Several cases of one town; the rules are what citizens, staff, jobs and the passing of time do."""

    town: Town
    accounts: tuple[int, ...] = ()
    opening: tuple[str, ...] = ()
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        self.town.at(START)
        self.cases: list[Case] = []
        self.words = 0
        type(self).runs += 1

    # ── what comes in ───────────────────────────────────────────────────────────────────────────────────────

    @initialize(kind=st.tuples(kinds, kinds, kinds), service=st.tuples(services, services, services))
    def begin(self, kind: tuple[str, ...], service: tuple[str, ...]) -> None:
        for case in zip(self.opening, kind, service, strict=True):
            self.come_to(*case)

    @precondition(lambda self: len(self.cases) < MOST)
    @rule(opening=openings, kind=kinds, service=services)
    def come_to(self, opening: str, kind: str, service: str) -> None:
        """A case comes in and goes a usual way up to here."""
        self.submit(kind, service)
        at = len(self.cases) - 1
        if opening in ("waiting", "resumed", "replied", "void", "unvoid"):
            self.take(at, 1)
            self.ask(at, 1)
            self.wait(30)
        match opening:
            case "replied":
                self.add_words(at)
            case "resumed":
                self.resume(at, 1)
            case "void":
                self.void(at, 2)
            case "unvoid":
                self.void(at, 2)
                self.unvoid(at, 2)
            case "withdrawn":
                self.withdraw(at)
            case "handed_over":
                self.hand_over(at, 2, ("dept-c", "noise"))
                self.add_words(at)
            case "rated" | "over" | "looked_again" | "closed" | "reopened":
                self.answer(at, 0, "done")
                self.wait(24 * 6)
                self.invite(at)
                self.rate(at, 2, 4)
        if opening in ("over", "closed", "reopened"):
            self.wait(24 * 31)
        if opening in ("closed", "reopened"):
            self.close(at)
        if opening == "looked_again":
            self.look_again(at)
        if opening == "reopened":
            self.reopen(at, 0)

    def submit(self, kind: str, service: str) -> None:
        report = self.town.citizen_reports(self._said(), kind=kind, service=service, email="rea@example.org")
        cycle = self._current(report.id)
        case = Case(report.id, law_stands_still=kind == "question")
        case.place = (cycle.department or "", cycle.service or "")
        self.cases.append(case)

    # ── staff ───────────────────────────────────────────────────────────────────────────────────────────────

    @rule(at=cases, who=people)
    def take(self, at: int, who: int) -> None:
        if case := self._case(at):
            expected = self._move(case, {"received"}) or self._barred(case, who)
            if self._do(case, expected, self._staff(triage.take, case, who)):
                case.state = "open"

    @rule(at=cases, who=people)
    def ask(self, at: int, who: int) -> None:
        if case := self._case(at):
            expected = self._move(case, {"received", "open"}) or self._barred(case, who)
            running = {
                clock.which
                for clock in self._clocks(case)
                if clock.stopped_at is None and clock.due_at is not None and clock.due_at > self.town.now
            }
            if self._do(case, expected, self._staff(converse.ask, case, who, text=self._said())):
                case.state = "waiting"
                case.paused = running & ({"promise", "law"} if case.law_stands_still else {"promise"})

    @rule(at=cases, who=people)
    def resume(self, at: int, who: int) -> None:
        if (case := self._case(at)) and self._do(
            case, self._move(case, {"waiting"}), self._staff(converse.resume, case, who)
        ):
            case.state, case.paused = "open", set()

    @rule(at=cases, who=people, place=places)
    def hand_over(self, at: int, who: int, place: tuple[str, str]) -> None:
        if case := self._case(at):
            wanted = (place[0], place[1] or case.place[1])
            expected: Refusal = Invalid if wanted == case.place else self._move(case, ASKED)
            deed = self._staff(
                triage.hand_over,
                case,
                who,
                ruling=self.town.ruling,
                department=place[0],
                service=place[1],
                reason="It is theirs.",
            )
            if self._do(case, expected, deed):
                case.state, case.paused, case.place = "received", set(), wanted

    @rule(at=cases, who=people, outcome=st.sampled_from(["done", "explained", "declined"]))
    def answer(self, at: int, who: int, outcome: str) -> None:
        if case := self._case(at):
            expected = self._move(case, ASKED) or self._barred(case, who)
            reply = answer.Reply(outcome=outcome, text=self._said())
            if self._do(case, expected, self._staff(answer.answer, case, who, reply=reply)):
                case.state, case.paused, case.answered_by = "answered", set(), who
                case.until = self.town.today + timedelta(days=self.town.city.identity.second_look_days)

    @rule(at=cases, who=people)
    def void(self, at: int, who: int) -> None:
        if (case := self._case(at)) and self._do(
            case, self._move(case, ASKED), self._staff(triage.void, case, who, reason="A test")
        ):
            case.state, case.paused = "void", set()

    @rule(at=cases, who=people)
    def unvoid(self, at: int, who: int) -> None:
        if (case := self._case(at)) and self._do(
            case, self._move(case, {"void"}), self._staff(triage.unvoid, case, who)
        ):
            case.state = "received"

    @rule(at=cases, who=people)
    def reopen(self, at: int, who: int) -> None:
        if case := self._case(at):
            expected = self._move(case, {"answered", "closed"})
            deed = self._staff(triage.reopen, case, who, ruling=self.town.ruling, reason="It is back.")
            if self._do(case, expected, deed):
                case.state, case.until, case.round = "received", None, case.round + 1

    @rule(at=cases, who=people)
    def write_on_an_old_page(self, at: int, who: int) -> None:
        """Somebody else was quicker: whatever the deed, nothing is overwritten."""
        if case := self._case(at):
            by = self._actor(who)
            reply = answer.Reply(outcome="done", text=self._said())
            self._do(
                case,
                Conflict,
                lambda session: answer.answer(
                    session,
                    item_id=case.id,
                    seen_version=case.notes - 1,
                    reply=reply,
                    by=by,
                    now=self.town.now,
                ),
            )

    # ── the citizen ─────────────────────────────────────────────────────────────────────────────────────────

    @rule(at=cases)
    def add_words(self, at: int) -> None:
        if case := self._case(at):
            expected: Refusal = MoveRefused if case.state in ENDED else None
            text = self._said()
            if self._do(case, expected, lambda session: self._say(session, case, text)):
                if case.state == "waiting":
                    case.state, case.paused = "open", set()
                # Pressed twice: the same words change nothing more.
                self._do_nothing(case, lambda session: self._say(session, case, text))

    @rule(at=cases)
    def withdraw(self, at: int) -> None:
        if case := self._case(at):

            def deed(session: Session) -> None:
                converse.withdraw(session, item_id=case.id, now=self.town.now)

            if case.state == "withdrawn":
                self._do_nothing(case, deed)
            elif self._do(case, self._move(case, ASKED), deed):
                case.state, case.paused = "withdrawn", set()

    @rule(at=cases)
    def look_again(self, at: int) -> None:
        if case := self._case(at):
            is_over = case.until is not None and self.town.today > case.until
            expected: Refusal = Expired if case.state == "closed" else self._move(case, {"answered"})
            expected = expected or (Expired if is_over else None)
            ruling, text = self.town.ruling, self._said()
            if self._do(
                case,
                expected,
                lambda session: converse.second_look(
                    session, item_id=case.id, ruling=ruling, text=text, now=self.town.now
                ),
            ):
                assert case.answered_by is not None
                case.state, case.until, case.round = "received", None, case.round + 1
                case.barred.add(case.answered_by)

    @precondition(lambda self: any(case.invited for case in self.cases))
    @rule(at=cases, outcome=steps, handling=steps)
    def rate(self, at: int, outcome: int | None, handling: int | None) -> None:
        invited = [case for case in self.cases if case.invited]
        case = self._case(at)
        if case not in invited:
            case = invited[at % len(invited)]
        newest = max(case.invited)
        expected: Refusal = Invalid if outcome is None and handling is None else None
        expected = expected or (Expired if self.town.now >= case.invited[newest] else None)
        key = self._invitation(case, newest).id
        if self._do(
            case,
            expected,
            lambda session: respond.respond(
                session, invitation_id=key, outcome=outcome, handling=handling, comment="", now=self.town.now
            ),
        ):
            case.rated[newest] = (outcome, handling)

    # ── jobs and time ───────────────────────────────────────────────────────────────────────────────────────

    @rule(at=cases)
    def close(self, at: int) -> None:
        if case := self._case(at):

            def deed(session: Session) -> None:
                answer.close(session, item_id=case.id, today=self.town.today, now=self.town.now)

            if case.state == "answered" and case.until < self.town.today:
                assert self._do(case, None, deed)
                case.state = "closed"
            else:
                self._do_nothing(case, deed)

    @rule(at=cases)
    def invite(self, at: int) -> None:
        if case := self._case(at):
            cycle = self._current(case.id)

            def deed(session: Session) -> None:
                invite.invite(session, cycle_id=cycle.id, now=self.town.now)

            is_answered = case.state in ("answered", "closed")
            if is_answered and case.round not in case.invited:
                assert self._do(case, None, deed)
                case.invited[case.round] = self.town.now + timedelta(days=14)
            else:
                self._do_nothing(case, deed)

    @rule(hours=st.sampled_from([1, 5, 30, 24 * 6, 24 * 15, 24 * 31]))
    def wait(self, hours: int) -> None:
        self.town.later(hours=hours)

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        for case in self.cases:
            item, cycle = self._item(case.id), self._current(case.id)
            assert item.state == case.state
            assert (
                item.version == item.notes == case.notes == self._count(_NOTE, subject=case.id, kind="item")
            )
            assert cycle.number == case.round == self._count(_CYCLE, item_id=case.id)
            assert (cycle.department or "", cycle.service or "") == case.place
            assert (cycle.answered_at is not None) == (case.state in ("answered", "closed"))
            assert (cycle.ended_at is None) == (case.state in ASKED)
            for clock in self._clocks(case):
                if case.state in ASKED:
                    assert clock.stopped_by in ("", "rule")
                    assert (clock.due_on is None) == (
                        clock.which in case.paused or clock.stopped_by == "rule"
                    )
                else:
                    assert clock.stopped_at is not None
                if case.state in ("answered", "closed"):
                    assert (clock.due_on is None) == (clock.stopped_by == "rule"), (
                        "an answer without a due day"
                    )
                assert self._is_open(clock) == (clock.which in case.paused)
                assert clock.due_on is None or clock.due_on >= cycle.started_on
            for number, rating in case.rated.items():
                assert self._rating(case, number) == rating

    def teardown(self) -> None:
        if self.runs % VERIFIED_EVERY == 0 and self.cases:
            with self.town.read() as session:
                assert list(verify(session)) == []

    # ── what the rules are made of ──────────────────────────────────────────────────────────────────────────

    @classmethod
    def deeds(cls) -> set[str]:
        """What was ever done, by the notes."""
        return {row.act for row in cls.town.rows(Note)}

    def _case(self, at: int) -> Case | None:
        return self.cases[at % len(self.cases)] if self.cases else None

    def _said(self) -> str:
        self.words += 1
        return f"These are the words number {self.words}."

    def _actor(self, who: int) -> Actor:
        return Actor("staff", self.accounts[who])

    def _staff(self, deed: Callable[..., Any], case: Case, who: int, **given: Any) -> Deed:
        by, seen = self._actor(who), case.notes
        return lambda session: deed(
            session, item_id=case.id, seen_version=seen, by=by, now=self.town.now, **given
        )

    def _say(self, session: Session, case: Case, text: str) -> None:
        converse.add_words(session, item_id=case.id, text=text, now=self.town.now)

    def _move(self, case: Case, allowed: set[str]) -> Refusal:
        return None if case.state in allowed else MoveRefused

    def _barred(self, case: Case, who: int) -> Refusal:
        return NotAllowed if who in case.barred else None

    def _do(self, case: Case, expected: Refusal, deed: Deed) -> bool:
        """Do it; whether it was done. A refusal must be the expected one and leave every table as it was."""
        before = self._everything() if expected else None
        refused: DomainError | None = None
        try:
            with self.town.database.write() as session:
                deed(session)
        except DomainError as said:
            refused = said
        told = "done" if refused is None else f"{type(refused).__name__}: {refused}"
        assert (type(refused) if refused else None) is expected, f"{told} in {case}"
        if refused is not None:
            assert self._everything() == before, "a refused deed has changed something"
            return False
        case.notes += 1
        return True

    def _do_nothing(self, case: Case, deed: Deed) -> None:
        """A deed that is neither refused nor changes anything."""
        before = self._everything()
        with self.town.database.write() as session:
            deed(session)
        assert self._everything() == before, f"something changed in {case}"

    def _everything(self) -> list[Any]:
        """How many rows each table holds, and the cases themselves."""
        with self.town.read() as session:
            counts = session.execute(_COUNTS).all()
            keys = [case.id for case in self.cases]
            held = [
                session.execute(sa.select(_ITEM).where(_ITEM.c.id.in_(keys)).order_by(_ITEM.c.id)).all(),
                session.execute(
                    sa.select(_CYCLE).where(_CYCLE.c.item_id.in_(keys)).order_by(_CYCLE.c.id)
                ).all(),
                session.execute(
                    sa.select(_CLOCK, _PAUSE.c.since, _PAUSE.c.until)
                    .join(_CYCLE, _CYCLE.c.id == _CLOCK.c.cycle_id)
                    .outerjoin(_PAUSE, _PAUSE.c.clock_id == _CLOCK.c.id)
                    .where(_CYCLE.c.item_id.in_(keys))
                    .order_by(_CLOCK.c.id, _PAUSE.c.id)
                ).all(),
            ]
        return [counts, held]

    def _read(self, statement: Any) -> list[Any]:
        with self.town.read() as session:
            return list(session.execute(statement).all())

    def _item(self, key: int) -> Any:
        return self._read(sa.select(_ITEM).where(_ITEM.c.id == key))[0]

    def _current(self, key: int) -> Any:
        return self._read(
            sa.select(_CYCLE).join(_ITEM, _ITEM.c.cycle_id == _CYCLE.c.id).where(_ITEM.c.id == key)
        )[0]

    def _clocks(self, case: Case) -> list[Any]:
        return self._read(
            sa.select(_CLOCK).join(_ITEM, _ITEM.c.cycle_id == _CLOCK.c.cycle_id).where(_ITEM.c.id == case.id)
        )

    def _is_open(self, clock: Any) -> bool:
        return bool(
            self._read(sa.select(_PAUSE).where(_PAUSE.c.clock_id == clock.id, _PAUSE.c.until.is_(None)))
        )

    def _count(self, table: sa.Table, **values: Any) -> int:
        where = [table.c[name] == value for name, value in values.items()]
        return int(self._read(sa.select(sa.func.count()).select_from(table).where(*where))[0][0])

    def _invitation(self, case: Case, number: int) -> Any:
        return self._read(
            sa.select(_INVITATION)
            .join(_CYCLE, _CYCLE.c.id == _INVITATION.c.cycle_id)
            .where(_CYCLE.c.item_id == case.id, _CYCLE.c.number == number)
        )[0]

    def _rating(self, case: Case, number: int) -> tuple[int | None, int | None]:
        key = self._invitation(case, number).id
        found = self._read(sa.select(_RESPONSE).where(_RESPONSE.c.invitation_id == key))[0]
        return found.outcome, found.handling


@pytest.fixture
def lived(database: Database, settings: Settings) -> type[Life]:
    town = Town(database, settings, start=START)
    accounts = tuple(town.account(name=f"Person {number}") for number in range(PEOPLE))
    assert town.count(Account) == PEOPLE
    return type("LifeOfThisTown", (Life,), {"town": town, "accounts": accounts})


def test_any_order_of_deeds_leaves_what_a_small_model_expects(lived: type[Life]) -> None:
    for opening in OPENINGS:
        run_state_machine_as_test(
            type("LifeFromHere", (lived,), {"opening": opening}),
            settings=settings(
                max_examples=RUNS,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=not IS_PROOF,
                database=None,
            ),
        )
    with lived.town.read() as session:
        assert list(verify(session)) == []
    assert DEEDS - lived.deeds() == set(), "a deed was never done"


def test_one_way_through_every_deed(lived: type[Life]) -> None:
    """The same rules, in an order that chance need not find: each deed is done, and refused where it must be."""
    life = lived()

    def then(deed: Callable[..., None], *given: Any) -> None:
        deed(*given)
        life.rows_are_as_the_model_says()

    then(life.submit, "question", "roads")
    then(life.take, 0, 0)
    then(life.take, 0, 1)  # Refused: it is taken.
    then(life.ask, 0, 0)
    then(life.wait, 30)
    then(life.add_words, 0)  # The reply; both clocks go on.
    then(life.ask, 0, 0)
    then(life.wait, 30)
    then(life.resume, 0, 0)
    then(life.ask, 0, 0)
    then(life.wait, 30)
    then(life.hand_over, 0, 0, ("dept-b", "noise"))  # Nobody waits any more.
    then(life.hand_over, 0, 0, ("dept-b", "noise"))  # Refused: it is there.
    then(life.add_words, 0)  # An addition.
    then(life.void, 0, 2)
    then(life.add_words, 0)  # Refused.
    then(life.wait, 5)
    then(life.unvoid, 0, 2)
    then(life.ask, 0, 1)
    then(life.wait, 24 * 6)
    then(life.answer, 0, 1, "declined")  # While it waited.
    then(life.invite, 0)
    then(life.invite, 0)  # Nothing: once for each answer.
    then(life.rate, 0, None, None)  # Refused: no rating at all.
    then(life.rate, 0, 1, None)
    then(life.rate, 0, 2, 5)  # In its place.
    then(life.look_again, 0)
    then(life.rate, 0, 0, 0)  # The answer that was rated is still that answer.
    then(life.take, 0, 1)  # Refused: whoever answered is out of it.
    then(life.write_on_an_old_page, 0, 2)
    then(life.answer, 0, 2, "done")  # From the queue.
    then(life.invite, 0)
    then(life.wait, 24 * 14)
    then(life.rate, 0, 3, 3)  # Refused: from this instant on the survey is over.
    then(life.close, 0)  # Nothing: the window is open.
    then(life.look_again, 0)
    then(life.answer, 0, 1, "done")  # Refused: two are out of it by now.
    then(life.answer, 0, 2, "done")  # Refused.
    then(life.answer, 0, 0, "explained")
    then(life.wait, 24 * 31)
    then(life.look_again, 0)  # Refused: too late.
    then(life.close, 0)
    then(life.look_again, 0)  # Refused: closed.
    then(life.reopen, 0, 0)
    then(life.ask, 0, 0)
    then(life.withdraw, 0)
    then(life.withdraw, 0)  # Nothing: pressed twice.
    then(life.reopen, 0, 0)  # Refused: it was taken back.
    assert DEEDS - lived.deeds() == set(), "a deed was never done"
    case = life.cases[0]
    assert (case.state, case.round, case.barred) == ("withdrawn", 4, {1, 2})
    with lived.town.read() as session:
        assert list(verify(session)) == []
