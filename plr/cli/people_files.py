"""`plr people import` and `export`: the people file, read and written."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from plr.adapters import bell
from plr.adapters.people_files import people_file, read_people_file
from plr.cli.context import As, Json, Work, about, actor, opened
from plr.cli.showing import answer, rows
from plr.db.files import placed
from plr.db.models import Person
from plr.domain.wording import plural
from plr.operations import people_import
from plr.operations.people_import import ADDED, CHANGED, SAME, Plan

_COLUMNS = {"id": "Id", "name": "Name", "change": "Change", "columns": "Columns"}


def import_people(file: Path, *, dry_run: bool = False, as_: As = None, json: Json = False) -> None:
    """Add or change people from a spreadsheet, CSV or YAML file: all rows or none; nobody is removed.

    Parameters
    ----------
    file
        Columns: id, name, email, nation, region, discipline, member, roles, deputy.
    dry_run
        Show what would happen and change nothing.
    """
    with opened() as work:
        plan = import_file(work, file, dry_run=dry_run, as_=as_)
        show_plan(plan, dry_run=dry_run, as_json=json)


def import_file(work: Work, file: Path, *, dry_run: bool, as_: str | None) -> Plan:
    """Import a file of people, or only say what that would do."""
    sheet = read_people_file(file)
    if dry_run:
        with work.database.reading() as session:
            return people_import.check(session, sheet, importer=as_, now=work.now)
    with work.database.transaction() as session:
        first = session.scalar(select(Person.id).limit(1)) is None
        by = None if first else actor(session, as_, now=work.now)
        plan = people_import.save(session, sheet, by=by, importer=as_, now=work.now)
    bell.ring(work.settings.home)
    return plan


def show_plan(plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    """Show what an import did, or would do, person by person."""
    found = [
        {"id": change.code, "name": change.name, "change": change.what, "columns": change.columns}
        for change in plan.changes
        if as_json or change.what != SAME
    ]
    count = {what: sum(change.what == what for change in plan.changes) for what in (ADDED, CHANGED, SAME)}
    sentence = (
        f"{plural(count[ADDED], 'person', 'people')} {'would be added' if dry_run else 'added'}, "
        f"{count[CHANGED]} changed, {count[SAME]} the same. "
        f"{plural(plan.letters, 'welcome letter')}. Nobody is removed."
    )
    if found or as_json:
        rows(found, _COLUMNS, empty=sentence, as_json=as_json)
    if not as_json:
        answer(None, sentence, as_json=False)


def export_people(file: Path, *, json: Json = False) -> None:
    """Write the people into a new file that imports back unchanged.

    Parameters
    ----------
    file
        Its ending says how: .xlsx, .csv or .yaml.
    """
    with opened() as work:
        with work.database.reading() as session:
            found = people_import.export_rows(session, now=work.now)
        with about(str(file)):
            content = people_file(file.suffix.casefold(), found)
            with placed(file) as temporary:
                temporary.write_bytes(content)
        sentence = f"{plural(len(found), 'person', 'people')} written to {file}."
        answer({"file": str(file), "people": len(found)}, sentence, as_json=json)
