"""Links by which an account gets its password, and mails that go to an account instead of a contact."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import UTCDateTime

revision = "2026_11_22_welcome"
down_revision = "2026_11_22_unsent"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "welcome",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_welcome_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_welcome")),
    )
    op.create_index(op.f("ix_welcome_account_id"), "welcome", ["account_id"], unique=False)
    with op.batch_alter_table("message") as message:
        message.add_column(sa.Column("account_id", KEY, nullable=True))
        message.alter_column("item_id", existing_type=KEY, nullable=True)
        message.alter_column("contact_id", existing_type=KEY, nullable=True)
