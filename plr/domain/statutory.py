"""Times that law or guidance sets to others: shown in context from a submission's counts, never enforced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, get_args

from plr.domain.codes import ConfigReader
from plr.domain.fields import FieldPath, LineOf, no_line
from plr.domain.wording import plural, statutory_sentence
from plr.domain.words import Nation

ClockUnit: TypeAlias = Literal["working_day", "calendar_day", "month"]
Outcome: TypeAlias = Literal["in_time", "late", "unclear", "not_configured"]
Measure: TypeAlias = tuple[str, Outcome, int]

NOT_CONFIGURED = "timescale not configured"

_KEYS = frozenset(
    {"rule_id", "set", "nation", "label", "from_event", "to_event", "count", "amount", "unit", "strength"}
    | {"source", "valid_from", "valid_to", "confidence"}
)
_LONG_CYCLE = 48


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One time, between two events, in one nation. Without an amount the time is not known to us."""

    rule_id: str
    nation: Nation
    label: str
    from_event: str
    to_event: str
    strength: str
    source: str
    confidence: str
    amount: int | None = None
    unit: ClockUnit = "working_day"
    count: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force(self, on: date) -> bool:
        """Tell whether it is used on a day; an amount without a first day is not used at all."""
        started = self.amount is None if self.valid_from is None else self.valid_from <= on
        return started and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class ClockFact:
    """What a submission's count says of one time: label, words, outcome, and where the time comes from."""

    rule_id: str
    label: str
    words: str
    outcome: Outcome
    over: int
    source: str
    confidence: str

    @property
    def sentence(self) -> str:
        """Return "From telling the Panel to the rapid review: 12 working days late."."""
        return f"{self.label}: {self.words}."


@dataclass(frozen=True, slots=True)
class StatutoryClocks:
    """All rows of config/statutory_clocks.yaml."""

    rules: tuple[ClockRule, ...]

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], *, line_of: LineOf = no_line, source: str = "statutory_clocks.yaml"
    ) -> StatutoryClocks:
        """Build the rows from the parsed file; raises InvalidConfigError naming each fault."""
        reader = ConfigReader(line_of)
        rows = mapping.get("clocks")
        if not isinstance(rows, list):
            reader.fault(("clocks",), "is not a list of clocks.", "List each with rule_id, nation and label.")
            rows = []
        found = [_rule(row, ("clocks", index), reader) for index, row in enumerate(rows)]
        reader.finish(source)
        return cls(tuple(rule for rule in found if rule is not None))

    def context(self, nation: str, counts: Mapping[str, int], on: date) -> list[ClockFact]:
        """Return what can be said of each count on a day; a nation whose times are not known says so."""
        rules = [rule for rule in self.rules if rule.nation == nation and rule.count and rule.in_force(on)]
        facts = [_fact(rule, counts.get(rule.count or "")) for rule in rules]
        return [fact for fact in facts if fact is not None]


def _fact(rule: ClockRule, taken: int | None) -> ClockFact | None:
    if rule.amount is None:
        measured: Measure = (NOT_CONFIGURED, "not_configured", 0)
    elif taken is None:
        return None
    else:
        measured = _measured(taken, rule.amount, rule.unit)
    return ClockFact(rule.rule_id, rule.label, *measured, rule.source, rule.confidence)


def _measured(taken: int, amount: int, unit: ClockUnit) -> Measure:
    if unit == "month":
        return _against_months(taken, amount)
    over = max(taken - amount, 0)
    outcome: Outcome = "late" if over else "in_time"
    if unit == "working_day":
        return statutory_sentence(taken, amount), outcome, over
    words = f"{plural(over, 'day')} late" if over else f"{taken} of {plural(amount, 'day')}, in time"
    return words, outcome, over


def _against_months(days: int, months: int) -> Measure:
    """Compare days with calendar months, whose length depends on a start that a submission does not give."""
    shortest, longest = _span(months)
    if days <= shortest:
        return f"{plural(days, 'day')} of {plural(months, 'month')}, in time", "in_time", 0
    if days > longest:
        over = days - longest
        return f"at least {plural(over, 'day')} late ({plural(months, 'month')})", "late", over
    return f"{plural(days, 'day')}, about {plural(months, 'month')}", "unclear", 0


def _span(months: int) -> tuple[int, int]:
    firsts = [date(2024 + at // 12, at % 12 + 1, 1) for at in range(_LONG_CYCLE + months + 1)]
    lengths = [(firsts[at + months] - firsts[at]).days for at in range(_LONG_CYCLE)]
    return min(lengths), max(lengths)


def _rule(row: object, path: FieldPath, reader: ConfigReader) -> ClockRule | None:
    found = reader.mapping(row, path, _KEYS)
    nation = reader.nation(found.get("nation"), (*path, "nation"))
    amount = found.get("amount")
    if amount is not None and (not isinstance(amount, int) or isinstance(amount, bool)):
        reader.fault((*path, "amount"), "is not a whole number.", "Give a number, or leave it out.")
    unit = found.get("unit", "working_day")
    if unit not in get_args(ClockUnit):
        reader.fault((*path, "unit"), "is not a unit.", f"Use {', '.join(get_args(ClockUnit))}.")
    if nation is None:
        return None
    return ClockRule(
        rule_id=reader.text(found, "rule_id", path, None),
        nation=nation,
        label=reader.text(found, "label", path, None),
        from_event=reader.text(found, "from_event", path, None),
        to_event=reader.text(found, "to_event", path, None),
        strength=reader.text(found, "strength", path, None),
        source=reader.text(found, "source", path, None),
        confidence=reader.text(found, "confidence", path, None),
        amount=amount,
        unit=unit,
        count=reader.text(found, "count", path) or None,
        valid_from=reader.day(found, "valid_from", path),
        valid_to=reader.day(found, "valid_to", path),
    )
