"""One full and one light case, from the submission to the recorded reflection, over HTTP alone."""

from __future__ import annotations

from plr.domain.words import ApprovalKind, CaseStatus
from tests.factories import AMARA, FIONA, JOAN, RACHEL, TOM
from tests.web.browsing import World


def test_a_full_case_goes_from_submission_to_issue_over_the_pages(world: World) -> None:
    reference = world.in_triage()
    base = f"/cases/{reference}"

    # the Chair takes it on by the mailed link, in a browser we do not know
    chair = world.browser()
    link = world.link("p01@example.org")
    page = chair.get(link)
    assert page.h1 == f"Take {reference} on for reflection?"
    assert "Opening this page has changed nothing" in page.main
    fields = chair.fields(page, link)
    assert len(fields["reflectors"]) == 3
    asked = chair.send(page, link, answer="approve")
    assert asked.h1 == "Type your code to send your answer"
    assert world.answers() == 0
    world.deliver()
    done = chair.send(asked, f"{link}/code", code=world.code("p01@example.org"))
    assert done.h1 == "You took the review on"
    assert world.answers() == 1
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.REFLECTING
    [receipt] = [
        letter
        for letter in world.letters("p01@example.org")
        if "/r/" in letter.get_body(("plain",)).get_content()
    ]
    assert receipt["Subject"]

    # three people reflect; one of them by telephone
    reflectors = [int(number) for number in fields["reflectors"]]
    for person in reflectors[:2]:
        browser = world.signed_in(person)
        assert f"{base}/reflect" in browser.get("/tasks").links()
        page = browser.get(f"{base}/reflect")
        sent = browser.send(
            page, f"{base}/reflect", position="reasoning_supported", points="The gap was named."
        )
        assert sent.h1 == "My tasks"
        assert "Your reflection is in." in sent.main
    joan = world.signed_in(JOAN)
    last = reflectors[2]
    to = f"{base}/reflect?for={last}"
    assert to in joan.get(base).links()
    page = joan.get(to)
    told = joan.send(
        page, to, position="no_view", points="Nothing to add.", how="telephone", given_on="today"
    )
    assert "The reflection is recorded." in told.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.SYNTHESIS

    # the secretary writes the draft from the reflections
    page = joan.get(f"{base}/position")
    assert "The gap was named." in page.main
    check = joan.send(
        page,
        f"{base}/position",
        position="supported_with_learning",
        points="Name one lead. Share one chronology.",
    )
    assert check.h1 == "Put this draft to the group?"
    assert world.status(reference) is CaseStatus.SYNTHESIS
    written = joan.send(check, f"{base}/position/check")
    assert "The draft is put to the group." in written.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.DRAFT_POSITION

    # a meeting that was not quorate is refused with its sentence, then the right one is recorded
    page = joan.get(f"{base}/agree")
    minute = {
        "meeting": "PLR-M-2027-02",
        "held_on": "1 June 2027",
        "minute": "7.2",
        "presider": str(AMARA),
        "present": "7",
        "professions": ["nursing and midwifery", "police", "education"],
        "answer": "approve",
    }
    refused = joan.send(page, f"{base}/agree", **minute)
    assert refused.status == 409
    assert refused.errors == [
        "This meeting was not quorate for this item: 7 of 8. It waits for the next quorate meeting; "
        "nothing was recorded."
    ]
    check = joan.send(refused, f"{base}/agree", **{**minute, "present": "9"})
    assert check.h1 == "Is this what the group agreed?"
    assert world.status(reference) is CaseStatus.DRAFT_POSITION
    agreed = joan.send(check, f"{base}/agree/check")
    assert "What the group agreed is recorded." in agreed.main
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.GROUP_AGREED

    # the text is restricted: read and approved by the Chair, signed in
    approval = world.approval(reference, ApprovalKind.POSITION)
    page = chair.get(f"/approvals/{approval.id}")
    assert "Name one lead." in page.main
    done = chair.send(page, f"/approvals/{approval.id}", answer="approve")
    assert done.h1 == "You approved the text"
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.ISSUED

    # everybody of the group can read it, as text and as a file
    reader = world.signed_in(RACHEL if RACHEL not in reflectors else TOM)
    page = reader.get(base)
    [output] = [to for to in page.links() if "commissioning-reflection" in to]
    assert "Share one chronology." in reader.get(output).main
    file = reader.request("GET", f"{output}/file")
    assert file.response.content.startswith(b"PK")
    assert "The reflection is recorded." in page.main


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
