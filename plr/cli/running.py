"""Running one verb: whatever goes wrong becomes a sentence on standard error and an exit status."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cyclopts import CycloptsError

from plr.cli.app import build
from plr.cli.mistakes import mistake
from plr.clock import real_now
from plr.errors import PlrError

DONE, NO, WRONG_INPUT, MISSING, INTERRUPTED = 0, 1, 2, 3, 130
DEBUG = "--debug"


def run(arguments: Sequence[str]) -> int:
    """Run a verb and return the exit status (interface, Commands). Shows a traceback only with --debug."""
    tokens, debug = _without_debug(arguments)
    # Without a handler of ours Python would print warnings meant for the log of a service.
    logging.getLogger("plr").addHandler(logging.NullHandler())
    try:
        outcome = build()(tokens)
        sys.stdout.flush()
    except CycloptsError as error:
        return _refused(mistake(error), WRONG_INPUT)
    except PlrError as error:
        if debug:
            traceback.print_exc()
        return _refused(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _refused("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has stopped reading, such as `head`; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # noqa: BLE001 - our fault, whatever it is: an error id for people, places for us
        if debug:
            traceback.print_exc()
        return _refused(_our_fault(error), MISSING)
    return outcome if isinstance(outcome, int) else DONE


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    before = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [word for at, word in enumerate(arguments) if word != DEBUG or at > before]
    return kept, len(kept) < len(arguments)


def _refused(sentence: str, status: int) -> int:
    with suppress(OSError):
        sys.stderr.write(f"{sentence}\n")
    return status


def _our_fault(error: Exception) -> str:
    """Write down where it went wrong, without what was said (it may hold a text), and return the sentence."""
    error_id = secrets.token_hex(4)
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    line = (
        f"{real_now().isoformat(timespec='seconds')} error {error_id}: {type(error).__name__} at {places}\n"
    )
    where = ""
    try:
        file = _log_file()
        with file.open("a", encoding="utf-8") as log:
            log.write(line)
        where = f" It is written down in {file}."
    except (OSError, PlrError):
        pass
    return (
        f"This is our fault, not yours: error {error_id}.{where} Try again; if it stays, tell whoever looks "
        "after this program. --debug shows more."
    )


def _log_file() -> Path:
    from plr import settings  # noqa: PLC0415 - reading settings takes half a second that most verbs do not need

    folder = settings.load().home / "log"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "plr.log"
