"""Setting up and looking after an installation: init, db, config, templates, deadline, doctor, up."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from plr import settings
from plr.cli import addresses, doctor_checks, processes
from plr.cli.doctor_checks import bank_holidays, local_disk
from plr.db.models import Installation
from plr.db.session import Database
from plr.domain.calendars import Calendar
from plr.domain.notices import NOTICES
from tests.cli.conftest import NOW, PEOPLE, ROOT, SAMPLES, Plr

# ---- init


def test_a_home_is_set_up_with_its_people_and_again_without_harm(plr: Plr, home: Path) -> None:
    first = plr("init", "--people", PEOPLE, "--json")
    assert first.json == {"home": str(home), "people": 19}
    assert {path.name for path in home.iterdir()} >= {"plr.db", "outputs", "restricted"}
    assert plr("init", "--people", PEOPLE).err == f"Ready: {home}. 19 people.\n"


def test_setting_up_without_people_says_what_comes_next(plr: Plr, home: Path) -> None:
    assert plr("init").err == f"Ready: {home}. 0 people. Add people next: plr people import FILE.\n"


def test_a_bad_people_file_leaves_a_home_without_people(plr: Plr, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    file.write_text("people: [{id: P01}]", encoding="utf-8")
    assert plr("init", "--people", file).status == 2
    assert plr("people", "list", "--json").json == []


# ---- db


def test_the_database_is_checked_and_brought_up(plr: Plr, home: Path) -> None:
    assert plr("db", "check").status == 3
    made = plr("db", "upgrade", "--json").json
    assert (made["before"], made["copy"]) == (None, None)
    checked = plr("db", "check", "--json")
    assert (checked.status, checked.json["ok"], checked.json["revision"]) == (0, True, made["revision"])
    assert plr("db", "upgrade").err == f"The database was already at revision {made['revision']}.\n"


def test_a_database_of_a_newer_release_is_refused(plr: Plr, staffed: Path, records: Database) -> None:
    with records.transaction() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    done = plr("case", "list")
    assert done.status == 3
    assert "newer release" in done.err


def test_a_restored_database_holds_its_letters_until_they_are_released(
    plr: Plr, staffed: Path, records: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert plr("db", "backup", copy, "--json").json["file"] == str(copy)
    assert plr("db", "backup", copy).status == 2
    plr("review", "submit", SAMPLES / "england-lcspr.yaml")
    records.engine.dispose()
    done = plr("db", "restore", copy, "--json")
    assert done.status == 0
    assert done.json["letters"] == "held"
    assert Path(done.json["kept"]).exists()
    assert plr("case", "list", "--json").json == []
    with records.reading() as session:
        assert session.scalars(select(Installation.letters_held)).one() == "restored"
    assert plr("db", "release", "--json").json["released"] == 18
    assert plr("db", "release").status == 1
    assert plr("audit", "verify").status == 0


def test_a_number_given_out_since_the_copy_is_not_given_again(
    plr: Plr, staffed: Path, records: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    plr("db", "backup", copy)
    plr("review", "submit", SAMPLES / "england-lcspr.yaml")
    records.engine.dispose()
    plr("db", "restore", copy)
    again = plr("review", "submit", SAMPLES / "wales-susr.yaml", "--json")
    assert again.json["reference"] == "PLR-R-2027-002"


def test_what_is_no_copy_is_not_restored(plr: Plr, staffed: Path, tmp_path: Path) -> None:
    missing = plr("db", "restore", tmp_path / "none.db")
    assert missing.status == 2
    assert missing.err.startswith(f"{tmp_path / 'none.db'}: file: There is no such file.")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    assert plr("db", "restore", broken).status == 3
    assert len(plr("people", "list", "--json").json) == 19


# ---- config


def test_the_shipped_configuration_can_be_used(plr: Plr, home: Path) -> None:
    assert plr("config", "check", "--json").json["ok"] is True


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "own.yaml",
            "smtp:\n  hosst: x\n",
            ":2: smtp.hosst: this setting does not exist. Did you mean host?",
        ),
        ("own.yaml", "web: {port: 99999999}\n", "web.port: "),
        ("own.yaml", "web: [\n", "is not YAML or JSON."),
        ("own.yaml", "web: &a {port: 80}\n", "uses an anchor or alias"),
        ("own.yaml", "", ": is empty."),
        (
            "roles.yaml",
            "chair: {label: Chair, required: true, next_in_line: [nobody]}\n",
            "roles.yaml:1: chair: holds a wrong value.",
        ),
        (
            "roles.yaml",
            "chaair: {label: Chair}\n",
            "roles.yaml:1: chaair: this setting does not exist. Did you mean chair?",
        ),
    ],
)
def test_a_wrong_configuration_is_named_by_file_line_and_remedy(
    plr: Plr, home: Path, tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    file = folder / name
    file.write_text(text, encoding="utf-8")
    done = plr("config", "check", file)
    assert (done.status, done.out) == (2, "")
    assert sentence in done.err
    assert "99999999" not in done.err


def test_a_configuration_that_is_not_there_is_said(plr: Plr, home: Path, tmp_path: Path) -> None:
    done = plr("config", "check", tmp_path / "none.yaml")
    assert (done.status, done.err.endswith("There is no such file or folder. Check its name.\n")) == (2, True)


def test_a_wrong_variable_stops_every_verb_with_its_name(
    plr: Plr, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLR_SMTP__HOSTT", "secret")
    done = plr("case", "list")
    assert done.status == 2
    assert done.err.startswith("PLR_SMTP__HOSTT: smtp.hostt: this setting does not exist. Did you mean host?")
    assert "secret" not in done.err


# ---- templates


@pytest.mark.parametrize("name", NOTICES)
def test_every_letter_has_a_sample(plr: Plr, home: Path, name: str) -> None:
    done = plr("templates", "preview", name)
    assert done.status == 0
    assert done.out.startswith("Subject: ")
    assert "Sample" not in done.out


def test_a_code_shows_all_its_letters_and_html_is_html(plr: Plr, home: Path) -> None:
    assert plr("templates", "preview", "N07").out.count("Subject: ") == 3
    assert "<table" in plr("templates", "preview", "n24_approval_asked", "--html").out
    done = plr("templates", "preview", "n24_aproval_asked")
    assert (done.status, "Did you mean n24_approval_asked?" in done.err) == (2, True)


# ---- deadline


@pytest.mark.parametrize(
    ("words", "due_on", "skipped"),
    [
        # Good Friday 26 March and Easter Monday 29 March 2027; Scotland works on Easter Monday.
        (["2027-03-25", "1", "--nation", "england-and-wales"], "2027-03-30", ["2027-03-26", "2027-03-29"]),
        (["2027-03-25", "1", "--nation", "england"], "2027-03-30", ["2027-03-26", "2027-03-29"]),
        (["2027-03-25", "1", "--nation", "scotland"], "2027-03-29", ["2027-03-26"]),
        (["2027-03-30", "-1", "--nation", "wales"], "2027-03-25", ["2027-03-26", "2027-03-29"]),
        (["31 January 2027", "1", "--unit", "months", "--nation", "northern-ireland"], "2027-02-28", []),
        (["2027-03-25", "1", "--unit", "days", "--nation", "wales"], "2027-03-26", []),
    ],
)
def test_a_deadline_is_worked_out_and_explained(
    plr: Plr, home: Path, words: list[str], due_on: str, skipped: list[str]
) -> None:
    found = plr("deadline", *words, "--json").json
    assert found["due_on"] == due_on
    assert [day["on"] for day in found["skipped"]] == skipped
    assert plr("deadline", *words).out == f"{found['sentence']}\n"


def test_a_deadline_that_cannot_be_known_or_read_is_refused(plr: Plr, home: Path) -> None:
    ended = plr("deadline", "2040-01-01", "1", "--nation", "wales")
    assert (ended.status, "config/bank-holidays.json" in ended.err) == (3, True)
    unread = plr("deadline", "someday", "1", "--nation", "wales")
    assert (unread.status, "someday" in unread.err) == (2, False)
    assert plr("deadline", "2027-01-01", "9" * 30, "--unit", "days", "--nation", "wales").status == 2


# ---- doctor


def verdicts(plr: Plr) -> dict[str, bool]:
    return {finding["check"]: finding["ok"] for finding in plr("doctor", "--json").json}


def test_a_new_home_is_sound_but_for_what_has_not_been_started(plr: Plr, staffed: Path) -> None:
    done = plr("doctor", "--json")
    assert done.status == 1
    assert all(set(finding) == {"check", "ok", "detail", "remedy"} for finding in done.json)
    faults = [finding for finding in done.json if not finding["ok"]]
    assert [finding["check"] for finding in faults] == ["prefect", "worker"]
    assert all(finding["remedy"].startswith("Start it: plr up") for finding in faults)
    shown = plr("doctor")
    assert shown.status == 1
    assert "FAULT" in shown.out


def test_what_is_missing_is_found(plr: Plr, home: Path) -> None:
    found = {finding["check"]: finding for finding in plr("doctor", "--json").json}
    assert found["database"]["ok"] is False
    assert found["database"]["remedy"] == "Run `plr init`, or mend the address."
    assert found["storage"]["ok"] is False


def test_an_office_that_nobody_holds_is_found(plr: Plr, staffed: Path) -> None:
    plr("people", "leaving", "p19@example.org", "2027-01-03")
    found = {finding["check"]: finding for finding in plr("doctor", "--json").json}
    assert found["people"] == {
        "check": "people",
        "ok": False,
        "detail": "Nobody is Data-protection lead.",
        "remedy": "Give somebody the role: plr people role EMAIL ROLE.",
    }


def test_a_storage_folder_that_is_gone_and_a_clock_that_went_back_are_found(
    plr: Plr, staffed: Path, records: Database
) -> None:
    (staffed / "outputs").rmdir()
    with records.transaction() as session:
        session.scalars(select(Installation)).one().latest_now = NOW.replace(hour=12)
    found = verdicts(plr)
    assert (found["storage"], found["clock"], found["database"]) == (False, False, True)


def test_a_mail_server_that_does_not_answer_is_found(
    plr: Plr, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLR_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("PLR_SMTP__PORT", "1")
    assert verdicts(plr)["mail"] is False


def test_looking_changes_nothing(plr: Plr, staffed: Path, records: Database) -> None:
    def everything() -> dict[str, bytes]:
        return {
            str(file): file.read_bytes()
            for file in staffed.rglob("*")
            if file.suffix not in {".db-wal", ".db-shm"} and file.is_file()
        }

    plr("doctor")
    before = everything()
    plr("doctor")
    assert everything() == before


def test_a_year_of_bank_holidays_that_is_half_filled_is_found() -> None:
    calendar = settings.load_rules(settings.load({})).calendars["scotland"]
    half = {on: why for on, why in calendar.holidays.items() if on < date(2028, 7, 1)}
    (compared, ends) = bank_holidays([Calendar("scotland", half, 2019, 2028)], date(2027, 1, 4))
    assert compared.ok is False
    assert "2028-08-07" in compared.detail
    assert (ends.ok, ends.remedy) == (True, "")


@pytest.mark.parametrize(("today", "warns"), [(date(2027, 11, 29), False), (date(2027, 11, 30), True)])
def test_thirteen_months_before_bank_holidays_end_the_doctor_warns(today: date, warns: bool) -> None:
    calendars = settings.load_rules(settings.load({})).calendars.values()
    ends = bank_holidays(calendars, today)[1]
    assert (ends.ok, bool(ends.remedy)) == (True, warns)


def test_a_database_on_a_network_share_is_found(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nshare {tmp_path} cifs rw 0 0\n", encoding="ascii")
    assert local_disk(f"sqlite:///{tmp_path / 'a' / 'plr.db'}", mounts).ok is False
    assert local_disk("sqlite:////elsewhere/plr.db", mounts).ok is True
    assert local_disk("postgresql+psycopg://server/plr", mounts).ok is True


def test_another_package_in_our_place_is_found(tmp_path: Path) -> None:
    stranger = tmp_path / "stranger-1.0.dist-info"
    stranger.mkdir()
    (stranger / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8"
    )
    (stranger / "top_level.txt").write_text("tasks\n", encoding="utf-8")
    code = "from plr.cli.doctor_checks import packages; f = packages(); print(f.ok, f.remedy)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "False Use an environment of its own for this program, or remove stranger.\n"
    assert doctor_checks.packages().ok is True


# ---- up


def test_everything_is_started_and_prefects_server_only_when_it_is_ours(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = processes.children_of(settings.load(), web=8181, prefect=4300)
    assert [child.command[1:] for child in children] == [
        ["-m", "plr.engine.server"],
        ["-m", "flows"],
        ["-m", "plr.cli", "web"],
    ]
    for child in children:
        assert child.environment["PLR_HOME"] == str(home)
        assert (child.environment["PLR_WEB__PORT"], child.environment["PLR_PREFECT__PORT"]) == (
            "8181",
            "4300",
        )
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example.org/api")
    theirs = processes.children_of(settings.load(), web=8181, prefect=4300)
    assert [child.command[2] for child in theirs] == ["flows", "plr.cli"]


def test_a_database_is_not_migrated_when_the_settings_forbid_it(
    plr: Plr, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLR_DATABASE__MIGRATE_ON_START", "false")
    done = plr("up")
    assert (done.status, done.err) == (3, "There is no database yet. Run `plr init`, then try again.\n")
    assert not (home / "plr.db").exists()


def test_where_prefect_runs_is_known_while_everything_is_up(home: Path) -> None:
    loaded = settings.load()
    with addresses.kept(loaded, pages="http://127.0.0.1:8081", prefect="http://127.0.0.1:4201"):
        assert addresses.prefect_api(loaded) == "http://127.0.0.1:4201/api"
    assert addresses.prefect_api(loaded) == "http://127.0.0.1:4200/api"


def test_the_addresses_are_told_once_everything_answers(home: Path) -> None:
    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(401)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told: list[list[str]] = []
        probe = f"http://127.0.0.1:{server.server_port}/healthz"
        processes.tell_when_ready({probe: "http://plr.example.org"}, told.append)
        server.shutdown()
    assert told == [["http://plr.example.org"]]
