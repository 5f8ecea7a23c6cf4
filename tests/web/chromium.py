"""A real browser: contexts of one Chromium, what every page must pass, and pictures when they are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = 1280, 320
TOO_SMALL = """() => [...document.querySelectorAll("button, nav a, input, textarea, select")]
    .filter(e => e.type !== "hidden" && e.offsetParent && !e.matches(".govuk-back-link"))
    .filter(e => e.getBoundingClientRect().height < 23.5)
    .map(e => e.outerHTML)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip where it is not installed."""
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-lcd-text"]
        )
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, width: int = DESK, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """Open a page of its own context; whatever the browser complains about is kept."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, reduced_motion="reduce", **options
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("requestfailed", lambda request: troubles.append(request.url))
    yield page, troubles
    context.close()


def look_at(page: Page) -> list[str]:
    """Return what axe finds, what sticks out sideways, and what is too small to press."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    said = [found.generate_report()] if found.violations_count else []
    return [*said, *fits(page)]


def fits(page: Page) -> list[str]:
    """Return what sticks out sideways, and what is too small to press."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    wide = page.evaluate("document.documentElement.scrollWidth")
    said = [f"{wide} pixels wide on a screen of {width}"] if wide > width else []
    return [*said, *page.evaluate(TOO_SMALL)]


def photograph(page: Page, name: str) -> None:
    """Take a picture of the whole page, when PLR_SCREENSHOTS=1 asks for it."""
    if not os.environ.get("PLR_SCREENSHOTS"):  # noqa: TID251 -- a switch of the tests, no setting of the product
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
