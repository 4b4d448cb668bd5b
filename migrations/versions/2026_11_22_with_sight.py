"""Restricted items, who is named for them, and who has read them."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import BigKey, UTCDateTime

revision = "2026_11_22_with_sight"
down_revision = "2026_11_22_with_files"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")
RESTRICTED = sa.text("ended_at IS NULL AND restricted IS NOT NULL")


def upgrade() -> None:
    op.add_column("cycle", sa.Column("restricted", sa.String(length=16), nullable=True))
    for name, columns in (
        ("ix_cycle_due", ["next_due_at", "id", "department", "service", "restricted", "item_id"]),
        ("ix_cycle_queue", ["department", "next_due_at", "id", "restricted", "item_id"]),
        ("ix_cycle_mine", ["responder_id", "next_due_at", "id", "restricted", "item_id", "department"]),
    ):
        op.drop_index(name, table_name="cycle")
        op.create_index(name, "cycle", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "ix_cycle_restricted",
        "cycle",
        ["next_due_at", "id"],
        sqlite_where=RESTRICTED,
        postgresql_where=RESTRICTED,
    )
    op.create_table(
        "item_grant",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=True),
        sa.Column("department", sa.String(length=40), nullable=True),
        sa.Column("given_by", BigKey, nullable=True),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("ended_by", BigKey, nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_grant_item_id_item")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_item_grant_account_id_account")
        ),
        sa.ForeignKeyConstraint(["given_by"], ["account.id"], name=op.f("fk_item_grant_given_by_account")),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name=op.f("fk_item_grant_ended_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_grant")),
    )
    op.create_index(op.f("ix_item_grant_item_id"), "item_grant", ["item_id"])
    op.create_table(
        "reading",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_reading_item_id_item")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_reading_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
    )
    op.create_index("ix_reading_item", "reading", ["item_id", "account_id", "at"])
