"""The group's rules as one frozen value: what config/ says, read once and passed along.

Every number of the terms of reference lives in config/ beside its clause; nothing here has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from plr.domain.access import AccessRule
from plr.domain.calendars import CALENDAR_OF_NATION, Calendar
from plr.domain.codes import Codes, Regions
from plr.domain.statutory import StatutoryClocks
from plr.domain.words import ApprovalKind, Depth, Nation, Office, Pattern, TaskKind


@dataclass(frozen=True, slots=True)
class OfficeRule:
    """One office: its shown name, whether it must be filled, and who is next in line."""

    office: Office
    label: str
    required: bool
    next_in_line: tuple[Office, ...]
    by_named_deputy: bool


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """One kind of approval (decisions 38 and its table)."""

    kind: ApprovalKind
    label: str
    question: str
    pattern: Pattern
    offices: tuple[Office, ...]
    suffixes: tuple[str, ...]
    needed: int | None
    working_days: int | None
    letter: str | None
    why: str
    if_nothing: str
    clause: str
    restricted: bool
    effects: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LadderRule:
    """When reminders fire, in working days from the due day (decisions 13)."""

    remind_before: int
    overdue_after: int
    digest_after: int


@dataclass(frozen=True, slots=True)
class TaskRule:
    """One kind of task: whose, how many working days, and the sentences that explain it."""

    kind: TaskKind
    label: str
    office: Office | None
    working_days: int | None
    why: str
    if_nothing: str
    reminds: bool


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """One version of the terms of reference's numbers (decisions 70), by the meeting's date."""

    version: str
    in_force_from: date
    minimum_members: int
    minimum_professions: int
    professions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommissioningRule:
    """The numbers of the commissioning reflection (decisions, One process)."""

    version: int
    depth: Depth
    minimum_reflectors: int
    minimum_professions: int
    minimum_other_regions: int
    enough_when_due: int
    reassign_working_days: int
    rounds_before_choice: int
    hold_days_at_most: int
    follow_up_months: tuple[int, ...]
    objection_working_days: int


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When letters rest, London time (rehearsal Q1)."""

    opens: time
    closes: time
    morning: time


@dataclass(frozen=True, slots=True)
class Rules:
    """All of it."""

    group_name: str
    association_calendar: str
    calendars: Mapping[str, Calendar]
    offices: Mapping[Office, OfficeRule]
    approvals: Mapping[ApprovalKind, ApprovalRule]
    approval_ladder: LadderRule
    task_ladder: LadderRule
    tasks: Mapping[TaskKind, TaskRule]
    commissioning: CommissioningRule
    terms: tuple[TermsVersion, ...]
    quiet_hours: QuietHours
    codes: Codes
    regions: Regions
    clocks: StatutoryClocks
    screening: Mapping[str, Any]
    access: AccessRule
    next_meeting_on: tuple[date, ...]
    numbering_from: Mapping[str, int]

    @property
    def calendar(self) -> Calendar:
        """The association's calendar, by which due days are counted (decisions 20)."""
        return self.calendars[self.association_calendar]

    def calendar_of(self, nation: Nation) -> Calendar:
        """The calendar of a person's nation."""
        return self.calendars[CALENDAR_OF_NATION[nation]]

    def terms_on(self, day: date) -> TermsVersion:
        """The terms in force on a day (decisions 70)."""
        return [terms for terms in self.terms if terms.in_force_from <= day][-1]
