"""The summary of a submission: its coded fields in words, and nothing that somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from plr.domain.codes import NATION_NAMES, Codes, Regions
from plr.domain.documents import Review, Row, SummaryFields
from plr.domain.statutory import ClockFact
from plr.domain.submissions import Submission
from plr.domain.wording import plural

_CODE = re.compile(r"[<A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_FINDINGS = {"met": "Met", "may_be": "May be met", "not_met": "Not met", "not_considered": "Not considered"}
_PANEL = {"asks_more": "Asks for more", "national": "Suggests a national review"}
_SCRUTINEER = {"alternative": "Prefers another route"}
_EVENT = (("looked_after", "Looked after"), ("child_protection_plan", "Child protection plan"))
_COUNTS = (
    ("wd_aware_to_notify", "From knowing to notifying", "working day"),
    ("wd_notify_to_rapid_review", "From notifying to the rapid review", "working day"),
    ("days_decision_to_publication", "From the decision to publication", "day"),
)


def review_of(submission: Submission, *, reference: str, regions: Regions) -> Review:
    """Return what every document of a case says of its review."""
    region = regions.find(submission.region)
    return Review(
        reference=reference,
        nation=NATION_NAMES[submission.nation],
        region=_code(submission.region) if region is None else region.name,
        type=submission.type_label[:1].upper() + submission.type_label[1:],
        stage=submission.stage,
    )


def summarise(
    submission: Submission,
    *,
    reference: str,
    logged_on: date,
    codes: Codes,
    regions: Regions,
    clocks: Sequence[ClockFact] = (),
) -> SummaryFields:
    """Return the fields of a summary.

    Left out: narrative, reasons, questions, other texts, addresses and the sender's own reference.
    `clocks` are the statutory times in context (decisions 84); counts without one are shown bare.
    """
    body = submission.body
    words = _Words(codes)
    return SummaryFields(
        review=review_of(submission, reference=reference, regions=regions),
        logged_on=logged_on,
        submitted_as=words.of("capacities", submission.capacity),
        event=_event(body.get("event", {}), words),
        decision=_decision(body.get("decision", {}), words),
        criteria=tuple(
            Row(words.of("criteria", row["code"]), words.of("findings", row.get("finding"), _FINDINGS))
            for row in body.get("criteria", [])
        ),
        options=tuple(
            Row(words.of("routes", row["route"]), _chosen(row, pending=submission.stage.value == "pending"))
            for row in body.get("options", [])
        ),
        times=_times(submission.clock, clocks),
        rationale=_rationale(body.get("rationale", {})),
        method=_method(body.get("method", {}), body.get("involvement", {}), words),
        parallel_processes=words.all("parallel_processes", body.get("parallel_processes", [])),
        themes=words.all("themes", body.get("themes", [])),
    )


class _Words:
    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    def of(self, name: str, code: object, ours: Mapping[str, str] | None = None) -> str:
        if code is None:
            return "Not given"
        checked = _code(code)
        return (ours or {}).get(checked) or self._codes.label(name, checked)

    def all(self, name: str, given: Iterable[object]) -> tuple[str, ...]:
        return tuple(self.of(name, code) for code in given)


def _code(value: object) -> str:
    """Return a code, or refuse text where a code belongs: a summary holds none (decisions 85)."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError("A summary holds codes only.")
    return value


def _yes(value: object) -> str:
    return "Yes" if value is True else "No"


def _chosen(row: Mapping[str, Any], *, pending: bool) -> str:
    if pending:
        return "Being weighed"
    return "Chosen" if row.get("chosen") is True else "Not chosen"


def _event(event: Mapping[str, Any], words: _Words) -> tuple[Row, ...]:
    rows = []
    if "kind" in event:
        rows.append(Row("What happened", words.of("event_kinds", event["kind"])))
    if "children" in event:
        rows.append(Row("Children", str(int(event["children"]))))
    if "age_band" in event:
        rows.append(Row("Age", words.of("age_bands", event["age_band"])))
    if event.get("harm"):
        rows.append(Row("Harm", ", ".join(words.all("harm", event["harm"]))))
    rows += [Row(label, _yes(event[name])) for name, label in _EVENT if name in event]
    if "known_to_agencies" in event:
        rows.append(Row("Known to agencies", _yes(event["known_to_agencies"])))
    return tuple(rows)


def _decision(decision: Mapping[str, Any], words: _Words) -> tuple[Row, ...]:
    rows = []
    if "by_role" in decision:
        rows.append(Row("Decided by", words.of("decided_by", decision["by_role"])))
    if "unanimous" in decision:
        rows.append(Row("Unanimous", _yes(decision["unanimous"])))
    if decision.get("dissent"):
        rows.append(Row("Other views recorded", str(len(decision["dissent"]))))
    if "scrutineer_view" in decision:
        rows.append(
            Row("Scrutineer's view", words.of("scrutineer_views", decision["scrutineer_view"], _SCRUTINEER))
        )
    if "legal_advice" in decision:
        rows.append(Row("Legal advice taken", _yes(decision["legal_advice"])))
    if "panel_view" in decision:
        rows.append(Row("National Panel's view", words.of("panel_views", decision["panel_view"], _PANEL)))
    return tuple(rows)


def _times(counts: Mapping[str, int], clocks: Sequence[ClockFact]) -> tuple[Row, ...]:
    if clocks:
        return tuple(Row(fact.label, fact.words) for fact in clocks)
    return tuple(Row(label, plural(counts[name], unit)) for name, label, unit in _COUNTS if name in counts)


def _rationale(rationale: Mapping[str, Any]) -> tuple[Row, ...]:
    rows = []
    if "learning_already_known" in rationale:
        rows.append(Row("Learning already known", _code(rationale["learning_already_known"]).capitalize()))
    asked = (
        ("recurrent_theme", "A recurrent theme"),
        ("immediate_learning_acted_on", "Immediate learning acted on"),
        ("proportionate", "Proportionate"),
    )
    rows += [Row(label, _yes(rationale[name])) for name, label in asked if name in rationale]
    return tuple(rows)


def _method(method: Mapping[str, Any], involvement: Mapping[str, Any], words: _Words) -> tuple[Row, ...]:
    rows = []
    if "methodology" in method:
        rows.append(Row("Method", words.of("methodologies", method["methodology"])))
    if "reviewer" in method:
        rows.append(Row("Reviewer", words.of("reviewer", method["reviewer"])))
    if "family" in involvement:
        rows.append(Row("Family", words.of("family", involvement["family"])))
    return tuple(rows)
