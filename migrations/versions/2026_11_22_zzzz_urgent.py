"""Rounds that come before others."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_zzzz_urgent"
down_revision = "2026_11_22_zzz_extension"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_urgent = sa.text("ended_at IS NULL AND urgent IS NOT NULL")
    op.add_column("cycle", sa.Column("urgent", sa.String(length=12), nullable=True))
    op.create_index(
        "ix_cycle_urgent",
        "cycle",
        ["next_due_at", "id"],
        sqlite_where=is_urgent,
        postgresql_where=is_urgent,
    )
