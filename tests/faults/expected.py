"""What each journey's letters are, worked out from the table of letters.

N24 asks the Chair (taking on, text), N27 tells the secretary what was answered and the submitter how it
ended, N07 is a receipt, N22 says that something is late, N62 that somebody can be recognised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TAKEN_ON = ("N24 p01", "N27 p03")
FIRST_TEXT = ("N07 p01", "N24 p01", "N27 p03")
TOLD = ("N27 p07",)
SECRETARY_TOLD = ("N27 p03",)  # of a hold, a withdrawal, a case declined without a question
OBJECTION_TOLD = ("N27 p01", "N27 p03")

LETTERS: Mapping[str, Sequence[str]] = {
    "light": ("N07 p01",),
    "full": (*TAKEN_ON, *FIRST_TEXT, "N24 p01", "N27 p03", *TOLD),
    "full-by-telephone": (*TAKEN_ON, *FIRST_TEXT, "N07 p01", *TOLD),
    "declined": (*TAKEN_ON, *TOLD),
    "declined-light": (*SECRETARY_TOLD, *TOLD),
    "position-declined": (*TAKEN_ON, *FIRST_TEXT, *TOLD),
    "returned": ("N27 p07", "N07 p01"),
    "returned-by-chair": (*TAKEN_ON, "N27 p07", *TAKEN_ON),
    "held": (*SECRETARY_TOLD, "N07 p01"),
    "withdrawn": SECRETARY_TOLD,
    "breach": ("N62 p01", "N62 p19"),
    "deepened": TAKEN_ON,
    "too-few": (*TAKEN_ON, "N22 p17", *SECRETARY_TOLD),
    "reassigned": TAKEN_ON,
    "not-reassigned": (*TAKEN_ON, "N22 p10", "N22 p11", "N22 p16", *SECRETARY_TOLD),
    "objected": (*TAKEN_ON, "N07 p01", "N24 p01", *OBJECTION_TOLD, *FIRST_TEXT, *TOLD),
    "objected-at-once": (*TAKEN_ON, "N07 p01", *OBJECTION_TOLD, *FIRST_TEXT, *TOLD),
    "objected-after-issue": ("N07 p01", *OBJECTION_TOLD, "N07 p01"),
}
