"""A home with one database and a mail server, in which journeys are played in this process.

What the worker does in threads is done here one after the other: the sweep, the wakes, the deliveries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows.commissioning import commissioning_reflection
from plr import settings
from plr.adapters import processes
from plr.adapters.people_files import read_people_file
from plr.db import schema
from plr.db.session import Database
from plr.engine import sweep
from plr.engine.context import Services
from plr.engine.deliveries import Deliveries
from plr.engine.lease import Renewals
from plr.errors import WrongMomentError
from plr.operations import people_import, wakes
from plr.operations.upkeep import UPKEEP
from plr.settings import Settings
from plr.settings.files import data_dir
from tests.faults.journeys import BEGINNING, Act, Journey
from tests.smtp_server import SmtpServer

PEOPLE = data_dir("config") / "people.example.yaml"
EXTERNAL_REF = "sender-2027-1"


def settings_for(home: Path, url: str, sink: SmtpServer) -> Settings:
    """Letters go to the sink; the home is a demonstration, so that days may be jumped over."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "demonstration").touch()
    return settings.load(
        {
            "PLR_HOME": str(home),
            "PLR_DATABASE_URL": url,
            "PLR_SMTP__HOST": "127.0.0.1",
            "PLR_SMTP__PORT": str(sink.port),
            "PLR_SMTP__SECURITY": "none",
        }
    )


def import_people(database: Database, now: datetime = BEGINNING) -> None:
    """The invented people, by the real import."""
    sheet = read_people_file(PEOPLE)
    database.run(lambda session: people_import.save(session, sheet, by=None, now=now))


def database_at(loaded: Settings) -> Database:
    """The database of an address, made once a test run: what it has compiled stays."""
    url = loaded.database_url
    if url not in _DATABASES:
        _DATABASES[url] = Database(url, settings.load_rules(loaded))
    return _DATABASES[url]


_DATABASES: dict[str, Database] = {}


@dataclass
class World:
    """One process's life: made anew after it was stopped, over the same database, folders and sink."""

    settings: Settings
    sink: SmtpServer
    now: datetime = BEGINNING
    life: int = 0
    carried: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = database_at(self.settings)
        self.services = Services(
            self.settings,
            self.database,
            Renewals(self.database, lease_seconds=60, renew_seconds=15, step_seconds=600),
            lambda: self.now,
        )
        self.deliveries = Deliveries(self.settings, self.database, lambda: self.now)
        # A name that no living process has: what this one leaves in its hands is a dead one's.
        self.deliveries.me = f"{processes.me()}-{self.life}"
        self.deliveries._storage.prepare()

    @classmethod
    def begun(cls, loaded: Settings, sink: SmtpServer) -> World:
        """A new database with its people, whose welcome has been sent."""
        schema.upgrade(loaded.database_url, backup_to=None, now=BEGINNING)
        world = cls(loaded, sink)
        import_people(world.database)
        world.settle()
        return world

    def close(self) -> None:
        self.deliveries.stop()
        self.database.engine.dispose()

    def act(self, act: Act, external_ref: str = EXTERNAL_REF) -> None:
        """Let the time pass, let somebody act, and do everything that follows."""
        self.now += act.after
        self.only_act(act, external_ref)
        if act.rests:
            self.settle()

    def only_act(self, act: Act, external_ref: str = EXTERNAL_REF) -> None:
        do, now = act.do, self.now
        if do is not None:
            self.database.run(lambda session: do(session, external_ref, now))

    def act_again(self, act: Act, external_ref: str = EXTERNAL_REF) -> None:
        """Do what somebody does who got no answer: it counts now, or it was recorded before."""
        try:
            self.only_act(act, external_ref)
        except WrongMomentError:
            return

    def play(self, journey: Journey | Sequence[Act], external_ref: str = EXTERNAL_REF) -> str:
        """Play a whole journey and return the case's reference."""
        acts = journey.acts if isinstance(journey, Journey) else journey
        before = len(self.carried)
        for act in acts:
            self.act(act, external_ref)
        return self.carried[before]

    def settle(self) -> None:
        """Sweep once, then carry on what is awake and deliver what is due until nothing is left."""
        sweep.sweep_records(self.services, (*UPKEEP, self.deliveries.mend))
        for _ in range(20):
            with self.database.reading() as session:
                awake = wakes.awake(session)
            for reference in awake:
                self.carried.append(reference)
                commissioning_reflection.plain(reference, self.database, now=lambda: self.now)
            before = self.delivered.total(), self.outputs_written()
            self.deliveries.deliver_all()
            if not awake and before == (self.delivered.total(), self.outputs_written()):
                return
        raise AssertionError("It never comes to rest.")

    @property
    def delivered(self) -> Counter[str]:
        """The mail server's own count, by Message-ID."""
        return self.sink.delivered

    def outputs_written(self) -> int:
        return len(self.files())

    def files(self) -> dict[str, bytes]:
        """Every file of the two storage roots, by its path under the home."""
        home = self.settings.home
        return {
            str(path.relative_to(home)): path.read_bytes()
            for root in ("outputs", "restricted")
            for path in sorted((home / root).rglob("*"))
            if path.is_file()
        }
