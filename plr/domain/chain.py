"""The audit's hash chains: what an entry's hash covers, and a walk that names the first bad row.

Everything here works on texts that are canonical already (RFC 8785) and on nothing else, so the same
walk serves the database and an export read on another machine.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SYSTEM = "system"
CHECKPOINT = "audit.checkpoint"
FORGOTTEN = "record.forgotten"

_ENTRY = b"plr-audit-1\0"
_GENESIS = b"plr-genesis-1\0"
_RECORD = b"plr-record-1\0"
_STATE = b"plr-state-1\0"


def genesis(installation_id: str, chain: str) -> str:
    """Return what a chain's first entry names as the one before it."""
    return hashlib.sha256(_GENESIS + f"{installation_id}\0{chain}".encode()).hexdigest()


def entry_hash(canonical: bytes) -> str:
    """Return the hash of an entry's canonical text."""
    return hashlib.sha256(_ENTRY + canonical).hexdigest()


def record_hash(salt: str, canonical: bytes) -> str:
    """Return the hash of a record's content, salted so that a deleted text cannot be guessed from it."""
    return hashlib.sha256(_RECORD + bytes.fromhex(salt) + canonical).hexdigest()


def state_hash(canonical: bytes) -> str:
    """Return the hash over every chain, its length and head, and every reference counter."""
    return hashlib.sha256(_STATE + canonical).hexdigest()


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The first row found wrong, such as `PLR-R-2027-001:3` or `answer:5`, and why."""

    row: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: entries read, and the head of the system chain."""

    ok: bool
    entries: int
    head: str | None
    first_bad: FirstBad | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return the verdict as the JSON of interface.md."""
        bad = self.first_bad
        return {
            "ok": self.ok,
            "entries": self.entries,
            "head": self.head,
            "first_bad": None if bad is None else {"row": bad.row, "why": bad.why},
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One stored entry. `copies` are the columns kept beside the text (an export has none)."""

    chain: str
    seq: int
    text: str
    hash: str
    copies: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How a verdict names the row."""
        return f"{self.chain}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a checkpoint says of another chain: this long, with this head."""

    length: int
    head: str
    row: str


class Walk:
    """Reads every entry once, the system chain first, and yields each fault in the order met.

    `heads` are the stored (length, head) of each chain. After the walk, `latest` holds the newest record
    hash of each subject and `forgotten` the subjects deleted since; `standing`, `counters` and `state` are
    what the newest checkpoint says.
    """

    def __init__(
        self, installation_id: str, heads: Mapping[str, tuple[int, str]], anchor: str | None
    ) -> None:
        self._installation_id = installation_id
        self._heads = dict(heads)
        self._anchor = anchor
        self._anchored = anchor is None
        self._claims: dict[str, deque[Claim]] = {}
        self._ended: set[str] = set()
        self.entries = 0
        self.head: str | None = None
        self.latest: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.standing: dict[str, tuple[int, str]] = {}
        self.counters: dict[str, int] = {}
        self.state: str | None = None
        self.checkpoint: str | None = None

    def faults(self, rows: Iterable[Row]) -> Iterator[FirstBad]:
        """Yield every fault of the chains; rows come grouped by chain, the system chain first, in order."""
        chain: str | None = None
        length, prev = 0, ""
        for row in rows:
            if row.chain != chain:
                if chain is not None:
                    yield from self._end(chain, length, prev)
                chain, length, prev = row.chain, 0, genesis(self._installation_id, row.chain)
            self.entries += 1
            why = wrong(row, length + 1, prev)
            if why is not None:
                yield FirstBad(row.name, why)
            self._take(row, content_of(row.text) if why is None else {})
            length, prev = row.seq, row.hash
            yield from self._unclaimed(row)
        if chain is not None:
            yield from self._end(chain, length, prev)
        yield from self._lost()

    def _take(self, row: Row, content: Mapping[str, Any]) -> None:
        if content.get("record_hash") is not None:
            self.latest[str(content["subject"])] = str(content["record_hash"])
        if content.get("event") == FORGOTTEN:
            self.latest.pop(str(content["subject"]), None)
            self.forgotten.add(str(content["subject"]))
        if row.chain != SYSTEM:
            return
        self.head = row.hash
        self._anchored = self._anchored or row.hash == self._anchor
        if content.get("event") == CHECKPOINT:
            codes = content["codes"]
            for chain, length, head in codes["changed"]:
                self._claims.setdefault(chain, deque()).append(Claim(length, head, row.name))
            self.standing = advanced(self.standing, codes)
            self.counters = {f"{prefix}-{year}": last for prefix, year, last in codes["counters"]}
            self.state, self.checkpoint = codes["state"], row.name

    def _unclaimed(self, row: Row) -> Iterator[FirstBad]:
        """Compare a row with what checkpoints said of the chain at this length."""
        claims = self._claims.get(row.chain, deque())
        while claims and claims[0].length <= row.seq:
            claim = claims.popleft()
            if claim.length == row.seq and claim.head != row.hash:
                yield FirstBad(
                    row.name, f"The chain was rewritten: the checkpoint {claim.row} names another head."
                )

    def _end(self, chain: str, length: int, head: str) -> Iterator[FirstBad]:
        self._ended.add(chain)
        if chain == SYSTEM and not self._anchored:
            yield FirstBad(
                f"{SYSTEM}:{length + 1}",
                "The entry with the given head is not there: the tail was cut off, or the head is of another "
                "installation.",
            )
        for claim in self._claims.pop(chain, deque()):
            yield FirstBad(
                f"{chain}:{length + 1}",
                f"The tail was cut off: the checkpoint {claim.row} says {claim.length} entries, "
                f"there are {length}.",
            )
        stored = self._heads.get(chain)
        if stored is None:
            yield FirstBad(f"{chain}:{length}", "The stored head of this chain is missing.")
        elif stored[0] > length:
            yield FirstBad(
                f"{chain}:{length + 1}",
                f"The tail was cut off: the stored head says {stored[0]} entries, there are {length}.",
            )
        elif stored != (length, head):
            yield FirstBad(f"{chain}:{length}", "The stored head of this chain differs from its last entry.")

    def _lost(self) -> Iterator[FirstBad]:
        if not self._anchored and SYSTEM not in self._ended:
            yield FirstBad(f"{SYSTEM}:1", "The system chain is lost: it has no entries.")
        for chain, claims in self._claims.items():
            yield FirstBad(f"{chain}:1", f"The whole chain is lost; the checkpoint {claims[0].row} names it.")
        for chain, (length, _) in self._heads.items():
            if chain not in self._ended and length > 0:
                yield FirstBad(
                    f"{chain}:1", f"The whole chain is lost; its stored head says {length} entries."
                )


def advanced(standing: Mapping[str, tuple[int, str]], codes: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Return every chain's (length, head) after a checkpoint, from those before it.

    A checkpoint names only the chains that changed, unless it is full.
    """
    before = {} if codes["full"] else dict(standing)
    return before | {chain: (length, head) for chain, length, head in codes["changed"]}


def wrong(row: Row, seq: int, prev: str) -> str | None:
    """Say what is wrong with an entry that should be number `seq` after the hash `prev`; None: nothing."""
    if row.seq < seq:
        return "The entry stands twice or out of order."
    if row.seq > seq:
        return f"An entry was dropped: number {seq} is missing before this one."
    return _wrong_text(row, seq, prev)


def _wrong_text(row: Row, seq: int, prev: str) -> str | None:
    if entry_hash(row.text.encode("utf-8", "surrogatepass")) != row.hash:
        return "The entry was changed: its hash does not fit its text."
    content = content_of(row.text)
    if content.get("chain") != row.chain or content.get("seq") != seq:
        return "The entry was moved: it was written at another place."
    if content.get("prev") != prev:
        return "The entries were reordered or replaced: this one does not follow the one before it."
    for name, value in row.copies.items():
        if content.get(name) != value:
            return f"The column {name} was changed: it differs from the entry's text."
    return None


def content_of(text: str) -> dict[str, Any]:
    """Return an entry's content; empty when a forger has left no mapping."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
