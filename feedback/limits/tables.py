"""How often something was tried of late. Volatile: nothing is lost with it but a count, and no backup holds it.

On PostgreSQL the tables are unlogged. On SQLite they stay empty: there the counts live in the web process.
"""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field

from feedback.columns import Row


class LimitCount(Row, table=True):
    """How often a rule's subject was counted in the window that ends at `ends_at` (seconds of the epoch)."""

    __tablename__ = "limit_count"
    LOOSE = ("key", "ends_at", "count")

    key: str = Field(primary_key=True, max_length=64)
    """A digest of rule and subject under the salt of the day: nobody's address or name."""
    ends_at: int = Field(sa_type=sa.BigInteger)
    count: int


class LimitSalt(Row, table=True):
    """The salt of a day (UTC); with it goes the way back from a digest to a subject."""

    __tablename__ = "limit_salt"
    LOOSE = ("day", "salt")

    day: date = Field(primary_key=True)
    salt: str = Field(max_length=64)
