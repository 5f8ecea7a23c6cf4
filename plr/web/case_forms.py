"""What a person can fill in about a case (page 4); errors say the remedy and never quote."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import Field, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from plr.web.fields import (
    LONGEST_LINE,
    LONGEST_REASON,
    LONGEST_TEXT,
    DatedForm,
    DayField,
    FormData,
    ManyOf,
    NumberField,
    OneOf,
    PageForm,
    PickOne,
    needed_by_rule,
    stripped,
    text_rules,
)
from plr.web.parts import Option

LONGEST_HOLD_DAYS = 90
MOST_MEMBERS = 200
POSITION_OPTIONS = (
    Option("reasoning_supported", "The reasoning is supported"),
    Option("supported_with_learning", "Supported, with learning"),
    Option("alternative_worth_considering", "Another route is worth considering"),
    Option("insufficient_information", "Not enough information to say"),
    Option("no_view", "No view"),
)
ELSEWHERE = (
    Option("learning", "Propose a learning item"),
    Option("panel", "Keep for the next letter to the National Panel"),
)
ASKS_FOR_MORE = Option(
    "return",
    "It asks for more before it says",
    "Nothing is issued; the case waits for the next meeting",
    after_or=True,
)
CONFLICT = Option(
    "conflict", "I have a conflict of interest", "No reason needed. You are out of this", after_or=True
)


class CheckForm(PageForm):
    """The check for identifiers. Values of `answer`: clear, return, breach."""

    looked_for = ManyOf(
        "I have looked for",
        options=(
            Option("names", "names, initials, dates of birth"),
            Option("places", "places, schools, hospitals, teams"),
            Option("mix", "a mix of details that only one family has"),
            Option("staff", "staff who could be recognised"),
        ),
        render_kw={"size": "m"},
    )
    answer = OneOf(
        "What is your answer?",
        options=(
            Option("clear", "Nobody can be recognised", "The group may read it"),
            Option("return", "Send it back", "The text is deleted; the writer is asked for another"),
            Option(
                "breach",
                "This is a data breach",
                "Hidden at once; the Chair is told now; a page helps you through the first 72 hours",
            ),
        ),
        render_kw={"size": "m"},
    )
    what = TextAreaField(
        "What should change",
        description="Needed if you send it back. Name the kind (“a place, line 1”), not the words.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_REASON),
        render_kw={"rows": 2},
    )

    def validate_looked_for(self, field: Field) -> None:
        """All four are looked for before anybody else may read."""
        if self.answer.data == "clear" and len(set(field.data or ())) < len(self.looked_for.options):
            raise ValidationError("Tick each of the four when you have looked for it")

    def validate_what(self, field: Field) -> None:
        """A writer who is asked for another text is told what to change."""
        if self.answer.data == "return" and not field.data:
            raise ValidationError("Say what should change")


class BreachForm(PageForm):
    """What kind of thing was seen, and where: never the thing itself."""

    kind = StringField(
        "What kind of thing is it, and where?",
        description="For example “a name, in the summary”. Not the words themselves.",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE, missing="Say what kind of thing it is, and where"),
    )


class AgreeForm(DatedForm):
    """What a quorate meeting agreed. Offer `presider`, `professions` and `out` their options."""

    meeting = StringField(
        "Reference of the meeting",
        description="For example PLR-M-2027-02",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE, missing="Write the reference of the meeting"),
        render_kw={"classes": "govuk-input--width-20"},
    )
    held_on = DayField(
        "Day of the meeting",
        description="For example 13 May 2027",
        validators=[InputRequired("Write the day of the meeting")],
        render_kw={"classes": "govuk-input--width-20"},
    )
    minute = StringField(
        "Minute number",
        description="For example 7.2",
        filters=[stripped],
        validators=text_rules(20, missing="Write the minute number"),
        render_kw={"size": "m", "classes": "govuk-input--width-5"},
    )
    presider = PickOne("Who presided?", missing="Choose who presided")
    present = NumberField(
        "How many members were present for this item?",
        description="Members of the Association only, without those who were out for this item",
        missing="Write how many members were present, as a number",
        render_kw={"classes": "govuk-input--width-3", "inputmode": "numeric"},
    )
    professions = ManyOf("Which professions were present?")
    few_professions = StringField(
        "If fewer than 3: the reason the presiding person gave (you may leave it empty)",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE),
    )
    out = ManyOf("Who was out for this item?", description="Nobody is ticked: nobody was out")
    position = OneOf(
        "What does the group think?",
        options=(*POSITION_OPTIONS, ASKS_FOR_MORE),
        missing="Choose what the group thinks",
        render_kw={"size": "m"},
    )
    points = TextAreaField(
        "The group’s points",  # noqa: RUF001 -- the apostrophe people read
        description="3 or 4 sentences. No names, places or dates of the review.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_TEXT),
        render_kw={"size": "m", "rows": 4},
    )
    more = TextAreaField(
        "What the group asks for",
        description="Needed if it asks for more. No names of children, families or staff.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_REASON),
        render_kw={"rows": 2},
    )
    dissent = TextAreaField(
        "Did anybody see it differently? (you may leave it empty)",
        description="The view, without the name",
        filters=[stripped],
        validators=text_rules(LONGEST_REASON),
        render_kw={"rows": 2},
    )
    elsewhere = ManyOf("Where else should it go?", options=ELSEWHERE)

    def validate_held_on(self, _field: Field) -> None:
        """A meeting that is still to come has agreed nothing."""
        if self.held_on.day and self.held_on.day > self.today:
            raise ValidationError("This day is still to come. Write the day the meeting was held")

    def validate_points(self, field: Field) -> None:
        """What the group thinks comes with its points."""
        if self.position.data not in {None, ASKS_FOR_MORE.value} and not field.data:
            raise ValidationError("Write the points of the group, in 3 or 4 sentences")

    def validate_more(self, field: Field) -> None:
        """Who asks for more says what."""
        if self.position.data == ASKS_FOR_MORE.value and not field.data:
            raise ValidationError("Say what the group asks for")

    def validate_present(self, field: Field) -> None:
        """Somebody was there."""
        if field.data is not None and not 0 < field.data < MOST_MEMBERS:
            raise ValidationError("Write how many members were present, as a number")


class ReflectForm(DatedForm):
    """One person's reflection. With `for_person` of the page, `how` and `given_on` are needed too."""

    position = OneOf(
        "What do you think of the reasoning?",
        options=(*POSITION_OPTIONS, CONFLICT),
        missing="Choose what you think",
        render_kw={"size": "m"},
    )
    points = TextAreaField(
        "Your points",
        description="Up to 1,500 characters. No names, places or dates of the review.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_TEXT),
        render_kw={"size": "m", "rows": 6},
    )
    how = OneOf(
        "How was it given?",
        options=(
            Option("telephone", "By telephone"),
            Option("person", "In person"),
            Option("letter", "By letter or e-mail"),
        ),
        missing="Say how it was given",
    )
    given_on = DayField(
        "When was it given?",
        description="For example today, or 12 June",
        validators=[InputRequired("Write the day it was given")],
        render_kw={"classes": "govuk-input--width-20"},
    )

    def __init__(
        self,
        formdata: FormData | None = None,
        *,
        today: date,
        for_person: bool = False,
        **rest: Any,
    ) -> None:
        """`for_person`: the secretary records it for somebody, so how and when are asked."""
        super().__init__(formdata, today=today, **rest)
        if for_person:
            self.position.missing = "Choose the position that was given"
        else:
            del self.how, self.given_on

    def validate_points(self, field: Field) -> None:
        """A view comes with its reasons; a conflict does not."""
        if self.position.data not in {None, CONFLICT.value} and not field.data:
            raise ValidationError("Write your points, in a few sentences")


class ReassignForm(PageForm):
    """Who reflects instead of whom. Offer both their options."""

    instead_of = OneOf("Who should no longer be asked?", missing="Choose who should no longer be asked")
    ask = OneOf("Who should be asked instead?", missing="Choose who should be asked instead")
    reason = StringField(
        "Reason, for the record (you may leave it empty)",
        description="Not put in the letter",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE),
    )


class PositionForm(PageForm):
    """A draft position. Offer `themes` its options."""

    position = OneOf(
        "What should the group say?",
        options=POSITION_OPTIONS,
        missing="Choose what the group should say",
        render_kw={"size": "m"},
    )
    points = TextAreaField(
        "Points",
        description="3 or 4 sentences. No names, places or dates of the review.",
        filters=[stripped],
        validators=text_rules(LONGEST_TEXT, missing="Write the points, in 3 or 4 sentences"),
        render_kw={"size": "m", "rows": 6},
    )
    dissent = TextAreaField(
        "Did anybody see it differently? (you may leave it empty)",
        description="The view, without the name",
        filters=[stripped],
        validators=text_rules(LONGEST_REASON),
        render_kw={"rows": 3},
    )
    themes = ManyOf("Themes")
    elsewhere = ManyOf("Where else should it go?", options=ELSEWHERE)


class DeclineForm(PageForm):
    """Why the group does not take a review on; the writer reads it."""

    reason = TextAreaField(
        "Why?",
        description="The person who told us reads this. No names of children, families or staff.",
        filters=[stripped],
        validators=text_rules(LONGEST_REASON, missing="Say why"),
        render_kw={"rows": 3},
    )


class HoldForm(DatedForm):
    """Why a case rests, and when it is looked at again: at most 90 days from today."""

    reason = StringField(
        "Reason",
        description="For example “the inquest is still to come”",
        filters=[stripped],
        validators=text_rules(LONGEST_LINE, missing="Give a reason"),
    )
    review_on = DayField(
        "When do we look at it again?",
        description="At most 90 days from today. For example 18 March, or 18/3/27",
        validators=[InputRequired("Write a day, at most 90 days from today")],
        render_kw={"classes": "govuk-input--width-20"},
    )

    def validate_review_on(self, _field: Field) -> None:
        """A case rests until a day to come, and not for ever."""
        on = self.review_on.day
        if on and not 0 < (on - self.today).days <= LONGEST_HOLD_DAYS:
            raise ValidationError("Write a day after today, at most 90 days from today")
