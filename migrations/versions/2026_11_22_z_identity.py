"""People of the city's own provider of identities who open an account."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import UTCDateTime

revision = "2026_11_22_z_identity"
down_revision = "2026_11_22_with_two_factors"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("bound_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_identity_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
    )
    stands = sa.text("ended_at IS NULL")
    for name, columns in (("person", ["issuer", "subject"]), ("account", ["account_id", "issuer"])):
        op.create_index(
            f"uq_identity_{name}",
            "identity",
            columns,
            unique=True,
            sqlite_where=stands,
            postgresql_where=stands,
        )
