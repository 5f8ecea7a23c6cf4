"""Hundreds of lives of a question (reliability Q4): after each step the model equals the database.

The gate plays 200 lives of 30 steps; `PLR_LONG=1` plays 5,000 of 50.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plr.db.models import AnswerRecord, Approval, Base, Case, Deadline, Installation
from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.domain.words import Answer, ApprovalKind, ApprovalStatus, CaseStatus, Office, Pattern
from plr.errors import PlrError
from plr.operations import approvals, audit, deadlines, verification
from tests.factories import (
    AMARA,
    GARETH,
    HELEN,
    JOAN,
    LONG_AGO,
    MARY,
    NIAMH,
    REFERENCE,
    SUNITA,
    add_case,
    add_people,
    rules_where,
    signed_in,
)
from tests.operations.approvals_model import (
    EVERYBODY,
    GIVEN,
    OPEN,
    VOID,
    Away,
    Model,
    Reply,
    Row,
    later,
    working_day,
)

LONG = os.environ.get("PLR_LONG") == "1"  # noqa: TID251 - the size of a test run, no setting of the product

SHAPES: list[tuple[Pattern, tuple[Office, ...], tuple[str, ...], int | None]] = [
    (Pattern.ANY, (Office.CHAIR,), ("TRIAGE",), None),
    (Pattern.ALL, (Office.CHAIR, Office.DATA_PROTECTION_LEAD), ("CHAIR", "DP"), None),
    (Pattern.IN_TURN, (Office.CHAIR, Office.ASSOCIATION_CHAIR), ("CHAIR", "AOCPP"), None),
    (
        Pattern.M_OF_N,
        (Office.CHAIR, Office.DATA_PROTECTION_LEAD, Office.ASSOCIATION_CHAIR),
        ("CHAIR", "DP", "AOCPP"),
        2,
    ),
]
START = date(2027, 3, 8)
somebody = st.sampled_from(EVERYBODY)
some_answer = st.sampled_from([Answer.APPROVE, Answer.APPROVE, Answer.RETURN, Answer.REJECT])
some_place = st.integers(0, 7)


class Interrupted(Exception):  # noqa: N818 - not a refusal: the power went
    """The process died before the commit."""


class Lives(RuleBasedStateMachine):
    """One question's life, played against the operations and the model at once."""

    database: Database

    @initialize(shape=st.sampled_from(SHAPES))
    def begin(self, shape: tuple[Pattern, tuple[Office, ...], tuple[str, ...], int | None]) -> None:
        pattern, offices, suffixes, needed = shape
        self.model = Model(pattern, offices, suffixes, needed, START)
        self.database.rules = rules_where(pattern, offices, suffixes, needed=needed)
        with self.database.transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
            session.add(Installation(id=1, installation_id="0" * 32, began_at=LONG_AGO))
            add_people(session)
            add_case(session)
            audit.record(session, "system", "system.began", "installation:1", by=ENGINE, now=self.now)
        self.ask(NIAMH)

    def teardown(self) -> None:
        """When a life ends, every change of it stands in the audit, and the chains hold."""
        if hasattr(self, "model"):
            with self.database.reading() as session:
                verdict = verification.verify(session)
            assert verdict.ok, verdict.first_bad

    # --- the two sides ----------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return datetime.combine(self.model.on, time(10), UTC)

    def hash_of(self, text: int) -> str:
        return f"{text:064}"

    def do(self, operation: Callable[[Session], object], *, allowed: bool) -> None:
        """Run an operation in its own transaction; it is refused exactly when the model says so."""
        refused: PlrError | None = None
        try:
            with self.database.transaction() as session:
                operation(session)
        except PlrError as error:
            refused = error
        assert (refused is None) == allowed, f"allowed by the model: {allowed}; {refused!r}"

    def a_row(self, place: int) -> tuple[Row, list[Row]]:
        rows = [(row, ask) for ask in self.model.asks[-2:] for row in ask]
        return rows[-1 - place % len(rows)]

    def open_row(self, place: int) -> tuple[Row, list[Row]]:
        rows = [(row, ask) for ask in self.model.asks for row in ask if row.status is OPEN and row.asked]
        return rows[place % len(rows)] if rows else self.a_row(place)

    def answered_row(self, place: int) -> tuple[Row, list[Row]]:
        rows = [(row, ask) for ask in self.model.asks for row in ask if row.replies]
        return rows[-1 - place % len(rows)] if rows else self.a_row(place)

    def answer_id(self, session: Session, row: Row) -> int:
        found = select(AnswerRecord.id).where(AnswerRecord.approval_id == row.identity)
        return session.scalars(found.order_by(AnswerRecord.id.desc())).first() or 0

    # --- what people do ---------------------------------------------------------------------------------

    @rule(author=st.sampled_from([NIAMH, NIAMH, AMARA, MARY]), often=st.integers(0, 3))
    def ask(self, author: int, often: int = 0) -> None:
        if often and self.model.asks and self.model.standing(self.model.asks[-1]) is OPEN:
            return
        fresh = not self.model.asks or self.model.standing(self.model.asks[-1]) is not OPEN
        allowed = self.model.ask(author) if fresh else self.model.asks[-1][0].text == self.model.text

        def operation(session: Session) -> None:
            approvals.ask(
                session,
                REFERENCE,
                ApprovalKind.TRIAGE,
                subject="submission",
                subject_version=self.model.text,
                content_hash=self.hash_of(self.model.text),
                author_id=author,
                now=self.now,
            )

        self.do(operation, allowed=allowed)

    @rule(
        place=some_place, person=somebody, answer=some_answer, stale=st.integers(0, 5), holder=st.booleans()
    )
    def answer(self, place: int, person: int, answer: Answer, stale: int, *, holder: bool) -> None:
        row, ask = self.open_row(place) if holder else self.a_row(place)
        person = row.holder if holder and row.holder else person
        text = row.text - 1 if stale == 0 else row.text

        def operation(session: Session) -> None:
            approvals.answer(
                session,
                row.identity,
                person_id=person,
                answer=answer,
                reason=None if answer is Answer.APPROVE else "Because.",
                content_hash=self.hash_of(text),
                by=signed_in(person),
                proof="session",
                now=self.now,
            )

        self.answering(operation, row, ask, person, answer, fresh=text == row.text, recorded=False)

    @rule(place=some_place, answer=some_answer)
    def whoever_is_asked_answers(self, place: int, answer: Answer) -> None:
        self.answer(place, AMARA, answer, 1, holder=True)

    @rule(place=some_place, answer=some_answer)
    def whoever_is_asked_telephones(self, place: int, answer: Answer) -> None:
        self.record(place, AMARA, answer, holder=True)

    @rule(place=some_place, person=somebody, answer=some_answer, holder=st.booleans())
    def record(self, place: int, person: int, answer: Answer, *, holder: bool) -> None:
        row, ask = self.open_row(place) if holder else self.a_row(place)
        person = row.holder if holder and row.holder else person

        def operation(session: Session) -> None:
            approvals.record_on_behalf(
                session,
                row.identity,
                person_id=person,
                answer=answer,
                reason=None if answer is Answer.APPROVE else "Because.",
                content_hash=self.hash_of(row.text),
                how_told="by telephone",
                when_told="today",
                recorded_by_id=JOAN,
                by=signed_in(JOAN),
                now=self.now,
            )

        if person == JOAN or JOAN in self.model.interests:
            self.do(operation, allowed=False)
        else:
            self.answering(operation, row, ask, person, answer, fresh=True, recorded=True)

    def answering(
        self,
        operation: Callable[[Session], None],
        row: Row,
        ask: list[Row],
        person: int,
        answer: Answer,
        *,
        fresh: bool,
        recorded: bool,
    ) -> None:
        if row.counted and row.counted.person == person:
            self.do(operation, allowed=row.counted.answer is answer)
            return
        may, behalf = self.model.may(person, row, ask)
        allowed = may and fresh and row.status is OPEN and not self.model.held
        self.do(operation, allowed=allowed)
        if allowed:
            self.model.answer(row, ask, Reply(person, answer, behalf, recorded, self.model.on))

    @rule(often=some_place)
    def change_the_text(self, often: int) -> None:
        if often > 1:  # rarely, else no question lives long
            return
        self.do(
            lambda session: approvals.void_for_changed_text(
                session, REFERENCE, "submission", by=signed_in(NIAMH), now=self.now
            ),
            allowed=True,
        )
        self.model.change_text()

    @rule(person=somebody, often=some_place)
    def declare_an_interest(self, person: int, often: int) -> None:
        if often > 2 or len(self.model.interests) >= 3:
            return
        self.do(
            lambda session: approvals.declare_interest(
                session, REFERENCE, person, by=signed_in(person), now=self.now
            ),
            allowed=True,
        )
        self.model.declare(person)

    @rule(place=some_place)
    def pass_it_on(self, place: int) -> None:
        row, ask = self.open_row(place)
        person = row.holder
        if person is None:
            return
        chosen = self.model.passed_to(row, ask)
        may, _ = self.model.may(person, row, ask)
        allowed = may and chosen is not None and row.status is OPEN and not self.model.held
        self.do(
            lambda session: approvals.pass_on(
                session, row.identity, person, by=signed_in(person), now=self.now
            ),
            allowed=allowed,
        )
        if allowed and chosen:
            self.model.give(row, chosen)

    @rule(
        person=st.sampled_from([AMARA, GARETH, HELEN, MARY]),
        delegate=st.sampled_from([None, AMARA, GARETH, SUNITA, JOAN]),
        starts=st.integers(0, 2),
        lasts=st.integers(0, 5),
    )
    def go_away(self, person: int, delegate: int | None, starts: int, lasts: int) -> None:
        first = self.model.on + timedelta(days=starts)
        last = first + timedelta(days=lasts)
        if delegate == person or any(away.person == person and not away.ended for away in self.model.leaves):
            return
        self.do(
            lambda session: approvals.set_leave(
                session,
                person,
                from_on=first,
                to_on=last,
                delegate_id=delegate,
                by=signed_in(person),
                now=self.now,
            ),
            allowed=True,
        )
        self.model.leaves.append(Away(person, first, last, delegate))
        self.model.begin_leaves()

    @rule(place=some_place)
    def take_back(self, place: int) -> None:
        row, ask = self.answered_row(place)
        if not row.replies:
            return
        person = row.replies[-1].person
        open_still = self.model.standing(ask) is OPEN and row.counted is not None
        allowed = open_still and not self.model.held
        self.do(
            lambda session: approvals.take_back(
                session, self.answer_id(session, row), person_id=person, by=signed_in(person), now=self.now
            ),
            allowed=allowed,
        )
        if allowed:
            self.model.take_back(row, ask)

    @rule(place=some_place, answer=some_answer)
    def answer_and_take_it_back(self, place: int, answer: Answer) -> None:
        self.answer(place, AMARA, answer, 1, holder=True)
        self.the_model_equals_the_database()
        self.take_back(0)

    @rule(place=some_place)
    def object_to(self, place: int) -> None:
        row, ask = self.answered_row(place)
        if not row.replies:
            return
        reply = row.replies[-1]
        in_time = self.model.on <= later(reply.given_on, 5)
        allowed = reply.recorded and reply.counts and row.status in GIVEN and in_time
        self.do(
            lambda session: approvals.object_to(
                session,
                self.answer_id(session, row),
                person_id=reply.person,
                reason="I did not say that.",
                by=signed_in(reply.person),
                now=self.now,
            ),
            allowed=allowed,
        )
        if allowed:
            self.model.object_to(row, ask)

    @rule(place=some_place)
    def say_it_was_not_me(self, place: int) -> None:
        row, ask = self.answered_row(place)
        if not row.replies:
            return
        reply = row.replies[-1]
        allowed = not reply.recorded and reply.counts and row.status in GIVEN
        self.do(
            lambda session: approvals.not_me(
                session,
                self.answer_id(session, row),
                person_id=reply.person,
                by=signed_in(reply.person),
                now=self.now,
            ),
            allowed=allowed,
        )
        if allowed:
            self.model.not_me(row, ask)

    @rule(place=some_place, answer=some_answer, own=st.booleans(), person=somebody)
    def supersede(self, place: int, answer: Answer, own: bool, person: int) -> None:
        row, ask = self.answered_row(place)
        counted = row.counted
        person = counted.person if own and counted else person
        may, behalf = self.model.may(person, row, ask)
        if counted and counted.person == person and person not in self.model.barred(row, ask):
            # Who gave the first answer may, while the office they answered for is still of the line.
            holders = LINE_HOLDERS[row.office]
            if (counted.behalf or person) in holders:
                may, behalf = True, counted.behalf
        settled = row.status in GIVEN and self.model.standing(ask) is not OPEN
        other = settled and GIVEN[row.status] is not answer
        allowed = may and other and not self.model.held

        def operation(session: Session) -> None:
            approvals.supersede(
                session,
                row.identity,
                person_id=person,
                answer=answer,
                reason="On second thoughts.",
                content_hash=self.hash_of(row.text),
                by=signed_in(person),
                proof="session",
                now=self.now,
            )

        self.do(operation, allowed=allowed)
        if allowed:
            self.model.supersede(row, ask, Reply(person, answer, behalf, False, self.model.on))

    @rule(place=some_place)
    def withdraw(self, place: int) -> None:
        row, ask = self.a_row(place)
        if place:  # rarely, else no question lives long
            return
        allowed = self.model.standing(ask) is OPEN
        self.do(
            lambda session: approvals.withdraw(session, row.identity, by=signed_in(JOAN), now=self.now),
            allowed=allowed,
        )
        if allowed:
            for each in self.model.live(ask):
                if each.status is OPEN:
                    each.status = ApprovalStatus.WITHDRAWN

    @rule(often=some_place)
    def put_on_hold_or_go_on(self, often: int) -> None:
        hold = often == 0

        def operation(session: Session) -> None:
            session.get_one(Case, REFERENCE).status = CaseStatus.ON_HOLD if hold else CaseStatus.TRIAGE

        self.do(operation, allowed=True)
        self.model.held = hold

    @rule(place=some_place, person=somebody)
    def the_power_goes(self, place: int, person: int) -> None:
        row, _ = self.open_row(place)
        with contextlib.suppress(Interrupted), self.database.transaction() as session:
            approvals.declare_interest(session, REFERENCE, person, by=signed_in(person), now=self.now)
            approvals.void(session, row.identity, reason="declined", by=signed_in(JOAN), now=self.now)
            raise Interrupted

    # --- what time does ---------------------------------------------------------------------------------

    @precondition(lambda self: self.model.on < date(2027, 6, 1))
    @rule(days=st.sampled_from([1, 1, 2, 7]))
    def days_pass(self, days: int) -> None:
        """Time passes and the sweep runs: leaves begin and end, rungs fire. Nobody's answer changes."""
        self.model.on += timedelta(days=days)
        while not working_day(self.model.on):
            self.model.on += timedelta(days=1)
        before = self.said()
        for _ in range(2):  # woken twice, it does everything once
            self.do(self.sweep, allowed=True)
        assert self.said() == before
        self.model.end_leaves()
        self.model.begin_leaves()
        self.model.ask_where_nobody()

    def sweep(self, session: Session) -> None:
        approvals.end_leave(session, now=self.now)
        approvals.begin_leave(session, now=self.now)
        for row, deadline in deadlines.due_rows(session, now=self.now):
            if deadlines.claim(session, row, now=self.now):
                approvals.fire_rung(session, deadline, row.code, now=self.now)
        approvals.ask_again_where_nobody(session, now=self.now)

    def said(self) -> list[tuple[str, ApprovalStatus]]:
        with self.database.reading() as session:
            return [(row.id, row.status) for row in session.scalars(select(Approval).order_by(Approval.id))]

    # --- what always holds ------------------------------------------------------------------------------

    @invariant()
    def the_model_equals_the_database(self) -> None:
        if not hasattr(self, "model"):
            return
        expected = {
            row.identity: (row.status, row.office, row.round, row.holder, row.behalf, row.due)
            for ask in self.model.asks
            for row in ask
        }
        with self.database.reading() as session:
            found = {
                row.id: (row.status, row.office, row.round, row.holder_id, row.on_behalf_of_id, row.due_on)
                for row in session.scalars(select(Approval))
            }
            stands = [approvals.standing(session, self.ask_of(session, ask)) for ask in self.model.asks]
        different = {
            identity: (found.get(identity), expected.get(identity))
            for identity in found.keys() | expected.keys()
            if found.get(identity) != expected.get(identity)
        }
        assert not different, f"in the database, in the model: {different}"
        assert stands == [self.model.standing(ask) for ask in self.model.asks]

    def ask_of(self, session: Session, ask: list[Row]) -> str:
        return session.get_one(Approval, ask[0].identity).ask

    @invariant()
    def nothing_is_decided_without_an_identified_person_who_read_this_text(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.database.reading() as session:
            counted: dict[str, list[AnswerRecord]] = {}
            for given in session.scalars(select(AnswerRecord).where(AnswerRecord.voided_at.is_(None))):
                counted.setdefault(given.approval_id, []).append(given)
            rows = list(session.scalars(select(Approval)))
            for row in rows:
                answers = counted.get(row.id, [])
                assert len(answers) == (1 if row.status in GIVEN else 0)
                for given in answers:
                    assert given.answer is GIVEN[row.status]
                    assert given.content_hash == row.content_hash
                    assert given.proof
                    assert given.person_id not in {None, row.author_id}
            replies = {
                row.identity: [(one.person, one.answer, one.behalf, one.counts) for one in row.replies]
                for ask in self.model.asks
                for row in ask
            }
            kept: dict[str, list[tuple[int, Answer, int | None, bool]]] = {row.id: [] for row in rows}
            for one in session.scalars(select(AnswerRecord).order_by(AnswerRecord.id)):
                said = (one.person_id, one.answer, one.on_behalf_of_id, one.voided_at is None)
                kept[one.approval_id].append(said)
            assert kept == replies

    @invariant()
    def the_clock_runs_for_what_is_asked_and_for_nothing_else(self) -> None:
        if not hasattr(self, "model"):
            return
        with self.database.reading() as session:
            running = set(session.scalars(select(Deadline.subject).where(Deadline.closed_at.is_(None))))
        asked = {
            f"approval:{row.identity}"
            for ask in self.model.asks
            for row in ask
            if row.status is OPEN and row.holder is not None
        }
        assert running == asked


LINE_HOLDERS = {
    Office.CHAIR: {AMARA, GARETH, HELEN},
    Office.DATA_PROTECTION_LEAD: {MARY, GARETH},
    Office.ASSOCIATION_CHAIR: {HELEN},
}


def test_the_model_equals_the_database_after_every_step_of_every_life(database: Database) -> None:
    lives = type("LivesHere", (Lives,), {"database": database})
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=5000 if LONG else 200,
            stateful_step_count=50 if LONG else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_the_model_itself_never_approves_by_silence() -> None:
    model = Model(Pattern.ANY, (Office.CHAIR,), ("TRIAGE",), None, START)
    model.ask(NIAMH)
    for _ in range(200):
        model.on += timedelta(days=1)
        model.ask_where_nobody()
    assert [row.status for row in model.asks[0]] == [OPEN]
    assert VOID is not OPEN
