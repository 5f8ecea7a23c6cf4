"""A mailed link finds a question and decides nothing: only the person asked does, identified (Q12, Q18)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from plr.db.models import AccessEntry, Person
from plr.domain.words import ApprovalKind, ApprovalStatus, Office, Pattern
from tests.factories import AMARA, GARETH, HELEN
from tests.web.browsing import Browser, Page, World

CHAIR = "p01@example.org"

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0) Safe Links",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (Proofpoint URL Defense)",
    "Mimecast-URL-Protect/2.0",
    "GoogleImageProxy",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Slackbot-LinkExpanding 1.0",
    "facebookexternalhit/1.1",
    "curl/8.5.0",
)


def _get(browser: Browser, link: str) -> None:
    browser.get(link)


def _head(browser: Browser, link: str) -> None:
    assert browser.request("HEAD", link).text == ""


def _options(browser: Browser, link: str) -> None:
    browser.request("OPTIONS", link)


def _prefetch(browser: Browser, link: str) -> None:
    browser.request("GET", link, headers={"Sec-Purpose": "prefetch", "Purpose": "prefetch"})


def _post_nothing(browser: Browser, link: str) -> None:
    browser.post(link, {})


def _fill_in(browser: Browser, link: str) -> None:
    page = browser.get(link)
    browser.send(page, link, answer="approve", reason="Filled in by a robot")


def _guess_a_code(browser: Browser, link: str) -> None:
    asked = browser.send(browser.get(link), link, answer="reject", reason="Filled in by a robot")
    browser.send(asked, f"{link}/code", code="000000")


PRESSES: tuple[Callable[[Browser, str], None], ...] = (
    *(_get, _head, _options, _prefetch, _post_nothing, _fill_in),
)


def test_no_robot_decides_and_the_persons_own_press_then_works(world: World) -> None:
    reference = world.in_triage()
    link = world.link(CHAIR)
    for agent in AGENTS:
        for press in PRESSES:
            try:
                press(world.browser(agent), link)
            except ValueError:  # the form is not there: the robot was asked to wait
                assert press is _fill_in
        world.pass_time(minutes=13)
    assert world.answers() == 0
    assert world.approval(reference).status is ApprovalStatus.OPEN
    world.pass_time(days=1)
    done = decide(world, world.browser(), link, "approve")
    assert done.h1 == "You took the review on"
    assert world.answers() == 1


def test_a_code_that_was_guessed_decides_nothing(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    _guess_a_code(world.browser(), link)
    assert world.answers() == 0


def decide(world: World, browser: Browser, link: str, answer: str, **typed: str) -> Page:
    asked = browser.send(browser.get(link), link, answer=answer, **typed)
    assert asked.h1 == "Type your code to send your answer", asked.main
    world.deliver()
    return browser.send(asked, f"{link}/code", code=world.code(CHAIR))


def test_somebody_elses_session_with_a_forwarded_link_answers_for_nobody(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    gareth = world.signed_in(GARETH)
    page = gareth.get(link)
    assert "Next we send a 6-digit code to your own address" in page.main
    asked = gareth.send(page, link, answer="approve")
    assert asked.h1 == "Type your code to send your answer"
    assert "Amara Okafor" in asked.main
    assert "p...@example.org" in asked.main
    world.deliver()
    wrong = gareth.send(asked, f"{link}/code", code=_other_than(world.code(CHAIR)))
    assert wrong.errors == ["That code is not right. You have 4 tries left."]
    assert world.answers() == 0


def _other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize("remember", [False, True])
def test_the_persons_own_session_or_remembered_browser_answers_at_once(world: World, remember: bool) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    chair = world.browser()
    chair.sign_in(AMARA, remember=remember)
    if remember:
        chair.client.cookies.delete("plr-session")
        world.pass_time(days=2)
    page = chair.get(link)
    assert "no code is needed" in page.main
    assert chair.send(page, link, answer="approve").h1 == "You took the review on"
    assert world.answers() == 1


def test_dead_and_unknown_links_answer_alike_to_the_byte(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    decide(world, world.browser(), link, "approve")
    stranger = world.browser()
    dead, unknown = stranger.get(link), stranger.get(f"/a/{'x' * 43}")
    assert (dead.status, unknown.status) == (410, 410)
    assert dead.response.content == unknown.response.content
    assert dead.h1 == "This link no longer works"
    for path in (f"/f/{'x' * 43}", f"/r/{'x' * 43}", "/a/%00", "/a/short"):
        assert stranger.get(path).response.content == dead.response.content


def test_a_link_that_its_own_persons_answer_ended_leads_them_to_it(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    chair = world.browser()
    decide(world, chair, link, "approve")
    assert chair.get(link).h1 == "You have answered this"


def test_a_link_of_a_person_who_has_left_is_dead(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    with world.database.transaction() as session:
        session.get_one(Person, AMARA).last_day_on = world.now.date().replace(year=2026)
    assert world.browser().get(link).status == 410


def test_a_code_works_once_in_the_browser_that_asked_for_ten_minutes(world: World) -> None:
    reference = world.in_triage()
    link = world.link(CHAIR)
    chair = world.browser()
    asked = chair.send(chair.get(link), link, answer="question", reason="Which partners were these?")
    world.deliver()
    code = world.code(CHAIR)

    other = world.browser()
    elsewhere = other.send(other.get(link), link, answer="approve")
    assert other.send(elsewhere, f"{link}/code", code=code).status == 422

    world.pass_time(minutes=11)
    assert chair.send(asked, f"{link}/code", code=code).status == 422
    again = chair.send(asked, link)
    world.deliver()
    fresh = world.code(CHAIR)
    done = chair.send(again, f"{link}/code", code=fresh)
    assert done.h1 == "Your question is with the secretary"
    assert world.approval(reference).status is ApprovalStatus.OPEN

    stranger = world.browser()
    asked = stranger.send(stranger.get(link), link, answer="approve")
    assert stranger.send(asked, f"{link}/code", code=fresh).status == 422
    assert world.answers() == 0


def test_fifty_one_tries_end_in_a_wait_and_the_owner_is_not_locked_out(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    own = world.browser()
    own.sign_in(AMARA, remember=True)
    own.client.cookies.delete("plr-session")
    world.pass_time(hours=2)
    tries = 0
    stranger = world.browser()
    statuses = []
    while tries < 51:
        page = stranger.send(stranger.get(link), link, answer="approve")
        if page.status == 429:
            statuses.append(429)
            world.pass_time(hours=1)
            stranger = world.browser()
            tries += 1
            continue
        for _ in range(5):
            answer = stranger.send(page, f"{link}/code", code="000000")
            statuses.append(answer.status)
            tries += 1
        stranger = world.browser()
    assert set(statuses) <= {422, 429}
    assert 429 in statuses
    assert world.answers() == 0
    assert own.send(own.get(link), link, answer="approve").h1 == "You took the review on"


def test_known_and_unknown_addresses_get_the_same_answer(world: World) -> None:
    def asked(address: str) -> str:
        browser = world.browser()
        page = browser.send(browser.get("/sign-in"), "/sign-in", email=address)
        assert page.status == 200
        fields = browser.fields(page, "/sign-in/code")
        text = page.text.replace(address, "ADDRESS")
        for name in ("form_token", "form_id"):
            text = text.replace(fields[name], name)
        wrong = browser.send(page, "/sign-in/code", code="000000")
        return text + "\n".join(wrong.errors)

    assert asked("p01@example.org") == asked("nobody@example.org")
    assert len(world.letters("nobody@example.org")) == 0


def test_a_double_press_records_once_and_shows_the_same_page(world: World) -> None:
    world.in_triage()
    link = world.link(CHAIR)
    chair = world.browser()
    asked = chair.send(chair.get(link), link, answer="approve")
    world.deliver()
    filled = {**chair.fields(asked, f"{link}/code"), "code": world.code(CHAIR)}
    before = dict(chair.client.cookies)
    first = chair.post(f"{link}/code", filled)
    chair.client.cookies.clear()
    for name, value in before.items():
        chair.client.cookies.set(name, value)
    second = chair.post(f"{link}/code", filled)
    assert first.response.headers["location"] == second.response.headers["location"]
    assert chair.follow(second).h1 == "You took the review on"
    assert world.answers() == 1
    third = world.browser().post(f"{link}/code", filled)
    assert third.status == 403


def test_the_same_answer_again_shows_the_same_and_another_is_refused(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/{world.approval('PLR-R-2027-001').id}"
    page = chair.get(to)
    chair.send(page, to, answer="approve")
    again = chair.post(to, {**chair.fields(page, to), "answer": "approve", "form_id": "another-form-id"})
    assert chair.follow(again).h1 == "You took the review on"
    other = chair.post(
        to, {**chair.fields(page, to), "answer": "reject", "reason": "No.", "form_id": "a-third-form-id"}
    )
    assert other.status == 409
    assert world.answers() == 1


def test_a_text_that_changed_meanwhile_is_shown_again_with_the_words_kept(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/{world.approval('PLR-R-2027-001').id}"
    page = chair.get(to)
    answer = chair.send(page, to, answer="return", reason="Say who decided.", text_version="0" * 64)
    assert answer.status == 409
    assert "The text has changed. Please read it again." in answer.main
    assert "Say who decided." in answer.text
    assert world.answers() == 0
    assert chair.send(answer, to, answer="return", reason="Say who decided.").h1 == "You asked for changes"


def test_a_restricted_text_is_shown_after_the_code_only_and_each_opening_is_noted(world: World) -> None:
    world.position_asked()
    link = world.link(CHAIR)
    chair = world.browser()
    closed = chair.get(link)
    assert "This text is for you only" in closed.main
    assert "The gap was named." not in closed.text
    assert world.rows(AccessEntry) == 0
    asked = chair.send(closed, f"{link}/code")
    assert asked.h1 == "Type your code to read the text"
    world.deliver()
    opened = chair.send(asked, f"{link}/code", code=world.code(CHAIR))
    assert "The gap was named." in opened.main
    assert world.rows(AccessEntry) == 1
    chair.request("HEAD", link)
    assert world.rows(AccessEntry) == 1
    gareth = world.signed_in(GARETH)
    assert "The gap was named." not in gareth.get(link).text


def test_a_conflict_can_be_declared_without_reading_and_the_next_in_line_is_asked(world: World) -> None:
    approval_id = world.position_asked()
    link = world.link(CHAIR)
    chair = world.browser()
    form = {**chair.fields(chair.get(link), link), "answer": "conflict"}
    asked = chair.post(link, form)
    world.deliver()
    done = chair.send(asked, f"{link}/code", code=world.code(CHAIR))
    assert done.h1 == "You are out of this"
    assert chair.get(f"/approvals/{approval_id}").status == 404
    assert world.approval("PLR-R-2027-001", world.approval_kind(approval_id)).holder_id == GARETH
    world.deliver()
    assert world.browser().get(world.link("p02@example.org")).status == 200


def test_passing_on_asks_somebody_else_today(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    approval_id = world.approval("PLR-R-2027-001").id
    page = chair.get(f"/approvals/{approval_id}")
    assert "Pass it to Gareth Pugh, Vice-Chair" in page.main
    done = chair.send(page, f"/approvals/{approval_id}", answer="pass")
    assert "Gareth Pugh, Vice-Chair is asked today." in done.main
    assert world.approval("PLR-R-2027-001").holder_id == GARETH


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Choose an answer"),
        ({"answer": "return"}, "Say what should change"),
        ({"answer": "reject"}, "Say why"),
        ({"answer": "question"}, "Write your question"),
        (
            {"answer": "return", "reason": "Call 020 7946 0958"},
            "Line 1 may hold a telephone number. Take it out, or tell us it is something else.",
        ),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_the_words_are_kept(
    world: World, typed: dict[str, str], sentence: str
) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/{world.approval('PLR-R-2027-001').id}"
    answer = chair.send(chair.get(to), to, **typed)
    assert answer.status == 422
    assert sentence in answer.errors
    assert answer.text.count(typed.get("reason", "What is your answer?")) >= 1
    assert "<title>Error: " in answer.text
    assert world.answers() == 0


def test_a_first_answer_from_a_browser_is_receipted_once(world: World) -> None:
    world.in_triage()
    chair = world.browser()
    decide(world, chair, world.link(CHAIR), "approve")
    world.deliver()
    receipt = world.link(CHAIR, "r")
    page = chair.get(receipt)
    assert page.h1 == "Did you give this answer?"
    sent = chair.send(page, receipt)
    assert sent.h1 == "It is recorded"
    assert world.approval("PLR-R-2027-001").status is ApprovalStatus.OPEN
    world.pass_time(minutes=5)
    chair.send(
        chair.get(f"/approvals/{world.approval('PLR-R-2027-001').id}"),
        f"/approvals/{world.approval('PLR-R-2027-001').id}",
        answer="approve",
    )
    world.deliver()
    assert world.link(CHAIR, "r") == receipt


def test_a_receipt_voids_nothing_for_somebody_not_identified(world: World) -> None:
    world.in_triage()
    decide(world, world.browser(), world.link(CHAIR), "approve")
    world.deliver()
    receipt = world.link(CHAIR, "r")
    stranger = world.browser()
    asked = stranger.send(stranger.get(receipt), receipt)
    assert asked.h1 == "Type your code to send your answer"
    assert stranger.send(asked, f"{receipt}/code", code="000000").status == 422
    assert world.approval("PLR-R-2027-001").status is ApprovalStatus.APPROVED


def test_an_answer_the_secretary_recorded_counts_at_once_and_may_be_objected_to(world: World) -> None:
    world.in_triage()
    joan = world.signed_in(3)
    approval_id = world.approval("PLR-R-2027-001").id
    to = f"/approvals/{approval_id}/record"
    assert to in joan.get("/tasks").links()
    page = joan.get(to)
    missing = joan.send(page, to, answer="reject", how="telephone")
    assert missing.errors == [
        "Say when it was given",
        "Write what they said: it is needed for changes or a decline",
    ]
    told = joan.send(page, to, answer="approve", how="telephone", when="today 9am")
    assert "The answer is recorded. It counts at once." in told.main
    world.deliver()
    receipt = world.link(CHAIR, "r")
    chair = world.browser()
    page = chair.get(receipt)
    assert page.h1 == "Is this what you answered?"
    assert "by telephone, today 9am" in page.main
    asked = chair.send(page, receipt, reason="I asked for changes.")
    world.deliver()
    sent = chair.send(asked, f"{receipt}/code", code=world.code(CHAIR))
    assert sent.h1 == "It is recorded"
    assert world.approval("PLR-R-2027-001").status is ApprovalStatus.OPEN


def test_a_deputy_answers_only_once_it_is_late(world: World) -> None:
    world.in_triage()
    gareth = world.signed_in(GARETH)
    approval_id = world.approval("PLR-R-2027-001").id
    early = gareth.get(f"/approvals/{approval_id}")
    assert early.h1 == "Amara Okafor is asked this"
    assert "answer-form" not in early.text
    world.pass_time(days=10)
    gareth.sign_in(GARETH)
    page = gareth.get(f"/approvals/{approval_id}")
    assert gareth.send(page, f"/approvals/{approval_id}", answer="approve").h1 == "You took the review on"
    late = world.signed_in(AMARA)
    answered = late.get(f"/approvals/{approval_id}")
    assert answered.h1 == "Gareth Pugh has answered this"


def test_an_answer_is_taken_back_until_the_others_have_answered(world: World) -> None:
    offices = (Office.CHAIR, Office.DATA_PROTECTION_LEAD)
    rule = replace(
        world.database.rules.approvals[ApprovalKind.TRIAGE],
        pattern=Pattern.ALL,
        offices=offices,
        suffixes=("CHAIR", "DP"),
    )
    approvals = {**world.database.rules.approvals, ApprovalKind.TRIAGE: rule}
    world.database.rules = replace(world.database.rules, approvals=approvals)
    reference = world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/A-{reference}-CHAIR"
    done = chair.send(chair.get(to), to, answer="return", reason="Say who decided.")
    assert "take your answer back" not in done.main  # one return settles it
    other = world.in_triage(external_ref="em-2027-05")
    to = f"/approvals/A-{other}-CHAIR"
    done = chair.send(chair.get(to), to, answer="approve")
    assert "take your answer back until the others have answered" in done.main
    back = chair.send(done, f"{to}/take-back")
    assert "Your answer is taken back. The question is open again." in back.main
    assert chair.send(back, to, answer="approve").h1 == "You took the review on"


def test_nobody_else_finds_the_question(world: World) -> None:
    world.in_triage()
    approval_id = world.approval("PLR-R-2027-001").id
    helen = world.signed_in(HELEN)
    assert helen.get(f"/approvals/{approval_id}").status == 404
    assert helen.get(f"/approvals/{approval_id}/record").status == 404
