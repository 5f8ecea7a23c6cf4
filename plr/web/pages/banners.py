"""What a small change says on the page it leads back to: once, and only to the person who made it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from plr.web.pages import posts
from plr.web.pages.visits import Visit
from plr.web.parts import Banner

_SHOWN_FOR = timedelta(minutes=10)

_BANNERS = {
    "held": Banner("The case is on hold.", "Its clocks stand still."),
    "resumed": Banner("The case goes on.", "Every open date has moved by the working days it rested."),
    "withdrawn": Banner("The review is withdrawn.", "Nobody is asked about it any more."),
    "declined": Banner("The review is declined.", "The person who told us gets a letter."),
    "deepened": Banner("The case is looked at in full depth.", "The Chair is asked whether to take it on."),
    "checked": Banner("Your answer is recorded.", "The case goes on by itself."),
    "agreed": Banner(
        "What the group agreed is recorded.", "The presiding person and the Chair get a receipt."
    ),
    "reflected": Banner("Your reflection is in.", "Thank you. The secretary reads it."),
    "reflected-for": Banner("The reflection is recorded.", "The person it is from can see it."),
    "stepped-aside": Banner("You are out of this case.", "You get no more letters about it."),
    "reassigned": Banner("Somebody else is asked.", "The letter goes with the next weekly one."),
    "written": Banner("The draft is put to the group.", "It is a paper of the next meeting."),
    "revised": Banner("The changed text is recorded.", "Whoever asked for the changes is asked again."),
    "recorded-for": Banner(
        "The answer is recorded. It counts at once.", "The person gets a receipt and may object."
    ),
    "replied": Banner("Your answer is with them.", "They read it where the question is asked."),
    "cleared": Banner("The texts are deleted.", "The files in shared storage are listed below."),
    "letter-arrived": Banner("The letter is settled.", "It counts as sent."),
    "letter-again": Banner("The letter goes out again.", "Same letter, same number."),
    "letter-drop": Banner("The letter is settled.", "It is not sent."),
    "taken-back": Banner("Your answer is taken back.", "The question is open again."),
    "not-me": Banner("That answer counts no more.", "You are asked again, and the secretary is told."),
}


def of(session: Session, visit: Visit) -> Banner | None:
    """Return what was just done, when this address says so and the viewer did it."""
    form_id = visit.request.query_params.get("done", "")
    if not form_id or visit.viewer is None:
        return None
    outcome = posts.outcome_of(session, form_id, visit.viewer.id, since=visit.now - _SHOWN_FOR)
    return None if outcome is None else _BANNERS.get(outcome.code)
