"""`plr case try-again`: carry on a case that stopped because something failed."""

from __future__ import annotations

from plr.adapters import bell
from plr.cli.context import As, Json, actor, opened
from plr.cli.showing import answer
from plr.operations import attention


def try_again(reference: str, *, as_: As = None, json: Json = False) -> None:
    """Carry on a case that stopped because a step failed or its run was cancelled. Nothing is repeated.

    Parameters
    ----------
    reference
        Such as PLR-R-2027-001.
    """
    with opened() as work:
        work.database.run(
            lambda session: attention.try_again(
                session, reference, by=actor(session, as_, now=work.now), now=work.now
            )
        )
        bell.ring(work.settings.home)
    answer({"reference": reference}, f"{reference} goes on.", as_json=json)
