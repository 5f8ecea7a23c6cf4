"""The outbox (notices), and the links and codes that letters carry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base
from plr.domain.words import NoticeStatus


class Notice(Base):
    """A letter to one person: typed fields, rendered on demand; committed with its cause.

    `key` makes it unique for its cause. `link_to` names what its link opens (approval:ID, task:ID,
    receipt:ID), minted at hand-over, never stored.
    """

    __tablename__ = "notice"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    code: Mapped[str] = mapped_column(String(3), index=True)
    reference: Mapped[str | None] = mapped_column(String(40), index=True)
    approval_id: Mapped[str | None] = mapped_column(String(80), index=True)
    task_id: Mapped[int | None] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    fields: Mapped[dict[str, Any]]
    link_to: Mapped[str | None] = mapped_column(String(100))
    status: Mapped[NoticeStatus] = mapped_column(index=True)
    why: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_before: Mapped[datetime] = mapped_column(index=True)
    message_id: Mapped[str] = mapped_column(String(120))
    template_hash: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    claim_epoch: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    handing_over_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    repeated: Mapped[bool] = mapped_column(default=False)
    held: Mapped[bool] = mapped_column(default=False)
    last_error: Mapped[str | None] = mapped_column(String(300))
    settled_note: Mapped[str | None] = mapped_column(String(60))


class Link(Base):
    """A mailed link: the SHA-256 of its token, bound to a person and what it opens; it identifies nobody."""

    __tablename__ = "link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    notice_id: Mapped[str | None] = mapped_column(ForeignKey("notice.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    opens: Mapped[str] = mapped_column(String(100), index=True)
    made_at: Mapped[datetime]
    dead_at: Mapped[datetime | None]
    dead_reason: Mapped[str | None] = mapped_column(String(40))


class SignInCode(Base):
    """A 6-digit code on its way to a person's own address; bound to the browser that asked, used once.

    The digits are made when the letter is handed over and stored as a scrypt hash only.
    """

    __tablename__ = "sign_in_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    purpose: Mapped[str] = mapped_column(String(100))
    salt: Mapped[str | None] = mapped_column(String(32))
    code_hash: Mapped[str | None] = mapped_column(String(128))
    asked_at: Mapped[datetime]
    works_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]
    address_hash: Mapped[str] = mapped_column(String(64))
