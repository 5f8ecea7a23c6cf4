"""One full and one light case, from the submission to the recorded reflection, over HTTP alone."""

from __future__ import annotations

from plr.domain.words import ApprovalKind, CaseStatus
from tests.factories import AMARA, FIONA, JOAN, RACHEL, TOM
from tests.web.browsing import Browser, World


def test_a_full_case_goes_from_submission_to_issue_over_the_pages(world: World) -> None:
    reference = world.in_triage()
    chair = world.browser()
    reflectors = take_on_by_link(world, chair, reference)
    reflect(world, reference, reflectors)
    joan = world.signed_in(JOAN)
    write_the_draft(world, joan, reference)
    agree_the_draft(world, joan, reference)
    approve_the_text(world, chair, reference)
    read_it(world.signed_in(RACHEL if RACHEL not in reflectors else TOM), reference)


def take_on_by_link(world: World, chair: Browser, reference: str) -> list[int]:
    link = world.link("p01@example.org")
    page = chair.get(link)
    assert page.h1 == f"Take {reference} on for reflection?"
    assert "Opening this page has changed nothing" in page.main
    reflectors = chair.fields(page, link)["reflectors"]
    assert len(reflectors) == 3
    asked = chair.send(page, link, answer="approve")
    assert asked.h1 == "Type your code to send your answer"
    assert world.answers() == 0
    world.deliver()
    done = chair.send(asked, f"{link}/code", code=world.code("p01@example.org"))
    assert done.h1 == "You took the review on"
    assert world.answers() == 1
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.REFLECTING
    assert world.link("p01@example.org", "r")
    return [int(number) for number in reflectors]


def reflect(world: World, reference: str, reflectors: list[int]) -> None:
    base = f"/cases/{reference}"
    to = f"{base}/reflect"
    for person in reflectors[:2]:
        browser = world.signed_in(person)
        assert to in browser.get("/tasks").links()
        sent = browser.send(browser.get(to), to, position="reasoning_supported", points="The gap was named.")
        assert "Your reflection is in." in sent.main
    joan = world.signed_in(JOAN)
    to = f"{base}/reflect?for={reflectors[2]}"
    assert to in joan.get(base).links()
    told = joan.send(
        joan.get(to), to, position="no_view", points="Nothing to add.", how="telephone", given_on="today"
    )
    assert "The reflection is recorded." in told.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.SYNTHESIS


def write_the_draft(world: World, joan: Browser, reference: str) -> None:
    to = f"/cases/{reference}/position"
    page = joan.get(to)
    assert "The gap was named." in page.main
    points = "Name one lead. Share one chronology."
    check = joan.send(page, to, position="supported_with_learning", points=points)
    assert check.h1 == "Put this draft to the group?"
    assert world.status(reference) is CaseStatus.SYNTHESIS
    written = joan.send(check, f"{to}/check")
    assert "The draft is put to the group." in written.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.DRAFT_POSITION


def agree_the_draft(world: World, joan: Browser, reference: str) -> None:
    to = f"/cases/{reference}/agree"
    minute = {
        "meeting": "PLR-M-2027-02",
        "held_on": "1 June 2027",
        "minute": "7.2",
        "presider": str(AMARA),
        "professions": ["nursing and midwifery", "police", "education"],
        "answer": "approve",
    }
    refused = joan.send(joan.get(to), to, **minute, present="7")
    assert refused.status == 409
    [sentence] = refused.errors
    assert sentence.startswith("This meeting was not quorate for this item: 7 of 8. It waits for the next")
    check = joan.send(refused, to, **minute, present="9")
    assert check.h1 == "Is this what the group agreed?"
    assert world.status(reference) is CaseStatus.DRAFT_POSITION
    agreed = joan.send(check, f"{to}/check")
    assert "What the group agreed is recorded." in agreed.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.GROUP_AGREED


def approve_the_text(world: World, chair: Browser, reference: str) -> None:
    to = f"/approvals/{world.approval(reference, ApprovalKind.POSITION).id}"
    page = chair.get(to)
    assert "Name one lead." in page.main
    assert chair.send(page, to, answer="approve").h1 == "You approved the text"
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.ISSUED


def read_it(reader: Browser, reference: str) -> None:
    page = reader.get(f"/cases/{reference}")
    assert "The reflection is recorded." in page.main
    [output] = [to for to in page.links() if "commissioning-reflection" in to]
    assert "Share one chronology." in reader.get(output).main
    assert reader.request("GET", f"{output}/file").response.content.startswith(b"PK")


def test_a_light_case_is_agreed_and_issued_in_one_page(world: World) -> None:
    world.make_light()
    reference = world.submit(narrative="")
    base = f"/cases/{reference}"
    assert world.status(reference) is CaseStatus.REFLECTING
    joan = world.signed_in(JOAN)
    page = joan.get(base)
    assert "27 working days" in page.main or "12 working days late" in page.main
    check = joan.send(
        joan.get(f"{base}/agree"),
        f"{base}/agree",
        meeting="PLR-M-2027-02",
        held_on="today",
        minute="7.2",
        presider=str(AMARA),
        present="9",
        professions=["nursing and midwifery", "police", "education"],
        position="reasoning_supported",
        points="The route was reasoned. The times were kept in view.",
        out=[str(FIONA)],
    )
    assert check.h1 == "Is this what the group agreed?"
    joan.send(check, f"{base}/agree/check")
    assert world.status(reference) is CaseStatus.ISSUED
    # who was out for the item is out of its pages too
    assert world.signed_in(FIONA).get(base).status == 404
    world.deliver()
    [presider_link] = {world.link("p01@example.org", "r")}
    assert world.browser().get(presider_link).h1 == f"Is this what the group agreed on {reference}?"
