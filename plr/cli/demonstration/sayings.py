"""What the invented people write: reflections, positions, reasons. No word of it identifies anybody."""

from __future__ import annotations

Fields = dict[str, str | list[str]]

LATE = "england-lcspr"
SENT_BACK = "england-partners-differ"
DECLINED = "england-no-further-action"
PENDING = "england-pending-advice"
LIGHT = ("wales-susr", "scotland-effective-practice", "northern-ireland-positive-learning", PENDING)
REFUSED = "nhs-number-in-narrative"

WHAT_HAPPENED = {
    LATE: "full; the Chair was late, the Vice-Chair took it on",
    SENT_BACK: "full; sent back once, one reflector in conflict, one by telephone",
    DECLINED: "declined by the Chair",
    PENDING: "recorded at the meeting, marked as no advice",
}

NOTHING_FOUND: Fields = {"answer": "clear", "looked_for": ["names", "places", "mix", "staff"]}
DEEPER = "The same gap has come up in three regions."
NOT_TAKEN = "The Panel has asked the partners to think again. We would reflect on a decision that may change."

REFLECTIONS: dict[str, Fields] = {
    "P08": {
        "position": "supported_with_learning",
        "points": "The partners said openly that they differed. The date to look again is a good safeguard.",
    },
    "P15": {
        "position": "supported_with_learning",
        "points": "The threshold was read in three ways. One shared note of reasons would have saved a week.",
    },
    "P10": {
        "position": "reasoning_supported",
        "points": "The reasons answer each criterion. The questions go further than the rapid review could.",
    },
    "P14": {
        "position": "supported_with_learning",
        "points": "The older sibling is asked about. Two services waited for each other: practise that.",
    },
    "P17": {
        "position": "supported_with_learning",
        "points": "Health visiting did well. A joint visit early would have let both see the same picture.",
    },
}
CONFLICT: Fields = {"position": "conflict"}

FIRST_DRAFT: Fields = {
    "position": "supported_with_learning",
    "points": "The partners differed and wrote down why.\nAgree one shared note of reasons next time.",
    "themes": ["management-oversight"],
}
ASKED_FOR = "Say who writes the shared note, and by when."
SECOND_DRAFT: Fields = {
    "position": "supported_with_learning",
    "points": "The partners differed and wrote down why.\n"
    "Agree one shared note of reasons: the chair of the partners writes it within two working days.",
    "themes": ["management-oversight"],
}
LATE_DRAFT: Fields = {
    "position": "supported_with_learning",
    "points": "The reasons answer each criterion.\nPractise joint visits, so that nobody waits for another.",
    "themes": ["information-sharing"],
    "elsewhere": ["panel"],
}

MEETING = "PLR-M-2027-01"
AT_THE_MEETING: Fields = {
    "meeting": MEETING,
    "present": "10",
    "professions": ["nursing and midwifery", "social work", "medicine", "police", "education"],
}
LIGHT_POSITIONS: dict[str, Fields] = {
    "wales-susr": {
        "position": "reasoning_supported",
        "points": "One review in place of two spares the family a second telling.",
    },
    "scotland-effective-practice": {
        "position": "supported_with_learning",
        "points": "A joint visit at short notice prevented harm. Tell others how it was arranged.",
    },
    "northern-ireland-positive-learning": {
        "position": "supported_with_learning",
        "points": "School and family support met every fortnight. Others can copy the rhythm.",
    },
    PENDING: {
        "position": "insufficient_information",
        "points": "Both routes are open. What the rapid review finds about time out of school will matter.",
    },
}
BY_TELEPHONE = "By telephone"
