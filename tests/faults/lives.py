"""One journey lived undisturbed, kept before each act; and the same act lived again with a death in it."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from plr.db.models import Case, Notice
from plr.domain.actors import Actor
from plr.domain.notices import NOTICES
from plr.domain.words import NoticeStatus, Via
from plr.operations import outbox
from tests.faults.backends import Backend
from tests.faults.journeys import SECRETARY, Act, id_of
from tests.faults.points import Points, Stopped, watched
from tests.faults.snapshots import Snapshot, take
from tests.faults.world import World, settings_for
from tests.smtp_server import SmtpServer

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ROOTS = ("outputs", "restricted")


@dataclass(frozen=True)
class Kept:
    """The state before an act, the places that the act passes, and the state after it."""

    act: Act
    url: str
    home: Path
    delivered: Counter[str]
    now: datetime
    places: tuple[str, ...]
    after: Snapshot


@dataclass
class Lives:
    """Lives of one journey in one kind of database."""

    backend: Backend
    folder: Path
    sink: SmtpServer
    kept: list[Kept] = field(default_factory=list)
    homes: int = 0

    def __post_init__(self) -> None:
        # One address for all lives, so that statements are compiled once.
        self.url = self.backend.new()

    def live_undisturbed(self, acts: Sequence[Act]) -> None:
        """Play the journey once, keeping the state before each act."""
        home = self._home()
        world = World.begun(settings_for(home, self.url, self.sink), self.sink)
        for act in acts:
            world.close()
            before = self._copied(home)
            kept_url, delivered, now = self.backend.copy(self.url), self.sink.delivered.copy(), world.now
            world = World(world.settings, self.sink, now, world.life + 1)
            points = Points()
            with watched(world, points):
                world.act(act)
            self.kept.append(Kept(act, kept_url, before, delivered, now, tuple(points.passed), take(world)))
        world.close()

    def places(self) -> list[tuple[int, int]]:
        """Every place to die at, as the act's number and the place's in it."""
        return [(number, place) for number, kept in enumerate(self.kept) for place in range(len(kept.places))]

    def die_at(self, number: int, place: int, *, play_on: bool = False) -> list[str]:
        """Live one act again, die at a place, begin anew; return what differs from the undisturbed life."""
        kept = self.kept[number]
        home = self._copied(kept.home)
        self.backend.put_back(kept.url, self.url)
        loaded = settings_for(home, self.url, self.sink)
        self.sink.delivered.clear()
        self.sink.delivered.update(kept.delivered)
        world = World(loaded, self.sink, kept.now, life=100)
        answered = self._die(world, kept.act, place)
        world = World(loaded, self.sink, kept.now + kept.act.after, life=101)
        try:
            self._recover(world, kept.act, answered=answered)
            found = kept.after.differences(take(world))
            if play_on and not found:
                found = self._play_on(world, number)
        finally:
            world.close()
            shutil.rmtree(home)
        return found

    def _die(self, world: World, act: Act, place: int) -> bool:
        """Act until the process dies; return whether whoever acted had an answer before."""
        answered = False
        with watched(world, Points(place)):
            try:
                world.now += act.after
                world.only_act(act)
                answered = True
                world.settle()
            except Stopped:
                return answered
            finally:
                world.close()
        raise AssertionError(f"{act.name}: place {place} was not passed this time.")

    def _recover(self, world: World, act: Act, *, answered: bool) -> None:
        # The dead process's lease runs out.
        gone = update(Case).where(Case.lease_until.is_not(None)).values(lease_until=LONG_AGO)
        world.database.run(lambda session: session.execute(gone))
        if not answered:
            world.act_again(act)
        world.settle()
        settle_uncertain(world)

    def _play_on(self, world: World, number: int) -> list[str]:
        for kept in self.kept[number + 1 :]:
            world.act(kept.act)
        return self.kept[-1].after.differences(take(world))

    def _home(self) -> Path:
        self.homes += 1
        return self.folder / f"{self.backend.name}-{self.homes}"

    def _copied(self, home: Path) -> Path:
        made = self._home()
        for root in ROOTS:
            shutil.copytree(home / root, made / root)
        return made


def tell(text: str) -> None:
    """Say a seed or a figure; pytest shows it with a failure, and with -s."""
    sys.stdout.write(f"{text}\n")


def settle_uncertain(world: World) -> None:
    """What the rules and the secretary do about letters of which nobody knows whether they arrived."""
    before = world.now
    with world.database.reading() as session:
        unknown = session.scalars(select(Notice).filter_by(status=NoticeStatus.UNCERTAIN)).all()
        asked = [row.id for row in unknown if NOTICES[row.fields["name"]].on_uncertain == "ask"]
        secretary = Actor(id_of(session, SECRETARY), Via.SESSION)
    for notice_id in asked:
        arrived = any(name.startswith(f"<{notice_id}@") for name in world.delivered)
        answer = "arrived" if arrived else "again"
        world.database.run(
            lambda session, notice_id=notice_id, answer=answer: outbox.settle(  # type: ignore[misc]  # bound now
                session, notice_id, answer=answer, by=secretary, now=before
            )
        )
    if len(unknown) > len(asked):
        world.now = before + timedelta(minutes=31)
        world.database.run(lambda session: world.deliveries.mend(session, world.now))
    if unknown:
        world.deliveries.deliver_all()
    world.now = before
