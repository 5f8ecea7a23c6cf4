"""The lists a submission chooses from, by nation and date, and the regions (config/review_codes, regions)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from plr.domain.fields import FieldPath, LineOf, field_name, no_line
from plr.domain.words import Nation
from plr.errors import InvalidConfigError, Problem

NATION_NAMES: Mapping[str, str] = {
    Nation.ENGLAND: "England",
    Nation.WALES: "Wales",
    Nation.SCOTLAND: "Scotland",
    Nation.NORTHERN_IRELAND: "Northern Ireland",
}
LISTS = (
    "stages",
    "capacities",
    "event_kinds",
    "age_bands",
    "harm",
    "findings",
    "criteria",
    "routes",
    "decided_by",
    "panel_views",
    "scrutineer_views",
    "parallel_processes",
    "methodologies",
    "reviewer",
    "family",
    "positions",
    "themes",
)
ALL_NATIONS = frozenset(Nation)


@dataclass(frozen=True, slots=True)
class Code:
    """One choice: what people read, where it is lawful, from which day to which, and how sure we are."""

    code: str
    label: str
    nations: frozenset[Nation] = ALL_NATIONS
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    confidence: str = ""

    def lawful(self, nation: str, on: date) -> bool:
        """Tell whether it may be chosen in a nation on a day."""
        return nation in self.nations and self.in_force(on)

    def in_force(self, on: date) -> bool:
        """Tell whether a day lies between its first and last, both included."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Codes:
    """All the lists."""

    lists: Mapping[str, Mapping[str, Code]] = field(hash=False)

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], *, line_of: LineOf = no_line, source: str = "review_codes.yaml"
    ) -> Codes:
        """Build the lists from the parsed file; raises InvalidConfigError naming each fault."""
        reader = ConfigReader(line_of)
        for name in mapping:
            if name not in LISTS:
                reader.fault((name,), "is not a list of this program.", "Remove it.")
        lists = {name: _list_of(mapping.get(name), name, reader) for name in LISTS}
        reader.finish(source)
        return cls(lists)

    def get(self, name: str, code: object) -> Code | None:
        """Return a code of a list, wherever it is lawful."""
        return self.lists[name].get(code) if isinstance(code, str) else None

    def lawful(self, name: str, nation: str, on: date) -> tuple[Code, ...]:
        """Return what may be chosen from a list in a nation on a day, in the order of the file."""
        return tuple(code for code in self.lists[name].values() if code.lawful(nation, on))

    def label(self, name: str, code: str) -> str:
        """Return what people read for a stored code; the code itself if the list no longer holds it."""
        found = self.lists[name].get(code)
        return code if found is None else found.label


@dataclass(frozen=True, slots=True)
class Region:
    """One region: ONS code, nation, name, and the NHS region it mostly lies in."""

    code: str
    nation: Nation
    name: str
    nhs_region: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions that are switched on, in the order of the file."""

    all: tuple[Region, ...]

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], *, line_of: LineOf = no_line, source: str = "regions.yaml"
    ) -> Regions:
        """Build the regions from the parsed file; raises InvalidConfigError naming each fault."""
        reader = ConfigReader(line_of)
        rows = mapping.get("regions")
        if not isinstance(rows, list) or not rows:
            reader.fault(("regions",), "is not a list of regions.", "List each with code, nation and name.")
            rows = []
        regions = [_region(row, ("regions", index), reader) for index, row in enumerate(rows)]
        reader.finish(source)
        return cls(tuple(region for region in regions if region is not None))

    def find(self, text: str, nation: str | None = None) -> Region | None:
        """Return the region of an ONS code or name, of that nation if one is given; case does not matter."""
        wanted = _folded(text)
        for region in self.all:
            names = (region.code, region.name, *region.also)
            if nation in {None, region.nation} and wanted in map(_folded, names):
                return region
        return None

    def of_nation(self, nation: str) -> tuple[Region, ...]:
        """Return the regions of a nation."""
        return tuple(region for region in self.all if region.nation == nation)


class ConfigReader:
    """Reads values of a configuration file and collects what is wrong with them."""

    def __init__(self, line_of: LineOf = no_line) -> None:
        self.line_of = line_of
        self.problems: list[Problem] = []

    def fault(self, path: FieldPath, problem: str, remedy: str) -> None:
        """Note one thing that is wrong."""
        self.problems.append(Problem(field_name(path), problem, remedy, self.line_of(path)))

    def finish(self, source: str) -> None:
        """Raise if anything was wrong."""
        if self.problems:
            raise InvalidConfigError(self.problems, source)

    def mapping(self, value: object, path: FieldPath, known: frozenset[str]) -> Mapping[str, Any]:
        """Return a mapping of known keys."""
        if not isinstance(value, dict):
            self.fault(path, "is not a mapping.", f"Write {{{', '.join(sorted(known))}}}.")
            return {}
        for key in value:
            if key not in known:
                self.fault((*path, str(key)), "is not known here.", f"Use {', '.join(sorted(known))}.")
        return value

    def text(self, row: Mapping[str, Any], key: str, path: FieldPath, default: str | None = "") -> str:
        """Return a text; without a default it must be there."""
        value = row.get(key, default)
        if isinstance(value, str):
            return value
        self.fault((*path, key), "is not text.", "Write it as text.")
        return ""

    def day(self, row: Mapping[str, Any], key: str, path: FieldPath) -> date | None:
        """Return a day written 2018-06-29, if there is one."""
        value = row.get(key)
        if value is None or isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault((*path, key), "is not a date.", "Write it as 2018-06-29.")
            return None

    def nation(self, value: object, path: FieldPath) -> Nation | None:
        """Return a nation."""
        if value in ALL_NATIONS:
            return Nation(str(value))
        self.fault(path, "is not a nation.", f"Use {', '.join(Nation)}.")
        return None


_CODE_KEYS = frozenset({"label", "nations", "valid_from", "valid_to", "source", "confidence"})
_REGION_KEYS = frozenset({"code", "nation", "name", "nhs_region", "panel_link", "also", "enabled"})


def _list_of(value: object, name: str, reader: ConfigReader) -> dict[str, Code]:
    if isinstance(value, list):
        value = dict.fromkeys(value, "all") if all(isinstance(item, str) for item in value) else None
    if not isinstance(value, dict) or not value:
        reader.fault(
            (name,), "is not a list of codes.", "List the codes, or map each to its label and nations."
        )
        return {}
    return {code: _code(code, row, (name, code), reader) for code, row in value.items()}


def _code(code: str, row: object, path: FieldPath, reader: ConfigReader) -> Code:
    # a code without a label of its own may be given by its nations alone
    row = row if isinstance(row, dict) else {"nations": row}
    row = reader.mapping(row, path, _CODE_KEYS)
    return Code(
        code=code,
        label=reader.text(row, "label", path, _spoken(code)),
        nations=_nations(row.get("nations", "all"), (*path, "nations"), reader),
        valid_from=reader.day(row, "valid_from", path),
        valid_to=reader.day(row, "valid_to", path),
        source=reader.text(row, "source", path),
        confidence=reader.text(row, "confidence", path),
    )


def _nations(value: object, path: FieldPath, reader: ConfigReader) -> frozenset[Nation]:
    if value == "all":
        return ALL_NATIONS
    if not isinstance(value, list) or not value:
        reader.fault(path, "does not say where it is lawful.", "Write `all`, or a list of nations.")
        return ALL_NATIONS
    found = (reader.nation(name, (*path, index)) for index, name in enumerate(value))
    return frozenset(nation for nation in found if nation is not None)


def _region(row: object, path: FieldPath, reader: ConfigReader) -> Region | None:
    found = reader.mapping(row, path, _REGION_KEYS)
    if found.get("enabled", True) is not True or not found:
        return None
    code = reader.text(found, "code", path, None)
    name = reader.text(found, "name", path, None)
    nation = reader.nation(found.get("nation"), (*path, "nation"))
    also = found.get("also", [])
    if not isinstance(also, list) or not all(isinstance(item, str) for item in also):
        reader.fault((*path, "also"), "is not a list of names.", "Write [one name, another].")
        also = []
    if nation is None:
        return None
    return Region(code, nation, name, reader.text(found, "nhs_region", path), tuple(also))


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("&", " and ").split())


def _spoken(code: str) -> str:
    if code.isupper():
        return code.replace("_", " ")
    words = code.replace("_", " ").replace("-", " ") if code[:1].isalpha() else code
    return words[:1].upper() + words[1:]
