"""The survey about one item: an invitation for each answered cycle, and its response."""

from datetime import date, datetime

from sqlmodel import Field

from feedback.columns import Row, instant, key, link, words


class Invitation(Row, table=True):
    """One for each answered cycle that is not excluded, whatever became of the item since."""

    __tablename__ = "invitation"
    FACTS = ("item_id", "cycle_id", "made_at", "made_on", "ends_at", "by_mail")
    LOOSE = ("id",)

    id: int | None = key()
    item_id: int = link("item.id", index=True)
    cycle_id: int = link("cycle.id", unique=True)
    made_at: datetime = instant()
    made_on: date = Field(index=True)
    ends_at: datetime = instant()
    by_mail: bool


class Response(Row, table=True):
    """What the citizen said of outcome and handling. Answering again replaces it until the link ends."""

    __tablename__ = "response"
    FACTS = ("invitation_id", "outcome", "handling", "first_at", "at")
    WORDS = ("comment",)
    LOOSE = ("id",)

    id: int | None = key()
    invitation_id: int = link("invitation.id", unique=True)
    outcome: int | None = None
    """1–5, 0 = "I can't say", None = not answered"""
    handling: int | None = None
    comment: str = words()
    first_at: datetime = instant()
    at: datetime = instant()
