"""The application: pages for people, two addresses for machines, one process. Made by `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from plr import clock
from plr import settings as settings_of
from plr.adapters import opening
from plr.db.session import Database
from plr.settings import Settings
from plr.settings.files import data_dir
from plr.web.pages import (
    agreements,
    alive,
    breaches,
    case_acts,
    cases,
    checks,
    decisions,
    errors,
    letters,
    link_forms,
    outputs,
    positions,
    questions,
    receipts,
    recording,
    reflections,
    sign_in,
    tasks,
)
from plr.web.pages.guard import Guard
from plr.web.pages.house import House, MovingWindow
from plr.web.rendering import Pages

_STATIC = Path(__file__).parent / "static"
_PAGES = (
    *(sign_in, tasks, decisions, receipts, link_forms),
    *(cases, case_acts, breaches, checks, agreements, reflections, positions, recording, questions, letters),
    *(outputs, alive),
)


def create_app(
    settings: Settings | None = None,
    database: Database | None = None,
    now: Callable[[], datetime] = clock.now,
) -> FastAPI:
    """Make the application. Without arguments it reads the settings and opens the database they name."""
    loaded = settings or settings_of.load()
    opened = database or Database(loaded.database_url, settings_of.load_rules(loaded))
    templates = data_dir("templates")
    house = House(
        settings=loaded,
        database=opened,
        now=now,
        pages=Pages(templates / "pages"),
        storage=opening.storage(loaded),
        templates=templates,
        form_key=loaded.secret("form-key").encode(),
        posts=MovingWindow(loaded.security.anonymous_posts_a_minute),
    )
    app = FastAPI(title="Practice Learning Review", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.house = house
    for page in _PAGES:
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    errors.install(app)
    app.add_middleware(Guard, house=house)
    return app
