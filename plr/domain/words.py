"""The closed lists of the product: every state, status and kind, as the word that is stored."""

from __future__ import annotations

from enum import StrEnum


class Nation(StrEnum):
    """The four nations."""

    ENGLAND = "england"
    WALES = "wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class Office(StrEnum):
    """Every role a person may hold (decisions, Roles)."""

    CHAIR = "chair"
    VICE_CHAIR = "vice_chair"
    ASSOCIATION_CHAIR = "association_chair"
    SECRETARY = "secretary"
    DATA_PROTECTION_LEAD = "data_protection_lead"
    TRAINING_LEAD = "training_lead"
    NEWSLETTER_EDITOR = "newsletter_editor"
    LIAISON_LEAD = "liaison_lead"
    EDITORIAL = "editorial"
    REPRESENTATIVE = "representative"
    EXECUTIVE = "executive"
    IT_CONTACT = "it_contact"
    PEER_SUPPORTER = "peer_supporter"


class Depth(StrEnum):
    """How deep a reflection goes (decisions, One process)."""

    LIGHT = "light"
    FULL = "full"


class Stage(StrEnum):
    """Whether others have taken their decision yet."""

    DECIDED = "decided"
    PENDING = "pending"


class CaseStatus(StrEnum):
    """The states of domain 12.1."""

    SUBMITTED = "submitted"
    SCREENING = "screening"
    RETURNED = "returned"
    TRIAGE = "triage"
    REFLECTING = "reflecting"
    SYNTHESIS = "synthesis"
    DRAFT_POSITION = "draft_position"
    GROUP_AGREED = "group_agreed"
    APPROVED = "approved"
    ISSUED = "issued"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    DECLINED = "declined"
    ON_HOLD = "on_hold"
    WITHDRAWN = "withdrawn"
    BREACH = "breach"


class Answer(StrEnum):
    """The three answers to an approval, shown as Approve, Ask for changes, Decline."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


class ApprovalStatus(StrEnum):
    """Where an approval stands (decisions 12, 95)."""

    OPEN = "open"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class ApprovalKind(StrEnum):
    """The kinds of approval that exist; their rules stand in config/approvals.yaml."""

    TRIAGE = "triage"
    GROUP = "group_agreement"
    POSITION = "position"


class Pattern(StrEnum):
    """How several offices settle one question (decisions 38)."""

    ANY = "any"
    ALL = "all"
    M_OF_N = "m_of_n"
    PER_GROUP = "per_group"
    IN_TURN = "in_turn"


class Via(StrEnum):
    """By which door a person came."""

    SESSION = "session"
    LINK = "link+code"
    BROWSER = "remembered-browser"
    FORM = "form-link"
    CLI = "cli"
    API = "api"
    ENGINE = "engine"


class NoticeStatus(StrEnum):
    """Where a letter stands (interface, outbox)."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OutputStatus(StrEnum):
    """Where a document stands."""

    WAITING = "waiting"
    WRITTEN = "written"
    FAILED = "failed"


class TaskKind(StrEnum):
    """What a person can be asked to do that is not an approval."""

    CHECK = "check"
    CORRECT = "correct"
    REFLECT = "reflect"
    REASSIGN = "reassign"
    WRITE_POSITION = "write_position"
    REVISE_POSITION = "revise_position"
    RECORD_AGREEMENT = "record_agreement"
    FOLLOW_UP = "follow_up"
    REVIEW_HOLD = "review_hold"
    SETTLE_LETTER = "settle_letter"
    ANSWER_QUESTION = "answer_question"
    CLEAR_BREACH = "clear_breach"


class TaskStatus(StrEnum):
    """Where a person's task stands."""

    OPEN = "open"
    DONE = "done"
    VOID = "void"


class PositionValue(StrEnum):
    """The five positions the group can take (domain 12.1)."""

    REASONING_SUPPORTED = "reasoning_supported"
    SUPPORTED_WITH_LEARNING = "supported_with_learning"
    ALTERNATIVE_WORTH_CONSIDERING = "alternative_worth_considering"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    NO_VIEW = "no_view"


class Settled(StrEnum):
    """How a question or a case ended, as N27 says it (decisions 95)."""

    APPROVED = "approved"
    RETURNED = "returned"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    ON_HOLD = "on_hold"
    ISSUED = "issued"
