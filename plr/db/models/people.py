"""People, their dated offices, leave and interests."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plr.db.models.base import Base
from plr.domain.words import Nation, Office


class Person(Base):
    """A person the system knows. `member`: in the group, with the Association's membership in force."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    nation: Mapped[Nation]
    region: Mapped[str | None] = mapped_column(String(9))
    discipline: Mapped[str | None] = mapped_column(String(60))
    member: Mapped[bool] = mapped_column(default=False)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    joined_at: Mapped[datetime]
    last_day_on: Mapped[date | None]
    undeliverable: Mapped[bool] = mapped_column(default=False)

    roles: Mapped[list[Role]] = relationship(back_populates="person", order_by="Role.id")
    leaves: Mapped[list[Leave]] = relationship(
        back_populates="person", foreign_keys="Leave.person_id", order_by="Leave.id"
    )

    @property
    def given_name(self) -> str:
        """The name a letter greets the person by."""
        return self.name.split()[0]


class Role(Base):
    """An office held for dates, both included; an open end is None."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    office: Mapped[Office]
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]

    person: Mapped[Person] = relationship(back_populates="roles")


class Leave(Base):
    """Days away, both included, with the person who decides meanwhile."""

    __tablename__ = "leave"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    from_on: Mapped[date]
    to_on: Mapped[date]
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(back_populates="leaves", foreign_keys=[person_id])


class Interest(Base):
    """A declared interest of one person in one case: out of the item, its letters and its pages."""

    __tablename__ = "interest"
    __table_args__ = (UniqueConstraint("person_id", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reference: Mapped[str] = mapped_column(String(40), index=True)
    declared_at: Mapped[datetime]
