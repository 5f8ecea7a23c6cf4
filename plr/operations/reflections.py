"""Reflectors and their reflections (full depth). Single reflections are restricted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Case, Person, Reflection, Task
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.cases import ENDED
from plr.domain.london import london_day
from plr.domain.notices import DigestLine
from plr.domain.reflecting import Reflector, faults, preset, state
from plr.domain.words import CaseStatus, Office, PositionValue, TaskKind
from plr.errors import InvalidInputError, NotEligibleError, Problem, WrongMomentError
from plr.operations import approvals, audit, cases, digest, directory, rights, tasks, wakes

NO_LAWFUL_REFLECTORS = "no-lawful-reflectors"


def candidates(session: Session, case: Case, *, now: datetime) -> list[Person]:
    """Return the members who may reflect: active, in no conflict, not the submitter, not asked before."""
    interested = directory.interested(session, case.reference)
    asked = set(session.scalars(select(Reflection.person_id).filter_by(reference=case.reference)))
    people = directory.load(session, on=london_day(now))
    statement = select(Person).where(Person.member).order_by(Person.id)
    return [
        person
        for person in session.scalars(statement)
        if people.is_active(person.id)
        and person.id not in interested | asked
        and person.id != case.submitter_id
        and not person.undeliverable
    ]


def lawful_preset(session: Session, case: Case, *, now: datetime) -> list[int]:
    """Return a lawful choice of reflectors to begin with (decisions 87)."""
    rule = rules_of(session).commissioning
    return preset([_reflector(person) for person in candidates(session, case, now=now)], case.region, rule)


def check_choice(session: Session, case: Case, chosen: Sequence[int], *, now: datetime) -> None:
    """Raise InvalidInputError unless these people may reflect, and are enough and different enough."""
    allowed = {person.id: person for person in candidates(session, case, now=now)}
    if not set(chosen) <= set(allowed):
        problem = Problem("reflectors", "names somebody who cannot reflect.", "Choose from the list.")
        raise InvalidInputError([problem])
    people = [_reflector(allowed[person_id]) for person_id in dict.fromkeys(chosen)]
    missing = faults(people, case.region, rules_of(session).commissioning)
    if missing:
        raise InvalidInputError([Problem("reflectors", "are not enough.", text) for text in missing])


def _reflector(person: Person) -> Reflector:
    return Reflector(person.id, person.discipline, person.region)


def choose(session: Session, reference: str, chosen: Sequence[int], *, by: Actor, now: datetime) -> None:
    """Keep the reflectors that the Chair chose with the approval; they are asked by the process."""
    case = cases.get(session, reference, lock=True)
    check_choice(session, case, chosen, now=now)
    _add(session, case, chosen, working_days=None, wave=1, now=now)
    codes = {"people": [str(person_id) for person_id in chosen]}
    audit.record(session, reference, "reflectors.chosen", f"case:{reference}", by=by, now=now, codes=codes)


def reassign(
    session: Session,
    reference: str,
    chosen: Sequence[int],
    *,
    reason: str | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Release those who have not answered and ask others instead (once, +5 working days)."""
    case = cases.get(session, reference, lock=True)
    task = tasks.the_open_task(session, reference, TaskKind.REASSIGN)
    rights.require(session, by, rights.Act.REASSIGN, case, now=now)
    if case.status is not CaseStatus.REFLECTING:
        raise WrongMomentError(
            "Others are asked while a case is reflected on. Open it to see where it stands."
        )
    if not chosen or not set(chosen) <= {person.id for person in candidates(session, case, now=now)}:
        raise InvalidInputError([Problem("reflectors", "are missing.", "Choose at least one from the list.")])
    release(session, reference, by=by, now=now)
    case.reason = reason or case.reason
    if case.attention == NO_LAWFUL_REFLECTORS:
        case.attention = None
    days = rules_of(session).commissioning.reassign_working_days
    _add(session, case, chosen, working_days=days, wave=2, now=now)
    tasks.finish(session, task, by=by, now=now)
    codes = {"people": [str(person_id) for person_id in chosen]}
    audit.record(
        session, reference, "reflectors.reassigned", f"case:{reference}", by=by, now=now, codes=codes
    )
    wakes.wake(session, reference, "reassigned", now=now)


def _add(
    session: Session, case: Case, chosen: Sequence[int], *, working_days: int | None, wave: int, now: datetime
) -> None:
    # Counted from the digest that asks them (decisions, One process, row 4).
    rules = rules_of(session)
    days = working_days or rules.tasks[TaskKind.REFLECT].working_days or 0
    due_on = rules.calendar.add_working_days(digest.next_digest_day(session, now=now), days)
    for person_id in dict.fromkeys(chosen):
        task = tasks.ask(
            session, TaskKind.REFLECT, case.reference, person_id=person_id, due_on=due_on, now=now
        )
        session.add(
            Reflection(
                reference=case.reference,
                person_id=person_id,
                state="asked",
                asked_at=now,
                due_on=task.due_on or due_on,
                wave=wave,
            )
        )
        line = DigestLine(
            reference=case.reference,
            type="reflection asked",
            nation=case.nation.value,
            due_on=task.due_on,
        )
        key = f"N30:{case.reference}"
        digest.add(session, person_id, "N30", key, case.reference, line, now=now)
    session.flush()


def record(
    session: Session,
    reference: str,
    *,
    person_id: int,
    content: dict[str, Any],
    by: Actor,
    how_told: str | None = None,
    when_told: str | None = None,
    now: datetime,
) -> None:
    """Take a reflector's view; on behalf when `how_told` and `when_told` say how and when it was given."""
    cases.check_going_on(cases.get(session, reference, lock=True))
    row = _asked(session, reference, person_id)
    _require_right(session, reference, person_id, by, on_behalf=how_told is not None, now=now)
    if how_told is not None and not ((when_told or "").strip() and how_told.strip()):
        problem = Problem("when_told", "is missing.", "Say how and when the view was given.")
        raise InvalidInputError([problem])
    _require_content(content)
    row.state, row.content, row.answered_at = "in", content, now
    row.how_told, row.when_told = how_told, when_told
    row.recorded_by_id = by.person_id if how_told else None
    _done(session, reference, person_id, by=by, now=now)
    codes = {"person": person_id, "on_behalf": how_told is not None}
    audit.record(session, reference, "reflection.in", f"reflection:{row.id}", by=by, now=now, codes=codes)
    wakes.wake(session, reference, "reflection-in", now=now)


def step_aside(session: Session, reference: str, *, person_id: int, by: Actor, now: datetime) -> None:
    """Take a reflector out because of a conflict of interest: no reason, no more access to the case."""
    case = cases.get(session, reference, lock=True)
    if case.status in ENDED:
        raise WrongMomentError("This case has ended. Nobody is asked to reflect on it.")
    row = _asked(session, reference, person_id)
    _require_right(session, reference, person_id, by, on_behalf=by.person_id != person_id, now=now)
    leave_out(session, row, by=by, now=now)
    approvals.declare_interest(session, reference, person_id, by=by, now=now)


def leave_out(session: Session, row: Reflection, *, by: Actor, now: datetime) -> None:
    """Wait no longer for somebody in conflict with a case."""
    reference, person_id = row.reference, row.person_id
    row.state = "conflict"
    _drop_task(session, reference, person_id, by=by, now=now)
    codes = {"person": person_id}
    audit.record(
        session, reference, "reflection.conflict", f"reflection:{row.id}", by=by, now=now, codes=codes
    )
    wakes.wake(session, reference, "reflector-out", now=now)


def release(session: Session, reference: str, *, by: Actor, now: datetime) -> None:
    """Ask those who have not answered no more: others are asked, or the case goes on without them."""
    for row in _rows(session, reference):
        if row.state == "asked":
            row.state = "released"
            _drop_task(session, reference, row.person_id, by=by, now=now)


def standing(session: Session, reference: str, *, today: date) -> str:
    """Return "waiting", "enough" or "too-few" (see plr.domain.reflecting.state)."""
    rows = _rows(session, reference)
    due_on = max((row.due_on for row in rows if row.state == "asked"), default=None)
    return state([row.state for row in rows], due_on, today, rules_of(session).commissioning)


def of_case(session: Session, reference: str) -> list[Reflection]:
    """Return a case's reflections, in the order they were asked."""
    return _rows(session, reference)


def _rows(session: Session, reference: str) -> list[Reflection]:
    return list(session.scalars(select(Reflection).filter_by(reference=reference).order_by(Reflection.id)))


def _asked(session: Session, reference: str, person_id: int) -> Reflection:
    statement = select(Reflection).filter_by(reference=reference, person_id=person_id)
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotEligibleError("You are not asked to reflect on this review.")
    if row.state != "asked":
        raise WrongMomentError(
            "This reflection is not awaited any more. Open the case to see where it stands."
        )
    return row


def _task(session: Session, reference: str, person_id: int) -> Task | None:
    open_tasks = tasks.open_tasks(session, reference, TaskKind.REFLECT)
    return next((task for task in open_tasks if task.person_id == person_id), None)


def _done(session: Session, reference: str, person_id: int, *, by: Actor, now: datetime) -> None:
    task = _task(session, reference, person_id)
    if task is not None:
        tasks.finish(session, task, by=by, now=now)


def _drop_task(session: Session, reference: str, person_id: int, *, by: Actor, now: datetime) -> None:
    task = _task(session, reference, person_id)
    if task is not None:
        tasks.drop(session, task, by=by, now=now)


def _require_right(
    session: Session, reference: str, person_id: int, by: Actor, *, on_behalf: bool, now: datetime
) -> None:
    if person_id in directory.interested(session, reference):
        raise NotEligibleError("You declared an interest in this case; it is closed to you.")
    if not on_behalf:
        if by.person_id != person_id:
            raise NotEligibleError("Only the person asked can answer. Sign in, then answer.")
        return
    recorder = by.person_id
    if (
        recorder is None
        or recorder in directory.interested(session, reference)
        or not rights.acts_for(session, recorder, Office.SECRETARY, reference, now=now)
    ):
        raise NotEligibleError("Only the secretary records what somebody else answered.")


def _require_content(content: dict[str, Any]) -> None:
    problems = []
    if content.get("value") not in set(PositionValue):
        problems.append(Problem("value", "is missing.", "Choose what you think."))
    if not [point for point in content.get("points", []) if str(point).strip()]:
        problems.append(Problem("points", "are missing.", "Write at least one point."))
    if problems:
        raise InvalidInputError(problems)


def ask_to_reassign(session: Session, reference: str, *, now: datetime) -> str:
    """Ask the Chair, once, for other reflectors; "spent" when that was done before."""
    if any(row.wave > 1 for row in _rows(session, reference)):
        return "spent"
    if tasks.open_tasks(session, reference, TaskKind.REASSIGN):
        return "asked"
    tasks.ask(session, TaskKind.REASSIGN, reference, now=now)
    audit.record(session, reference, "reassign.asked", f"case:{reference}", by=ENGINE, now=now)
    return "asked"
