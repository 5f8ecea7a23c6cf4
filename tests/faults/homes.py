"""A home of real processes: Prefect's server, workers to be killed, a mail sink that writes the truth."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from plr import settings
from plr.adapters import bell, opening
from plr.adapters.supervisor import free_port
from plr.clock import real_now
from plr.db import schema
from plr.db.models import AuditEntry, Case, JournalEntry, Notice, Output, Wait, Wake
from plr.db.session import Database
from plr.domain.outputs import Classification, root_of
from plr.domain.words import NoticeStatus, OutputStatus
from plr.errors import NotFoundError, WrongMomentError
from plr.operations import verification
from plr.settings import Settings
from tests.faults.journeys import BEGINNING, Act
from tests.faults.world import import_people
from tests.smtp_server import SmtpServer

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0  # seconds; the machine may be busy
SHORT = {
    "PLR_ENGINE__LEASE_SECONDS": "6",
    "PLR_ENGINE__RENEW_SECONDS": "1.5",
    "PLR_ENGINE__SWEEP_SECONDS": "2",
    "PLR_ENGINE__POLL_SECONDS": "2",
}
T = TypeVar("T")
_PORTS = threading.Lock()


class Worker(Protocol):
    """A worker's process, however it was started."""

    def poll(self) -> int | None:
        """None while it lives."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""


@dataclass
class Forked:
    """A worker of the nursery."""

    pid: int

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return -1
        return None

    def send_signal(self, sig: int, /) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (timeout or PATIENCE)
        while (status := self.poll()) is None:
            assert time.monotonic() < end, "The worker lives on."
            time.sleep(0.01)
        return status


@dataclass
class Home:
    """One home; its clock stands where the journeys begin, and runs."""

    folder: Path
    url: str
    sink: SmtpServer
    workers: list[Worker] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None
    nursery: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "demonstration").touch()
        self._set_clock(BEGINNING)
        with _PORTS:
            own = {
                **SHORT,
                "PLR_HOME": str(self.folder),
                "PLR_DATABASE_URL": self.url,
                "PLR_PREFECT__PORT": str(free_port("127.0.0.1", _next_port())),
                "PLR_SMTP__HOST": "127.0.0.1",
                "PLR_SMTP__PORT": str(self.sink.port),
                "PLR_SMTP__SECURITY": "none",
            }
        self.settings: Settings = settings.load(own)
        self.environment = {**_inherited(), **own}
        schema.upgrade(self.url, backup_to=None, now=BEGINNING)
        self.database = Database(self.url, settings.load_rules(self.settings))
        import_people(self.database)
        user, _, password = (self.settings.prefect_auth or "").partition(":")
        self.client = httpx.Client(base_url=self.settings.prefect_api_url, auth=(user, password), timeout=60)
        self.log = (self.folder / "log.txt").open("ab")

    # Time

    def now(self) -> datetime:
        return real_now() + timedelta(seconds=int((self.folder / "clock-offset").read_text()))

    def _set_clock(self, instant: datetime) -> None:
        offset = int((instant - real_now()).total_seconds())
        (self.folder / "clock-offset").write_text(str(offset))

    def jump(self, length: timedelta) -> None:
        self._set_clock(self.now() + length)
        bell.ring(self.folder)

    # Processes

    def start_server(self) -> None:
        self.server = self._start("plr.engine.server")
        self.until(self._answers, "Prefect's server answers")

    def _answers(self) -> bool:
        try:
            return self.client.get("/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def stop_server(self) -> int:
        assert self.server is not None
        self.server.terminate()
        return self.server.wait(60)

    def start_worker(self) -> Worker:
        """Start `python -m flows`."""
        worker = self._start("flows")
        self.workers.append(worker)
        return worker

    def fork_worker(self) -> Worker:
        """Start a worker from the nursery."""
        if self.nursery is None:
            self.nursery = self._start("tests.faults.nursery", talks=True)
        talk, listen = self.nursery.stdin, self.nursery.stdout
        assert talk is not None
        assert listen is not None
        talk.write(b"one more\n")
        talk.flush()
        worker = Forked(int(listen.readline()))
        self.workers.append(worker)
        return worker

    def a_worker(self) -> Worker:
        """A worker that lives, started if there is none."""
        living = [worker for worker in self.workers if worker.poll() is None]
        return living[0] if living else self.fork_worker()

    def _start(self, module: str, *, talks: bool = False) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else self.log,
            stderr=self.log,
        )

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def close(self) -> None:
        self.stop_workers()
        if self.nursery is not None:
            self.nursery.communicate()
        if self.server is not None and self.server.poll() is None:
            self.stop_server()
        self.client.close()
        self.database.engine.dispose()
        self.log.close()

    # People

    def try_to(self, act: Act, external_ref: str) -> bool:
        """Let somebody act; False while the case has not come so far."""
        now, do = self.now(), act.do
        if do is not None:
            try:
                self.database.run(lambda session: do(session, external_ref, now))
            except (WrongMomentError, NotFoundError):
                return False
        bell.ring(self.folder)
        return True

    def play(self, acts: tuple[Act, ...], external_ref: str) -> str:
        """Let everybody act as soon as it is their turn, and return the reference."""
        for act in acts:
            self.until(lambda act=act: self.try_to(act, external_ref), f"{external_ref}: {act.name}")  # type: ignore[misc]  # bound now
        return self.reference(external_ref)

    # Looking

    def reference(self, external_ref: str) -> str:
        with self.database.reading() as session:
            return session.scalars(select(Case.reference).filter_by(external_ref=external_ref)).one()

    def case(self, reference: str) -> Case:
        with self.database.reading() as session:
            case = session.get_one(Case, reference)
            session.expunge(case)
            return case

    def waits_for(self, reference: str) -> str | None:
        with self.database.reading() as session:
            row = session.get(Wait, reference)
            return None if row is None else row.name

    def count(self, model: type[Any], **of: object) -> int:
        with self.database.reading() as session:
            found: int = session.scalar(select(func.count()).select_from(model).filter_by(**of)) or 0
            return found

    def awake(self) -> set[str]:
        with self.database.reading() as session:
            return set(session.scalars(select(Wake.reference)))

    def moving(self) -> set[str]:
        """What the cases were sent in under that are awake or carried on now."""
        moving = self.awake() | self.leased()
        with self.database.reading() as session:
            return set(session.scalars(select(Case.external_ref).where(Case.reference.in_(moving))))

    def leased(self) -> set[str]:
        with self.database.reading() as session:
            return set(session.scalars(select(Case.reference).where(Case.lease_until.is_not(None))))

    def is_writable(self, reference: str) -> bool:
        """Whether nobody is in the middle of a transaction about a case."""
        if self.database.engine.dialect.name == "sqlite":
            file = self.database.engine.url.database
            assert file
            with closing(sqlite3.connect(file, timeout=0.3, isolation_level=None)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return False
                connection.execute("ROLLBACK")
            return True
        locked = select(Case.reference).filter_by(reference=reference).with_for_update(nowait=True)
        try:
            with self.database.engine.connect() as session:
                return session.scalar(locked) is not None
        except DBAPIError:
            return False

    def journal(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            rows = session.scalars(
                select(JournalEntry).filter_by(reference=reference).order_by(JournalEntry.id)
            )
            return [f"{row.step}:{row.occurrence}" for row in rows]

    def journal_length(self) -> int:
        return self.count(JournalEntry)

    def unrest(self) -> list[str]:
        """What is awake, held, due or half done; nothing when everything is at rest."""
        with self.database.reading() as session:
            due = session.scalars(
                select(Notice).where(
                    (Notice.status == NoticeStatus.SENDING)
                    | ((Notice.status == NoticeStatus.WAITING) & (Notice.not_before <= self.now()))
                )
            )
            letters = [f"{row.code} of {row.reference} is {row.status.value}" for row in due]
            unwritten = session.scalars(select(Output).filter_by(status=OutputStatus.WAITING))
            documents = [f"{row.name} is not written: {row.last_error}" for row in unwritten]
            wakes = [f"{row.reference} is awake: {row.reason}" for row in session.scalars(select(Wake))]
        return [*letters, *documents, *wakes, *(f"{reference} is leased" for reference in self.leased())]

    def until_at_rest(self) -> None:
        end = time.monotonic() + PATIENCE
        while found := self.unrest():
            assert time.monotonic() < end, f"It never comes to rest: {found}"
            time.sleep(0.05)

    def prefect_state(self, reference: str) -> str | None:
        run_id = self.case(reference).run_id
        if run_id is None:
            return None
        found = self.client.get(f"/flow_runs/{run_id}")
        return None if found.status_code != httpx.codes.OK else str(found.json()["state"]["name"])

    def resume_in_prefect(self, reference: str) -> None:
        token = self.client.get("/csrf-token", params={"client": "tests"}).json()["token"]
        headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "tests"}
        path = f"/flow_runs/{self.case(reference).run_id}/resume"
        self.client.post(path, json={}, headers=headers).raise_for_status()

    def until(self, true: Callable[[], object], what: str, seconds: float = PATIENCE) -> float:
        """Wait until something is true; return how long it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < seconds, f"In {seconds:.0f} s it was never seen that {what}."
            time.sleep(0.02)
        return time.monotonic() - began

    # Judging

    def letters_of(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            # Those that were no longer wanted before they left, too: each was asked for once.
            rows = session.scalars(select(Notice).filter_by(reference=reference))
            return sorted(f"{row.code} {row.address.partition('@')[0]}" for row in rows)

    def letter_faults(self) -> list[str]:
        """Letters not delivered exactly once that were not recorded as `uncertain` (R3)."""
        delivered = {name.strip("<>").partition("@")[0]: n for name, n in self.sink.delivered.items()}
        with self.database.reading() as session:
            uncertain = set(
                session.scalars(select(AuditEntry.subject).where(AuditEntry.event == "notice.uncertain"))
            )
            rows = session.scalars(select(Notice)).all()
            known = {row.id for row in rows}
            faults = [f"{name} was never asked for" for name in delivered.keys() - known]
            for row in rows:
                times = delivered.get(row.id, 0)
                if f"notice:{row.id}" in uncertain:
                    continue
                wanted = 1 if row.status is NoticeStatus.SENT else 0
                if times != wanted:
                    faults.append(
                        f"{row.code} of {row.reference}: {row.status.value}, delivered {times} times"
                    )
        return faults

    def output_faults(self) -> list[str]:
        storage = opening.storage(self.settings)
        with self.database.reading() as session:
            rows = session.scalars(select(Output)).all()
        faults = [
            storage.verify(
                root_of(Classification(row.classification)), row.folder, row.name, row.sha256 or ""
            )
            for row in rows
        ]
        return [fault for fault in faults if fault is not None]

    def audit_fault(self) -> object:
        with self.database.reading() as session:
            return verification.verify(session).first_bad


def _inherited() -> Mapping[str, str]:
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - what the children inherit
        if not name.startswith(("PLR_", "PREFECT_"))
    }


_first_ports: Iterator[int] = iter(range(4500, 6500, 20))


def _next_port() -> int:
    return next(_first_ports)


def on_each(homes: Mapping[str, Home], do: Callable[[Home], T]) -> dict[str, T]:
    """Do the same in every home at once: two cores, two databases."""
    with ThreadPoolExecutor(len(homes)) as pool:
        futures = {name: pool.submit(do, home) for name, home in homes.items()}
        return {name: future.result() for name, future in futures.items()}


def kill(worker: Worker) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait(30)
