"""Living through the year of a demonstration: each event of an item is a real deed, at its simulated time.

What is to happen waits in a heap by its time; doing it plans what follows. Citizens, staff and the system act by
the same functions as in earnest, so that clocks, notes, mails and refusals are those of any other item.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items import answer, codes, converse, population, submit, triage
from feedback.items.tables import Contact
from feedback.ledger.notes import Actor
from feedback.satisfaction import invite, respond
from portal.demonstrating.answers import write_answer, write_question
from portal.demonstrating.course import draw_course, draw_days, draw_ratings
from portal.demonstrating.world import Life, World

Act = Callable[[Session, Life, datetime], None]

INVITED_AT = 8
"""The hour at which the day's invitations go out."""
_AT_ONCE = 200

_CONTACT = table_of(Contact)
_FIND_CONTACT = sa.select(_CONTACT.c.id).where(_CONTACT.c.item_id == sa.bindparam("of_item"))


class Lives:
    """The items of a year, and what is to happen to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._office = world.office
        self._waiting: list[tuple[datetime, int, Life, int | None, Act]] = []
        self._planned = 0
        self._items: dict[int, Life] = {}

    def receive(self, at: datetime, life: Life) -> None:
        """An item will come in."""
        self._plan(at, life, self._enter)

    def live(self, session: Session, until: datetime) -> None:
        """Everything that happens before that instant, in its order."""
        while self._waiting and self._waiting[0][0] < until:
            at, _, life, step, act = heapq.heappop(self._waiting)
            if step is None or step == life.step:
                act(session, life, at)

    def close_over(self, session: Session, now: datetime) -> None:
        """Close what was answered and is not asked for any more, as the hourly job does."""
        today = self._office.day_of(now)
        while found := answer.find_over(session, today=today):
            for item_id in found:
                if answer.close(session, item_id=item_id, today=today, now=now):
                    self._done(self._items[item_id], "closed")

    def invite_due(self, session: Session, now: datetime) -> None:
        """Ask how it went, as the job does."""
        today, city = self._office.day_of(now), self._world.ruling.city
        is_more = True
        while is_more:
            found = invite.find_due(session, city=city, today=today, limit=_AT_ONCE)
            is_more = len(found) == _AT_ONCE
            items = {facts.cycle_id: facts.item_id for facts in population.of_cycles(session, found)}
            for cycle_id in found:
                if invite.invite(session, cycle_id=cycle_id, now=now):
                    self._done(self._items[items[cycle_id]])

    # ── coming in ───────────────────────────────────────────────────────────────────────────────────────────

    def _enter(self, session: Session, life: Life, now: datetime) -> None:
        secret, shares = self._world.secret, self._world.habits.shares
        opened_at = now - timedelta(minutes=self._chance.uniform(1, 20))
        random = codes.check_key(secret.key, codes.issue_key(secret.key, now=opened_at), now=now)
        code = codes.code_of(secret.key, random)
        key = submit.Key(codes.key_hash(random), codes.code_hash(secret.key, code), secret.id)
        taken = submit.submit(session, prepared=life.prepared, key=key, by=life.by, now=now)
        life.item_id, life.started_at = taken.item_id, now
        life.place = life.prepared.cycle["department"], life.prepared.cycle["service"]
        self._items[life.item_id] = life
        self._done(life, "received")
        if life.citizen.email and self._chance.random() < shares.address_confirmed:
            self._plan(now + timedelta(hours=0.05 + 40 * self._chance.random() ** 4), life, self._confirm)
        if life.void_reason:
            self._plan_step(self._office.add(now, self._chance.uniform(20, 400)), life, self._void)
        else:
            self._begin(life, now)

    def _confirm(self, session: Session, life: Life, now: datetime) -> None:
        contact_id = session.execute(_FIND_CONTACT, {"of_item": life.item_id}).scalar_one()
        token = converse.make_link(
            session,
            purpose="confirm",
            item_id=life.item_id,
            target_id=contact_id,
            now=now,
            ends_at=now + converse.CONFIRM_LIVES,
        )
        converse.confirm_address(session, token=token, now=now)
        self._done(life)

    def _void(self, session: Session, life: Life, now: datetime) -> None:
        triage.void(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            reason=life.void_reason,
            by=self._somebody(life),
            now=now,
        )
        self._done(life, "void")
        if not life.is_spam and self._chance.random() < 0.5:
            self._plan_step(self._office.add(now, self._office.day_minutes), life, self._unvoid)

    def _unvoid(self, session: Session, life: Life, now: datetime) -> None:
        triage.unvoid(
            session, item_id=life.item_id, seen_version=life.version, by=self._somebody(life), now=now
        )
        self._done(life, "received")
        self._begin(life, now)

    # ── to its answer ───────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, life: Life, now: datetime) -> None:
        """A cycle begins: draw its course and plan the first thing."""
        habits, office = self._world.habits, self._office
        life.step += 1
        life.responder, life.waited = None, 0
        course = life.course = draw_course(habits, self._world.habits_of(life.service), self._chance)
        life.target = self._target(life)
        if life.stays == "triage":
            return
        ahead = (life.target - now) if life.target else timedelta(days=10)
        if course.is_withdrawn:
            self._plan(now + ahead * self._chance.uniform(0.05, 0.9), life, self._withdraw)
        if ahead > timedelta(days=3) and self._chance.random() < habits.shares.words_added:
            self._plan(now + ahead * self._chance.uniform(0.3, 0.9), life, self._add_words)
        if life.place == life.right:
            self._plan_work(life, now)
            return
        days = draw_days(self._chance, habits.timing.hand_over_days)
        self._plan_step(office.add(now, days * office.day_minutes), life, self._hand_over)

    def _target(self, life: Life) -> datetime | None:
        """When the answer is to come, by the course of the cycle."""
        course, office, chance = life.course, self._office, self._chance
        assert course is not None
        if course.fate == "never":
            return None
        promised = self._world.promise_minutes(life.service)
        target = office.add(life.started_at, course.used * promised)
        law = self._world.law_due_on(life.nature, office.day_of(life.started_at))
        if law is None or course.fate == "in_time":
            return target
        if course.fate == "very_late":
            most = self._world.habits.timing.very_late_days
            return office.some_time_on(law + timedelta(days=chance.randint(1, most)), chance)
        if office.day_of(target) > law:
            within = office.some_time_upto(law - timedelta(days=chance.randint(0, 3)), chance)
            return max(within, office.add(life.started_at, promised))
        return target

    def _plan_work(self, life: Life, now: datetime) -> None:
        course = life.course
        assert course is not None
        if life.stays == "question":
            self._plan_step(self._office.add(now, self._chance.uniform(10, 90)), life, self._take)
        elif life.target is None:
            if self._chance.random() < 0.5:
                days = self._chance.uniform(0.3, 4)
                self._plan_step(self._office.add(now, days * self._office.day_minutes), life, self._take)
        elif course.is_taken or course.asks:
            left = self._office.minutes(now, life.target)
            share = self._world.habits.timing.take_share * self._chance.uniform(0.3, 1.7)
            self._plan_step(self._office.add(now, left * share), life, self._take)
        else:
            self._plan_step(max(life.target, self._office.add(now, 10)), life, self._answer)

    def _hand_over(self, session: Session, life: Life, now: datetime) -> None:
        world = self._world
        department, service = life.right
        if department is None or service is None:  # Not offered: whoever has it says where to turn.
            self._plan_work(life, now)
            return
        why = "triage" if life.place[0] is None else "chosen" if life.prepared.sent.service else ""
        reason = world.draw.handover(
            world.own_language,
            why=why,
            service=life.service,
            group=world.habits_of(life.service).group,
        )
        triage.hand_over(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            ruling=world.ruling,
            department=department,
            service=service,
            reason=reason,
            by=self._somebody(life),
            now=now,
        )
        life.place = life.right
        self._done(life, "received")
        self._plan_work(life, now)

    def _take(self, session: Session, life: Life, now: datetime) -> None:
        life.responder = self._world.staff.draw(life.place[0], self._chance, barred=life.barred)
        triage.take(
            session, item_id=life.item_id, seen_version=life.version, by=self._somebody(life), now=now
        )
        self._done(life, "open")
        course = life.course
        assert course is not None
        if life.stays == "question":
            self._plan_step(self._office.add(now, self._chance.uniform(10, 60)), life, self._ask)
        elif life.target is None:
            return
        elif course.asks:
            left = self._office.minutes(now, life.target)
            self._plan_step(self._office.add(now, left * self._chance.uniform(0.05, 0.4)), life, self._ask)
        else:
            self._plan_step(max(life.target, self._office.add(now, 10)), life, self._answer)

    def _ask(self, session: Session, life: Life, now: datetime) -> None:
        question, words = write_question(self._world, life, now)
        converse.ask(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            text=words,
            by=self._somebody(life),
            now=now,
        )
        self._done(life, "waiting")
        life.topic, life.asked_at = question.topic, now
        if life.stays == "question" or life.target is None:
            return
        timing = self._world.habits.timing
        life.left = self._office.minutes(now, life.target)
        if self._chance.random() < timing.unreplied:
            days = self._chance.uniform(6, 9)
            self._plan_step(self._office.add(now, days * self._office.day_minutes), life, self._resume)
        else:
            days = draw_days(self._chance, timing.reply_days)
            self._plan_step(self._awake(now + timedelta(days=days)), life, self._reply)

    def _reply(self, session: Session, life: Life, now: datetime) -> None:
        words = self._world.draw.reply(life.language, life.topic)
        converse.add_words(session, item_id=life.item_id, text=words, now=now)
        self._go_on(life, now)

    def _resume(self, session: Session, life: Life, now: datetime) -> None:
        converse.resume(
            session, item_id=life.item_id, seen_version=life.version, by=self._somebody(life), now=now
        )
        self._go_on(life, now)

    def _go_on(self, life: Life, now: datetime) -> None:
        self._done(life, "open")
        assert life.asked_at is not None
        life.waited += self._office.minutes(life.asked_at, now)
        self._plan_step(self._office.add(now, max(30, life.left)), life, self._answer)

    def _answer(self, session: Session, life: Life, now: datetime) -> None:
        if life.responder is None:
            life.responder = self._world.staff.draw(life.place[0], self._chance, barred=life.barred)
        reply = write_answer(self._world, life, now)
        answer.answer(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            reply=reply,
            by=self._somebody(life),
            now=now,
        )
        self._done(life, "answered")
        life.step += 1
        used = self._office.minutes(life.started_at, now) - life.waited
        life.outcome, life.is_late = reply.outcome, used > self._world.promise_minutes(life.service)
        life.answered_by, life.answered_on = life.responder, self._office.day_of(now)
        rules = self._world.habits.satisfaction
        responds = self._world.habits_of(life.service).satisfaction.responds
        if self._chance.random() < responds * (rules.by_mail if life.citizen.email else rules.on_page):
            asked_on = invite.due_from(self._world.ruling.city, life.answered_on)
            days = draw_days(self._chance, self._world.habits.timing.rating_days)
            at = self._awake(self._office.at(asked_on, INVITED_AT) + timedelta(days=days))
            self._plan(at, life, self._respond)
        elif self._chance.random() < self._world.habits.shares.reopened:
            days = self._chance.uniform(2, 30)
            self._plan_step(self._office.add(now, days * self._office.day_minutes), life, self._reopen)

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────

    def _respond(self, session: Session, life: Life, now: datetime) -> None:
        found = respond.find_open_for_item(session, item_id=life.item_id, now=now)
        if found is None or found.is_answered:
            return
        world = self._world
        rules = world.habits.satisfaction
        ratings = draw_ratings(
            world.habits,
            world.habits_of(life.service),
            self._chance,
            kind=life.kind,
            outcome=life.outcome,
            is_late=life.is_late,
        )
        comment = ""
        if self._chance.random() < rules.words and ratings.outcome not in (0, 3):
            comment = world.draw.survey_words(life.language, is_happy=ratings.outcome > 3)
        respond.respond(
            session,
            invitation_id=found.invitation_id,
            outcome=ratings.outcome,
            handling=ratings.handling,
            comment=comment,
            now=now,
        )
        self._done(life)
        if 1 <= ratings.outcome <= 2 and self._chance.random() < rules.second_look:
            self._plan_step(now + timedelta(minutes=self._chance.uniform(2, 40)), life, self._look_again)

    def _look_again(self, session: Session, life: Life, now: datetime) -> None:
        assert life.answered_on is not None
        until = life.answered_on + timedelta(days=self._world.ruling.city.identity.second_look_days)
        if life.state != "answered" or self._office.day_of(now) > until:
            return
        words = self._world.draw.second_look(life.language)
        converse.second_look(session, item_id=life.item_id, ruling=self._world.ruling, text=words, now=now)
        self._done(life, "received")
        life.started_at, life.barred = now, life.answered_by
        self._begin(life, now)

    def _reopen(self, session: Session, life: Life, now: datetime) -> None:
        if life.state not in ("answered", "closed"):
            return
        world = self._world
        triage.reopen(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            ruling=world.ruling,
            reason=world.draw.reopen_reason(world.own_language),
            by=self._somebody(life),
            now=now,
        )
        self._done(life, "received")
        life.started_at, life.barred = now, None
        self._begin(life, now)

    def _withdraw(self, session: Session, life: Life, now: datetime) -> None:
        if life.is_running:
            converse.withdraw(session, item_id=life.item_id, now=now)
            self._done(life, "withdrawn")
            life.step += 1

    def _add_words(self, session: Session, life: Life, now: datetime) -> None:
        if life.state in ("received", "open"):
            words = self._world.draw.words_added(life.language)
            converse.add_words(session, item_id=life.item_id, text=words, now=now)
            self._done(life)

    # ── planning ────────────────────────────────────────────────────────────────────────────────────────────

    def _plan(self, at: datetime, life: Life, act: Act, step: int | None = None) -> None:
        """Will happen whatever becomes of the item meanwhile; the act looks whether it still can."""
        self._planned += 1
        at += timedelta(seconds=self._chance.randrange(60))
        heapq.heappush(self._waiting, (at, self._planned, life, step, act))

    def _plan_step(self, at: datetime, life: Life, act: Act) -> None:
        """Will happen unless the item has gone another way."""
        self._plan(at, life, act, life.step)

    def _done(self, life: Life, state: str = "") -> None:
        """A deed was done on an item: one note, one version."""
        life.version += 1
        life.state = state or life.state

    def _somebody(self, life: Life) -> Actor:
        """Who works on the item, or one of those who see it."""
        person = life.responder
        if person is None:
            person = self._world.staff.draw(life.place[0], self._chance, barred=life.barred)
        return Actor("staff", person)

    def _awake(self, at: datetime) -> datetime:
        """That instant, or the morning after where it lies in the night."""
        return at + timedelta(hours=8) if at.astimezone(self._office.zone).hour < 7 else at
