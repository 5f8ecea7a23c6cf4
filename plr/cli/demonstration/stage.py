"""The stage: home, clock, mailboxes, processes, records and people, set up and taken down together."""

from __future__ import annotations

import signal
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from plr.adapters.supervisor import free_port
from plr.cli.demonstration import home as homes
from plr.cli.demonstration.commands import ended_well, plr_json
from plr.cli.demonstration.days import Days
from plr.cli.demonstration.home import Home
from plr.cli.demonstration.mailboxes import Mailboxes
from plr.cli.demonstration.people import Player
from plr.cli.demonstration.processes import Processes
from plr.cli.demonstration.records import Records
from plr.cli.demonstration.telling import Telling
from plr.settings.files import data_dir

_LOCAL = "127.0.0.1"
# Not those of `plr up`, which may be running beside this; nor, if possible, those of another folder's
# demonstration that starts at the same moment and has not taken its ports yet.
_WEB_PORT, _PREFECT_PORT, _PORTS = 8180, 4280, 400


@dataclass(slots=True)
class Stage:
    """Everything a demonstration plays with."""

    home: Home
    days: Days
    mail: Mailboxes
    processes: Processes
    records: Records
    telling: Telling
    players: dict[str, Player] = field(default_factory=dict)

    def player(self, code: str) -> Player:
        """Return one of the invented people, with a browser of their own."""
        return self.players[code]

    def invite(self) -> int:
        """Import the people, each with an empty browser; return how many there are."""
        file = data_dir("config") / "people.example.yaml"
        changes = plr_json("people", "import", str(file))
        addresses = self.records.addresses()
        for change in changes:
            code = change["id"]
            self.players[code] = Player(
                code, change["name"], addresses[code], self.processes.web_url, self.mail
            )
        return len(changes)

    def go_to_next_day(self) -> None:
        """Let a day pass, and wait until all that it brings has been done."""
        instant = self.days.next_day()
        self.telling.begin_day(self.days.today)
        self.records.wait_swept(instant)
        self.records.wait_until_done()

    def go_to(self, day: date) -> None:
        """Let one day pass after the other until it is this one."""
        while self.days.today < day:
            self.go_to_next_day()


@contextmanager
def set_up(folder: Path, telling: Telling, *, meeting_on: date) -> Generator[Stage]:
    """Make the home and start everything; stop all of it in the end, whatever happens."""
    home = homes.claim(folder, meeting_on=meeting_on)
    mail = Mailboxes(home.letters)
    mail.open()
    own = zlib.crc32(str(home.path).encode()) % _PORTS
    web, prefect = free_port(_LOCAL, _WEB_PORT + own), free_port(_LOCAL, _PREFECT_PORT + own)
    homes.adopt(home, web_port=web, prefect_port=prefect, smtp_port=mail.port)
    days = Days(home.path)
    days.begin()
    ended_well(["init"])
    stage = Stage(home, days, mail, Processes(home.log, web, prefect), Records.open(), telling)
    try:
        stage.processes.start()
        yield stage
    finally:
        # Whoever presses Ctrl-C again would leave processes behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for player in stage.players.values():
            player.close()
        stage.telling.expect(
            held=stage.processes.stop(), otherwise="every process stopped when it was asked to."
        )
        stage.records.close()
        mail.close()
        home.release()
