"""The fields of a submission, each with its check, and the rules that no single field can tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from plr.domain.checks import Check, Checks
from plr.domain.codes import NATION_NAMES, Code, Codes, Regions
from plr.domain.fields import FieldPath
from plr.domain.words import Nation, Stage

EXTERNAL_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

REQUIRED = {
    "external_ref": "Give your own reference, such as swp-2024-01.",
    "nation": f"Give one of {', '.join(Nation)}.",
    "region": "Give the region's ONS code or name.",
    "submitted_by": "Give the e-mail address of the person who submits.",
    "capacity": "Say in what capacity: practitioner, reviewer, partner or scrutineer.",
    "stage": "Say decided or pending.",
}
MOST_CHILDREN = 20
MOST_DAYS = 2000
SHORT_TEXT = 300
HOW_TEXT = 100
NARRATIVE = 1500
MOST_QUESTIONS = 5
MOST_ITEMS = 30
ANSWERS = ("yes", "partly", "no")


class Form:
    """Checks one submission; `checks` holds what is wrong with it."""

    def __init__(self, checks: Checks, codes: Codes, regions: Regions, today: date, nation: object) -> None:
        self.checks = checks
        self.codes = codes
        self.regions = regions
        self.today = today
        self.nation = Nation(nation) if isinstance(nation, str) and nation in set(Nation) else None

    def schema(self) -> dict[str, Check]:
        """Return every field with its check."""
        checks = self.checks
        return {
            "external_ref": lambda value, path: checks.matching(
                value, path, EXTERNAL_REF, "Use 1 to 64 letters, digits, dots, dashes or underlines."
            ),
            "nation": self._one_of(tuple(Nation)),
            "region": self._region,
            "submitted_by": checks.address,
            "capacity": self._choice("capacities"),
            "stage": self._choice("stages"),
            "event": self._fields(self._event_fields()),
            "clock": self._fields(self._clock_fields()),
            "criteria": self._rows("code", self._criterion_fields()),
            "options": self._rows("route", self._option_fields()),
            "decision": self._fields(self._decision_fields()),
            "rationale": self._fields(self._rationale_fields()),
            "method": self._fields(self._method_fields()),
            "involvement": self._fields(self._involvement_fields()),
            "parallel_processes": self._codes_of("parallel_processes"),
            "themes": self._codes_of("themes"),
            "narrative": self._text(NARRATIVE),
        }

    def _event_fields(self) -> dict[str, Check]:
        return {
            "kind": self._choice("event_kinds"),
            "children": self._whole(1, MOST_CHILDREN),
            "age_band": self._choice("age_bands"),
            "harm": self._codes_of("harm"),
            "looked_after": self.checks.truth,
            "child_protection_plan": self.checks.truth,
            "known_to_agencies": self.checks.truth,
        }

    def _clock_fields(self) -> dict[str, Check]:
        return {
            "wd_aware_to_notify": self._whole(0, MOST_DAYS),
            "wd_notify_to_rapid_review": self._whole(0, MOST_DAYS),
            "days_decision_to_publication": self._whole(0, MOST_DAYS),
            "reason_for_delay": self._text(SHORT_TEXT),
        }

    def _criterion_fields(self) -> dict[str, Check]:
        return {
            "code": self._choice("criteria"),
            "finding": self._choice("findings"),
            "reason": self._text(SHORT_TEXT),
        }

    def _option_fields(self) -> dict[str, Check]:
        return {
            "route": self._choice("routes"),
            "chosen": self.checks.truth,
            "reason": self._text(SHORT_TEXT),
        }

    def _decision_fields(self) -> dict[str, Check]:
        dissent = self._fields(dict.fromkeys(("role", "view", "resolved"), self._text(SHORT_TEXT)))
        return {
            "by_role": self._choice("decided_by"),
            "unanimous": self.checks.truth,
            "dissent": lambda value, path: self.checks.each(value, path, dissent, MOST_ITEMS),
            "scrutineer_view": self._choice("scrutineer_views"),
            "legal_advice": self.checks.truth,
            "panel_view": self._choice("panel_views"),
        }

    def _rationale_fields(self) -> dict[str, Check]:
        truths = ("recurrent_theme", "immediate_learning_acted_on", "proportionate")
        return {"learning_already_known": self._one_of(ANSWERS), **dict.fromkeys(truths, self.checks.truth)}

    def _method_fields(self) -> dict[str, Check]:
        question = self._text(SHORT_TEXT)
        return {
            "methodology": self._choice("methodologies"),
            "reviewer": self._choice("reviewer"),
            "questions": lambda value, path: self.checks.each(value, path, question, MOST_QUESTIONS),
        }

    def _involvement_fields(self) -> dict[str, Check]:
        return {
            "family": self._choice("family"),
            "how": self._text(HOW_TEXT),
            "practitioners": self._text(HOW_TEXT),
        }

    def _fields(self, known: dict[str, Check]) -> Check:
        return lambda value, path: self.checks.fields(value, path, known)

    def _text(self, at_most: int) -> Check:
        return lambda value, path: self.checks.text(value, path, at_most)

    def _one_of(self, words: tuple[str, ...]) -> Check:
        return lambda value, path: self.checks.word(value, path, words)

    def _whole(self, low: int, high: int) -> Check:
        return lambda value, path: self.checks.whole(value, path, low, high)

    def _choice(self, name: str) -> Check:
        return lambda value, path: self._code(name, value, path)

    def _codes_of(self, name: str) -> Check:
        def check(value: object, path: FieldPath) -> list[Any]:
            found = self.checks.each(value, path, self._choice(name), MOST_ITEMS)
            if isinstance(value, list):
                self.checks.once(value, [(*path, index) for index in range(len(value))])
            return found

        return check

    def _rows(self, key: str, known: dict[str, Check]) -> Check:
        """Check a list of mappings of which no two have the same key."""

        def row(value: object, path: FieldPath) -> dict[str, Any] | None:
            found = self.checks.fields(value, path, known)
            if isinstance(value, dict) and value.get(key) is None:
                self.checks.fault((*path, key), "is missing.", "Say which one this is about.")
            return found

        def check(value: object, path: FieldPath) -> list[Any]:
            found = self.checks.each(value, path, row, MOST_ITEMS)
            if isinstance(value, list):
                keys = [item.get(key) if isinstance(item, dict) else None for item in value]
                self.checks.once(keys, [(*path, index, key) for index in range(len(value))])
            return found

        return check

    def _region(self, value: object, path: FieldPath) -> str | None:
        found = self.regions.find(value, self.nation) if isinstance(value, str) else None
        if found is not None:
            return found.code
        offered = self.regions.all if self.nation is None else self.regions.of_nation(self.nation)
        choices = ", ".join(f"{region.code} ({region.name})" for region in offered)
        where = "" if self.nation is None else f" of {NATION_NAMES[self.nation]}"
        self.checks.fault(path, f"is not a region{where}.", f"Give {choices}.")
        return None

    def _code(self, name: str, value: object, path: FieldPath) -> str | None:
        found = self.codes.get(name, value)
        if found is not None and self._lawful(found):
            return found.code
        choices = [code.code for code in self.codes.lists[name].values() if self._lawful(code)]
        self.checks.fault(path, self._why_not(found), f"Choose {', '.join(choices)}.")
        return None

    def _lawful(self, code: Code) -> bool:
        return code.in_force(self.today) and (self.nation is None or self.nation in code.nations)

    def _why_not(self, code: Code | None) -> str:
        if code is None:
            return "is not a known code."
        if self.nation is not None and self.nation not in code.nations:
            return f"is not used in {NATION_NAMES[self.nation]}."
        return "is not in use today."

    def rules(self, data: Mapping[str, Any]) -> None:
        """Check what no single field can tell."""
        for name, remedy in REQUIRED.items():
            if data.get(name) is None:
                self.checks.fault((name,), "is missing.", remedy)
        options = data.get("options")
        if not isinstance(options, list) or not options:
            return
        chosen = [at for at, row in enumerate(options) if isinstance(row, dict) and row.get("chosen") is True]
        stage = data.get("stage")
        if stage == Stage.PENDING:
            for at in chosen:
                problem = "is chosen although the decision is pending."
                self.checks.fault(("options", at, "chosen"), problem, "Write false, or stage: decided.")
        else:
            for at in chosen[1:MOST_ITEMS]:
                problem = "is a second chosen route."
                self.checks.fault(("options", at, "chosen"), problem, "Choose one route only.")
        told = all(isinstance(row, dict) and _is_told(row.get("chosen")) for row in options)
        if stage == Stage.DECIDED and told and not chosen:
            problem = "has no chosen route although the decision is taken."
            self.checks.fault(("options",), problem, "Choose exactly one, or write stage: pending.")


def _is_told(chosen: object) -> bool:
    return chosen is None or isinstance(chosen, bool)
