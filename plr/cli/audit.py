"""`plr audit`: verifying the chains, the head to keep outside, and the export."""

from __future__ import annotations

import sys
from pathlib import Path

from plr.cli.context import Json, about, opened
from plr.cli.showing import answer, print_json
from plr.domain.chain import Verdict
from plr.domain.wording import plural
from plr.errors import InvalidInputError, Problem
from plr.operations import checkpoints, verification


def verify(*, head: str | None = None, export: Path | None = None, json: Json = False) -> int:
    """Read every entry and name the first that is wrong. Exit 1 when one is.

    Parameters
    ----------
    head
        A hash that `plr audit head` printed: with it a cut tail is found too.
    export
        Read a file that `plr audit export` wrote, without any database.
    """
    if export is not None:
        if not export.is_file():
            problem = Problem("", "There is no such file.", "Name a file that `plr audit export` wrote.")
            raise InvalidInputError([problem], str(export))
        return _tell(verification.verify_export(export, head), as_json=json)
    with opened() as work, work.database.reading() as session:
        found = verification.verify(session, head)
    return _tell(found, as_json=json)


def _tell(found: Verdict, *, as_json: bool) -> int:
    if found.first_bad is None:
        entries = plural(found.entries, "entry", "entries")
        sentence = f"All is as it was written: {entries}, head {found.head}."
    else:
        sentence = (
            f"{found.first_bad.row}: {found.first_bad.why} Copy the database and the logs before anything "
            "else, then compare the printed heads."
        )
    answer(found.to_mapping(), sentence, as_json=as_json)
    return 0 if found.ok else 1


def head(*, json: Json = False) -> None:
    """Make a checkpoint and print its hash. Keep it outside: print it, or mail it to the Chair."""
    with opened() as work, work.database.transaction() as session:
        printed = checkpoints.head(session, now=work.now)
    if json:
        print_json({"head": printed, "at": work.now})
    else:
        sys.stdout.write(f"{printed}\n")


def export(file: Path, *, json: Json = False) -> None:
    """Write the whole audit into a new file: numbers, codes and salted hashes, no text of any record.

    Parameters
    ----------
    file
        The new file.
    """
    with opened() as work, about(str(file)), work.database.transaction() as session:
        printed = verification.export(session, file, now=work.now)
    answer({"file": str(file), "head": printed}, f"Written to {file}; head {printed}.", as_json=json)
