"""For machines: the process answers, and what it needs is there; and nothing here is for search engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from plr.adapters import heartbeat
from plr.db import schema
from plr.db.models import Installation, Notice
from plr.domain.words import NoticeStatus
from plr.errors import PlrError
from plr.web.pages.house import House

router = APIRouter()

_LATE = timedelta(minutes=15)
_ANSWER_SECONDS = 2.0
_WELL = "well"


@router.get("/healthz", name="healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get("/robots.txt", name="robots")
def robots() -> Response:
    """Ask robots to stay away."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


@router.get("/readyz", name="readyz")
def readyz(request: Request) -> Response:
    """Name what is there and what is not; only the database makes it 503: decisions need no more."""
    house: House = request.app.state.house
    checks: dict[str, Callable[[House], str]] = {
        "database": _database,
        "migrations": _migrations,
        "storage": _storage,
        "mail": _mail,
        "worker": _worker,
        "prefect": _prefect,
    }
    found = {name: _answer(check, house) for name, check in checks.items()}
    ready = found["database"] == _WELL
    return JSONResponse({"ready": ready, **found}, status_code=200 if ready else 503)


def _answer(check: Callable[[House], str], house: House) -> str:
    try:
        return check(house)
    except PlrError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is named by its kind, without its values
        return f"does not answer ({type(error).__name__})"


def _database(house: House) -> str:
    def operation(session: Session) -> None:
        session.execute(update(Installation).values(epoch=Installation.epoch))

    house.database.run(operation)
    return _WELL


def _migrations(house: House) -> str:
    standing = schema.standing(house.settings.database_url)
    return _WELL if standing.ok else f"the database is at {standing.revision}, {standing.needed} is needed"


def _storage(house: House) -> str:
    house.storage.probe()
    return _WELL


def _mail(house: House) -> str:
    now = house.now()
    with house.database.reading() as session:
        oldest: datetime | None = session.scalar(
            select(func.min(Notice.not_before)).where(
                Notice.status == NoticeStatus.WAITING, Notice.held.is_(False)
            )
        )
    if oldest is None or now - oldest < _LATE:
        return _WELL
    return "letters have waited for more than 15 minutes"


def _worker(house: House) -> str:
    age = heartbeat.age(house.settings.home, "worker")
    if age is None:
        return "has not been started"
    return _WELL if age < house.settings.engine.heartbeat_lost_seconds else "its heart-beat has stopped"


def _prefect(house: House) -> str:
    user, _, password = (house.settings.prefect_auth or "").partition(":")
    auth = (user, password) if user else None
    answer = httpx.get(f"{house.settings.prefect_api_url}/health", auth=auth, timeout=_ANSWER_SECONDS)
    return _WELL if answer.status_code == httpx.codes.OK else f"answers {answer.status_code}"
