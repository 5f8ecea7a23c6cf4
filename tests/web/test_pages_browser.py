"""Every page in a real browser, under the real content policy, on a desk and on a phone.

The same pages of the running application, with its own data: test_site_browser.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from plr.web.rendering import Pages
from tests.web.chromium import DESK, PHONE, chromium, fits, look_at, opened
from tests.web.page_samples import samples
from tests.web.page_variations import LONG, changed
from tests.web.sample_words import TEMPLATES, Sample

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "plr" / "web" / "static"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
KINDS = {".css": "text/css", ".svg": "image/svg+xml"}
SAMPLES = samples()
every_page = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])


class Site(ThreadingHTTPServer):
    """Serves the pages and the static files on loopback."""

    daemon_threads = True
    pages: dict[str, str]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when the browser hangs up on an icon it no longer wants."""


class Answers(BaseHTTPRequestHandler):
    """Answers a GET with a page or a static file."""

    server: Site

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            file = STATIC / self.path.removeprefix("/static/")
            body, kind = file.read_bytes(), KINDS[file.suffix]
        else:
            body, kind = self.server.pages[self.path].encode(), "text/html; charset=utf-8"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name http.server uses
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    pages = Pages(TEMPLATES, strict_tags=True)
    server = Site(("127.0.0.1", 0), Answers)
    server.pages = {f"/{sample.name}": sample.render(pages) for sample in SAMPLES}
    for sample in SAMPLES:
        long = replace(sample, view=changed(sample.view, lambda word: word and LONG))
        server.pages[f"/{sample.name}-long"] = long.render(pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    with opened(browser) as (opened_page, troubles):
        yield opened_page, troubles


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened(browser) as (opened_page, _troubles):
        yield opened_page


@every_page
def test_a_page_is_accessible_fits_its_screen_and_nothing_of_it_is_blocked(
    sample: Sample, site: str, desk: tuple[Page, list[str]]
) -> None:
    page, troubles = desk
    troubles.clear()
    page.set_viewport_size({"width": DESK, "height": 800})
    page.goto(f"{site}/{sample.name}")

    found = look_at(page)
    page.set_viewport_size({"width": PHONE, "height": 800})

    assert found == []
    assert fits(page) == []
    assert troubles == []


def test_after_a_refused_form_the_summary_has_the_focus_and_leads_to_the_field(site: str, page: Page) -> None:
    page.goto(f"{site}/sign-in-wrong")

    assert page.evaluate("document.activeElement.className").startswith("govuk-error-summary")
    page.click(".govuk-error-summary a")
    assert page.evaluate("location.hash") == "#email"


def test_a_decision_can_be_given_with_the_keyboard_alone(site: str, page: Page) -> None:
    page.goto(f"{site}/decision")
    sent: list[str] = []
    page.route("**/a/token", lambda route: (sent.append(route.request.post_data or ""), route.abort()))

    page.focus("#answer")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("None")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Send my answer"
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)

    assert len(sent) == 1
    assert "answer=approve" in sent[0]
    assert "form_token=token" in sent[0]


def test_the_first_thing_the_keyboard_reaches_leads_past_the_navigation(site: str, page: Page) -> None:
    page.goto(f"{site}/case-full")

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"


def test_on_paper_only_the_words_are_left(site: str, page: Page) -> None:
    page.goto(f"{site}/case-full")
    page.emulate_media(media="print")

    for gone in (".plr-nav", ".govuk-button", ".plr-menu", ".plr-header__links", ".plr-noprint"):
        assert not any(part.is_visible() for part in page.locator(gone).all()), gone
    assert page.get_by_role("heading", name="PLR-R-2027-009").is_visible()


def test_long_words_make_no_page_scroll_sideways_on_a_phone(site: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": PHONE, "height": 800})
    page = context.new_page()

    wide = []
    for sample in SAMPLES:
        page.goto(f"{site}/{sample.name}-long")
        if page.evaluate("document.documentElement.scrollWidth") > PHONE:
            wide.append(sample.name)

    context.close()
    assert wide == []


def test_with_forced_colours_only_the_current_part_of_the_site_is_marked(site: str, browser: Browser) -> None:
    context = browser.new_context(forced_colors="active", viewport={"width": DESK, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/case-full")

    marks = page.eval_on_selector_all(
        ".plr-nav a", "links => links.map(a => getComputedStyle(a).borderBottomColor)"
    )
    current = page.eval_on_selector(".plr-nav a[aria-current]", "a => getComputedStyle(a).borderBottomColor")

    assert marks.count(current) == 1
    context.close()
