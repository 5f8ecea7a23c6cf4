"""The ending: what must be true now, and the table of cases with letters, documents and addresses."""

from __future__ import annotations

import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plr.cli.demonstration import sayings
from plr.cli.demonstration.commands import plr, plr_json
from plr.cli.demonstration.stage import Stage
from plr.cli.demonstration.story import Story
from plr.cli.showing import console, print_json, table
from plr.domain.documents import NOT_ADVICE
from plr.domain.words import CaseStatus, NoticeStatus, OutputStatus

Row = dict[str, Any]

LETTERS = {
    "N55": 18,  # everybody but the secretary, who imports them
    "N24": 5,  # two reviews to take on, two texts, one of them again
    "N25": 1,  # the Chair
    "N26": 3,  # Chair, Vice-Chair, secretary
    "N27": 10,  # to the secretary 5 and 1 for the decline, the deputy after N26 1; the submitters 3
    "N07": 9,  # six agreements, one answer by telephone, two answers from a browser new to us
    "N59": 9,  # Chair, Vice-Chair, secretary and three people one Monday, three others the next
}
"""The letters that the story must bring, by code, worked out from the rules; sign-in codes aside."""

_COLUMNS = {
    "reference": "Case",
    "type": "Review",
    "how": "What happened",
    "label": "Stands",
    "letters": "Letters",
    "documents": "Documents",
}


@dataclass(slots=True)
class Ending:
    """What came of it all."""

    stage: Stage
    story: Story
    cases: list[Row]
    letters: list[Row]
    outputs: list[Row]

    @classmethod
    def of(cls, story: Story) -> Ending:
        """Read what came of it, by the command line."""
        return cls(
            story.stage,
            story,
            sorted(plr_json("case", "list"), key=lambda row: str(row["reference"])),
            plr_json("outbox", "list"),
            plr_json("outputs", "list"),
        )

    def check(self) -> None:
        """Compare everything with what it should be."""
        self._check_cases()
        self._check_letters()
        self._check_documents()
        audit = plr("audit", "verify", "--json")
        self._expect(audit.status == 0, f"the audit chain verified: {audit.printed}")
        if audit.status == 0:
            self.stage.telling.say(
                f"The audit is whole: {audit.document()['entries']} entries, every one as it was written."
            )

    def _expect(self, held: bool, otherwise: str) -> None:  # noqa: FBT001 - two words to each call
        self.stage.telling.expect(held=held, otherwise=otherwise)

    def _check_cases(self) -> None:
        wanted = {
            reference: CaseStatus.DECLINED if name == sayings.DECLINED else CaseStatus.ISSUED
            for name, reference in self.story.cases.items()
        }
        self._expect(len(self.cases) == len(wanted), "seven reviews gave seven cases.")
        for row in self.cases:
            reference, status = row["reference"], row["status"]
            self._expect(
                status == wanted.get(reference), f"{reference} was {wanted.get(reference)}; it is {status}."
            )

    def _check_letters(self) -> None:
        deliveries = self.stage.mail.deliveries()
        sent = Counter(row["message_id"] for row in self.letters if row["status"] == NoticeStatus.SENT)
        missing, surplus = sent - deliveries, deliveries - sent
        self._expect(not missing, f"every letter noted as sent arrived; {missing.total()} did not.")
        self._expect(not surplus, f"no letter arrived twice or unnoted; {surplus.total()} did.")
        stuck = [
            row for row in self.letters if row["status"] in {NoticeStatus.UNCERTAIN, NoticeStatus.FAILED}
        ]
        self._expect(not stuck, f"no letter is uncertain or failed; {len(stuck)} are.")
        codes = Counter(row["notice"] for row in self.letters if row["status"] == NoticeStatus.SENT)
        for code, count in LETTERS.items():
            self._expect(codes[code] == count, f"{count} letters {code} were sent; {codes[code]} were.")
        self.stage.telling.say(f"{deliveries.total()} letters were sent; each arrived exactly once.")

    def _check_documents(self) -> None:
        unwritten = [row["name"] for row in self.outputs if row["status"] != OutputStatus.WRITTEN]
        self._expect(not unwritten, f"every document is written; not {', '.join(unwritten)}.")
        verified = plr("outputs", "verify", "--json")
        self._expect(verified.status == 0, f"every document verified: {verified.printed}")
        pending = self.story.cases[sayings.PENDING]
        for row in self.outputs:
            if row["reference"] == pending and row["status"] == OutputStatus.WRITTEN:
                self._expect(self._says(row["name"], NOT_ADVICE), f'{row["name"]} says "{NOT_ADVICE}"')
        self.stage.telling.say(f"{len(self.outputs)} documents are in storage, as they were written.")

    def _says(self, name: str, words: str) -> bool:
        found = next(self.stage.home.path.glob(f"*/**/{name}"), None)
        return found is not None and words in text_of(found)

    def show(self) -> None:
        """Print the table, the addresses, and where the files are."""
        rows = [self._row(row) for row in self.cases]
        table(rows, _COLUMNS, title="What came of seven reviews")
        out, home, processes = console(), self.stage.home, self.stage.processes
        out.print()
        out.print(f"Pages      {processes.web_url}")
        out.print(f"Prefect    {processes.prefect_url}")
        out.print(f"Documents  {home.path / 'outputs'}")
        out.print(f"Letters    {home.letters}")

    def _row(self, row: Row) -> Row:
        reference = row["reference"]
        name = next((name for name, known in self.story.cases.items() if known == reference), "")
        letters = [one for one in self.letters if one["reference"] == reference]
        return {
            "reference": reference,
            "type": self.stage.records.review_type(reference),
            "how": sayings.WHAT_HAPPENED.get(name, "recorded at the meeting and issued at once"),
            "label": row["label"],
            "letters": sum(1 for one in letters if one["status"] == NoticeStatus.SENT),
            "documents": sum(1 for one in self.outputs if one["reference"] == reference),
        }

    def print_json(self) -> None:
        """Print the document of interface.md."""
        print_json(
            {
                "cases": [{"reference": row["reference"], "status": row["status"]} for row in self.cases],
                "notices": self.stage.mail.count,
                "outputs": len(self.outputs),
                "prefect_url": self.stage.processes.prefect_url,
                "web_url": self.stage.processes.web_url,
            }
        )


def text_of(document: Path) -> str:
    """Return the marked-up text of a Word file."""
    with zipfile.ZipFile(document) as parts:
        return parts.read("word/document.xml").decode("utf-8")
