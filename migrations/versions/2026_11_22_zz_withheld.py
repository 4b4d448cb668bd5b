"""Items that are held for a clerk's look, mails counted by mailbox, and counts that say when they end."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import UTCDateTime

revision = "2026_11_22_zz_withheld"
down_revision = "2026_11_22_z_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_held, is_counted = sa.text("held IS NOT NULL"), sa.text("mailbox IS NOT NULL")
    op.add_column("item", sa.Column("held", sa.String(length=12), nullable=True))
    op.create_index("ix_item_held", "item", ["cycle_id"], sqlite_where=is_held, postgresql_where=is_held)
    op.add_column("message", sa.Column("rendered_at", UTCDateTime(), nullable=True))
    op.add_column("message", sa.Column("mailbox", sa.String(length=64), nullable=True))
    op.create_index(
        "ix_message_mailbox",
        "message",
        ["mailbox", "rendered_at"],
        sqlite_where=is_counted,
        postgresql_where=is_counted,
    )
    op.execute("DELETE FROM limit_count")
    op.execute("ALTER TABLE limit_count RENAME COLUMN began_at TO ends_at")
