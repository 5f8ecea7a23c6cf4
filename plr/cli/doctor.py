"""`plr doctor`: what is wrong with this installation, each fault with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import httpx
from sqlalchemy import func, select, text, update

from plr import clock, settings
from plr.adapters import heartbeat, opening
from plr.adapters.mail import Mailer, OutcomeKind
from plr.cli import doctor_checks
from plr.cli.addresses import prefect_api
from plr.cli.context import Json
from plr.cli.doctor_checks import Finding
from plr.cli.showing import print_json, table
from plr.db import schema
from plr.db.models import Installation, Person
from plr.db.session import Database
from plr.domain.london import london_day
from plr.domain.rules import Rules
from plr.errors import PlrError, UnavailableError
from plr.operations import people
from plr.settings import Settings

_COLUMNS = {"check": "Check", "verdict": "", "detail": "What we see", "remedy": "What to do"}
_BACK = timedelta(seconds=30)
_SECONDS = 3.0


def doctor(*, json: Json = False) -> int:
    """Look at everything this program needs and say what to do. Changes nothing. Exit 1 for a fault."""
    loaded = settings.load()
    rules = settings.load_rules(loaded)
    found = list(_findings(loaded, rules))
    if json:
        print_json([asdict(finding) for finding in found])
    else:
        table([{**asdict(finding), "verdict": _verdict(finding)} for finding in found], _COLUMNS)
    return 0 if all(finding.ok for finding in found) else 1


def _verdict(finding: Finding) -> str:
    if not finding.ok:
        return "FAULT"
    return "look" if finding.remedy else "ok"


def _findings(loaded: Settings, rules: Rules) -> Iterator[Finding]:
    yield doctor_checks.packages()
    yield doctor_checks.time_zone()
    yield doctor_checks.disk(loaded)
    yield doctor_checks.local_disk(loaded.database_url)
    yield from _database(loaded, rules)
    yield _storage(loaded)
    yield _mail(loaded)
    yield from _prefect(loaded)
    yield _worker(loaded)
    yield from doctor_checks.bank_holidays(rules.calendars.values(), london_day(clock.now()))


def _database(loaded: Settings, rules: Rules) -> Iterator[Finding]:
    try:
        standing = schema.standing(loaded.database_url)
    except UnavailableError as error:
        yield Finding("database", ok=False, detail=str(error), remedy="Run `plr init`, or mend the address.")
        return
    detail = f"At revision {standing.revision or 'none'}; this release needs {standing.needed}."
    remedy = "" if standing.ok else "Run `plr db upgrade`."
    yield Finding("migrations", ok=standing.ok, detail=detail, remedy=remedy)
    if not standing.ok:
        return
    database = Database(loaded.database_url, rules)
    try:
        yield _writes(database)
        yield from _records(database)
    except PlrError as error:
        yield Finding("database", ok=False, detail=str(error), remedy="Mend the database, then look again.")
    finally:
        database.engine.dispose()


def _writes(database: Database) -> Finding:
    """Write, and take it back: nothing stays."""
    try:
        with database.transaction() as session:
            session.execute(update(Installation).values(latest_now=Installation.latest_now))
            session.execute(text("SELECT 1"))
            session.rollback()
    except PlrError:
        remedy = "Look at its rights and at the room on its disk; stop what holds it."
        return Finding("database", ok=False, detail="The database cannot be written.", remedy=remedy)
    return Finding("database", ok=True, detail="The database can be read and written.")


def _records(database: Database) -> Iterator[Finding]:
    now = clock.now()
    with database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Person)) or 0
        vacant = people.vacant_offices(session, now=now)
        latest = session.scalar(select(func.max(Installation.latest_now)))
        held = session.scalar(select(Installation.letters_held))
    yield doctor_checks.offices(vacant, count)
    back = latest is not None and now < latest - _BACK
    yield Finding(
        "clock",
        ok=not back,
        detail="The clock is behind what was seen before." if back else "The clock goes forward.",
        remedy="Set this machine's clock by the network." if back else "",
    )
    if held is not None:
        detail = f"All letters are held ({held})."
        yield Finding(
            "letters", ok=False, detail=detail, remedy="Look at the outbox, then run `plr db release`."
        )


def _storage(loaded: Settings) -> Finding:
    try:
        opening.storage(loaded).probe()
    except PlrError as error:
        return Finding("storage", ok=False, detail=str(error), remedy="Run `plr init`, or mend storage.url.")
    return Finding("storage", ok=True, detail="Both storage folders can be written.")


def _mail(loaded: Settings) -> Finding:
    if loaded.smtp.host is None:
        detail = f"No mail server is set: letters become files in {loaded.home / 'mail'}."
        return Finding("mail", ok=True, detail=detail, remedy="Set smtp.host when letters should leave.")
    try:
        with Mailer(opening.mail_settings(loaded)) as mailer:
            # As far as the recipient, then no letter: the server has let us in and would take one.
            outcome = mailer.deliver(loaded.smtp.reply_to, lambda: None)
    except PlrError as error:
        return Finding("mail", ok=False, detail=str(error), remedy="Mend the smtp settings.")
    ok = outcome.kind is OutcomeKind.NOT_WANTED
    detail = "The mail server would take a letter." if ok else outcome.words
    remedy = "" if ok else "Mend the smtp settings, or ask whoever runs the mail server. No letter is lost."
    return Finding("mail", ok=ok, detail=detail, remedy=remedy)


def _prefect(loaded: Settings) -> Iterator[Finding]:
    auth = None if loaded.prefect_auth is None else httpx.BasicAuth(*loaded.prefect_auth.split(":", 1))
    ours = loaded.prefect.api_url is None
    remedy = "Start it: plr up." if ours else "Start that server, or mend PREFECT_API_URL."
    try:
        with httpx.Client(base_url=prefect_api(loaded), auth=auth, timeout=_SECONDS) as client:
            client.get("/health").raise_for_status()
            asked = client.get("/admin/settings")
    except httpx.HTTPError:
        detail = "Prefect does not answer. Cases wait; nothing is lost, and people can still decide."
        yield Finding("prefect", ok=False, detail=detail, remedy=remedy)
        return
    yield Finding("prefect", ok=True, detail="Prefect answers.")
    if not ours:
        yield _pause_expirations(asked)


def _pause_expirations(asked: httpx.Response) -> Finding:
    """Look whether the server reads every waiting run every five seconds (engine.md)."""
    name = "prefect pause service"
    try:
        enabled = asked.json()["server"]["services"]["pause_expirations"]["enabled"]
    except (ValueError, KeyError, TypeError):
        return Finding(name, ok=True, detail="This server does not tell its settings.", remedy=_PAUSE_OFF)
    if enabled:
        return Finding(
            name, ok=False, detail="The server looks at every waiting case all the time.", remedy=_PAUSE_OFF
        )
    return Finding(name, ok=True, detail="The service that reads waiting runs is off.")


_PAUSE_OFF = "Set PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED=false on that server."


def _worker(loaded: Settings) -> Finding:
    age = heartbeat.age(loaded.home, "worker")
    ok = age is not None and age <= loaded.engine.heartbeat_lost_seconds
    detail = "The worker turns." if ok else "The worker does not turn: cases wait and no letter leaves."
    return Finding("worker", ok=ok, detail=detail, remedy="" if ok else "Start it: plr up, or plr worker.")
