"""What a person can fill in, but for the pages of a case; errors say the remedy and never quote."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import BooleanField, EmailField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from plr.web.fields import (
    LONGEST_LINE,
    LONGEST_REASON,
    LONGEST_TEXT,
    ManyOf,
    OneOf,
    PageForm,
    Readable,
    needed_by_rule,
    stripped,
    text_rules,
)
from plr.web.parts import Option

CODE_DIGITS = 6


# ---- 1 Sign in, and the code of any page


class SignInForm(PageForm):
    """The address a code is sent to. `next` is the name of a route."""

    email = EmailField(
        "Your e-mail address",
        description="The one the group writes to",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE, missing="Write your e-mail address"),
        render_kw={"size": "m", "autocomplete": "email", "inputmode": "email", "spellcheck": False},
    )
    next = HiddenField()

    def validate_email(self, field: Field) -> None:
        """Refuse what cannot be an address; nothing is said about whether we know it."""
        name, at, host = (field.data or "").rpartition("@")
        if not (name and at and "." in host) or any(sign.isspace() for sign in field.data):
            raise ValidationError("Write an e-mail address in full, like name@example.org")


class CodeForm(PageForm):
    """Six digits from a letter; spaces and hyphens between them are ignored."""

    code = StringField(
        "6-digit code",
        filters=[lambda value: "".join(sign for sign in value if sign not in " -\t") if value else value],
        validators=[InputRequired("Type the 6 digits of the letter"), Readable()],
        render_kw={
            "size": "m",
            "classes": "govuk-input--width-10",
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "spellcheck": False,
            "given_back": False,
        },
    )
    remember = BooleanField(
        "Remember this browser for 90 days",
        description="Then you need no code next time. Only on a device that is yours.",
    )

    def validate_code(self, field: Field) -> None:
        """Refuse what is not six digits."""
        if len(field.data) != CODE_DIGITS or not (field.data.isascii() and field.data.isdigit()):
            raise ValidationError("A code has 6 digits. Type it again as it stands in the letter")


# ---- 3 Decision


class DecisionForm(PageForm):
    """An answer about one version of a text. Offer `answer` its options; for triage also `reflectors`.

    Values of `answer`: approve, return, reject, question, pass, conflict.
    """

    answer = OneOf("What is your answer?", render_kw={"size": "m"})
    reason = TextAreaField(
        "Reason, or your question",
        description=(
            "Needed if you ask for changes, decline or ask a question. "
            "No names of children, families or staff."
        ),
        filters=[stripped],
        validators=needed_by_rule(LONGEST_REASON),
        render_kw={"rows": 3},
    )
    reflectors = ManyOf(
        "Who should reflect?",
        description="At least 3 people of 3 professions, 1 from another region. You can change the ticks.",
        render_kw={"size": "m"},
    )
    text_version = HiddenField()

    _reasons: Mapping[str, str] = {
        "return": "Say what should change",
        "reject": "Say why",
        "question": "Write your question",
    }

    def validate_reason(self, field: Field) -> None:
        """Ask for a reason where the answer needs one."""
        wanted = self._reasons.get(self.answer.data or "")
        if wanted and not field.data:
            raise ValidationError(wanted)


# ---- forms by a mailed link, confirm


class CorrectionForm(PageForm):
    """The text again, in other words."""

    narrative = TextAreaField(
        "In your own words",
        description="Up to 1,500 characters. No names, places, schools, teams or dates.",
        filters=[stripped],
        validators=text_rules(LONGEST_TEXT, missing="Write the text again, or take the review back below"),
        render_kw={"size": "m", "rows": 8},
    )


class ImpactForm(PageForm):
    """What came of a reflection. Values of `changed`: yes, not_yet, no."""

    changed = OneOf(
        "Did anything change?",
        options=(
            Option("yes", "Yes, something changed"),
            Option("not_yet", "Not yet"),
            Option("no", "No, and we do not expect it"),
        ),
        render_kw={"size": "m"},
    )
    what = TextAreaField(
        "What changed?",
        description="Needed if something changed. No names of children, families or staff.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_TEXT),
        render_kw={"rows": 4},
    )
    evidence = StringField(
        "How do you know? (you may leave it empty)",
        description="For example an audit, a new procedure, what practitioners say",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE),
    )

    def validate_what(self, field: Field) -> None:
        """A change is told in words."""
        if self.changed.data == "yes" and not field.data:
            raise ValidationError("Say what changed, in a few sentences")


class ReasonForm(PageForm):
    """Why: for withdraw, deepen and the confirm page, kept on the record."""

    reason = StringField(
        "Reason, for the record",
        description="Not put in the letter",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE, missing="Give a reason"),
    )
