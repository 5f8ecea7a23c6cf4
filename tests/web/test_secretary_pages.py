"""What falls to the secretary and the data-protection lead: questions, letters nobody knows of, breaches."""

from __future__ import annotations

import pytest

from plr.db.models import Notice, Output, Question, Reflection, Submission
from plr.domain.words import ApprovalStatus, CaseStatus, NoticeStatus
from tests.factories import AMARA, GARETH, JOAN, MARY, RACHEL
from tests.web.browsing import STORY, Browser, World

ASKED = "/approvals/A-PLR-R-2027-001-TRIAGE"


def ask_first(world: World) -> tuple[Browser, str]:
    world.in_triage()
    chair = world.signed_in(AMARA)
    chair.send(chair.get(ASKED), ASKED, answer="question", reason="Which partners were these?")
    with world.database.reading() as session:
        [asked] = session.query(Question)
        return chair, f"/questions/{asked.id}"


def test_a_question_is_answered_by_the_secretary_and_read_by_who_asked(world: World) -> None:
    chair, to = ask_first(world)
    assert "You asked “Which partners were these?”" in chair.get(ASKED).main
    assert "Not answered yet." in chair.get(ASKED).main
    joan = world.signed_in(JOAN)
    tasks = joan.get("/tasks")
    assert "Amara Okafor asks: Which partners were these?" in tasks.main
    assert to in tasks.links()
    page = joan.get(to)
    assert page.h1 == "What do you answer Amara Okafor?"
    assert joan.send(page, to).errors == ["Write your answer"]
    refused = joan.send(page, to, answer="Ring 020 7946 0958.")
    assert "Line 1 may hold a telephone number" in refused.errors[0]
    assert "Ring 020 7946 0958." in refused.text
    done = joan.send(page, to, answer="The three safeguarding partners.")
    assert "Your answer is with them." in done.main
    assert "Which partners" not in done.main
    shown = chair.get(ASKED)
    assert "The secretary answers “The three safeguarding partners.”" in shown.main
    assert "The secretary has answered your question." in chair.get("/tasks").main
    assert world.approval("PLR-R-2027-001").status is ApprovalStatus.OPEN
    assert joan.get(to).status == 409


def test_a_double_press_answers_once(world: World) -> None:
    _chair, to = ask_first(world)
    joan = world.signed_in(JOAN)
    form = {**joan.fields(joan.get(to), to), "answer": "All three."}
    first, second = joan.post(to, form), joan.post(to, form)
    assert first.response.headers["location"] == second.response.headers["location"]


def test_what_was_asked_first_is_shown_to_nobody_else(world: World) -> None:
    _chair, to = ask_first(world)
    for person_id in (AMARA, GARETH, RACHEL):
        assert world.signed_in(person_id).get(to).status == 404
    assert "Which partners" not in world.browser().get(world.link("p01@example.org")).main
    assert "Which partners" not in world.signed_in(GARETH).get(ASKED).main


def test_a_letter_nobody_knows_of_is_settled_by_the_secretary(world: World) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    chair.send(chair.get(ASKED), ASKED, answer="pass")
    notice = world.a_letter_nobody_knows_of()
    to = f"/outbox/{notice}"
    assert chair.get(to).status == 404
    joan = world.signed_in(JOAN)
    assert to in joan.get("/tasks").links()
    page = joan.get(to)
    assert page.h1 == "Did this letter arrive?"
    assert "To Gareth Pugh, p02@example.org" in page.main
    assert "plr.example.org/a/…" in page.main
    assert "The line broke after the text." in page.main
    assert joan.send(page, f"{to}/settle").errors == ["Choose what became of the letter"]
    done = joan.send(page, f"{to}/settle", answer="again")
    assert "The letter goes out again." in done.main
    assert to not in done.links()
    before = len(world.letters("p02@example.org"))
    world.deliver()
    assert len(world.letters("p02@example.org")) == before + 1
    assert joan.get(to).status == 409


@pytest.mark.parametrize(
    ("answer", "status"), [("arrived", NoticeStatus.SENT), ("drop", NoticeStatus.CANCELLED)]
)
def test_a_letter_that_arrived_or_matters_no_more_is_not_sent_again(
    world: World, answer: str, status: NoticeStatus
) -> None:
    world.in_triage()
    chair = world.signed_in(AMARA)
    chair.send(chair.get(ASKED), ASKED, answer="pass")
    notice = world.a_letter_nobody_knows_of()
    to = f"/outbox/{notice}"
    joan = world.signed_in(JOAN)
    joan.send(joan.get(to), f"{to}/settle", answer=answer)
    with world.database.reading() as session:
        assert session.get_one(Notice, notice).status is status


def test_the_texts_of_a_breach_are_deleted_by_who_is_asked_after_one_more_question(world: World) -> None:
    reference = world.in_triage()
    base = f"/cases/{reference}"
    reader = world.signed_in(RACHEL)
    reader.send(reader.get(f"{base}/breach"), f"{base}/breach", kind="A name, in the story")
    lead = world.signed_in(MARY)
    assert base in lead.get("/tasks").links()
    page = lead.get(base)
    with world.database.reading() as session:
        names = [output.name for output in session.query(Output)]
    assert names
    assert all(name in page.main for name in names)
    assert "Mary Quinn, Data-protection lead, first on Tuesday 1 June 2027" in page.main
    assert f"{base}/breach/clear" in page.links()
    chair = world.signed_in(AMARA)
    assert f"{base}/breach/clear" not in chair.get(base).links()
    assert chair.get(f"{base}/breach/clear").status == 404
    confirm = lead.get(f"{base}/breach/clear")
    assert confirm.h1 == f"Delete every text of {reference}?"
    assert "1 text of our records" in confirm.main
    assert "Friday 4 June 2027" in confirm.main
    with world.database.reading() as session:
        assert STORY in str([row.content for row in session.query(Submission)])
    done = lead.send(confirm, f"{base}/breach/clear")
    assert "The texts are deleted." in done.main
    assert "Every text we held is deleted." in done.main
    with world.database.reading() as session:
        assert [row.content for row in session.query(Submission)] == [None]
        assert session.query(Reflection).count() == 0
    assert lead.get(f"{base}/breach/clear").status == 404
    assert world.status(reference) is CaseStatus.BREACH


def test_a_meeting_asks_for_more_about_a_light_case_and_the_next_one_agrees(world: World) -> None:
    world.make_light()
    reference = world.submit(narrative="")
    to = f"/cases/{reference}/agree"
    joan = world.signed_in(JOAN)
    minute = {
        "meeting": "PLR-M-2027-02",
        "held_on": "today",
        "minute": "7.2",
        "presider": str(AMARA),
        "present": "9",
        "professions": ["nursing and midwifery", "police", "education"],
        "position": "return",
    }
    assert joan.send(joan.get(to), to, **minute).errors == ["Say what the group asks for"]
    check = joan.send(joan.get(to), to, **minute, more="Which route was set aside, and why?")
    assert "The group asks for more before it says." in check.main
    done = joan.send(check, f"{to}/check")
    assert "What the group agreed is recorded." in done.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.REFLECTING
    assert joan.get(to).status == 200
    learning = {**minute, "minute": "3.1", "position": "no_view", "elsewhere": ["learning", "panel"]}
    check = joan.send(joan.get(to), to, **learning, points="Nothing to add.")
    assert "Proposed as a learning item." in check.main
    assert "Kept for the next letter to the National Panel." in check.main
    joan.send(check, f"{to}/check")
    assert world.status(reference) is CaseStatus.ISSUED
