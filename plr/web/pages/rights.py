"""Who may open and do what with a case: denied unless a rule here says yes (reliability T3, 8.2)."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plr.db.models import AccessEntry, Approval, Case, Output, Reflection, Task
from plr.domain.cases import ENDED
from plr.domain.london import london_day
from plr.domain.outputs import Classification
from plr.domain.words import CaseStatus, Office, TaskKind, TaskStatus
from plr.errors import NotFoundError, NotYoursError
from plr.operations import approvals_letters, cases, directory
from plr.web.pages.visits import Viewer, Visit

_REFERENCE = re.compile(r"[A-Z]{2,4}(?:-[A-Z]{1,2})?-[0-9]{4}-[0-9]{2,9}")
_APPROVAL = re.compile(r"A-[A-Z0-9-]{5,70}")
# Offices that look after cases; the others read reports, keep machines running or support colleagues.
_CASE_OFFICES = frozenset(Office) - {Office.EXECUTIVE, Office.IT_CONTACT, Office.PEER_SUPPORTER}
_SEES_BREACH = frozenset({Office.CHAIR, Office.DATA_PROTECTION_LEAD})


def case_for(session: Session, viewer: Viewer, reference: str) -> Case:
    """Return a case that this person may open; "not there" and "not yours" are the same."""
    if not _REFERENCE.fullmatch(reference):
        raise NotFoundError("There is no such case.")
    case = cases.get(session, reference)
    if not may_open(session, viewer, case):
        raise NotYoursError("There is no such case.")
    return case


def may_open(session: Session, viewer: Viewer, case: Case) -> bool:
    """Say whether somebody may open a case: members, submitter, offices, those asked; nobody in conflict."""
    if viewer.id in directory.interested(session, case.reference):
        return False
    if case.status is CaseStatus.BREACH:
        return bool(_SEES_BREACH & set(viewer.offices))
    if viewer.member or viewer.id == case.submitter_id or _CASE_OFFICES & set(viewer.offices):
        return True
    return _is_asked(session, viewer.id, case.reference)


def _is_asked(session: Session, person_id: int, reference: str) -> bool:
    task = select(Task.id).where(
        Task.reference == reference, Task.person_id == person_id, Task.status == TaskStatus.OPEN
    )
    asked = select(Approval.id).where(
        Approval.reference == reference,
        or_(Approval.holder_id == person_id, Approval.on_behalf_of_id == person_id),
    )
    return session.scalar(task.limit(1)) is not None or session.scalar(asked.limit(1)) is not None


def approval_for(session: Session, viewer: Viewer, approval_id: str, *, now: datetime) -> Approval:
    """Return an approval that this person may open: those asked, their deputy, the secretary, the Chair."""
    row = session.get(Approval, approval_id) if _APPROVAL.fullmatch(approval_id) else None
    if row is None or not _may_open_approval(session, viewer, row, now=now):
        raise NotFoundError("There is no such question.")
    return row


def _may_open_approval(session: Session, viewer: Viewer, row: Approval, *, now: datetime) -> bool:
    if viewer.id in directory.interested(session, row.reference):
        return False
    if {Office.SECRETARY, Office.CHAIR} & set(viewer.offices):
        return True
    people = directory.load(session, on=london_day(now))
    asked = {
        row.holder_id,
        row.on_behalf_of_id,
        row.first_holder_id,
        approvals_letters.deputy_of(people, row),
    }
    if row.office is not None and row.holder_id is not None:
        asked.add(people.delegate_of(row.holder_id, row.office))
    return viewer.id in asked


def acts_for(session: Session, viewer: Viewer, office: Office, reference: str, on: date) -> bool:
    """Say whether somebody holds an office, or is next in line while nobody of it can act."""
    people = directory.load(session, on=on)
    if viewer.id in people.holders(office):
        return True
    chosen = people.first_in_line(office, barred=directory.interested(session, reference))
    return chosen is not None and chosen.person_id == viewer.id


def require(allowed: bool) -> None:  # noqa: FBT001 - reads as a sentence: require(may_hold)
    """Answer somebody without the right as if there were no such page."""
    if not allowed:
        raise NotYoursError("There is no such page.")


def may_hold(session: Session, viewer: Viewer, case: Case, on: date) -> bool:
    """Say whether somebody may put a case on hold or take it off: Chair and secretary."""
    return case.status not in ENDED and (
        Office.SECRETARY in viewer.offices or acts_for(session, viewer, Office.CHAIR, case.reference, on)
    )


def may_withdraw(session: Session, viewer: Viewer, case: Case, on: date) -> bool:
    """Say whether somebody may take a review back: its submitter, the Chair, the secretary for either."""
    return case.status not in ENDED and (
        viewer.id == case.submitter_id or may_hold(session, viewer, case, on)
    )


def may_decline(session: Session, viewer: Viewer, case: Case, on: date) -> bool:
    """Say whether somebody may decline a case or look deeper: the Chair."""
    return case.status not in ENDED and acts_for(session, viewer, Office.CHAIR, case.reference, on)


def open_task(session: Session, person_id: int, reference: str, kinds: frozenset[TaskKind]) -> Task | None:
    """Return the first open task of a person in a case."""
    statement = select(Task).where(
        Task.reference == reference,
        Task.person_id == person_id,
        Task.status == TaskStatus.OPEN,
        Task.kind.in_(kinds),
    )
    return session.scalars(statement.order_by(Task.id).limit(1)).one_or_none()


WRITING = frozenset({TaskKind.WRITE_POSITION, TaskKind.REVISE_POSITION})
_SHOWN_TO_ALL = frozenset(
    {CaseStatus.DRAFT_POSITION, CaseStatus.GROUP_AGREED, CaseStatus.APPROVED, CaseStatus.ISSUED}
    | {CaseStatus.FOLLOW_UP, CaseStatus.CLOSED}
)


def may_read_reflections(session: Session, viewer: Viewer, case: Case) -> bool:
    """Say whether somebody may read single reflections: the writer, Chair, Vice-Chair, secretary."""
    offices = {Office.CHAIR, Office.VICE_CHAIR, Office.SECRETARY} & set(viewer.offices)
    return viewer.id != case.submitter_id and (
        bool(offices) or open_task(session, viewer.id, case.reference, WRITING) is not None
    )


def may_read_output(session: Session, viewer: Viewer, case: Case, output: Output) -> bool:
    """Say whether somebody who may open a case may read one of its documents, by its class."""
    if output.classification != Classification.RESTRICTED.value:
        return True
    if may_read_reflections(session, viewer, case):
        return True
    # The draft is the paper of a meeting: members read it there, its submitter does not.
    return viewer.member and viewer.id != case.submitter_id and case.status in _SHOWN_TO_ALL


def note_opening(visit: Visit, reference: str, what: str, why: str) -> None:
    """Note that somebody opened a restricted record; a HEAD opens nothing."""
    viewer = visit.viewer
    if viewer is None or getattr(visit.request.state, "head", False):
        return

    def operation(session: Session) -> None:
        session.add(
            AccessEntry(person_id=viewer.id, reference=reference, what=what[:80], why=why[:80], at=visit.now)
        )

    visit.house.database.run(operation)


def reflection_of(session: Session, reference: str, person_id: int) -> Reflection | None:
    """Return somebody's reflection on a case, asked for or given."""
    return session.scalars(
        select(Reflection).filter_by(reference=reference, person_id=person_id)
    ).one_or_none()


def may_reassign(session: Session, viewer: Viewer, case: Case) -> bool:
    """Say whether somebody may choose other reflectors now: the Chair who is asked, or the secretary."""
    statement = select(Task.person_id).where(
        Task.reference == case.reference, Task.kind == TaskKind.REASSIGN, Task.status == TaskStatus.OPEN
    )
    asked = list(session.scalars(statement))
    return bool(asked) and (viewer.id in asked or Office.SECRETARY in viewer.offices)


def may_report_breach(case: Case) -> bool:
    """Say whether a case can still be hidden; everybody who may open it may say what they see."""
    return case.status not in ENDED


def has_reflections(session: Session, case: Case) -> bool:
    """Say whether somebody has reflected on a case."""
    statement = select(Reflection.id).filter_by(reference=case.reference, state="in").limit(1)
    return session.scalar(statement) is not None
