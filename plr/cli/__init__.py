"""The command line `plr`: each verb reads its input, calls one operation and prints what came of it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `plr` with the arguments of this process and leave with its exit status."""
    from plr.cli.running import run  # noqa: PLC0415 - so that a verb's module can be imported alone, quickly

    sys.exit(run(sys.argv[1:]))
