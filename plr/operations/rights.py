"""Who may open a case and do what with it: denied unless a row here says yes (reliability T3, 8.2).

`RULES` is the table of roles, acts and states. The pages ask `may`; the operations call `require`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Output, Reflection, Task
from plr.domain.actors import Actor
from plr.domain.cases import AFTER_ISSUE, MOVES
from plr.domain.london import london_day
from plr.domain.outputs import Classification
from plr.domain.people import Directory
from plr.domain.words import CaseStatus, Depth, Office, TaskKind, TaskStatus, Via
from plr.errors import NotEligibleError
from plr.operations import approvals_letters, directory


class Act(StrEnum):
    """What may be done to a whole case."""

    HOLD = "hold"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    DECLINE = "decline"
    DEEPEN = "deepen"
    BREACH = "breach"
    REASSIGN = "reassign"


class Role(StrEnum):
    """What somebody is to a case."""

    CHAIR = "chair"
    SECRETARY = "secretary"
    SUBMITTER = "submitter"
    READER = "reader"
    """Whoever may open the case, or was asked something about it."""
    ASKED = "asked"
    """Who holds the open task for this very act."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do an act, and while a case is in which states."""

    roles: frozenset[Role]
    states: frozenset[CaseStatus]
    refusal: str


def _leading_to(status: CaseStatus) -> frozenset[CaseStatus]:
    return frozenset(before for before, after in MOVES.items() if status in after)


_S, _R = CaseStatus, Role
RULES: Mapping[Act, Rule] = MappingProxyType(
    {
        Act.HOLD: Rule(
            frozenset({_R.CHAIR, _R.SECRETARY}),
            _leading_to(_S.ON_HOLD),
            "Only the Chair or the secretary puts a case on hold.",
        ),
        Act.RESUME: Rule(
            frozenset({_R.CHAIR, _R.SECRETARY}),
            frozenset({_S.ON_HOLD}),
            "Only the Chair or the secretary takes a case off hold.",
        ),
        Act.WITHDRAW: Rule(
            frozenset({_R.SUBMITTER, _R.CHAIR, _R.SECRETARY}),
            _leading_to(_S.WITHDRAWN),
            "Only who sent the review, the Chair or the secretary withdraws it.",
        ),
        Act.DECLINE: Rule(
            frozenset({_R.CHAIR}), _leading_to(_S.DECLINED) - AFTER_ISSUE, "Only the Chair declines a review."
        ),
        Act.DEEPEN: Rule(
            frozenset({_R.CHAIR}), frozenset({_S.REFLECTING}), "Only the Chair has a case looked at deeper."
        ),
        Act.BREACH: Rule(
            frozenset({_R.READER}),
            _leading_to(_S.BREACH),
            "Only who may open a case can say that somebody is identified in it.",
        ),
        Act.REASSIGN: Rule(
            frozenset({_R.ASKED, _R.SECRETARY}),
            frozenset({_S.REFLECTING}),
            "Only who is asked for other reflectors, or the secretary, chooses them.",
        ),
    }
)
_OFFICE_OF: Mapping[Role, Office] = MappingProxyType(
    {Role.CHAIR: Office.CHAIR, Role.SECRETARY: Office.SECRETARY}
)
_TASK_OF: Mapping[Act, TaskKind] = MappingProxyType({Act.REASSIGN: TaskKind.REASSIGN})

# Offices that look after cases; the others read reports, keep machines running or support colleagues.
_CASE_OFFICES = frozenset(Office) - {Office.EXECUTIVE, Office.IT_CONTACT, Office.PEER_SUPPORTER}
SEES_BREACH = frozenset({Office.CHAIR, Office.DATA_PROTECTION_LEAD})
WRITING = frozenset({TaskKind.WRITE_POSITION, TaskKind.REVISE_POSITION})
_SHOWN_TO_ALL = frozenset(
    {CaseStatus.DRAFT_POSITION, CaseStatus.GROUP_AGREED, CaseStatus.APPROVED, CaseStatus.ISSUED}
    | {CaseStatus.FOLLOW_UP, CaseStatus.CLOSED}
)


# ---- acts


def may(session: Session, person_id: int, act: Act, case: Case, *, now: datetime) -> bool:
    """Say whether a person may do this to a case as it stands now."""
    return _fits(session, act, case) and has_right(session, person_id, act, case, now=now)


def _fits(session: Session, act: Act, case: Case) -> bool:
    if case.status not in RULES[act].states:
        return False
    if act is Act.DECLINE:
        return case.issued_at is None
    if act is Act.DEEPEN:
        return case.depth is Depth.LIGHT
    return act not in _TASK_OF or bool(_asked(session, case.reference, _TASK_OF[act]))


def has_right(session: Session, person_id: int, act: Act, case: Case, *, now: datetime) -> bool:
    """Say whether a person is somebody who may do this to a case, whatever its state. Nobody in conflict."""
    if person_id in directory.interested(session, case.reference):
        return False
    people = directory.load(session, on=london_day(now))
    if not people.is_active(person_id):
        return False
    return any(_is(session, people, person_id, role, act, case) for role in RULES[act].roles)


def _is(session: Session, people: Directory, person_id: int, role: Role, act: Act, case: Case) -> bool:
    if role in _OFFICE_OF:
        return _acts_for(session, people, person_id, _OFFICE_OF[role], case.reference)
    if role is Role.SUBMITTER:
        return person_id == case.submitter_id
    if role is Role.ASKED:
        return person_id in _asked(session, case.reference, _TASK_OF[act])
    return may_open_with(session, people, person_id, case) or _was_asked(session, person_id, case.reference)


def require(session: Session, by: Actor, act: Act, case: Case, *, now: datetime) -> None:
    """Raise NotEligibleError unless whoever acts has the right: their own, or the secretary for its holder.

    The engine passes: what it does follows from an answer that was checked.
    """
    if by.person_id is None and by.via is Via.ENGINE:
        return
    refusal = NotEligibleError(RULES[act].refusal)
    if by.person_id is None:
        raise refusal
    if by.for_id is not None:
        recorder = acts_for(session, by.person_id, Office.SECRETARY, case.reference, now=now)
        if by.person_id in directory.interested(session, case.reference) or not recorder:
            raise refusal
    holder = by.person_id if by.for_id is None else by.for_id
    if not has_right(session, holder, act, case, now=now):
        raise refusal


def acts_for(session: Session, person_id: int, office: Office, reference: str, *, now: datetime) -> bool:
    """Say whether somebody holds an office, or is next in line while nobody of it can act."""
    return _acts_for(session, directory.load(session, on=london_day(now)), person_id, office, reference)


def _acts_for(session: Session, people: Directory, person_id: int, office: Office, reference: str) -> bool:
    if person_id in people.holders(office):
        return True
    chosen = people.first_in_line(office, barred=directory.interested(session, reference))
    return chosen is not None and chosen.person_id == person_id


def _asked(session: Session, reference: str, kind: TaskKind) -> list[int | None]:
    statement = select(Task.person_id).where(
        Task.reference == reference, Task.kind == kind, Task.status == TaskStatus.OPEN
    )
    return list(session.scalars(statement))


# ---- reading


def may_open(session: Session, person_id: int, case: Case, *, now: datetime) -> bool:
    """Say whether somebody may open a case: members, submitter, offices, those asked; nobody in conflict."""
    return may_open_with(session, directory.load(session, on=london_day(now)), person_id, case)


def may_open_with(session: Session, people: Directory, person_id: int, case: Case) -> bool:
    """Say the same for many cases, with the directory of the day."""
    if person_id in directory.interested(session, case.reference):
        return False
    offices = set(people.offices_of(person_id))
    if case.status is CaseStatus.BREACH:
        return bool(SEES_BREACH & offices) or _clears(session, person_id, case.reference)
    if people.is_member(person_id) or person_id == case.submitter_id or _CASE_OFFICES & offices:
        return True
    return _is_asked(session, person_id, case.reference)


def _clears(session: Session, person_id: int, reference: str) -> bool:
    return open_task(session, person_id, reference, frozenset({TaskKind.CLEAR_BREACH})) is not None


def _is_asked(session: Session, person_id: int, reference: str) -> bool:
    task = select(Task.id).where(
        Task.reference == reference, Task.person_id == person_id, Task.status == TaskStatus.OPEN
    )
    asked = select(Approval.id).where(
        Approval.reference == reference,
        or_(Approval.holder_id == person_id, Approval.on_behalf_of_id == person_id),
    )
    return session.scalar(task.limit(1)) is not None or session.scalar(asked.limit(1)) is not None


def _was_asked(session: Session, person_id: int, reference: str) -> bool:
    # Also once it is done: a checker's answer ends the check before it hides the case.
    statement = select(Task.id).where(Task.reference == reference, Task.person_id == person_id)
    return session.scalar(statement.limit(1)) is not None


def may_open_approval(session: Session, person_id: int, row: Approval, *, now: datetime) -> bool:
    """Say whether somebody may open a question: those asked, their deputy, the secretary, the Chair."""
    if person_id in directory.interested(session, row.reference):
        return False
    people = directory.load(session, on=london_day(now))
    if {Office.SECRETARY, Office.CHAIR} & set(people.offices_of(person_id)):
        return True
    asked = {
        row.holder_id,
        row.on_behalf_of_id,
        row.first_holder_id,
        approvals_letters.deputy_of(people, row),
    }
    if row.office is not None and row.holder_id is not None:
        asked.add(people.delegate_of(row.holder_id, row.office))
    return person_id in asked


def open_task(session: Session, person_id: int, reference: str, kinds: frozenset[TaskKind]) -> Task | None:
    """Return the first open task of a person in a case."""
    statement = select(Task).where(
        Task.reference == reference,
        Task.person_id == person_id,
        Task.status == TaskStatus.OPEN,
        Task.kind.in_(kinds),
    )
    return session.scalars(statement.order_by(Task.id).limit(1)).one_or_none()


def may_read_reflections(session: Session, person_id: int, case: Case, *, now: datetime) -> bool:
    """Say whether somebody may read single reflections: the writer, Chair, Vice-Chair, secretary."""
    offices = set(directory.load(session, on=london_day(now)).offices_of(person_id))
    return person_id != case.submitter_id and (
        bool({Office.CHAIR, Office.VICE_CHAIR, Office.SECRETARY} & offices)
        or open_task(session, person_id, case.reference, WRITING) is not None
    )


def may_read_output(session: Session, person_id: int, case: Case, output: Output, *, now: datetime) -> bool:
    """Say whether somebody who may open a case may read one of its documents, by its class."""
    if output.classification != Classification.RESTRICTED.value:
        return True
    if may_read_reflections(session, person_id, case, now=now):
        return True
    # The draft is the paper of a meeting: members read it there, its submitter does not.
    is_member = directory.load(session, on=london_day(now)).is_member(person_id)
    return is_member and person_id != case.submitter_id and case.status in _SHOWN_TO_ALL


def reflection_of(session: Session, reference: str, person_id: int) -> Reflection | None:
    """Return somebody's reflection on a case, asked for or given."""
    return session.scalars(
        select(Reflection).filter_by(reference=reference, person_id=person_id)
    ).one_or_none()


def has_reflections(session: Session, case: Case) -> bool:
    """Say whether somebody has reflected on a case."""
    statement = select(Reflection.id).filter_by(reference=case.reference, state="in").limit(1)
    return session.scalar(statement) is not None
