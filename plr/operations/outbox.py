"""The outbox: claiming letters, handing them over, and the honest record of what became of each.

A claim is fenced by `claim_epoch`: who was overtaken commits nothing. The marker `handing_over_at` is
committed before DATA; a letter found with it and without an answer is `uncertain` (reliability R3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from plr.db.models import Approval, Case, Installation, Notice, Person, Task
from plr.db.session import rules_of
from plr.domain.actors import ENGINE, Actor
from plr.domain.calendars import earliest_send
from plr.domain.london import london_day
from plr.domain.notices import NOTICES, CannotDeliver
from plr.domain.notices import Notice as Letter
from plr.domain.words import ApprovalStatus, Nation, NoticeStatus, Office, TaskKind, TaskStatus
from plr.errors import InvalidInputError, NotFoundError, Problem, WrongMomentError
from plr.operations import audit, directory, links, notices, signing_in, tasks

HELD_FOR_A_YES = ("restored", "clock-forward")


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """The numbers of delivery (config, deliver)."""

    claim_minutes: int
    retry_minutes: tuple[int, ...]
    retry_hours_after: int
    give_up_days: int
    uncertain_repeat_minutes: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One letter in the sender's hands: the fence, and what the first SMTP commands need."""

    notice_id: str
    epoch: int
    address: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """What the letter says once it may leave: typed fields, and the token or digits minted for it."""

    letter: Letter
    reference: str | None
    message_id: str
    token: str | None
    digits: str | None
    at: datetime


def claim(session: Session, rule: DeliveryRule, *, owner: str, limit: int, now: datetime) -> list[Claim]:
    """Take up to `limit` letters that may leave now, taking turns by case (reliability T20).

    A letter whose hour has gone by, because the mail server or we were away, waits for the next morning
    of its reader, as one just made would (rehearsal Q1, Q3).
    """
    if letters_held(session) is not None:
        return []
    claims: list[Claim] = []
    while len(claims) < limit:
        statement = _may_be_claimed(now).limit(limit - len(claims)).with_for_update(skip_locked=True)
        found = session.scalars(statement).all()
        if not found:
            break
        for notice in found:
            leaves_at = _may_leave(session, notice, now=now)
            if leaves_at > now:
                notice.not_before = leaves_at
            else:
                claims.append(_take(notice, rule, owner, now=now))
        session.flush()
    return claims


def _may_be_claimed(now: datetime) -> Select[Notice]:
    other = aliased(Notice)
    in_hand = (
        select(func.count())
        .where(other.reference == Notice.reference, other.status == NoticeStatus.SENDING)
        .correlate(Notice)
        .scalar_subquery()
    )
    return (
        select(Notice)
        .where(Notice.status == NoticeStatus.WAITING, Notice.not_before <= now, Notice.held.is_(False))
        .order_by(in_hand, Notice.not_before, Notice.created_at, Notice.id)
    )


def _take(notice: Notice, rule: DeliveryRule, owner: str, *, now: datetime) -> Claim:
    notice.status = NoticeStatus.SENDING
    notice.claim_epoch += 1
    notice.claimed_until = now + timedelta(minutes=rule.claim_minutes)
    notice.claimed_by = owner
    return Claim(notice.id, notice.claim_epoch, notice.address)


def _may_leave(session: Session, notice: Notice, *, now: datetime) -> datetime:
    rules = rules_of(session)
    hours = rules.quiet_hours
    return earliest_send(
        now,
        rules.calendar_of(_nation_of(session, notice)),
        any_hour=NOTICES[notice.fields["name"]].any_hour,
        opens=hours.opens,
        closes=hours.closes,
        morning=hours.morning,
    )


def _nation_of(session: Session, notice: Notice) -> Nation:
    if notice.person_id is not None:
        return session.get_one(Person, notice.person_id).nation
    case = None if notice.reference is None else session.get(Case, notice.reference)
    return Nation.ENGLAND if case is None else case.nation


def letters_held(session: Session) -> str | None:
    """Return why all letters are held (a restore, a clock that jumped forward), or None."""
    return session.scalar(select(Installation.letters_held))


def hand_over(session: Session, claim_: Claim, *, now: datetime) -> HandOver | None:
    """Commit the marker before DATA, minting link or code; None: no longer wanted, or no longer ours."""
    notice = _mine(session, claim_)
    if notice is None:
        return None
    if not _still_wanted(session, notice, now=now):
        notice.status, notice.claimed_until = NoticeStatus.CANCELLED, None
        _record(session, notice, "notice.cancelled", now=now, why="no-longer-wanted")
        return None
    token = digits = None
    opens = notice.link_to
    if opens is not None and opens.startswith("code:"):
        code_id = int(opens.removeprefix("code:"))
        digits = signing_in.hand_over_code(session, code_id, now=now, rule=rules_of(session).access)
    elif opens is not None:
        token = links.mint(session, notice_id=notice.id, person_id=notice.person_id, opens=opens, now=now)
    notice.handing_over_at = now
    letter = Letter.from_mapping(notice.fields)
    return HandOver(letter, notice.reference, notice.message_id, token, digits, now)


def _mine(session: Session, claim_: Claim) -> Notice | None:
    statement = (
        select(Notice)
        .where(
            Notice.id == claim_.notice_id,
            Notice.claim_epoch == claim_.epoch,
            Notice.status == NoticeStatus.SENDING,
        )
        .with_for_update()
    )
    return session.scalars(statement).one_or_none()


def _still_wanted(session: Session, notice: Notice, *, now: datetime) -> bool:
    if notice.person_id is not None:
        person = session.get_one(Person, notice.person_id)
        gone = person.last_day_on is not None and person.last_day_on < london_day(now)
        if gone or (person.undeliverable and notice.code != "N56"):
            return False
        if _in_conflict(session, notice, person.id):
            return False
    if notice.link_to is not None and notice.link_to.startswith("code:"):
        return signing_in.still_wanted(session, int(notice.link_to.removeprefix("code:")), now=now)
    if notice.approval_id is not None and notice.code in notices.ASKING:
        approval = session.get(Approval, notice.approval_id)
        return approval is not None and approval.status is ApprovalStatus.OPEN
    if notice.task_id is not None:
        task = session.get(Task, notice.task_id)
        return task is not None and task.status is TaskStatus.OPEN
    return True


def _in_conflict(session: Session, notice: Notice, person_id: int) -> bool:
    # Who declared an interest meanwhile is out of the case's letters, receipts and a breach excepted.
    if notice.reference is None or NOTICES[notice.fields["name"]].any_hour:
        return False
    return person_id in directory.interested(session, notice.reference)


def sent(session: Session, claim_: Claim, *, reply: str, template_hash: str, now: datetime) -> None:
    """Record that the next mail server took the letter."""
    notice = _mine(session, claim_)
    if notice is None:
        return
    notice.status, notice.sent_at = NoticeStatus.SENT, now
    notice.attempts += 1
    notice.claimed_until, notice.last_error = None, None
    notice.template_hash = template_hash
    session.flush()
    _record(session, notice, "notice.sent", now=now, reply=_reply_code(reply))


def uncertain(session: Session, claim_: Claim, *, words: str, now: datetime) -> None:
    """Record that nobody knows whether the letter arrived."""
    notice = _mine(session, claim_)
    if notice is not None:
        _uncertain(session, notice, words, now=now)


def _uncertain(session: Session, notice: Notice, words: str, *, now: datetime) -> None:
    notice.status, notice.claimed_until, notice.last_error = NoticeStatus.UNCERTAIN, None, words[:300]
    notice.attempts += 1
    _record(session, notice, "notice.uncertain", now=now)
    if NOTICES[notice.fields["name"]].on_uncertain == "ask" or notice.repeated:
        tasks.ask(session, TaskKind.SETTLE_LETTER, None, subject=f"notice:{notice.id}", now=now)


def later(
    session: Session, claim_: Claim, rule: DeliveryRule, *, words: str, counts: bool, now: datetime
) -> None:
    """Put a letter back: a 4xx counts a try; the server's own fault counts none (reliability R11).

    A letter is given up days after it was due, once it has been through the first tries: days in which
    the server was away for everybody are nobody's refusal.
    """
    notice = _mine(session, claim_)
    if notice is None:
        return
    notice.claimed_until, notice.last_error = None, words[:300]
    notice.handing_over_at = None
    if not counts:
        notice.status, notice.not_before = NoticeStatus.WAITING, now + timedelta(minutes=1)
        return
    notice.attempts += 1
    hourly = notice.attempts > len(rule.retry_minutes)
    if hourly and now >= notice.due_at + timedelta(days=rule.give_up_days):
        _failed(session, notice, "too_long", now=now)
        return
    wait = (
        timedelta(hours=rule.retry_hours_after)
        if hourly
        else timedelta(minutes=rule.retry_minutes[notice.attempts - 1])
    )
    notice.status, notice.not_before = NoticeStatus.WAITING, now + wait


def refused(session: Session, claim_: Claim, *, words: str, now: datetime) -> None:
    """Record a 5xx: this letter stops, the secretary is told, the others go on."""
    notice = _mine(session, claim_)
    if notice is not None:
        notice.last_error = words[:300]
        notice.attempts += 1
        _failed(session, notice, "refused", now=now)


def _failed(session: Session, notice: Notice, why: str, *, now: datetime) -> None:
    notice.status, notice.claimed_until = NoticeStatus.FAILED, None
    _record(session, notice, "notice.failed", now=now, why=why)
    people = directory.load(session, on=london_day(now))
    for person_id in people.holders(Office.SECRETARY):
        person = session.get_one(Person, person_id)
        if notice.code == "N58" or person_id == notice.person_id:
            continue
        letter = CannotDeliver(
            given_name=person.given_name,
            letter_id=notice.id,
            letter_code=notice.code,
            gave_up="refused" if why == "refused" else "too_long",
        )
        notices.queue(session, letter, to=person, cause=f"failed:{notice.id}", now=now)


def mend(
    session: Session, rule: DeliveryRule, *, is_dead: Callable[[str | None], bool], now: datetime
) -> int:
    """Settle what a dead sender left: before the marker it waits again, after it nobody knows.

    Uncertain letters that only ask for an act on our page are repeated once (reliability 1).
    """
    statement = select(Notice).where(Notice.status == NoticeStatus.SENDING)
    sending = session.scalars(statement.with_for_update(skip_locked=True)).all()
    lapsed = [row for row in sending if _lapsed(row, now) or is_dead(row.claimed_by)]
    for notice in lapsed:
        notice.claim_epoch += 1
        if notice.handing_over_at is None:
            notice.status, notice.claimed_until = NoticeStatus.WAITING, None
        else:
            _uncertain(session, notice, "The program stopped while this letter was handed over.", now=now)
    return len(lapsed) + _repeat(session, rule, now=now)


def _lapsed(notice: Notice, now: datetime) -> bool:
    return notice.claimed_until is None or notice.claimed_until < now


def _repeat(session: Session, rule: DeliveryRule, *, now: datetime) -> int:
    ripe = now - timedelta(minutes=rule.uncertain_repeat_minutes)
    statement = select(Notice).where(
        Notice.status == NoticeStatus.UNCERTAIN, Notice.repeated.is_(False), Notice.handing_over_at < ripe
    )
    repeated = 0
    for notice in session.scalars(statement.with_for_update(skip_locked=True)).all():
        if NOTICES[notice.fields["name"]].on_uncertain != "repeat":
            continue
        if _still_wanted(session, notice, now=now):
            notice.status, notice.repeated, notice.not_before = NoticeStatus.WAITING, True, now
            notice.handing_over_at = None
            _record(session, notice, "notice.repeated", now=now)
            repeated += 1
        else:
            notice.repeated = True  # it may have arrived, and asks for nothing any more: it stays as it is
    return repeated


def settle(session: Session, notice_id: str, *, answer: str, by: Actor, now: datetime) -> None:
    """Settle an uncertain letter by hand: arrived, again or drop."""
    if answer not in {"arrived", "again", "drop"}:
        raise InvalidInputError([Problem("answer", "is missing.", "Say arrived, again or drop.")])
    notice = session.get(Notice, notice_id, with_for_update=True)
    if notice is None:
        raise NotFoundError("There is no such letter.")
    if notice.status is not NoticeStatus.UNCERTAIN:
        raise WrongMomentError("This letter is settled already.")
    if answer == "arrived":
        notice.status, notice.sent_at, notice.settled_note = NoticeStatus.SENT, now, "it arrived"
        session.flush()
        _record(session, notice, "notice.sent", now=now, by=by, why="said-to-have-arrived")
    elif answer == "again":
        notice.status, notice.not_before, notice.handing_over_at = NoticeStatus.WAITING, now, None
        notice.settled_note = "sent again"
        _record(session, notice, "notice.again", now=now, by=by)
    else:
        notice.status, notice.settled_note = NoticeStatus.CANCELLED, "no longer matters"
        _record(session, notice, "notice.cancelled", now=now, by=by, why="no-longer-matters")
    for task in session.scalars(
        select(Task).filter_by(subject=f"notice:{notice_id}", status=TaskStatus.OPEN)
    ):
        tasks.finish(session, task, by=by, now=now)


def correct_address(session: Session, person: Person, email: str, *, by: Actor, now: datetime) -> int:
    """Write to a person's new address: waiting and failed letters still wanted go there."""
    person.email, person.undeliverable = email, False
    statement = select(Notice).where(
        Notice.person_id == person.id,
        or_(Notice.status == NoticeStatus.WAITING, Notice.status == NoticeStatus.FAILED),
    )
    changed: Sequence[Notice] = session.scalars(statement).all()
    for notice in changed:
        notice.address = email
        if notice.status is NoticeStatus.FAILED:
            notice.status, notice.attempts, notice.handing_over_at = NoticeStatus.WAITING, 0, None
            notice.not_before = _may_leave(session, notice, now=now)
    audit.record(session, "system", "person.address", f"person:{person.id}", by=by, now=now)
    return len(changed)


def _reply_code(reply: str) -> str:
    return reply[:3] if reply[:3].isdigit() else "file"


def _record(
    session: Session, notice: Notice, event: str, *, now: datetime, by: Actor = ENGINE, **codes: str
) -> None:
    content = audit.notice_content(notice) if event == "notice.sent" else None
    audit.record(
        session,
        notice.reference or "system",
        event,
        f"notice:{notice.id}",
        by=by,
        now=now,
        codes={"notice": notice.code, "person": notice.person_id, **codes},
        record=content,
    )
