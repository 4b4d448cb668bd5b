"""What the application's role may do on PostgreSQL: everything with rows, but the ledger can only grow.

`kanali migrate` gives these rights as the role that owns the tables (KANALI_OWNER_URL) and takes all others back; at
each start the application asks what is really so, since an administrator can give more by hand. That triggers refuse
a change to everybody else as well is asserted by `database.py`; on SQLite there are no roles.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from portal.environment import OperatorError

LEDGER: Final = {
    "note": ("SELECT", "INSERT"),
    "note_payload": ("SELECT", "INSERT", "DELETE"),  # A lawful erasure deletes words.
    "leaf": ("SELECT", "INSERT"),
    "tree_head": ("SELECT", "INSERT"),
}
"""Table of the ledger → what the application's role may do with it."""
CHANGES: Final = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
"""With any other of these a note could be changed, or what refuses that."""

_ASK = sa.text(
    "SELECT c.relname, pg_has_role(c.relowner, 'MEMBER') AS owned, "
    "has_any_column_privilege(c.oid, 'UPDATE') AS \"UPDATE\", has_table_privilege(c.oid, 'DELETE') AS \"DELETE\", "
    "has_table_privilege(c.oid, 'TRUNCATE') AS \"TRUNCATE\", has_table_privilege(c.oid, 'TRIGGER') AS \"TRIGGER\" "
    "FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace "
    "AND c.relname = ANY(:names) ORDER BY c.relname"
)
_ASK_ROLE = sa.text(
    "SELECT r.rolname, r.rolsuper, pg_has_role(n.nspowner, 'MEMBER') AS owns_schema "
    "FROM pg_roles r, pg_namespace n "
    "WHERE r.rolname = current_user AND n.oid = current_schema()::regnamespace"
)


def grant(connection: sa.Connection, role: str) -> None:
    """Give the application's role its rights and take the others back; called as the owner of the tables."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    for statement in (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}",
        *(
            sentence
            for table, allowed in LEDGER.items()
            for sentence in (
                f"REVOKE ALL ON {table} FROM PUBLIC, {quoted}",
                f"GRANT {', '.join(allowed)} ON {table} TO {quoted}",
            )
        ),
    ):
        connection.exec_driver_sql(statement)


def check(connection: sa.Connection, shown: str) -> None:
    """Make sure that the role of this connection can't change the ledger.

    Refuses (`OperatorError`) an administrator of PostgreSQL, the owner of the ledger's tables or of their schema (or
    who may become one), and a role with a right beyond `LEDGER`.
    """
    role = connection.execute(_ASK_ROLE).one()
    if role.rolsuper:
        raise OperatorError(
            f"The role {role.rolname} of KANALI_DATABASE_URL is an administrator of PostgreSQL, whom nothing keeps "
            "from changing the ledger: give the application a role of its own, then run kanali migrate."
        )
    tables = connection.execute(_ASK, {"names": list(LEDGER)}).mappings().all()
    if role.owns_schema or any(table["owned"] for table in tables):
        raise OperatorError(
            f"The role {role.rolname} of KANALI_DATABASE_URL owns the ledger on {shown}, so nothing keeps it from "
            f"changing it: give database and tables to the role of KANALI_OWNER_URL (REASSIGN OWNED BY {role.rolname} "
            "TO …, as the administrator of PostgreSQL), then run kanali migrate."
        )
    beyond = [
        f"{right} on {table['relname']}"
        for table in tables
        for right in CHANGES
        if table[right] and right not in LEDGER[table["relname"]]
    ]
    if beyond:
        raise OperatorError(
            f"The role {role.rolname} of KANALI_DATABASE_URL may change the ledger on {shown} ({', '.join(beyond)}): "
            "run kanali migrate, which takes these rights back."
        )
