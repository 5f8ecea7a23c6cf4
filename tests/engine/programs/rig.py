"""Cases in a database, and a home with a real Prefect server, for the tests of the engine."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from plr import settings
from plr.adapters import bell
from plr.db.models import AuditEntry, Base, Case, Installation, JournalEntry, SecurityEntry, Wait, Wake
from plr.db.session import Database
from plr.domain.words import CaseStatus, Depth, Nation, Stage
from plr.operations import wakes
from plr.settings import Settings

PROGRAMS = Path(__file__).parent
NOON = datetime(2027, 3, 18, 12, tzinfo=UTC)
PATIENCE = 240.0  # seconds; the machine may be busy


@dataclass
class Cases:
    """Cases in a database, and what happened to them."""

    database: Database
    home: Path
    made: int = 0

    def new(self, *, now: datetime = NOON, version: int = 1, process: str = "journey") -> str:
        self.made += 1
        reference = f"PLR-R-2027-{self.made:03}"
        with self.database.transaction() as session:
            session.add(
                Case(
                    reference=reference,
                    process=process,
                    process_version=version,
                    status=CaseStatus.SUBMITTED,
                    depth=Depth.LIGHT,
                    stage=Stage.DECIDED,
                    nation=Nation.ENGLAND,
                    region="E12000007",
                    review_type="LCSPR",
                    external_ref=f"ref-{self.made}",
                    submitter_email="sender@example.org",
                    created_at=now,
                )
            )
            session.flush()
            wakes.wake(session, reference, "logged", now=now)
        bell.ring(self.home)
        return reference

    def answer(self, reference: str, answer: str = "approve", *, now: datetime = NOON) -> None:
        with self.database.transaction() as session:
            detail = {"reference": reference, "answer": answer}
            session.add(SecurityEntry(at=now, event="answer", person_id=None, detail=detail))
            wakes.wake(session, reference, "answered", now=now)
        bell.ring(self.home)

    def try_again(self, reference: str, *, now: datetime = NOON) -> None:
        """What the person's "try again" does."""
        with self.database.transaction() as session:
            case = session.get_one(Case, reference)
            if case.attention == "run-cancelled":
                case.run_id, case.run_number = None, case.run_number + 1
            case.attention, case.failures = None, 0
            wakes.wake(session, reference, "try-again", now=now)
        bell.ring(self.home)

    def case(self, reference: str) -> Case:
        with self.database.reading() as session:
            case = session.get_one(Case, reference)
            session.expunge(case)
            return case

    def effects(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            rows = session.scalars(select(SecurityEntry).order_by(SecurityEntry.id))
            return [
                row.event for row in rows if row.detail["reference"] == reference and row.event != "answer"
            ]

    def journal(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            rows = session.scalars(
                select(JournalEntry).filter_by(reference=reference).order_by(JournalEntry.id)
            )
            return [f"{row.step}:{row.occurrence}" for row in rows]

    def waits_for(self, reference: str) -> str | None:
        with self.database.reading() as session:
            row = session.get(Wait, reference)
            return None if row is None else row.name

    def wakes(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            return list(session.scalars(select(Wake.reason).filter_by(reference=reference)))

    def audit(self, reference: str) -> list[str]:
        with self.database.reading() as session:
            return list(
                session.scalars(select(AuditEntry.event).filter_by(chain=reference).order_by(AuditEntry.seq))
            )


def make_cases(loaded: Settings) -> Cases:
    database = Database(loaded.database_url, settings.load_rules(loaded))
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Installation(id=1, installation_id="0" * 32, began_at=NOON))
    return Cases(database, loaded.home)


@dataclass
class Rig:
    """A home with a real Prefect server; workers are processes of their own."""

    home: Path
    environment: dict[str, str]
    settings: Settings
    cases: Cases
    client: httpx.Client
    server: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_server(self) -> None:
        self.server = subprocess.Popen([sys.executable, "-m", "plr.engine.server"], env=self.environment)
        self.until(self._answers, "Prefect's server answers")

    def _answers(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def stop_server(self) -> int:
        assert self.server is not None
        self.server.terminate()
        return self.server.wait(30)

    def start_worker(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return self.start_program([sys.executable, str(PROGRAMS / "worker.py"), *arguments], **environment)

    def start_program(self, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(command, env={**self.environment, **environment})
        self.workers.append(worker)
        return worker

    def a_worker(self) -> subprocess.Popen[bytes]:
        """Return a worker that lives, starting one if there is none."""
        for worker in self.workers:
            if worker.poll() is None:
                return worker
        return self.start_worker()

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
        for worker in self.workers:
            worker.wait(40)
        self.workers.clear()

    def post(self, path: str, content: Mapping[str, Any]) -> object:
        token = self.client.get("/csrf-token", params={"client": "tests"}).json()["token"]
        headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "tests"}
        answer = self.client.post(path, json=content, headers=headers)
        answer.raise_for_status()
        return answer.json()

    def run(self, reference: str) -> dict[str, Any]:
        run_id = self.cases.case(reference).run_id
        if run_id is None:
            return {"state": {"name": None}}
        found = self.client.get(f"/flow_runs/{run_id}").json()
        return dict(found) if "state" in found else {"state": {"name": None}}

    def state(self, reference: str) -> str | None:
        name: str | None = self.run(reference)["state"]["name"]
        return name

    def states(self, reference: str) -> list[str]:
        run_id = self.cases.case(reference).run_id
        return [
            state["name"]
            for state in self.client.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
        ]

    def until(self, true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"In {seconds:.0f} s it was never seen that {what}."
            time.sleep(0.05)

    def until_state(self, reference: str, name: str) -> None:
        self.until(lambda: self.state(reference) == name, f"{reference} is {name}")

    def until_waiting(self, reference: str, name: str = "await:answer") -> None:
        def waiting() -> bool:
            return (
                self.cases.waits_for(reference) == name
                and self.state(reference) == "Suspended"
                and self.cases.case(reference).lease_until is None
            )

        self.until(waiting, f"{reference} waits at {name}")

    def can_write(self) -> bool:
        """Whether nobody holds our database's lock for more than a second."""
        with closing(sqlite3.connect(self.home / "plr.db", timeout=1, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    def hold(self, name: str) -> None:
        for mark in ("at", "left"):
            (self.home / f"{mark}-{name}").unlink(missing_ok=True)
        (self.home / f"hold-{name}").touch()

    def until_held(self, name: str) -> None:
        self.until((self.home / f"at-{name}").exists, f"a worker has come to {name}")

    def let_go(self, name: str) -> None:
        (self.home / f"hold-{name}").unlink()
