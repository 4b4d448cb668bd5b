"""Webhooks: who is told of what, and each single thing that is to be told."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import BigKey, UTCDateTime

revision = "2026_11_22_who_is_told"
down_revision = "2026_11_22_welcome"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.String(length=200), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("disabled_at", UTCDateTime(), nullable=True),
        sa.Column("disabled_for", sa.String(length=20), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("followed", BigKey, nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("subscription_id", BigKey, nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("stable_id", sa.String(length=40), nullable=False),
        sa.Column("item_id", BigKey, nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_delivery_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "subscription_id", "stable_id", name=op.f("uq_delivery_subscription_id_stable_id")
        ),
    )
    op.create_index("ix_delivery_state", "delivery", ["state", "ended_at"])
