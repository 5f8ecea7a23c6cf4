"""What a step does when somebody has ended its case between the wait before it and the step: nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from plr.operations import commissioning

T = TypeVar("T")


def unless_ended(otherwise: T) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Do a step only while its case is open; else return `otherwise`, and the next wait ends the process."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @wraps(function)
        def guarded(session: Session, reference: str, **keywords: Any) -> T:
            if commissioning.is_over(session, reference):
                return otherwise
            return function(session, reference, **keywords)

        return guarded

    return decorate
