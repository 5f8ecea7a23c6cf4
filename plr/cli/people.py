"""`plr people`: the list, leave, last days, addresses, deputies and roles."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter

from plr.adapters import bell
from plr.cli.context import As, Json, Work, about, actor, opened, person_id
from plr.cli.showing import answer, rows
from plr.domain.people_file import FileRole
from plr.domain.wording import day, listed
from plr.domain.words import Office
from plr.operations import people

_COLUMNS = {
    "id": "Id",
    "name": "Name",
    "email": "E-mail",
    "nation": "Nation",
    "region": "Region",
    "member": "Member",
    "roles": "Roles",
    "deputy": "Deputy",
    "away": "Away",
}


def list_people(*, json: Json = False) -> None:
    """List the people: roles, deputies, leave to come."""
    with opened() as work:
        with work.database.reading() as session:
            found = [_row(work, person) for person in people.listed(session, now=work.now)]
        rows(
            found, _COLUMNS, empty="There are no people yet. Add them: plr people import FILE.", as_json=json
        )


def _row(work: Work, person: people.Listed) -> dict[str, Any]:
    row = asdict(person)
    regions = {region.code: region.name for region in work.rules.regions.all}
    return {
        "id": row.pop("code"),
        "name": row.pop("name"),
        "email": row.pop("email"),
        "nation": person.nation,
        "region": regions.get(person.region or "", person.region),
        "discipline": person.discipline,
        "member": person.member,
        "roles": [role.text for role in person.roles],
        "deputy": person.deputy,
        "away": [f"{first.isoformat()} to {last.isoformat()}" for first, last in person.away],
        "last_day_on": person.last_day_on,
        "undeliverable": person.undeliverable,
    }


def absence(
    email: str,
    from_: str,
    to: str,
    *,
    delegate: str | None = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Note leave: first and last day, both included, and who decides meanwhile.

    Parameters
    ----------
    email
        Whose leave.
    from_
        The first day, such as 2027-08-09.
    to
        The last day.
    delegate
        The address of who decides meanwhile.
    """
    with opened() as work:
        first, last = work.day(from_, "FROM"), work.day(to, "TO")
        with about("plr people absence"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            who = person_id(session, email, "EMAIL")
            deputy = None if delegate is None else person_id(session, delegate, "--delegate")
            people.set_leave(session, who, from_on=first, to_on=last, delegate_id=deputy, by=by, now=work.now)
        bell.ring(work.settings.home)
        found = {"email": email.lower(), "from": first, "to": last, "delegate": delegate}
        answer(found, f"Noted: away from {day(first)} to {day(last)}.", as_json=json)


def leaving(email: str, last_day: str, *, as_: As = None, json: Json = False) -> None:
    """Set somebody's last day in the group; when it is over, what they held goes to the next in line.

    Parameters
    ----------
    email
        Who leaves.
    last_day
        The last day, such as 2027-09-30.
    """
    with opened() as work:
        on = work.day(last_day, "LAST-DAY")
        with about("plr people leaving"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            people.set_last_day(session, person_id(session, email, "EMAIL"), on, by=by, now=work.now)
            vacant = people.vacant_offices(session, now=work.now)
        bell.ring(work.settings.home)
        sentence = f"Noted: the last day is {day(on)}."
        if vacant:
            sentence += f" Nobody is {listed(vacant)} now: give somebody the role."
        answer({"email": email.lower(), "last_day_on": on, "vacant": vacant}, sentence, as_json=json)


def address(email: str, new_email: str, *, as_: As = None, json: Json = False) -> None:
    """Correct somebody's e-mail address; letters that wait go to the new one.

    Parameters
    ----------
    email
        The address as it is now.
    new_email
        The right address.
    """
    with opened() as work:
        with about("plr people address"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            who = person_id(session, email, "EMAIL")
            letters = people.correct_address(session, who, new_email, by=by, now=work.now)
        bell.ring(work.settings.home)
        found = {"email": new_email.lower(), "letters": letters}
        answer(found, f"Changed. Letters that go to the new address now: {letters}.", as_json=json)


def deputy(email: str, deputy_email: str, *, as_: As = None, json: Json = False) -> None:
    """Name somebody's standing deputy.

    Parameters
    ----------
    email
        Whose deputy.
    deputy_email
        The deputy's address, or `none`.
    """
    with opened() as work:
        with about("plr people deputy"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            who = person_id(session, email, "EMAIL")
            chosen = None if deputy_email == "none" else person_id(session, deputy_email, "DEPUTY-EMAIL")
            people.name_deputy(session, who, chosen, by=by, now=work.now)
        answer({"email": email.lower(), "deputy": deputy_email}, "Noted.", as_json=json)


def role(
    email: str,
    office: Office,
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Give somebody a role; dates of the same role that overlap are replaced. To end it, give --to.

    Parameters
    ----------
    email
        Whose role.
    office
        Which role.
    from_
        The first day; without it, always.
    to
        The last day; without it, open.
    """
    with opened() as work:
        first = None if from_ is None else work.day(from_, "--from")
        last = None if to is None else work.day(to, "--to")
        with about("plr people role"), work.database.transaction() as session:
            by = actor(session, as_, now=work.now)
            who = person_id(session, email, "EMAIL")
            given = FileRole(office, first, last)
            changed = people.give_role(session, who, given, by=by, now=work.now)
        found = {"email": email.lower(), "role": given.text, "changed": changed}
        answer(found, "Noted." if changed else "That stands already.", as_json=json)
