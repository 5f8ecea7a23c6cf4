"""What an audit entry's record hash covers, for each record that verify compares (see operations/audit.py).

Only fields that decide something are covered, so that moving a holder or counting an attempt needs no
new entry. Any change of a field named here is recorded again in the transaction that makes it.
"""

from __future__ import annotations

from typing import Any

from plr.db.models import Agreement, AnswerRecord, Approval, Notice, Output

Content = dict[str, Any]


def answer_content(answer: AnswerRecord) -> Content:
    """Return all of one person's answer, and whether it still counts."""
    return _fields(
        answer,
        "id approval_id person_id answer reason content_hash answered_at via proof on_behalf_of_id "
        "recorded_by_id how_told when_told note voided_at void_reason",
    )


def approval_content(approval: Approval) -> Content:
    """Return where an approval stands and about which text."""
    return _fields(
        approval,
        "id ask reference kind office round status subject subject_version content_hash settled_at "
        "supersedes_id",
    )


def notice_content(notice: Notice) -> Content:
    """Return which letter went to whom, and when."""
    return _fields(
        notice,
        "id code reference approval_id task_id person_id address message_id status template_hash sent_at",
    )


def output_content(output: Output) -> Content:
    """Return which bytes stand in storage under which name."""
    return _fields(
        output,
        "id reference kind draft version name folder classification approvals sources status sha256 size",
    )


def agreement_content(agreement: Agreement) -> Content:
    """Return what a recorded meeting answered, who presided and who was there."""
    return _fields(
        agreement,
        "id reference approval_id answer position_version meeting meeting_on minute presider_id present "
        "professions out diversity_reason reason terms_version recorded_by_id recorded_at note objected_at "
        "objected_by_id",
    )


def _fields(record: object, names: str) -> Content:
    return {name: getattr(record, name) for name in names.split()}
