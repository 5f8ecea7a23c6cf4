"""Whole cases as lists of acts: what people do, through the real operations, and the time between.

An act may be done again by somebody who got no answer: it finds its record or is refused. Nothing here
knows how the process is run, so the same journeys are played in this process and with real workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import Approval, Case, Person
from plr.domain.actors import Actor
from plr.domain.documents import Change
from plr.domain.london import london_day
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, CaseStatus, PositionValue, Via
from plr.errors import NotFoundError, WrongMomentError
from plr.operations import (
    agreements,
    approvals,
    cases,
    checking,
    commissioning,
    intake,
    positions,
    reflections,
)
from plr.operations.agreements import Minute
from plr.operations.positions import PositionText
from plr.reading import read_file

SAMPLES = Path(__file__).parents[2] / "config" / "samples"
BEGINNING = datetime(2027, 1, 5, 10, tzinfo=UTC)  # a Tuesday

CHAIR, SECRETARY, SUBMITTER, CHECKER = "P01", "P03", "P07", "P19"
SUNITA, RACHEL, MARCUS, OWEN, GRACE, NIAMH = "P06", "P10", "P11", "P16", "P17", "P09"

Do = Callable[[Session, str, datetime], object]
"""What somebody does about the case that was sent in with an external_ref."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens `after` a while: what somebody does, or nothing but time."""

    name: str
    after: timedelta
    do: Do | None = None
    rests: bool = True  # everything that follows happens before the next act


@dataclass(frozen=True, slots=True)
class Journey:
    """One case from its submission to where it ends, or stays."""

    acts: tuple[Act, ...]
    status: CaseStatus


def hours(count: int) -> timedelta:
    return timedelta(hours=count)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def reference_of(session: Session, external_ref: str) -> str:
    reference = session.scalar(select(Case.reference).filter_by(external_ref=external_ref))
    if reference is None:
        raise NotFoundError("Nobody has sent this in.")
    return reference


def id_of(session: Session, code: str) -> int:
    return session.scalars(select(Person.id).filter_by(code=code)).one()


def signed_in(session: Session, code: str) -> Actor:
    return Actor(id_of(session, code), Via.SESSION)


def _asked(session: Session, reference: str, kind: ApprovalKind) -> Approval:
    """The open approval of a kind, else the newest: whoever answers twice answers the same one."""
    rows = session.scalars(
        select(Approval).filter_by(reference=reference, kind=kind).order_by(Approval.round, Approval.id)
    ).all()
    if not rows:
        raise WrongMomentError("This is not asked yet.")
    return next((row for row in rows if row.status is ApprovalStatus.OPEN), rows[-1])


def submit(sample: str = "england-lcspr", narrative: str | None = None) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> object:
        data: dict[str, Any] = {**read_file(SAMPLES / f"{sample}.yaml").data, "external_ref": external_ref}
        if narrative is not None:
            data["narrative"] = narrative
        return intake.receive(session, data, by=signed_in(session, SUBMITTER), now=now)

    return do


def check(answer: str, reason: str | None = None) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        checking.record(
            session,
            reference_of(session, external_ref),
            person_id=id_of(session, CHECKER),
            answer=answer,
            ticks=checking.TICKS if answer == "clean" else (),
            reason=reason,
            by=signed_in(session, CHECKER),
            now=now,
        )

    return do


def deepen(session: Session, external_ref: str, now: datetime) -> None:
    cases.deepen(session, reference_of(session, external_ref), by=signed_in(session, CHAIR), now=now)


def triage(answer: Answer, *reflectors: str, reason: str | None = None) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> object:
        asked = _asked(session, reference_of(session, external_ref), ApprovalKind.TRIAGE)
        return commissioning.answer_triage(
            session,
            asked.id,
            person_id=id_of(session, CHAIR),
            answer=answer,
            reason=reason,
            reflectors=[id_of(session, code) for code in reflectors] if _is_open(asked) else [],
            content_hash=asked.content_hash,
            by=signed_in(session, CHAIR),
            proof="session",
            now=now,
        )

    return do


def _is_open(asked: Approval) -> bool:
    return asked.status is ApprovalStatus.OPEN


def step_aside(code: str) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        reference = reference_of(session, external_ref)
        reflections.step_aside(
            session, reference, person_id=id_of(session, code), by=signed_in(session, code), now=now
        )

    return do


def reflect(code: str, *, told_by_telephone: bool = False) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        reflections.record(
            session,
            reference_of(session, external_ref),
            person_id=id_of(session, code),
            content={
                "value": PositionValue.SUPPORTED_WITH_LEARNING.value,
                "points": [f"The point of {code}."],
            },
            by=signed_in(session, SECRETARY if told_by_telephone else code),
            how_told="by telephone" if told_by_telephone else None,
            when_told="this morning" if told_by_telephone else None,
            now=now,
        )

    return do


def reassign(*codes: str) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        reflections.reassign(
            session,
            reference_of(session, external_ref),
            [id_of(session, code) for code in codes],
            by=signed_in(session, CHAIR),
            now=now,
        )

    return do


def _text(point: str) -> PositionText:
    return PositionText(PositionValue.SUPPORTED_WITH_LEARNING, (point,), ("neglect",), None, for_panel=True)


def write(point: str) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> None:
        positions.write(
            session,
            reference_of(session, external_ref),
            _text(point),
            person_id=id_of(session, SECRETARY),
            by=signed_in(session, SECRETARY),
            now=now,
        )

    return do


def agree(minute: str, point: str | None = None) -> Do:
    """A quorate meeting agrees; a light case gets its text there."""

    def do(session: Session, external_ref: str, now: datetime) -> None:
        recorded = Minute(
            meeting="PLR-M-2027-01",
            meeting_on=london_day(now),
            minute=minute,
            presider_id=id_of(session, CHAIR),
            present=9,
            professions=("police", "law", "research"),
            out_ids=(),
            answer=Answer.APPROVE,
            text=None if point is None else _text(point),
        )
        reference = reference_of(session, external_ref)
        agreements.record(session, reference, recorded, note=None, by=signed_in(session, SECRETARY), now=now)

    return do


def object_to_agreement(session: Session, external_ref: str, now: datetime) -> None:
    agreement = agreements.of_case(session, reference_of(session, external_ref))[-1]
    agreements.object_to(
        session,
        agreement.id,
        person_id=id_of(session, CHAIR),
        reason="The minute names another point.",
        by=signed_in(session, CHAIR),
        now=now,
    )


def position(answer: Answer, reason: str | None = None) -> Do:
    def do(session: Session, external_ref: str, now: datetime) -> object:
        asked = _asked(session, reference_of(session, external_ref), ApprovalKind.POSITION)
        return approvals.answer(
            session,
            asked.id,
            person_id=id_of(session, CHAIR),
            answer=answer,
            reason=reason,
            content_hash=asked.content_hash,
            by=signed_in(session, CHAIR),
            proof="session",
            now=now,
        )

    return do


def position_by_telephone(session: Session, external_ref: str, now: datetime) -> object:
    """The Chair approves by telephone; the secretary records it."""
    asked = _asked(session, reference_of(session, external_ref), ApprovalKind.POSITION)
    return approvals.record_on_behalf(
        session,
        asked.id,
        person_id=id_of(session, CHAIR),
        answer=Answer.APPROVE,
        reason=None,
        content_hash=asked.content_hash,
        how_told="by telephone",
        when_told="this morning",
        recorded_by_id=id_of(session, SECRETARY),
        by=signed_in(session, SECRETARY),
        now=now,
    )


def tell_impact(session: Session, external_ref: str, now: datetime) -> None:
    commissioning.record_impact(
        session,
        reference_of(session, external_ref),
        person_id=id_of(session, SUBMITTER),
        change=Change.CHANGED,
        what_changed="Both services now share one plan.",
        how_known="An audit.",
        by=signed_in(session, SUBMITTER),
        now=now,
    )


def hold(session: Session, external_ref: str, now: datetime) -> None:
    cases.hold(
        session,
        reference_of(session, external_ref),
        until_on=london_day(now) + days(30),
        reason="Proceedings go on.",
        by=signed_in(session, CHAIR),
        now=now,
    )


def resume(session: Session, external_ref: str, now: datetime) -> None:
    cases.resume(session, reference_of(session, external_ref), by=signed_in(session, CHAIR), now=now)


def withdraw(session: Session, external_ref: str, now: datetime) -> None:
    reference = reference_of(session, external_ref)
    cases.withdraw(session, reference, reason="Sent twice.", by=signed_in(session, SUBMITTER), now=now)


def decline(session: Session, external_ref: str, now: datetime) -> None:
    reference = reference_of(session, external_ref)
    cases.decline(session, reference, reason="Not ours.", by=signed_in(session, CHAIR), now=now)


_BEGIN = (Act("submit", hours(0), submit()), Act("check", hours(1), check("clean")))
_DEEP = (*_BEGIN, Act("deepen", hours(1), deepen))
_TAKEN_ON = (*_DEEP, Act("take on", hours(1), triage(Answer.APPROVE, RACHEL, MARCUS, OWEN, SUNITA)))
_REFLECTED = (
    *_TAKEN_ON,
    Act("step aside", hours(1), step_aside(SUNITA)),
    Act("reflect", hours(1), reflect(RACHEL)),
    Act("reflect by telephone", days(1), reflect(MARCUS, told_by_telephone=True)),
    Act("reflect last", hours(1), reflect(OWEN)),
    Act("write", days(1), write("One point, at length.")),
)
_ISSUED = (
    *_REFLECTED,
    Act("agree", days(5), agree("7.2")),
    Act("send back", hours(1), position(Answer.RETURN, "Shorter.")),
    Act("write again", days(1), write("One point.")),
    Act("approve", hours(1), position(Answer.APPROVE)),
)
_LIGHT = (*_BEGIN, Act("agree", days(6), agree("7.3", "Ask again.")))

JOURNEYS: Mapping[str, Journey] = MappingProxyType(
    {
        "light": Journey(_LIGHT, CaseStatus.ISSUED),
        "full": Journey(
            (
                *_ISSUED,
                Act("three months", days(92)),
                Act("tell", days(5), tell_impact),
                Act("twelve months", days(275)),
                Act("silence", days(40)),
            ),
            CaseStatus.CLOSED,
        ),
        "full-by-telephone": Journey(
            (
                *_REFLECTED,
                Act("agree", days(5), agree("7.2")),
                Act("telephone", hours(1), position_by_telephone),
            ),
            CaseStatus.ISSUED,
        ),
        "declined": Journey(
            (*_DEEP, Act("decline", hours(1), triage(Answer.REJECT, reason="Not ours."))), CaseStatus.DECLINED
        ),
        "declined-light": Journey((*_BEGIN, Act("decline", hours(1), decline)), CaseStatus.DECLINED),
        "position-declined": Journey(
            (
                *_REFLECTED,
                Act("agree", days(5), agree("7.2")),
                Act("decline", hours(1), position(Answer.REJECT, "No.")),
            ),
            CaseStatus.DECLINED,
        ),
        "returned": Journey(
            (
                Act("submit", hours(0), submit()),
                Act("return", hours(1), check("return", "Take the place out.")),
                Act("correct", days(1), submit(narrative="A child was harmed. Two services waited.")),
                Act("check again", hours(1), check("clean")),
                Act("agree", days(6), agree("7.3", "Ask again.")),
            ),
            CaseStatus.ISSUED,
        ),
        "returned-by-chair": Journey(
            (
                *_DEEP,
                Act("return", hours(1), triage(Answer.RETURN, reason="Say more.")),
                Act("correct", days(1), submit(narrative="A child was harmed. Two services waited.")),
                Act("check again", hours(1), check("clean")),
                Act("take on", hours(1), triage(Answer.APPROVE, RACHEL, MARCUS, OWEN)),
            ),
            CaseStatus.REFLECTING,
        ),
        "held": Journey(
            (
                *_BEGIN,
                Act("hold", hours(1), hold),
                Act("resume", days(10), resume),
                Act("agree", days(2), agree("7.3", "Ask again.")),
            ),
            CaseStatus.ISSUED,
        ),
        "withdrawn": Journey((*_BEGIN, Act("withdraw", hours(1), withdraw)), CaseStatus.WITHDRAWN),
        "breach": Journey(
            (Act("submit", hours(0), submit()), Act("breach", hours(1), check("breach"))), CaseStatus.BREACH
        ),
        "deepened": Journey(_TAKEN_ON, CaseStatus.REFLECTING),
        "too-few": Journey(
            (
                *_DEEP,
                Act("take on", hours(1), triage(Answer.APPROVE, RACHEL, MARCUS, OWEN)),
                Act("step aside", hours(1), step_aside(RACHEL)),
                Act("reflect", hours(1), reflect(MARCUS)),
                Act("too late", days(40)),
                Act("reassign", hours(1), reassign(GRACE)),
                Act("too late again", days(40)),
            ),
            CaseStatus.ON_HOLD,
        ),
        "reassigned": Journey(
            (
                *_DEEP,
                Act("take on", hours(1), triage(Answer.APPROVE, RACHEL, MARCUS, OWEN)),
                Act("step aside", hours(1), step_aside(RACHEL)),
                Act("reflect", hours(1), reflect(MARCUS)),
                Act("too late", days(40)),
                Act("reassign", hours(1), reassign(GRACE, NIAMH)),
                Act("reflect in the second wave", hours(1), reflect(GRACE)),
                Act("too late for the last", days(40)),
            ),
            CaseStatus.SYNTHESIS,
        ),
        "not-reassigned": Journey(
            (
                *_DEEP,
                Act("take on", hours(1), triage(Answer.APPROVE, RACHEL, MARCUS, OWEN)),
                Act("nobody reflects", days(40)),
                Act("nobody is asked", days(30)),
            ),
            CaseStatus.ON_HOLD,
        ),
        "objected": Journey(
            (
                *_REFLECTED,
                Act("agree", days(5), agree("7.2")),
                Act("object", hours(1), object_to_agreement),
                Act("agree again", days(7), agree("7.4")),
                Act("approve", hours(1), position(Answer.APPROVE)),
            ),
            CaseStatus.ISSUED,
        ),
        "objected-at-once": Journey(
            (
                *_REFLECTED,
                Act("agree", days(5), agree("7.2"), rests=False),
                Act("object", hours(1), object_to_agreement),
                Act("agree again", days(7), agree("7.4")),
                Act("approve", hours(1), position(Answer.APPROVE)),
            ),
            CaseStatus.ISSUED,
        ),
        "objected-after-issue": Journey(
            (
                *_LIGHT,
                Act("object", hours(1), object_to_agreement),
                Act("agree again", days(7), agree("7.4", "Ask twice.")),
            ),
            CaseStatus.ISSUED,
        ),
    }
)
