"""The audit: hash chains, one for each case and one for the system (reliability 5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base


class AuditHead(Base):
    """The length and head of one chain; locked from append to commit."""

    __tablename__ = "audit_head"

    chain: Mapped[str] = mapped_column(String(40), primary_key=True)
    length: Mapped[int]
    head: Mapped[str] = mapped_column(String(64))


class AuditEntry(Base):
    """One entry. `text` is the canonical form that is hashed; verify compares the other columns with it."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("chain", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(60))
    on_behalf_of: Mapped[str | None] = mapped_column(String(60))
    via: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    record_hash: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    prev: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class RecordSalt(Base):
    """The salt of a record's hash; deleting a record blanks it, and the chain still verifies."""

    __tablename__ = "record_salt"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    salt: Mapped[str | None] = mapped_column(String(64))
