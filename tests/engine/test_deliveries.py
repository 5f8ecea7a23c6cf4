"""Letters to a server that misbehaves, documents into real folders: once each, and honestly."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from plr import settings
from plr.adapters import processes
from plr.db.models import Case, Link, Notice, Output, Person, Task
from plr.db.session import Database
from plr.domain import notices as letters
from plr.domain.actors import ENGINE
from plr.domain.outputs import OutputKind
from plr.domain.words import CaseStatus, NoticeStatus, OutputStatus, Settled, TaskKind, TaskStatus
from plr.engine.deliveries import Deliveries
from plr.operations import cases, documents, intake, notices, outbox, outputs, tasks, verification
from plr.reading import read_file
from plr.settings import Settings
from tests.factories import (
    AMARA,
    GARETH,
    JOAN,
    MARY,
    TOM,
    add_people,
    at,
    make_database,
    make_rules,
    signed_in,
)
from tests.faults.journeys import SAMPLES
from tests.smtp_server import Act, SmtpServer, answers, script, script_once

NOON = at("2027-01-05", 12)  # a Tuesday
SENT, WAITING, FAILED, UNCERTAIN = (
    NoticeStatus.SENT,
    NoticeStatus.WAITING,
    NoticeStatus.FAILED,
    NoticeStatus.UNCERTAIN,
)
CUT_AFTER_DOT = script(dot=Act(cut="before", accept=True))


@dataclass
class Hand:
    """One process's hands over a home of its own, and the time."""

    settings: Settings
    database: Database
    server: SmtpServer
    now: datetime = NOON
    made: list[Deliveries] = field(default_factory=list)

    def anew(self) -> Deliveries:
        """The hands of a process that has just started."""
        deliveries = Deliveries(self.settings, self.database, lambda: self.now)
        deliveries.me = f"{processes.me()}{len(self.made)}"  # once it is gone no process has this name
        deliveries._storage.prepare()
        self.made.append(deliveries)
        return deliveries

    @property
    def deliveries(self) -> Deliveries:
        return self.made[-1] if self.made else self.anew()

    def deliver(self, script: object = None) -> None:
        if script is not None:
            self.server.script = script  # type: ignore[assignment] # one of the scripts
        while self.deliveries.deliver_letter():
            pass
        self.server.script = lambda _verb: None

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)

    def mend(self) -> None:
        self.database.run(lambda session: self.deliveries.mend(session, self.now))

    def state(self, code: str = "N27") -> list[NoticeStatus]:
        with self.database.reading() as session:
            return list(session.scalars(select(Notice.status).filter_by(code=code).order_by(Notice.key)))

    def one(self, code: str = "N27") -> Notice:
        with self.database.reading() as session:
            return session.scalars(select(Notice).filter_by(code=code)).one()

    def arrived(self) -> list[int]:
        """How often each letter that reached the server did."""
        return sorted(self.server.delivered.values())


@pytest.fixture
def hand(tmp_path: Path) -> Generator[Hand]:
    with SmtpServer() as server:
        loaded = settings.load(
            {
                "PLR_HOME": str(tmp_path),
                "PLR_SMTP__HOST": "127.0.0.1",
                "PLR_SMTP__PORT": str(server.port),
                "PLR_SMTP__SECURITY": "none",
                "PLR_SMTP__COMMAND_SECONDS": "2",
                "PLR_SMTP__FINAL_DOT_SECONDS": "0.5",
            }
        )
        database = make_database(loaded.database_url, make_rules())
        with database.transaction() as session:
            add_people(session)
        made = Hand(loaded, database, server)
        yield made
        for deliveries in made.made:
            deliveries.stop()
        database.engine.dispose()


def news(hand: Hand, to: int = AMARA, cause: str = "c") -> None:
    """A letter that is asked about when nobody knows."""

    def do(session: Session) -> None:
        person = session.get_one(Person, to)
        letter = letters.Decided(
            given_name=person.given_name,
            why="You look after cases.",
            reference="PLR-R-2027-001",
            what="review",
            outcome=Settled.APPROVED,
            settled_on=hand.now.date(),
        )
        notices.queue(session, letter, to=person, cause=cause, now=hand.now)

    hand.database.run(do)


def health(hand: Hand) -> None:
    """A letter that is sent again when nobody knows."""

    def do(session: Session) -> None:
        letter = letters.SystemHealth(given_name="Jo", what="disk", since_at=hand.now)
        notices.queue(session, letter, to=session.get_one(Person, TOM), cause="c", now=hand.now)

    hand.database.run(do)


def digest(hand: Hand) -> None:
    """A letter that is dropped when nobody knows."""

    def do(session: Session) -> None:
        letter = letters.WeeklyDigest(given_name="Jo", week_of=hand.now.date())
        notices.queue(session, letter, to=session.get_one(Person, TOM), cause="c", now=hand.now)

    hand.database.run(do)


# ---- sent and refused


@pytest.mark.smtp
def test_a_letter_is_taken_once_with_its_id_and_its_template(hand: Hand) -> None:
    news(hand)
    hand.deliver()
    hand.deliver()
    found = hand.one()
    assert (found.status, found.sent_at, found.attempts, found.last_error) == (SENT, NOON, 1, None)
    assert len(found.template_hash or "") == 64
    assert [str(letter["To"]) for letter in hand.server.letters] == ["p01@example.org"]
    assert hand.arrived() == [1]
    with hand.database.reading() as session:
        assert verification.verify(session).first_bad is None


@pytest.mark.smtp
def test_a_refused_address_stops_its_letter_and_no_other(hand: Hand) -> None:
    news(hand, AMARA)
    hand.deliver(script_once(rcpt=answers("550 no such mailbox")))
    news(hand, GARETH)
    hand.deliver()
    assert sorted(hand.state()) == [FAILED, SENT]
    told = hand.one("N58")
    assert (told.person_id, told.status) == (JOAN, SENT)


@pytest.mark.smtp
def test_a_refused_text_fails_too(hand: Hand) -> None:
    news(hand)
    hand.deliver(script_once(dot=answers("554 spam")))
    assert hand.state() == [FAILED]
    assert hand.arrived() == [1]  # the letter to the secretary


# ---- later


@pytest.mark.smtp
@pytest.mark.parametrize("verb", ["mail", "rcpt", "data", "dot"])
def test_a_letter_put_off_climbs_the_ladder_wherever_it_is_put_off(hand: Hand, verb: str) -> None:
    hand.now = at("2027-01-05", 9)
    news(hand)
    waits = []
    for _ in range(5):
        hand.deliver(script(**{verb: answers("450 greylisted")}))
        waits.append((hand.one().not_before - hand.now).total_seconds() / 60)
        hand.now = hand.one().not_before
    assert waits == [5, 15, 60, 60, 60]
    hand.deliver()
    assert hand.state() == [SENT]
    assert hand.arrived() == [1]


@pytest.mark.smtp
def test_after_five_days_it_fails_and_says_so(hand: Hand) -> None:
    news(hand)
    hand.deliver(script(rcpt=answers("450 full")))
    for day in (6, 7, 8, 11):
        hand.now = at(f"2027-01-{day:02}", 12)
        hand.deliver(script(rcpt=answers("450 full")))
    assert hand.state() == [FAILED]
    assert hand.one("N58").fields["gave_up"] == "too_long"


# ---- the server's own fault


@pytest.mark.smtp
@pytest.mark.parametrize(
    "fault",
    [
        script(connect=answers("421 too busy")),
        script(connect=Act(reply=b"not smtp at all\r\n")),
        script(mail=answers("421 going down")),
        script(ehlo=Act(cut="before")),
    ],
    ids=["421", "banner", "421 at MAIL", "cut"],
)
def test_the_servers_fault_counts_no_try_and_is_probed_a_minute_later(hand: Hand, fault: object) -> None:
    news(hand)
    for _ in range(6):
        hand.deliver(fault)
        hand.later(minutes=1)
    found = hand.one()
    assert (found.status, found.attempts) == (WAITING, 0)
    assert found.not_before == hand.now
    hand.deliver()
    assert hand.state() == [SENT]
    assert hand.arrived() == [1]


@pytest.mark.smtp
def test_two_days_down_and_each_letter_still_wanted_goes_once(hand: Hand) -> None:
    with hand.database.transaction() as session:
        session.add(_case(session))
    numbers = [task_with_letter(hand), task_with_letter(hand)]
    news(hand, AMARA)
    news(hand, GARETH)
    away = script(connect=Act(cut="before"))
    for _ in range(5):
        hand.deliver(away)
        hand.later(hours=1)
    hand.now = at("2027-01-07", 11)  # two days later
    hand.deliver(away)
    hand.database.run(
        lambda session: tasks.finish(
            session, tasks.get(session, numbers[0]), by=signed_in(MARY), now=hand.now
        )
    )
    hand.later(minutes=1)
    hand.deliver()
    assert hand.state() == [SENT, SENT]
    assert sorted(hand.state("N22")) == [NoticeStatus.CANCELLED, SENT]
    assert hand.arrived() == [1, 1, 1]


@pytest.mark.smtp
def test_when_the_server_is_back_at_night_the_letters_wait_for_the_morning(hand: Hand) -> None:
    news(hand)
    hand.deliver(script(connect=Act(cut="before")))
    hand.now = at("2027-01-05", 23)
    hand.deliver()
    assert hand.state() == [WAITING]
    hand.now = at("2027-01-06", 8, 30)
    hand.deliver()
    assert hand.state() == [SENT]


@pytest.mark.smtp
def test_a_token_that_cannot_be_had_is_the_servers_fault(hand: Hand, tmp_path: Path) -> None:
    smtp = hand.settings.smtp.model_copy(update={"username": "plr", "token_command": f"{tmp_path}/none"})
    hand.settings = hand.settings.model_copy(update={"smtp": smtp})
    hand.server.auth = ("XOAUTH2",)
    news(hand)
    hand.deliver()
    found = hand.one()
    assert (found.status, found.attempts) == (WAITING, 0)
    assert "token" in (found.last_error or "")


# ---- nobody knows


@pytest.mark.smtp
def test_a_letter_that_asks_for_an_act_is_sent_again_once_after_half_an_hour(hand: Hand) -> None:
    health(hand)
    hand.deliver(CUT_AFTER_DOT)
    assert hand.state("N60") == [UNCERTAIN]
    hand.later(minutes=30)
    hand.mend()
    assert hand.state("N60") == [UNCERTAIN]
    hand.later(minutes=1)
    hand.mend()
    hand.deliver(CUT_AFTER_DOT)
    assert hand.arrived() == [2]  # under one Message-ID, and both tries stand on its page
    assert (hand.one("N60").status, hand.one("N60").attempts) == (UNCERTAIN, 2)
    hand.later(days=1)
    hand.mend()
    hand.deliver()
    assert hand.arrived() == [2]
    assert settle_tasks(hand) == 1


@pytest.mark.smtp
def test_other_letters_wait_for_the_secretarys_word(hand: Hand) -> None:
    news(hand)
    hand.deliver(CUT_AFTER_DOT)
    hand.later(hours=2)
    hand.mend()
    hand.deliver()
    assert (hand.state(), hand.arrived(), settle_tasks(hand)) == ([UNCERTAIN], [1], 1)
    number = hand.one().id
    hand.database.run(
        lambda session: outbox.settle(session, number, answer="again", by=signed_in(JOAN), now=hand.now)
    )
    hand.deliver()
    assert (hand.state(), hand.arrived(), settle_tasks(hand)) == ([SENT], [2], 0)


@pytest.mark.smtp
def test_a_digest_is_never_sent_again_and_asks_nobody(hand: Hand) -> None:
    digest(hand)
    hand.deliver(CUT_AFTER_DOT)
    hand.later(days=1)
    hand.mend()
    hand.deliver()
    assert (hand.state("N59"), hand.arrived(), settle_tasks(hand)) == ([UNCERTAIN], [1], 0)


@pytest.mark.smtp
def test_a_server_that_says_nothing_after_the_dot_leaves_it_uncertain(hand: Hand) -> None:
    news(hand)
    hand.deliver(script(dot=Act(silent=True, accept=True)))
    assert (hand.state(), hand.arrived()) == ([UNCERTAIN], [1])


def settle_tasks(hand: Hand) -> int:
    statement = select(Task).filter_by(kind=TaskKind.SETTLE_LETTER, status=TaskStatus.OPEN)
    with hand.database.reading() as session:
        return len(session.scalars(statement).all())


# ---- a process that died


def claim(hand: Hand, *, handed: bool) -> None:
    """What a process does before it is killed."""
    owner = hand.deliveries.me

    def do(session: Session) -> None:
        taken = outbox.claim(session, hand.deliveries.rule, owner=owner, limit=1, now=hand.now)[0]
        if handed:
            assert outbox.hand_over(session, taken, now=hand.now) is not None

    hand.database.run(do)


@pytest.mark.smtp
def test_killed_before_the_marker_the_letter_goes_out_anew(hand: Hand) -> None:
    news(hand)
    claim(hand, handed=False)
    hand.anew()
    hand.mend()
    hand.deliver()
    assert (hand.state(), hand.arrived()) == ([SENT], [1])


@pytest.mark.smtp
def test_killed_after_the_marker_nobody_sends_it_again_unasked(hand: Hand) -> None:
    news(hand)
    claim(hand, handed=True)
    hand.anew()
    hand.mend()
    hand.deliver()
    assert (hand.state(), hand.arrived(), settle_tasks(hand)) == ([UNCERTAIN], [], 1)


def test_what_a_living_process_holds_is_left_to_it_until_its_claim_lapses(hand: Hand) -> None:
    news(hand)
    hand.deliveries.me = processes.me()  # this one lives
    claim(hand, handed=False)
    hand.mend()
    assert hand.state() == [NoticeStatus.SENDING]
    hand.later(minutes=21)
    hand.mend()
    assert hand.state() == [WAITING]


# ---- no longer wanted


def _case(session: Session) -> Case:
    made = intake.receive(session, _data(), by=signed_in(TOM), now=NOON)
    case = session.get_one(Case, made.reference)
    case.status = CaseStatus.SCREENING
    return case


def _data() -> dict[str, object]:
    return {**read_file(SAMPLES / "england-lcspr.yaml").data, "external_ref": "sender-1"}


def task_with_letter(hand: Hand) -> int:
    def do(session: Session) -> int:
        task = tasks.ask(session, TaskKind.CHECK, "PLR-R-2027-001", now=hand.now)
        letter = letters.TaskOverdue(
            given_name="Mary",
            why="You check.",
            reference="PLR-R-2027-001",
            task="Check",
            due_on=hand.now.date(),
            page="/tasks",
        )
        person = session.get_one(Person, MARY)
        cause = f"task:{task.id}"
        notices.queue(session, letter, to=person, cause=cause, task_id=task.id, link_to=cause, now=hand.now)
        return task.id

    return hand.database.run(do)


@pytest.mark.smtp
def test_a_letter_no_longer_wanted_is_cancelled_at_the_door_and_says_nothing(hand: Hand) -> None:
    with hand.database.transaction() as session:
        session.add(_case(session))
    number = task_with_letter(hand)
    with hand.database.transaction() as session:
        session.get_one(Task, number).status = TaskStatus.VOID
    hand.deliver()
    assert hand.state("N22") == [NoticeStatus.CANCELLED]
    assert "DATA" not in hand.server.commands
    with hand.database.reading() as session:
        assert session.scalars(select(Link)).all() == []


def test_a_letter_that_cannot_be_made_fails_and_the_others_go_on(hand: Hand) -> None:
    news(hand, AMARA)
    news(hand, GARETH)
    with hand.database.transaction() as session:
        broken = session.scalars(select(Notice).filter_by(person_id=AMARA)).one()
        broken.fields = {"name": broken.fields["name"]}
    hand.deliver()
    assert sorted(hand.state()) == [FAILED, SENT]
    assert len(hand.server.letters) == 2  # the good one, and the secretary's


# ---- documents


@pytest.fixture
def with_summary(hand: Hand) -> Hand:
    with hand.database.transaction() as session:
        session.add(_case(session))
    return hand


def output(hand: Hand) -> Output:
    with hand.database.reading() as session:
        return session.scalars(select(Output).order_by(Output.id)).one()


def files(hand: Hand, root: str = "outputs") -> dict[str, bytes]:
    folder = hand.settings.home / root
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


NAME = "2027-01-05_PLR-R-2027-001_summary_v1.docx"
PLACE = f"2027/reviews/PLR-R-2027-001/{NAME}"
MANIFEST = f"manifest/2027/{NAME}.json"


def test_a_document_and_its_manifest_are_written_once(with_summary: Hand) -> None:
    while with_summary.deliveries.write_output():
        pass
    assert set(files(with_summary)) == {PLACE, MANIFEST}
    found = output(with_summary)
    assert (found.status, found.size) == (OutputStatus.WRITTEN, len(files(with_summary)[PLACE]))
    assert not with_summary.deliveries.write_output()
    with with_summary.database.reading() as session:
        assert verification.verify(session).first_bad is None


def test_after_a_crash_the_same_bytes_are_adopted(with_summary: Hand) -> None:
    with_summary.deliveries._write(_claimed(with_summary))  # and the row was lost with the process:
    before = files(with_summary)
    with with_summary.database.transaction() as session:
        found = session.scalars(select(Output)).one()
        found.status, found.sha256, found.size, found.written_at = OutputStatus.WAITING, None, None, None
        found.claimed_by = with_summary.deliveries.me
    with_summary.anew()
    assert not with_summary.deliveries.write_output()
    with_summary.mend()
    assert with_summary.deliveries.write_output()
    assert output(with_summary).status is OutputStatus.WRITTEN
    assert output(with_summary).version == 1
    assert files(with_summary) == before


def _claimed(hand: Hand) -> int:
    with hand.database.reading() as session:
        return session.scalars(select(Output.id)).one()


def test_a_name_that_holds_other_bytes_is_left_alone_and_the_next_version_written(
    with_summary: Hand,
) -> None:
    place = with_summary.settings.home / "outputs" / PLACE
    with_summary.anew()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"edited in Word")
    while with_summary.deliveries.write_output():
        pass
    found = output(with_summary)
    assert (found.status, found.version) == (OutputStatus.WRITTEN, 2)
    assert place.read_bytes() == b"edited in Word"
    assert found.name == NAME.replace("v1", "v2")
    assert PLACE.replace("v1", "v2") in files(with_summary)


def test_storage_that_is_away_puts_the_document_back_for_a_minute(with_summary: Hand) -> None:
    root = with_summary.settings.home / "outputs"
    with_summary.anew()
    root.rename(root.with_name("unmounted"))
    assert with_summary.deliveries.write_output()
    found = output(with_summary)
    assert (found.status, found.claimed_by) == (OutputStatus.WAITING, None)
    assert found.last_error
    assert not with_summary.deliveries.write_output()
    root.with_name("unmounted").rename(root)
    with_summary.later(minutes=1)
    assert with_summary.deliveries.write_output()
    assert output(with_summary).status is OutputStatus.WRITTEN
    assert set(files(with_summary)) == {PLACE, MANIFEST}


def test_a_document_that_cannot_be_made_fails_and_the_others_go_on(with_summary: Hand) -> None:
    def ask(session: Session) -> None:
        case = session.get_one(Case, "PLR-R-2027-001")
        data = documents.summary_fields(session, case, _content(session), now=NOON)
        outputs.ask(session, case, OutputKind.SUMMARY, data, by=ENGINE, now=NOON)
        session.scalars(select(Output).order_by(Output.id)).first().fields = {}  # type: ignore[union-attr] # there is one

    with_summary.database.run(ask)
    while with_summary.deliveries.write_output():
        pass
    with with_summary.database.reading() as session:
        states = session.scalars(select(Output.status).order_by(Output.id)).all()
    assert states == [OutputStatus.FAILED, OutputStatus.WRITTEN]


def _content(session: Session) -> dict[str, object]:
    return cases.content_of(session, "PLR-R-2027-001")


def test_a_document_of_a_breach_is_not_written(with_summary: Hand) -> None:
    with_summary.database.run(lambda session: outputs.stop(session, "PLR-R-2027-001", by=ENGINE, now=NOON))
    assert not with_summary.deliveries.write_output()
    assert files(with_summary) == {}


def test_a_restricted_document_lies_under_the_root_for_the_service_alone(with_summary: Hand) -> None:
    with with_summary.database.transaction() as session:
        session.scalars(select(Output)).one().classification = "restricted"
    while with_summary.deliveries.write_output():
        pass
    assert set(files(with_summary, "restricted")) == {PLACE, MANIFEST}
    assert files(with_summary) == {}


# ---- the threads


@pytest.mark.smtp
def test_the_hands_work_in_threads_and_stop_when_told(with_summary: Hand) -> None:
    news(with_summary, AMARA)
    news(with_summary, GARETH)
    deliveries = with_summary.anew()
    deliveries.start()
    deliveries.ring()
    deadline = 200
    while deadline and (with_summary.state() != [SENT, SENT] or output(with_summary).written_at is None):
        deadline -= 1
        deliveries._stopping.wait(0.05)
    deliveries.stop()
    assert with_summary.state() == [SENT, SENT]
    assert output(with_summary).status is OutputStatus.WRITTEN
    assert with_summary.arrived() == [1, 1]
    assert not any(thread.is_alive() for thread in deliveries._threads)
