"""One case told act by act over a database, its process carried on in this process: no mail, no worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from flows.commissioning import commissioning_reflection
from plr.db.models import Approval, Case, Interest, Notice, Task
from plr.db.session import Database
from plr.domain.words import Answer, ApprovalStatus, CaseStatus, NoticeStatus, TaskStatus
from plr.operations.upkeep import UPKEEP
from tests.faults import journeys
from tests.faults.journeys import BEGINNING, Do
from tests.faults.world import import_people

EXTERNAL_REF = "sender-2027-1"
REFLECTORS = (journeys.RACHEL, journeys.MARCUS, journeys.OWEN)


@dataclass
class Story:
    """The invented people of the example file, one case, and the time."""

    database: Database
    now: datetime = BEGINNING

    def __post_init__(self) -> None:
        import_people(self.database, self.now)

    def do(self, act: Do) -> None:
        """Let somebody act, and nothing follow yet."""
        self.database.run(lambda session: act(session, EXTERNAL_REF, self.now))

    def act(self, *acts: Do) -> None:
        """Let people act, and what follows follow."""
        for act in acts:
            self.do(act)
            self.carry()

    def until(self, at: datetime) -> None:
        """Let the time come, and what it brings."""
        self.now = at
        self.carry()

    def later(self, **length: float) -> None:
        self.until(self.now + timedelta(**length))

    def keep(self) -> None:
        """What the sweep does."""
        for task in UPKEEP:
            self.database.run(lambda session, task=task: task(session, self.now))  # type: ignore[misc] # bound now

    def carry(self) -> None:
        self.keep()
        if self.reference:
            commissioning_reflection.plain(self.reference, self.database, now=lambda: self.now)

    @property
    def reference(self) -> str:
        with self.database.reading() as session:
            return session.scalar(select(Case.reference).filter_by(external_ref=EXTERNAL_REF)) or ""

    def status(self) -> CaseStatus:
        return self.case.status

    @property
    def case(self) -> Case:
        with self.database.reading() as session:
            return session.get_one(Case, self.reference)

    def id(self, code: str) -> int:
        with self.database.reading() as session:
            return journeys.id_of(session, code)

    def letters(self, code: str | None = None) -> list[str]:
        """The letters about the case that still count, such as "N24 p01"."""
        statement = select(Notice).filter_by(reference=self.reference)
        statement = statement.where(Notice.status != NoticeStatus.CANCELLED)
        with self.database.reading() as session:
            rows = session.scalars(statement).all()
        wanted = [row for row in rows if code in {None, row.code}]
        return sorted(f"{row.code} {row.address.partition('@')[0]}" for row in wanted)

    def open_tasks(self) -> list[tuple[str, int | None]]:
        statement = select(Task).filter_by(reference=self.reference, status=TaskStatus.OPEN).order_by(Task.id)
        with self.database.reading() as session:
            return [(task.kind.value, task.person_id) for task in session.scalars(statement)]

    def open_questions(self) -> list[str]:
        statement = select(Approval.id).filter_by(reference=self.reference, status=ApprovalStatus.OPEN)
        with self.database.reading() as session:
            return list(session.scalars(statement.order_by(Approval.id)))

    def interested(self) -> set[int]:
        with self.database.reading() as session:
            return set(session.scalars(select(Interest.person_id).filter_by(reference=self.reference)))

    # ---- how far a case has come

    def logged(self) -> None:
        self.act(journeys.submit())

    def on_agenda(self) -> None:
        """Light: read by the checker, waiting for a meeting."""
        self.act(journeys.submit(), journeys.check("clean"))

    def before_chair(self) -> None:
        """Full: the Chair is asked to take it on."""
        self.on_agenda()
        self.act(journeys.deepen)

    def taken_on(self) -> None:
        """Full: Rachel, Marcus and Owen are asked to reflect."""
        self.before_chair()
        self.act(journeys.triage(Answer.APPROVE, *REFLECTORS))

    def reflected(self) -> None:
        """Full: all three reflections are in; the secretary is asked to write."""
        self.taken_on()
        self.act(*(journeys.reflect(code) for code in REFLECTORS))

    def drafted(self) -> None:
        """Full: the draft waits for a meeting."""
        self.reflected()
        self.act(journeys.write("One point, at length."))

    def agreed(self) -> None:
        """Full: a meeting agreed; the Chair is asked about the text."""
        self.drafted()
        self.act(journeys.agree("7.2"))
