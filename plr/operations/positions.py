"""The group's position on a case: the draft, its versions, and its issue."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import rfc8785
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, LearningItem, PanelEntry, Position, Task
from plr.db.session import rules_of
from plr.domain.actors import Actor
from plr.domain.outputs import OutputKind
from plr.domain.words import (
    ApprovalKind,
    ApprovalStatus,
    CaseStatus,
    Depth,
    PositionValue,
    Settled,
    TaskKind,
)
from plr.errors import InvalidInputError, NotEligibleError, Problem
from plr.operations import approvals, audit, cases, digest, documents, news, outputs, tasks, wakes

LONGEST_POINT = 300
MOST_POINTS = 7


@dataclass(frozen=True, slots=True)
class PositionText:
    """What a position says: one of five values, learning points, themes, dissent, and where else it goes."""

    value: PositionValue
    points: tuple[str, ...]
    themes: tuple[str, ...] = ()
    dissent: str | None = None
    for_learning: bool = False
    for_panel: bool = False

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical text: what an approval is about."""
        text = {
            "value": self.value.value,
            "points": list(self.points),
            "themes": list(self.themes),
            "dissent": self.dissent or "",
            "for_learning": self.for_learning,
            "for_panel": self.for_panel,
        }
        return hashlib.sha256(rfc8785.dumps(text)).hexdigest()


def check_text(session: Session, text: PositionText) -> None:
    """Raise InvalidInputError for missing points, too long ones or unknown themes."""
    problems = []
    if not text.points and text.value is not PositionValue.NO_VIEW:
        problems.append(Problem("points", "are missing.", "Write at least one point."))
    if len(text.points) > MOST_POINTS or any(len(point) > LONGEST_POINT for point in text.points):
        problems.append(
            Problem(
                "points",
                "are too many or too long.",
                f"Up to {MOST_POINTS} points of {LONGEST_POINT} characters.",
            )
        )
    if not set(text.themes) <= set(rules_of(session).codes.lists["themes"]):
        problems.append(Problem("themes", "has one that is not in the list.", "Choose from the list."))
    if problems:
        raise InvalidInputError(problems)


def latest(session: Session, reference: str) -> Position | None:
    """Return the newest version of a case's position."""
    statement = select(Position).filter_by(reference=reference).order_by(Position.version.desc()).limit(1)
    return session.scalars(statement).one_or_none()


def version(session: Session, reference: str, number: int) -> Position:
    """Return one version of a case's position."""
    return session.scalars(select(Position).filter_by(reference=reference, version=number)).one()


def text_of(position: Position) -> PositionText:
    """Return what a version says."""
    return PositionText(
        position.value,
        tuple(position.points),
        tuple(position.themes),
        position.dissent,
        position.for_learning,
        position.for_panel,
    )


def add_version(
    session: Session, reference: str, text: PositionText, *, written_by_id: int, now: datetime
) -> Position:
    """Keep the next version of a position."""
    check_text(session, text)
    before = latest(session, reference)
    position = Position(
        reference=reference,
        version=1 if before is None else before.version + 1,
        value=text.value,
        points=list(text.points),
        themes=list(text.themes),
        dissent=text.dissent,
        for_learning=text.for_learning,
        for_panel=text.for_panel,
        content_hash=text.content_hash,
        written_by_id=written_by_id,
        written_at=now,
    )
    session.add(position)
    session.flush()
    return position


def write(
    session: Session, reference: str, text: PositionText, *, person_id: int, by: Actor, now: datetime
) -> Position:
    """Take a draft or revision (full depth); any open approval of the older text is void."""
    case = cases.get(session, reference, lock=True)
    cases.check_going_on(case)
    task = _writing_task(session, reference)
    if task.person_id != person_id:
        raise NotEligibleError("Only the person asked to write this text can change it.")
    position = add_version(session, reference, text, written_by_id=person_id, now=now)
    approvals.void_for_changed_text(session, reference, "position", by=by, now=now)
    fields = documents.position_fields(session, case, position, now=now)
    source = f"position:{reference}:{position.version}"
    outputs.ask(session, case, OutputKind.POSITION, fields, draft=True, sources=[source], by=by, now=now)
    if case.status is CaseStatus.SYNTHESIS:
        cases.move(session, case, CaseStatus.DRAFT_POSITION, by=by, now=now)
    tasks.finish(session, task, by=by, now=now)
    note_written(session, position, by=by, now=now)
    wakes.wake(session, reference, "position-written", now=now)
    return position


def _writing_task(session: Session, reference: str) -> Task:
    for kind in (TaskKind.WRITE_POSITION, TaskKind.REVISE_POSITION):
        found = tasks.open_tasks(session, reference, kind)
        if found:
            return found[0]
    return tasks.the_open_task(session, reference, TaskKind.WRITE_POSITION)


def note_written(session: Session, position: Position, *, by: Actor, now: datetime) -> None:
    """Write into the audit that a version of a position was written, by its hash."""
    audit.record(
        session,
        position.reference,
        "position.written",
        f"position:{position.reference}:{position.version}",
        by=by,
        now=now,
        codes={"version": position.version, "content_hash": position.content_hash},
    )


def needs_the_group(session: Session, reference: str) -> bool:
    """Say whether a revision changed the position or the dissent, which only a meeting may agree."""
    agreed = session.scalars(
        select(Approval)
        .filter_by(reference=reference, kind=ApprovalKind.GROUP, status=ApprovalStatus.APPROVED)
        .order_by(Approval.settled_at.desc(), Approval.subject_version.desc())
        .limit(1)
    ).one_or_none()
    newest = latest(session, reference)
    if agreed is None or newest is None:
        return True
    before = version(session, reference, agreed.subject_version)
    return _agreed_part(before) != _agreed_part(newest)


def _agreed_part(position: Position) -> tuple[PositionValue, str]:
    return position.value, (position.dissent or "").strip()


def issue(session: Session, case: Case, *, approval_ids: Sequence[str], by: Actor, now: datetime) -> None:
    """Issue the agreed position: the document, themes and learning items, the Panel register, the news."""
    position = latest(session, case.reference)
    if position is None:
        raise AssertionError("An agreed case has a position.")
    cases.move(session, case, CaseStatus.ISSUED, by=by, now=now, version=position.version)
    case.issued_at = now
    _register(session, case, position, now=now)
    _document(session, case, position, approval_ids=approval_ids, by=by, now=now)
    digest.tell_offices(session, digest.TOLD_OFFICES, "N31", case, "reflection recorded", now=now)
    if case.depth is Depth.FULL:
        news.tell_submitter(session, case, Settled.ISSUED, now=now)


def issue_correction(
    session: Session, case: Case, *, approval_ids: Sequence[str], by: Actor, now: datetime
) -> None:
    """Issue the next version after an objection; the first stays, marked (decisions 94)."""
    position = latest(session, case.reference)
    if position is None:
        raise AssertionError("A corrected case has a position.")
    session.execute(delete(LearningItem).where(LearningItem.reference == case.reference))
    session.execute(delete(PanelEntry).where(PanelEntry.reference == case.reference))
    _register(session, case, position, now=now)
    _document(session, case, position, approval_ids=approval_ids, by=by, now=now)


def _register(session: Session, case: Case, position: Position, *, now: datetime) -> None:
    for number, point in enumerate(position.points, start=1):
        session.add(
            LearningItem(
                reference=case.reference, number=number, point=point, themes=position.themes, recorded_at=now
            )
        )
    if position.for_panel:
        session.add(PanelEntry(reference=case.reference, recorded_at=now))


def _document(
    session: Session, case: Case, position: Position, *, approval_ids: Sequence[str], by: Actor, now: datetime
) -> None:
    fields = documents.reflection_fields(session, case, position, now=now)
    source = f"position:{case.reference}:{position.version}"
    outputs.ask(
        session,
        case,
        OutputKind.COMMISSIONING_REFLECTION,
        fields,
        approvals=approval_ids,
        sources=[source],
        by=by,
        now=now,
    )
