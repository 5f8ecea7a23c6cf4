"""`plr case agree` and `deepen`: what a meeting or the Chair decided, recorded by the secretary."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.adapters import bell
from plr.cli.agreement_file import in_file_names, minute_of, texts_of
from plr.cli.context import As, Json, Source, Words, Work, about, actor, opened
from plr.cli.showing import answer
from plr.cli.texts import note_of, read, require_no_identifiers
from plr.db.models import Person
from plr.domain.words import Office
from plr.errors import InvalidInputError
from plr.operations import agreements, cases, directory

_HOW = 'Say how and when you were told, such as "draft minutes, 19 March".'


def agree(
    reference: str, file: Source, *, on_behalf_note: Words = None, as_: As = None, json: Json = False
) -> None:
    """Record what a quorate meeting agreed about a case. Who presided and the Chair get a receipt.

    Parameters
    ----------
    reference
        Such as PLR-R-2027-001.
    file
        YAML or JSON: meeting, date, minute, presider, present, professions, out, position, points,
        dissent, themes, for_learning, for_panel, answer (approve or return), reason; `-` is standard input.
    on_behalf_note
        How and when you were told. `-` reads it from standard input.
    """
    note = note_of(on_behalf_note, _HOW)
    document = read(file)
    require_no_identifiers(
        [(name, text, line) for name, text, line in texts_of(document) if isinstance(text, str)],
        document.source,
    )
    lines = {name: document.line_of((name,)) for name in document.data}
    with opened() as work:
        themes = work.rules.codes.lists["themes"]

        def operation(session: Session) -> str:
            by = actor(session, as_, now=work.now)
            with about(document.source, lines):
                minute = minute_of(document, _people(session), themes)
                try:
                    agreements.record(session, reference, minute, note=note, by=by, now=work.now)
                except InvalidInputError as error:
                    raise in_file_names(error) from None
            return cases.get(session, reference).status.value

        status = work.database.run(operation)
        bell.ring(work.settings.home)
    answer({"reference": reference, "status": status}, f"Recorded: {reference} is {status}.", as_json=json)


def _people(session: Session) -> dict[str, int]:
    found: dict[str, int] = {}
    for person in session.scalars(select(Person)):
        found |= {person.code.lower(): person.id, person.email.lower(): person.id}
    return found


def deepen(reference: str, *, on_behalf_note: Words = None, as_: As = None, json: Json = False) -> None:
    """Look at a light case in full depth: the Chair's choice, recorded by you. There is no way back.

    Parameters
    ----------
    reference
        Such as PLR-R-2027-001.
    on_behalf_note
        How and when the Chair told you. `-` reads it from standard input.
    """
    note_of(on_behalf_note, _HOW)
    with opened() as work:
        work.database.run(lambda session: _deepen(session, work, reference, as_))
        bell.ring(work.settings.home)
    found = {"reference": reference, "depth": "full"}
    answer(found, f"Recorded: {reference} is looked at in full depth.", as_json=json)


def _deepen(session: Session, work: Work, reference: str, as_: str | None) -> None:
    by = actor(session, as_, now=work.now)
    chairs = directory.holders(session, Office.CHAIR, work.today)
    if chairs and by.person_id != chairs[0].id:
        by = replace(by, for_id=chairs[0].id)
    cases.deepen(session, reference, by=by, now=work.now)
