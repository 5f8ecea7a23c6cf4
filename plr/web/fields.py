"""Fields of forms: their words, what they refuse, and errors that say the remedy and never quote."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, Protocol

from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from plr.domain.wording import day, lenient_date
from plr.errors import InvalidInputError
from plr.web.parts import Carried, Option

LONGEST_LINE = 200
LONGEST_REASON = 1000
LONGEST_TEXT = 1500


def stripped(value: str | None) -> str | None:
    """Return the text without space around it."""
    return value.strip() if value else value


class FormData(Protocol):
    """What a browser sent, as Starlette's FormData or a MultiDict gives it, with `getlist`."""

    def getlist(self, key: str, /) -> list[Any]:
        """Return every value of `key`."""

    def __contains__(self, key: object, /) -> bool:
        """Return whether `key` was sent."""

    def __len__(self) -> int:
        """Return how many keys were sent."""

    def __iter__(self) -> Iterator[str]:
        """Go through the keys."""


class Readable:
    """Refuses signs that cannot be shown: NUL and other control characters but tab and line ends."""

    def __call__(self, _form: BaseForm, field: Field) -> None:
        """Look at the field's text."""
        if any(ord(sign) < ord(" ") and sign not in "\t\r\n" for sign in field.data or ""):
            raise StopValidation("This holds a sign that cannot be shown. Please type the text again")


def text_rules(longest: int, *, missing: str = "") -> list[Any]:
    """Return the validators of a text: needed if `missing` says what to write, readable, not too long."""
    first = InputRequired(missing) if missing else Optional()
    too_long = Length(max=longest, message=f"Make it shorter: at most {longest:,} characters")
    return [first, Readable(), too_long]


def needed_by_rule(longest: int) -> list[Any]:
    """Return the validators of a text whose form says when it is needed."""
    return text_rules(longest)[1:]


class OneOf(RadioField):
    """One choice of several; nothing is chosen before the person chooses."""

    def __init__(
        self,
        label: str,
        *,
        options: Sequence[Option] = (),
        missing: str = "Choose an answer",
        **rest: Any,
    ) -> None:
        """`options` may be given later by `offer`; `missing` is said when nothing is chosen."""
        super().__init__(label, choices=[], validate_choice=False, **rest)
        self.missing = missing
        self.offer(options)

    def offer(self, options: Sequence[Option]) -> None:
        """Set what can be chosen."""
        self.options = tuple(options)

    def pre_validate(self, _form: BaseForm) -> None:
        """Refuse nothing chosen, and what was not offered, with the same words."""
        if self.chosen is None:
            raise StopValidation(self.missing)

    @property
    def chosen(self) -> Option | None:
        """Return the option chosen."""
        return next((option for option in self.options if option.value == self.data), None)


class PickOne(SelectField):
    """One of a long list, empty at first."""

    def __init__(
        self,
        label: str,
        *,
        options: Sequence[Option] = (),
        missing: str = "Choose one",
        **rest: Any,
    ) -> None:
        """`options` may be given later by `offer`; `missing` is said when nothing is chosen."""
        super().__init__(label, choices=[], validate_choice=False, **rest)
        self.missing = missing
        self.offer(options)

    def offer(self, options: Sequence[Option]) -> None:
        """Set what can be chosen."""
        self.options = tuple(options)

    def pre_validate(self, _form: BaseForm) -> None:
        """Refuse nothing chosen, and what was not offered, with the same words."""
        if self.data not in {option.value for option in self.options}:
            raise StopValidation(self.missing)


class ManyOf(SelectMultipleField):
    """Any number of choices, as ticks."""

    def __init__(
        self,
        label: str,
        *,
        options: Sequence[Option] = (),
        **rest: Any,
    ) -> None:
        """`options` may be given later by `offer`."""
        super().__init__(label, choices=[], validate_choice=False, **rest)
        self.offer(options)

    def offer(self, options: Sequence[Option]) -> None:
        """Set what can be ticked."""
        self.options = tuple(options)

    def pre_validate(self, _form: BaseForm) -> None:
        """Refuse what was not offered."""
        if not set(self.data or ()) <= {option.value for option in self.options}:
            raise StopValidation("Tick only what is listed here")


class NumberField(IntegerField):
    """A whole number; `missing` is said when it is none."""

    def __init__(
        self,
        label: str,
        *,
        missing: str,
        **rest: Any,
    ) -> None:
        """A number is always needed."""
        super().__init__(label, validators=[InputRequired(missing)], **rest)
        self.missing = missing

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the number."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(self.missing if valuelist[0] else "") from None


class DayField(StringField):
    """A day typed in any usual way ("18/3/27", "today"). After validation `day` holds it."""

    day: date | None = None

    def pre_validate(self, form: BaseForm) -> None:
        """Read the text as of the form's `today`."""
        if not isinstance(form, DatedForm):
            raise TypeError("A form with a DayField is a DatedForm: days are read as of today.")
        if not (self.data or "").strip():
            return
        try:
            self.day = lenient_date(self.data or "", form.today, field=self.short_name)
        except InvalidInputError as unread:
            [problem] = unread.problems
            sentence = f"{problem.problem} {problem.remedy}"
            raise StopValidation(sentence[0].upper() + sentence[1:]) from None

    def _value(self) -> str:
        return day(self.day) if self.day else self.data or ""


class PageForm(Form):
    """A form of a page. Its token and its id stand in the frame, not here."""

    def carried(self, names: Collection[str] = ()) -> tuple[Carried, ...]:
        """Return what was sent, to travel in the next page; of `names` only, if given."""
        return tuple(
            Carried(field.name, value)
            for field in self
            if not names or field.name in names
            for value in _values(field)
        )

    def refuse(self, name: str, sentence: str) -> None:
        """Add an error to the field `name` that was found outside the form."""
        field = self[name]
        field.errors = [*field.errors, sentence]


class DatedForm(PageForm):
    """A form with a day in it, which is read as of `today`, the day in London."""

    def __init__(
        self,
        formdata: FormData | None = None,
        *,
        today: date,
        **rest: Any,
    ) -> None:
        """`rest` is what a WTForms form takes: obj, data, values by name."""
        self.today = today
        super().__init__(formdata, **rest)


def _values(field: Field) -> list[str]:
    if isinstance(field, ManyOf):
        return list(field.data or ())
    if isinstance(field, BooleanField):
        return ["yes"] if field.data else []
    return [] if field.data in {None, ""} else [str(field.data)]
