"""A page as a person reads it: its heading, its links, and its forms with what can be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal

from plr.cli.demonstration.telling import StoryError

Kind = Literal["hidden", "text", "radio", "checkbox", "select"]
_VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})
_TYPED = frozenset({"text", "email", "number", "tel", "search"})


@dataclass(slots=True)
class Control:
    """One thing of a form: for a choice, one of its values."""

    name: str
    kind: Kind
    value: str = ""
    chosen: bool = False
    element_id: str = ""
    label: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Form:
    """A form: where it goes, and what stands in it."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)

    def filled(self, given: dict[str, str | list[str]]) -> list[tuple[str, str]]:
        """Return what a browser sends once a person has filled it in. A choice is its value or its label."""
        unknown = set(given) - {control.name for control in self.controls}
        if unknown:
            raise StoryError(f"The form at {self.action} does not ask for {', '.join(sorted(unknown))}.")
        sent: list[tuple[str, str]] = []
        for control in self.controls:
            sent += _sent(control, given.get(control.name))
        for name, wanted in given.items():
            self._require_taken(name, wanted, sent)
        return sent

    def _require_taken(self, name: str, wanted: str | list[str], sent: list[tuple[str, str]]) -> None:
        count = len(wanted) if isinstance(wanted, list) else 1
        if sum(1 for found, _value in sent if found == name) != count:
            raise StoryError(f"The form at {self.action} does not offer what was chosen for {name}.")


def _sent(control: Control, given: str | list[str] | None) -> Iterator[tuple[str, str]]:
    wanted = [given] if isinstance(given, str) else given
    if control.kind in {"radio", "checkbox"}:
        chosen = control.chosen if wanted is None else any(_names(one, control) for one in wanted)
        if chosen:
            yield control.name, control.value
    elif control.kind == "select":
        for value, label in control.options.items():
            option = Control(control.name, "radio", value, label=label)
            if value == control.value if wanted is None else _names(wanted[0], option):
                yield control.name, value
    else:
        yield control.name, control.value if wanted is None else wanted[0]


def _names(wanted: str, choice: Control) -> bool:
    """Say whether a choice is meant: by its value, its label, or the name its label begins with."""
    return wanted in {choice.value, choice.label, choice.label.partition(",")[0]}


@dataclass(slots=True)
class Page:
    """What came back."""

    address: str
    status: int
    heading: str
    text: str
    links: dict[str, str]
    forms: list[Form]

    def form(self, button: str) -> Form:
        """Return the form with this button. Raises StoryError, saying what the page shows."""
        for form in self.forms:
            if button in form.buttons:
                return form
        shown = f'"{self.heading}"' if self.heading else f"status {self.status}"
        raise StoryError(f'A page showed {shown} where the button "{button}" was expected.')


def read(address: str, status: int, html: str) -> Page:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(
        address=address,
        status=status,
        heading=_tidy(reader.heading),
        text=_tidy(reader.text),
        links={_tidy(text): href for text, href in reader.links},
        forms=reader.finished(),
    )


def _tidy(text: str) -> str:
    return " ".join(text.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.heading = ""
        self.text = ""
        self.links: list[tuple[str, str]] = []
        self._forms: list[Form] = []
        self._open: list[str] = []
        self._form: Form | None = None
        self._control: Control | None = None
        self._option = ""
        self._labels: dict[str, str] = {}
        self._label = ""

    def finished(self) -> list[Form]:
        for form in self._forms:
            for control in form.controls:
                control.label = _tidy(self._labels.get(control.element_id, ""))
        return self._forms

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self._forms.append(self._form)
        elif tag == "a":
            self.links.append(("", given.get("href", "")))
        elif tag == "label":
            self._label = given.get("for", "")
        elif self._form is not None:
            self._in_form(tag, given)

    def _in_form(self, tag: str, given: dict[str, str]) -> None:
        form = self._form
        if form is None:
            return
        name, element_id = given.get("name", ""), given.get("id", "")
        if tag == "button":
            form.buttons.append("")
        elif tag == "option" and self._control is not None:
            self._option = given.get("value", "")
            self._control.options[self._option] = ""
            if "selected" in given:
                self._control.value = self._option
        elif tag in {"textarea", "select"} and name:
            self._control = Control(name, "text" if tag == "textarea" else "select", element_id=element_id)
            form.controls.append(self._control)
        elif tag == "input" and name:
            kind = given.get("type", "text")
            known: Kind = "text" if kind in _TYPED else kind  # type: ignore[assignment] # the others name themselves
            form.controls.append(Control(name, known, given.get("value", ""), "checked" in given, element_id))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                continue
        if tag == "form":
            self._form = None
        elif tag in {"textarea", "select"}:
            if self._control is not None and tag == "textarea":
                self._control.value = self._control.value.removeprefix("\n")
            self._control = None
        elif tag == "label":
            self._label = ""
        elif tag == "button" and self._form is not None and self._form.buttons:
            self._form.buttons[-1] = _tidy(self._form.buttons[-1])

    def handle_data(self, data: str) -> None:
        if {"style", "script", "head"} & set(self._open):
            return
        self.text += data if data.strip() else " "
        if "h1" in self._open:
            self.heading += data
        if "a" in self._open and self.links:
            text, href = self.links[-1]
            self.links[-1] = (text + data, href)
        if "label" in self._open and self._label:
            self._labels[self._label] = self._labels.get(self._label, "") + data
        self._data_in_form(data)

    def _data_in_form(self, data: str) -> None:
        if self._form is None:
            return
        if "button" in self._open and self._form.buttons:
            self._form.buttons[-1] += data
        elif "option" in self._open and self._control is not None:
            self._control.options[self._option] = _tidy(self._control.options[self._option] + data)
        elif "textarea" in self._open and self._control is not None:
            self._control.value += data
