"""Outputs: what a document is called, where it lies, who may read it, and what its manifest says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

LONGEST_NAME = 128
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_REFERENCE = re.compile(r"[A-Z]{2,4}(?:-[A-Z]{1,2})?-[0-9]{4}(?:-[0-9]{2,})?")
_REVIEW = re.compile(r"PLR-R-[0-9]{4}-[0-9]{3,}")
_KIND = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXTENSIONS = frozenset({"docx", "xlsx", "csv", "zip", "json"})


class Classification(StrEnum):
    """Who may read an output, from the fewest to everybody (decisions 63)."""

    RESTRICTED = "restricted"
    GROUP = "group"
    ASSOCIATION = "association"
    PUBLIC = "public"

    @property
    def label(self) -> str:
        """The word people see on pages and in the head of a Word file."""
        return self.value.capitalize()


class Root(StrEnum):
    """The two folders of shared storage: one for people, one for the service alone (decisions 100)."""

    OUTPUTS = "outputs"
    RESTRICTED = "restricted"


class OutputKind(StrEnum):
    """The documents of a commissioning reflection (decisions, One process)."""

    SUMMARY = "summary"
    POSITION = "position"
    COMMISSIONING_REFLECTION = "commissioning-reflection"
    IMPACT_NOTE = "impact-note"

    @property
    def heading(self) -> str:
        """The document's heading, and its name in lists."""
        return _HEADINGS[self]

    @property
    def classification(self) -> Classification:
        """Who may read it; a position that nobody has approved is for the service alone (decisions 63)."""
        return Classification.RESTRICTED if self is OutputKind.POSITION else Classification.GROUP


_HEADINGS: Mapping[OutputKind, str] = {
    OutputKind.SUMMARY: "Summary of a review",
    OutputKind.POSITION: "Draft position",
    OutputKind.COMMISSIONING_REFLECTION: "Commissioning reflection",
    OutputKind.IMPACT_NOTE: "Impact note",
}


def root_of(classification: Classification) -> Root:
    """Return the folder an output of this class lies under (decisions 100)."""
    return Root.RESTRICTED if classification is Classification.RESTRICTED else Root.OUTPUTS


def version_words(version: int, *, draft: bool) -> str:
    """Return `v1`, or `draft-v1`; versions count from 1 for each reference and kind."""
    if version < 1:
        raise ValueError("Versions count from 1.")
    return f"draft-v{version}" if draft else f"v{version}"


def file_name(
    day: date, reference: str, kind: str, version: int, *, draft: bool = False, extension: str = "docx"
) -> str:
    """Return the name of an output, such as `2027-06-01_PLR-R-2027-009_summary_v1.docx`.

    The day is the London day it was written (decisions 58).
    """
    if not _REFERENCE.fullmatch(reference) or not _KIND.fullmatch(kind) or extension not in _EXTENSIONS:
        raise ValueError("A file name is built from a reference, a kind and a known extension only.")
    words = version_words(version, draft=draft)
    return checked_name(f"{day.isoformat()}_{reference}_{kind}_{words}.{extension}")


def folder(reference: str, year: int) -> str:
    """Return the folder of a review's outputs, `2027/reviews/PLR-R-2027-009/`; the year is the case's."""
    if not _REVIEW.fullmatch(reference):
        raise ValueError("Only reviews, PLR-R-yyyy-nnn, have a folder here.")
    if not 2000 <= year <= 9999:  # noqa: PLR2004 - four digits
        raise ValueError("The year of a case has four digits.")
    return f"{year}/reviews/{reference}/"


def checked_name(name: str) -> str:
    """Return a file or folder name unchanged, or refuse one that could leave its folder or a share.

    Letters, digits, full stops, hyphens and underscores only: none of those that SharePoint or
    Windows refuse, no spaces, nothing hidden, nothing ending in a full stop (reliability T10).
    """
    if not _NAME.fullmatch(name) or ".." in name or len(name) > LONGEST_NAME:
        raise ValueError("A name in storage has letters, digits, full stops, hyphens and underscores only.")
    return name


def checked_folder(path: str) -> tuple[str, ...]:
    """Return the components of a folder under a storage root, or refuse one that could leave it."""
    return tuple(checked_name(part) for part in path.removesuffix("/").split("/"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is kept beside an output: its hash, its class, who approved it and what it was made from.

    `approvals` are approval ids; `sources` are references with a hash or version, never text.
    `written_at` is the record's time (aware).
    """

    name: str
    folder: str
    reference: str
    kind: str
    version: int
    draft: bool
    sha256: str
    size: int
    classification: Classification
    approvals: tuple[str, ...]
    sources: tuple[str, ...]
    written_at: datetime

    def __post_init__(self) -> None:
        """Refuse a manifest that no later reader could check."""
        checked_name(self.name)
        checked_name(self.own_name)
        checked_folder(self.folder)
        if not _SHA256.fullmatch(self.sha256) or self.written_at.tzinfo is None:
            raise ValueError("A manifest needs a SHA-256 in hexadecimal and an aware instant.")

    @property
    def own_folder(self) -> str:
        """Where the manifest lies: `manifest/<year>/`, the year being that of the output's folder."""
        return f"manifest/{checked_folder(self.folder)[0]}/"

    @property
    def own_name(self) -> str:
        """The manifest's file name: the output's with `.json` after it (decisions 62)."""
        return f"{self.name}.json"

    def to_mapping(self) -> dict[str, str | int | list[str]]:
        """Return the manifest as JSON values."""
        return {
            "name": self.name,
            "folder": self.folder,
            "reference": self.reference,
            "kind": self.kind,
            "version": version_words(self.version, draft=self.draft),
            "sha256": self.sha256,
            "size": self.size,
            "classification": self.classification.value,
            "approvals": list(self.approvals),
            "sources": list(self.sources),
            "written_at": self.written_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
