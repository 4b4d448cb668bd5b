"""The town of the proofs: two closed months, a correction beside one of them, everything sealed."""

from __future__ import annotations

from feedback.items import triage
from feedback.items.tables import Item
from feedback.ledger.notes import Actor
from feedback.quality import restate
from portal.closing import close_month, freeze_what_is_due
from tests.feedback.custody import lived
from tests.town import Town


def live_two_months(town: Town) -> None:
    """What `lived.live` tells, then December is closed, and November restated after a case was set aside."""
    lived.live(town)
    clerk = Actor("staff", town.account("clerk", name="Ida Elm"))
    mistaken = next(row for row in town.rows(Item) if row.state == "received")
    report = town.citizen_reports("The bench is broken.", service="roads", email="late@example.org")
    town.later(days=2)
    town.answers(report, "It is mended.")
    town.at("2026-12-30 10:00")
    assert lived.ask_how_it_went(town)
    lived.rate(town, report, outcome=5, handling=0)
    town.at("2027-01-12 10:00")
    assert close_month(town.database, period="2026-12", by=clerk, now=town.now)
    town.at("2027-01-20 10:00")
    freeze_what_is_due(town.database, now=town.now)
    with town.database.write() as session:
        triage.void(
            session,
            item_id=mistaken.id,
            seen_version=mistaken.version,
            reason="A test of the form",
            by=clerk,
            now=town.now,
        )
    with town.database.write() as session:
        assert restate.restate(session, period="2026-11", reason="It was a test.", by=clerk, now=town.now)
    lived.seal(town)
