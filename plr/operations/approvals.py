"""Approvals: one door to asking, answering, changing, moving and reminding.

Nobody decides without being identified; silence never decides.
"""

from __future__ import annotations

from plr.operations.approvals_answering import answer, may_answer, record_on_behalf, settle_group
from plr.operations.approvals_asking import ask, ask_again_where_nobody, ladder
from plr.operations.approvals_changing import (
    not_me,
    object_to,
    supersede,
    take_back,
    void,
    void_for_changed_text,
    void_settled,
    withdraw,
)
from plr.operations.approvals_moving import (
    ask_question,
    begin_leave,
    declare_interest,
    end_leave,
    pass_on,
    reply,
    set_leave,
)
from plr.operations.approvals_records import counted, get, latest_ask, standing
from plr.operations.approvals_reminding import fire_rung

__all__ = [
    "answer",
    "ask",
    "ask_again_where_nobody",
    "ask_question",
    "begin_leave",
    "counted",
    "declare_interest",
    "end_leave",
    "fire_rung",
    "get",
    "ladder",
    "latest_ask",
    "may_answer",
    "not_me",
    "object_to",
    "pass_on",
    "record_on_behalf",
    "reply",
    "set_leave",
    "settle_group",
    "standing",
    "supersede",
    "take_back",
    "void",
    "void_for_changed_text",
    "void_settled",
    "withdraw",
]
