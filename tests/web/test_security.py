"""Every route, named: who may call it, what it refuses, and what every answer carries (Q17)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount

from plr.db.models import FormPost, WebSession
from plr.db.session import Database
from plr.domain.words import ApprovalKind
from plr.web.app import create_app
from plr.web.pages.guard import LONGEST_BODY
from tests.factories import AMARA, JOAN, RACHEL, make_rules
from tests.web.browsing import BASE, InProcess, World

PUBLIC, LINK, MEMBERS = "public", "link", "signed in"
CASE = "/cases/{reference}"
ASKED = "/approvals/{approval_id}"

ROUTES = {
    ("GET", "/"): PUBLIC,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("GET", "/sign-in/code"): PUBLIC,
    ("POST", "/sign-in/code"): PUBLIC,
    ("POST", "/sign-out"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/robots.txt"): PUBLIC,
    ("GET", "/a/{token}"): LINK,
    ("POST", "/a/{token}"): LINK,
    ("GET", "/a/{token}/code"): LINK,
    ("POST", "/a/{token}/code"): LINK,
    ("GET", "/r/{token}"): LINK,
    ("POST", "/r/{token}"): LINK,
    ("GET", "/r/{token}/code"): LINK,
    ("POST", "/r/{token}/code"): LINK,
    ("GET", "/r/{token}/sent"): MEMBERS,
    ("GET", "/f/{token}"): LINK,
    ("POST", "/f/{token}"): LINK,
    ("GET", "/f/{token}/sent"): LINK,
    ("GET", "/tasks"): MEMBERS,
    ("GET", "/tasks/done"): MEMBERS,
    ("GET", ASKED): MEMBERS,
    ("POST", ASKED): MEMBERS,
    ("GET", f"{ASKED}/done"): MEMBERS,
    ("POST", f"{ASKED}/take-back"): MEMBERS,
    ("POST", f"{ASKED}/not-me"): MEMBERS,
    ("GET", f"{ASKED}/record"): MEMBERS,
    ("POST", f"{ASKED}/record"): MEMBERS,
    ("GET", "/cases"): MEMBERS,
    ("GET", CASE): MEMBERS,
    **{
        (method, f"{CASE}/{page}"): MEMBERS
        for method in ("GET", "POST")
        for page in (
            *("hold", "resume", "withdraw", "decline", "deepen", "breach"),
            *("check", "reflect", "reassign", "position", "position/check", "agree", "agree/check"),
            *("correct", "impact"),
        )
    },
    ("GET", f"{CASE}/breach/done"): MEMBERS,
    ("GET", f"{CASE}/breach/clear"): MEMBERS,
    ("POST", f"{CASE}/breach/clear"): MEMBERS,
    ("GET", "/questions/{number}"): MEMBERS,
    ("POST", "/questions/{number}"): MEMBERS,
    ("GET", "/outbox/{notice_id}"): MEMBERS,
    ("POST", "/outbox/{notice_id}/settle"): MEMBERS,
    ("GET", f"{CASE}/correct/sent"): MEMBERS,
    ("GET", f"{CASE}/impact/sent"): MEMBERS,
    ("GET", f"{CASE}/reflections"): MEMBERS,
    ("GET", "/outputs/{name}"): MEMBERS,
    ("GET", "/outputs/{name}/file"): MEMBERS,
}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
EVERY_ANSWER = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


def _routes(world: World) -> set[tuple[str, str]]:
    found = set()
    for part in world.app.routes:
        for route in getattr(getattr(part, "original_router", None), "routes", [part]):
            if not isinstance(route, Mount):
                methods: set[str] = getattr(route, "methods", set())
                found |= {(method, str(getattr(route, "path", ""))) for method in methods - {"HEAD"}}
    return found


def _filled(path: str) -> str:
    return (
        path.replace("{token}", "x" * 43)
        .replace("{reference}", "PLR-R-2027-001")
        .replace("{approval_id}", "A-PLR-R-2027-001-TRIAGE")
        .replace("{number}", "1")
        .replace("{notice_id}", "0" * 32)
        .replace("{name}", "2027-06-01_PLR-R-2027-001_summary_v1.docx")
    )


def test_every_route_is_named_here(world: World) -> None:
    assert _routes(world) == set(ROUTES)


def test_every_answer_carries_the_headers_and_nobody_gets_in_without_signing_in(world: World) -> None:
    world.submit()
    stranger = world.browser()
    for (method, path), kind in ROUTES.items():
        page = stranger.request(method, _filled(path))
        for name, value in EVERY_ANSWER.items():
            assert page.response.headers[name] == value, (method, path, name)
        if method == "GET" and kind == MEMBERS:
            assert page.response.headers["location"].startswith("/sign-in?next="), path
        elif kind == LINK and method == "GET" and not path.endswith("/code"):
            assert page.status == 410, path


def test_a_form_from_elsewhere_changes_nothing_on_any_route(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    token = chair.fields(chair.get("/tasks"), "/sign-out")["form_token"]
    good = {"form_token": token, "form_id": "a-form-of-this-test", "answer": "approve"}
    before = world.rows(FormPost), world.answers()
    for method, path in ROUTES:
        if method == "POST":
            to = _filled(path)
            assert chair.post(to, {}).status == 403, path
            assert chair.post(to, {**good, "form_token": "0" * 64}).status == 403, path
            for headers in (
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
                {"Sec-Fetch-Site": "none"},
            ):
                assert chair.post(to, good, **headers).status == 403, path
            for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {}):
                answer = chair.request("POST", to, data=good, headers=headers)
                assert answer.status == 403, path
    assert (world.rows(FormPost), world.answers()) == before


def test_without_fetch_metadata_our_own_origin_is_enough(world: World) -> None:
    browser = world.browser()
    page = browser.get("/sign-in")
    form = {**browser.fields(page, "/sign-in"), "email": "p01@example.org"}
    assert browser.request("POST", "/sign-in", data=form, headers={"Origin": BASE}).h1 == "Type your code"


def test_a_form_of_another_browser_is_not_ours(world: World) -> None:
    one, other = world.browser(), world.browser()
    form = one.fields(one.get("/sign-in"), "/sign-in")
    other.get("/sign-in")
    answer = other.post("/sign-in", {**form, "email": "p01@example.org"})
    assert answer.status == 403
    assert answer.h1 == "This page was open too long"


def test_another_host_is_refused_on_every_route(world: World) -> None:
    browser = world.browser()
    for method, path in ROUTES:
        for host in ("evil.example", "plr.example.org.evil.example", "plr.example.org:81", ""):
            page = browser.request(method, _filled(path), headers={"Host": host})
            assert page.status == 400, (method, path, host)
            assert page.h1 == "Page not found"
    assert browser.request("GET", "/sign-in", headers={"Host": "PLR.example.org:80"}).status == 200


def test_another_method_looks_like_a_page_that_is_not_there(world: World) -> None:
    browser = world.browser()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        page = browser.request(method, "/tasks")
        assert page.status == 405
        assert page.h1 == "Page not found"


def test_head_is_a_get_without_a_body(world: World) -> None:
    page = world.browser().request("HEAD", "/sign-in")
    assert (page.status, page.text) == (200, "")


def test_what_is_too_large_or_cannot_be_read_is_refused(world: World) -> None:
    browser = world.browser()
    browser.get("/sign-in")
    assert browser.post("/sign-in", {"email": "a" * LONGEST_BODY}).status == 413
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    many = "&".join(f"a{number}=1" for number in range(2000))
    for body in (many.encode(), b"a=\xff\xfe"):
        assert browser.request("POST", "/sign-in", content=body, headers=form).status == 400

    def endless() -> Any:
        for _ in range(100):
            yield b"a" * 10_000

    assert browser.request("POST", "/sign-in", content=b"".join(endless()), headers=form).status == 413


@pytest.mark.parametrize(
    "path",
    [
        *("/cases/%00", "/cases/..%2f..%2fetc", "/cases/PLR-R-2027-999", "/cases/" + "A" * 5000),
        *(
            "/approvals/%00",
            "/approvals/A-PLR-R-2027-999-TRIAGE",
            "/outputs/..%2f..%2fplr.db",
            "/outputs/%00",
        ),
        *("/outputs/nothing.docx", "/outputs/nothing.docx/file", "/nothing", "/cases/1'%20OR%201=1--"),
    ],
)
def test_what_is_not_there_is_not_there(world: World, path: str) -> None:
    reader = world.signed_in(RACHEL)
    page = reader.get(path)
    assert page.status == 404
    assert page.response.content == reader.get("/cases/PLR-R-2027-998").response.content


def test_not_yours_and_not_there_are_equal_to_the_byte(world: World) -> None:
    reference = world.in_triage()
    rachel = world.signed_in(RACHEL)
    nothing = rachel.get("/cases/PLR-R-2027-998").response.content
    for path in (
        f"{CASE}/check",
        f"{CASE}/position",
        f"{CASE}/decline",
        f"{CASE}/reflections",
        f"{CASE}/agree",
    ):
        page = rachel.get(path.format(reference=reference))
        assert (page.status, page.response.content) == (404, nothing), path
    approval = world.approval(reference, ApprovalKind.TRIAGE)
    assert rachel.get(f"/approvals/{approval.id}").response.content == nothing


def test_strangers_who_flood_are_asked_to_wait_and_members_are_not(world: World) -> None:
    member = world.signed_in(JOAN)
    stranger = world.browser()
    world.pass_time(minutes=2)
    statuses = [stranger.post("/sign-in", {}).status for _ in range(61)]
    assert statuses[:60] == [403] * 60
    assert statuses[60] == 429
    answer = stranger.post("/sign-in", {})
    assert int(answer.response.headers["retry-after"]) in range(1, 62)
    assert answer.h1.startswith("Please wait until")
    assert member.post("/sign-out", {}).status == 403
    world.pass_time(seconds=61)
    assert stranger.post("/sign-in", {}).status == 403


def test_cookies_are_closed_to_scripts_and_other_sites(world: World) -> None:
    browser = world.browser()
    [browser_cookie] = browser.get("/sign-in").response.headers.get_list("set-cookie")
    for word in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert word in browser_cookie
    assert "Secure" not in browser_cookie


def test_over_tls_cookies_are_host_cookies_and_the_year_is_announced(tmp_path: Path) -> None:
    made = World(tmp_path, base_url="https://plr.example.org")
    client = httpx.Client(transport=InProcess(made.app), base_url="https://plr.example.org")
    answer = client.get("/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-plr-browser=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    client.close()
    made.close()


def test_signing_in_makes_a_new_session_and_signing_out_ends_it(world: World) -> None:
    chair = world.browser()
    planted = "A" * 43
    chair.client.cookies.set("plr-session", planted)
    chair.sign_in(AMARA)
    session = [cookie.value for cookie in chair.client.cookies.jar if cookie.name == "plr-session"][-1]
    assert session != planted
    tasks = chair.get("/tasks")
    assert tasks.h1 == "My tasks"
    chair.send(tasks, "/sign-out")
    assert chair.get("/tasks").h1 == "Sign in"
    chair.client.cookies.set("plr-session", str(session))
    assert chair.get("/tasks").h1 == "Sign in"


def test_an_idle_session_ends_and_a_used_one_lives_on(world: World) -> None:
    chair = world.signed_in(AMARA)
    for _ in range(3):
        world.pass_time(minutes=50)
        assert chair.get("/tasks").h1 == "My tasks"
    world.pass_time(minutes=61)
    assert chair.get("/tasks").h1 == "Sign in"
    assert world.rows(WebSession) == 1


def test_a_form_sent_after_the_session_ended_gives_the_words_back(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    to = "/approvals/A-PLR-R-2027-001-TRIAGE"
    page = chair.get(to)
    world.pass_time(hours=2)
    answer = chair.send(page, to, answer="return", reason="Say who decided.")
    assert answer.status == 403
    assert answer.h1 == "This page was open too long"
    assert "Say who decided." in answer.text
    assert "/sign-in?next=approval_answer" in answer.text or "/sign-in?next=approval" in answer.text
    assert world.answers() == 0


@pytest.mark.parametrize(
    "asked", ["//evil.example", "https://evil.example", "case/../../x", "nothing", "case"]
)
def test_next_leads_to_our_own_pages_only(world: World, asked: str) -> None:
    browser = world.browser()
    page = browser.get(f"/sign-in?next={asked}")
    sent = browser.send(page, "/sign-in", email="p01@example.org")
    world.deliver()
    answer = browser.send(sent, "/sign-in/code", follow=False, code=world.code("p01@example.org"))
    assert answer.response.headers["location"] == "/tasks"


def test_sign_in_leads_on_to_the_page_that_was_asked_for(world: World) -> None:
    reference = world.submit()
    browser = world.browser()
    page = browser.get(f"/cases/{reference}")
    assert page.h1 == "Sign in"
    sent = browser.send(page, "/sign-in", email="p01@example.org")
    world.deliver()
    assert browser.send(sent, "/sign-in/code", code=world.code("p01@example.org")).h1 == reference


def test_private_links_are_never_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.in_triage()
    link = world.link("p01@example.org")
    with caplog.at_level(logging.DEBUG):
        world.browser().get(link)
        world.browser().post(link, {})
    told = [record.getMessage() for record in caplog.records if record.name == "plr.web.access"]
    assert told == ["GET /a/{token} 200", "POST /a/{token} 403"]
    assert link.removeprefix("/a/") not in caplog.text.replace(f"http://plr.example.org{link}", "")


def test_without_a_database_nothing_is_saved_and_the_words_come_back(world: World, tmp_path: Path) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    to = "/approvals/A-PLR-R-2027-001-TRIAGE"
    form = {**chair.fields(chair.get(to), to), "answer": "return", "reason": "Say who decided."}
    broken = tmp_path / "broken"
    broken.mkdir()
    app = create_app(world.settings, Database(f"sqlite:///{broken}", make_rules()), now=lambda: world.now)
    client = httpx.Client(transport=InProcess(app), base_url=BASE, cookies=chair.client.cookies)
    answer = client.post(to, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "120"
    assert "Nothing was saved." in answer.text
    assert "Say who decided." in answer.text
    assert client.get("/healthz").text == "ok\n"
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["database"] != "well"
    client.close()


def test_our_fault_shows_an_error_id_and_nothing_of_the_inside(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down() -> None:
        raise RuntimeError("a secret of the inside")

    world.app.add_api_route("/break", break_down, methods=["GET", "POST"])
    browser = world.browser()
    page = browser.get("/break")
    assert page.status == 500
    assert page.h1 == "Sorry, that is our fault"
    assert "secret" not in page.text
    answer = browser.post("/break", {"reason": "My own words."})
    assert "My own words." in answer.text
    assert "a secret of the inside" not in caplog.text
    error_id = page.tree.xpath("//main//strong")[-1].text_content()
    assert error_id in caplog.text


def test_ready_names_each_part_and_only_the_database_makes_it_fail(world: World) -> None:
    found = world.browser().request("GET", "/readyz").response
    assert found.status_code == 200
    assert set(found.json()) == {"ready", "database", "migrations", "storage", "mail", "worker", "prefect"}
    assert found.json()["storage"] == "well"


def test_the_look_is_served_and_may_be_kept(world: World) -> None:
    for path in ("/static/plr.css", "/static/favicon.svg"):
        answer = world.browser().request("GET", path).response
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=3600"
    assert world.browser().request("GET", "/static/../app.py").status == 404
