"""A case's page, as one viewer sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.adapters.letters import render
from plr.db.models import Case, Notice, Output
from plr.domain.codes import NATION_NAMES
from plr.domain.documents import NOT_ADVICE
from plr.domain.london import london_day
from plr.domain.notices import Notice as Letter
from plr.domain.outputs import Classification, OutputKind, version_words
from plr.domain.words import Depth, OutputStatus, Stage
from plr.errors import InvalidInputError
from plr.operations import cases as case_operations
from plr.operations import checking, documents, outputs
from plr.settings import Settings
from plr.settings.files import data_dir
from plr.web.case_views import CaseView, DocumentRow, LetterRow
from plr.web.parts import Fact, Link
from plr.web.showing import clocks, history, stands, steps
from plr.web.showing.people import People

SHORT_HISTORY = 5
_MOST_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Allowed:
    """What this viewer may do with the case, and see of it."""

    todo: Link | None
    nothing_to_do: str
    heading: str
    others: tuple[Link, ...]
    sees_letters: bool
    readable: frozenset[int]
    """Ids of the documents the viewer may read."""


def place(case: Case, people: People) -> str:
    """Return "England, East Midlands"."""
    region = people.rules.regions.find(case.region)
    return ", ".join([NATION_NAMES[case.nation], *([] if region is None else [region.name])])


def view(
    session: Session,
    case: Case,
    people: People,
    allowed: Allowed,
    settings: Settings,
    *,
    whole_history: bool,
    now: datetime,
) -> CaseView:
    """Return the page."""
    told = history.rows(session, case.reference, people, at_most=None)
    shown = told if whole_history else told[:SHORT_HISTORY]
    more = None
    if len(shown) < len(told):
        more = Link(f"All {len(told)} entries", f"/cases/{case.reference}?history=all")
    review_type = case.review_type[:1].upper() + case.review_type[1:]
    return CaseView(
        reference=case.reference,
        caption=f"Commissioning reflection, {case.depth.value} depth",
        place=place(case, people),
        review_type=review_type,
        logged_by=people.name(case.submitter_id) if case.submitter_id else "somebody outside the group",
        logged_on=london_day(case.created_at),
        stands=stands.stands(session, case, people, now=now),
        steps=steps.steps(session, case, people, now=now),
        todo=allowed.todo,
        nothing_to_do=allowed.nothing_to_do,
        warning=NOT_ADVICE if case.stage is Stage.PENDING else "",
        decided=_decided(session, case, now=now) if case.depth is Depth.LIGHT else (),
        documents=_documents(session, case, allowed.readable),
        letters=_letters(session, case, people, settings) if allowed.sees_letters else (),
        history=shown,
        whole_history=more,
        others_heading=allowed.heading,
        others=allowed.others,
    )


def _decided(session: Session, case: Case, *, now: datetime) -> tuple[Fact, ...]:
    content = case_operations.latest_submission(session, case.reference).content
    if content is None:
        return ()
    fields = documents.summary_fields(session, case, content, now=now)
    facts = [
        Fact("Decision", review_words(case, fields)),
        Fact("Criteria", _counted(fields["criteria"])),
        Fact("Time taken", _times(fields["times"]), note="For context. We do not chase statutory times."),
        Fact("Themes", ", ".join(fields["themes"])),
    ]
    return tuple(fact for fact in facts if fact.text)


def review_words(case: Case, fields: Mapping[str, Any]) -> str:
    """Return what was decided and by whom, in one line."""
    decided = {row["label"]: row["value"] for row in fields["decision"]}
    words = [case.review_type[:1].upper() + case.review_type[1:]]
    if "Decided by" in decided:
        by = decided["Decided by"]
        words.append(f"by: {by[:1].lower()}{by[1:]}")
    if decided.get("Unanimous") == "Yes":
        words.append("all agreed")
    return ", ".join(words)


def _counted(criteria: list[dict[str, str]]) -> str:
    counts: dict[str, int] = {}
    for row in criteria:
        counts[row["value"]] = counts.get(row["value"], 0) + 1
    return ", ".join(f"{number} {value[:1].lower()}{value[1:]}" for value, number in counts.items())


def _times(times: list[dict[str, str]]) -> str:
    words = "; ".join(f"{row['label'][:1].lower()}{row['label'][1:]}: {row['value']}" for row in times)
    return clocks.capital(words)


def _documents(session: Session, case: Case, readable: frozenset[int]) -> tuple[DocumentRow, ...]:
    return tuple(
        _document(output) for output in outputs.of_case(session, case.reference) if output.id in readable
    )


def _document(output: Output) -> DocumentRow:
    version = version_words(output.version, draft=output.draft)
    words = f"{OutputKind(output.kind).heading}, {version.replace('-', ' ').replace('v', 'version ')}"
    size = f"Word, {size_words(output.size)}." if output.size else "The Word file is being written."
    noted = " Opening it is noted." if output.classification == Classification.RESTRICTED.value else ""
    mark = f" {clocks.capital(output.mark)}." if output.mark else ""
    if output.status is OutputStatus.FAILED:
        size = "The Word file could not be written."
    tag = Classification(output.classification).label
    return DocumentRow(Link(words, f"/outputs/{output.name}"), f"{size}{noted}{mark}", tag, output.day_on)


def size_words(size: int) -> str:
    """Return "24 KB"."""
    return f"{max(1, round(size / 1024))} KB"


def _letters(session: Session, case: Case, people: People, settings: Settings) -> tuple[LetterRow, ...]:
    statement = select(Notice).where(Notice.reference == case.reference)
    statement = statement.order_by(Notice.created_at.desc(), Notice.id).limit(_MOST_LETTERS)
    return tuple(_letter(notice, people, settings) for notice in session.scalars(statement))


def _letter(notice: Notice, people: People, settings: Settings) -> LetterRow:
    whom = people.name(notice.person_id) if notice.person_id else "the person who told us"
    tag = clocks.capital(notice.status.value)
    return LetterRow(tag, f"To {whom}: {_subject(notice, settings)}.", notice.code, notice.sent_at)


def _subject(notice: Notice, settings: Settings) -> str:
    try:
        letter = render(
            Letter.from_mapping(notice.fields),
            link=None,
            code=None,
            masked=True,
            group_name=settings.group.name,
            reply_to=settings.smtp.reply_to,
            base_url=settings.base_url,
            templates_dir=data_dir("templates") / "email",
        )
    except InvalidInputError:  # a letter of another release
        return notice.code
    return letter.subject.rstrip(".?!")


def narrative_is_clean(session: Session, case: Case) -> bool:
    """Say whether the story of a case may be read by more than its checker."""
    return checking.outcome(session, case.reference) == "clean"
