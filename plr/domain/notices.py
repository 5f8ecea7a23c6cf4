"""The letters: one class each, holding all that its template may say.

A letter holds references, dates, offices and links; never the matter, never another person's name
(decisions 32). What it says stands in templates/email/<name>/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Self

from plr.domain.notice_fields import require_clean, wrong
from plr.domain.plain import MisfitError, from_plain, to_plain
from plr.domain.wording import MONTHS
from plr.domain.words import Answer, Settled

OnUncertain = Literal["repeat", "ask", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One line of the weekly letter: of a review only reference, nation and type (decisions 28)."""

    reference: str
    type: str
    nation: str | None = None
    due_on: date | None = None

    def __post_init__(self) -> None:
        require_clean(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A letter to one person. `why` says why this person gets it, as a sentence of its own.

    Raises InvalidInputError if a text holds line breaks or control characters, or is too long
    (reliability T8).
    """

    code: ClassVar[str]
    name: ClassVar[str]
    any_hour: ClassVar[bool] = False
    on_uncertain: ClassVar[OnUncertain] = "ask"
    with_link: ClassVar[bool] = False
    link_path: ClassVar[str] = "a"
    carries_code: ClassVar[bool] = False
    about_field: ClassVar[str | None] = "reference"

    given_name: str
    why: str

    def __post_init__(self) -> None:
        require_clean(self)

    @property
    def acts(self) -> bool:
        """Whether this letter carries a private link, minted when it is handed over."""
        return self.with_link

    @property
    def about(self) -> str | None:
        """The record the letter is about, for the foot of the letter."""
        return None if self.about_field is None else getattr(self, self.about_field)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values, with the letter's name, from which `from_mapping` makes it again."""
        return {"name": self.name, **to_plain(self)}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Make the letter that `to_mapping` described. Raises InvalidInputError naming the field."""
        made = NOTICES.get(str(mapping.get("name")))
        if made is None or not issubclass(made, cls):
            raise wrong("name", "is not the name of a letter of this kind.")
        try:
            return from_plain(made, {field: value for field, value in mapping.items() if field != "name"})
        except MisfitError as error:
            raise wrong(error.field, error.problem) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Notice):
    """N07 to somebody who sent a review and is not one of the people (decisions 93)."""

    code: ClassVar[str] = "N07"
    name: ClassVar[str] = "n07_receipt"
    any_hour: ClassVar[bool] = True

    why: str = "You sent us a review."
    reference: str
    received_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReceipt(Notice):
    """N07 when an answer was recorded on behalf, or given from a browser new to us; "this was not me"."""

    code: ClassVar[str] = "N07"
    name: ClassVar[str] = "n07_decision_receipt"
    with_link: ClassVar[bool] = True
    any_hour: ClassVar[bool] = True
    link_path: ClassVar[str] = "r"
    about_field: ClassVar[str | None] = "approval_id"

    why: str = "The answer stands in your name."
    approval_id: str
    what: str
    answer: Answer
    answered_on: date
    how: Literal["on_behalf", "new_browser"]
    object_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReceipt(Notice):
    """N07 to the Chair and the presider when a group agreement was recorded outside a meeting's page."""

    code: ClassVar[str] = "N07"
    name: ClassVar[str] = "n07_agreement_receipt"
    with_link: ClassVar[bool] = True
    any_hour: ClassVar[bool] = True
    link_path: ClassVar[str] = "r"

    why: str = "You preside over the group or chaired this meeting."
    reference: str
    meeting_on: date
    object_by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOverdue(Notice):
    """N22: a task is late. Without a page of ours to sign in to, it carries a form link."""

    code: ClassVar[str] = "N22"
    name: ClassVar[str] = "n22_task_overdue"
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    link_path: ClassVar[str] = "f"

    reference: str
    task: str
    due_on: date
    page: str | None = None

    @property
    def acts(self) -> bool:
        """Carry a form link where there is no page to sign in to."""
        return self.page is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(Notice):
    """N24: please decide. `what` is short and names nothing but the record."""

    code: ClassVar[str] = "N24"
    name: ClassVar[str] = "n24_approval_asked"
    with_link: ClassVar[bool] = True
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    about_field: ClassVar[str | None] = "approval_id"

    approval_id: str
    what: str
    question: str
    due_on: date
    if_approved: str | None = None
    if_nothing: str
    if_nothing_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReminder(Notice):
    """N25: the day comes near."""

    code: ClassVar[str] = "N25"
    name: ClassVar[str] = "n25_approval_reminder"
    with_link: ClassVar[bool] = True
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    about_field: ClassVar[str | None] = "approval_id"

    approval_id: str
    what: str
    question: str
    due_on: date
    days_left: int
    if_nothing: str
    if_nothing_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalOverdue(Notice):
    """N26: the day has passed; the deputy may decide. The secretary's copy carries no link."""

    code: ClassVar[str] = "N26"
    name: ClassVar[str] = "n26_approval_overdue"
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    about_field: ClassVar[str | None] = "approval_id"

    approval_id: str
    what: str
    question: str
    office: str
    due_on: date
    reader: Literal["holder", "deputy", "secretary"]
    deputy: str | None = None

    @property
    def acts(self) -> bool:
        """Carry the link to the question, for those who may answer it."""
        return self.reader != "secretary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Notice):
    """N27 to the secretary, the Chair or the deputy: the question is settled, or the case is."""

    code: ClassVar[str] = "N27"
    name: ClassVar[str] = "n27_decided"

    reference: str
    what: str
    outcome: Settled
    settled_on: date
    office: str | None = None
    next_step: str | None = None
    superseded_by: str | None = None
    review_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionAsked(Notice):
    """N27 to the submitter: please change the text. The reason stands on the page of the link."""

    code: ClassVar[str] = "N27"
    name: ClassVar[str] = "n27_correction_asked"
    with_link: ClassVar[bool] = True
    link_path: ClassVar[str] = "f"

    why: str = "You sent us this review."
    reference: str
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSettled(Notice):
    """N27 to the submitter: how their review ended here (decisions 93)."""

    code: ClassVar[str] = "N27"
    name: ClassVar[str] = "n27_submission_settled"

    why: str = "You sent us this review."
    reference: str
    outcome: Settled
    settled_on: date
    may_open: bool
    superseded_by: str | None = None
    review_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationBegins(Notice):
    """N28 to the delegate and the secretary; never the reason for the leave."""

    code: ClassVar[str] = "N28"
    name: ClassVar[str] = "n28_delegation_begins"
    about_field: ClassVar[str | None] = None

    office: str
    begins_on: date
    ends_on: date
    reader: Literal["delegate", "secretary"]
    waiting: int = 0

    @property
    def period(self) -> str:
        """Return "9 to 27 August" or "29 November to 3 December"."""
        begins, ends = (f"{on.day} {MONTHS[on.month - 1]}" for on in (self.begins_on, self.ends_on))
        same_month = (self.begins_on.year, self.begins_on.month) == (self.ends_on.year, self.ends_on.month)
        return f"{self.begins_on.day} to {ends}" if same_month else f"{begins} to {ends}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationEnds(Notice):
    """N28 on the first working day back, to the person and the delegate."""

    code: ClassVar[str] = "N28"
    name: ClassVar[str] = "n28_delegation_ends"
    about_field: ClassVar[str | None] = None

    office: str
    back_on: date
    reader: Literal["person", "delegate"]
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Notice):
    """N55 to a person who was added."""

    code: ClassVar[str] = "N55"
    name: ClassVar[str] = "n55_welcome"
    about_field: ClassVar[str | None] = None

    why: str = "The secretary added you to the group's list of people."
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode(Notice):
    """N56: six digits, made when the letter is handed over; never says what they open."""

    code: ClassVar[str] = "N56"
    name: ClassVar[str] = "n56_sign_in_code"
    any_hour: ClassVar[bool] = True
    on_uncertain: ClassVar[OnUncertain] = "drop"
    carries_code: ClassVar[bool] = True
    about_field: ClassVar[str | None] = None

    why: str = "Somebody typed your address on our page."
    minutes: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotDeliver(Notice):
    """N58 to the secretary: a letter came to nothing; who and why stands on the letter's page."""

    code: ClassVar[str] = "N58"
    name: ClassVar[str] = "n58_cannot_deliver"
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    about_field: ClassVar[str | None] = None

    why: str = "The secretary looks after people's addresses."
    letter_id: str
    letter_code: str
    gave_up: Literal["refused", "too_long"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyDigest(Notice):
    """N59, only with something new (rehearsal W1): what needs the person, and what is new."""

    code: ClassVar[str] = "N59"
    name: ClassVar[str] = "n59_weekly_digest"
    on_uncertain: ClassVar[OnUncertain] = "drop"
    about_field: ClassVar[str | None] = None

    why: str = "Something is new for you since the last weekly letter."
    week_of: date
    needs_you: tuple[DigestLine, ...] = ()
    news: tuple[DigestLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemHealth(Notice):
    """N60 to the IT contact: a check failed twice."""

    code: ClassVar[str] = "N60"
    name: ClassVar[str] = "n60_system_health"
    any_hour: ClassVar[bool] = True
    on_uncertain: ClassVar[OnUncertain] = "repeat"
    about_field: ClassVar[str | None] = None

    why: str = "You are the group's IT contact."
    what: str
    since_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConcern(Notice):
    """N62 to the data-protection lead and the Chair: look now; never the data."""

    code: ClassVar[str] = "N62"
    name: ClassVar[str] = "n62_data_concern"
    any_hour: ClassVar[bool] = True
    on_uncertain: ClassVar[OnUncertain] = "repeat"

    reference: str
    seen_at: datetime
    clock_ends_at: datetime


NOTICES: dict[str, type[Notice]] = {
    notice.name: notice
    for notice in (
        *(Receipt, DecisionReceipt, AgreementReceipt, TaskOverdue),
        *(ApprovalAsked, ApprovalReminder, ApprovalOverdue, Decided, CorrectionAsked, SubmissionSettled),
        *(DelegationBegins, DelegationEnds, Welcome, SignInCode, CannotDeliver),
        *(WeeklyDigest, SystemHealth, DataConcern),
    )
}
