"""A plain model of questions and answers: lists and dictionaries, written from the rules, not from the code.

It knows the invented cast: one holder an office, nobody leaves; all days are those of England.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from plr.domain.words import Answer, ApprovalStatus, Office, Pattern
from tests.factories import AMARA, GARETH, HELEN, JOAN, MARY, REFERENCE, SUNITA, TOM

# Good Friday and Easter Monday, the early and the late May bank holidays, 2027.
CLOSED = {date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 3), date(2027, 5, 31)}
LINE = {
    Office.CHAIR: [AMARA, GARETH, HELEN],
    Office.VICE_CHAIR: [GARETH],
    Office.DATA_PROTECTION_LEAD: [MARY, GARETH],
    Office.ASSOCIATION_CHAIR: [HELEN],
}
NAMED_DEPUTY = {AMARA: GARETH, HELEN: SUNITA, MARY: TOM}
OPEN, VOID, WITHDRAWN, SUPERSEDED = (
    ApprovalStatus.OPEN,
    ApprovalStatus.VOID,
    ApprovalStatus.WITHDRAWN,
    ApprovalStatus.SUPERSEDED,
)
AFTER = {
    Answer.APPROVE: ApprovalStatus.APPROVED,
    Answer.RETURN: ApprovalStatus.RETURNED,
    Answer.REJECT: ApprovalStatus.REJECTED,
}
GIVEN = {status: answer for answer, status in AFTER.items()}


def working_day(on: date) -> bool:
    return on.weekday() < 5 and on not in CLOSED


def later(on: date, days: int) -> date:
    while days:
        on += timedelta(days=1)
        days -= working_day(on)
    return on


@dataclass
class Reply:
    """One answer: whose, which, for whom, by whom recorded, and whether it counts."""

    person: int
    answer: Answer
    behalf: int | None
    recorded: bool
    given_on: date
    counts: bool = True


@dataclass
class Row:
    """One office asked."""

    identity: str
    suffix: str
    office: Office
    turn: int
    round: int
    text: int
    author: int
    status: ApprovalStatus = OPEN
    why_void: str = ""
    holder: int | None = None
    behalf: int | None = None
    first: int | None = None
    asked: bool = False
    due: date | None = None
    replaced: bool = False
    replies: list[Reply] = field(default_factory=list)

    @property
    def counted(self) -> Reply | None:
        return next((reply for reply in self.replies if reply.counts), None)


@dataclass
class Away:
    """One leave."""

    person: int
    first: date
    last: date
    delegate: int | None
    begun: bool = False
    ended: bool = False


@dataclass
class Model:
    """Everything the operations should know, on one day at a time."""

    pattern: Pattern
    offices: tuple[Office, ...]
    suffixes: tuple[str, ...]
    needed: int | None
    on: date
    asks: list[list[Row]] = field(default_factory=list)
    interests: set[int] = field(default_factory=set)
    leaves: list[Away] = field(default_factory=list)
    text: int = 1
    held: bool = False

    # --- who -----------------------------------------------------------------------------------------

    def leave_of(self, person: int) -> Away | None:
        return next(
            (
                away
                for away in self.leaves
                if away.person == person and not away.ended and away.first <= self.on <= away.last
            ),
            None,
        )

    def barred(self, row: Row, ask: list[Row]) -> set[int]:
        people: set[int | None] = {row.author, *self.interests}
        for other in self.live(ask):
            if other is not row:
                people |= {other.holder, other.behalf}
                people |= {other.counted.person} if other.counted else set()
        return {person for person in people if person is not None}

    def pick(self, office: Office, barred: set[int]) -> tuple[int, int | None] | None:
        passed: set[int] = set()
        for person in LINE[office]:
            away = self.leave_of(person)
            if person in passed:
                continue
            if person not in barred and away is None:
                return person, None
            stand_ins = [away.delegate] if away and away.delegate and person not in barred else []
            stand_ins += [SUNITA] if person == HELEN else []
            for stand_in in stand_ins:
                never = person == HELEN and stand_in == AMARA
                if stand_in not in barred and not self.leave_of(stand_in) and not never:
                    return stand_in, person
                passed.add(stand_in)
        return None

    def delegate_of(self, person: int, office: Office) -> int | None:
        away = self.leave_of(person)
        if away is None or away.delegate is None or self.leave_of(away.delegate):
            return None
        return None if office is Office.ASSOCIATION_CHAIR and away.delegate == AMARA else away.delegate

    def deputy_of(self, row: Row) -> int | None:
        principal = row.behalf or row.holder
        if principal is None:
            return None
        deputy: int | None
        if row.office is Office.CHAIR:
            deputy = GARETH if principal != GARETH else None
        else:
            deputy = NAMED_DEPUTY.get(principal)
            deputy = None if row.office is Office.ASSOCIATION_CHAIR and deputy == AMARA else deputy
        return None if deputy == row.holder else deputy

    def may(self, person: int, row: Row, ask: list[Row]) -> tuple[bool, int | None]:
        """Whether a person may answer, and for whom."""
        barred = self.barred(row, ask)
        if person in barred or row.holder is None:
            return False, None
        if person == row.holder and row.behalf is None:
            delegate = self.delegate_of(person, row.office)
            return delegate is None or delegate in barred, None
        if person == row.holder:
            return self._stands_in(person, row, barred), row.behalf
        if row.behalf is None and person == self.delegate_of(row.holder, row.office):
            return row.holder not in barred, row.holder
        late = row.due is not None and self.on >= later(row.due, 1)
        return late and person == self.deputy_of(row), row.behalf or row.holder

    def _stands_in(self, person: int, row: Row, barred: set[int]) -> bool:
        principal = row.behalf
        assert principal is not None
        if principal == HELEN and person == AMARA:
            return False
        if principal in barred and principal != HELEN:
            return False
        by_line = {NAMED_DEPUTY.get(principal), GARETH if row.office is Office.CHAIR else None}
        if person in by_line and person != principal:
            return True
        return any(
            away.person == principal
            and away.delegate == person
            and not away.ended
            and away.first <= self.on <= later(away.last, 1)
            for away in self.leaves
        )

    # --- where an ask stands ---------------------------------------------------------------------------

    def live(self, ask: list[Row]) -> list[Row]:
        return [row for row in ask if not row.replaced]

    def standing(self, ask: list[Row]) -> ApprovalStatus:
        rows = self.live(ask)
        if any(row.status is WITHDRAWN for row in rows):
            return WITHDRAWN
        if any(row.status is VOID and row.why_void != "settled" for row in rows):
            return VOID
        answers = [GIVEN[row.status] for row in rows if row.status in GIVEN]
        yes = answers.count(Answer.APPROVE)
        no = len(answers) - yes
        wanted = {Pattern.ANY: 1, Pattern.M_OF_N: self.needed or 0}.get(self.pattern, len(rows))
        spare = 0 if self.pattern is Pattern.ANY else len(rows) - wanted
        if no > spare:
            declines = answers.count(Answer.REJECT)
            return AFTER[Answer.REJECT if declines > no - declines else Answer.RETURN]
        return AFTER[Answer.APPROVE] if yes >= wanted else OPEN

    # --- what happens ----------------------------------------------------------------------------------

    def name(self, suffixes: tuple[str, ...]) -> int:
        taken = {row.identity for ask in self.asks for row in ask}
        number = 1
        while any(self.identity(suffix, number) in taken for suffix in suffixes):
            number += 1
        return number

    @staticmethod
    def identity(suffix: str, number: int) -> str:
        return f"A-{REFERENCE}-{suffix}" + (f"-{number}" if number > 1 else "")

    def ask(self, author: int) -> bool:
        """Ask, or say that it is refused because an older text is still asked about."""
        if self.asks and self.standing(self.asks[-1]) is OPEN:
            return self.asks[-1][0].text == self.text
        number = self.name(self.suffixes)
        round_ = 1 + sum(self.standing(ask) is ApprovalStatus.RETURNED for ask in self.asks)
        rows = []
        for place, (office, suffix) in enumerate(zip(self.offices, self.suffixes, strict=True)):
            asked = office
            if round_ > 3 and office is not Office.ASSOCIATION_CHAIR:
                asked = Office.ASSOCIATION_CHAIR if office is Office.CHAIR else Office.CHAIR
            turn = place if self.pattern is Pattern.IN_TURN else 0
            rows.append(Row(self.identity(suffix, number), suffix, asked, turn, round_, self.text, author))
        self.asks.append(rows)
        self.seat_next(rows)
        return True

    def seat_next(self, ask: list[Row]) -> None:
        rows = sorted(self.live(ask), key=lambda row: (row.turn, row.identity))
        for row in rows:
            if row.status is OPEN and not row.asked and self._turn(row, rows):
                self.seat(row, ask)

    def _turn(self, row: Row, rows: list[Row]) -> bool:
        before = [other for other in rows if other.turn < row.turn]
        return all(other.status is ApprovalStatus.APPROVED for other in before)

    def seat(self, row: Row, ask: list[Row]) -> None:
        chosen = self.pick(row.office, self.barred(row, ask))
        row.due = later(self.on, 5) if row.due is None else max(row.due, later(self.on, 2))
        if chosen is None:
            row.holder = row.behalf = None
            return
        self.give(row, chosen)

    @staticmethod
    def give(row: Row, chosen: tuple[int, int | None]) -> None:
        row.holder, row.behalf = chosen
        row.first = row.first or row.holder
        row.asked = True

    def answer(self, row: Row, ask: list[Row], reply: Reply) -> None:
        row.replies.append(reply)
        row.status = AFTER[reply.answer]
        self.settle(ask)

    def settle(self, ask: list[Row]) -> None:
        if self.standing(ask) is OPEN:
            self.seat_next(ask)
        else:
            for other in self.live(ask):
                if other.status is OPEN:
                    other.status, other.why_void = VOID, "settled"

    def void(self, row: Row, why: str) -> None:
        if row.counted:
            row.counted.counts = False
        row.status, row.why_void = VOID, why

    def change_text(self) -> None:
        for ask in self.asks:
            for row in self.live(ask):
                if row.status in {OPEN, ApprovalStatus.APPROVED}:
                    self.void(row, "text-changed")
        self.text += 1

    def voided_by(self, row: Row, ask: list[Row]) -> list[Row]:
        return [
            other
            for other in self.live(ask)
            if other is not row and other.status is VOID and other.why_void == "settled"
        ]

    def replace(self, row: Row, ask: list[Row]) -> Row:
        row.replaced = True
        identity = self.identity(row.suffix, self.name((row.suffix,)))
        new = Row(identity, row.suffix, row.office, row.turn, row.round, row.text, row.author)
        ask.append(new)
        return new

    def object_to(self, row: Row, ask: list[Row]) -> None:
        again = [row, *self.voided_by(row, ask)]
        self.void(row, "objected")
        for old in again:
            self.replace(old, ask)
        self.settle(ask)

    def reopen(self, rows: list[Row]) -> None:
        for row in rows:
            row.status, row.why_void = OPEN, ""

    def go_on(self, ask: list[Row], siblings: list[Row]) -> None:
        if self.standing(ask) is OPEN:
            self.reopen(siblings)
        self.settle(ask)

    def unask_later(self, row: Row, ask: list[Row]) -> None:
        for other in self.live(ask):
            if other.turn > row.turn and other.status is OPEN:
                other.asked, other.holder, other.behalf, other.due = False, None, None, None

    def not_me(self, row: Row, ask: list[Row]) -> None:
        siblings = self.voided_by(row, ask)
        assert row.counted
        row.counted.counts = False
        self.reopen([row])
        self.unask_later(row, ask)
        self.go_on(ask, siblings)

    def take_back(self, row: Row, ask: list[Row]) -> None:
        assert row.counted
        row.counted.counts = False
        self.reopen([row])
        self.unask_later(row, ask)

    def supersede(self, row: Row, ask: list[Row], reply: Reply) -> Row:
        siblings = self.voided_by(row, ask)
        new = self.replace(row, ask)
        new.due, new.holder, new.behalf, new.first = row.due, row.holder, row.behalf, row.first
        new.asked = True
        assert row.counted
        row.counted.counts = False
        row.status = SUPERSEDED
        new.replies.append(reply)
        new.status = AFTER[reply.answer]
        self.go_on(ask, siblings)
        return new

    def declare(self, person: int) -> None:
        if person in self.interests:
            return
        self.interests.add(person)
        for ask in self.asks:
            for row in sorted(ask, key=lambda row: (row.turn, row.identity)):
                if row.status is OPEN and person in {row.holder, row.behalf}:
                    self._move_on(row, ask)

    def _move_on(self, row: Row, ask: list[Row]) -> None:
        chosen = self.pick(row.office, self.barred(row, ask))
        if chosen is None:
            row.holder = row.behalf = None
        else:
            self.give(row, chosen)

    def passed_to(self, row: Row, ask: list[Row]) -> tuple[int, int | None] | None:
        barred = self.barred(row, ask) | {person for person in (row.holder, row.first) if person}
        deputy = self.deputy_of(row)
        if deputy and deputy not in barred and not self.leave_of(deputy):
            return deputy, row.behalf or row.holder
        return self.pick(row.office, barred)

    # --- a day -----------------------------------------------------------------------------------------

    def begin_leaves(self) -> None:
        for away in self.leaves:
            if away.begun or away.ended or not away.first <= self.on <= away.last:
                continue
            away.begun = True
            for ask in self.asks:
                for row in ask:
                    self._to_delegate(row, ask, away)

    def _to_delegate(self, row: Row, ask: list[Row], away: Away) -> None:
        if row.status is not OPEN or row.holder != away.person or row.behalf is not None:
            return
        barred = self.barred(row, ask)
        delegate = self.delegate_of(away.person, row.office)
        ok = delegate == away.delegate and delegate is not None and delegate not in barred
        if ok and away.person not in barred:
            row.holder, row.behalf = delegate, away.person

    def end_leaves(self) -> None:
        for away in self.leaves:
            if not away.begun or away.ended or self.on < later(away.last, 1):
                continue
            away.ended = True
            for ask in self.asks:
                for row in ask:
                    mine = row.status is OPEN and (row.holder, row.behalf) == (away.delegate, away.person)
                    if away.delegate and mine and away.person not in self.barred(row, ask):
                        row.holder, row.behalf = away.person, None

    def ask_where_nobody(self) -> None:
        if self.held:
            return
        for ask in self.asks:
            rows = sorted(self.live(ask), key=lambda row: (row.turn, row.identity))
            for row in rows:
                waits = row.status is OPEN and row.holder is None and self._turn(row, rows)
                if waits and self.pick(row.office, self.barred(row, ask)) is not None:
                    self.seat(row, ask)


EVERYBODY = [AMARA, GARETH, JOAN, HELEN, SUNITA, TOM, MARY]
