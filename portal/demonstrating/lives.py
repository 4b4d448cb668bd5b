"""Living through the year of a demonstration: each event of an item is a real deed, at its simulated time.

What is to happen stands in an agenda; doing it plans what follows. Citizens, staff and the system act by
the same functions as in earnest, so that clocks, notes, mails and refusals are those of any other item.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.items import answer, codes, converse, find, restrict, submit, triage
from feedback.items.tables import Contact
from feedback.people import accounts
from portal.demonstrating.aftermath import Aftermath, close_over, invite_due
from portal.demonstrating.agenda import Agenda
from portal.demonstrating.answers import write_answer, write_question
from portal.demonstrating.course import draw_course, draw_days, draw_target
from portal.demonstrating.world import Life, World

_UNDONE = 0.5
"""Share of wrong void marks that a colleague sees and takes back."""

_CONTACT = table_of(Contact)
_FIND_CONTACT = sa.select(_CONTACT.c.id).where(_CONTACT.c.item_id == sa.bindparam("of_item"))


class Lives:
    """The items of a year, and what is to happen to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance
        self._office = world.office
        self._agenda = Agenda(world.chance)
        self._items: dict[int, Life] = {}
        self._aftermath = Aftermath(world, self._agenda, self._begin)

    def receive(self, at: datetime, life: Life) -> None:
        """An item will come in."""
        self._agenda.plan(at, life, self._enter)

    def live(self, session: Session, until: datetime) -> None:
        """Everything that happens before that instant, in its order."""
        for act, life, at in self._agenda.due(until):
            act(session, life, at)

    def close_over(self, session: Session, now: datetime) -> None:
        """Close what was answered and is not asked for any more, as the hourly job does."""
        close_over(session, self._items, today=self._office.day_of(now), now=now)

    def invite_due(self, session: Session, now: datetime) -> None:
        """Ask how it went, as the job does."""
        city = self._world.ruling.city
        invite_due(session, self._items, city=city, today=self._office.day_of(now), now=now)

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
        life.done("received")
        if life.prepared.keeper:
            self._name_colleagues(session, life, now)
        if life.citizen.email and self._chance.random() < shares.address_confirmed:
            self._agenda.plan(
                now + timedelta(hours=0.05 + 40 * self._chance.random() ** 4), life, self._confirm
            )
        if life.void_reason:
            self._agenda.plan_step(self._office.add(now, self._chance.uniform(20, 400)), life, self._void)
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
        life.done()

    def _void(self, session: Session, life: Life, now: datetime) -> None:
        triage.void(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            reason=life.void_reason,
            by=self._world.somebody(life),
            now=now,
        )
        life.done("void")
        if not life.is_spam and self._chance.random() < _UNDONE:
            self._agenda.plan_step(self._office.add(now, self._office.day_minutes), life, self._unvoid)

    def _unvoid(self, session: Session, life: Life, now: datetime) -> None:
        triage.unvoid(
            session, item_id=life.item_id, seen_version=life.version, by=self._world.somebody(life), now=now
        )
        life.done("received")
        self._begin(life, now)

    # ── to its answer ───────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, life: Life, now: datetime) -> None:
        """A cycle begins: draw its course and plan the first thing."""
        habits, office = self._world.habits, self._office
        life.step += 1
        life.responder, life.waited = None, 0
        course = life.course = draw_course(
            habits, self._world.habits_of(life.service), self._chance, kind=life.kind
        )
        life.target = draw_target(
            course,
            habits,
            office,
            self._chance,
            started_at=life.started_at,
            promised=self._world.promise_minutes(life.service),
            law=self._world.law_due_on(life.nature, office.day_of(life.started_at)),
        )
        if life.stays == "triage":
            return
        ahead = (life.target - now) if life.target else timedelta(days=10)
        if course.is_withdrawn:
            self._agenda.plan_step(
                self._office.awake(now + ahead * self._chance.uniform(0.05, 0.9)), life, self._withdraw
            )
        if ahead > timedelta(days=3) and self._chance.random() < habits.shares.words_added:
            self._agenda.plan_step(
                self._office.awake(now + ahead * self._chance.uniform(0.3, 0.9)), life, self._add_words
            )
        if life.place == life.right:
            self._plan_work(life, now)
            return
        days = draw_days(self._chance, habits.timing.hand_over_days)
        self._agenda.plan_step(office.add(now, days * office.day_minutes), life, self._hand_over)

    def _plan_work(self, life: Life, now: datetime) -> None:
        course = life.course
        assert course is not None
        if life.stays == "question":
            self._agenda.plan_step(self._office.add(now, self._chance.uniform(10, 90)), life, self._take)
        elif life.target is None:
            if self._chance.random() < 0.5:
                days = self._chance.uniform(0.3, 4)
                self._agenda.plan_step(
                    self._office.add(now, days * self._office.day_minutes), life, self._take
                )
        elif course.is_taken or course.asks:
            left = self._office.minutes(now, life.target)
            share = self._world.habits.timing.take_share * self._chance.uniform(0.3, 1.7)
            self._agenda.plan_step(self._office.add(now, left * share), life, self._take)
        else:
            self._agenda.plan_step(max(life.target, self._office.add(now, 10)), life, self._answer)

    def _hand_over(self, session: Session, life: Life, now: datetime) -> None:
        world = self._world
        department, service = life.right
        if department is None or service is None:  # Not offered: whoever has it says where to turn.
            self._plan_work(life, now)
            return
        if life.place[0] is None:
            why = "triage"
        elif life.place[0] == department:
            why = "same"
        else:
            why = "chosen" if life.prepared.sent.service else ""
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
            by=self._world.somebody(life),
            now=now,
        )
        life.place = life.right
        life.done("received")
        if any(service in rule.when.service for rule in world.ruling.city.routing.restriction):
            self._name_colleagues(session, life, now)
        self._plan_work(life, now)

    def _name_colleagues(self, session: Session, life: Life, now: datetime) -> None:
        """The head who keeps a restricted item names the colleagues of the department that works on it."""
        item = find.get_for_citizen(session, item_id=life.item_id)
        staff, place = self._world.staff, life.place[0]
        if not item.keepers or place is None:
            return
        head = accounts.find_viewer(session, staff.departments[item.keepers[0]][0])
        named = {grant.account_id for grant in item.grants}
        assert head is not None
        for person in staff.departments[place]:
            if person != head.account_id and person not in named:
                restrict.grant(
                    session,
                    item_id=life.item_id,
                    seen_version=life.version,
                    account_id=person,
                    city=self._world.ruling.city,
                    by=head,
                    now=now,
                )
                life.version += 1

    def _take(self, session: Session, life: Life, now: datetime) -> None:
        life.responder = self._world.draw_responder(life)
        triage.take(
            session, item_id=life.item_id, seen_version=life.version, by=self._world.somebody(life), now=now
        )
        life.done("open")
        course = life.course
        assert course is not None
        if life.stays == "question":
            self._agenda.plan_step(self._office.add(now, self._chance.uniform(10, 60)), life, self._ask)
        elif life.target is None:
            return
        elif course.asks:
            left = self._office.minutes(now, life.target)
            self._agenda.plan_step(
                self._office.add(now, left * self._chance.uniform(0.05, 0.4)), life, self._ask
            )
        else:
            self._agenda.plan_step(max(life.target, self._office.add(now, 10)), life, self._answer)

    def _ask(self, session: Session, life: Life, now: datetime) -> None:
        question, words = write_question(self._world, life, now)
        converse.ask(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            text=words,
            by=self._world.somebody(life),
            now=now,
        )
        life.done("waiting")
        life.topic, life.asked_at = question.topic, now
        if life.stays == "question" or life.target is None:
            return
        timing = self._world.habits.timing
        life.left = self._office.minutes(now, life.target)
        if self._chance.random() < timing.unreplied:
            days = self._chance.uniform(6, 9)
            self._agenda.plan_step(self._office.add(now, days * self._office.day_minutes), life, self._resume)
        else:
            days = draw_days(self._chance, timing.reply_days)
            self._agenda.plan_step(self._office.awake(now + timedelta(days=days)), life, self._reply)

    def _reply(self, session: Session, life: Life, now: datetime) -> None:
        words = self._world.draw.reply(life.language, life.topic)
        converse.add_words(session, item_id=life.item_id, text=words, now=now)
        self._go_on(life, now)

    def _resume(self, session: Session, life: Life, now: datetime) -> None:
        converse.resume(
            session, item_id=life.item_id, seen_version=life.version, by=self._world.somebody(life), now=now
        )
        self._go_on(life, now)

    def _go_on(self, life: Life, now: datetime) -> None:
        life.done("open")
        assert life.asked_at is not None
        life.waited += self._office.minutes(life.asked_at, now)
        self._agenda.plan_step(self._office.add(now, max(30, life.left)), life, self._answer)

    def _answer(self, session: Session, life: Life, now: datetime) -> None:
        if life.responder is None:
            life.responder = self._world.draw_responder(life)
        used = self._office.minutes(life.started_at, now) - life.waited
        life.is_late = used > self._world.promise_minutes(life.service)
        reply = write_answer(self._world, life, now)
        answer.answer(
            session,
            item_id=life.item_id,
            seen_version=life.version,
            reply=reply,
            by=self._world.somebody(life),
            now=now,
        )
        life.done("answered")
        life.step += 1
        life.outcome = reply.outcome
        life.answered_by, life.answered_on = life.responder, self._office.day_of(now)
        self._aftermath.follow(life, now)

    def _withdraw(self, session: Session, life: Life, now: datetime) -> None:
        if life.is_running:
            converse.withdraw(session, item_id=life.item_id, now=now)
            life.done("withdrawn")
            life.step += 1

    def _add_words(self, session: Session, life: Life, now: datetime) -> None:
        if life.state in ("received", "open"):
            words = self._world.draw.words_added(life.language)
            converse.add_words(session, item_id=life.item_id, text=words, now=now)
            life.done()
