"""The sealed log is insert-only as the notes are: no leaf and no head is changed or deleted."""

from alembic import op

revision = "2026_11_22_sealed_log"
down_revision = "2026_11_22_limits"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in ("leaf", "tree_head"):
        for act in ("UPDATE", "DELETE"):
            then = (
                "BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END"
                if is_sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()"
            )
            op.execute(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {then}")
        if not is_sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
            )
