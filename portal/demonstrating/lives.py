"""Living through the year of a demonstration: each event of an item is a real deed, at its simulated time.

What is to happen waits in a heap by its time; doing it plans what follows. Citizens, staff and the system act by
the same functions as in earnest, so that clocks, notes, mails and refusals are those of any other item.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from feedback.items import answer, codes, converse, population, submit, triage
from feedback.ledger.notes import Actor
from feedback.satisfaction import invite, respond
from portal.demonstrating import course
from portal.demonstrating.answers import write_answer, write_question
from portal.demonstrating.world import Life, World

Act = Callable[[Session, Life, datetime], None]


class Lives:
    """The items of a year, and what is to happen to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._office = world.office
        self._waiting: list[tuple[datetime, int, Life, int, Act]] = []
        self._planned = 0
        self._items: dict[int, Life] = {}

    def receive(self, at: datetime, life: Life) -> None:
        """An item will come in."""
        self._plan(at, life, self._enter)

    def live(self, session: Session, until: datetime) -> None:
        """Everything that happens before that instant, in its order."""
        while self._waiting and self._waiting[0][0] < until:
            at, _, life, step, act = heapq.heappop(self._waiting)
            if step == life.step:
                act(session, life, at)

    def close_over(self, session: Session, now: datetime) -> None:
        """Close what was answered and is not asked for any more, as the nightly job does."""
        today = self._office.day_of(now)
        while found := answer.find_over(session, today=today):
            for item_id in found:
                if answer.close(session, item_id=item_id, today=today, now=now):
                    life = self._items[item_id]
                    life.version += 1
                    life.state = "closed"

    def invite_due(self, session: Session, now: datetime) -> None:
        """Ask how it went, as the job does."""
        today = self._office.day_of(now)
        while found := invite.find_due(session, city=self._world.ruling.city, today=today):
            items = {facts.cycle_id: facts.item_id for facts in population.of_cycles(session, found)}
            for cycle_id in found:
                if invite.invite(session, cycle_id=cycle_id, now=now):
                    self._items[items[cycle_id]].version += 1

    # ── coming in ───────────────────────────────────────────────────────────────────────────────────────────

    def _enter(self, session: Session, life: Life, now: datetime) -> None:
        secret = self._world.secret
        opened_at = now - timedelta(minutes=self._chance.uniform(1, 20))
        random = codes.check_key(secret.key, codes.issue_key(secret.key, now=opened_at), now=now)
        key = submit.Key(
            codes.key_hash(random), codes.code_hash(secret.key, codes.code_of(secret.key, random)), secret.id
        )
        taken = submit.submit(session, prepared=life.prepared, key=key, by=life.by, now=now)
        life.item_id, life.version, life.started_at = taken.item_id, 1, now
        life.place = life.prepared.cycle["department"], life.prepared.cycle["service"]
        self._items[life.item_id] = life
        if life.citizen.email and self._chance.random() < self._world.habits.shares.address_confirmed:
            self._plan(now + timedelta(hours=0.05 + 40 * self._chance.random() ** 4), life, self._confirm, step=0)
        if life.void_reason:
            self._plan(self._office.add(now, self._chance.uniform(20, 400)), life, self._void)
            return
        self._begin(life, now)

    def _confirm(self, session: Session, life: Life, now: datetime) -> None:
        contact_id = converse.find_contact_id(session, item_id=life.item_id)
        token = converse.make_link(
            session,
            purpose="confirm",
            item_id=life.item_id,
            target_id=contact_id,
            now=life.started_at,
            ends_at=life.started_at + converse.CONFIRM_LIVES,
        )
        converse.confirm_address(session, token=token, now=now)
        life.version += 1
