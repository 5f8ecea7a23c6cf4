"""Processes: a plain body `(reference) -> None`, made a Prefect flow that any worker can run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from prefect.client.schemas.objects import State
from prefect.flows import Flow
from pydantic import Field

from plr import clock
from plr.db.session import Database
from plr.engine import carrying, executions
from plr.engine.journal import version

Reference = Annotated[
    str,
    Field(
        title="Reference",
        pattern=r"^[A-Z]{2,4}(-[A-Z]{1,3})?-[0-9]{4}-[0-9]{3,5}$",
    ),
]
_HELP = "The case's reference, such as PLR-R-2027-001. Its review must have been submitted already."

__all__ = ["PROCESSES", "Process", "Reference", "process", "version"]

PROCESSES: dict[str, Process] = {}


class Process(Flow[[str], Any]):
    """One process. Its docstring is what the group reads in Prefect; its name is stored for ever."""

    def __init__(self, body: carrying.Body, *, name: str, version: int) -> None:
        self.body = body
        self.process_version = version
        super().__init__(
            _flow_function(self, body),
            name=name,
            version=str(version),
            flow_run_name="{reference}",
            description=inspect.getdoc(body),
            persist_result=False,
            log_prints=False,
            retries=0,
        )

    def plain(
        self,
        reference: str,
        database: Database,
        *,
        now: Callable[[], datetime] = clock.now,
        strict: bool = True,
    ) -> bool:
        """Carry a case on here, without Prefect: True at the process's end, False when it waits."""
        return carrying.carry_plain(self.body, self.name, reference, database, now=now, strict=strict)


def process(*, name: str, version: int) -> Callable[[carrying.Body], Process]:
    """Make a body a process. `version` is what new cases begin under; older ones keep theirs."""

    def decorate(body: carrying.Body) -> Process:
        made = Process(body, name=name, version=version)
        PROCESSES[name] = made
        return made

    return decorate


def _flow_function(made: Process, body: carrying.Body) -> Callable[[str], State[Any] | None]:
    def run(reference: Reference) -> State[Any] | None:
        return executions.run_process(made, reference)

    # Prefect makes the module path of these, and its form's help of the docstring.
    for attribute in ("__name__", "__qualname__", "__module__"):
        setattr(run, attribute, getattr(body, attribute))
    run.__doc__ = f"{inspect.getdoc(body)}\n\nArgs:\n    reference: {_HELP}\n"
    return run
