"""Names, folders, classes and manifests of outputs."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plr.domain.outputs import (
    Classification,
    Manifest,
    OutputKind,
    Root,
    checked_folder,
    checked_name,
    file_name,
    folder,
    root_of,
)

DAY = date(2027, 6, 1)
FORBIDDEN = '"*:<>?/\\|#% \t\n\x00'


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "name": "2027-06-01_PLR-R-2027-009_summary_v1.docx",
        "folder": "2027/reviews/PLR-R-2027-009/",
        "reference": "PLR-R-2027-009",
        "kind": "summary",
        "version": 1,
        "draft": False,
        "sha256": "0" * 64,
        "size": 3,
        "classification": Classification.GROUP,
        "approvals": ("A-PLR-R-2027-009-GROUP",),
        "sources": ("submission PLR-R-2027-009",),
        "written_at": datetime(2027, 6, 1, 8, 30, tzinfo=UTC),
    }
    return Manifest(**(values | changes))  # type: ignore[arg-type] # values by name, checked when made


@pytest.mark.parametrize(
    ("kind", "version", "draft", "expected"),
    [
        ("summary", 1, False, "2027-06-01_PLR-R-2027-009_summary_v1.docx"),
        ("position", 1, True, "2027-06-01_PLR-R-2027-009_position_draft-v1.docx"),
        ("position", 12, True, "2027-06-01_PLR-R-2027-009_position_draft-v12.docx"),
        ("commissioning-reflection", 2, False, "2027-06-01_PLR-R-2027-009_commissioning-reflection_v2.docx"),
    ],
)
def test_a_name_reads_date_reference_kind_version(
    kind: str, version: int, draft: bool, expected: str
) -> None:
    assert file_name(DAY, "PLR-R-2027-009", kind, version, draft=draft) == expected


def test_other_kinds_of_file_keep_the_same_form() -> None:
    name = file_name(date(2027, 3, 18), "PLR-M-2027-01", "action-log", 2, extension="xlsx")
    assert name == "2027-03-18_PLR-M-2027-01_action-log_v2.xlsx"


@pytest.mark.parametrize(
    ("reference", "kind", "version", "extension"),
    [
        ("../../etc", "summary", 1, "docx"),
        ("PLR-R-2027-009/..", "summary", 1, "docx"),
        ("PLR-R-2027-009\n", "summary", 1, "docx"),
        ("plr-r-2027-009", "summary", 1, "docx"),
        ("PLR-R-2027-009", "Summary of Ann", 1, "docx"),
        ("PLR-R-2027-009", "", 1, "docx"),
        ("PLR-R-2027-009", "summary", 0, "docx"),
        ("PLR-R-2027-009", "summary", 1, "docm"),
    ],
)
def test_a_name_is_built_from_known_parts_only(
    reference: str, kind: str, version: int, extension: str
) -> None:
    with pytest.raises(ValueError, match=r"known extension|count from 1"):
        file_name(DAY, reference, kind, version, extension=extension)


def test_a_review_has_a_folder_of_its_own_under_the_year_of_the_case() -> None:
    assert folder("PLR-R-2027-009", 2027) == "2027/reviews/PLR-R-2027-009/"
    assert folder("PLR-R-2027-1004", 2027) == "2027/reviews/PLR-R-2027-1004/"


@pytest.mark.parametrize(
    ("reference", "year"),
    [("PLR-M-2027-01", 2027), ("PLR-R-2027-009/../..", 2027), ("PLR-R-2027-009", 27), ("", 2027)],
)
def test_a_folder_is_refused_for_anything_but_a_review_and_its_year(reference: str, year: int) -> None:
    with pytest.raises(ValueError, match=r"have a folder|four digits"):
        folder(reference, year)


def test_only_restricted_outputs_lie_apart() -> None:
    apart = {one for one in Classification if root_of(one) is Root.RESTRICTED}
    assert apart == {Classification.RESTRICTED}


def test_only_a_draft_position_is_for_the_service_alone() -> None:
    classes = {kind.value: kind.classification.value for kind in OutputKind}
    assert classes == {
        "summary": "group",
        "position": "restricted",
        "commissioning-reflection": "group",
        "impact-note": "group",
    }


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a..b",
        "ends.",
        "-rf",
        "_x",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "a b",
        "é",
        "x" * 129,
    ],
)
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        checked_name(name)


@given(st.text(max_size=140))
def test_no_accepted_name_holds_a_character_that_a_share_refuses(name: str) -> None:
    try:
        checked_name(name)
    except ValueError:
        return
    assert not set(name) & set(FORBIDDEN)
    assert set(name) <= set(string.ascii_letters + string.digits + "._-")
    assert name[0] != "."
    assert name[-1] != "."


@pytest.mark.parametrize(
    "path", ["/2027/reviews/", "2027//reviews/", "2027/../x/", "./2027", "", "~/x", "C:/x"]
)
def test_a_folder_that_could_leave_the_root_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        checked_folder(path)


def test_a_manifest_lies_by_year_under_the_name_of_its_output() -> None:
    assert manifest().own_folder == "manifest/2027/"
    assert manifest().own_name == "2027-06-01_PLR-R-2027-009_summary_v1.docx.json"


def test_a_manifest_tells_the_record_time_in_utc() -> None:
    summer = datetime(2027, 6, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    assert manifest(written_at=summer).to_mapping()["written_at"] == "2027-06-01T08:30:00Z"


def test_a_manifest_writes_the_version_as_the_name_does() -> None:
    assert manifest(draft=True, version=3).to_mapping()["version"] == "draft-v3"


@pytest.mark.parametrize(
    "changes",
    [{"sha256": "abc"}, {"written_at": datetime(2027, 6, 1)}, {"name": "../x"}, {"folder": "/x"}],  # noqa: DTZ001 - the naive one must be refused
)
def test_a_manifest_nobody_could_check_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"SHA-256|letters, digits"):
        manifest(**changes)
