"""What a failing step leaves: an error id for people, places in the code for our log, never a value."""

from __future__ import annotations

import logging
import traceback
import uuid
from pathlib import Path

from sqlalchemy.orm import Session

from plr.db.models import Case
from plr.domain.actors import ENGINE
from plr.engine import lease
from plr.engine.journal import Execution
from plr.operations import audit

log = logging.getLogger(__name__)

TRIES = 3


def note(error: BaseException, reference: str, step: str) -> str:
    """Log where a step failed, without what it said, and return the error id that people see."""
    error_id = uuid.uuid4().hex[:8]
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    log.error("Error %s: %s of %s failed: %s at %s", error_id, step, reference, type(error).__name__, places)
    return error_id


def count(execution: Execution, step: str, error_id: str, *, at_once: bool = False) -> int:
    """Count a failure; at the third in a row (or at once) the case is parked as "needs attention" (R21)."""

    def operation(session: Session) -> int:
        failures = lease.count_failure(session, execution)
        if failures >= TRIES or at_once:
            _park(session, execution, step, error_id, failures)
            return TRIES
        return failures

    failures: int = execution.transact(operation)
    return failures


def _park(session: Session, execution: Execution, step: str, error_id: str, failures: int) -> None:
    case = session.get_one(Case, execution.reference, populate_existing=True)
    case.attention = lease.STEP_FAILED
    case.failures = max(failures, TRIES)
    audit.record(
        session,
        execution.reference,
        "case.parked",
        f"case:{execution.reference}",
        by=ENGINE,
        now=execution.now(),
        codes={"step": step, "error": error_id},
    )


def parked_message() -> str:
    """What the run says while it is parked."""
    return "Needs attention: a step failed three times. The Health page says how to try again."
