"""Q18: codes, sessions and remembered browsers; known and unknown addresses are answered alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Notice, Person, RememberedBrowser, SecurityEntry, SignInCode, WebSession
from plr.domain.access import AccessRule
from plr.domain.actors import Actor
from plr.domain.words import Via
from plr.errors import LinkDeadError, PlrError, SignInError, TooManyTriesError, WrongMomentError
from plr.operations import access, links, signing_in
from tests.factories import AMARA, GARETH, add_people, make_database

NOW = datetime(2027, 3, 18, 22, 0, tzinfo=UTC)
RULE = AccessRule(
    code_minutes=10,
    code_tries=5,
    codes_an_hour=5,
    codes_a_day=10,
    tries_a_day=50,
    session_idle_minutes=60,
    session_hours=12,
    sessions_in_parallel=5,
    browser_days=90,
)
KNOWN, UNKNOWN = "p01@example.org", "stranger@example.org"
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


@pytest.fixture(scope="module")
def staffed() -> Iterator[Session]:
    database = make_database("sqlite://")
    with database.transaction() as session:
        add_people(session)
        yield session
    database.engine.dispose()


@pytest.fixture
def session(staffed: Session) -> Iterator[Session]:
    with staffed.begin_nested() as point:
        yield staffed
        point.rollback()


def _ask(
    session: Session,
    now: datetime = NOW,
    *,
    email: str = KNOWN,
    browser: str = "mine",
    rule: AccessRule = RULE,
) -> None:
    signing_in.ask_code(session, email=email, browser_token=browser, purpose="sign-in", now=now, rule=rule)


def _newest(session: Session) -> int:
    return session.scalars(select(func.max(SignInCode.id))).one()


def _code(session: Session, now: datetime = NOW, *, email: str = KNOWN, browser: str = "mine") -> str:
    """Ask for a code and have its letter handed over."""
    _ask(session, now, email=email, browser=browser)
    return signing_in.hand_over_code(session, _newest(session), now=now, rule=RULE)


def _try(
    session: Session,
    digits: str,
    now: datetime = NOW,
    *,
    email: str = KNOWN,
    browser: str = "mine",
    rule: AccessRule = RULE,
) -> int:
    tried = signing_in.try_code(
        session, email=email, browser_token=browser, digits=digits, now=now, rule=rule
    )
    return tried.person_or_raise()


def _refusal(session: Session, digits: str, now: datetime = NOW, **where: object) -> str:
    with pytest.raises((SignInError, TooManyTriesError)) as refused:
        _try(session, digits, now, **where)  # type: ignore[arg-type]  # passed through
    return str(refused.value)


def _wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06}"


# --- codes -------------------------------------------------------------------------------------------


def test_the_right_code_in_the_asking_browser_says_who_it_is(session: Session) -> None:
    assert _try(session, _code(session), NOW + 9 * MINUTE) == AMARA


def test_a_code_is_six_digits_may_be_typed_with_spaces_and_its_address_in_capitals(session: Session) -> None:
    digits = _code(session, email="P01@Example.org ")
    assert len(digits) == 6
    assert digits.isdecimal()
    assert _try(session, f" {digits[:3]} {digits[3:]} ", email="p01@EXAMPLE.org") == AMARA


def test_a_code_works_once(session: Session) -> None:
    digits = _code(session)
    _try(session, digits)
    assert _refusal(session, digits) == "That code is not right. You have 3 tries left."


def test_a_code_works_ten_minutes_from_its_hand_over_not_from_the_asking(session: Session) -> None:
    _ask(session)
    handed = NOW + 20 * MINUTE
    digits = signing_in.hand_over_code(session, _newest(session), now=handed, rule=RULE)
    assert _refusal(session, digits, handed + 10 * MINUTE).startswith("That code is not right.")
    assert _try(session, digits, handed + 10 * MINUTE - SECOND) == AMARA


def test_a_code_does_not_work_in_another_browser(session: Session) -> None:
    digits = _code(session)
    assert _refusal(session, digits, browser="another") == "That code is not right. You have 4 tries left."
    _code(session, browser="another")
    assert _refusal(session, digits, browser="another") == "That code is not right. You have 4 tries left."


def test_a_code_does_not_work_for_another_address(session: Session) -> None:
    digits = _code(session)
    assert _refusal(session, digits, email="p02@example.org").startswith("That code is not right.")


def test_asking_again_ends_the_code_before(session: Session) -> None:
    first = _code(session)
    second = _code(session, NOW + MINUTE)
    if first != second:
        assert _refusal(session, first, NOW + MINUTE).startswith("That code is not right.")
    assert _try(session, second, NOW + MINUTE) == AMARA


def test_sending_the_same_letter_again_makes_other_digits_and_the_first_stop_working(
    session: Session,
) -> None:
    first = _code(session)
    again = signing_in.hand_over_code(session, _newest(session), now=NOW + MINUTE, rule=RULE)
    if first != again:
        assert _refusal(session, first, NOW + MINUTE).startswith("That code is not right.")
    assert _try(session, again, NOW + MINUTE) == AMARA


def test_the_fifth_wrong_try_ends_the_code_and_even_the_right_one_comes_too_late(session: Session) -> None:
    digits = _code(session)
    said = [_refusal(session, _wrong(digits)) for _ in range(5)]
    assert said == [
        "That code is not right. You have 4 tries left.",
        "That code is not right. You have 3 tries left.",
        "That code is not right. You have 2 tries left.",
        "That code is not right. You have 1 try left.",
        "There were too many tries with a wrong code. Wait, then ask for a new one.",
    ]
    with pytest.raises(TooManyTriesError) as refused:
        _try(session, digits, NOW + 5 * MINUTE)
    assert refused.value.retry_after == 10 * 60


def test_after_the_last_try_the_same_browser_waits_a_quarter_of_an_hour_for_a_new_code(
    session: Session,
) -> None:
    digits = _code(session)
    for _ in range(5):
        _refusal(session, _wrong(digits))
    with pytest.raises(TooManyTriesError) as refused:
        _ask(session, NOW + 14 * MINUTE)
    assert refused.value.retry_after == 60
    assert _try(session, _code(session, NOW + 15 * MINUTE), NOW + 15 * MINUTE) == AMARA


def test_only_hashes_are_kept_of_digits_browser_and_address(session: Session) -> None:
    digits = _code(session)
    code = session.get_one(SignInCode, _newest(session))
    kept = " ".join(str(getattr(code, column.key)) for column in SignInCode.__table__.columns)
    assert digits not in kept.split()
    assert "mine" not in kept
    assert KNOWN not in kept
    letter = session.scalars(select(Notice).where(Notice.link_to == f"code:{code.id}")).one()
    assert digits not in str(letter.fields)


def test_the_letter_goes_to_the_persons_own_address_at_any_hour(session: Session) -> None:
    _ask(session)
    letter = session.scalars(select(Notice).where(Notice.code == "N56")).one()
    assert (letter.address, letter.person_id, letter.not_before) == (KNOWN, AMARA, NOW)


def test_a_code_that_could_not_leave_for_an_hour_or_was_asked_again_is_not_wanted(session: Session) -> None:
    _ask(session)
    first = _newest(session)
    assert signing_in.still_wanted(session, first, now=NOW + HOUR)
    assert not signing_in.still_wanted(session, first, now=NOW + HOUR + SECOND)
    _ask(session, NOW + MINUTE)
    assert not signing_in.still_wanted(session, first, now=NOW + MINUTE)
    with pytest.raises(WrongMomentError):
        signing_in.hand_over_code(session, first, now=NOW + MINUTE, rule=RULE)


def test_a_person_who_leaves_before_typing_the_code_does_not_get_in(session: Session) -> None:
    digits = _code(session)
    session.get_one(Person, AMARA).last_day_on = date(2027, 3, 17)
    assert _refusal(session, digits).startswith("That code is not right.")


def test_wrong_tries_stand_in_the_security_log_without_what_was_typed(session: Session) -> None:
    digits = _code(session)
    _refusal(session, _wrong(digits))
    entry = session.scalars(select(SecurityEntry)).one()
    assert (entry.event, entry.person_id, entry.detail) == ("code.wrong", AMARA, {"tries": 1})


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_five_codes_an_hour_and_ten_a_day_for_an_address_whatever_the_browser(
    session: Session, email: str
) -> None:
    for number in range(5):
        _ask(session, NOW + number * MINUTE, email=email, browser=f"browser {number}")
    with pytest.raises(TooManyTriesError) as refused:
        _ask(session, NOW + 10 * MINUTE, email=email, browser="one more")
    assert refused.value.retry_after == 50 * 60
    for number in range(5):
        _ask(session, NOW + 2 * HOUR + number * MINUTE, email=email, browser=f"browser {number}")
    with pytest.raises(TooManyTriesError) as refused:
        _ask(session, NOW + 4 * HOUR, email=email)
    assert refused.value.retry_after == 20 * 3600
    _ask(session, NOW + DAY, email=email)


def test_the_fifty_first_try_of_a_day_is_refused_though_it_is_right(session: Session) -> None:
    generous = replace(RULE, codes_an_hour=1000, codes_a_day=1000)
    for number in range(10):
        browser = f"browser {number}"
        _ask(session, NOW + number * MINUTE, browser=browser, rule=generous)
        digits = signing_in.hand_over_code(session, _newest(session), now=NOW, rule=generous)
        for _ in range(5):
            _refusal(session, _wrong(digits), browser=browser, rule=generous)
    _ask(session, NOW + HOUR, browser="last", rule=generous)
    digits = signing_in.hand_over_code(session, _newest(session), now=NOW + HOUR, rule=generous)
    with pytest.raises(TooManyTriesError) as refused:
        _try(session, digits, NOW + HOUR, browser="last", rule=generous)
    assert refused.value.retry_after == 23 * 3600


def test_a_stranger_who_uses_up_the_codes_does_not_lock_out_a_remembered_browser(session: Session) -> None:
    remembered = access.remember_browser(session, AMARA, now=NOW, rule=RULE)
    for number in range(5):
        digits = _code(session, browser=f"stranger {number}")
        for _ in range(5):
            _refusal(session, _wrong(digits), browser=f"stranger {number}")
    with pytest.raises(TooManyTriesError):
        _ask(session, browser="a new one")
    assert _try(session, _code(session, browser=remembered), browser=remembered) == AMARA


def test_a_remembered_browsers_own_allowance_ends_too(session: Session) -> None:
    remembered = access.remember_browser(session, AMARA, now=NOW, rule=RULE)
    for _ in range(5):
        _ask(session, browser=remembered)
    with pytest.raises(TooManyTriesError):
        _ask(session, browser=remembered)
    _ask(session, browser="a new one")


def test_a_revoked_browser_shares_the_strangers_allowance(session: Session) -> None:
    remembered = access.remember_browser(session, AMARA, now=NOW, rule=RULE)
    access.revoke_browsers(session, AMARA, by=Actor(AMARA, Via.SESSION), now=NOW)
    for number in range(5):
        _ask(session, browser=f"stranger {number}")
    with pytest.raises(TooManyTriesError):
        _ask(session, browser=remembered)


# --- known and unknown -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """Somebody comes to the sign-in pages some minutes later and asks for a code, or tries wrong ones."""

    minutes: int
    browser: str
    tries: int  # 0: asks


MOVES = st.lists(
    st.builds(Move, st.integers(0, 40), st.sampled_from(["one", "two"]), st.sampled_from([0, 0, 1, 5])),
    min_size=1,
    max_size=10,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, handed_after=st.integers(0, 12))
@example(moves=[Move(0, "one", 0), Move(1, "one", 5), Move(1, "one", 0), Move(13, "one", 0)], handed_after=7)
def test_whatever_a_stranger_does_a_known_address_answers_like_an_unknown_one(
    staffed: Session, moves: list[Move], handed_after: int
) -> None:
    answers = []
    for email in (KNOWN, UNKNOWN):
        with staffed.begin_nested() as point:
            answers.append(_answers(staffed, email, moves, handed_after))
            point.rollback()
    assert answers[0] == answers[1]


def _answers(session: Session, email: str, moves: list[Move], handed_after: int) -> list[str]:
    answers, now = [], NOW
    for move in moves:
        now += move.minutes * MINUTE
        if move.tries == 0:
            ask = partial(_ask_and_hand_over, session, email, now, move.browser, handed_after)
            answers.append(_answer(ask))
        for _ in range(move.tries):
            attempt = partial(_try, session, "no code", now, email=email, browser=move.browser)
            answers.append(_answer(attempt))
    return answers


def _answer(act: Callable[[], object]) -> str:
    try:
        act()
    except TooManyTriesError as error:
        return f"{error} {error.retry_after}"
    except PlrError as error:
        return str(error)
    return "asked"


def _ask_and_hand_over(session: Session, email: str, now: datetime, browser: str, handed_after: int) -> None:
    _ask(session, now, email=email, browser=browser)
    code = session.get_one(SignInCode, _newest(session))
    if code.person_id is not None:
        signing_in.hand_over_code(session, code.id, now=now + handed_after * MINUTE, rule=RULE)


def test_no_letter_goes_to_an_unknown_address_or_to_somebody_who_has_left(session: Session) -> None:
    session.get_one(Person, AMARA).last_day_on = date(2027, 3, 17)
    for email in (KNOWN, UNKNOWN, "", "not an address", "p01@example.org\r\nBcc: x@example.org"):
        _ask(session, email=email)
    assert session.scalars(select(Notice)).all() == []


# --- sessions ----------------------------------------------------------------------------------------


def _begin(session: Session, now: datetime = NOW, person_id: int = AMARA) -> str:
    return access.begin_session(session, person_id, Via.SESSION, now=now, rule=RULE)


def _who(session: Session, token: str, now: datetime = NOW) -> int | None:
    person = access.session_person(session, token, now=now, rule=RULE)
    return None if person is None else person.id


def test_a_session_lives_while_it_is_used_and_an_hour_after(session: Session) -> None:
    token = _begin(session)
    assert _who(session, token, NOW + 59 * MINUTE) == AMARA
    assert _who(session, token, NOW + 118 * MINUTE) == AMARA
    assert _who(session, token, NOW + 178 * MINUTE) is None


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(session: Session) -> None:
    token = _begin(session)
    used = [_who(session, token, NOW + number * 30 * MINUTE) for number in range(25)]
    assert used == [AMARA] * 24 + [None]


def test_being_seen_is_written_at_most_once_a_minute_and_not_when_only_reading(session: Session) -> None:
    token = _begin(session)
    row = session.scalars(select(WebSession)).one()
    _who(session, token, NOW + 59 * SECOND)
    assert row.seen_at == NOW
    access.session_person(session, token, now=NOW + 2 * MINUTE, rule=RULE, touch=False)
    assert row.seen_at == NOW
    _who(session, token, NOW + MINUTE)
    assert row.seen_at == NOW + MINUTE


def test_of_six_sessions_the_oldest_has_ended_and_nobody_elses(session: Session) -> None:
    other = _begin(session, person_id=GARETH)
    tokens = [_begin(session, NOW + number * SECOND) for number in range(6)]
    assert [_who(session, token) for token in tokens] == [None] + [AMARA] * 5
    assert _who(session, other) == GARETH


def test_a_session_signed_out_is_over_and_others_go_on(session: Session) -> None:
    one, other = _begin(session), _begin(session)
    access.end_session(session, one, now=NOW)
    access.end_session(session, "unknown", now=NOW)
    assert (_who(session, one), _who(session, other)) == (None, AMARA)


def test_a_session_token_is_kept_as_a_hash_only_and_new_at_each_sign_in(session: Session) -> None:
    tokens = {_begin(session), _begin(session)}
    assert len(tokens) == 2
    assert tokens.isdisjoint(session.scalars(select(WebSession.id_hash)))


def test_a_session_is_nobodys_after_the_persons_last_day_in_london(session: Session) -> None:
    session.get_one(Person, AMARA).last_day_on = date(2027, 6, 1)
    # 11:30pm on 1 June in London, and an hour later: summer time.
    late = datetime(2027, 6, 1, 22, 30, tzinfo=UTC)
    token = _begin(session, late)
    assert _who(session, token, late) == AMARA
    assert _who(session, token, late + 40 * MINUTE) is None


# --- remembered browsers, leaving ----------------------------------------------------------------------


def test_a_browser_is_remembered_for_ninety_days(session: Session) -> None:
    token = access.remember_browser(session, AMARA, now=NOW, rule=RULE)
    remembered = access.browser_person(session, token, now=NOW + 90 * DAY - SECOND)
    assert remembered is not None
    assert remembered.id == AMARA
    assert access.browser_person(session, token, now=NOW + 90 * DAY) is None
    assert token not in session.scalars(select(RememberedBrowser.token_hash)).all()


def test_revoking_forgets_all_of_a_persons_browsers_and_nobody_elses(session: Session) -> None:
    mine = [access.remember_browser(session, AMARA, now=NOW, rule=RULE) for _ in range(2)]
    theirs = access.remember_browser(session, GARETH, now=NOW, rule=RULE)
    assert access.revoke_browsers(session, AMARA, by=Actor(AMARA, Via.SESSION), now=NOW) == 2
    assert [access.browser_person(session, token, now=NOW) for token in mine] == [None, None]
    assert access.browser_person(session, theirs, now=NOW) is not None


def test_leaving_ends_sessions_links_and_browsers_at_once_with_one_entry(session: Session) -> None:
    token = _begin(session)
    browser = access.remember_browser(session, AMARA, now=NOW, rule=RULE)
    link = links.mint(session, notice_id=None, person_id=AMARA, opens="approval:X", now=NOW)
    stays = _begin(session, person_id=GARETH)
    access.person_leaves(session, AMARA, now=NOW)
    assert _who(session, token) is None
    assert access.browser_person(session, browser, now=NOW) is None
    with pytest.raises(LinkDeadError):
        links.find(session, link, now=NOW)
    assert _who(session, stays) == GARETH
    events = session.scalars(select(AuditEntry.event).where(AuditEntry.subject == f"person:{AMARA}")).all()
    assert events == ["session.began", "browser.remembered", "access.ended"]
