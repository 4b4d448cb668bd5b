"""Mails that could not be delivered say why; a job says since when it was to be done, and where it goes."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import UTCDateTime

revision = "2026_11_22_undelivered"
down_revision = "2026_11_22_sealed_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("failed_at", UTCDateTime(), nullable=True))
    op.add_column("message", sa.Column("reason", sa.String(length=60), nullable=False, server_default=""))
    failed = sa.text("state = 'failed'")
    op.create_index(
        "ix_message_failed",
        "message",
        ["failed_at", "item_id"],
        sqlite_where=failed,
        postgresql_where=failed,
    )
    op.add_column("job", sa.Column("destination", sa.String(length=20), nullable=False, server_default=""))
    op.add_column(
        "job",
        sa.Column("since", UTCDateTime(), nullable=False, server_default="2026-11-22 00:00:00.000000"),
    )
    # Rows of the worker's own bookkeeping: what waits keeps its two days, what was given up says when.
    job, message = (
        sa.table("job", sa.column("since"), sa.column("run_at")),
        sa.table("message", sa.column("failed_at"), sa.column("made_at"), sa.column("state")),
    )
    op.execute(sa.update(job).values(since=job.c.run_at))
    op.execute(sa.update(message).where(message.c.state == "failed").values(failed_at=message.c.made_at))
