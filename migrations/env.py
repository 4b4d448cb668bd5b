"""Runs Alembic's revisions on the connection that `portal/commands/migrate.py` hands over.

Locks and the transaction are that module's; here is only what a comparison must know.
"""

import importlib
import importlib.util
import pkgutil

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

import feedback


def load_tables() -> sa.MetaData:
    """Every table of the domain: each package's `tables.py`."""
    for package in pkgutil.iter_modules(feedback.__path__, "feedback."):
        name = f"{package.name}.tables"
        if package.ispkg and importlib.util.find_spec(name):
            importlib.import_module(name)
    return SQLModel.metadata


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=load_tables(),
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
