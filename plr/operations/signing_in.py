"""Sign-in codes: six digits to a person's own address, bound to the browser that asked (T15, T16).

Known and unknown addresses are answered alike: both leave a row, meet the same limits, count the same
tries. A browser its person has had remembered has an allowance of its own, so that a stranger who uses
up an address's codes locks nobody out.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from plr.db.models import Person, RememberedBrowser, SecurityEntry, SignInCode
from plr.domain import notices as letters
from plr.domain.access import WAIT_AFTER_LAST_TRY, WANTED_FOR, AccessRule
from plr.errors import SignInError, TooManyTriesError, WrongMomentError
from plr.operations import notices
from plr.operations.access import active
from plr.operations.links import token_hash

_DIGITS = 6
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NO_SALT = bytes(16)


@dataclass(frozen=True, slots=True)
class CodeTry:
    """What became of one try. Commit it first, whatever it says: a try that is rolled back was free."""

    person_id: int | None
    tries_left: int
    retry_after: int

    def person_or_raise(self) -> int:
        """Return who it is. Raises SignInError with the tries left, TooManyTriesError with the wait."""
        if self.person_id is not None:
            return self.person_id
        if self.retry_after:
            raise TooManyTriesError(
                "There were too many tries with a wrong code. Wait, then ask for a new one.", self.retry_after
            )
        tries = "1 try" if self.tries_left == 1 else f"{self.tries_left} tries"
        raise SignInError(f"That code is not right. You have {tries} left.")


def ask_code(
    session: Session, *, email: str, browser_token: str, purpose: str, now: datetime, rule: AccessRule
) -> None:
    """Ask for a code: a letter is queued if the address is a person's; the answer is the same if not.

    `purpose` is a code, "sign-in" or "approval:ID". Raises TooManyTriesError, for known and unknown alike.
    """
    _one_at_a_time(session, email)
    person = _person(session, email, now=now)
    wait = _wait_to_ask(session, email, browser_token, person, now=now, rule=rule)
    if wait:
        raise TooManyTriesError("Too many codes were asked for. Wait, then ask for a new one.", wait)
    code = SignInCode(
        person_id=None if person is None else person.id,
        browser_hash=token_hash(browser_token),
        address_hash=_address_hash(email),
        purpose=purpose,
        asked_at=now,
    )
    session.add(code)
    session.flush()
    if person is not None:
        link_to = f"code:{code.id}"
        letter = letters.SignInCode(given_name=person.given_name, minutes=rule.code_minutes)
        notices.queue(session, letter, to=person, cause=link_to, link_to=link_to, now=now)


def still_wanted(session: Session, sign_in_code_id: int, *, now: datetime) -> bool:
    """Say whether a code's letter is worth sending: asked within the hour, unused, its browser's newest."""
    code = session.get(SignInCode, sign_in_code_id)
    if code is None or code.used_at is not None or now - code.asked_at > WANTED_FOR:
        return False
    newest = select(func.max(SignInCode.id)).where(
        SignInCode.browser_hash == code.browser_hash, SignInCode.address_hash == code.address_hash
    )
    return session.scalar(newest) == code.id


def hand_over_code(session: Session, sign_in_code_id: int, *, now: datetime, rule: AccessRule) -> str:
    """Make the digits for this sending of the letter; they work from now on. Only their hash is kept.

    Another sending of the same letter makes other digits, and the earlier ones stop working.
    Raises WrongMomentError when the code is not wanted any more.
    """
    if not still_wanted(session, sign_in_code_id, now=now):
        raise WrongMomentError(
            "This code is not wanted any more. Cancel its letter; a new one can be asked for."
        )
    code = session.get_one(SignInCode, sign_in_code_id, with_for_update=True)
    digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    salt = secrets.token_bytes(16)
    code.salt, code.code_hash = salt.hex(), _scrypt(digits, salt)
    code.works_until = now + rule.code_works
    session.flush()
    return digits


def try_code(
    session: Session, *, email: str, browser_token: str, digits: str, now: datetime, rule: AccessRule
) -> CodeTry:
    """Count one try with the newest code this browser asked for, and say whether it was right.

    The caller commits, then calls `person_or_raise`. The work is the same whether the address is known,
    the code has left, has run out or was used.
    """
    _one_at_a_time(session, email)
    code = session.scalars(_newest(email, browser_token).with_for_update()).one_or_none()
    right = _matches(code, "".join(digits.split()), now=now)
    person = _person(session, email, now=now)
    if code is None:
        return CodeTry(None, rule.code_tries - 1, 0)
    wait = _wait_to_try(session, code, email, browser_token, person, now=now, rule=rule)
    if wait:
        return CodeTry(None, 0, wait)
    code.tries += 1
    if right and person is not None and person.id == code.person_id:
        code.used_at = now
        session.flush()
        return CodeTry(person.id, 0, 0)
    session.add(
        SecurityEntry(at=now, event="code.wrong", person_id=code.person_id, detail={"tries": code.tries})
    )
    session.flush()
    return CodeTry(
        None,
        rule.code_tries - code.tries,
        _wait_to_try(session, code, email, browser_token, person, now=now, rule=rule),
    )


def _wait_to_ask(
    session: Session,
    email: str,
    browser_token: str,
    person: Person | None,
    *,
    now: datetime,
    rule: AccessRule,
) -> int:
    """Return the seconds until this browser may ask for another code for this address; 0 for now."""
    newest = session.scalars(_newest(email, browser_token)).one_or_none()
    ended = newest is not None and newest.used_at is None and newest.tries >= rule.code_tries
    waits = [_seconds(newest.asked_at + WAIT_AFTER_LAST_TRY, now)] if newest is not None and ended else [0]
    share = _share(session, email, browser_token, person, now=now)
    for window, most in ((_HOUR, rule.codes_an_hour), (_DAY, rule.codes_a_day)):
        asked = session.scalars(
            select(SignInCode.asked_at)
            .where(share, SignInCode.asked_at > now - window)
            .order_by(SignInCode.asked_at.desc())
            .limit(most)
        ).all()
        if len(asked) >= most:
            waits.append(_seconds(asked[-1] + window, now))
    return max(waits)


def _wait_to_try(
    session: Session,
    code: SignInCode,
    email: str,
    browser_token: str,
    person: Person | None,
    *,
    now: datetime,
    rule: AccessRule,
) -> int:
    """Return the seconds until another try makes sense: this code's tries, and the day's; 0 for now."""
    if code.tries >= rule.code_tries:
        return max(1, _seconds(code.asked_at + WAIT_AFTER_LAST_TRY, now))
    share = _share(session, email, browser_token, person, now=now)
    # A letter may leave late: what counts is when its code could be tried, not only when it was asked for.
    recent = or_(SignInCode.asked_at > now - _DAY, SignInCode.works_until > now - _DAY)
    tries, first = session.execute(
        select(func.coalesce(func.sum(SignInCode.tries), 0), func.min(SignInCode.asked_at)).where(
            share, recent
        )
    ).one()
    return max(1, _seconds(first + _DAY, now)) if tries >= rule.tries_a_day else 0


def _share(
    session: Session, email: str, browser_token: str, person: Person | None, *, now: datetime
) -> ColumnElement[bool]:
    """Return which codes count together: a remembered browser's own, or all that strangers asked for."""
    remembered = session.scalars(
        select(RememberedBrowser.token_hash).where(
            RememberedBrowser.person_id == (-1 if person is None else person.id),
            RememberedBrowser.revoked_at.is_(None),
            RememberedBrowser.works_until > now,
        )
    ).all()
    mine = token_hash(browser_token)
    by_browser = (
        SignInCode.browser_hash == mine if mine in remembered else SignInCode.browser_hash.not_in(remembered)
    )
    return and_(SignInCode.address_hash == _address_hash(email), by_browser)


def _newest(email: str, browser_token: str) -> Select[SignInCode]:
    return (
        select(SignInCode)
        .where(
            SignInCode.browser_hash == token_hash(browser_token),
            SignInCode.address_hash == _address_hash(email),
        )
        .order_by(SignInCode.id.desc())
        .limit(1)
    )


def _one_at_a_time(session: Session, email: str) -> None:
    # SQLite has one writer; PostgreSQL would let parallel requests count past the limits together.
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(bytes.fromhex(_address_hash(email))[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def _person(session: Session, email: str, *, now: datetime) -> Person | None:
    found = session.scalars(select(Person).where(func.lower(Person.email) == _address(email)))
    return active(found.one_or_none(), now=now)


def _matches(code: SignInCode | None, typed: str, *, now: datetime) -> bool:
    """Compare in constant time; a code that does not work costs as much as one that does."""
    if code is None or code.salt is None or code.code_hash is None:
        _scrypt(typed, _NO_SALT)
        return False
    same = hmac.compare_digest(_scrypt(typed, bytes.fromhex(code.salt)), code.code_hash)
    works = code.used_at is None and code.works_until is not None and now < code.works_until
    return same and works


def _scrypt(digits: str, salt: bytes) -> str:
    return hashlib.scrypt(digits.encode("utf-8", "backslashreplace"), salt=salt, n=2**14, r=8, p=1).hex()


def _address(email: str) -> str:
    return email.strip().lower()


def _address_hash(email: str) -> str:
    return token_hash(_address(email))


def _seconds(until: datetime, now: datetime) -> int:
    return max(0, math.ceil((until - now).total_seconds()))
