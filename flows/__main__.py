"""`python -m flows` is the worker; with `--services`, Prefect's own worker runs the processes."""

from __future__ import annotations

import sys

from plr.engine.environment import adopt_settings


def main() -> int:
    """Run the worker until it is told to stop; return the exit status."""
    adopt_settings()
    # Prefect reads its environment when it is imported: only now.
    from flows.deployments import DEPLOYED  # noqa: PLC0415 - as above
    from plr.engine.working import work  # noqa: PLC0415 - as above

    return work(DEPLOYED, services_only="--services" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
