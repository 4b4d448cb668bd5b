"""What comes after an answer of a demonstration: the survey, a second look, a reopening, the close.

Invitations and closings are the jobs' own deeds; here they only run at simulated times.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlmodel import Session

from feedback.city.profile import City
from feedback.items import answer, converse, population, triage
from feedback.ledger.notes import Actor
from feedback.satisfaction import invite, respond
from portal.demonstrating.agenda import Agenda
from portal.demonstrating.course import draw_days, draw_ratings
from portal.demonstrating.world import Life, World

INVITED_AT = 8
"""The hour at which the day's invitations go out."""
_AT_ONCE = 200


def close_over(session: Session, items: dict[int, Life], *, today: date, now: datetime) -> None:
    """Close what was answered and is not asked for any more, as the hourly job does."""
    while found := answer.find_over(session, today=today):
        for item_id in found:
            if answer.close(session, item_id=item_id, today=today, now=now):
                items[item_id].done("closed")


def invite_due(session: Session, items: dict[int, Life], *, city: City, today: date, now: datetime) -> None:
    """Ask how it went, as the job does."""
    is_more = True
    while is_more:
        found = invite.find_due(session, city=city, today=today, limit=_AT_ONCE)
        is_more = len(found) == _AT_ONCE
        places = {facts.cycle_id: facts.item_id for facts in population.of_cycles(session, found)}
        for cycle_id in found:
            if invite.invite(session, cycle_id=cycle_id, now=now):
                items[places[cycle_id]].done()


class Aftermath:
    """What becomes of an item once it is answered; a further cycle is begun by `begin`."""

    def __init__(self, world: World, agenda: Agenda, begin: Callable[[Life, datetime], None]) -> None:
        self._world = world
        self._agenda = agenda
        self._begin = begin
        self._chance = world.chance
        self._office = world.office

    def follow(self, life: Life, now: datetime) -> None:
        """Plan what the citizen, or a colleague, makes of an answer just given."""
        assert life.answered_on is not None
        rules = self._world.habits.satisfaction
        responds = self._world.habits_of(life.service).satisfaction.responds
        if self._chance.random() < responds * (rules.by_mail if life.citizen.email else rules.on_page):
            asked_on = invite.due_from(self._world.ruling.city, life.answered_on)
            days = draw_days(self._chance, self._world.habits.timing.rating_days)
            at = self._office.awake(self._office.at(asked_on, INVITED_AT) + timedelta(days=days))
            self._agenda.plan(at, life, self._respond)
        elif self._chance.random() < self._world.habits.shares.reopened:
            days = self._chance.uniform(2, 30)
            self._agenda.plan_step(self._office.add(now, days * self._office.day_minutes), life, self._reopen)

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
            comment = world.draw.survey_words(
                life.language,
                is_happy=ratings.outcome > 3,
                outcome=life.outcome,
                group=world.habits_of(life.service).group,
                is_late=life.is_late,
            )
        respond.respond(
            session,
            invitation_id=found.invitation_id,
            outcome=ratings.outcome,
            handling=ratings.handling,
            comment=comment,
            now=now,
        )
        life.done()
        if 1 <= ratings.outcome <= 2 and self._chance.random() < rules.second_look:
            self._agenda.plan_step(
                now + timedelta(minutes=self._chance.uniform(2, 40)), life, self._look_again
            )

    def _look_again(self, session: Session, life: Life, now: datetime) -> None:
        assert life.answered_on is not None
        until = life.answered_on + timedelta(days=self._world.ruling.city.identity.second_look_days)
        assert life.answered_by is not None
        others = self._world.staff.of(life.place[0], barred=life.barred | {life.answered_by})
        if life.state != "answered" or self._office.day_of(now) > until or not others:
            return
        words = self._world.draw.second_look(life.language, life.outcome)
        converse.second_look(session, item_id=life.item_id, ruling=self._world.ruling, text=words, now=now)
        life.done("received")
        life.barred.add(life.answered_by)
        life.started_at, life.is_second_look = now, True
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
            reason=world.draw.reopen_reason(world.own_language, life.outcome),
            by=Actor("staff", world.draw_responder(life)),
            now=now,
        )
        life.done("received")
        life.started_at, life.is_second_look = now, False
        self._begin(life, now)
