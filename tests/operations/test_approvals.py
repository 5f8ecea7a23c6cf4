"""Asking and answering, told as it happens in the group. Days are worked out on a calendar of March 2027."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import (
    AnswerRecord,
    Approval,
    AuditEntry,
    Case,
    Deadline,
    DigestItem,
    LadderRow,
    Link,
    Notice,
    Output,
    Person,
    Role,
    Task,
    Wake,
)
from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.domain.rules import Rules
from plr.domain.words import (
    Answer,
    ApprovalKind,
    ApprovalStatus,
    CaseStatus,
    NoticeStatus,
    Office,
    OutputStatus,
    Pattern,
    TaskKind,
)
from plr.errors import (
    AlreadyAnsweredError,
    InvalidInputError,
    NotEligibleError,
    NotFoundError,
    TextChangedError,
    WrongMomentError,
)
from plr.operations import approvals, links
from tests.factories import (
    AMARA,
    FIONA,
    GARETH,
    HELEN,
    JOAN,
    MARY,
    NIAMH,
    RACHEL,
    REFERENCE,
    SUNITA,
    TOM,
    add_case,
    add_people,
    at,
    rules_where,
    signed_in,
)

MONDAY = at("2027-03-08")  # due five working days later: Monday 15 March
DUE = date(2027, 3, 15)
LATE = at("2027-03-16", 8, 30)
TEXT = "1" * 64
TRIAGE = f"A-{REFERENCE}-TRIAGE"
BOTH = rules_where(Pattern.ALL, (Office.CHAIR, Office.DATA_PROTECTION_LEAD), ("CHAIR", "DP"))
ORDERED = rules_where(Pattern.IN_TURN, (Office.CHAIR, Office.ASSOCIATION_CHAIR), ("CHAIR", "AOCPP"))
CHAIRS = f"A-{REFERENCE}-CHAIR"
DP = f"A-{REFERENCE}-DP"
AOCPP = f"A-{REFERENCE}-AOCPP"


@pytest.fixture
def session(database: Database) -> Generator[Session]:
    with database.transaction() as opened:
        add_people(opened)
        add_case(opened)
        yield opened


def under(session: Session, rules: Rules) -> Session:
    session.info["rules"] = rules
    return session


def ask(
    session: Session,
    *,
    kind: ApprovalKind = ApprovalKind.TRIAGE,
    author: int | None = NIAMH,
    text: str = TEXT,
    now: datetime = MONDAY,
) -> str:
    return approvals.ask(
        session,
        REFERENCE,
        kind,
        subject="submission",
        subject_version=1,
        content_hash=text,
        author_id=author,
        now=now,
    )


def answer(
    session: Session,
    person: int,
    given: Answer = Answer.APPROVE,
    *,
    approval: str = TRIAGE,
    reason: str | None = None,
    text: str = TEXT,
    now: datetime = MONDAY + timedelta(hours=1),
) -> ApprovalStatus:
    return approvals.answer(
        session,
        approval,
        person_id=person,
        answer=given,
        reason=reason,
        content_hash=text,
        by=signed_in(person),
        proof="session",
        now=now,
    )


def by_telephone(
    session: Session, given: Answer = Answer.APPROVE, *, approval: str = TRIAGE, person: int = AMARA
) -> AnswerRecord:
    approvals.record_on_behalf(
        session,
        approval,
        person_id=person,
        answer=given,
        reason="Say what the partners looked at." if given is not Answer.APPROVE else None,
        content_hash=TEXT,
        how_told="by telephone",
        when_told="today 9am",
        recorded_by_id=JOAN,
        by=signed_in(JOAN),
        now=MONDAY + timedelta(hours=1),
    )
    row = session.get_one(Approval, approval)
    kept = approvals.counted(session, row)
    assert kept is not None
    return kept


def status(session: Session, approval: str = TRIAGE) -> ApprovalStatus:
    return session.get_one(Approval, approval).status


def holder(session: Session, approval: str = TRIAGE) -> tuple[int | None, int | None]:
    row = session.get_one(Approval, approval)
    return row.holder_id, row.on_behalf_of_id


def letters(session: Session, code: str, *, waiting: bool = False) -> list[int]:
    session.flush()
    found = session.scalars(select(Notice).where(Notice.code == code).order_by(Notice.person_id)).all()
    return [row.person_id or 0 for row in found if not waiting or row.status is NoticeStatus.WAITING]


def fire(session: Session, code: str, *, now: datetime, approval: str = TRIAGE) -> None:
    deadline = session.scalars(select(Deadline).where(Deadline.subject == f"approval:{approval}")).one()
    approvals.fire_rung(session, deadline, code, now=now)


# --- asking -----------------------------------------------------------------------------------------


def test_the_chair_is_asked_with_a_letter_a_day_and_a_ladder(session: Session) -> None:
    assert ask(session) == f"{REFERENCE}:triage:1"
    row = session.get_one(Approval, TRIAGE)
    assert (row.holder_id, row.due_on, row.question) == (AMARA, DUE, f"Take {REFERENCE} on for reflection?")
    letter = session.scalars(select(Notice)).one()
    assert (letter.code, letter.person_id, letter.link_to) == ("N24", AMARA, f"approval:{TRIAGE}")
    rungs = {rung.code: rung.fires_at for rung in session.scalars(select(LadderRow))}
    # Good Friday is 26 March and Easter Monday 29 March; London's clocks go forward on 28 March.
    assert rungs == {
        "N25": at("2027-03-11", 8, 30),
        "N26": at("2027-03-16", 8, 30),
        "ESCALATE": at("2027-03-31", 7, 30),
    }


def test_the_same_question_while_open_is_asked_once(session: Session) -> None:
    assert ask(session) == ask(session, now=MONDAY + timedelta(days=1))
    assert letters(session, "N24") == [AMARA]
    with pytest.raises(WrongMomentError):
        ask(session, text="2" * 64)


def test_an_author_is_never_asked_about_their_own_text(session: Session) -> None:
    ask(session, author=AMARA)
    assert holder(session) == (GARETH, None)
    with pytest.raises(NotEligibleError):
        answer(session, AMARA)


def test_a_due_day_that_is_a_holiday_of_the_person_moves_to_their_next_working_day(session: Session) -> None:
    session.get_one(Person, AMARA).nation = session.get_one(Person, NIAMH).nation
    ask(session, now=at("2027-03-10"))  # five working days: Wednesday 17 March, St Patrick's Day in Belfast
    assert session.get_one(Approval, TRIAGE).due_on == date(2027, 3, 18)


def test_nobody_in_line_needs_attention_and_is_never_approved(session: Session) -> None:
    for role in session.scalars(select(Role)):
        role.to_on = date(2027, 3, 1)
    ask(session)
    case = session.get_one(Case, REFERENCE)
    assert (holder(session), status(session), case.attention) == (
        (None, None),
        ApprovalStatus.OPEN,
        "nobody-in-line",
    )
    assert letters(session, "N24") == []
    for person in (AMARA, GARETH, HELEN, JOAN):
        with pytest.raises(NotEligibleError):
            answer(session, person)
    assert approvals.ask_again_where_nobody(session, now=at("2027-03-12", 9)) == []
    session.add(Role(person_id=TOM, office=Office.CHAIR, from_on=date(2027, 3, 12)))
    assert approvals.ask_again_where_nobody(session, now=at("2027-03-13", 9)) == []  # a Saturday
    assert approvals.ask_again_where_nobody(session, now=at("2027-03-15", 8, 29)) == []
    assert approvals.ask_again_where_nobody(session, now=at("2027-03-15", 8, 30)) == [TRIAGE]
    # Due stays, at least two working days from asking: Monday 15 becomes Wednesday 17 March.
    assert session.get_one(Approval, TRIAGE).due_on == date(2027, 3, 17)
    assert (holder(session), case.attention) == ((TOM, None), None)
    assert letters(session, "N24") == [TOM]


def test_the_question_moves_on_when_its_holder_leaves_the_group(session: Session) -> None:
    ask(session)
    session.get_one(Person, AMARA).last_day_on = date(2027, 3, 9)
    with pytest.raises(NotEligibleError):
        answer(session, AMARA, now=at("2027-03-10"))
    assert approvals.ask_again_where_nobody(session, now=at("2027-03-10", 9)) == [TRIAGE]
    assert holder(session) == (GARETH, None)
    assert session.get_one(Approval, TRIAGE).due_on == DUE
    assert answer(session, GARETH, now=at("2027-03-10")) is ApprovalStatus.APPROVED


def test_one_person_is_never_asked_both_sides(session: Session) -> None:
    session.add(Role(person_id=MARY, office=Office.CHAIR))
    for role in session.scalars(select(Role).where(Role.person_id == AMARA)):
        role.to_on = date(2027, 3, 1)
    ask(under(session, BOTH))
    assert holder(session, CHAIRS) == (MARY, None)
    assert holder(session, DP) == (GARETH, None)


def test_the_fourth_round_is_asked_of_the_aocpp_chair(session: Session) -> None:
    for number in range(1, 5):
        ask(session)
        current = TRIAGE if number == 1 else f"{TRIAGE}-{number}"
        row = session.get_one(Approval, current)
        expected = (number, Office.ASSOCIATION_CHAIR if number == 4 else Office.CHAIR)
        assert (row.round, row.office) == expected
        if number < 4:
            answer(session, AMARA, Answer.RETURN, approval=current, reason="Say more.")
    assert answer(session, HELEN, approval=f"{TRIAGE}-4") is ApprovalStatus.APPROVED


# --- answering --------------------------------------------------------------------------------------


def test_an_answer_settles_tells_wakes_and_ends_the_clock(session: Session) -> None:
    ask(session)
    token = links.mint(session, notice_id=None, person_id=AMARA, opens=f"approval:{TRIAGE}", now=MONDAY)
    assert answer(session, AMARA) is ApprovalStatus.APPROVED
    kept = session.scalars(select(AnswerRecord)).one()
    assert (kept.person_id, kept.on_behalf_of_id, kept.proof, kept.via) == (AMARA, None, "session", "session")
    assert letters(session, "N27") == [JOAN]
    assert letters(session, "N24", waiting=True) == []
    assert session.scalars(select(Wake.reason)).all() == ["approval-settled"]
    assert session.scalars(select(Deadline.closed_at)).one() is not None
    assert session.scalars(select(Link.dead_at)).one() is not None
    assert token
    events = session.scalars(select(AuditEntry.event).order_by(AuditEntry.seq)).all()
    assert events == ["approval.asked", "answer.recorded", "approval.answered", "approval.settled"]


@pytest.mark.parametrize("given", [Answer.RETURN, Answer.REJECT])
def test_asking_for_changes_and_declining_need_a_reason(session: Session, given: Answer) -> None:
    ask(session)
    for reason in (None, "", "  \n"):
        with pytest.raises(InvalidInputError) as refused:
            answer(session, AMARA, given, reason=reason)
        assert [problem.field for problem in refused.value.problems] == ["reason"]
    assert status(session) is ApprovalStatus.OPEN
    answer(session, AMARA, given, reason="Too little about what the partners did.")
    assert status(session).value == {"return": "returned", "reject": "rejected"}[given.value]


def test_nobody_decides_without_being_identified(session: Session) -> None:
    ask(session)
    for by, proof in ((ENGINE, "session"), (signed_in(GARETH), "session"), (signed_in(AMARA), None)):
        with pytest.raises(NotEligibleError):
            approvals.answer(
                session,
                TRIAGE,
                person_id=AMARA,
                answer=Answer.APPROVE,
                reason=None,
                content_hash=TEXT,
                by=by,
                proof=proof,
                now=MONDAY,
            )
    assert session.scalars(select(AnswerRecord)).all() == []


def test_an_answer_counts_only_for_the_text_that_was_read(session: Session) -> None:
    ask(session)
    with pytest.raises(TextChangedError):
        answer(session, AMARA, text="2" * 64)
    assert status(session) is ApprovalStatus.OPEN


def test_the_same_answer_again_changes_nothing_and_another_is_refused(session: Session) -> None:
    ask(session)
    answer(session, AMARA)
    assert answer(session, AMARA, now=MONDAY + timedelta(days=1)) is ApprovalStatus.APPROVED
    assert len(session.scalars(select(AnswerRecord)).all()) == 1
    with pytest.raises(AlreadyAnsweredError):
        answer(session, AMARA, Answer.REJECT, reason="No.")


def test_the_deputy_may_answer_from_one_working_day_late_in_the_morning(session: Session) -> None:
    ask(session)
    with pytest.raises(NotEligibleError):
        answer(session, GARETH, now=LATE - timedelta(minutes=1))
    assert answer(session, GARETH, now=LATE) is ApprovalStatus.APPROVED
    kept = session.scalars(select(AnswerRecord)).one()
    assert (kept.person_id, kept.on_behalf_of_id) == (GARETH, AMARA)
    with pytest.raises(AlreadyAnsweredError):
        answer(session, AMARA, now=LATE)


@pytest.mark.parametrize("person", [JOAN, HELEN, SUNITA, NIAMH])
def test_nobody_else_answers_even_when_it_is_late(session: Session, person: int) -> None:
    ask(session)
    with pytest.raises(NotEligibleError):
        answer(session, person, now=LATE)


@pytest.mark.parametrize(
    "moment", [CaseStatus.ON_HOLD, CaseStatus.WITHDRAWN, CaseStatus.DECLINED, CaseStatus.BREACH]
)
def test_no_answer_counts_while_a_case_is_on_hold_or_has_ended(session: Session, moment: CaseStatus) -> None:
    ask(session)
    session.get_one(Case, REFERENCE).status = moment
    with pytest.raises(WrongMomentError):
        answer(session, AMARA)


def test_an_unknown_question_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        answer(session, AMARA)


def test_the_group_answers_only_through_a_recorded_meeting(session: Session) -> None:
    asked = ask(session, kind=ApprovalKind.GROUP, author=None)
    group = f"A-{REFERENCE}-GROUP"
    assert letters(session, "N24") == []
    assert session.scalars(select(Deadline)).all() == []
    with pytest.raises(NotEligibleError):
        answer(session, AMARA, approval=group)
    with pytest.raises(NotEligibleError):
        approvals.settle_group(session, asked, Answer.APPROVE, by=ENGINE, now=MONDAY)
    settled = approvals.settle_group(session, asked, Answer.APPROVE, by=signed_in(JOAN), now=MONDAY)
    assert settled is status(session, group) is ApprovalStatus.APPROVED
    assert letters(session, "N27") == []


# --- several offices --------------------------------------------------------------------------------


def test_two_offices_must_agree_and_are_told_once(session: Session) -> None:
    asked = ask(under(session, BOTH))
    assert letters(session, "N24") == [AMARA, MARY]
    assert answer(session, AMARA, approval=CHAIRS) is ApprovalStatus.OPEN
    assert (status(session, CHAIRS), letters(session, "N27")) == (ApprovalStatus.APPROVED, [])
    assert answer(session, MARY, approval=DP) is ApprovalStatus.APPROVED
    assert letters(session, "N27") == [JOAN]
    assert approvals.standing(session, asked) is ApprovalStatus.APPROVED


def test_one_return_settles_and_voids_the_other(session: Session) -> None:
    ask(under(session, BOTH))
    answer(session, MARY, Answer.RETURN, approval=DP, reason="Take the place out.")
    assert status(session, CHAIRS) is ApprovalStatus.VOID
    assert letters(session, "N24", waiting=True) == []
    with pytest.raises(AlreadyAnsweredError):
        answer(session, AMARA, approval=CHAIRS)


def test_in_turn_the_second_is_asked_when_the_first_approves(session: Session) -> None:
    asked = ask(under(session, ORDERED))
    assert holder(session, AOCPP) == (None, None)
    assert answer(session, AMARA, approval=CHAIRS, now=at("2027-03-10")) is ApprovalStatus.OPEN
    assert letters(session, "N27") == [JOAN]
    row = session.get_one(Approval, AOCPP)
    assert (row.holder_id, row.due_on) == (HELEN, date(2027, 3, 17))
    answer(session, HELEN, approval=AOCPP, now=at("2027-03-11"))
    # The AoCPP Chair's step: secretary and Chair.
    assert letters(session, "N27") == [AMARA, JOAN, JOAN]
    assert approvals.standing(session, asked) is ApprovalStatus.APPROVED


def test_two_of_three_settle_without_the_third(session: Session) -> None:
    offices = (Office.CHAIR, Office.VICE_CHAIR, Office.ASSOCIATION_CHAIR)
    asked = ask(under(session, rules_where(Pattern.M_OF_N, offices, ("ONE", "TWO", "THREE"), needed=2)))
    answer(session, AMARA, Answer.REJECT, approval=f"A-{REFERENCE}-ONE", reason="No.")
    answer(session, GARETH, approval=f"A-{REFERENCE}-TWO")
    assert approvals.standing(session, asked) is ApprovalStatus.OPEN
    assert answer(session, HELEN, approval=f"A-{REFERENCE}-THREE") is ApprovalStatus.APPROVED


def test_an_answer_may_be_taken_back_until_the_question_settles(session: Session) -> None:
    ask(under(session, BOTH))
    answer(session, AMARA, approval=CHAIRS)
    first = session.scalars(select(AnswerRecord)).one()
    with pytest.raises(NotFoundError):
        approvals.take_back(session, first.id, person_id=MARY, by=signed_in(MARY), now=MONDAY)
    approvals.take_back(session, first.id, person_id=AMARA, by=signed_in(AMARA), now=MONDAY)
    assert (status(session, CHAIRS), first.void_reason) == (ApprovalStatus.OPEN, "taken-back")
    answer(session, MARY, approval=DP)
    answer(session, AMARA, approval=CHAIRS)
    last = session.scalars(select(AnswerRecord).order_by(AnswerRecord.id.desc())).first()
    assert last is not None
    with pytest.raises(WrongMomentError):
        approvals.take_back(session, last.id, person_id=AMARA, by=signed_in(AMARA), now=MONDAY)


def test_taking_the_first_answer_back_in_turn_asks_the_second_no_more(session: Session) -> None:
    ask(under(session, ORDERED))
    answer(session, AMARA, approval=CHAIRS)
    first = session.scalars(select(AnswerRecord)).one()
    approvals.take_back(session, first.id, person_id=AMARA, by=signed_in(AMARA), now=MONDAY)
    with pytest.raises(NotEligibleError):
        answer(session, HELEN, approval=AOCPP)
    answer(session, AMARA, approval=CHAIRS, now=at("2027-03-09"))
    assert answer(session, HELEN, approval=AOCPP, now=at("2027-03-09")) is ApprovalStatus.APPROVED


# --- on behalf --------------------------------------------------------------------------------------


def test_an_answer_recorded_on_behalf_counts_at_once_with_a_receipt(session: Session) -> None:
    ask(session)
    kept = by_telephone(session)
    assert status(session) is ApprovalStatus.APPROVED
    assert (kept.person_id, kept.recorded_by_id, kept.how_told, kept.when_told) == (
        AMARA,
        JOAN,
        "by telephone",
        "today 9am",
    )
    # Five working days after Monday 8 March.
    assert kept.object_until_on == date(2027, 3, 15)
    receipt = session.scalars(select(Notice).where(Notice.code == "N07")).one()
    assert (receipt.person_id, receipt.link_to) == (AMARA, f"receipt:{kept.id}")
    assert letters(session, "N27") == [JOAN]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.event == "answer.recorded")).one()
    assert (entry.actor, entry.on_behalf_of) == (f"person:{JOAN}", f"person:{AMARA}")


@pytest.mark.parametrize(
    ("recorder", "person"), [(GARETH, AMARA), (AMARA, AMARA), (JOAN, JOAN), (TOM, AMARA)]
)
def test_only_the_secretary_records_and_only_for_who_may_answer(
    session: Session, recorder: int, person: int
) -> None:
    ask(session)
    with pytest.raises(NotEligibleError):
        approvals.record_on_behalf(
            session,
            TRIAGE,
            person_id=person,
            answer=Answer.APPROVE,
            reason=None,
            content_hash=TEXT,
            how_told="by telephone",
            when_told="today",
            recorded_by_id=recorder,
            by=signed_in(recorder),
            now=MONDAY,
        )


def test_how_and_when_it_was_told_is_compulsory(session: Session) -> None:
    ask(session)
    with pytest.raises(InvalidInputError) as refused:
        approvals.record_on_behalf(
            session,
            TRIAGE,
            person_id=AMARA,
            answer=Answer.APPROVE,
            reason=None,
            content_hash=TEXT,
            how_told=" ",
            when_told="",
            recorded_by_id=JOAN,
            by=signed_in(JOAN),
            now=MONDAY,
        )
    assert [problem.field for problem in refused.value.problems] == ["how_told", "when_told"]


def object_to(session: Session, kept: AnswerRecord, *, now: datetime) -> list[str]:
    return approvals.object_to(
        session,
        kept.id,
        person_id=kept.person_id,
        reason="I did not say that.",
        by=signed_in(kept.person_id),
        now=now,
    )


def test_an_objection_voids_the_answer_and_asks_again_with_what_it_voided(session: Session) -> None:
    asked = ask(under(session, BOTH))
    kept = by_telephone(session, Answer.RETURN, approval=CHAIRS)
    assert status(session, DP) is ApprovalStatus.VOID
    again = object_to(session, kept, now=at("2027-03-15", 17))
    assert again == [f"{CHAIRS}-2", f"{DP}-2"]
    assert (status(session, CHAIRS), kept.void_reason) == (ApprovalStatus.VOID, "objected")
    assert approvals.standing(session, asked) is ApprovalStatus.OPEN
    # N27 of the settling to the secretary; of the objection to Chair and secretary.
    assert letters(session, "N27") == [AMARA, JOAN, JOAN]
    answer(session, AMARA, approval=f"{CHAIRS}-2", now=at("2027-03-16"))
    assert answer(session, MARY, approval=f"{DP}-2", now=at("2027-03-16")) is ApprovalStatus.APPROVED
    assert approvals.standing(session, asked) is ApprovalStatus.APPROVED


def test_an_objection_after_five_working_days_is_too_late(session: Session) -> None:
    ask(session)
    kept = by_telephone(session)
    with pytest.raises(WrongMomentError):
        object_to(session, kept, now=at("2027-03-16", 0, 1))
    assert status(session) is ApprovalStatus.APPROVED


def test_only_an_answer_recorded_on_behalf_can_be_objected_to_and_once(session: Session) -> None:
    ask(session)
    answer(session, AMARA)
    own = session.scalars(select(AnswerRecord)).one()
    with pytest.raises(WrongMomentError):
        object_to(session, own, now=MONDAY)
    approvals.not_me(session, own.id, person_id=AMARA, by=signed_in(AMARA), now=MONDAY)
    kept = by_telephone(session)
    object_to(session, kept, now=MONDAY + timedelta(hours=2))
    with pytest.raises(WrongMomentError):
        object_to(session, kept, now=MONDAY + timedelta(hours=3))


def test_after_issue_the_document_stays_and_is_marked(session: Session) -> None:
    ask(session)
    kept = by_telephone(session)
    session.get_one(Case, REFERENCE).status = CaseStatus.ISSUED
    for name, of in (("one", [TRIAGE]), ("two", ["A-OTHER"])):
        session.add(
            Output(
                reference=REFERENCE,
                kind=name,
                version=1,
                title=name,
                classification="group",
                day_on=DUE,
                folder="2027",
                name=name,
                approvals=of,
                sources=[],
                status=OutputStatus.WRITTEN,
                created_at=MONDAY,
                not_before=MONDAY,
            )
        )
    object_to(session, kept, now=at("2027-03-09"))
    marks = dict(session.execute(select(Output.name, Output.mark)).all())
    assert marks == {"one": "objected to", "two": None}


# --- undoing ----------------------------------------------------------------------------------------


def test_this_was_not_me_opens_the_question_again(session: Session) -> None:
    ask(under(session, BOTH))
    answer(session, AMARA, Answer.REJECT, approval=CHAIRS, reason="No.")
    kept = session.scalars(select(AnswerRecord)).one()
    approvals.not_me(session, kept.id, person_id=AMARA, by=signed_in(AMARA), now=MONDAY + timedelta(hours=2))
    assert [status(session, one) for one in (CHAIRS, DP)] == [ApprovalStatus.OPEN] * 2
    assert kept.void_reason == "not-me"
    assert letters(session, "N24", waiting=True) == [AMARA, MARY]
    answer(session, MARY, approval=DP)
    assert answer(session, AMARA, approval=CHAIRS) is ApprovalStatus.APPROVED


def test_a_changed_text_voids_what_asks_about_it(session: Session) -> None:
    asked = ask(session)
    gone = approvals.void_for_changed_text(session, REFERENCE, "submission", by=ENGINE, now=MONDAY)
    assert gone == [TRIAGE]
    assert approvals.standing(session, asked) is ApprovalStatus.VOID
    assert letters(session, "N24", waiting=True) == []
    with pytest.raises(TextChangedError):
        answer(session, AMARA)
    ask(session, text="2" * 64)
    assert answer(session, AMARA, approval=f"{TRIAGE}-2", text="2" * 64) is ApprovalStatus.APPROVED


def test_a_changed_text_leaves_a_returned_answer_and_other_subjects_alone(session: Session) -> None:
    ask(session)
    answer(session, AMARA, Answer.RETURN, reason="Say more.")
    assert approvals.void_for_changed_text(session, REFERENCE, "submission", by=ENGINE, now=MONDAY) == []
    ask(session)
    assert approvals.void_for_changed_text(session, REFERENCE, "position", by=ENGINE, now=MONDAY) == []
    same = approvals.void_for_changed_text(
        session, REFERENCE, "submission", content_hash=TEXT, by=ENGINE, now=MONDAY
    )
    assert same == []


def test_a_question_may_be_withdrawn_until_it_settles(session: Session) -> None:
    asked = ask(session)
    with pytest.raises(NotEligibleError):
        approvals.withdraw(session, TRIAGE, by=signed_in(TOM), now=MONDAY)
    approvals.withdraw(session, TRIAGE, by=signed_in(JOAN), now=MONDAY)
    assert approvals.standing(session, asked) is ApprovalStatus.WITHDRAWN
    assert letters(session, "N27") == [JOAN]
    with pytest.raises(WrongMomentError):
        answer(session, AMARA)


def supersede(session: Session, person: int, given: Answer, *, approval: str = TRIAGE) -> str:
    return approvals.supersede(
        session,
        approval,
        person_id=person,
        answer=given,
        reason="On second thoughts, no.",
        content_hash=TEXT,
        by=signed_in(person),
        proof="session",
        now=MONDAY + timedelta(days=1),
    )


def test_an_answer_that_took_effect_is_replaced_both_kept_and_its_readers_told(session: Session) -> None:
    asked = ask(session)
    fire(session, "N25", now=at("2027-03-11", 8, 30))
    for letter in session.scalars(select(Notice)):
        letter.status = NoticeStatus.SENT
    answer(session, AMARA)
    new = supersede(session, AMARA, Answer.REJECT)
    assert (status(session), status(session, new)) == (ApprovalStatus.SUPERSEDED, ApprovalStatus.REJECTED)
    assert session.get_one(Approval, new).supersedes_id == TRIAGE
    assert approvals.standing(session, asked) is ApprovalStatus.REJECTED
    told = select(Notice.person_id).where(Notice.code == "N27", Notice.key.contains("superseded"))
    assert sorted(person or 0 for person in session.scalars(told)) == [AMARA, JOAN]
    assert session.scalars(select(Wake.reason)).all() == ["approval-settled", "approval-superseded"]


def test_only_who_may_answer_replaces_an_answer(session: Session) -> None:
    ask(session)
    answer(session, AMARA)
    with pytest.raises(NotEligibleError):
        supersede(session, TOM, Answer.REJECT)
    with pytest.raises(WrongMomentError):
        supersede(session, AMARA, Answer.APPROVE)


def test_replacing_a_refusal_asks_the_others_again(session: Session) -> None:
    asked = ask(under(session, BOTH))
    answer(session, AMARA, Answer.RETURN, approval=CHAIRS, reason="Say more.")
    supersede(session, AMARA, Answer.APPROVE, approval=CHAIRS)
    assert (approvals.standing(session, asked), status(session, DP)) == (
        ApprovalStatus.OPEN,
        ApprovalStatus.OPEN,
    )
    assert answer(session, MARY, approval=DP) is ApprovalStatus.APPROVED


# --- moving -----------------------------------------------------------------------------------------


def test_an_interest_moves_the_question_and_takes_the_letters_away(session: Session) -> None:
    ask(session)
    moved = approvals.declare_interest(session, REFERENCE, AMARA, by=signed_in(AMARA), now=MONDAY)
    assert moved == [TRIAGE]
    row = session.get_one(Approval, TRIAGE)
    assert (row.holder_id, row.first_holder_id, row.due_on) == (GARETH, AMARA, DUE)
    assert letters(session, "N24", waiting=True) == [GARETH]
    with pytest.raises(NotEligibleError):
        answer(session, AMARA)
    assert approvals.declare_interest(session, REFERENCE, AMARA, by=signed_in(AMARA), now=MONDAY) == []
    answer(session, GARETH)
    assert letters(session, "N27") == [JOAN]


def test_a_question_is_passed_to_the_deputy_and_both_names_are_kept(session: Session) -> None:
    ask(session)
    to = approvals.pass_on(session, TRIAGE, AMARA, by=signed_in(AMARA), now=MONDAY)
    row = session.get_one(Approval, TRIAGE)
    assert (to, row.holder_id, row.on_behalf_of_id, row.first_holder_id) == (GARETH, GARETH, AMARA, AMARA)
    assert row.due_on == DUE
    with pytest.raises(NotEligibleError):
        answer(session, AMARA)
    assert answer(session, GARETH) is ApprovalStatus.APPROVED


def test_a_question_back_leaves_the_approval_open_and_its_day(session: Session) -> None:
    ask(session)
    approvals.ask_question(session, TRIAGE, AMARA, "Which region?", by=signed_in(AMARA), now=MONDAY)
    row = session.get_one(Approval, TRIAGE)
    assert (row.status, row.due_on) == (ApprovalStatus.OPEN, DUE)
    task = session.scalars(select(Task)).one()
    assert (task.kind, task.person_id) == (TaskKind.ANSWER_QUESTION, JOAN)
    with pytest.raises(NotEligibleError):
        approvals.ask_question(session, TRIAGE, TOM, "Why?", by=signed_in(TOM), now=MONDAY)


def go_away(
    session: Session, delegate: int | None, *, first: str = "2027-03-10", last: str = "2027-03-12"
) -> None:
    approvals.set_leave(
        session,
        AMARA,
        from_on=date.fromisoformat(first),
        to_on=date.fromisoformat(last),
        delegate_id=delegate,
        by=signed_in(AMARA),
        now=MONDAY,
    )


def test_leave_moves_open_questions_to_the_delegate_and_back(session: Session) -> None:
    ask(session)
    go_away(session, SUNITA)
    assert letters(session, "N28") == [JOAN, SUNITA]
    assert holder(session) == (AMARA, None)
    approvals.begin_leave(session, now=at("2027-03-10", 0, 1))
    assert holder(session) == (SUNITA, AMARA)
    assert letters(session, "N24") == [AMARA]  # nobody gets a new one
    with pytest.raises(NotEligibleError):
        answer(session, AMARA, now=at("2027-03-11"))
    assert approvals.end_leave(session, now=at("2027-03-14", 12)) == []  # still the weekend
    assert approvals.end_leave(session, now=at("2027-03-15", 8, 29)) == []
    approvals.end_leave(session, now=at("2027-03-15", 8, 30))
    assert holder(session) == (AMARA, None)
    assert letters(session, "N28") == [AMARA, JOAN, SUNITA, SUNITA]
    with pytest.raises(NotEligibleError):
        answer(session, SUNITA, now=at("2027-03-15"))
    assert answer(session, AMARA, now=at("2027-03-15")) is ApprovalStatus.APPROVED


def test_the_delegate_answers_for_the_holder_whose_name_is_kept(session: Session) -> None:
    go_away(session, SUNITA)
    approvals.begin_leave(session, now=at("2027-03-10", 0, 1))
    ask(session, now=at("2027-03-11"))
    answer(session, SUNITA, now=at("2027-03-11"))
    kept = session.scalars(select(AnswerRecord)).one()
    assert (kept.person_id, kept.on_behalf_of_id) == (SUNITA, AMARA)


def test_a_delegate_who_may_not_gets_no_question(session: Session) -> None:
    ask(session, author=SUNITA)
    go_away(session, SUNITA)
    approvals.begin_leave(session, now=at("2027-03-10", 0, 1))
    assert holder(session) == (AMARA, None)
    with pytest.raises(NotEligibleError):
        answer(session, SUNITA, now=at("2027-03-11"))


# --- time -------------------------------------------------------------------------------------------


def test_an_overdue_question_is_brought_to_three_people_and_decided_by_none(session: Session) -> None:
    ask(session)
    fire(session, "N25", now=at("2027-03-11", 8, 30))
    assert letters(session, "N25") == [AMARA]
    fire(session, "N26", now=LATE)
    assert letters(session, "N26") == [AMARA, GARETH, JOAN]
    found = select(Notice.person_id, Notice.link_to).where(Notice.code == "N26")
    with_link = {person for person, link in session.execute(found) if link == f"approval:{TRIAGE}"}
    assert with_link == {AMARA, GARETH}
    assert session.get_one(Approval, TRIAGE).deputy_from_on == date(2027, 3, 16)
    fire(session, "ESCALATE", now=at("2027-03-31", 7, 30))
    assert session.scalars(select(DigestItem.person_id)).all() == [HELEN]
    assert status(session) is ApprovalStatus.OPEN
    answer(session, AMARA, now=at("2027-04-01"))
    assert letters(session, "N27") == [GARETH, JOAN]


def test_a_late_answer_of_another_office_shows_in_the_chairs_digest(session: Session) -> None:
    ask(under(session, BOTH))
    fire(session, "ESCALATE", now=at("2027-03-31", 7, 30), approval=DP)
    assert session.scalars(select(DigestItem.person_id)).all() == [AMARA]


def test_a_deputy_with_an_interest_is_not_written_to_and_may_not_answer(session: Session) -> None:
    ask(session)
    approvals.declare_interest(session, REFERENCE, GARETH, by=signed_in(GARETH), now=MONDAY)
    fire(session, "N26", now=LATE)
    assert letters(session, "N26") == [AMARA, JOAN]
    with pytest.raises(NotEligibleError):
        answer(session, GARETH, now=LATE)


def test_no_rung_fires_for_a_settled_question(session: Session) -> None:
    ask(session)
    answer(session, AMARA)
    for code in ("N25", "N26", "ESCALATE"):
        fire(session, code, now=LATE)
    assert letters(session, "N25") == letters(session, "N26") == []
    assert FIONA not in letters(session, "N27")
    assert RACHEL not in letters(session, "N24")
