"""Prefect's observer of suspensions, left out of our worker.

For each execution it starts a thread, an event loop and a websocket, and waits for them without a
limit before the run may begin. What it is for, a run suspended from outside while at work, happens at the
next wait all the same.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from prefect import flow_engine


@contextmanager
def _observe_nothing(_flow_run_id: UUID, _request: object, **_options: object) -> Generator[None]:
    yield


def leave_out() -> None:
    """Let executions in this process begin without an observer."""
    flow_engine.observe_flow_run_suspension = _observe_nothing  # type: ignore[attr-defined, assignment]  # guarded
