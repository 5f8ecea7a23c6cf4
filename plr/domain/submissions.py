"""A submission: what it may hold (interface, A submission), and what is kept of it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from plr.domain.checks import Checks
from plr.domain.codes import Codes, Regions
from plr.domain.fields import FieldPath, LineOf, field_name, no_line
from plr.domain.submission_form import Form
from plr.domain.words import Nation, Stage
from plr.errors import InvalidInputError, Problem

DECISION_PENDING = "decision pending"
ROUTE_NOT_GIVEN = "route not given"


@dataclass(frozen=True, slots=True)
class Submission:
    """A checked submission. `body` is plain data with known keys; what was empty is left out."""

    body: Mapping[str, Any] = field(hash=False)
    type_label: str
    lines: Mapping[str, int | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_content(cls, content: Mapping[str, Any], codes: Codes) -> Submission:
        """Return the submission of a stored content."""
        body = copy.deepcopy(dict(content))
        return cls(body, _type_label(body, codes))

    @property
    def external_ref(self) -> str:
        """The sender's own reference."""
        return str(self.body["external_ref"])

    @property
    def nation(self) -> Nation:
        """The nation whose law applies."""
        return Nation(self.body["nation"])

    @property
    def region(self) -> str:
        """The region's ONS code."""
        return str(self.body["region"])

    @property
    def submitted_by(self) -> str:
        """The e-mail address of the person who submits."""
        return str(self.body["submitted_by"])

    @property
    def capacity(self) -> str:
        """In what capacity that person speaks."""
        return str(self.body["capacity"])

    @property
    def stage(self) -> Stage:
        """Whether the decision has been taken."""
        return Stage(self.body["stage"])

    @property
    def narrative(self) -> str:
        """The anonymised story; empty if there is none."""
        return str(self.body.get("narrative", ""))

    @property
    def chosen_route(self) -> str | None:
        """The code of the route that was chosen."""
        return _chosen(self.body)

    @property
    def clock(self) -> Mapping[str, int]:
        """The elapsed days that were given, by field."""
        return {name: count for name, count in self.body.get("clock", {}).items() if isinstance(count, int)}

    def content(self) -> dict[str, Any]:
        """Return plain data to be stored as JSON."""
        return copy.deepcopy(dict(self.body))

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal: the same content gives the same hash."""
        canonical = json.dumps(self.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def validate(
    data: Mapping[str, Any],
    codes: Codes,
    regions: Regions,
    *,
    today: date,
    line_of: LineOf = no_line,
    source: str = "input",
) -> Submission:
    """Check a submission against the codes lawful today; raises InvalidInputError with every problem."""
    if not isinstance(data, dict):
        raise InvalidInputError([Problem("", "is not a mapping.", "Send fields and values.", 1)], source)
    form = Form(Checks(line_of), codes, regions, today, data.get("nation"))
    body = form.checks.fields(data, (), form.schema())
    form.rules(data)
    form.checks.finish(source)
    body = body or {}
    lines = {
        field_name(path): line_of(path) for path in (("external_ref",), *(path for path, _ in _texts(body)))
    }
    return Submission(body, _type_label(body, codes), lines)


def text_fields(submission: Submission) -> Iterator[tuple[str, str, int | None]]:
    """Give field, text and line of every free text, for the identifier screen."""
    for path, text in _texts(submission.body):
        name = field_name(path)
        yield name, text, submission.lines.get(name)


def key_fields(submission: Submission) -> Iterator[tuple[str, str, int | None]]:
    """Give the keys a sender makes up: screened for addresses and checksum-valid numbers only."""
    yield "external_ref", submission.external_ref, submission.lines.get("external_ref")


def _texts(body: Mapping[str, Any]) -> Iterator[tuple[FieldPath, str]]:
    for block, name in (
        ("clock", "reason_for_delay"),
        ("involvement", "how"),
        ("involvement", "practitioners"),
    ):
        if text := body.get(block, {}).get(name):
            yield (block, name), text
    for block in ("criteria", "options"):
        for index, row in enumerate(body.get(block, [])):
            if text := row.get("reason"):
                yield (block, index, "reason"), text
    for index, row in enumerate(body.get("decision", {}).get("dissent", [])):
        for name, text in row.items():
            yield ("decision", "dissent", index, name), text
    for index, text in enumerate(body.get("method", {}).get("questions", [])):
        yield ("method", "questions", index), text
    if text := body.get("narrative"):
        yield ("narrative",), text


def _chosen(body: Mapping[str, Any]) -> str | None:
    return next((row["route"] for row in body.get("options", []) if row.get("chosen")), None)


def _type_label(body: Mapping[str, Any], codes: Codes) -> str:
    if body["stage"] == Stage.PENDING:
        return DECISION_PENDING
    chosen = _chosen(body)
    return ROUTE_NOT_GIVEN if chosen is None else codes.label("routes", chosen)
