"""`plr demo`: the first cases end to end, with invented people, a real mail server and a real Prefect."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from plr.cli.context import Json
from plr.cli.demonstration.ending import Ending
from plr.cli.demonstration.home import FOLDER
from plr.cli.demonstration.mailboxes import Arrived
from plr.cli.demonstration.stage import Stage, set_up
from plr.cli.demonstration.story import CHAIR, MEETING_ON, SECRETARY, Story
from plr.cli.demonstration.telling import Telling
from plr.domain.wording import plural

_TERMINATED = 143


def demo(*, keep: bool = False, json: Json = False) -> int:
    """Show the first cases end to end, in a home of its own (.plr-demo), within a few minutes.

    Exit 0 only if all came out as it should.

    Parameters
    ----------
    keep
        Leave everything up at the end, to look around and sign in, until Ctrl-C.
    """
    telling = Telling()
    with _ended_politely(), set_up(FOLDER, telling, meeting_on=MEETING_ON) as stage:
        story = Story(stage)
        story.play()
        ending = Ending.of(story)
        ending.check()
        if json:
            ending.print_json()
        else:
            ending.show()
        sys.stdout.flush()
        if keep:
            _stay(stage)
    return _verdict(telling)


@contextmanager
def _ended_politely() -> Generator[None]:
    """Let a request to end take everything down first, as Ctrl-C does."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(_TERMINATED)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if before[number] is not signal.SIG_IGN:  # nohup: whoever started us wants it so
            signal.signal(number, leave)
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _stay(stage: Stage) -> None:
    def tell(letter: Arrived) -> None:
        about = (
            f"Code for {letter.to}: {letter.code}"
            if letter.code
            else f'Letter to {letter.to}: "{letter.subject}"'
        )
        stage.telling.say(about)

    stage.mail.tell = tell
    secretary, chair = stage.player(SECRETARY), stage.player(CHAIR)
    stage.telling.say(
        f"Everything stays up. Sign in at {stage.processes.web_url}/sign-in as {secretary.address} "
        f"({secretary.name}, the secretary) or {chair.address} ({chair.name}, the Chair). "
        "The codes appear here. Ctrl-C ends it."
    )
    with suppress(KeyboardInterrupt):
        stage.processes.wait_end()


def _verdict(telling: Telling) -> int:
    if not telling.broken:
        telling.say("All came out as it should.")
        return 0
    telling.say(f"{plural(len(telling.broken), 'thing')} did not come out as it should:")
    for sentence in telling.broken:
        telling.say(f"It should have been so: {sentence}")
    return 1
