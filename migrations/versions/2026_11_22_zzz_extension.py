"""By how much a line of the timeline extended the law's time, and by how much a clock is longer."""

import sqlalchemy as sa
from alembic import op

from feedback.columns import BigKey

revision = "2026_11_22_zzz_extension"
down_revision = "2026_11_22_zz_withheld"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clock", sa.Column("longer", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "extension",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("item_id", BigKey, nullable=False),
        sa.Column("cycle_id", BigKey, nullable=False),
        sa.Column("entry_id", BigKey, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_extension_item_id_item")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_extension_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_extension_entry_id_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_extension_entry_id")),
    )
    op.create_index(op.f("ix_extension_item_id"), "extension", ["item_id"])
