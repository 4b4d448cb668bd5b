"""Second factors of staff: authenticator apps, passkeys, recovery codes; half sessions before they are shown."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import BigKey, UTCDateTime

revision = "2026_11_22_with_two_factors"
down_revision = "2026_11_22_with_sight"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totp",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("last_step", BigKey, nullable=False),
        sa.Column("made_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_totp_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totp")),
    )
    op.create_index(op.f("ix_totp_account_id"), "totp", ["account_id"])
    op.create_table(
        "passkey",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", BigKey, nullable=False),
        sa.Column("transports", sa.String(length=120), nullable=False),
        sa.Column("made_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("copied_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_account_id"), "passkey", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("made_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.create_table(
        "spent_challenge",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ends_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_challenge")),
    )
    op.create_table(
        "half_session",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", BigKey, nullable=False),
        sa.Column("ends_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_half_session_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_half_session")),
    )
    op.create_index(op.f("ix_half_session_account_id"), "half_session", ["account_id"])
    op.add_column(
        "staff_session", sa.Column("must_set_up", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("staff_session", sa.Column("confirmed_at", UTCDateTime(timezone=True), nullable=True))
