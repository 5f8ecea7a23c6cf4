"""`plr case` and `plr approvals`: where cases stand, and what a secretary records for others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plr.db.session import Database
from plr.domain.actors import ENGINE
from plr.operations import agreements, commissioning, flags
from plr.operations import cases as case_operations
from tests.cli.conftest import NOW, SAMPLES, Plr

REFERENCE = "PLR-R-2027-001"
AGREED = """\
meeting: PLR-M-2027-01
date: 2027-01-04
minute: "7.2"
presider: P01
present: 9
professions: [medicine, police, social work]
out: [P16]
position: reasoning_supported
points: ["Ask early who holds which part of the picture."]
themes: [early-help]
"""
NOTE = ("--on-behalf-note", "draft minutes, 4 January")


@pytest.fixture
def logged(plr: Plr, staffed: Path) -> str:
    return str(plr("review", "submit", SAMPLES / "england-lcspr.yaml", "--json").json["reference"])


@pytest.fixture
def on_agenda(logged: str, records: Database) -> str:
    with records.transaction() as session:
        agreements.put_on_agenda(session, logged, now=NOW)
    return logged


@pytest.fixture
def in_triage(on_agenda: str, records: Database, plr: Plr) -> str:
    assert plr("case", "deepen", on_agenda, "--on-behalf-note", "by telephone, today 9am").status == 0
    with records.transaction() as session:
        commissioning.ask_triage(session, on_agenda, now=NOW)
    return f"A-{on_agenda}-TRIAGE"


def test_a_case_is_listed_by_state_process_and_who_is_waited_for(plr: Plr, on_agenda: str) -> None:
    (row,) = plr("case", "list", "--json").json
    assert row == {
        "reference": REFERENCE,
        "process": "commissioning-reflection",
        "status": "reflecting",
        "label": "reflection requested",
        "flags": [],
        "waiting_for": None,
        "due_on": None,
    }
    assert len(plr("case", "list", "--status", "reflecting", "--json").json) == 1
    assert plr("case", "list", "--status", "issued", "--json").json == []
    assert plr("case", "list", "--process", "other", "--json").json == []
    assert len(plr("case", "list", "--waiting-on", "P03@example.org", "--json").json) == 1
    assert plr("case", "list", "--waiting-on", "p07@example.org", "--json").json == []
    assert REFERENCE in plr("case", "list").out


def test_a_case_is_at_risk_two_working_days_before_and_late_one_after(
    in_triage: str, records: Database
) -> None:
    # Asked on Monday 4 January 2027 with 5 working days: due on Monday 11 January.
    expected = {
        datetime(2027, 1, 7, 8, 29, tzinfo=UTC): [],
        datetime(2027, 1, 7, 8, 30, tzinfo=UTC): ["at risk"],
        datetime(2027, 1, 12, 8, 29, tzinfo=UTC): ["at risk"],
        datetime(2027, 1, 12, 8, 30, tzinfo=UTC): ["late"],
    }
    with records.reading() as session:
        case = case_operations.get(session, REFERENCE)
        found = {at: flags.of_cases(session, [case], now=at)[REFERENCE] for at in expected}
    assert found == expected


def test_a_case_on_hold_is_never_late_and_one_that_needs_attention_says_so(
    in_triage: str, records: Database
) -> None:
    with records.transaction() as session:
        case = case_operations.get(session, REFERENCE)
        case_operations.hold(
            session, REFERENCE, until_on=NOW.date().replace(month=2), reason="x", by=ENGINE, now=NOW
        )
        case.attention = "step-failed"
    with records.reading() as session:
        case = case_operations.get(session, REFERENCE)
        late = datetime(2027, 1, 20, 12, tzinfo=UTC)
        assert flags.of_cases(session, [case], now=late)[REFERENCE] == ["needs attention"]


def test_all_that_happened_to_a_case_is_shown(plr: Plr, in_triage: str) -> None:
    found = plr("case", "show", REFERENCE, "--json").json
    assert list(found) == [
        "reference",
        "process",
        "process_version",
        "status",
        "label",
        "flags",
        "depth",
        "waiting_for",
        "timeline",
        "approvals",
        "notices",
        "outputs",
    ]
    assert (found["status"], found["depth"], found["process_version"]) == ("triage", "full", 1)
    logged = next(entry for entry in found["timeline"] if entry["event"] == "case.logged")
    assert logged == {
        "at": logged["at"],
        "actor": "P03",
        "on_behalf_of": None,
        "event": "case.logged",
        "detail": "case:PLR-R-2027-001: depth=light, nation=england, stage=decided",
    }
    assert logged["at"].startswith("2027-01-04T10:00:")
    deepened = next(entry for entry in found["timeline"] if "depth=full" in entry["detail"])
    assert (deepened["actor"], deepened["on_behalf_of"]) == ("P03", "P01")
    assert [(row["id"], row["status"], row["voters"]) for row in found["approvals"]] == [
        (f"A-{REFERENCE}-GROUP", "void", []),
        (in_triage, "open", ["P01"]),
    ]
    assert [(row["notice"], row["to"], row["subject"]) for row in found["notices"]] == [
        ("N24", "p01@example.org", "Please approve: review PLR-R-2027-001, by 11 January")
    ]
    assert [row["kind"] for row in found["outputs"]] == ["summary"]
    shown = plr("case", "show", REFERENCE).out
    for words in ("History", "Questions", "Letters", "Documents", in_triage):
        assert words in shown


def test_no_text_of_a_case_is_shown(plr: Plr, in_triage: str) -> None:
    assert "health visiting" not in plr("case", "show", REFERENCE, "--json").out
    assert "health visiting" not in plr("case", "show", REFERENCE).out


def test_an_unknown_case_is_said(plr: Plr, staffed: Path) -> None:
    done = plr("case", "show", "PLR-R-2027-999")
    assert (done.status, done.err) == (2, "There is no such case.\n")


def test_what_a_meeting_agreed_is_recorded_and_issued(plr: Plr, on_agenda: str) -> None:
    done = plr("case", "agree", REFERENCE, "-", *NOTE, "--json", stdin=AGREED)
    assert done.json == {"reference": REFERENCE, "status": "issued"}
    kinds = {row["kind"] for row in plr("outputs", "list", "--reference", REFERENCE, "--json").json}
    assert kinds == {"summary", "commissioning-reflection"}
    again = plr("case", "agree", REFERENCE, "-", *NOTE, stdin=AGREED)
    assert again.status == 1


@pytest.mark.parametrize(
    ("old", "new", "status", "sentence"),
    [
        ("present: 9", "present: 7", 1, "not quorate"),
        ("[medicine, police, social work]", "[medicine]", 1, "professions were present"),
        ("presider: P01", "presider: P77", 2, "standard input:4: presider: is nobody we know."),
        ('minute: "7.2"', "minute: 7.2", 2, "standard input:3: minute: is not text."),
        ("2027-01-04", "soon", 2, "standard input:2: date: is not a day."),
        ("2027-01-04", "2027-01-05", 2, "standard input:2: date: is in the future."),
        ("reasoning_supported", "fine", 2, "standard input:8: position: is not one of the choices."),
        (
            "position:",
            "positon:",
            2,
            "standard input:8: positon: is not a known field. Did you mean position?",
        ),
        ("early-help", "early-hlp", 2, "standard input:10: themes[0]: is not one of the choices."),
        ("present: 9\n", "", 2, "present: is missing."),
        ("Ask early", "Ring 07700 900123", 2, "standard input:9: points[0]: may hold a telephone number."),
        ("[medicine, police, social work]", "[medicine, police, magic]", 2, "standard input:6: professions"),
    ],
)
def test_a_record_that_cannot_stand_is_refused_and_the_question_stays_open(
    plr: Plr, on_agenda: str, old: str, new: str, status: int, sentence: str
) -> None:
    done = plr("case", "agree", REFERENCE, "-", *NOTE, stdin=AGREED.replace(old, new))
    assert (done.status, done.out) == (status, "")
    assert sentence in done.err
    (row,) = plr("approvals", "list", "--open", "--json").json
    assert row["id"] == f"A-{REFERENCE}-GROUP"


def test_an_agreement_needs_a_note_of_how_and_when(plr: Plr, on_agenda: str, tmp_path: Path) -> None:
    file = tmp_path / "agreed.yaml"
    file.write_text(AGREED, encoding="utf-8")
    done = plr("case", "agree", REFERENCE, file)
    assert done.status == 2
    assert done.err.startswith("--on-behalf-note: is missing. Say how and when you were told")
    told = plr("case", "agree", REFERENCE, file, "--on-behalf-note", "-", stdin="draft minutes, 4 January\n")
    assert told.status == 0


def test_a_case_is_deepened_once(plr: Plr, on_agenda: str) -> None:
    words = ["case", "deepen", REFERENCE, "--on-behalf-note", "by telephone, today 9am"]
    assert plr(*words, "--json").json == {"reference": REFERENCE, "depth": "full"}
    assert plr(*words).status == 1
    assert plr("case", "deepen", REFERENCE).status == 2


def test_questions_are_listed_by_person(plr: Plr, in_triage: str) -> None:
    (row,) = plr("approvals", "list", "--open", "--json").json
    assert row == {
        "id": in_triage,
        "reference": REFERENCE,
        "kind": "triage",
        "question": f"Take {REFERENCE} on for reflection?",
        "status": "open",
        "due_on": "2027-01-11",
        "voters": ["P01"],
        "decisions": [],
    }
    assert len(plr("approvals", "list", "--person", "p01@example.org", "--json").json) == 1
    assert plr("approvals", "list", "--person", "p02@example.org", "--json").json == []
    assert in_triage in plr("approvals", "list").out


def test_an_answer_given_to_the_secretary_counts_at_once_and_brings_a_receipt(
    plr: Plr, in_triage: str
) -> None:
    words = ["approvals", "decide", in_triage, "--person", "p01@example.org", "--answer", "approve"]
    done = plr(*words, "--on-behalf-note", "by telephone, today 9am", "--json")
    assert done.json == {"id": in_triage, "status": "approved"}
    (row,) = plr("approvals", "list", "--person", "p01@example.org", "--json").json
    (decision,) = row["decisions"]
    assert (decision["person"], decision["answer"], decision["recorded_by"]) == ("P01", "approve", "P03")
    letters = plr("outbox", "list", "--reference", REFERENCE, "--json").json
    assert ("N07", "p01@example.org") in [(letter["notice"], letter["to"]) for letter in letters]
    assert plr(*words, "--on-behalf-note", "by telephone, today 9am").status == 0
    other = [*words[:-1], "reject", "--reason", "No."]
    assert plr(*other, "--on-behalf-note", "by telephone, today 9am").status == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--answer", "approve"], "--on-behalf-note: is missing."),
        (["--answer", "approve", "--on-behalf-note", "by telephone"], "does not say both how and when."),
        (
            ["--answer", "approve", "--on-behalf-note", "ring 07700 900123, today"],
            "may hold a telephone number.",
        ),
        (["--answer", "return", "--on-behalf-note", "by telephone, today"], "reason: is missing."),
        (
            [
                "--answer",
                "return",
                "--reason",
                "His number is 943 476 5919",
                "--on-behalf-note",
                "by telephone, today",
            ],
            "--reason: may hold an NHS number.",
        ),
        (
            ["--answer", "yes", "--on-behalf-note", "by telephone, today"],
            "--answer is not one of the choices.",
        ),
        (["--answer", "return", "--reason", "-", "--on-behalf-note", "-"], "Only one text can come from"),
    ],
)
def test_an_answer_that_lacks_something_is_not_recorded(
    plr: Plr, in_triage: str, more: list[str], sentence: str
) -> None:
    done = plr("approvals", "decide", in_triage, "--person", "p01@example.org", *more)
    assert (done.status, done.out) == (2, "")
    assert sentence in done.err
    assert plr("approvals", "list", "--open", "--json").json[0]["decisions"] == []


def test_a_reason_may_come_from_standard_input(plr: Plr, in_triage: str) -> None:
    done = plr(
        "approvals",
        "decide",
        in_triage,
        *("--person", "p01@example.org", "--answer", "return", "--reason", "-"),
        *("--on-behalf-note", "by telephone, today 9am", "--json"),
        stdin="Say more about the second option.\n",
    )
    assert done.json == {"id": in_triage, "status": "returned"}


def test_somebody_who_is_not_asked_cannot_answer(plr: Plr, in_triage: str) -> None:
    done = plr(
        "approvals",
        "decide",
        in_triage,
        *("--person", "p07@example.org", "--answer", "approve"),
        *("--on-behalf-note", "by telephone, today 9am"),
    )
    assert done.status == 1
    unknown = plr(
        "approvals",
        "decide",
        "A-NONE",
        *("--person", "p01@example.org", "--answer", "approve"),
        *("--on-behalf-note", "by telephone, today 9am"),
    )
    assert unknown.status == 2
