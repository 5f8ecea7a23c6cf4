"""The pages of a case: each renders for each role, says only what it may know, and does what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from plr.db.models import AccessEntry, Check, Interest, Reflection, Submission, Task
from plr.domain.words import ApprovalKind, CaseStatus, Depth, TaskKind
from plr.operations import commissioning, positions, reflections, tasks
from tests.factories import AMARA, FIONA, GARETH, HELEN, JOAN, MARY, NIAMH, RACHEL, SUNITA, TOM, signed_in
from tests.web.browsing import STORY, Page, World

ROLES = {
    "Chair": AMARA,
    "Vice-Chair": GARETH,
    "Secretary": JOAN,
    "AoCPP Chair": HELEN,
    "Data-protection lead": MARY,
    "representative": SUNITA,
    "member": RACHEL,
    "submitter": NIAMH,
}
HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} ' onmouseover=x <b>bold</b> {% for x in y %}"


def inert(page: Page) -> None:
    assert not page.tree.xpath("//script | //main//b | //*[@onmouseover] | //*[@style]")
    assert "49" not in page.main.replace("1949", "")


@pytest.mark.parametrize("person_id", ROLES.values(), ids=ROLES)
def test_every_page_renders_for_every_role(world: World, person_id: int) -> None:
    reference = world.in_triage()
    other = world.position_asked()
    browser = world.signed_in(person_id)
    for path in (
        "/tasks",
        "/tasks/done",
        "/cases",
        "/cases?state=late",
        "/cases?q=england",
        f"/cases/{reference}",
    ):
        page = browser.get(path)
        assert page.status == 200, (path, page.main)
        assert not page.tree.xpath("//script")
    assert browser.get(f"/cases/{reference}?history=all").status == 200
    assert browser.get(f"/cases/{world.case('PLR-R-2027-002').reference}").status == 200
    for path in (f"/approvals/{other}", f"/cases/{reference}/breach"):
        assert browser.get(path).status in {200, 404}, path


def test_the_navigation_shows_what_is_allowed_and_there(world: World) -> None:
    def words(person_id: int) -> list[str]:
        page = world.signed_in(person_id).get("/tasks")
        return [link.text_content() for link in page.tree.xpath("//nav[@aria-label='Main']//a")]

    assert words(JOAN) == ["My tasks", "Cases"]
    assert words(AMARA) == ["My tasks", "Cases"]
    assert words(RACHEL) == ["My tasks"]


def test_a_case_says_where_it_stands_and_what_the_viewer_can_do(world: World) -> None:
    reference = world.in_triage()
    chair = world.signed_in(AMARA).get(f"/cases/{reference}")
    assert chair.caption() == "Commissioning reflection, full depth"
    assert "Waits for An answer: taking a review on" in chair.main
    assert "Of whom Amara Okafor, Chair" in chair.main
    assert "Until Tuesday 8 June 2027" in chair.main
    assert "Asked today; 5 working days." in chair.main
    assert "Silence never counts as yes." in chair.main
    assert f"/approvals/A-{reference}-TRIAGE" in chair.links()
    assert f"/cases/{reference}/decline" in chair.links()
    assert "To Amara Okafor" in chair.main
    member = world.signed_in(RACHEL).get(f"/cases/{reference}")
    assert "Nothing for you to do." in member.main
    assert f"/cases/{reference}/decline" not in member.links()
    assert "To Amara Okafor" not in member.main
    assert STORY not in member.main


def test_the_story_is_hidden_until_it_is_checked(world: World) -> None:
    reference = world.submit()
    checker = world.signed_in(MARY)
    page = checker.get(f"/cases/{reference}/check")
    assert STORY in page.main
    assert world.rows(AccessEntry) == 1
    for person_id in (AMARA, JOAN, NIAMH, RACHEL):
        browser = world.signed_in(person_id)
        assert browser.get(f"/cases/{reference}/check").status == 404
        assert STORY not in browser.get(f"/cases/{reference}").main


def test_the_check_wants_four_ticks_or_what_should_change(world: World) -> None:
    reference = world.submit()
    to = f"/cases/{reference}/check"
    checker = world.signed_in(MARY)
    page = checker.get(to)
    assert checker.send(page, to, answer="clear", looked_for=["names"]).errors == [
        "Tick each of the four when you have looked for it"
    ]
    assert checker.send(page, to, answer="return").errors == ["Say what should change"]
    assert world.rows(Check) == 0
    assert checker.send(page, to, answer="return", what="A place, line 1.").h1 == "My tasks"
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.RETURNED


def test_a_returned_text_comes_again_by_its_link_alone(world: World) -> None:
    reference = world.submit()
    to = f"/cases/{reference}/check"
    checker = world.signed_in(MARY)
    checker.send(checker.get(to), to, answer="return", what="A place, line 1.")
    world.carry_on(reference)
    link = world.link("p09@example.org", "f")
    anybody = world.browser()
    page = anybody.get(link)
    assert page.h1 == "Please write the text again"
    assert "A place, line 1." in page.main
    assert STORY not in page.main
    refused = anybody.send(page, link, narrative="The family lives at 12 High Street, SW1A 1AA.")
    assert refused.status == 422
    assert "Line 1 may hold a postcode" in refused.errors[0]
    sent = anybody.send(page, link, narrative="Two services each waited for the other.")
    assert sent.h1 == "We have your new text"
    assert anybody.get(link).status == 410
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.SCREENING
    with world.database.reading() as session:
        rows = session.query(Submission).filter_by(reference=reference, version=2).all()
        assert [row.content["narrative"] for row in rows if row.content] == [
            "Two services each waited for the other."
        ]


def test_a_double_press_on_a_link_form_finds_the_first(world: World) -> None:
    reference = world.submit()
    to = f"/cases/{reference}/check"
    checker = world.signed_in(MARY)
    checker.send(checker.get(to), to, answer="return", what="A place, line 1.")
    world.carry_on(reference)
    link = world.link("p09@example.org", "f")
    anybody = world.browser()
    form = {**anybody.fields(anybody.get(link), link), "narrative": "Two services waited."}
    first, second = anybody.post(link, form), anybody.post(link, form)
    assert first.response.headers["location"] == second.response.headers["location"]
    assert world.rows(Submission) == 2


def test_somebody_in_conflict_finds_nothing_of_the_case(world: World) -> None:
    reference = world.in_triage()
    with world.database.transaction() as session:
        session.add(Interest(person_id=RACHEL, reference=reference, declared_at=world.now))
    rachel = world.signed_in(RACHEL)
    nothing = rachel.get("/cases/PLR-R-2027-998").response.content
    summary = next(to for to in world.signed_in(TOM).get(f"/cases/{reference}").links() if "summary" in to)
    for path in (f"/cases/{reference}", f"/cases/{reference}/breach", summary, f"{summary}/file"):
        page = rachel.get(path)
        assert (page.status, page.response.content) == (404, nothing)
    assert reference not in rachel.get("/cases").main


def test_documents_open_by_class_as_text_and_as_file(world: World) -> None:
    reference = world.in_triage()
    reader = world.signed_in(RACHEL)
    [summary] = [to for to in reader.get(f"/cases/{reference}").links() if "summary" in to]
    page = reader.get(summary)
    assert page.h1 == "Summary of a review"
    assert "4 of 5 working days, in time" in page.main
    assert STORY not in page.main
    file = reader.request("GET", f"{summary}/file").response
    assert file.content.startswith(b"PK")
    assert "attachment" in file.headers["content-disposition"]
    folder = next(world.home.rglob(summary.rpartition("/")[2]))
    folder.chmod(0o600)
    folder.write_bytes(b"PK changed in the share")
    assert reader.request("GET", f"{summary}/file").status == 503
    assert world.signed_in(HELEN).get(summary).status == 200


def test_a_case_is_put_on_hold_and_goes_on(world: World) -> None:
    reference = world.in_triage()
    base = f"/cases/{reference}"
    chair = world.signed_in(AMARA)
    page = chair.get(f"{base}/hold")
    assert chair.send(page, f"{base}/hold", reason="The inquest is to come", review_on="1/6/28").errors == [
        "Write a day after today, at most 90 days from today"
    ]
    held = chair.send(page, f"{base}/hold", reason="The inquest is to come", review_on="1 July 2027")
    assert "The case is on hold." in held.main
    assert "Paused since Tuesday 1 June 2027 because The inquest is to come." in held.main
    assert world.status(reference) is CaseStatus.ON_HOLD
    assert chair.get(f"{base}/hold").status == 404
    to = f"/approvals/A-{reference}-TRIAGE"
    refused = chair.send(chair.get(f"{base}/resume"), f"{base}/resume", follow=False)
    assert refused.status == 303
    assert "The case goes on." in chair.follow(refused).main
    assert world.status(reference) is CaseStatus.TRIAGE
    assert chair.get(to).status == 200


def test_a_banner_is_shown_to_whoever_did_it_only(world: World) -> None:
    reference = world.in_triage()
    base = f"/cases/{reference}"
    chair = world.signed_in(AMARA)
    answer = chair.send(
        chair.get(f"{base}/hold"), f"{base}/hold", follow=False, reason="To wait", review_on="1 July 2027"
    )
    there = answer.response.headers["location"]
    assert "The case is on hold." in chair.get(there).main
    assert "The case is on hold." not in world.signed_in(GARETH).get(there).main
    assert "The case is on hold." not in chair.get(f"{base}?done=invented-form-id").main


@pytest.mark.parametrize(
    ("act", "person_id", "ends_as"),
    [
        ("withdraw", NIAMH, CaseStatus.WITHDRAWN),
        ("withdraw", AMARA, CaseStatus.WITHDRAWN),
        ("decline", AMARA, CaseStatus.DECLINED),
    ],
)
def test_a_case_ends_by_those_who_may(world: World, act: str, person_id: int, ends_as: CaseStatus) -> None:
    reference = world.in_triage()
    to = f"/cases/{reference}/{act}"
    stranger = world.signed_in(RACHEL)
    assert stranger.get(to).status == 404
    browser = world.signed_in(person_id)
    page = browser.get(to)
    assert browser.send(page, to).status == 422
    assert browser.send(page, to, reason="It came twice.").h1 == reference
    assert world.status(reference) is ends_as
    assert "Why it ended It came twice." in browser.get(f"/cases/{reference}").main
    assert browser.get(to).status == 404


def test_the_chair_alone_looks_deeper_at_a_light_case(world: World) -> None:
    world.make_light()
    reference = world.submit(narrative="")
    to = f"/cases/{reference}/deepen"
    assert world.signed_in(JOAN).get(to).status == 404
    chair = world.signed_in(AMARA)
    chair.send(chair.get(to), to, reason="A new kind of case.")
    assert world.case(reference).depth is Depth.FULL
    world.carry_on(reference)
    assert world.status(reference) is CaseStatus.TRIAGE


def test_a_breach_hides_the_case_from_all_but_two(world: World) -> None:
    reference = world.in_triage()
    to = f"/cases/{reference}/breach"
    reader = world.signed_in(RACHEL)
    page = reader.get(to)
    assert reader.send(page, to).errors == ["Say what kind of thing it is, and where"]
    done = reader.send(page, to, kind="A name, in the story")
    assert done.h1 == "It is hidden"
    assert reader.get(f"/cases/{reference}").status == 404
    for person_id in (JOAN, NIAMH, TOM):
        assert world.signed_in(person_id).get(f"/cases/{reference}").status == 404
    for person_id in (AMARA, MARY):
        page = world.signed_in(person_id).get(f"/cases/{reference}")
        assert page.h1 == "The text is hidden. What now?"
        assert "Friday 4 June 2027" in page.main
        assert "A name, in the story" in page.main


def test_a_checker_who_sees_a_breach_is_asked_once_more(world: World) -> None:
    reference = world.submit()
    to = f"/cases/{reference}/check"
    checker = world.signed_in(MARY)
    asked = checker.send(checker.get(to), to, answer="breach")
    assert asked.h1 == "Is this a data breach?"
    assert world.status(reference) is CaseStatus.SCREENING
    shown = checker.send(asked, f"/cases/{reference}/breach", kind="A name, line 1")
    assert shown.h1 == "The text is hidden. What now?"
    with world.database.reading() as session:
        assert [row.outcome for row in session.query(Check)] == ["breach"]


def test_the_chair_asks_somebody_else_to_reflect(world: World) -> None:
    reference = world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/A-{reference}-TRIAGE"
    chair.send(chair.get(to), to, answer="approve")
    world.carry_on(reference)
    assert chair.get(f"/cases/{reference}/reassign").status == 404
    world.pass_time(days=30)
    world.carry_on(reference)
    chair.come_in(AMARA)
    to = f"/cases/{reference}/reassign"
    assert to in chair.get("/tasks").links()
    page = chair.get(to)
    assert chair.send(page, to).errors == [
        "Choose who should no longer be asked",
        "Choose who should be asked instead",
    ]
    ask = page.tree.xpath("//input[@name='ask']/@value")[0]
    done = chair.send(page, to, instead_of="all", ask=ask)
    assert "Somebody else is asked." in done.main
    with world.database.reading() as session:
        assert [row.wave for row in session.query(Reflection).filter_by(state="asked")] == [2]


def test_a_reflector_steps_aside(world: World) -> None:
    reference, person_id = reflecting(world)
    browser = world.signed_in(person_id)
    to = f"/cases/{reference}/reflect"
    page = browser.get(to)
    assert STORY in page.main
    assert browser.send(page, to, position="no_view").errors == ["Write your points, in a few sentences"]
    assert browser.send(page, to, position="conflict").h1 == "My tasks"
    with world.database.reading() as session:
        [row] = session.query(Reflection).filter_by(person_id=person_id)
        assert row.state == "conflict"


def reflecting(world: World) -> tuple[str, int]:
    reference = world.in_triage()
    chair = world.signed_in(AMARA)
    to = f"/approvals/A-{reference}-TRIAGE"
    page = chair.get(to)
    chair.send(page, to, answer="approve")
    world.carry_on(reference)
    return reference, int(chair.fields(page, to)["reflectors"][0])


def test_single_reflections_are_for_the_writer_chair_and_secretary(world: World) -> None:
    reference, person_id = reflecting(world)
    content = {"value": "no_view", "points": ["Only for a few eyes."]}
    world.database.run(
        lambda session: reflections.record(
            session, reference, person_id=person_id, content=content, by=signed_in(person_id), now=world.now
        )
    )
    to = f"/cases/{reference}/reflections"
    before = world.rows(AccessEntry)
    for reader in (AMARA, JOAN, GARETH):
        assert "Only for a few eyes." in world.signed_in(reader).get(to).main
    assert world.rows(AccessEntry) == before + 3
    for stranger in (NIAMH, RACHEL, HELEN):
        assert world.signed_in(stranger).get(to).status == 404


def test_a_second_round_shows_what_changed(world: World) -> None:
    approval_id = world.position_asked()
    reference = "PLR-R-2027-001"
    chair = world.signed_in(AMARA)
    to = f"/approvals/{approval_id}"
    chair.send(chair.get(to), to, answer="return", reason="Say who should lead.")

    def change(session: Session) -> None:
        tasks.ask(session, TaskKind.REVISE_POSITION, reference, person_id=JOAN, now=world.now)

    world.database.run(change)
    joan = world.signed_in(JOAN)
    page = joan.get(f"/cases/{reference}/position")
    assert page.h1 == "Change the draft position"
    assert "Say who should lead." in page.main
    check = joan.send(
        page, f"/cases/{reference}/position", points="The gap was named.\nOne lead is named early."
    )
    joan.send(check, f"/cases/{reference}/position/check")
    with world.database.transaction() as session:
        commissioning.ask_position(session, reference, now=world.now + timedelta(minutes=1))
    again = world.approval(reference, ApprovalKind.POSITION)
    page = chair.get(f"/approvals/{again.id}")
    assert "What changed since you last looked" in page.main
    assert page.tree.xpath("//ins")
    assert page.tree.xpath("//del")
    assert "You asked for “Say who should lead.”" in page.main
    with world.database.reading() as session:
        assert positions.latest(session, reference).version == 2  # type: ignore[union-attr]  # it is there


def test_what_came_of_it_is_told_by_the_submitter(world: World) -> None:
    world.make_light()
    reference = world.submit(narrative="")
    agree(world, reference)
    world.pass_time(days=93)
    world.carry_on(reference)
    niamh = world.signed_in(NIAMH)
    to = f"/cases/{reference}/impact"
    assert to in niamh.get("/tasks").links()
    page = niamh.get(to)
    assert "The route was reasoned." in page.main
    assert niamh.send(page, to, changed="yes").errors == ["Say what changed, in a few sentences"]
    sent = niamh.send(page, to, changed="yes", what="One lead is named at once.", evidence="An audit")
    assert sent.h1 == "We have your note"
    world.deliver()
    assert any("impact-note" in link for link in niamh.get(f"/cases/{reference}").links())


def agree(world: World, reference: str, points: str = "The route was reasoned.", **more: object) -> Page:
    joan = world.signed_in(JOAN)
    to = f"/cases/{reference}/agree"
    check = joan.send(
        joan.get(to),
        to,
        meeting="PLR-M-2027-02",
        held_on="today",
        minute="7.2",
        presider=str(AMARA),
        present="9",
        professions=["nursing and midwifery", "police", "education"],
        position="reasoning_supported",
        points=points,
        **more,
    )
    done = joan.send(check, f"{to}/check")
    world.carry_on(reference)
    return done


def test_hostile_words_stay_words_on_every_page(world: World) -> None:
    triage = world.in_triage(external_ref="em-2027-09", narrative=HOSTILE)
    world.make_light()
    reference = world.submit(narrative="")
    agree(world, reference, points=HOSTILE, dissent=HOSTILE)
    reader = world.signed_in(RACHEL)
    page = reader.get(f"/cases/{reference}")
    inert(page)
    [output] = [to for to in page.links() if "commissioning-reflection" in to]
    shown = reader.get(output)
    inert(shown)
    assert "<script>alert(1)</script>" in shown.main
    chair = world.signed_in(AMARA)
    inert(chair.get("/cases?q=%3Cscript%3Ealert(1)%3C/script%3E"))
    to = f"/approvals/A-{triage}-TRIAGE"
    asked = chair.get(to)
    inert(asked)
    refused = chair.send(asked, to, answer="approve", reason=HOSTILE, reflectors=[])
    assert "Choose at least 3 people." in refused.errors
    inert(refused)
    chair.send(asked, to, answer="return", reason=HOSTILE)
    inert(chair.get(f"/cases/{triage}?history=all"))
    inert(chair.get(f"{to}/done"))


def test_the_list_finds_by_reference_region_and_theme(world: World) -> None:
    reference = world.in_triage()
    reader = world.signed_in(JOAN)
    for words in (reference, "midlands", "Information sharing", "england"):
        assert reference in reader.get(f"/cases?q={words.replace(' ', '+')}").main, words
    nothing = reader.get("/cases?q=nowhere")
    assert "Nothing found for “nowhere”." in nothing.main
    assert "1 case is open. None is late." in reader.get("/cases").main
    world.pass_time(days=20)
    reader.come_in(JOAN)
    assert "1 case is open. 1 is late." in reader.get("/cases?state=late").main


def test_tasks_are_grouped_the_late_first_and_empty_is_good_news(world: World) -> None:
    reference = world.in_triage()
    chair = world.signed_in(AMARA)
    page = chair.get("/tasks")
    assert "1 thing needs you." in page.main
    assert page.tree.xpath("//h2[@id='group-1']/text()") == ["Later"]
    joan = world.signed_in(JOAN).get("/tasks")
    assert "Waiting for others" in joan.main
    assert f"Take {reference} on for reflection?" in joan.main
    empty = world.signed_in(RACHEL).get("/tasks")
    assert "Nothing needs you today." in empty.main
    assert "What comes next" in empty.main
    world.pass_time(days=20)
    chair.come_in(AMARA)
    assert "Start with the late one." in chair.get("/tasks").main
    with world.database.reading() as session:
        assert session.query(Task).count() >= 1


def test_what_i_have_done_is_listed(world: World) -> None:
    world.in_triage()
    checker = world.signed_in(MARY)
    assert "You checked a text for identifiers." in checker.get("/tasks/done").main


def test_members_out_for_the_item_are_out_of_the_case(world: World) -> None:
    world.make_light()
    reference = world.submit(narrative="")
    agree(world, reference, out=[str(FIONA)])
    assert world.signed_in(FIONA).get(f"/cases/{reference}").status == 404
