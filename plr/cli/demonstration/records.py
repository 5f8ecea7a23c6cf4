"""Looking into the records, without ever changing one: what is still in hand, and where each case stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from plr import clock, settings
from plr.cli.demonstration.telling import StoryError
from plr.db.models import Approval, Case, Installation, Notice, Output, Person, Wake
from plr.db.session import Database
from plr.domain.wording import listed, plural
from plr.domain.words import ApprovalKind, ApprovalStatus, NoticeStatus, OutputStatus

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class InHand:
    """What the worker has still to do at this instant."""

    cases: int
    letters: int
    documents: int

    @property
    def nothing(self) -> bool:
        """Whether all is done."""
        return not (self.cases or self.letters or self.documents)

    def __str__(self) -> str:
        counted = ((self.cases, "case"), (self.letters, "letter"), (self.documents, "document"))
        return listed([plural(count, noun) for count, noun in counted if count] or ["nothing"])


@dataclass(slots=True)
class Records:
    """The demonstration's database, for looking only."""

    database: Database

    @classmethod
    def open(cls) -> Records:
        """Open the records of this process's home."""
        loaded = settings.load()
        return cls(Database(loaded.database_url, settings.load_rules(loaded)))

    def close(self) -> None:
        """Close them."""
        self.database.engine.dispose()

    def in_hand(self) -> InHand:
        """Return what is still to do now."""
        with self.database.reading() as session:
            awake = select(Wake.reference)
            cases = select(func.count()).where(or_(Case.reference.in_(awake), Case.lease_until.is_not(None)))
            return InHand(
                session.scalar(cases) or 0,
                session.scalar(select(func.count()).where(_is_due())) or 0,
                session.scalar(select(func.count()).where(Output.status == OutputStatus.WAITING)) or 0,
            )

    def wait_until_done(self, seconds: float = 90) -> None:
        """Wait until nothing is left to do. Raises StoryError, saying what is."""
        wait_for(lambda: self.in_hand().nothing, lambda: f"{self.in_hand()} still to do", seconds)

    def wait_swept(self, since: datetime, seconds: float = 60) -> None:
        """Wait until the sweep has looked at everything twice since an instant of our clock.

        Twice: the sweep writes down when it looked before it looks.
        """
        seen: list[datetime] = []

        def twice() -> bool:
            with self.database.reading() as session:
                swept_at = session.scalar(select(Installation.swept_at))
            if swept_at is not None and swept_at >= since and swept_at not in seen:
                seen.append(swept_at)
            return len(seen) > 1

        wait_for(twice, lambda: "the worker has not looked at what is due", seconds)

    def wait_state(self, reference: str, status: str, seconds: float = 60) -> None:
        """Wait until a case is in a state. Raises StoryError, saying in which it is."""
        wait_for(
            lambda: self.status(reference) == status,
            lambda: f"{reference} is {self.status(reference)}, not {status}",
            seconds,
        )

    def status(self, reference: str) -> str:
        """Return a case's state."""
        with self.database.reading() as session:
            return session.get_one(Case, reference).status.value

    def review_type(self, reference: str) -> str:
        """Return what kind of review a case is about."""
        with self.database.reading() as session:
            return session.get_one(Case, reference).review_type

    def question(self, reference: str, kind: ApprovalKind) -> str:
        """Return the id of a case's open question. Raises StoryError."""
        with self.database.reading() as session:
            statement = select(Approval.id).filter_by(
                reference=reference, kind=kind, status=ApprovalStatus.OPEN
            )
            found = session.scalars(statement).first()
        if found is None:
            raise StoryError(f"Nobody is asked about {reference} ({kind.value}).")
        return found

    def addresses(self) -> dict[str, str]:
        """Return everybody's address by their id."""
        with self.database.reading() as session:
            return {person.code: person.email for person in session.scalars(select(Person))}


def _is_due() -> ColumnElement[bool]:
    waiting = and_(Notice.status == NoticeStatus.WAITING, Notice.not_before <= clock.now())
    return or_(waiting, Notice.status == NoticeStatus.SENDING)


def wait_for(done: Callable[[], bool], otherwise: Callable[[], str], seconds: float) -> None:
    """Look until something is done. Raises StoryError with what is wrong otherwise."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise StoryError(f"After {seconds:.0f} seconds: {otherwise()}.")
        time.sleep(_LOOK_SECONDS)
