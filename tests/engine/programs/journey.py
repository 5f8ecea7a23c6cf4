"""The tests' process as a Prefect flow."""

from __future__ import annotations

from journey_body import travel as _travel

from plr.engine.process import process


@process(name="journey", version=1)
def travel(reference: str) -> None:
    """Travel from an answer to a date, for the tests."""
    _travel(reference)
