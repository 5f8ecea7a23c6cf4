"""`plr review submit`: a review comes in. Works while Prefect and the worker are down."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.orm import Session

from plr.adapters import bell
from plr.cli.context import As, Json, Source, Work, about, actor, opened
from plr.cli.showing import answer
from plr.cli.texts import read, screen_words
from plr.db.models import SecurityEntry
from plr.domain.submissions import Submission, validate
from plr.errors import InvalidInputError, PlrError
from plr.operations import cases, screening
from plr.operations.cases import Logged
from plr.reading import Document


def submit(file: Source, *, external_ref: str | None = None, as_: As = None, json: Json = False) -> None:
    """Log a review, or say which case it is already.

    Parameters
    ----------
    file
        YAML or JSON, one mapping; `-` is standard input.
    external_ref
        The sender's own reference, in place of the one in the file.
    """
    with opened() as work:
        try:
            document = read(file)
            checked = _checked(work, document, external_ref)
        except InvalidInputError as error:
            _count_refusal(work, error)
            raise

        def operation(session: Session) -> Logged:
            by = actor(session, as_, now=work.now)
            with about(document.source):
                return cases.submit(session, checked, by=by, now=work.now)

        logged = work.database.run(operation)
        bell.ring(work.settings.home)
    found = {"reference": logged.reference, "status": logged.status, "created": logged.created}
    sentence = f"Logged as {logged.reference}." if logged.created else f"This is {logged.reference} already."
    answer(found, sentence, as_json=json)


def _checked(work: Work, document: Document, external_ref: str | None) -> Submission:
    data = document.data if external_ref is None else {**document.data, "external_ref": external_ref}
    checked = validate(
        data,
        work.rules.codes,
        work.rules.regions,
        today=work.today,
        line_of=document.line_of,
        source=document.source,
    )
    # Before anything is stored: what is flagged is not kept (decisions 78).
    problems = screening.screen_submission(checked, screen_words())
    if problems:
        raise InvalidInputError(problems, document.source)
    return checked


def _count_refusal(work: Work, error: InvalidInputError) -> None:
    """Keep that something was refused, without what it held (reliability 8)."""

    def operation(session: Session) -> None:
        detail = {"via": "cli", "code": error.code, "problems": len(error.problems)}
        session.add(SecurityEntry(at=work.now, event="submission.refused", person_id=None, detail=detail))

    with suppress(PlrError):
        work.database.run(operation)
