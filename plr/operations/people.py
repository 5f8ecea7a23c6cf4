"""People: offices, deputies, addresses, leave and last days; what somebody held when they go moves on.

The secretary keeps the list; leave and deputies also each person for themselves. Nobody is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from plr.db.models import Leave, Link, Person, Reflection, RememberedBrowser, Role, Task, WebSession
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.chain import SYSTEM
from plr.domain.checks import is_address
from plr.domain.london import london_day
from plr.domain.people_file import FileRole
from plr.domain.words import Office, TaskKind, TaskStatus, Via
from plr.errors import InvalidInputError, NotEligibleError, NotFoundError, Problem
from plr.operations import access, approvals, audit, directory, links, notices, outbox, tasks, wakes


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the list shows them: offices of today, leave of today or to come."""

    id: int
    code: str
    name: str
    email: str
    nation: str
    region: str | None
    discipline: str | None
    member: bool
    roles: tuple[FileRole, ...]
    deputy: str | None
    away: tuple[tuple[date, date], ...]
    last_day_on: date | None
    undeliverable: bool


def by_email(session: Session, address: str) -> Person:
    """Return who has this address. Raises NotFoundError."""
    found = directory.by_email(session, address)
    if found is None:
        raise NotFoundError("There is no person with this address. `plr people list` shows them all.")
    return found


def listed(session: Session, *, now: datetime) -> list[Listed]:
    """Return the people who have not left, in the order of their ids."""
    today = london_day(now)
    people = session.scalars(select(Person).order_by(Person.code)).all()
    codes = {person.id: person.code for person in people}
    return [
        Listed(
            id=person.id,
            code=person.code,
            name=person.name,
            email=person.email,
            nation=person.nation.value,
            region=person.region,
            discipline=person.discipline,
            member=person.member,
            roles=roles_of(person),
            deputy=None if person.deputy_id is None else codes[person.deputy_id],
            away=tuple(
                (leave.from_on, leave.to_on)
                for leave in person.leaves
                if leave.to_on >= today and leave.ended_at is None
            ),
            last_day_on=person.last_day_on,
            undeliverable=person.undeliverable,
        )
        for person in people
        if person.last_day_on is None or person.last_day_on >= today
    ]


def roles_of(person: Person) -> tuple[FileRole, ...]:
    """Return somebody's offices, those that are over and those to come too."""
    return tuple(FileRole(role.office, role.from_on, role.to_on) for role in person.roles)


def vacant_offices(session: Session, *, now: datetime) -> list[str]:
    """Return the labels of the offices that must be filled and are not (decisions, Roles)."""
    people = directory.load(session, on=london_day(now))
    return [
        rule.label for rule in people.offices.values() if rule.required and not people.holders(rule.office)
    ]


def require_keeper(session: Session, by: Actor, *, own: int | None = None, now: datetime) -> None:
    """Raise NotEligibleError unless this is the secretary, or next in line, or the person's `own` affair.

    With nobody in line, anybody of the group at the command line may: else nobody could fill an office.
    """
    people = directory.load(session, on=london_day(now))
    if by.person_id is not None and people.is_active(by.person_id):
        in_line = people.first_in_line(Office.SECRETARY)
        allowed = {*people.holders(Office.SECRETARY), *([] if in_line is None else [in_line.person_id]), own}
        if by.person_id in allowed or (in_line is None and by.via is Via.CLI):
            return
    raise NotEligibleError("Only the secretary changes the list of people. Ask the secretary.")


def give_role(session: Session, person_id: int, role: FileRole, *, by: Actor, now: datetime) -> bool:
    """Give somebody an office for dates; dates of the same office that overlap are replaced.

    Returns False when nothing had to change.
    """
    require_keeper(session, by, now=now)
    person = directory.person(session, person_id)
    if role.from_on is not None and role.to_on is not None and role.to_on < role.from_on:
        raise InvalidInputError([Problem("to", "is before the first day.", "Give a later day.")])
    if role.office is Office.REPRESENTATIVE and person.region is None:
        problem = Problem(
            "role", "needs a region.", "Give the person a region first, by `plr people import`."
        )
        raise InvalidInputError([problem])
    return keep_role(session, person, role, by=by, now=now)


def keep_role(session: Session, person: Person, role: FileRole, *, by: Actor, now: datetime) -> bool:
    """Write an office down, once; the caller has checked who may. False when it stands already."""
    for row in person.roles:
        if row.office is role.office and _overlap(row, role):
            if (row.from_on, row.to_on) == (role.from_on, role.to_on):
                return False
            row.from_on, row.to_on = role.from_on, role.to_on
            break
    else:
        row = Role(person=person, office=role.office, from_on=role.from_on, to_on=role.to_on)
        session.add(row)
    codes = {"office": role.office.value, "from": _iso(role.from_on), "to": _iso(role.to_on)}
    audit.record(session, SYSTEM, "person.role", subject(person), by=by, now=now, codes=codes)
    return True


def _overlap(row: Role, role: FileRole) -> bool:
    starts, ends = (
        max(row.from_on or date.min, role.from_on or date.min),
        min(row.to_on or date.max, role.to_on or date.max),
    )
    return starts <= ends


def name_deputy(session: Session, person_id: int, deputy_id: int | None, *, by: Actor, now: datetime) -> None:
    """Name somebody's standing deputy, or none."""
    require_keeper(session, by, own=person_id, now=now)
    person = directory.person(session, person_id)
    people = directory.load(session, on=london_day(now))
    if deputy_id is not None and (deputy_id == person_id or not people.is_active(deputy_id)):
        raise InvalidInputError(
            [Problem("deputy", "is the same person, or has left.", "Name somebody else.")]
        )
    person.deputy_id = deputy_id
    codes: dict[str, audit.Code] = {"deputy": deputy_id}
    audit.record(session, SYSTEM, "person.deputy", subject(person), by=by, now=now, codes=codes)


def correct_address(session: Session, person_id: int, email: str, *, by: Actor, now: datetime) -> int:
    """Write to somebody's new address from now on; return how many waiting letters went over to it.

    Links sent to the old address and the browsers signed in by it end.
    """
    require_keeper(session, by, now=now)
    person = directory.person(session, person_id)
    wanted = email.strip().lower()
    if not is_address(wanted):
        raise InvalidInputError(
            [Problem("email", "is not a whole e-mail address.", "Like name@example.org.")]
        )
    other = directory.by_email(session, wanted)
    if other is not None and other.id != person_id:
        problem = Problem("email", "is somebody else's address.", "Each person needs their own.")
        raise InvalidInputError([problem])
    if other is not None and not person.undeliverable:
        return 0
    return change_address(session, person, wanted, by=by, now=now)


def change_address(session: Session, person: Person, email: str, *, by: Actor, now: datetime) -> int:
    """Put a checked address in the old one's place; the caller has checked who may."""
    if person.email != email:
        access.person_leaves(session, person.id, now=now, by=by)
    return outbox.correct_address(session, person, email, by=by, now=now)


def set_leave(
    session: Session,
    person_id: int,
    *,
    from_on: date,
    to_on: date,
    delegate_id: int | None,
    by: Actor,
    now: datetime,
) -> int:
    """Note somebody's leave and who decides meanwhile; the same leave again has no effect. Returns its id.

    The same first day and delegate move the last day; leave to come that overlaps is replaced. Delegate
    and secretary get N28.
    """
    require_keeper(session, by, own=person_id, now=now)
    person = directory.person(session, person_id)
    today = london_day(now)
    if to_on < from_on or to_on < today:
        raise InvalidInputError([Problem("to", "is before the first day, or past.", "Give a later day.")])
    _check_delegate(session, person, delegate_id, on=max(from_on, today))
    living = [leave for leave in person.leaves if leave.ended_at is None and leave.to_on >= today]
    for leave in living:
        if (leave.from_on, leave.delegate_id) == (from_on, delegate_id):
            if leave.to_on != to_on:
                leave.to_on = to_on
                _note_leave(session, leave, "leave.moved", by=by, now=now)
            return leave.id
    for leave in living:
        if leave.from_on <= to_on and from_on <= leave.to_on:
            if leave.begun_at is not None:
                problem = Problem("from", "is within leave that has begun.", "Name days after that leave.")
                raise InvalidInputError([problem])
            leave.ended_at = now
            _note_leave(session, leave, "leave.replaced", by=by, now=now)
    return approvals.set_leave(
        session, person_id, from_on=from_on, to_on=to_on, delegate_id=delegate_id, by=by, now=now
    )


def _check_delegate(session: Session, person: Person, delegate_id: int | None, *, on: date) -> None:
    if delegate_id is None:
        return
    people = directory.load(session, on=on)
    problem = None
    if delegate_id == person.id or not people.is_active(delegate_id):
        problem = Problem("delegate", "is the same person, or has left.", "Name somebody else.")
    elif people.absence_of(delegate_id) is not None:
        problem = Problem("delegate", "is on leave then too.", "Name somebody who is there.")
    elif Office.ASSOCIATION_CHAIR in people.offices_of(person.id) and delegate_id in people.holders(
        Office.CHAIR
    ):
        problem = Problem(
            "delegate", "is the Chair.", "Name somebody else: the Chair never decides for them."
        )
    if problem is not None:
        raise InvalidInputError([problem])


def _note_leave(session: Session, leave: Leave, event: str, *, by: Actor, now: datetime) -> None:
    codes: dict[str, audit.Code] = {"person": leave.person_id, "to": leave.to_on.isoformat()}
    audit.record(session, SYSTEM, event, f"leave:{leave.id}", by=by, now=now, codes=codes)


def set_last_day(session: Session, person_id: int, on: date, *, by: Actor, now: datetime) -> None:
    """Set somebody's last day in the group. Once it is over, what they held moves on (see `hand_on`)."""
    require_keeper(session, by, now=now)
    person = directory.person(session, person_id)
    if person.last_day_on == on:
        return
    person.last_day_on = on
    codes: dict[str, audit.Code] = {"last_day": on.isoformat()}
    audit.record(session, SYSTEM, "person.leaves", subject(person), by=by, now=now, codes=codes)
    hand_on(session, now=now, by=by)


def hand_on(session: Session, *, now: datetime, by: Actor = ENGINE) -> int:
    """End what people who have left still have open, and give their tasks to the next in line.

    For the sweep; open approvals move by `approvals.ask_again_where_nobody`, which it calls. Tasks that
    nobody could be asked for are asked again too. Returns how many things moved or ended.
    """
    today = london_day(now)
    gone = select(Person.id).where(Person.last_day_on < today)
    still_in = [
        exists().where(WebSession.person_id == Person.id, WebSession.ended_at.is_(None)),
        exists().where(RememberedBrowser.person_id == Person.id, RememberedBrowser.revoked_at.is_(None)),
        exists().where(Link.person_id == Person.id, Link.dead_at.is_(None)),
    ]
    leaving = session.scalars(gone.where(or_(*still_in)).order_by(Person.id)).all()
    for person_id in leaving:
        access.person_leaves(session, person_id, now=now, by=by)
    left = select(Task).where(Task.status == TaskStatus.OPEN, Task.person_id.in_(gone)).order_by(Task.id)
    unheld = (
        select(Task)
        .where(
            Task.status == TaskStatus.OPEN,
            Task.person_id.is_(None),
            Task.address.is_(None),
            Task.office.is_not(None),
        )
        .order_by(Task.id)
    )
    moved = [_move_task(session, task, by=by, now=now) for task in session.scalars(left).all()]
    moved += [_move_task(session, task, by=by, now=now) for task in session.scalars(unheld).all()]
    asked = approvals.ask_again_where_nobody(session, now=now)
    return len(leaving) + sum(moved) + len(asked)


def _move_task(session: Session, task: Task, *, by: Actor, now: datetime) -> bool:
    if task.kind is TaskKind.REFLECT and task.reference is not None:
        _release_reflector(session, task, by=by, now=now)
        return True
    people = directory.load(session, on=london_day(now))
    # What was asked of one person, not of an office, falls to the secretary.
    chosen = people.first_in_line(task.office or Office.SECRETARY, barred=tasks.barred_from(session, task))
    if chosen is None or chosen.person_id == task.person_id:
        return False
    before = task.person_id
    if before is not None:
        notices.cancel(session, task_id=task.id)
        links.kill(session, opens=f"task:{task.id}", person_id=before, reason="left", now=now)
    task.person_id = chosen.person_id
    tasks.clear_attention(session, task.reference)
    codes: dict[str, audit.Code] = {"kind": task.kind.value, "before": before, "person": chosen.person_id}
    chain = task.reference or SYSTEM
    audit.record(session, chain, "task.moved", f"task:{task.id}", by=by, now=now, codes=codes)
    return True


def _release_reflector(session: Session, task: Task, *, by: Actor, now: datetime) -> None:
    statement = select(Reflection).filter_by(
        reference=task.reference, person_id=task.person_id, state="asked"
    )
    for reflection in session.scalars(statement):
        reflection.state = "released"
    tasks.drop(session, task, by=by, now=now)
    if task.reference is not None:
        wakes.wake(session, task.reference, "reflector-left", now=now)


def subject(person: Person) -> str:
    """Return the person as the audit names them: a number, never a name."""
    return f"person:{person.id}"


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()


def rules_region(session: Session, code: str | None) -> str | None:
    """Return a region's name for its code."""
    regions = rules_of(session).regions.all
    return next((region.name for region in regions if region.code == code), code)
