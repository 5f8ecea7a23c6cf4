"""The real application in a real browser: its pages, its journeys without script, and robots (Q12).

The pages are served by the real server on loopback, over a home that was filled through the operations.
Script is off for whoever acts, and on only to let axe look, and for the robots. PLR_SCREENSHOTS=1 writes
pictures to docs/screenshots/.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page

from plr.domain.words import ApprovalKind, ApprovalStatus, CaseStatus, PositionValue, Via
from plr.operations import access, reflections
from tests.factories import AMARA, JOAN, MARY, NIAMH, RACHEL, signed_in
from tests.web.browsing import World
from tests.web.chromium import DESK, PHONE, chromium, fits, look_at, opened, photograph

pytestmark = pytest.mark.browser

CHAIR = "p01@example.org"
PAUSE = 150


@dataclass(frozen=True)
class Site:
    """The application, served; and what stands in it, by name."""

    world: World
    triage: str
    link: str
    second: str
    second_link: str
    light: str
    checking: str
    reflecting: str
    reflector: int
    breach: str
    question: str
    restricted_link: str
    position: str
    letter: str
    held: str
    output: str

    def pages(self) -> dict[str, tuple[int, str]]:
        """Every page that a GET shows: who looks at it, and where it is."""
        case = f"/cases/{self.triage}"
        return {
            "tasks": (JOAN, "/tasks"),
            "tasks-chair": (AMARA, "/tasks"),
            "tasks-none": (RACHEL, "/tasks"),
            "tasks-done": (MARY, "/tasks/done"),
            "cases": (JOAN, "/cases"),
            "cases-none": (JOAN, "/cases?q=nowhere"),
            "case-full": (AMARA, f"/cases/{self.reflecting}?history=all"),
            "case-light": (JOAN, f"/cases/{self.light}"),
            "decision": (AMARA, f"/approvals/A-{self.triage}-TRIAGE"),
            "decision-position": (AMARA, f"/approvals/{self.position}"),
            "decision-other": (JOAN, f"/approvals/A-{self.triage}-TRIAGE"),
            "record-answer": (JOAN, f"/approvals/A-{self.triage}-TRIAGE/record"),
            "check": (MARY, f"/cases/{self.checking}/check"),
            "agree": (JOAN, f"/cases/{self.light}/agree"),
            "reflect": (self.reflector, f"/cases/{self.reflecting}/reflect"),
            "reflect-for": (JOAN, f"/cases/{self.reflecting}/reflect?for={self.reflector}"),
            "reflections": (AMARA, f"/cases/{self.reflecting}/reflections"),
            "question": (JOAN, self.question),
            "letter": (JOAN, f"/outbox/{self.letter}"),
            "breach": (RACHEL, f"{case}/breach"),
            "breach-open": (MARY, f"/cases/{self.breach}"),
            "breach-clear": (MARY, f"/cases/{self.breach}/breach/clear"),
            "hold": (AMARA, f"{case}/hold"),
            "resume": (AMARA, f"/cases/{self.held}/resume"),
            "withdraw": (NIAMH, f"{case}/withdraw"),
            "decline": (AMARA, f"{case}/decline"),
            "deepen": (AMARA, f"/cases/{self.light}/deepen"),
            "output": (RACHEL, self.output),
            "nothing": (RACHEL, "/cases/PLR-R-2027-999"),
        }

    def strangers_pages(self) -> dict[str, str]:
        """What somebody sees who has not said who they are."""
        return {
            "sign-in": "/sign-in",
            "decision-link": self.link,
            "decision-restricted": self.restricted_link,
            "link-dead": f"/a/{'x' * 43}",
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        world = World(tmp_path_factory.mktemp("site"), base_url=base_url)
        filled = fill(world)
        config = uvicorn.Config(world.app, log_config=None, access_log=False, server_header=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield filled
        server.should_exit = True
        thread.join(20)
        world.close()


def fill(world: World) -> Site:
    """Bring cases to where each page has something to show. No Playwright yet: it brings its own loop."""
    triage = world.in_triage()
    link = world.link(CHAIR)
    second = world.in_triage(external_ref="em-2")
    second_link = world.link(CHAIR)
    reflecting, reflector = taken_on(world)
    breach = hidden(world)
    held = world.in_triage(external_ref="em-5")
    chair = world.signed_in(AMARA)
    to = f"/cases/{held}/hold"
    chair.send(chair.get(to), to, reason="The inquest is still to come", review_on="1 July 2027")
    passed = world.in_triage(external_ref="em-8")
    checking = world.submit(external_ref="em-6")
    position = world.position_asked()
    restricted_link = world.link(CHAIR)
    world.make_light()
    light = world.submit(external_ref="em-7", narrative="")
    asked = f"/approvals/A-{triage}-TRIAGE"
    chair.send(chair.get(asked), asked, answer="question", reason="Which partners were these?")
    [question] = [to for to in world.signed_in(JOAN).get("/tasks").links() if to.startswith("/questions/")]
    joan = world.signed_in(JOAN)
    [output] = [to for to in joan.get(f"/cases/{triage}").links() if "summary" in to]
    world.deliver()
    chair.come_in(AMARA)
    to = f"/approvals/A-{passed}-TRIAGE"
    chair.send(chair.get(to), to, answer="pass")
    letter = world.a_letter_nobody_knows_of()
    return Site(
        world, triage, link, second, second_link, light, checking, reflecting, reflector, breach, question,
        restricted_link, position, letter, held, output,
    )  # fmt: skip


def taken_on(world: World) -> tuple[str, int]:
    """A case whose Chair has chosen three reflectors, one of whom has answered."""
    reference = world.in_triage(external_ref="em-3")
    chair = world.signed_in(AMARA)
    to = f"/approvals/A-{reference}-TRIAGE"
    page = chair.get(to)
    first, second, *_ = [int(number) for number in chair.fields(page, to)["reflectors"]]
    chair.send(page, to, answer="approve")
    world.carry_on(reference)
    content = {"value": PositionValue.NO_VIEW.value, "points": ["Nothing to add to what was decided."]}
    world.database.run(
        lambda session: reflections.record(
            session, reference, person_id=first, content=content, by=signed_in(first), now=world.now
        )
    )
    return reference, second


def hidden(world: World) -> str:
    reference = world.in_triage(external_ref="em-4")
    reader = world.signed_in(RACHEL)
    to = f"/cases/{reference}/breach"
    reader.send(reader.get(to), to, kind="A name, in the story")
    return reference


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Chromium]:
    with chromium() as started:
        yield started


def come_in(context: BrowserContext, site: Site, person_id: int) -> None:
    """Be signed in, as after a code."""
    world = site.world
    rule = world.database.rules.access
    token = world.database.run(
        lambda session: access.begin_session(session, person_id, Via.SESSION, now=world.now, rule=rule)
    )
    context.add_cookies([{"name": "plr-session", "value": token, "url": world.base_url}])


# ---- every page


def test_every_page_of_the_site_is_accessible_fits_a_phone_and_a_desk_and_nothing_is_blocked(
    site: Site, browser: Chromium
) -> None:
    found: dict[str, list[str]] = {}
    with opened(browser, PHONE) as (page, troubles):
        for name, path in site.strangers_pages().items():
            found[name] = looked_at(page, site, name, path, troubles)
        for name, (person_id, path) in sorted(site.pages().items(), key=lambda entry: entry[1]):
            come_in(page.context, site, person_id)
            found[name] = looked_at(page, site, name, path, troubles)
    assert {name: said for name, said in found.items() if said} == {}


SHOWN = {
    *("sign-in", "tasks", "decision-link", "decision-restricted", "case-full", "case-light", "cases"),
    *("check", "agree", "letter", "breach-open"),
}


STATUS = {"nothing": 404, "link-dead": 410}


def looked_at(page: Page, site: Site, name: str, path: str, troubles: list[str]) -> list[str]:
    """Open a page on a phone, then on a desk; return what is wrong with it."""
    troubles.clear()
    page.set_viewport_size({"width": PHONE, "height": 800})
    answer = page.goto(f"{site.world.base_url}{path}")
    status = STATUS.get(name, 200)
    assert answer is not None
    assert answer.status == status, (name, page.inner_text("main"))
    said = look_at(page)
    if name in SHOWN:
        photograph(page, name)
    page.set_viewport_size({"width": DESK, "height": 800})
    said += fits(page)
    if name in SHOWN:
        photograph(page, name)
    # Chromium itself says it when a page is answered with 404 or 410.
    return said + [trouble for trouble in troubles if str(status) not in trouble]


# ---- journeys, without script


def test_a_person_signs_in_by_code_and_sees_what_needs_them(site: Site, browser: Chromium) -> None:
    with opened(browser, PHONE, java_script_enabled=False) as (page, troubles):
        page.goto(f"{site.world.base_url}/tasks")
        assert page.inner_text("h1") == "Sign in"
        page.fill("#email", "p03@example.org")
        page.click("text=Send me a code")
        assert page.inner_text("h1") == "Type your code"
        site.world.deliver()
        page.fill("#code", site.world.code("p03@example.org"))
        page.click("main button:text-is('Sign in')")
        assert page.inner_text("h1") == "My tasks"
        assert "need you" in page.inner_text("main")
        page.click("text=Menu")
        assert page.url.endswith("#menu")
        assert troubles == []


def test_the_chair_decides_by_link_and_code_with_the_keyboard_alone(site: Site, browser: Chromium) -> None:
    with opened(browser, PHONE, java_script_enabled=False) as (page, troubles):
        page.goto(f"{site.world.base_url}{site.second_link}")
        assert page.inner_text("h1") == f"Take {site.second} on for reflection?"
        tab_to(page, "answer")
        page.keyboard.press("Space")
        tab_to(page, "reason")
        page.keyboard.type("It fits what we look for.")
        page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.inner_text("h1") == "Type your code to send your answer"
        assert "It fits what we look for." in page.inner_text("main")
        assert site.world.approval(site.second).status is ApprovalStatus.OPEN
        site.world.deliver()
        tab_to(page, "code")
        page.keyboard.type(site.world.code(CHAIR))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.inner_text("h1") == "You took the review on"
        assert site.world.approval(site.second).status is ApprovalStatus.APPROVED
        assert fits(page) == []
        assert troubles == []


def tab_to(page: Page, field_id: str) -> None:
    """Press Tab until a field has the focus, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator("*:focus").get_attribute("id") == field_id:
            return
    raise AssertionError(f"The keyboard never reaches {field_id}.")


def test_a_checker_lets_a_text_through(site: Site, browser: Chromium) -> None:
    with opened(browser, PHONE, java_script_enabled=False) as (page, troubles):
        come_in(page.context, site, MARY)
        page.goto(f"{site.world.base_url}/tasks")
        page.click(f"a[href='/cases/{site.checking}/check']")
        assert page.inner_text("h1") == "Could somebody be recognised?"
        for kind in ("names", "places", "mix", "staff"):
            page.check(f"input[value={kind}]")
        page.check("input[value=clear]")
        page.click("text=Send my answer")
        assert "Your answer is recorded." in page.inner_text("main")
        assert troubles == []


def test_the_secretary_records_what_the_group_agreed(site: Site, browser: Chromium) -> None:
    with opened(browser, DESK, java_script_enabled=False) as (page, troubles):
        come_in(page.context, site, JOAN)
        page.goto(f"{site.world.base_url}/cases/{site.light}")
        page.click("text=Record what the group agreed")
        page.fill("#meeting", "PLR-M-2027-02")
        page.fill("#held_on", "today")
        page.fill("#minute", "7.2")
        page.select_option("#presider", str(AMARA))
        page.fill("#present", "9")
        for profession in ("nursing and midwifery", "police", "education"):
            page.check(f"input[value='{profession}']")
        page.check("input[value=reasoning_supported]")
        page.fill("#points", "The route was reasoned. The times were kept in view.")
        page.click("text=Continue")
        assert page.inner_text("h1") == "Is this what the group agreed?"
        assert site.world.status(site.light) is CaseStatus.REFLECTING
        page.click("text=Record it")
        assert "What the group agreed is recorded." in page.inner_text("main")
        assert site.world.status(site.light) is CaseStatus.ISSUED
        assert troubles == []


# ---- robots


def test_a_browser_that_runs_scripts_and_opens_a_mailed_link_decides_nothing(
    site: Site, browser: Chromium
) -> None:
    before = site.world.answers()
    for link in (site.link, site.restricted_link):
        with opened(browser) as (page, troubles):
            page.goto(f"{site.world.base_url}{link}", wait_until="networkidle")
            page.wait_for_timeout(PAUSE)
            assert troubles == []
            for to in page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)"):
                page.goto(to)
    assert site.world.answers() == before
    assert site.world.approval(site.triage).status is ApprovalStatus.OPEN


@pytest.mark.parametrize("answer", ["approve", "return", "reject", "question", "pass", "conflict"])
def test_a_robot_that_fills_in_forms_decides_nothing(site: Site, browser: Chromium, answer: str) -> None:
    before = site.world.answers()
    was = site.world.approval(site.triage).holder_id
    with opened(browser) as (page, _troubles):
        page.goto(f"{site.world.base_url}{site.link}")
        page.check(f"input[name=answer][value={answer}]")
        page.fill("#reason", "Filled in by a robot.")
        page.click("text=Send my answer")
        for _ in range(3):
            if page.locator("#code").count():
                page.fill("#code", "000000")
                page.click("main button:text-is('Send my answer')")
    assert site.world.answers() == before
    assert site.world.approval(site.triage).status is ApprovalStatus.OPEN
    assert site.world.approval(site.triage).holder_id == was


def test_nobody_but_the_chair_was_ever_asked_about_the_text_the_robots_found(site: Site) -> None:
    asked = site.world.approval(site.triage, ApprovalKind.TRIAGE)
    assert (asked.status, asked.holder_id, asked.round) == (ApprovalStatus.OPEN, AMARA, 1)
