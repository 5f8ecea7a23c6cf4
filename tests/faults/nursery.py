"""A process that has imported the program and starts workers by forking: to be killed by the dozen.

Each is a process of its own, with its own connections and threads; only the interpreter's start and the
imports, three seconds of work, are not repeated. Says a worker's number for each line it reads.
"""

from __future__ import annotations

import os
import signal
import sys

from plr.engine.environment import adopt_settings


def main() -> int:
    adopt_settings()
    # Prefect reads its environment when it is imported: only now.
    from flows.deployments import DEPLOYED  # noqa: PLC0415 - as above
    from plr.engine.working import work  # noqa: PLC0415 - as above

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            os._exit(work(DEPLOYED, services_only=False))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
