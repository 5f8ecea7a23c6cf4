"""The message as it is sent, the moment of handing over, and the folder of letters."""

from __future__ import annotations

import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path

import pytest

from plr.adapters.letters import Letter
from plr.adapters.mail import Mailer, OutcomeKind, build_message, message_id
from plr.errors import InvalidInputError
from tests.mailing import LETTER, SENT_AT, deliver, message, settings
from tests.smtp_server import SmtpServer, answers, script_once

K = OutcomeKind
smtp = pytest.mark.smtp


def test_the_message_has_the_headers_that_stop_loops_and_doubles() -> None:
    read = message_from_bytes(message().as_bytes(), policy=default_policy)
    assert read["From"] == "Practice Learning Review Group <plr@example.org>"
    assert read["To"] == "p01@example.org"
    assert read["Reply-To"] == "plr-secretary@example.org"
    assert read["Subject"] == "Please approve: agenda for 18 March, by 10 March"
    assert read["Date"] == "Mon, 08 Mar 2027 08:30:00 +0000"
    assert read["Message-ID"] == "<n1@plr.example.org>"
    assert read["In-Reply-To"] == read["References"] == "<PLR-R-2027-009@plr.example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "All"
    assert read["List-Id"] == "<letters.plr.example.org>"
    assert read["Cc"] is None
    assert read["Bcc"] is None
    assert read["List-Unsubscribe"] is None


def test_the_message_holds_the_text_and_the_same_in_html() -> None:
    read = message_from_bytes(message().as_bytes(), policy=default_policy)
    assert read.get_content_type() == "multipart/alternative"
    text, html = read.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().replace("\r\n", "\n") == LETTER.html


def test_the_same_letter_gives_the_same_bytes_in_lines_every_server_takes() -> None:
    first, second = message().as_bytes(), message().as_bytes()
    assert first == second
    assert max(len(line) for line in first.split(b"\r\n")) <= 78
    assert first.isascii()
    assert b"\n" not in first.replace(b"\r\n", b"")


def test_a_digest_says_where_to_switch_it_off() -> None:
    digest = build_message(
        LETTER,
        notice_id="n1",
        recipient="p01@example.org",
        sent_at=SENT_AT,
        settings=settings(),
        unsubscribe="https://plr.example.org/me",
    )
    assert digest["List-Unsubscribe"] == "<https://plr.example.org/me>"
    assert digest["References"] is None


@pytest.mark.parametrize(
    "bad", ["Hello\r\nBcc: x@example.org", "Hello\nX: y", "Hello\0", "Hello\x1b", "Hello\u2028x"]
)
def test_a_subject_cannot_bring_a_header_of_its_own(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        message(letter=Letter(subject=bad, text="x\n", html="x\n"))


@pytest.mark.parametrize(
    "bad",
    [
        "p01@example.org\r\nBcc: x@example.org",
        "p01@example.org, p02@example.org",
        "P <p01@example.org>",
        "p01",
        "",
        "p\u00e9@example.org",
        "p01@example.org\0",
        "a@b@example.org",
        "p" * 250 + "@example.org",
        "p01@example.org> SIZE=1",
    ],
)
def test_only_one_plain_address_is_a_recipient(bad: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        message(recipient=bad)
    assert not bad or bad not in str(refused.value)
    with Mailer(settings()) as mailer, pytest.raises(InvalidInputError):
        mailer.deliver(bad, message)


@pytest.mark.parametrize("bad", ["a b", "", "a@b", "a>", "x\r\n", "../x", "-a"])
def test_an_id_that_would_break_the_head_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        message_id(bad, "plr.example.org")


@smtp
def test_the_letter_is_asked_for_only_when_the_recipient_is_taken() -> None:
    asked: list[str] = []

    def hand_over() -> EmailMessage:
        asked.append(server.commands[-1])
        return message()

    plan = script_once(rcpt=answers("450 greylisted"))
    with SmtpServer(script=plan) as server, Mailer(settings(server.port)) as mailer:
        assert mailer.deliver("p01@example.org", hand_over).kind is K.LATER
        assert asked == []
        assert mailer.deliver("p01@example.org", hand_over).kind is K.SENT
    assert asked == ["RCPT TO:<p01@example.org>"]


@smtp
def test_it_is_asked_for_in_the_thread_of_the_caller() -> None:
    threads: list[int] = []

    def hand_over() -> EmailMessage:
        threads.append(threading.get_ident())
        return message()

    with SmtpServer() as server, Mailer(settings(server.port)) as mailer:
        mailer.deliver("p01@example.org", hand_over)
    assert threads == [threading.get_ident()]


@smtp
def test_a_letter_no_longer_wanted_is_taken_back_and_the_line_serves_the_next() -> None:
    with SmtpServer() as server, Mailer(settings(server.port)) as mailer:
        assert mailer.deliver("p01@example.org", lambda: None).kind is K.NOT_WANTED
        assert server.commands[-1] == "RSET"
        assert deliver(mailer, "n2").kind is K.SENT
        assert server.connections == 1
    assert list(server.delivered) == ["<n2@plr.example.org>"]


@smtp
def test_what_the_caller_raises_comes_back_and_nothing_is_sent() -> None:
    def fenced() -> EmailMessage:
        raise KeyError

    with SmtpServer() as server, Mailer(settings(server.port)) as mailer:
        with pytest.raises(KeyError):
            mailer.deliver("p01@example.org", fenced)
        assert not server.delivered
        assert deliver(mailer).kind is K.SENT


def folder_mailer(folder: Path) -> Mailer:
    return Mailer(settings(folder=folder))


def test_without_a_server_each_letter_becomes_one_file(tmp_path: Path) -> None:
    with folder_mailer(tmp_path / "mail") as mailer:
        assert deliver(mailer, "n1").kind is K.SENT
        assert deliver(mailer, "n2").kind is K.SENT
        assert deliver(mailer, "n1").kind is K.SENT
        assert mailer.deliver("p01@example.org", lambda: None).kind is K.NOT_WANTED
    assert sorted(file.name for file in (tmp_path / "mail").iterdir()) == ["n1.eml", "n2.eml"]
    assert (tmp_path / "mail" / "n1.eml").read_bytes() == message("n1").as_bytes()


def test_a_folder_that_cannot_be_written_delays(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file, not a folder", encoding="ascii")
    with folder_mailer(tmp_path / "mail") as mailer:
        assert deliver(mailer).kind is K.SERVER_FAULT


def test_a_letter_file_is_whole_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "n1.eml").mkdir()  # so that the last step, the renaming, fails
    (tmp_path / "n1.eml" / "x").touch()
    with folder_mailer(tmp_path) as mailer:
        assert deliver(mailer).kind is K.SERVER_FAULT
    assert [file.name for file in tmp_path.iterdir()] == ["n1.eml"]
