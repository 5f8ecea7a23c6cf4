"""Small makers of records for tests: the invented people of the rehearsal, a case, a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

from sqlalchemy.orm import Session

from plr.db.models import Base, Case, Installation, Person, Role
from plr.db.session import Database
from plr.domain.actors import Actor
from plr.domain.rules import Rules
from plr.domain.words import (
    ApprovalKind,
    CaseStatus,
    Depth,
    Nation,
    Office,
    Pattern,
    Stage,
    Via,
)
from plr.settings import load, load_rules

REFERENCE = "PLR-R-2027-001"
LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)

AMARA, GARETH, JOAN, HELEN, SUNITA, TOM, FIONA, NIAMH, RACHEL, MARY = 1, 2, 3, 4, 6, 7, 8, 9, 10, 19

# code number, name, nation, profession, in the group, deputy, offices
CAST: tuple[tuple[int, str, Nation, str | None, bool, int | None, tuple[Office, ...]], ...] = (
    (2, "Gareth Pugh", Nation.ENGLAND, "social work", True, None, (Office.VICE_CHAIR,)),
    (1, "Amara Okafor", Nation.ENGLAND, "nursing and midwifery", True, 2, (Office.CHAIR,)),
    (3, "Joan Whitfield", Nation.ENGLAND, None, False, None, (Office.SECRETARY,)),
    (6, "Sunita Rao", Nation.ENGLAND, "medicine", True, None, (Office.REPRESENTATIVE,)),
    (4, "Helen Marsh", Nation.ENGLAND, None, False, 6, (Office.ASSOCIATION_CHAIR,)),
    (7, "Tom Ellery", Nation.ENGLAND, "police", True, None, (Office.REPRESENTATIVE,)),
    (8, "Fiona MacLeod", Nation.SCOTLAND, "social work", True, None, (Office.REPRESENTATIVE,)),
    (9, "Niamh Doherty", Nation.NORTHERN_IRELAND, "nursing and midwifery", True, None, ()),
    (10, "Rachel Stone", Nation.ENGLAND, "education", True, None, ()),
    (19, "Mary Quinn", Nation.ENGLAND, None, False, 7, (Office.DATA_PROTECTION_LEAD,)),
)


@cache
def make_rules() -> Rules:
    """The shipped rules."""
    return load_rules(load({}))


def rules_where(
    pattern: Pattern,
    offices: tuple[Office, ...],
    suffixes: tuple[str, ...],
    *,
    needed: int | None = None,
    kind: ApprovalKind = ApprovalKind.TRIAGE,
) -> Rules:
    """The shipped rules, with one kind of approval asked of other offices by another pattern."""
    rules = make_rules()
    changed = replace(
        rules.approvals[kind], pattern=pattern, offices=offices, suffixes=suffixes, needed=needed
    )
    approvals: Mapping[ApprovalKind, object] = {**rules.approvals, kind: changed}
    return replace(rules, approvals=approvals)  # type: ignore[arg-type]  # the same mapping, one value replaced


def make_database(url: str, rules: Rules | None = None) -> Database:
    """A database with every table and this installation's row."""
    database = Database(url, rules or make_rules())
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Installation(id=1, installation_id="0" * 32, began_at=LONG_AGO))
    return database


def add_people(session: Session) -> None:
    """Add the invented people; P01 has the id 1, and so on."""
    for number, name, nation, discipline, member, _deputy, offices in CAST:
        session.add(
            Person(
                id=number,
                code=f"P{number:02}",
                name=name,
                email=f"p{number:02}@example.org",
                nation=nation,
                discipline=discipline,
                member=member,
                joined_at=LONG_AGO,
            )
        )
        session.flush()
        session.add_all(Role(person_id=number, office=office) for office in offices)
    for number, *_rest, deputy, _offices in CAST:
        if deputy is not None:
            session.get_one(Person, number).deputy_id = deputy
    session.flush()


def add_case(
    session: Session,
    reference: str = REFERENCE,
    *,
    status: CaseStatus = CaseStatus.TRIAGE,
    depth: Depth = Depth.FULL,
) -> Case:
    """Add a case that Niamh Doherty logged."""
    case = Case(
        reference=reference,
        process="commissioning",
        process_version=1,
        status=status,
        depth=depth,
        stage=Stage.DECIDED,
        nation=Nation.ENGLAND,
        region="E12000004",
        review_type="lcspr",
        external_ref=f"sender-{reference}",
        submitter_id=NIAMH,
        submitter_email="p09@example.org",
        created_at=LONG_AGO,
    )
    session.add(case)
    session.flush()
    return case


def signed_in(person_id: int) -> Actor:
    """Somebody who has signed in."""
    return Actor(person_id, Via.SESSION)


def at(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """An instant in UTC; before 28 March 2027 London's clocks show the same."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(
        hour=hour, minute=minute
    )
