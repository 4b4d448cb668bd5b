"""What a department of a demonstration writes to a citizen: its answer and its questions, in the citizen's language."""

from __future__ import annotations

from datetime import datetime, timedelta

from feedback.items import answer
from feedback.items.answer import Reply
from portal.demonstrating.course import draw_outcome
from portal.demonstrating.texts import Question, fill, write_date
from portal.demonstrating.world import Life, World


def write_answer(world: World, life: Life, now: datetime) -> Reply:
    """The answer to an item: what came of it, the words, and its date or authority."""
    habits, chance = world.habits, world.chance
    service, today = world.habits_of(life.service), world.office.day_of(now)
    not_offered = world.ruling.city.services[life.service].not_offered
    outcome = "not_ours"
    if not not_offered:
        outcome = draw_outcome(habits, service, chance, kind=life.kind, is_second_look=life.is_second_look)
    text = world.draw.answer(
        life.language,
        outcome,
        kind="request" if not_offered else life.kind,
        service=life.service,
        group=service.group,
        has_street=bool(life.street),
        is_late=life.is_late,
        own_share=1.0 if not_offered else habits.shares.own_answer,
    )
    planned_on = None
    day = today
    if outcome == "planned":
        day = planned_on = world.office.days.next_working(
            today + timedelta(days=chance.randint(*habits.timing.planned_days))
        )
    elif outcome == "done":
        day = world.office.days.next_working(today - timedelta(days=chance.randint(*habits.timing.done_days)))
        day = max(day, world.office.day_of(life.started_at))
    words = not_offered.get(life.language) or fill(
        text.text, street=life.street, day=write_date(day, habits.words[life.language])
    )
    return answer.check(
        Reply(outcome=outcome, text=words, planned_on=planned_on, forwarded_to=text.forwarded_to), today=today
    )


def write_question(world: World, life: Life, now: datetime) -> tuple[Question, str]:
    """What the department asks, and its words."""
    group = world.habits_of(life.service).group
    question = world.draw.question(
        life.language, group, world.habits.topics[group], has_street=bool(life.street)
    )
    today = world.office.day_of(now)
    day = today - timedelta(days=1) if question.topic == "still" else today + timedelta(days=4)
    return question, fill(question.text, day=write_date(day, world.habits.words[life.language]))
