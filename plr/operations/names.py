"""Names by the words around them: titles, roles, kinds of place, authorities (decisions 101)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from plr.domain.codes import ConfigReader
from plr.domain.fields import FieldPath, LineOf, no_line
from plr.operations.folding import folded
from plr.operations.identifiers import Kind, Span

_NAME = r"(?<![A-Za-z])(?P<name>[A-Z][a-z]{1,30}(?:['-][A-Za-z]{1,30}){0,3})(?![A-Za-z])"
_CONNECTED = r"[,:]?\s{1,2}(?:\(\s?|(?i:called|named|known as|whose name is)\s{1,2})?"
_NAMED = r"\b(?i:named|known as|name is|name was)\s{1,2}"
_IN = r"(?i:in|of|from|near|at|to|around|outside|across|for)\s{1,2}(?:the\s)?"
_COUNCIL = (
    r"\s{1,2}(?i:council|borough|city|county|local authority|authority|safeguarding|police|partnership"
    r"|children|social services)\b"
)
_CHAIN = re.compile(r"(?<![A-Za-z0-9.'-])[A-Z][A-Za-z.'-]{0,30}")
# after these a new phrase begins, so what stands before them does not belong to the place
_JOINS = {
    "A",
    "An",
    "The",
    "From",
    "Of",
    "In",
    "At",
    "To",
    "And",
    "Or",
    "With",
    "For",
    "By",
    "On",
    "Her",
    "His",
}
_ALSO_LOWER = {
    "hospital",
    "infirmary",
    "school",
    "academy",
    "college",
    "surgery",
    "nursery",
    "clinic",
    "hospice",
}
_LOWER_TITLES = re.compile(r"(?<![\w'])(?<!\d )(?:mr|mrs|ms|dr)\.?\s{1,2}(?!and\b|or\b)[a-z'-]{2,30}")
_CHAIN_WORDS = 5
_LISTS = ("roles", "titles", "places", "no_names")
_AUTHORITIES = ("england", "wales", "short", "needing_context")


@dataclass(frozen=True, slots=True)
class ScreenWords:
    """The words of config/screening.yaml, as patterns."""

    titles: re.Pattern[str]
    before_name: re.Pattern[str]
    after_name: re.Pattern[str]
    places: re.Pattern[str]
    authorities: re.Pattern[str]
    in_context: re.Pattern[str]
    no_names: frozenset[str]

    @classmethod
    def from_mapping(
        cls, mapping: Mapping[str, Any], *, line_of: LineOf = no_line, source: str = "screening.yaml"
    ) -> ScreenWords:
        """Build the patterns from the parsed file; raises InvalidConfigError naming each fault."""
        reader = ConfigReader(line_of)
        roles, titles, places, no_names = (_words(mapping, (name,), reader) for name in _LISTS)
        authorities = reader.mapping(mapping.get("authorities"), ("authorities",), frozenset(_AUTHORITIES))
        lists = {name: _words(authorities, ("authorities", name), reader) for name in _AUTHORITIES}
        reader.finish(source)
        known = [name for group in ("england", "wales", "short") for name in _variants(lists[group])]
        contextual = _any(_variants(lists["needing_context"]))
        role, title = _any(roles), _any([*titles, *(title.upper() for title in titles)])
        return cls(
            titles=re.compile(
                rf"(?<![A-Za-z])(?:{title})\.?\s{{1,2}}(?:[A-Z]\.?\s){{0,2}}(?P<name>[A-Z][A-Za-z'-]{{1,40}})"
            ),
            before_name=re.compile(
                rf"(?<![A-Za-z])(?i:{role})(?:'s)?{_CONNECTED}{_NAME}"
                rf"|{_NAMED}{_NAME.replace('name', 'other')}"
            ),
            after_name=re.compile(rf"{_NAME}\s{{1,2}}(?i:{role})(?![A-Za-z])"),
            places=re.compile(rf"(?<![A-Za-z])(?i:{_any(places)})(?![A-Za-z])"),
            authorities=re.compile(rf"(?<![A-Za-z])(?:{_any(known)})(?![A-Za-z])", re.IGNORECASE),
            in_context=re.compile(
                rf"(?<![A-Za-z]){_IN}(?:{contextual})(?![A-Za-z])|(?<![A-Za-z])(?:{contextual}){_COUNCIL}"
            ),
            no_names=frozenset(
                part for word in (*no_names, *roles, *titles, *places) for part in _parts(word)
            ),
        )

    def is_name(self, word: str | None) -> bool:
        """Tell whether a capitalised word may be a name."""
        return word is not None and word.removesuffix("'s").removesuffix("'").casefold() not in self.no_names

    def names(self, text: str) -> Iterator[Span]:
        """Find what may be the name of a person, a place or an authority."""
        for found in self.titles.finditer(text):
            if self.is_name(found["name"]):
                yield Span(found.start(), found.end(), Kind.TITLE)
        yield from (Span(found.start(), found.end(), Kind.TITLE) for found in _LOWER_TITLES.finditer(text))
        for pattern in (self.authorities, self.in_context):
            yield from (Span(found.start(), found.end(), Kind.AUTHORITY) for found in pattern.finditer(text))
        yield from self._places(text)
        yield from self._people(text)

    def _people(self, text: str) -> Iterator[Span]:
        for found in self.before_name.finditer(text):
            if self.is_name(found["name"] or found["other"]):
                yield Span(found.start(), found.end(), Kind.ROLE)
        for found in self.after_name.finditer(text):
            if "'s" in found["name"] and self.is_name(found["name"]):
                yield Span(found.start(), found.end(), Kind.ROLE)

    def _places(self, text: str) -> Iterator[Span]:
        words = list(_CHAIN.finditer(text))
        at = 0
        for place in self.places.finditer(text):
            while at < len(words) and words[at].end() < place.start():
                at += 1
            if not (place[0][0].isupper() or place[0].casefold() in _ALSO_LOWER):
                continue
            start = self._named(text, place, words[max(at - _CHAIN_WORDS, 0) : at])
            if start is not None:
                yield Span(start, place.end(), Kind.PLACE)

    def _named(self, text: str, place: re.Match[str], words: list[re.Match[str]]) -> int | None:
        """Return where the name of a place begins, walking back over its capitalised words."""
        end = place.start()
        for word in reversed(words):
            if text[word.end() : end].strip(" \n\t") or word[0] in _JOINS:
                return None
            shouted = word[0].isupper() and not place[0].isupper()
            if not shouted and len(word[0]) > 1 and self.is_name(word[0]):
                return word.start()
            if place[0].islower():
                return None
            end = word.start()
        return None


def denied_names(text: str, denied: Iterable[str]) -> Iterator[Span]:
    """Find the names that were typed once for this case, whatever their case."""
    names = [folded(name).strip() for name in denied]
    names = [name for name in names if name]
    if names:
        pattern = re.compile(rf"(?<![A-Za-z])(?:{_any(names)})(?![A-Za-z])", re.IGNORECASE)
        yield from (Span(found.start(), found.end(), Kind.DENIED) for found in pattern.finditer(text))


def _words(mapping: Mapping[str, Any], path: FieldPath, reader: ConfigReader) -> list[str]:
    value = mapping.get(str(path[-1]))
    if isinstance(value, list) and value and all(isinstance(word, str) and word.strip() for word in value):
        return [folded(word) for word in value]
    reader.fault(path, "is not a list of words.", "List the words, in quotes where they hold a comma.")
    return ["?"]


def _variants(names: Iterable[str]) -> Iterator[str]:
    """Give "Bristol, City of" also as "Bristol" and "City of Bristol"."""
    for name in names:
        head, comma, tail = name.partition(", ")
        yield name
        if comma and tail.endswith(" of"):
            yield from (head, f"{tail} {head}")


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first, across spaces, dots and dashes."""
    return "|".join(_loosely(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))


def _loosely(word: str) -> str:
    tokens = re.findall(r"[^\W_]+|'", word)
    pattern = ""
    for before, part in pairwise(["", *tokens]):
        if part == "'":
            pattern += "'?"
        else:
            gap = r"[\s.,\-]{1,3}" if before not in {"", "'"} else ""
            pattern += gap + re.escape(part)
    return pattern or "(?!)"


def _parts(word: str) -> Iterator[str]:
    yield word.casefold()
    yield from word.casefold().split()
