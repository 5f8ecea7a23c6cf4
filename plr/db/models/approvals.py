"""Approvals (questions) and answers: one approval row for each office asked (decisions 4)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from plr.db.models.base import Base
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, Office


class Approval(Base):
    """One office asked one question about one text.

    Rows of the same `ask` (reference, kind and round) are settled together by the kind's pattern.
    """

    __tablename__ = "approval"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    ask: Mapped[str] = mapped_column(String(80), index=True)
    reference: Mapped[str] = mapped_column(ForeignKey("case.reference"), index=True)
    kind: Mapped[ApprovalKind]
    office: Mapped[Office | None]
    group: Mapped[str | None] = mapped_column(String(60))
    turn: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=1)
    question: Mapped[str]
    status: Mapped[ApprovalStatus] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(String(40))
    subject_version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    first_holder_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    deputy_from_on: Mapped[date | None]
    asked_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    settled_at: Mapped[datetime | None]
    supersedes_id: Mapped[str | None] = mapped_column(ForeignKey("approval.id"))
    void_reason: Mapped[str | None] = mapped_column(String(60))


class AnswerRecord(Base):
    """One person's answer. A person's counted answer to an approval exists once; voided ones stay."""

    __tablename__ = "answer"
    __table_args__ = (
        Index(
            "uq_answer_counted",
            "approval_id",
            unique=True,
            sqlite_where=text("voided_at IS NULL"),
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[Answer]
    reason: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    answered_at: Mapped[datetime]
    via: Mapped[str] = mapped_column(String(20))
    proof: Mapped[str | None] = mapped_column(String(80))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    how_told: Mapped[str | None]
    when_told: Mapped[str | None]
    note: Mapped[str | None] = mapped_column(Text)
    object_until_on: Mapped[date | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(String(60))


class Question(Base):
    """A question somebody asked before answering; the approval stays open, its date stays."""

    __tablename__ = "question"

    id: Mapped[int] = mapped_column(primary_key=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey("approval.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None]
