"""Outputs: documents written once, by version, to shared storage."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base
from plr.domain.words import OutputStatus


class Output(Base):
    """One version of one document: its fields now, its file once the deliverer has written it."""

    __tablename__ = "output"
    __table_args__ = (UniqueConstraint("reference", "kind", "draft", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    draft: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int]
    title: Mapped[str]
    classification: Mapped[str] = mapped_column(String(20))
    day_on: Mapped[date]
    folder: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    fields: Mapped[dict[str, Any] | None]
    approvals: Mapped[list[Any]]
    sources: Mapped[list[Any]]
    status: Mapped[OutputStatus] = mapped_column(index=True)
    created_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    last_error: Mapped[str | None] = mapped_column(String(300))
    written_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int | None]
    mark: Mapped[str | None] = mapped_column(String(40))
