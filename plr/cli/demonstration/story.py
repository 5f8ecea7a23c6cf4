"""The story: seven reviews in January 2027, day by day. People act by letters and browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from plr.cli.demonstration import processes, sayings
from plr.cli.demonstration.commands import plr, plr_json
from plr.cli.demonstration.pages import Page
from plr.cli.demonstration.people import Player
from plr.cli.demonstration.stage import Stage
from plr.cli.demonstration.telling import Telling
from plr.domain.words import ApprovalKind
from plr.settings.files import data_dir

CHAIR, DEPUTY, SECRETARY, CHECKER = "P01", "P02", "P03", "P19"
FIRST_REFLECTORS, LATER_REFLECTORS = ("P08", "P12", "P15"), ("P10", "P14", "P17")
IN_CONFLICT, BY_TELEPHONE = "P12", "P15"

REMINDED_ON = date(2027, 1, 8)  # two working days before the answer is due
FIRST_DIGEST_ON, SECOND_DIGEST_ON = date(2027, 1, 11), date(2027, 1, 18)
TOLD_ON = date(2027, 1, 12)
OVERDUE_ON = date(2027, 1, 13)  # due on the 12th; the deputy may answer from the next working day
FIRST_DRAFT_ON, LATE_DRAFT_ON = date(2027, 1, 14), date(2027, 1, 19)
MEETING_ON = date(2027, 1, 21)
ISSUED_ON = date(2027, 1, 22)


@dataclass(slots=True)
class Story:
    """What happens, in order."""

    stage: Stage
    cases: dict[str, str] = field(default_factory=dict)

    def play(self) -> None:
        """Play it all."""
        chapters: tuple[Callable[[], None], ...] = (
            self.reviews_come_in,
            self.texts_are_checked,
            self.the_chair_looks_deeper,
            self.the_chair_is_reminded,
            self.the_first_reflections,
            self.the_deputy_decides,
            self.the_first_draft,
            self.the_later_reflections,
            self.the_group_meets,
            self.the_chair_answers,
            self.the_second_round,
        )
        for chapter in chapters:
            chapter()
            self.stage.records.wait_until_done()

    @property
    def _telling(self) -> Telling:
        return self.stage.telling

    def _player(self, code: str) -> Player:
        return self.stage.player(code)

    def _done(self, sentence: str) -> None:
        """Wait until what was just done has had its effect, then tell it."""
        self.stage.records.wait_until_done()
        self._telling.say(sentence)

    # ---- Tuesday 5 January

    def reviews_come_in(self) -> None:
        """Seven files are logged, one of them twice; one with an identifier is refused."""
        self._telling.begin_day(self.stage.days.today)
        count = self.stage.invite()
        self._telling.say(f"{count} invented people are imported. They are welcomed by letter.")
        folder = data_dir("config") / "samples"
        for file in sorted(folder.glob("*.yaml")):
            self.cases[file.stem] = plr_json("review", "submit", str(file))["reference"]
        self._telling.say(f"{len(self.cases)} reviews are logged while everything else is still starting.")
        first = plr_json("review", "submit", str(folder / f"{sayings.LATE}.yaml"))
        self._telling.expect(
            held=first["reference"] == self.cases[sayings.LATE] and not first["created"],
            otherwise="the same file sent again gave the same case.",
        )
        refused = plr("review", "submit", str(folder / "refused" / f"{sayings.REFUSED}.yaml"))
        self._telling.expect(
            held=refused.status == 2 and "narrative" in refused.said,  # noqa: PLR2004 - interface.md, Commands
            otherwise="a review with an NHS number was refused with exit 2, naming the field.",
        )
        self._telling.say(
            "The same file sent again is the same case. One with an NHS number in it is refused."
        )
        self.stage.processes.wait_ready()
        self._telling.say(f"Pages, worker and Prefect answer: {self.stage.processes.web_url}")

    def texts_are_checked(self) -> None:
        """The data-protection lead reads every text before anybody else."""
        self.stage.records.wait_until_done()
        checker = self._player(CHECKER)
        for reference in self.cases.values():
            checker.act(f"/cases/{reference}/check", "Send my answer", **sayings.NOTHING_FOUND)
        self._done(f"{checker.name} has read all {len(self.cases)} texts: nobody can be recognised.")

    def the_chair_looks_deeper(self) -> None:
        """Two cases get full depth, one is declined; one of the two is taken on at once."""
        chair = self._player(CHAIR)
        for name in (sayings.LATE, sayings.SENT_BACK):
            chair.act(f"/cases/{self.cases[name]}/deepen", "Look deeper", reason=sayings.DEEPER)
        declined = self.cases[sayings.DECLINED]
        chair.act(f"/cases/{declined}/decline", "Decline it", reason=sayings.NOT_TAKEN)
        self._done(f"{chair.name}, the Chair, looks deeper at two cases and declines {declined}.")
        self._take_on(chair, sayings.SENT_BACK, FIRST_REFLECTORS)
        self._done(f"{chair.name} takes {self.cases[sayings.SENT_BACK]} on by the link of a letter.")

    def _take_on(self, player: Player, name: str, reflectors: tuple[str, ...], subject: str = "") -> None:
        letter = player.letter(f"{subject or 'Please approve'}: review {self.cases[name]}")
        names = [self._player(code).name for code in reflectors]
        player.decide(letter, "approve", reflectors=names)

    # ---- the Chair is late

    def the_chair_is_reminded(self) -> None:
        """Nothing is heard about the other case: a reminder two working days before it is due."""
        self.stage.go_to(REMINDED_ON)
        chair = self._player(CHAIR)
        chair.letter(f"2 days left: review {self.cases[sayings.LATE]}")
        self._telling.say(f"{chair.name} has not answered about {self.cases[sayings.LATE]} and is reminded.")

    def the_first_reflections(self) -> None:
        """Monday's letters ask three people; one is in conflict, one answers by telephone."""
        before = self.stage.mail.count
        self.stage.go_to(FIRST_DIGEST_ON)
        for code in (CHAIR, DEPUTY, SECRETARY, *FIRST_REFLECTORS):
            self._player(code).letter("This week: ", after=before)
        self._telling.say("The weekly letters are out, to those alone who have something new.")
        reference = self.cases[sayings.SENT_BACK]
        for code in FIRST_REFLECTORS:
            if code == IN_CONFLICT:
                self._reflect(code, sayings.SENT_BACK, sayings.CONFLICT)
                self._telling.say(f"{self._player(code).name} is in conflict and out of {reference}.")
            elif code != BY_TELEPHONE:
                self._reflect(code, sayings.SENT_BACK, sayings.REFLECTIONS[code])
        self.stage.go_to(TOLD_ON)
        self._reflect_for(BY_TELEPHONE, sayings.SENT_BACK)
        self.stage.records.wait_state(reference, "synthesis")
        self._telling.say(f"{self._player(BY_TELEPHONE).name} telephones; the secretary records it.")

    def _reflect(self, code: str, name: str, fields: sayings.Fields) -> None:
        player = self._player(code)
        player.act(f"/cases/{self.cases[name]}/reflect", "Send my reflection", **fields)

    def _reflect_for(self, code: str, name: str) -> None:
        secretary = self._player(SECRETARY)
        words = f"Record the reflection of {self._player(code).name}"
        page = secretary.follow(f"/cases/{self.cases[name]}", words)
        secretary.press(
            page,
            "Record this reflection",
            how=sayings.BY_TELEPHONE,
            given_on="today",
            **sayings.REFLECTIONS[code],
        )

    def the_deputy_decides(self) -> None:
        """One working day late, three people are told, and the Vice-Chair may decide."""
        before = self.stage.mail.count
        self.stage.go_to(OVERDUE_ON)
        overdue = f"Overdue: review {self.cases[sayings.LATE]}"
        for code in (CHAIR, DEPUTY, SECRETARY):
            self._player(code).letter(overdue, after=before)
        self._telling.say("The Chair is late: the Vice-Chair may decide from today.")
        deputy = self._player(DEPUTY)
        self._take_on(deputy, sayings.LATE, LATER_REFLECTORS, subject="Overdue")
        self.stage.records.wait_state(self.cases[sayings.LATE], "reflecting")
        self._done(f"{deputy.name}, the Vice-Chair, takes it on, with a code typed in a browser nobody knew.")

    # ---- drafts and reflections

    def the_first_draft(self) -> None:
        """The secretary drafts the first position."""
        self.stage.go_to(FIRST_DRAFT_ON)
        self._draft(sayings.SENT_BACK, sayings.FIRST_DRAFT)

    def _draft(self, name: str, fields: sayings.Fields) -> None:
        secretary, reference = self._player(SECRETARY), self.cases[name]
        page = secretary.act(f"/cases/{reference}/position", "Continue", **fields)
        secretary.press(page, "Put it to the group")
        self._done(f"{secretary.name}, the secretary, puts the draft about {reference} to the group.")

    def the_later_reflections(self) -> None:
        """The next Monday's letters ask three others, who all write."""
        before = self.stage.mail.count
        self.stage.go_to(SECOND_DIGEST_ON)
        for code in LATER_REFLECTORS:
            self._player(code).letter("This week: ", after=before)
            self._reflect(code, sayings.LATE, sayings.REFLECTIONS[code])
        self.stage.records.wait_state(self.cases[sayings.LATE], "synthesis")
        self._telling.say(f"Three reflections on {self.cases[sayings.LATE]} are in.")
        self.stage.go_to(LATE_DRAFT_ON)
        self._draft(sayings.LATE, sayings.LATE_DRAFT)

    # ---- the meeting

    def the_group_meets(self) -> None:
        """Six items at one quorate meeting; the worker is killed at the moment they are recorded."""
        self.stage.go_to(MEETING_ON)
        pages = [self._agreed(name, **fields) for name, fields in sayings.LIGHT_POSITIONS.items()]
        pages.append(self._agreed(sayings.LATE, answer="approve"))
        out = self._player(IN_CONFLICT).name
        pages.append(self._agreed(sayings.SENT_BACK, answer="approve", present="9", out=[out]))
        worker = self.stage.processes.worker()
        for page in pages:
            self._player(SECRETARY).press_and_leave(page, "Record it")
        killed = processes.kill(worker)
        left = self.stage.records.in_hand()
        self._telling.say(
            f"The group met: {len(pages)} agreements recorded, {len(sayings.LIGHT)} of them issued at once."
        )
        self._telling.say(f"The worker is killed (SIGKILL) with {left} in its hands.")
        self._telling.expect(
            held=not left.nothing, otherwise="the worker had work in hand when it was killed."
        )
        self._come_back(killed)

    def _agreed(self, name: str, **fields: str | list[str]) -> Page:
        secretary, reference = self._player(SECRETARY), self.cases[name]
        given: sayings.Fields = {
            **sayings.AT_THE_MEETING,
            "held_on": "today",
            "presider": self._player(CHAIR).name,
            "minute": f"7.{list(self.cases).index(name) + 1}",
            **fields,
        }
        return secretary.act(f"/cases/{reference}/agree", "Continue", **given)

    def _come_back(self, killed: int) -> None:
        """The supervisor starts another worker, which goes on where the killed one was."""
        self.stage.processes.wait_another_worker(killed)
        self._telling.say("The supervisor has started another worker.")
        self.stage.records.wait_until_done()
        self._settle_uncertain()
        self._telling.say("It has gone on where the other one was: nothing lost, nothing done twice.")

    def _settle_uncertain(self) -> None:
        """Nobody knows whether a letter left that was being handed over: the secretary asks its reader."""
        arrived = self.stage.mail.deliveries()
        for letter in plr_json("outbox", "list", "--status", "uncertain"):
            answer = "arrived" if letter["message_id"] in arrived else "again"
            plr_json("outbox", "settle", letter["id"], answer)
            self._telling.say(
                f'Uncertain: "{letter["subject"]}". The secretary asks, and settles it: {answer}.'
            )
        self.stage.records.wait_until_done()

    def the_chair_answers(self) -> None:
        """One text goes back; the other is approved by telephone."""
        chair, secretary = self._player(CHAIR), self._player(SECRETARY)
        sent_back, late = self.cases[sayings.SENT_BACK], self.cases[sayings.LATE]
        letter = chair.letter(f"Please approve: position on {sent_back}")
        chair.decide(letter, "return", reason=sayings.ASKED_FOR)
        self._done(f"{chair.name} asks for changes to the text about {sent_back}.")
        question = self.stage.records.question(late, ApprovalKind.POSITION)
        secretary.act(
            f"/approvals/{question}/record",
            "Record this answer",
            answer="approve",
            how=sayings.BY_TELEPHONE,
            when="today",
        )
        chair.letter(f"Recorded in your name: position on {late}")
        self.stage.records.wait_state(late, "issued")
        self._done(f"{chair.name} approves {late} by telephone and has a receipt. It is issued.")

    def the_second_round(self) -> None:
        """The text is changed, read again with its changes marked, and approved."""
        self.stage.go_to(ISSUED_ON)
        chair, reference = self._player(CHAIR), self.cases[sayings.SENT_BACK]
        before = self.stage.mail.count
        self._draft(sayings.SENT_BACK, sayings.SECOND_DRAFT)
        chair.decide(chair.letter(f"Please approve: position on {reference}", after=before), "approve")
        self.stage.records.wait_state(reference, "issued")
        self._done(f"{chair.name} approves it at the second round. {reference} is issued.")
