"""Every place where a program can die: before and after each commit and each external effect.

SQLAlchemy's own session events and our own edges are watched from outside; the product knows nothing
of it. A stopped process does nothing more: each later commit of its stops too, as after a kill.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from plr.adapters.disk import Disk
from plr.adapters.mail import Mailer, Outcome
from plr.adapters.storage import Storage
from tests.faults.world import World

_WRITES = ("INSERT", "UPDATE", "DELETE")
_WROTE = "points_wrote"


class Stopped(BaseException):
    """The program is dead from here on."""


@dataclass
class Points:
    """Counts the places as they are passed and stops at the chosen one."""

    stop_at: int | None = None
    passed: list[str] = field(default_factory=list)
    dead: bool = False

    def pass_by(self, what: str) -> None:
        if self.dead:
            raise Stopped
        self.passed.append(what)
        if self.stop_at == len(self.passed) - 1:
            self.dead = True
            raise Stopped


@contextmanager
def watched(world: World, points: Points) -> Generator[None]:
    """Watch one life of a world."""
    engine, mailer, storage = world.database.engine, world.deliveries._mailer, world.deliveries._storage
    with _commits(engine, points):
        world.deliveries._mailer = _WatchedMailer(mailer, points)  # type: ignore[assignment]  # the same face
        world.deliveries._storage = _watched_storage(world, points)
        try:
            yield
        finally:
            world.deliveries._mailer, world.deliveries._storage = mailer, storage


@contextmanager
def _commits(engine: Engine, points: Points) -> Generator[None]:
    watch = _Commits(points)
    listeners: tuple[tuple[Any, str, Callable[..., None]], ...] = (
        (engine, "after_cursor_execute", watch.executed),
        (Session, "after_begin", watch.began),
        (Session, "before_commit", watch.before),
        (Session, "after_commit", watch.after),
    )
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield
    finally:
        for target, name, listener in listeners:
            event.remove(target, name, listener)


@dataclass
class _Commits:
    """Passes by each commit that writes; one that writes nothing is no place to die at."""

    points: Points

    def began(self, _session: Session, _transaction: Any, connection: Any) -> None:
        connection.info.pop(_WROTE, None)

    def executed(
        self, connection: Any, cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        if statement.lstrip().upper().startswith(_WRITES) and cursor.rowcount != 0:
            connection.info[_WROTE] = True

    def before(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        session.flush()
        # The connection has gone by the time of `after_commit`.
        session.info[_WROTE] = session.connection().info.pop(_WROTE, False)
        if session.info[_WROTE]:
            self.points.pass_by("before a commit")
        elif self.points.dead:
            raise Stopped

    def after(self, session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop(_WROTE, False):
            self.points.pass_by("after a commit")


class _WatchedMailer:
    """The real mailer; the process may die before the first command and after the last reply."""

    def __init__(self, mailer: Mailer, points: Points) -> None:
        self._mailer, self._points = mailer, points

    def deliver(self, recipient: str, on_hand_over: Callable[[], EmailMessage | None]) -> Outcome:
        self._points.pass_by("before a letter")
        outcome = self._mailer.deliver(recipient, on_hand_over)
        self._points.pass_by("after a letter")
        return outcome

    def close(self) -> None:
        self._mailer.close()


def _watched_storage(world: World, points: Points) -> Storage:
    loaded = world.settings
    return Storage(
        loaded.storage_url, loaded.restricted_url, loaded.storage.options, disk=_WatchedDisk(points)
    )


class _WatchedDisk(Disk):
    """The real disk; the process may die before and after each call that lasts."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def make_folder(self, name: str, folder: int, mode: int) -> None:
        self._points.pass_by("before a folder")
        super().make_folder(name, folder, mode)
        self._points.pass_by("after a folder")

    def create(self, name: str, folder: int, mode: int) -> int:
        self._points.pass_by("before a file")
        file = super().create(name, folder, mode)
        self._or_close(file, "after a file")
        return file

    def _or_close(self, file: int, what: str) -> None:
        try:
            self._points.pass_by(what)
        except Stopped:
            os.close(file)  # as the system does when a process dies
            raise

    def write(self, file: int, data: memoryview) -> int:
        if len(data) > 1 and self._points.stop_at == len(self._points.passed):
            super().write(file, data[: len(data) // 2])
        self._points.pass_by("half way through a file")
        return super().write(file, data)

    def link(self, name: str, new: str, folder: int) -> None:
        self._points.pass_by("before a name")
        super().link(name, new, folder)
        self._points.pass_by("after a name")

    def remove(self, name: str, folder: int) -> None:
        self._points.pass_by("before a removal")
        super().remove(name, folder)
        self._points.pass_by("after a removal")
