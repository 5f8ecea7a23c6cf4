"""Carrying out what transactions intended: letters to the mail server, documents to shared storage."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.adapters import documents, mail, opening, processes
from plr.adapters.letters import render, template_hash
from plr.adapters.mail import Mailer, Outcome, OutcomeKind
from plr.adapters.storage import Written
from plr.db.models import Output
from plr.db.session import Database
from plr.domain.outputs import Classification, Manifest, OutputKind, root_of
from plr.domain.words import OutputStatus
from plr.errors import OutputDiffersError, PlrError, UnavailableError
from plr.operations import outbox, outputs
from plr.operations.outbox import Claim, DeliveryRule, HandOver
from plr.settings import Settings
from plr.settings.files import data_dir

log = logging.getLogger(__name__)

_STORAGE_PAUSE = timedelta(minutes=1)
_IDLE_SECONDS = 5.0
_STOP_SECONDS = 20.0


class Deliveries:
    """One process's hands: takes a letter or a document at a time. Safe to use from threads."""

    def __init__(self, settings: Settings, database: Database, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.database = database
        self.now = now
        self.me = processes.me()
        self.rule = DeliveryRule(**settings.deliver.model_dump())
        self.templates = data_dir("templates")
        self._mail_settings = opening.mail_settings(settings)
        self._mailer = Mailer(self._mail_settings)
        self._storage = opening.storage(settings)
        self._threads: list[threading.Thread] = []
        self._bells: list[threading.Event] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start the hands: one thread for each mail connection, one for documents."""
        if self.settings.storage.url is None and self.settings.storage.restricted_url is None:
            self._storage.prepare()  # our own folders; a share that is not mounted must be noticed
        hands = [*[self.deliver_letter] * self.settings.smtp.connections, self.write_output]
        for number, act in enumerate(hands):
            bell = threading.Event()
            thread = threading.Thread(target=self._keep_doing, args=(act, bell), name=f"plr-deliver-{number}")
            thread.daemon = True
            self._threads.append(thread)
            self._bells.append(bell)
            thread.start()

    def ring(self) -> None:
        """Say that something may be due."""
        for bell in self._bells:
            bell.set()

    def stop(self) -> None:
        """Claim no more, let each finish what it has in hand for a while, and close what is open."""
        self._stopping.set()
        self.ring()
        for thread in self._threads:
            thread.join(_STOP_SECONDS / len(self._threads))
        self._mailer.close()

    def _keep_doing(self, act: Callable[[], bool], bell: threading.Event) -> None:
        while not self._stopping.is_set():
            try:
                busy = act()
            except Exception as error:  # noqa: BLE001 - one letter never stops another (R21); no values in the log
                log.error("Delivering failed: %s.", type(error).__name__)  # noqa: TRY400 - as above
                busy = False
            if not busy:
                bell.wait(_IDLE_SECONDS)
                bell.clear()

    def deliver_all(self) -> None:
        """Do whatever is due now, one after the other, in this thread."""
        while any([self.deliver_letter(), self.write_output()]):
            pass

    def mend(self, session: Session, now: datetime) -> None:
        """Settle what a dead process left in its hands; called by the sweep."""
        outbox.mend(session, self.rule, is_dead=processes.is_dead, now=now)
        _mend_outputs(session, now=now)

    def deliver_letter(self) -> bool:
        """Take one letter that may leave and try once to hand it over."""
        now = self.now()
        claims = self.database.run(
            lambda session: outbox.claim(session, self.rule, owner=self.me, limit=1, now=now)
        )
        if not claims:
            return False
        self._deliver(claims[0])
        return True

    def _deliver(self, claim: Claim) -> None:
        handed: list[HandOver] = []

        def on_hand_over() -> EmailMessage | None:
            return self.database.run(lambda session: self._message(session, claim, handed))

        try:
            outcome = self._mailer.deliver(claim.address, on_hand_over)
        except UnavailableError as error:
            # Nothing has left. With the database away too, the letter waits for its claim to lapse.
            with contextlib.suppress(UnavailableError):
                self._record(claim, Outcome(OutcomeKind.SERVER_FAULT, str(error)), handed)
            return
        except Exception:
            log.exception("The letter %s cannot be made.", claim.notice_id)
            self._record(
                claim, Outcome(OutcomeKind.REFUSED, "This letter cannot be made: our fault."), handed
            )
            return
        self._record(claim, outcome, handed)

    def _message(self, session: Session, claim: Claim, handed: list[HandOver]) -> EmailMessage | None:
        # Made inside the transaction of the marker: a letter that cannot be made is never marked.
        over = outbox.hand_over(session, claim, now=self.now())
        if over is None:
            return None
        handed[:] = [over]
        base_url = self.settings.base_url
        letter = render(
            over.letter,
            link=None if over.token is None else f"{base_url}/{over.letter.link_path}/{over.token}",
            code=over.digits,
            masked=False,
            group_name=self.settings.group.name,
            reply_to=self.settings.smtp.reply_to,
            base_url=base_url,
            templates_dir=self.templates / "email",
        )
        return mail.build_message(
            letter,
            notice_id=over.message_id,
            recipient=claim.address,
            sent_at=over.at,
            settings=self._mail_settings,
            reference=over.reference,
        )

    def _record(self, claim: Claim, outcome: Outcome, handed: list[HandOver]) -> None:
        now = self.now()

        def operation(session: Session) -> None:
            match outcome.kind:
                case OutcomeKind.SENT:
                    hashed = template_hash(type(handed[0].letter), self.templates / "email")
                    outbox.sent(session, claim, reply=outcome.reply, template_hash=hashed, now=now)
                case OutcomeKind.UNCERTAIN:
                    outbox.uncertain(session, claim, words=outcome.words, now=now)
                case OutcomeKind.LATER:
                    outbox.later(session, claim, self.rule, words=outcome.words, counts=True, now=now)
                case OutcomeKind.SERVER_FAULT:
                    outbox.later(session, claim, self.rule, words=outcome.words, counts=False, now=now)
                case OutcomeKind.REFUSED:
                    outbox.refused(session, claim, words=outcome.words, now=now)
                case OutcomeKind.NOT_WANTED:
                    pass

        self.database.run(operation)

    def write_output(self) -> bool:
        """Take one document that is asked for and write it once."""
        claimed = self.database.run(lambda session: _claim_output(session, self.me, now=self.now()))
        if claimed is None:
            return False
        try:
            self._write(claimed)
        except OutputDiffersError:
            log.warning("The name of output %s holds other bytes; it becomes the next version.", claimed)
            self.database.run(lambda session: _renamed(session, claimed, now=self.now()))
        except UnavailableError as error:
            words = str(error)
            self.database.run(lambda session: _put_back(session, claimed, words, now=self.now()))
        except (PlrError, ValueError, KeyError, TypeError):
            log.exception("The output %s cannot be made.", claimed)
            self.database.run(lambda session: _failed_output(session, claimed))
        return True

    def _write(self, output_id: int) -> None:
        with self.database.reading() as session:
            output = session.get_one(Output, output_id)
            session.expunge(output)
        root = root_of(Classification(output.classification))
        written = self._storage.write_once(root, output.folder, output.name, self._document(output))
        self._storage.write_manifest(root, _manifest_of(output, written))
        self.database.run(lambda session: _written(session, output_id, written, now=self.now()))

    def _document(self, output: Output) -> bytes:
        kind = OutputKind(output.kind)
        text = documents.render_text(kind, output.fields or {}, templates_dir=self.templates / "documents")
        return documents.to_docx(
            text,
            reference=output.reference,
            title=output.title,
            classification=Classification(output.classification),
            day=output.day_on,
            written_at=output.created_at,
            templates_dir=self.templates / "documents",
        )


def _manifest_of(output: Output, written: Written) -> Manifest:
    return Manifest(
        name=output.name,
        folder=output.folder,
        reference=output.reference,
        kind=output.kind,
        version=output.version,
        draft=output.draft,
        sha256=written.sha256,
        size=written.size,
        classification=Classification(output.classification),
        approvals=tuple(output.approvals),
        sources=tuple(output.sources),
        written_at=output.created_at,
    )


def _claim_output(session: Session, owner: str, *, now: datetime) -> int | None:
    statement = (
        select(Output)
        .where(
            Output.status == OutputStatus.WAITING,
            Output.not_before <= now,
            Output.claimed_by.is_(None),
        )
        .order_by(Output.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    output = session.scalars(statement).one_or_none()
    if output is None:
        return None
    output.claimed_until = now + timedelta(minutes=20)
    output.claimed_by = owner
    output.attempts += 1
    return output.id


def _mend_outputs(session: Session, *, now: datetime) -> int:
    statement = select(Output).where(Output.status == OutputStatus.WAITING, Output.claimed_by.is_not(None))
    mended = 0
    for output in session.scalars(statement.with_for_update(skip_locked=True)).all():
        lapsed = output.claimed_until is None or output.claimed_until < now
        if lapsed or processes.is_dead(output.claimed_by):
            output.claimed_by = output.claimed_until = None
            mended += 1
    return mended


def _written(session: Session, output_id: int, written: Written, *, now: datetime) -> None:
    output = session.get_one(Output, output_id, with_for_update=True)
    if output.status is OutputStatus.WAITING:
        outputs.written(session, output, sha256=written.sha256, size=written.size, now=now)


def _renamed(session: Session, output_id: int, *, now: datetime) -> None:
    output = session.get_one(Output, output_id, with_for_update=True)
    if output.status is OutputStatus.WAITING:
        outputs.next_version(session, output, now=now)
        output.claimed_by = output.claimed_until = None


def _put_back(session: Session, output_id: int, words: str, *, now: datetime) -> None:
    output = session.get_one(Output, output_id, with_for_update=True)
    output.claimed_by = output.claimed_until = None
    if output.status is not OutputStatus.WAITING:
        return
    output.last_error, output.not_before = words[:300], now + _STORAGE_PAUSE


def _failed_output(session: Session, output_id: int) -> None:
    output = session.get_one(Output, output_id, with_for_update=True)
    output.claimed_by = output.claimed_until = None
    if output.status is not OutputStatus.WAITING:
        return
    output.status = OutputStatus.FAILED
    output.last_error = "This document cannot be made: our fault."
