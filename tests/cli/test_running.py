"""Running `plr`: help without weight, mistakes as sentences, our own faults as an error id."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plr.cli import outbox
from tests.cli.conftest import Plr

HEAVY = ("prefect", "sqlalchemy", "pydantic", "fastapi")


@pytest.mark.parametrize("words", [["--help"], ["people", "--help"], ["peple"], ["--version"]])
def test_help_and_a_wrong_word_import_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from plr.cli.running import run; run(sys.argv[1:]); "
        f"heavy = [name for name in {HEAVY} if name in sys.modules]; sys.exit(7 if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


def test_help_names_every_verb_of_the_surface(plr: Plr) -> None:
    shown = plr("--help")
    assert shown.status == 0
    for verb in ("up", "worker", "web", "demo", "init", "doctor", "review", "case", "approvals", "outbox"):
        assert f" {verb} " in shown.out
    for verb in ("outputs", "audit", "deadline", "people", "db", "templates", "config"):
        assert f" {verb} " in shown.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["peple"], 'plr: "peple" is not a verb we know. Did you mean people?'),
        (["people", "lst"], 'plr people: "lst" is not a verb we know. Did you mean list?'),
        (
            ["case", "list", "--stat", "x"],
            'plr case list: "--stat" is not an option here. Did you mean --status?',
        ),
        (["case", "show"], "plr case show: REFERENCE is missing. See `plr case show --help`."),
        (["people", "list", "secret"], "plr people list: There are more words than this verb takes."),
        (
            ["deadline", "2027-01-04", "secret", "--nation", "wales"],
            "plr deadline: DAYS is not a whole number.",
        ),
        (
            ["deadline", "2027-01-04", "1", "--nation", "wals"],
            "plr deadline: --nation is not one of the choices. Did you mean wales?",
        ),
    ],
)
def test_a_mistyped_command_is_one_sentence_that_repeats_no_value(
    plr: Plr, words: list[str], sentence: str
) -> None:
    done = plr(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(sentence)
    assert len(done.err.splitlines()) == 1
    assert "secret" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["case", "list"],
        ["people", "list", "--json"],
        ["audit", "verify"],
        ["db", "check"],
        ["review", "submit", "x"],
    ],
)
def test_without_a_database_a_verb_says_how_to_make_one(plr: Plr, home: Path, words: list[str]) -> None:
    done = plr(*words)
    assert (done.status, done.out) == (3, "")
    assert "Run `plr init`" in done.err or "Run `plr db upgrade`" in done.err
    assert not (home / "plr.db").exists()


def test_our_own_fault_is_an_error_id_and_a_line_in_the_log_without_what_was_said(
    plr: Plr, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret text")

    monkeypatch.setattr(outbox, "rows", broken)
    done = plr("outbox", "list")
    assert done.status == 3
    assert "Traceback" not in done.err
    assert "secret" not in done.err
    error_id = done.err.split("error ")[1][:8]
    log = (staffed / "log" / "plr.log").read_text(encoding="utf-8")
    assert f"error {error_id}: RuntimeError at test_running.py:" in log
    assert "secret" not in log
    shown = plr("outbox", "list", "--debug")
    assert "Traceback" in shown.err
    assert shown.status == 3


def test_an_interruption_ends_with_130(plr: Plr, staffed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "rows", interrupted)
    done = plr("outbox", "list")
    assert (done.status, done.err) == (130, "Interrupted.\n")


def test_a_reader_that_stops_reading_is_no_fault(staffed: Path) -> None:
    command = f"{sys.executable} -m plr.cli people list --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)  # noqa: S602 - a pipe is what is tested
    assert (done.stdout, done.stderr) == (b"[", b"")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["case", "list"], "There are no such cases."),
        (["case", "list", "--waiting-on", "p01@example.org"], "There are no such cases."),
        (["approvals", "list"], "No question has been asked."),
        (["approvals", "list", "--open"], "No question waits for an answer."),
        (["outbox", "list", "--status", "uncertain"], "There are no such letters."),
        (["outputs", "list"], "No document has been written yet."),
        (["outputs", "verify"], "0 documents compared: all are as they were written."),
    ],
)
def test_an_empty_list_says_so_and_is_an_empty_document(
    plr: Plr, staffed: Path, words: list[str], sentence: str
) -> None:
    done = plr(*words)
    assert (done.status, done.out, done.err) == (0, "", f"{sentence}\n")
    assert plr(*words, "--json").json == []


def test_an_empty_list_of_people_says_how_to_add_some(plr: Plr, home: Path) -> None:
    assert plr("init", "--json").json == {"home": str(home), "people": 0}
    assert plr("people", "list").err == "There are no people yet. Add them: plr people import FILE.\n"
    assert plr("people", "list", "--json").json == []


def test_who_acts_is_named_taken_from_the_environment_or_the_only_secretary(
    plr: Plr, staffed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving = ["people", "leaving", "p05@example.org", "2027-12-31"]
    assert plr(*leaving).status == 0
    refused = plr(*leaving, "--as", "stranger@example.org")
    assert refused.status == 2
    assert refused.err.startswith("--as: is the address of nobody in the group.")
    assert plr("people", "role", "p01@example.org", "secretary").status == 0
    unclear = plr(*leaving)
    assert unclear.status == 2
    assert "There is more than one secretary. Say who you are: --as EMAIL" in unclear.err
    monkeypatch.setenv("PLR_ACTOR", "p03@example.org")
    assert plr(*leaving).status == 0
    monkeypatch.setenv("PLR_ACTOR", "p07@example.org")
    not_allowed = plr("people", "leaving", "p05@example.org", "2027-11-30")
    assert not_allowed.status == 1
    assert "Only the secretary" in not_allowed.err
