"""Alembic's entry: works on the connection or engine handed to it, and writes migrations people can read."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, Engine, Enum

from plr.db.models import Base
from plr.db.models.base import UtcDateTime


def run() -> None:
    handed = context.config.attributes.get("connection")
    if isinstance(handed, Connection):
        migrate(handed)
    elif isinstance(handed, Engine):
        with handed.begin() as connection:
            migrate(connection)
    else:
        raise TypeError("Migrations run through plr.db.schema: use `plr db upgrade`.")


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=context.config.attributes.get("render_as_batch", True),
        render_item=in_plain_types,
        compare_type=True,
        # Both databases roll a table's change back; Alembic believes SQLite cannot.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def in_plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A migration is history: it names the database's types, never our models'."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, Enum):
        return f"sa.String({item.length})"
    if isinstance(item, JSON):
        return "sa.JSON()"
    return False


run()
