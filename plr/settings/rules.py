"""The group's rules, read from config/ into domain values, with file and line when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, TypeVar

from plr.domain.access import AccessRule
from plr.domain.calendars import Calendar, calendars_from
from plr.domain.codes import Codes, Regions
from plr.domain.rules import (
    ApprovalRule,
    CommissioningRule,
    LadderRule,
    OfficeRule,
    QuietHours,
    Rules,
    TaskRule,
    TermsVersion,
)
from plr.domain.statutory import StatutoryClocks
from plr.domain.words import ApprovalKind, Depth, Office, Pattern, TaskKind
from plr.errors import InvalidConfigError, Problem
from plr.settings.files import ConfigFiles
from plr.settings.model import Settings, config_files

T = TypeVar("T")


def load_rules(settings: Settings, files: ConfigFiles | None = None) -> Rules:
    """Read every rule. Raises InvalidConfigError naming file, key and remedy."""
    files = files or config_files()
    processes = files.merged("processes")
    approvals = files.merged("approvals")
    commissioning, tasks = processes["commissioning"], processes["tasks"]
    return Rules(
        group_name=settings.group.name,
        association_calendar=settings.time.association_calendar,
        calendars=_calendars(settings, files),
        offices=_table(files, "roles", files.merged("roles"), Office, _office),
        approvals=_table(files, "approvals", approvals["kinds"], ApprovalKind, _approval),
        approval_ladder=_checked(files, "approvals", "ladder", lambda: _ladder(approvals["ladder"])),
        task_ladder=_checked(files, "processes", "tasks.ladder", lambda: _ladder(tasks["ladder"])),
        tasks=_table(files, "processes", tasks["kinds"], TaskKind, _task),
        commissioning=_checked(files, "processes", "commissioning", lambda: _commissioning(commissioning)),
        terms=_terms(files),
        quiet_hours=_checked(files, "quiet-hours", "", lambda: _quiet_hours(files.merged("quiet-hours"))),
        codes=_listed(files, "review_codes", Codes.from_mapping),
        regions=_listed(files, "regions", Regions.from_mapping),
        clocks=_listed(files, "statutory_clocks", StatutoryClocks.from_mapping),
        screening=_checked(files, "screening", "", lambda: _words(files.merged("screening"))),
        access=AccessRule(**settings.security.model_dump(exclude={"anonymous_posts_a_minute"})),
        next_meeting_on=_checked(
            files,
            "processes",
            "commissioning.next_meetings",
            lambda: tuple(sorted(_day(on) for on in commissioning["next_meetings"])),
        ),
        numbering_from=_checked(
            files,
            "processes",
            "commissioning.numbering_from",
            lambda: {prefix: int(first) for prefix, first in commissioning["numbering_from"].items()},
        ),
    )


def _checked(files: ConfigFiles, name: str, where: str, build: Callable[[], T]) -> T:
    try:
        return build()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        path = tuple(part for part in where.split(".") if part)
        source, line = files.line_of(name, path)
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else "holds a wrong value"
        remedy = f"Compare it with the shipped {name}.yaml."
        raise InvalidConfigError([Problem(where, f"{what}.", remedy, line)], source) from None


def _listed(files: ConfigFiles, name: str, build: Callable[..., T]) -> T:
    """Build one of the lists that check themselves, with the lines of the file that set them."""
    top = files.layers(name)[-1]
    return build(files.merged(name), line_of=top.document.line_of, source=str(top.path))


def _table(
    files: ConfigFiles,
    name: str,
    data: Mapping[str, Any],
    keys: type[T],
    build: Callable[[Any, Mapping[str, Any]], Any],
) -> dict[Any, Any]:
    members = list(keys)  # type: ignore[call-overload] # an enum class is iterable
    table = {}
    for key in members:
        if key not in data:
            source, _ = files.line_of(name, ())
            problem = Problem(str(key), "is missing.", f"Compare it with the shipped {name}.yaml.")
            raise InvalidConfigError([problem], source)
        table[key] = _checked(files, name, str(key), lambda key=key: build(key, data[key]))  # type: ignore[misc] # bound now
    return table


def _office(office: Office, data: Mapping[str, Any]) -> OfficeRule:
    return OfficeRule(
        office=office,
        label=data["label"],
        required=bool(data["required"]),
        next_in_line=tuple(Office(name) for name in data["next_in_line"]),
        by_named_deputy=bool(data.get("by_named_deputy", False)),
    )


def _approval(kind: ApprovalKind, data: Mapping[str, Any]) -> ApprovalRule:
    return ApprovalRule(
        kind=kind,
        label=data["label"],
        question=data["question"],
        pattern=Pattern(data["pattern"]),
        offices=tuple(Office(name) for name in data["offices"]),
        suffixes=_texts(data["suffixes"]),
        needed=data.get("needed"),
        working_days=_days(data["working_days"]),
        letter=data["letter"],
        why=data["why"],
        if_nothing=data["if_nothing"],
        clause=data["clause"],
        restricted=bool(data.get("restricted", False)),
        effects=dict(data["effects"]),
    )


def _ladder(data: Mapping[str, Any]) -> LadderRule:
    return LadderRule(**{name: int(days) for name, days in data.items()})


def _days(value: Any) -> int | None:
    return None if value is None else int(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("A list of texts is something else.")
    return tuple(value)


def _known(row: Mapping[str, Any], shipped: Mapping[str, Any]) -> bool:
    if not set(row) <= set(shipped):
        raise ValueError("A row holds an unknown key.")
    return True


def _words(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the screen's word lists as they are, once each is a list of texts, or holds such lists."""
    for value in data.values():
        lists = list(value.values()) if isinstance(value, Mapping) else [value]
        for words in lists:
            _texts(words)
    return dict(data)


def _task(kind: TaskKind, data: Mapping[str, Any]) -> TaskRule:
    return TaskRule(
        kind=kind,
        label=data["label"],
        office=None if data["office"] is None else Office(data["office"]),
        working_days=_days(data["working_days"]),
        why=data["why"],
        if_nothing=data["if_nothing"],
        reminds=bool(data["reminds"]),
    )


def _commissioning(data: Mapping[str, Any]) -> CommissioningRule:
    return CommissioningRule(
        version=int(data["version"]),
        depth=Depth(data["depth"]),
        minimum_reflectors=int(data["minimum_reflectors"]),
        minimum_professions=int(data["minimum_professions"]),
        minimum_other_regions=int(data["minimum_other_regions"]),
        enough_when_due=int(data["enough_when_due"]),
        reassign_working_days=int(data["reassign_working_days"]),
        rounds_before_choice=int(data["rounds_before_choice"]),
        hold_days_at_most=int(data["hold_days_at_most"]),
        follow_up_months=tuple(int(months) for months in data["follow_up_months"]),
        objection_working_days=int(data["objection_working_days"]),
    )


def _terms(files: ConfigFiles) -> tuple[TermsVersion, ...]:
    shipped = files.layers("terms")[0].data["versions"][0]

    def build() -> tuple[TermsVersion, ...]:
        versions = [
            TermsVersion(
                version=str(row["version"]),
                in_force_from=_day(row["in_force_from"]),
                minimum_members=int(row["quorum"]["minimum_members"]),
                minimum_professions=int(row["quorum"]["minimum_professions"]),
                professions=_texts(row["quorum"]["professions"]),
            )
            for row in files.merged("terms")["versions"]
            if _known(row, shipped) and _known(row["quorum"], shipped["quorum"])
        ]
        return tuple(sorted(versions, key=lambda terms: terms.in_force_from))

    return _checked(files, "terms", "versions", build)


def _quiet_hours(data: Mapping[str, Any]) -> QuietHours:
    return QuietHours(**{name: time.fromisoformat(data[name]) for name in ("opens", "closes", "morning")})


def _calendars(settings: Settings, files: ConfigFiles) -> Mapping[str, Calendar]:
    own = None if files.overlay is None or files.overlay.is_file() else files.overlay / "bank-holidays.json"
    path = own if own is not None and own.exists() else files.shipped / "bank-holidays.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    closed = [day.on for day in settings.time.extra_closed_days]
    return calendars_from(document, closed)


def _day(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
