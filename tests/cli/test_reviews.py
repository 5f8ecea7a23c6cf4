"""`plr review submit`: the samples, the same file twice, and everything that must be refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from plr.db.models import AuditEntry, Case, Notice, Output, SecurityEntry, Submission, Wake
from plr.db.session import Database
from tests.cli.conftest import SAMPLES, Plr

GOOD = sorted(path.name for path in SAMPLES.glob("*.yaml"))
REFUSED = {
    "nhs-number-in-narrative.yaml": "narrative: may hold",
    "two-routes-chosen.yaml": "is a second chosen route",
    "unknown-region.yaml": "region: is not a region of Scotland",
}
SMALL = """\
external_ref: small-1
nation: england
region: East Midlands
submitted_by: somebody@example.org
capacity: partner
stage: decided
"""
TABLES = (Case, Submission, Notice, Output, Wake, AuditEntry)


def stored(records: Database) -> list[int]:
    with records.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


@pytest.mark.parametrize("name", GOOD)
def test_every_sample_is_logged(plr: Plr, staffed: Path, name: str) -> None:
    done = plr("review", "submit", SAMPLES / name, "--json")
    assert done.json == {"reference": "PLR-R-2027-001", "status": "submitted", "created": True}
    assert done.err == ""
    (case,) = plr("case", "list", "--json").json
    assert (case["reference"], case["label"]) == ("PLR-R-2027-001", "reflection requested")


def test_the_seven_samples_are_there() -> None:
    assert len(GOOD) == 7


@pytest.mark.parametrize("name", REFUSED)
def test_every_sample_that_must_be_refused_is(plr: Plr, staffed: Path, records: Database, name: str) -> None:
    before = stored(records)
    file = SAMPLES / "refused" / name
    done = plr("review", "submit", file)
    assert (done.status, done.out) == (2, "")
    assert REFUSED[name] in done.err
    assert all(line.startswith(f"{file}:") for line in done.err.splitlines())
    assert stored(records) == before


def test_the_same_file_again_is_the_same_case(plr: Plr, staffed: Path) -> None:
    assert plr("review", "submit", "-", stdin=SMALL).err == "Logged as PLR-R-2027-001.\n"
    again = plr("review", "submit", "-", "--json", stdin=SMALL)
    assert again.json == {"reference": "PLR-R-2027-001", "status": "submitted", "created": False}
    assert len(plr("case", "list", "--json").json) == 1


def test_the_same_reference_with_other_content_is_refused(plr: Plr, staffed: Path, records: Database) -> None:
    plr("review", "submit", "-", stdin=SMALL)
    before = stored(records)
    done = plr("review", "submit", "-", stdin=SMALL.replace("partner", "reviewer"))
    assert done.status == 1
    assert "it is PLR-R-2027-001" in done.err
    assert stored(records) == before


def test_the_senders_reference_may_be_given_beside_the_file(plr: Plr, staffed: Path) -> None:
    plr("review", "submit", "-", stdin=SMALL)
    other = plr("review", "submit", "-", "--external-ref", "small-2", "--json", stdin=SMALL)
    assert other.json["reference"] == "PLR-R-2027-002"


def test_somebody_outside_gets_a_receipt(plr: Plr, staffed: Path) -> None:
    plr("review", "submit", "-", stdin=SMALL)
    letters = plr("outbox", "list", "--reference", "PLR-R-2027-001", "--json").json
    assert [(letter["notice"], letter["to"]) for letter in letters] == [("N07", "somebody@example.org")]


def levels(number: int) -> str:
    return "a: " + "[" * number + "]" * number


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "standard input: is empty."),
    "NUL bytes": (b"nation: eng\x00land", "standard input:1: holds a control character."),
    "not UTF-8": (b"nation: \xff", "standard input:1: is not UTF-8 text."),
    "a list": (b"- england", "standard input:1: is not a mapping."),
    "broken YAML": (b"nation: [england", "is not YAML or JSON."),
    "a duplicate key": (b"nation: wales\nnation: wales", "standard input:2: nation: is given twice."),
    "a tag": (b"nation: !!python/object:os.system x", "standard input:1: uses a tag (!)."),
    "an alias": (b"a: &a [x]\nb: [*a, *a]", "standard input:1: uses an anchor or alias (& or *)."),
    "5 MB of text": (b"narrative: " + b"x" * 5_000_000, "standard input: is too large."),
    "5,000 levels": (levels(5000).encode(), "is nested too deeply."),
    "a later JSON fault": (b'{"nation": "wales", "nation": "wales"}', "nation: is given twice."),
}
WRONG: dict[str, tuple[str, str]] = {
    "an unknown key": (
        "narrativ: x",
        "standard input:7: narrativ: is not a known field. Did you mean narrative?",
    ),
    "a criterion of another nation": (
        "criteria: [{code: sct-died}]",
        "criteria[0].code: is not used in England.",
    ),
    "a route of another nation": (
        "options: [{route: LEARNING_REVIEW, chosen: true}]",
        "options[0].route: is not used in England.",
    ),
    "two chosen routes": (
        "options: [{route: LCSPR, chosen: true}, {route: NO_FURTHER_ACTION, chosen: true}]",
        "is a second chosen route.",
    ),
    "a negative clock": (
        "clock: {wd_aware_to_notify: -3}",
        "clock.wd_aware_to_notify: is not a whole number",
    ),
    "an endless clock": ("clock: {wd_aware_to_notify: .inf}", "is not a number (NaN or infinity)."),
    "an identifier in a text": (
        "narrative: his number is 943 476 5919",
        "narrative: may hold an NHS number.",
    ),
    "an identifier in a reason": (
        "clock: {reason_for_delay: write to a.b@example.org}",
        "clock.reason_for_delay: may hold an e-mail address.",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_read_is_refused_and_not_stored(
    plr: Plr, staffed: Path, records: Database, what: str
) -> None:
    content, sentence = BAD[what]
    refuse(plr, records, content, sentence)


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_by_field_and_line_and_not_stored(
    plr: Plr, staffed: Path, records: Database, what: str
) -> None:
    more, sentence = WRONG[what]
    refuse(plr, records, f"{SMALL}{more}\n".encode(), sentence)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("external_ref", "../../etc/passwd", "external_ref: does not have the right form."),
        ("submitted_by", '"a@b.org\\nBcc: c@d.org"', "submitted_by: "),
        ("region", "Wales", "region: is not a region of England."),
        ("nation", "narnia", "nation: is not one of the choices."),
    ],
)
def test_a_wrong_value_of_a_needed_field_is_not_repeated(
    plr: Plr, staffed: Path, records: Database, field: str, value: str, sentence: str
) -> None:
    lines = [line for line in SMALL.splitlines() if not line.startswith(f"{field}:")]
    refuse(plr, records, "\n".join([*lines, f"{field}: {value}"]).encode(), sentence, unsaid=value)


def refuse(plr: Plr, records: Database, content: bytes, sentence: str, unsaid: str | None = None) -> None:
    before = stored(records)
    done = plr("review", "submit", "-", stdin=content)
    assert (done.status, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err
    assert unsaid is None or unsaid == "Wales" or unsaid not in done.err
    assert stored(records) == before


def test_a_refusal_is_counted_without_what_it_held(plr: Plr, staffed: Path, records: Database) -> None:
    plr("review", "submit", "-", stdin=SMALL + "narrative: his number is 943 476 5919\n")
    with records.reading() as session:
        (entry,) = session.scalars(select(SecurityEntry)).all()
        assert (entry.event, entry.detail) == (
            "submission.refused",
            {"via": "cli", "code": "invalid-input", "problems": 1},
        )


def test_a_file_that_is_not_there_is_said(plr: Plr, staffed: Path, tmp_path: Path) -> None:
    done = plr("review", "submit", tmp_path / "none.yaml")
    assert done.status == 2
    assert "none.yaml: cannot be opened." in done.err
