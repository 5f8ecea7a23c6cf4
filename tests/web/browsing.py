"""A browser without a window: it keeps cookies, fills in forms it was shown, and reads its letters."""

from __future__ import annotations

import asyncio
import email
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from lxml import html
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.commissioning import commissioning_reflection
from plr import settings
from plr.db.models import AnswerRecord, Approval, Base, Case, Notice, Person
from plr.db.session import Database
from plr.domain.actors import Actor
from plr.domain.words import ApprovalKind, CaseStatus, Depth, PositionValue, Via
from plr.engine.deliveries import Deliveries
from plr.operations import access, approvals, intake, outbox, positions
from plr.operations.positions import PositionText
from plr.settings.files import data_dir
from plr.web.app import create_app
from plr.web.rendering import Pages
from tests.factories import FIONA, JOAN, NIAMH, RACHEL, SUNITA, TOM, add_people, make_database, make_rules

BASE = "http://plr.example.org"
START = datetime(2027, 6, 1, 9, tzinfo=UTC)
ELEANOR, OWEN = 11, 12
REGIONS = {
    1: "E12000007",
    2: "E12000002",
    6: "E12000004",
    7: "E12000009",
    9: "N92000002",
    8: "S92000003",
    10: "E12000003",
}
STORY = "Two services each waited for the other. The partners chose a local review for that reason."
REVIEW: dict[str, Any] = {
    "external_ref": "em-2027-01",
    "nation": "england",
    "region": "E12000004",
    "submitted_by": "p09@example.org",
    "capacity": "partner",
    "stage": "decided",
    "event": {"kind": "serious_harm", "children": 1, "age_band": "1-5", "harm": ["neglect"]},
    "clock": {"wd_aware_to_notify": 4, "wd_notify_to_rapid_review": 27},
    "criteria": [{"code": "reg11-a", "finding": "met"}, {"code": "reg11-c", "finding": "may_be"}],
    "options": [{"route": "LCSPR", "chosen": True}, {"route": "NO_FURTHER_ACTION", "chosen": False}],
    "decision": {"by_role": "safeguarding_partners", "unanimous": True},
    "themes": ["information-sharing", "early-help"],
}
_LINK = re.compile(r"/([arf])/([A-Za-z0-9_-]{43})")
_CODE = re.compile(r"\b(\d{3})\s?(\d{3})\b")


class InProcess(httpx.BaseTransport):
    """Hands a request to the application here, in this thread's own loop."""

    def __init__(self, app: Any) -> None:
        self._app = httpx.ASGITransport(app, client=("192.0.2.1", 4711))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def exchange() -> httpx.Response:
            answer = await self._app.handle_async_request(request)
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(exchange())


@dataclass(frozen=True)
class Page:
    """A page as it came."""

    response: httpx.Response
    path: str

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        return self.response.text

    @property
    def tree(self) -> Any:
        return html.fromstring(self.text)

    @property
    def h1(self) -> str:
        found = self.tree.xpath("//h1")
        return " ".join(found[0].text_content().split())

    @property
    def main(self) -> str:
        return " ".join(self.tree.xpath("//main")[0].text_content().split())

    @property
    def errors(self) -> list[str]:
        found = self.tree.xpath("//*[contains(@class, 'govuk-error-summary__list')]//a")
        return [" ".join(link.text_content().split()) for link in found]

    def caption(self) -> str:
        return " ".join(self.tree.xpath("//*[contains(@class, 'plr-caption')]")[0].text_content().split())

    def links(self) -> list[str]:
        return [str(link) for link in self.tree.xpath("//main//a/@href")]


class Browser:
    """One browser: its cookies, its user agent."""

    def __init__(self, world: World, agent: str = "Mozilla/5.0") -> None:
        self.world = world
        self.client = httpx.Client(
            transport=InProcess(world.app), base_url=world.base_url, headers={"User-Agent": agent}
        )

    def request(self, method: str, path: str, **rest: Any) -> Page:
        return Page(self.client.request(method, path, **rest), path)

    def get(self, path: str, *, follow: bool = True) -> Page:
        page = self.request("GET", path, headers={"Sec-Fetch-Site": "none"})
        return self.follow(page) if follow else page

    def follow(self, page: Page) -> Page:
        while page.response.is_redirect:
            page = self.request("GET", page.response.headers["location"])
        return page

    def post(self, path: str, data: Mapping[str, Any], **headers: str) -> Page:
        return self.request(
            "POST", path, data=dict(data), headers={"Sec-Fetch-Site": "same-origin", **headers}
        )

    def fields(self, page: Page, action: str) -> dict[str, Any]:
        """Everything a form holds when nobody has touched it."""
        [form, *_] = [form for form in page.tree.forms if form.action == action]
        found: dict[str, Any] = {}
        for name, value in form.form_values():
            found.setdefault(name, []).append(value)
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def send(self, page: Page, action: str, follow: bool = True, **typed: Any) -> Page:
        """Fill in a form of a page and press its button."""
        answer = self.post(action, {**self.fields(page, action), **typed})
        return self.follow(answer) if follow else answer

    def sign_in(self, person_id: int, *, remember: bool = False) -> Page:
        address = f"p{person_id:02}@example.org"
        asked = self.send(self.get("/sign-in"), "/sign-in", email=address)
        self.world.deliver()
        typed = {"code": self.world.code(address), **({"remember": "yes"} if remember else {})}
        return self.send(asked, "/sign-in/code", **typed)

    def come_in(self, person_id: int) -> None:
        """Be signed in, as after a code; the tests of signing in themselves use `sign_in`."""
        rule = self.world.database.rules.access
        token = self.world.database.run(
            lambda session: access.begin_session(
                session, person_id, Via.SESSION, now=self.world.now, rule=rule
            )
        )
        self.client.cookies.set("plr-session", token, domain=self.world.host, path="/")


@dataclass(frozen=True)
class _State:
    """A world as it stood once: its files, its clock, the case that was made."""

    files: dict[str, bytes]
    now: datetime
    reference: str


_STATES: dict[Depth, _State] = {}


@cache
def _pages() -> Pages:
    return Pages(data_dir("templates") / "pages", strict_tags=True)


@cache
def _people() -> bytes:
    """A database with the people and nothing else, made once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plr.db"
        database = make_database(f"sqlite:///{file}")
        with database.transaction() as session:
            add_people(session)
            _add_more(session)
        database.engine.dispose()
        return file.read_bytes()


class World:
    """An installation: people, records, the application, and a clock that stands until it is moved."""

    def __init__(
        self, home: Path, *, depth: Depth = Depth.FULL, base_url: str = BASE, **variables: str
    ) -> None:
        self.home = home
        self.base_url = base_url
        self.host = urlsplit(base_url).hostname or ""
        self.now = START
        environment = {"PLR_HOME": str(home), "PLR_WEB__BASE_URL": base_url, **variables}
        self.settings = settings.load(environment)
        rules = make_rules()
        rules = self._rules = replace(rules, commissioning=replace(rules.commissioning, depth=depth))
        (home / "plr.db").write_bytes(_people())
        self.database = Database(f"sqlite:///{home / 'plr.db'}", rules)
        self.app = create_app(self.settings, self.database, now=lambda: self.now)
        self.app.state.house = replace(self.app.state.house, pages=_pages())
        self.deliveries = Deliveries(self.settings, self.database, lambda: self.now)
        self.deliveries._storage.prepare()
        self._browsers: list[Browser] = []

    def close(self) -> None:
        for browser in self._browsers:
            browser.client.close()
        self.database.engine.dispose()

    def browser(self, agent: str = "Mozilla/5.0") -> Browser:
        made = Browser(self, agent)
        self._browsers.append(made)
        return made

    def signed_in(self, person_id: int) -> Browser:
        browser = self.browser()
        browser.come_in(person_id)
        return browser

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    # ---- the rest of the house

    def submit(self, **changes: Any) -> str:
        """Log a review and carry its process to the first wait."""
        data = {**REVIEW, "narrative": STORY, **changes}
        by = Actor(NIAMH, Via.API)
        logged = self.database.run(lambda session: intake.receive(session, data, by=by, now=self.now))
        self.carry_on(logged.reference)
        return logged.reference

    def carry_on(self, reference: str) -> None:
        self.pass_time(minutes=1)
        commissioning_reflection.plain(reference, self.database, now=lambda: self.now)
        self.deliver()

    def deliver(self) -> None:
        self.deliveries.deliver_all()

    def letters(self, address: str) -> list[EmailMessage]:
        found = []
        for file in (self.home / "mail").rglob("*.eml"):
            message = cast("EmailMessage", email.message_from_bytes(file.read_bytes(), policy=default))
            if address in str(message["To"]):
                found.append((file.stat().st_mtime_ns, file.name, message))
        return [message for _at, _name, message in sorted(found, key=lambda row: row[:2])]

    def link(self, address: str, kind: str = "a") -> str:
        """The newest link of a kind that was mailed to an address."""
        for message in reversed(self.letters(address)):
            for match in _LINK.finditer(_text(message)):
                if match[1] == kind:
                    return match[0]
        raise AssertionError(f"No link of kind {kind} was mailed to {address}.")

    def code(self, address: str) -> str:
        for message in reversed(self.letters(address)):
            found = _CODE.search(_text(message)) if "code" in str(message["Subject"]).lower() else None
            if found:
                return found[1] + found[2]
        raise AssertionError(f"No code was mailed to {address}.")

    # ---- looking

    def case(self, reference: str) -> Case:
        with self.database.reading() as session:
            found = session.get_one(Case, reference)
            session.expunge(found)
            return found

    def status(self, reference: str) -> CaseStatus:
        return self.case(reference).status

    def approval(self, reference: str, kind: ApprovalKind = ApprovalKind.TRIAGE) -> Approval:
        """The newest question of a kind about a case."""
        with self.database.reading() as session:
            statement = select(Approval).filter_by(reference=reference, kind=kind).order_by(Approval.id)
            found = list(session.scalars(statement))[-1]
            session.expunge(found)
            return found

    def approval_kind(self, approval_id: str) -> ApprovalKind:
        with self.database.reading() as session:
            return session.get_one(Approval, approval_id).kind

    def answers(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(AnswerRecord)) or 0

    def rows(self, kind: type[Base]) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(kind)) or 0

    # ---- shortcuts to a state

    def a_letter_nobody_knows_of(self) -> str:
        """A letter whose server took the text and did not answer, and which is not sent again; its id."""

        def break_off(session: Session) -> str:
            claims = outbox.claim(session, self.deliveries.rule, owner="a test", limit=100, now=self.now)
            for claim in claims:
                outbox.hand_over(session, claim, now=self.now)
                session.get_one(Notice, claim.notice_id).repeated = True
                outbox.uncertain(session, claim, words="The line broke after the text.", now=self.now)
            return claims[0].notice_id

        return self.database.run(break_off)

    def in_triage(self, **changes: Any) -> str:
        """A full case that its checker has let through: the Chair is asked."""
        pristine = self.now == START and not self._browsers and self.base_url == BASE
        if changes or not pristine or self.database.rules is not self._rules:
            return self._let_through(**changes)
        depth = self.database.rules.commissioning.depth
        if depth not in _STATES:
            _STATES[depth] = self._kept(self._let_through())
        else:
            self._be_as(_STATES[depth])
        return _STATES[depth].reference

    def _kept(self, reference: str) -> _State:
        self.database.engine.dispose()
        files = {
            str(file.relative_to(self.home)): file.read_bytes()
            for file in sorted(self.home.rglob("*"))
            if file.is_file() and "secrets" not in file.parts
        }
        return _State(files, self.now, reference)

    def _be_as(self, state: _State) -> None:
        self.database.engine.dispose()
        for number, (name, data) in enumerate(state.files.items()):
            file = self.home / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            file.write_bytes(data)
            os.utime(file, ns=(number, number))
        self.now = state.now

    def _let_through(self, **changes: Any) -> str:
        reference = self.submit(**changes)
        mary = self.signed_in(19)
        to = f"/cases/{reference}/check"
        answer = mary.send(mary.get(to), to, answer="clear", looked_for=["names", "places", "mix", "staff"])
        assert answer.h1 == "My tasks", answer.main
        self.carry_on(reference)
        return reference

    def make_light(self) -> None:
        """Let new cases begin at light depth, as the shipped configuration does."""
        rules = self.database.rules
        self.database.rules = replace(rules, commissioning=replace(rules.commissioning, depth=Depth.LIGHT))

    def position_asked(self) -> str:
        """A full case whose text the Chair is asked to approve; its id. Nothing carries it on."""
        data = {**REVIEW, "external_ref": "em-2027-02"}
        by = Actor(NIAMH, Via.API)
        logged = self.database.run(lambda session: intake.receive(session, data, by=by, now=self.now))
        self.database.run(lambda session: _agree_and_ask(session, logged.reference, self.now))
        self.deliver()
        return self.approval(logged.reference, ApprovalKind.POSITION).id


def _agree_and_ask(session: Session, reference: str, now: datetime) -> str:
    case = session.get_one(Case, reference)
    case.status = CaseStatus.GROUP_AGREED
    text = PositionText(
        PositionValue.REASONING_SUPPORTED, ("The gap was named.", "Nobody led."), dissent="One view."
    )
    position = positions.add_version(session, reference, text, written_by_id=JOAN, now=now)
    approvals.ask(
        session,
        reference,
        ApprovalKind.POSITION,
        subject="position",
        subject_version=position.version,
        content_hash=position.content_hash,
        author_id=JOAN,
        now=now,
    )
    return approvals.latest_ask(session, reference, ApprovalKind.POSITION) or ""


def _add_more(session: Session) -> None:
    for number, region in REGIONS.items():
        session.get_one(Person, number).region = region
    session.flush()


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


__all__ = ["BASE", "FIONA", "NIAMH", "RACHEL", "START", "SUNITA", "TOM", "Browser", "Page", "World"]
