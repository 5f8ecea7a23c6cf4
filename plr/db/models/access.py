"""Who is signed in, which browsers are remembered, who opened what, what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base


class WebSession(Base):
    """A signed-in browser: a hashed 256-bit id, idle 60 minutes, 12 hours at most (reliability T4)."""

    __tablename__ = "web_session"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    via: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RememberedBrowser(Base):
    """A browser its person chose to remember for 90 days; revocable."""

    __tablename__ = "remembered_browser"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    began_at: Mapped[datetime]
    works_until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class FormPost(Base):
    """A form already handled: the second press finds the first's result by its form id."""

    __tablename__ = "form_post"

    form_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    result: Mapped[str] = mapped_column(String(300))
    posted_at: Mapped[datetime]


class AccessEntry(Base):
    """Who opened a restricted record, when, and why that was allowed."""

    __tablename__ = "access_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reference: Mapped[str] = mapped_column(String(40), index=True)
    what: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class SecurityEntry(Base):
    """A refusal worth counting; holds codes, never values."""

    __tablename__ = "security_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]]
