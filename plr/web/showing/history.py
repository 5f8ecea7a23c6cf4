"""A case's history in plain words, from the codes of its audit chain; never a free text (decisions 80)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plr.db.models import AuditEntry, Output, Task
from plr.domain.cases import LABELS
from plr.domain.chain import content_of
from plr.domain.outputs import OutputKind
from plr.domain.words import Answer, CaseStatus, TaskKind
from plr.web.case_views import HistoryRow
from plr.web.showing.people import People

Codes = Mapping[str, Any]

_ANSWERS = {Answer.APPROVE: "approved", Answer.RETURN: "asked for changes", Answer.REJECT: "declined"}
_CHECKS = {"clean": "nobody can be recognised", "return": "sent back", "breach": "a data breach"}
_MOVES = {
    CaseStatus.SCREENING: "Somebody checks it for identifiers.",
    CaseStatus.RETURNED: "Sent back to the person who told us.",
    CaseStatus.TRIAGE: "Put to the Chair, in full depth.",
    CaseStatus.REFLECTING: "Taken on.",
    CaseStatus.SYNTHESIS: "The reflections are in.",
    CaseStatus.DRAFT_POSITION: "The draft goes to the group.",
    CaseStatus.GROUP_AGREED: "Agreed by the group.",
    CaseStatus.APPROVED: "Text approved.",
    CaseStatus.ISSUED: "The reflection is recorded.",
    CaseStatus.FOLLOW_UP: "Asked what came of it.",
}


def rows(session: Session, reference: str, people: People, *, at_most: int | None) -> tuple[HistoryRow, ...]:
    """Return the history, the newest first."""
    statement = select(AuditEntry).where(AuditEntry.chain == reference).order_by(AuditEntry.seq.desc())
    told: list[HistoryRow] = []
    for entry in session.scalars(statement):
        words = _told(session, entry, people)
        if words:
            told.append(HistoryRow(entry.at, words))
        if at_most is not None and len(told) >= at_most:
            break
    return tuple(told)


def count(session: Session, reference: str, people: People) -> int:
    """Return how many entries the whole history has."""
    return len(rows(session, reference, people, at_most=None))


def _told(session: Session, entry: AuditEntry, people: People) -> str:
    codes: Codes = content_of(entry.text).get("codes") or {}
    tell = _SENTENCES.get(entry.event)
    words = "" if tell is None else tell(session, entry, codes, people)
    who = _who(entry.actor, people)
    behalf = "" if entry.on_behalf_of is None else f" for {_who(entry.on_behalf_of, people)}"
    by = f" By {who}{behalf}." if words and who and entry.event not in _NAMES_ITSELF else ""
    return f"{words}{by}"


def _who(stored: str | None, people: People) -> str:
    number = (stored or "").removeprefix("person:")
    return people.titled(int(number)) if number.isdigit() else ""


def _person(codes: Codes, people: People, name: str = "person") -> str:
    found = str(codes.get(name) or "")
    return people.name(int(found)) if found.isdigit() else "Somebody"


def _moved(_s: Session, _e: AuditEntry, codes: Codes, _p: People) -> str:
    to = CaseStatus(codes["to"])
    if codes.get("from") == CaseStatus.ON_HOLD.value:
        return "Off hold."
    return _MOVES.get(to) or f"{LABELS[to].capitalize()}."


def _task_done(session: Session, entry: AuditEntry, _c: Codes, people: People) -> str:
    task = session.get(Task, int(entry.subject.removeprefix("task:")))
    if task is None or task.kind not in _TASKS_TOLD:
        return ""
    return (
        f"Done: {people.rules.tasks[task.kind].label[:1].lower()}{people.rules.tasks[task.kind].label[1:]}."
    )


_TASKS_TOLD = frozenset({TaskKind.CORRECT, TaskKind.REASSIGN, TaskKind.REVIEW_HOLD})


def _asked(_s: Session, _e: AuditEntry, codes: Codes, people: People) -> str:
    holder = codes.get("holder")
    if holder is None:
        return "Put to the group."
    return f"{people.titled(int(holder))} is asked for an answer."


def _answered(_s: Session, _e: AuditEntry, codes: Codes, people: People) -> str:
    words = _ANSWERS[Answer(codes["answer"])]
    recorded = codes.get("recorded_by")
    by = "" if recorded is None else f" Recorded by {people.titled(int(recorded))}."
    return f"{_person(codes, people)} {words}.{by}"


def _objected(_s: Session, _e: AuditEntry, codes: Codes, people: People) -> str:
    return f"{_person(codes, people)} objected to what was recorded."


def _written(session: Session, entry: AuditEntry, _c: Codes, _p: People) -> str:
    output = session.get(Output, int(entry.subject.removeprefix("output:")))
    return "" if output is None else f"{OutputKind(output.kind).heading}, version {output.version}, is filed."


def _agreed(_s: Session, _e: AuditEntry, codes: Codes, _p: People) -> str:
    words = (
        "The group agreed" if codes.get("answer") == Answer.APPROVE.value else "The group asked for changes"
    )
    return f"{words}: {codes['present']} members present, {codes['professions']} professions."


def _chosen(_s: Session, _e: AuditEntry, codes: Codes, people: People) -> str:
    names = [people.name(int(number)) for number in codes.get("people", [])]
    return f"Asked to reflect: {', '.join(names)}."


def _voided(_s: Session, _e: AuditEntry, codes: Codes, people: People) -> str:
    return f"The answer of {_person(codes, people)} counts no more."


def _says(words: str) -> Callable[[Session, AuditEntry, Codes, People], str]:
    return lambda _s, _e, _c, _p: words


def _names(words: str) -> Callable[[Session, AuditEntry, Codes, People], str]:
    return lambda _s, _e, codes, people: words.format(_person(codes, people))


_SENTENCES: Mapping[str, Callable[[Session, AuditEntry, Codes, People], str]] = {
    "case.logged": _says("Logged."),
    "case.moved": _moved,
    "case.checked": lambda _s, _e, codes, _p: f"Checked for identifiers: {_CHECKS[codes['outcome']]}.",
    "case.parked": _says("A step failed; somebody looks after it."),
    "submission.kept": lambda _s, _e, codes, _p: "A corrected text came." if codes["version"] > 1 else "",
    "approval.asked": _asked,
    "approval.moved": _asked,
    "approval.passed-on": lambda s, e, codes, people: f"Passed on. {_asked(s, e, codes, people)}",
    "approval.nobody-in-line": _says("Nobody is in line to answer; the secretary is told."),
    "approval.overdue": _says("The answer is late; the deputy may answer too."),
    "approval.question": _names("{} asked a question first."),
    "approval.replied": _names("{} has an answer to the question asked first."),
    "approval.reopened": _says("The question is open again."),
    "approval.withdrawn": _says("The question was withdrawn."),
    "approval.superseded": _says("The answer was replaced by a later one."),
    "answer.recorded": _answered,
    "answer.voided": _voided,
    "interest.declared": _names("{} has an interest, and is out of this case."),
    "reflectors.chosen": _chosen,
    "reflectors.reassigned": _chosen,
    "reassign.asked": _says("Too few reflections came in; the Chair chooses somebody else."),
    "reflection.in": _names("Reflection received. {}."),
    "reflection.conflict": _names("{} has a conflict of interest, and does not reflect."),
    "position.written": lambda _s, _e, codes, _p: f"Position, version {codes['version']}, written.",
    "agreement.recorded": _agreed,
    "agreement.objected": _objected,
    "impact.recorded": lambda _s, _e, codes, _p: (
        f"What came of it after {codes['months']} months: answered."
        if codes.get("answer") != "no_answer"
        else f"What came of it after {codes['months']} months: no answer."
    ),
    "output.written": _written,
    "task.done": _task_done,
}
_NAMES_ITSELF = frozenset(
    {"answer.recorded", "approval.asked", "approval.moved", "interest.declared", "reflection.in"}
    | {"reflection.conflict", "agreement.objected", "approval.question", "approval.replied", "output.written"}
    | {"answer.voided"}
)
