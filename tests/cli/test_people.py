"""`plr people`: import, export, list, leave, last days, addresses, deputies, roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import PEOPLE, Plr


def test_the_invented_people_are_nineteen_and_fill_every_needed_office(plr: Plr, staffed: Path) -> None:
    people = plr("people", "list", "--json").json
    assert [person["id"] for person in people] == [f"P{number:02}" for number in range(1, 20)]
    assert people[0] == {
        "id": "P01",
        "name": "Amara Okafor",
        "email": "p01@example.org",
        "nation": "england",
        "region": None,
        "discipline": "nursing and midwifery",
        "member": True,
        "roles": ["chair", "editorial"],
        "deputy": "P02",
        "away": [],
        "last_day_on": None,
        "undeliverable": False,
    }
    assert sum(person["member"] for person in people) == 14
    shown = plr("people", "list")
    assert "Amara Okafor" in shown.out
    assert "Yorkshire and The Humber" in shown.out


def test_everybody_but_the_secretary_is_welcomed_once(plr: Plr, staffed: Path) -> None:
    letters = plr("outbox", "list", "--json").json
    assert {letter["notice"] for letter in letters} == {"N55"}
    assert sorted(letter["to"] for letter in letters) == [
        f"p{number:02}@example.org" for number in range(1, 20) if number != 3
    ]
    again = plr("people", "import", PEOPLE, "--json")
    assert {row["change"] for row in again.json} == {"same"}
    assert len(plr("outbox", "list", "--json").json) == 18


@pytest.mark.parametrize("kind", ["xlsx", "csv", "yaml"])
def test_people_written_to_a_file_import_back_unchanged(
    plr: Plr, staffed: Path, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"people.{kind}"
    assert plr("people", "export", file, "--json").json == {"file": str(file), "people": 19}
    assert {row["change"] for row in plr("people", "import", file, "--json").json} == {"same"}
    taken = plr("people", "export", file)
    assert taken.status == 2
    assert taken.err == f"{file}: file: There is a file of that name already. Choose another name.\n"


def test_a_dry_run_shows_what_would_happen_and_does_nothing(plr: Plr, staffed: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,name,email,nation,member\nP20,Una New,p20@example.org,wales,no\n", encoding="utf-8")
    done = plr("people", "import", file, "--dry-run")
    assert done.err.startswith("1 person would be added, 0 changed, 0 the same. 1 welcome letter.")
    assert "P20" in done.out
    assert len(plr("people", "list", "--json").json) == 19
    assert plr("people", "import", file).err.startswith("1 person added")
    assert len(plr("people", "list", "--json").json) == 20


def test_one_bad_row_and_nobody_is_added(plr: Plr, staffed: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text(
        "id,name,email,nation,region,member,roles\n"
        "P20,Una New,p20@example.org,wales,,no,\n"
        "P21,Secret Name,not-an-address,england,Yorkshir,no,secretry\n",
        encoding="utf-8",
    )
    done = plr("people", "import", file)
    assert done.status == 2
    assert done.err.splitlines() == [
        f"{file}:3: email: is not a whole e-mail address. Write one, like name@example.org.",
        f"{file}:3: region: is not a region of England. Did you mean Yorkshire and The Humber?",
        f"{file}:3: roles: name a role we do not know. Did you mean secretary?",
    ]
    assert len(plr("people", "list", "--json").json) == 19


def test_the_first_import_without_a_secretary_is_refused(plr: Plr, home: Path, tmp_path: Path) -> None:
    plr("init")
    file = tmp_path / "few.csv"
    file.write_text("id,name,email,nation,member\nP20,Una New,p20@example.org,wales,no\n", encoding="utf-8")
    done = plr("people", "import", file)
    assert done.status == 2
    assert "do not say who the secretary is" in done.err


def test_leave_is_noted_and_shown(plr: Plr, staffed: Path) -> None:
    done = plr(
        "people", "absence", "P01@example.org", "1 February 2027", "5/2/27", "--delegate", "p02@example.org"
    )
    assert done.err == "Noted: away from Monday 1 February 2027 to Friday 5 February 2027.\n"
    assert plr("people", "list", "--json").json[0]["away"] == ["2027-02-01 to 2027-02-05"]
    letters = plr("outbox", "list", "--json").json
    assert sorted(letter["to"] for letter in letters if letter["notice"] == "N28") == [
        "p02@example.org",
        "p03@example.org",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["absence", "x@example.org", "2027-02-01", "2027-02-05"], "EMAIL: nobody has this address."),
        (["absence", "p01@example.org", "zonk", "2027-02-05"], "FROM: this is not a day we can read."),
        (["absence", "p01@example.org", "2027-02-05", "2027-02-01"], "plr people absence: to: is before"),
        (["leaving", "p01@example.org", "never"], "LAST-DAY: this is not a day we can read."),
        (
            ["address", "p01@example.org", "nonsense"],
            "plr people address: email: is not a whole e-mail address.",
        ),
        (["address", "p01@example.org", "p02@example.org"], "plr people address: email: is somebody else's"),
        (["deputy", "p01@example.org", "p01@example.org"], "plr people deputy: deputy: is the same person"),
        (["role", "p19@example.org", "representative"], "plr people role: role: needs a region."),
        (
            ["role", "p19@example.org", "secretry"],
            "plr people role: OFFICE is not one of the choices. Did you mean secretary?",
        ),
    ],
)
def test_wrong_input_is_refused_with_the_remedy(
    plr: Plr, staffed: Path, words: list[str], sentence: str
) -> None:
    done = plr("people", *words)
    assert done.status == 2
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_a_last_day_that_empties_an_office_is_said(plr: Plr, staffed: Path) -> None:
    done = plr("people", "leaving", "p19@example.org", "2027-01-03", "--json")
    assert done.json == {
        "email": "p19@example.org",
        "last_day_on": "2027-01-03",
        "vacant": ["Data-protection lead"],
    }
    assert len(plr("people", "list", "--json").json) == 18


def test_a_corrected_address_takes_the_waiting_letter_along(plr: Plr, staffed: Path) -> None:
    assert plr("people", "address", "p05@example.org", "dev@example.org", "--json").json == {
        "email": "dev@example.org",
        "letters": 1,
    }
    assert "dev@example.org" in [letter["to"] for letter in plr("outbox", "list", "--json").json]


def test_a_deputy_and_a_role_are_noted(plr: Plr, staffed: Path) -> None:
    assert plr("people", "deputy", "p04@example.org", "p06@example.org").status == 0
    role = ["people", "role", "p13@example.org", "liaison_lead", "--from", "2027-01-01", "--json"]
    assert plr(*role).json["changed"] is True
    assert plr(*role).json["changed"] is False
    people = {person["id"]: person for person in plr("people", "list", "--json").json}
    assert people["P04"]["deputy"] == "P06"
    assert people["P13"]["roles"] == ["representative", "liaison_lead:2027-01-01"]
    assert plr("people", "deputy", "p04@example.org", "none").status == 0
    assert plr("people", "list", "--json").json[3]["deputy"] is None
