"""`plr outbox`: every letter, and settling one that may not have arrived."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import select

from plr.adapters import bell
from plr.adapters.letters import render
from plr.cli.context import As, Json, Work, actor, opened
from plr.cli.showing import answer as give
from plr.cli.showing import rows
from plr.db.models import Notice
from plr.domain.notices import Notice as Letter
from plr.domain.words import NoticeStatus
from plr.errors import InvalidInputError
from plr.operations import outbox
from plr.settings.files import data_dir

_COLUMNS = {
    "id": "Letter",
    "notice": "Code",
    "to": "To",
    "subject": "Subject",
    "status": "Status",
    "not_before": "Not before",
    "sent_at": "Left",
    "last_error": "Trouble",
}


def list_letters(
    *, status: NoticeStatus | None = None, reference: str | None = None, json: Json = False
) -> None:
    """List the letters, the newest first. "Sent" means that the next mail server took the letter.

    Parameters
    ----------
    status
        Only those that stand so.
    reference
        Only those about this case.
    """
    with opened() as work, work.database.reading() as session:
        statement = select(Notice).order_by(Notice.created_at.desc(), Notice.id)
        if status is not None:
            statement = statement.where(Notice.status == status)
        if reference is not None:
            statement = statement.where(Notice.reference == reference)
        listed = [letter_row(letter, work) for letter in session.scalars(statement)]
    rows(listed, _COLUMNS, empty="There are no such letters.", as_json=json)


def letter_row(letter: Notice, work: Work) -> dict[str, Any]:
    """Return a letter as interface.md prints it."""
    return {
        "id": letter.id,
        "notice": letter.code,
        "to": letter.address,
        "subject": _subject(letter, work),
        "reference": letter.reference,
        "status": letter.status,
        "message_id": f"<{letter.message_id}@{work.settings.smtp.message_id_host}>",
        "attempts": letter.attempts,
        "not_before": letter.not_before,
        "sent_at": letter.sent_at,
        "last_error": letter.last_error,
    }


def _subject(letter: Notice, work: Work) -> str:
    try:
        shown = render(
            Letter.from_mapping(letter.fields),
            link=None,
            code=None,
            masked=True,
            group_name=work.settings.group.name,
            reply_to=work.settings.smtp.reply_to,
            base_url=work.settings.base_url,
            templates_dir=data_dir("templates") / "email",
        )
    except InvalidInputError:  # a letter of another release: its row can still be listed
        return letter.code
    return shown.subject


def settle(
    id_: str, answer: Literal["arrived", "again", "drop"], *, as_: As = None, json: Json = False
) -> None:
    """Say what became of a letter of which nobody knows whether it arrived.

    Parameters
    ----------
    id_
        The letter, as `plr outbox list --status uncertain` shows it.
    answer
        It arrived; send it again; it no longer matters.
    """
    with opened() as work:
        with work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            outbox.settle(session, id_, answer=answer, by=by, now=work.now)
            status = session.get_one(Notice, id_).status
        bell.ring(work.settings.home)
    give({"id": id_, "status": status}, f"Settled: the letter is {status.value}.", as_json=json)
