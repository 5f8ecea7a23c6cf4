"""Every letter three times: with the shortest, the longest and the most hostile data it may get."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from plr.domain import notices as n
from plr.domain.words import Answer, Settled

LINK_TOKEN = "Qm9x4cT0vYb2nW7sKd1eRf8gHj3kLpZqXu5iOaM6NyE"  # invented, opens nothing
CODE = "402917"

HOSTILE = (
    "[tell us](https://evil.example/a) <b>bold</b> **strong** {{ 123456 * 9 }} {% for %} `x` # h"
    " <https://evil.example> javascript:alert(1) &amp; www.evil.example ![i](http://evil.example/i.png) \\ |"
)
LONG_NAME = "Maximiliana-Alexandrina Wilhelmina"
WHY_CHAIR = "The Chair approves every text that goes to the submitter."
SHORT_DAY = date(2027, 5, 3)
LONG_DAY = date(2027, 9, 29)  # a Wednesday in September: the longest words there are
LATE = datetime(2027, 9, 29, 21, 45, tzinfo=UTC)

SHORT = {"given_name": "Jo", "why": "You are the Chair."}
LONG = {
    "given_name": LONG_NAME,
    "why": "The data-protection lead answers while the AoCPP Chair is away on leave.",
}
BAD = {"given_name": HOSTILE[:120], "why": HOSTILE}

SHORT_REF, LONG_REF = "PLR-R-2027-009", "PLR-R-2027-1234"
SHORT_ASK = {
    **SHORT,
    "approval_id": "A-PLR-M-2027-01-AGENDA",
    "what": "agenda for 18 March",
    "question": "Approve the agenda for the meeting on Thursday 18 March 2027?",
    "due_on": date(2027, 3, 10),
}
LONG_ASK = {
    **LONG,
    "approval_id": "A-PLR-R-2027-1234-POSITION-3",
    "what": "text about PLR-R-2027-1234",
    "question": "Approve the text of the position on PLR-R-2027-1234?",
    "due_on": LONG_DAY,
}
BAD_ASK = {**BAD, "approval_id": HOSTILE, "what": HOSTILE, "question": HOSTILE, "due_on": SHORT_DAY}
DIGEST_LINE = n.DigestLine(
    reference=LONG_REF, nation="Northern Ireland", type="case management review", due_on=LONG_DAY
)


def _three(
    letter: type[n.Notice], shortest: dict[str, Any], longest: dict[str, Any], hostile: dict[str, Any]
) -> dict[str, n.Notice]:
    return {
        "shortest": letter(**{**SHORT, **shortest}),
        "longest": letter(**{**LONG, **longest}),
        "hostile": letter(**{**BAD, **hostile}),
    }


SAMPLES: dict[str, dict[str, n.Notice]] = {
    "n07_receipt": _three(
        n.Receipt,
        {"given_name": "", "reference": SHORT_REF, "received_on": SHORT_DAY, "why": "You sent us a review."},
        {"reference": LONG_REF, "received_on": LONG_DAY},
        {"reference": HOSTILE, "received_on": SHORT_DAY},
    ),
    "n07_decision_receipt": {
        **_three(
            n.DecisionReceipt,
            {
                "approval_id": "A-TOR-2027",
                "what": "changed Terms of Reference",
                "answer": Answer.APPROVE,
                "answered_on": SHORT_DAY,
                "how": "new_browser",
            },
            {
                "approval_id": LONG_ASK["approval_id"],
                "what": LONG_ASK["what"],
                "answer": Answer.RETURN,
                "answered_on": LONG_DAY,
                "how": "on_behalf",
                "object_by": date(2027, 10, 6),
            },
            {
                "approval_id": HOSTILE,
                "what": HOSTILE,
                "answer": Answer.REJECT,
                "answered_on": SHORT_DAY,
                "how": "on_behalf",
            },
        )
    },
    "n07_agreement_receipt": _three(
        n.AgreementReceipt,
        {"reference": SHORT_REF, "meeting_on": SHORT_DAY, "object_by": date(2027, 5, 11)},
        {"reference": LONG_REF, "meeting_on": LONG_DAY, "object_by": date(2027, 10, 6)},
        {"reference": HOSTILE, "meeting_on": SHORT_DAY, "object_by": SHORT_DAY},
    ),
    "n22_task_overdue": _three(
        n.TaskOverdue,
        {"reference": SHORT_REF, "task": "reflect", "due_on": SHORT_DAY},
        {
            "reference": LONG_REF,
            "task": "check for identifiers",
            "due_on": LONG_DAY,
            "page": "/cases/PLR-R-2027-1234/check",
            "why": "The data-protection lead checks each text before anybody else reads it.",
        },
        {"reference": HOSTILE, "task": HOSTILE, "due_on": SHORT_DAY, "page": "https://evil.example/x y"},
    ),
    "n24_approval_asked": _three(
        n.ApprovalAsked,
        {
            **SHORT_ASK,
            "given_name": "Amara",
            "why": "The Chair approves every agenda.",
            "if_approved": "The papers go to 14 members on Thursday 11 March at 10am",
            "if_nothing": "the Vice-Chair may answer too",
            "if_nothing_from": date(2027, 3, 11),
        },
        {
            **LONG_ASK,
            "why": WHY_CHAIR,
            "if_approved": "The reflection is issued to the group and the submitter at once",
            "if_nothing": "the question waits for the AoCPP Chair's named deputy",
            "if_nothing_from": date(2027, 9, 30),
        },
        {**BAD_ASK, "if_nothing": HOSTILE, "if_approved": HOSTILE},
    ),
    "n25_approval_reminder": _three(
        n.ApprovalReminder,
        {**SHORT_ASK, "days_left": 1, "if_nothing": "it waits"},
        {
            **LONG_ASK,
            "question": "Take PLR-R-2027-1234 on for reflection?",
            "days_left": 2,
            "if_nothing": "the Vice-Chair may answer too",
            "if_nothing_from": date(2027, 9, 30),
        },
        {**BAD_ASK, "days_left": 2, "if_nothing": HOSTILE},
    ),
    "n26_approval_overdue": {
        **_three(
            n.ApprovalOverdue,
            {**SHORT_ASK, "office": "Chair", "reader": "holder"},
            {**LONG_ASK, "office": "data-protection lead", "reader": "holder", "deputy": "Vice-Chair"},
            {**BAD_ASK, "office": HOSTILE, "reader": "holder", "deputy": HOSTILE},
        ),
        "deputy": n.ApprovalOverdue(
            **{**SHORT_ASK, "why": "The Vice-Chair may answer from now."},
            office="Chair",
            reader="deputy",
            deputy="Vice-Chair",
        ),
        "secretary": n.ApprovalOverdue(
            **{**SHORT_ASK, "why": "The secretary keeps the list of questions."},
            office="Chair",
            reader="secretary",
            deputy="Vice-Chair",
        ),
    },
    "n27_decided": {
        **_three(
            n.Decided,
            {
                "reference": "PLR-M-2027-01",
                "what": "agenda for 18 March",
                "outcome": Settled.APPROVED,
                "settled_on": date(2027, 3, 9),
            },
            {
                "reference": LONG_REF,
                "what": LONG_ASK["what"],
                "outcome": Settled.RETURNED,
                "settled_on": LONG_DAY,
                "office": "data-protection lead",
                "next_step": "The writer changes the text, and the same office is asked again.",
            },
            {
                "reference": HOSTILE,
                "what": HOSTILE,
                "outcome": Settled.DECLINED,
                "settled_on": SHORT_DAY,
                "office": HOSTILE,
                "next_step": HOSTILE,
            },
        ),
        **{
            outcome.value: n.Decided(
                **SHORT,
                reference=SHORT_REF,
                what=f"reflection on {SHORT_REF}",
                outcome=outcome,
                settled_on=SHORT_DAY,
                superseded_by="PLR-R-2027-010" if outcome is Settled.SUPERSEDED else None,
                review_on=LONG_DAY if outcome is Settled.ON_HOLD else None,
            )
            for outcome in Settled
            if outcome not in {Settled.APPROVED, Settled.RETURNED}
        },
    },
    "n27_correction_asked": _three(
        n.CorrectionAsked,
        {"reference": SHORT_REF},
        {"reference": LONG_REF, "due_on": LONG_DAY},
        {"reference": HOSTILE},
    ),
    "n27_submission_settled": {
        **_three(
            n.SubmissionSettled,
            {
                "given_name": "",
                "reference": SHORT_REF,
                "outcome": Settled.ISSUED,
                "settled_on": SHORT_DAY,
                "may_open": False,
            },
            {
                "reference": LONG_REF,
                "outcome": Settled.SUPERSEDED,
                "settled_on": LONG_DAY,
                "may_open": True,
                "superseded_by": "PLR-R-2027-1235",
            },
            {
                "reference": HOSTILE,
                "outcome": Settled.SUPERSEDED,
                "settled_on": SHORT_DAY,
                "may_open": True,
                "superseded_by": HOSTILE,
            },
        ),
        **{
            f"{outcome.value}_{'open' if may_open else 'closed'}": n.SubmissionSettled(
                **SHORT,
                reference=SHORT_REF,
                outcome=outcome,
                settled_on=SHORT_DAY,
                may_open=may_open,
                review_on=LONG_DAY if outcome is Settled.ON_HOLD else None,
            )
            for outcome in (Settled.DECLINED, Settled.WITHDRAWN, Settled.ON_HOLD)
            for may_open in (True, False)
        },
    },
    "n28_delegation_begins": {
        **_three(
            n.DelegationBegins,
            {
                "office": "Chair",
                "begins_on": date(2027, 8, 9),
                "ends_on": date(2027, 8, 27),
                "reader": "delegate",
            },
            {
                "office": "data-protection lead",
                "begins_on": LONG_DAY,
                "ends_on": date(2027, 11, 30),
                "reader": "secretary",
                "waiting": 12,
            },
            {"office": HOSTILE, "begins_on": SHORT_DAY, "ends_on": SHORT_DAY, "reader": "delegate"},
        ),
        "longest_delegate": n.DelegationBegins(
            **LONG,
            office="data-protection lead",
            begins_on=LONG_DAY,
            ends_on=date(2027, 11, 30),
            reader="delegate",
            waiting=1,
        ),
    },
    "n28_delegation_ends": {
        **_three(
            n.DelegationEnds,
            {"office": "Chair", "back_on": date(2027, 8, 31), "reader": "person"},
            {"office": "data-protection lead", "back_on": LONG_DAY, "reader": "person", "waiting": 12},
            {"office": HOSTILE, "back_on": SHORT_DAY, "reader": "delegate"},
        ),
        "delegate": n.DelegationEnds(
            **SHORT, office="data-protection lead", back_on=LONG_DAY, reader="delegate"
        ),
    },
    "n55_welcome": _three(
        n.Welcome,
        {},
        {"roles": ("data-protection lead", "representative for Northern Ireland", "newsletter editor")},
        {"roles": (HOSTILE, HOSTILE)},
    ),
    "n56_sign_in_code": _three(n.SignInCode, {}, {"minutes": 10}, {}),
    "n58_cannot_deliver": _three(
        n.CannotDeliver,
        {"letter_id": "01", "letter_code": "N24", "gave_up": "refused"},
        {"letter_id": "0" * 32, "letter_code": "N08", "gave_up": "too_long"},
        {"letter_id": HOSTILE, "letter_code": HOSTILE, "gave_up": "refused"},
    ),
    "n59_weekly_digest": _three(
        n.WeeklyDigest,
        {"week_of": SHORT_DAY, "news": (n.DigestLine(reference=SHORT_REF, type="update sent"),)},
        {"week_of": LONG_DAY, "needs_you": (DIGEST_LINE,) * 12, "news": (DIGEST_LINE,) * 3},
        {
            "week_of": SHORT_DAY,
            "needs_you": (n.DigestLine(reference=HOSTILE, type=HOSTILE, nation=HOSTILE),),
            "news": (n.DigestLine(reference=f"- {HOSTILE}", type="1. one"),),
        },
    ),
    "n60_system_health": _three(
        n.SystemHealth,
        {"what": "mail not leaving", "since_at": datetime(2027, 1, 5, 9, 0, tzinfo=UTC)},
        {"what": "disk almost full", "since_at": LATE},
        {"what": HOSTILE, "since_at": LATE},
    ),
    "n62_data_concern": _three(
        n.DataConcern,
        {
            "reference": SHORT_REF,
            "seen_at": datetime(2027, 1, 5, 9, 0, tzinfo=UTC),
            "clock_ends_at": datetime(2027, 1, 8, 9, 0, tzinfo=UTC),
        },
        {"reference": LONG_REF, "seen_at": LATE, "clock_ends_at": datetime(2027, 10, 2, 21, 45, tzinfo=UTC)},
        {"reference": HOSTILE, "seen_at": LATE, "clock_ends_at": LATE},
    ),
}

ALL = [
    (f"{name}-{variant}", notice)
    for name, variants in SAMPLES.items()
    for variant, notice in variants.items()
]
HONEST = [(name, notice) for name, notice in ALL if not name.endswith("-hostile")]
HOSTILE_ONES = [(name, notice) for name, notice in ALL if name.endswith("-hostile")]
