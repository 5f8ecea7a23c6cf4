"""What each page shows, but for a case's pages: one frozen record a page; nothing is worked out later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from plr.web.parts import Carried, Fact, Link, Paper, Redline

# ---- 1 Sign in


@dataclass(frozen=True, slots=True)
class SignInView:
    """sign_in.html, with SignInForm. `peer_support_to` is empty while nobody can ask."""

    post_to: str = "/sign-in"
    peer_support_to: str = ""


@dataclass(frozen=True, slots=True)
class SignInCodeView:
    """sign_in_code.html, with CodeForm. The address is what was typed, known or not; `carried` holds it."""

    address: str
    works_until: datetime
    post_to: str = "/sign-in/code"
    again_to: str = "/sign-in"
    carried: tuple[Carried, ...] = ()


# ---- 2 My tasks


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One thing to do, or to know: `link` on the title, or `button`. Only the most urgent row is `main`."""

    title: str
    by: date | None = None
    detail: str = ""
    why: str = ""
    tag: str = ""
    button: Link | None = None
    main: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Late, Today, This week, Later, or Waiting for others; `note` stands beside the heading."""

    heading: str
    rows: tuple[TaskRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class TasksView:
    """tasks.html. `coming` is shown when nothing needs this person."""

    today: date
    summary: str
    groups: tuple[TaskGroup, ...] = ()
    coming: tuple[Fact, ...] = ()
    came_of_it: str = ""
    came_of_it_link: Link | None = None
    going_away_to: str = ""
    done_today: str = "none yet"
    done_to: str = "/tasks/done"


@dataclass(frozen=True, slots=True)
class DoneRow:
    """Something this person has done; `link` leads to it."""

    at: datetime
    text: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class TasksDoneView:
    """tasks_done.html."""

    rows: tuple[DoneRow, ...]
    back: Link
    empty: str = "Nothing yet. What you finish is listed here."


# ---- 3 Decision


@dataclass(frozen=True, slots=True)
class DecisionView:
    """decision.html, with DecisionForm: the question and the text it is about.

    `kind` picks questions/<kind>.html; `notice` says that the text changed (409); `redline` makes it a
    second round; `identified` means that no code is needed; `noted` says that opening is recorded.
    """

    kind: str
    heading: str
    caption: str
    facts: tuple[Fact, ...]
    paper: Paper
    post_to: str
    identified: bool
    noted: bool = False
    redline: Redline | None = None
    whole_text: str = "Read the whole text"
    notice: str = ""
    back: Link | None = None


@dataclass(frozen=True, slots=True)
class DecisionRestrictedView:
    """decision_restricted.html: who may read is not known yet. Both addresses take a POST."""

    heading: str
    caption: str
    facts: tuple[Fact, ...]
    code_to: str
    conflict_to: str


@dataclass(frozen=True, slots=True)
class DecisionCodeView:
    """decision_code.html, with CodeForm: the answer (`carried`) waits in the page for the code.

    Without `answer` the code only opens the text. `masked` is the address as "p...@example.org".
    """

    question: str
    person: str
    masked: str
    works_until: datetime
    post_to: str
    again_to: str
    back: Link
    answer: str = ""
    reason: str = ""
    carried: tuple[Carried, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionDoneView:
    """decision_done.html. Without `take_back_to` the effect has begun; without `not_me_to` no such line."""

    heading: str
    at: datetime
    happens: tuple[str, ...]
    button: Link
    rest: str = ""
    take_back_to: str = ""
    take_back_until: str = ""
    not_me_to: str = ""


@dataclass(frozen=True, slots=True)
class DecisionAnsweredView:
    """decision_answered.html (409): somebody else has answered; question, answer and why in `facts`."""

    heading: str
    caption: str
    sentence: str
    facts: tuple[Fact, ...]
    button: Link
    after: str = ""


# ---- forms by a mailed link (12), confirm (19)


@dataclass(frozen=True, slots=True)
class LinkFormView:
    """links/correction.html with CorrectionForm, links/impact.html with ImpactForm."""

    reference: str
    caption: str
    facts: tuple[Fact, ...]
    post_to: str
    asked_for: str = ""
    paper: Paper | None = None


@dataclass(frozen=True, slots=True)
class SentView:
    """links/sent.html: the end of a journey by link."""

    heading: str
    at: datetime
    happens: tuple[str, ...]
    button: Link | None = None
    rest: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmView:
    """confirm.html, with ReasonForm: for what cannot be undone or tells many people.

    "This cannot be undone." is followed by `gentler_before`, the link and a full stop.
    """

    heading: str
    lead: str
    happens: tuple[str, ...]
    button: str
    post_to: str
    back: Link
    keep: Link
    gentler_before: str = ""
    gentler: Link | None = None
    reason_asked: bool = True
    carried: tuple[Carried, ...] = ()


# ---- 17 errors


@dataclass(frozen=True, slots=True)
class KeptText:
    """Words the person had written, given back."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class LinkDeadView:
    """error_link_dead.html (410)."""

    sign_in_to: str = "/sign-in"


@dataclass(frozen=True, slots=True)
class TooManyView:
    """error_too_many.html (429): `until` when, and `sentences` that say why and what still works."""

    until: datetime
    sentences: tuple[str, ...]
    back: Link


@dataclass(frozen=True, slots=True)
class FaultView:
    """error_fault.html (500)."""

    error_id: str
    at: datetime
    again: Link
    kept: tuple[KeptText, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFoundView:
    """error_not_found.html (404, also 400 and 405): the same whether it is not there or not yours."""

    button: Link
    also: Link | None = None


@dataclass(frozen=True, slots=True)
class UnavailableView:
    """error_unavailable.html (503)."""

    again_at: datetime
    again: Link
    kept: tuple[KeptText, ...] = ()


@dataclass(frozen=True, slots=True)
class StaleFormView:
    """error_stale_form.html (403): the page was open too long."""

    again: Link
    kept: tuple[KeptText, ...] = ()
