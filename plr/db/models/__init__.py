"""Every record."""

from plr.db.models.access import AccessEntry, FormPost, RememberedBrowser, SecurityEntry, WebSession
from plr.db.models.approvals import AnswerRecord, Approval, Question
from plr.db.models.audit import AuditEntry, AuditHead, RecordSalt
from plr.db.models.base import Base
from plr.db.models.cases import (
    Agreement,
    Case,
    Check,
    Counter,
    Impact,
    LearningItem,
    PanelEntry,
    Position,
    Reflection,
    Submission,
)
from plr.db.models.engine import (
    Deadline,
    DigestItem,
    Installation,
    JournalEntry,
    LadderRow,
    Task,
    Wait,
    Wake,
)
from plr.db.models.notices import Link, Notice, SignInCode
from plr.db.models.outputs import Output
from plr.db.models.people import Interest, Leave, Person, Role

__all__ = [
    "AccessEntry",
    "Agreement",
    "AnswerRecord",
    "Approval",
    "AuditEntry",
    "AuditHead",
    "Base",
    "Case",
    "Check",
    "Counter",
    "Deadline",
    "DigestItem",
    "FormPost",
    "Impact",
    "Installation",
    "Interest",
    "JournalEntry",
    "LadderRow",
    "LearningItem",
    "Leave",
    "Link",
    "Notice",
    "Output",
    "PanelEntry",
    "Person",
    "Position",
    "Question",
    "RecordSalt",
    "Reflection",
    "RememberedBrowser",
    "Role",
    "SecurityEntry",
    "SignInCode",
    "Submission",
    "Task",
    "Wait",
    "Wake",
    "WebSession",
]
