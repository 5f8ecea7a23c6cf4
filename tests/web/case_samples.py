"""Page 4, a case and all that is done to it: what is shown."""

from __future__ import annotations

from datetime import date

from plr.web import case_views as cv
from plr.web.parts import Fact, Link
from tests.web.sample_words import (
    at,
)

FULL_CASE = cv.CaseView(
    reference="PLR-R-2027-009",
    caption="Commissioning reflection, full depth",
    place="England, North East",
    review_type="Local child safeguarding practice review",
    logged_by="Grace Adeyemi",
    logged_on=date(2027, 6, 1),
    stands=cv.Stands(
        "Reflection requested",
        (
            Fact("Waits for", "1 of 3 reflections"),
            Fact("Of whom", "Marcus Bell, law, Yorkshire and the Humber"),
            Fact("Until", on=date(2027, 6, 21)),
            Fact("If nothing comes", "On Tuesday 22 June it goes on with the two reflections it has."),
        ),
        clock="Working day 7 of 10. No holidays in between.",
        flags=("At risk",),
    ),
    todo=Link("Record the reflection of Marcus Bell", "/cases/PLR-R-2027-009/reflect"),
    steps=(
        cv.CaseStep("done", "Logged", "Grace Adeyemi, representative for the North East.", at(6, 1, 10)),
        cv.CaseStep("done", "Checked for identifiers", "Mary Quinn, data-protection lead.", at(6, 2, 10)),
        cv.CaseStep(
            "done",
            "Taken on by the Chair, at full depth",
            "Amara Okafor: “New kind of case for us; three professions, please.” Working day 1 of 5.",
            at(6, 3, 11, 20),
        ),
        cv.CaseStep(
            "now",
            "Reflections",
            "Asked in the weekly letter of Monday 7 June. Needed: 3 people, 3 professions, 1 other region.",
            entries=(
                cv.StepEntry("Tom Ellery, police, South West: in on Saturday 12 June"),
                cv.StepEntry("Claire Hobbs, public health nursing, East of England: in on Tuesday 15 June"),
                cv.StepEntry("Marcus Bell, law: not in yet", waits=True),
            ),
        ),
        cv.CaseStep("next", "Draft position", "Joan Whitfield writes it, 5 working days"),
        cv.CaseStep("next", "Agreed by the group", "At a quorate meeting: next is Thursday 9 September 2027"),
        cv.CaseStep("next", "Text approved by the Chair, then recorded", "5 working days"),
        cv.CaseStep("next", "Asked what came of it", "3 and 12 months later"),
    ),
    documents=(
        cv.DocumentRow(
            Link("Summary, version 1", "/outputs/s"),
            "Coded answers only. Word, 19 KB.",
            "Group",
            date(2027, 6, 1),
        ),
        cv.DocumentRow(
            Link("Two reflections", "/r"), "Opening them is noted. Not shown to the submitter.", "Restricted"
        ),
    ),
    letters=(
        cv.LetterRow("Sent", "To Marcus Bell: This week: 2 things need you.", "N59", at(6, 7, 7, 30)),
        cv.LetterRow(
            "Sent", "To Amara Okafor: Please approve: PLR-R-2027-009, by 9 June.", "N24", at(6, 2, 14, 10)
        ),
    ),
    history=(
        cv.HistoryRow(at(6, 15, 20, 40), "Reflection received. Claire Hobbs."),
        cv.HistoryRow(
            at(6, 12, 15, 5),
            "Reflection received. Recorded by Joan Whitfield for Tom Ellery: by telephone, Saturday 12 June.",
        ),
        cv.HistoryRow(at(6, 7, 7, 30), "Three people asked. Due Monday 21 June."),
    ),
    whole_history=Link("All 11 entries", "/cases/PLR-R-2027-009?history=all"),
    others=(
        Link("Ask somebody else to reflect", "/cases/PLR-R-2027-009/reassign"),
        Link("Put on hold, with a reason and a date", "/cases/PLR-R-2027-009/hold"),
        Link("Withdraw", "/cases/PLR-R-2027-009/withdraw"),
        Link("I can see something that identifies a person", "/cases/PLR-R-2027-009/breach"),
    ),
)
LIGHT_CASE = cv.CaseView(
    reference="PLR-R-2027-004",
    caption="Commissioning reflection, light depth",
    place="England, East Midlands",
    review_type="Local child safeguarding practice review",
    logged_by="Sunita Rao",
    logged_on=date(2027, 4, 12),
    warning="Not advice to the statutory decision maker.",
    stands=cv.Stands(
        "Reflection requested",
        (
            Fact("Waits for", "The group, at a quorate meeting"),
            Fact(
                "When", "item 2 of 5", at=at(5, 13, 9), link=Link("PLR-M-2027-02", "/meetings/PLR-M-2027-02")
            ),
            Fact("If not quorate", "It waits for the next meeting: Thursday 10 June."),
        ),
        clock="Nothing is late. A reflection has no date of its own; it follows the meeting.",
    ),
    nothing_to_do="Nothing for you to do before the meeting.",
    steps=(
        cv.CaseStep("done", "Logged", "Sunita Rao, representative for the East Midlands.", at(4, 12, 10)),
        cv.CaseStep("now", "Agreed by the group", "On the agenda of Thursday 13 May."),
        cv.CaseStep("next", "Reflection recorded", "The same day, as one page for the group"),
        cv.CaseStep(
            "next", "Asked what came of it", "About August 2027 and May 2028, with the call for items"
        ),
    ),
    decided=(
        Fact("Decision", "A local review, by the safeguarding partners, all three agreed"),
        Fact("Criteria", "2 met, 1 perhaps, 1 not considered"),
        Fact(
            "Time taken",
            "4 working days to notify, 27 to the rapid review",
            note="For context. We do not chase statutory times.",
        ),
        Fact("Themes", "Professional curiosity, information sharing, early help"),
    ),
    documents=(
        cv.DocumentRow(Link("Summary, version 1", "/outputs/s"), "Word, 18 KB.", "Group", date(2027, 4, 12)),
    ),
    others_heading="The Chair may also",
    others=(
        Link("Look deeper: ask three people to reflect first", "/cases/PLR-R-2027-004/deepen"),
        Link("Decline, with a reason", "/cases/PLR-R-2027-004/decline"),
        Link("Put on hold until a date", "/cases/PLR-R-2027-004/hold"),
    ),
)
CASES = cv.CasesView(
    summary="6 cases are open. None is late.",
    filters=(
        cv.Filter("Open", 6, "/cases", current=True),
        cv.Filter("Late", 0, "/cases?state=late"),
        cv.Filter("Recorded", 3, "/cases?state=recorded"),
        cv.Filter("Closed", 2, "/cases?state=closed"),
    ),
    rows=tuple(
        cv.CaseRow(
            f"PLR-R-2027-00{n}", f"/cases/PLR-R-2027-00{n}", about, "the group", label, "Meeting of 13 May"
        )
        for n, about, label in (
            (8, "Reflection. England, London. LCSPR", "Reflection requested"),
            (7, "Reflection. England, North West. LCSPR", "Returned"),
            (6, "Reflection. Wales. Single unified safeguarding review", "Reflection requested"),
        )
    ),
    result="3 cases found.",
    words="England",
    new_review_to="/reviews/new/1",
    later=Link("Next 50", "/cases?page=2"),
)
