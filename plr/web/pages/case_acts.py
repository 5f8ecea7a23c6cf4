"""What may be done to a whole case: hold, go on, withdraw, decline, look deeper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case
from plr.errors import InvalidInputError
from plr.operations import cases, rights
from plr.web.case_forms import DeclineForm, HoldForm
from plr.web.case_views import ActView
from plr.web.fields import PageForm
from plr.web.forms import ReasonForm
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, Posted, already, once, refuse_all, screened
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Link

router = APIRouter()

Do = Callable[[Session, Visit, Case, PageForm], None]


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its page, its row in the table of rights, what will happen, and the operation."""

    name: str
    code: str
    make: Callable[[Posted | None, date], PageForm]
    right: rights.Act
    happens: tuple[str, ...]
    do: Do
    gentler: bool = False
    screens: bool = True


def _hold(session: Session, visit: Visit, case: Case, form: PageForm) -> None:
    if not isinstance(form, HoldForm) or form.review_on.day is None:
        raise TypeError("The form of this act holds a day.")
    cases.hold(
        session,
        case.reference,
        until_on=form.review_on.day,
        reason=str(form.reason.data),
        by=viewer_of(visit).actor,
        now=visit.now,
    )


def _resume(session: Session, visit: Visit, case: Case, _form: PageForm) -> None:
    cases.resume(session, case.reference, by=viewer_of(visit).actor, now=visit.now)


def _withdraw(session: Session, visit: Visit, case: Case, form: PageForm) -> None:
    by = viewer_of(visit).actor
    cases.withdraw(session, case.reference, reason=str(form["reason"].data), by=by, now=visit.now)


def _decline(session: Session, visit: Visit, case: Case, form: PageForm) -> None:
    by = viewer_of(visit).actor
    cases.decline(session, case.reference, reason=str(form["reason"].data), by=by, now=visit.now)


def _deepen(session: Session, visit: Visit, case: Case, form: PageForm) -> None:
    by = viewer_of(visit).actor
    cases.deepen(session, case.reference, reason=str(form["reason"].data), by=by, now=visit.now)


def _reason(posted: Posted | None, _today: date) -> PageForm:
    return ReasonForm(None if posted is None else posted.data)


HOLD = Act(
    "hold",
    "held",
    lambda posted, today: HoldForm(None if posted is None else posted.data, today=today),
    rights.Act.HOLD,
    (
        "its clocks stand still, and nobody is reminded",
        "on the day you choose, the Chair is asked to look at it again",
        "it can be taken off hold at any time",
    ),
    _hold,
)
RESUME = Act(
    "resume",
    "resumed",
    lambda _posted, _today: PageForm(),
    rights.Act.RESUME,
    ("it goes on where it stood", "every open date moves by the working days it rested"),
    _resume,
    screens=False,
)
WITHDRAW = Act(
    "withdraw",
    "withdrawn",
    _reason,
    rights.Act.WITHDRAW,
    ("nobody is asked about it any more", "its documents stay, and its history says that it was withdrawn"),
    _withdraw,
    gentler=True,
)
DECLINE = Act(
    "decline",
    "declined",
    lambda posted, _today: DeclineForm(None if posted is None else posted.data),
    rights.Act.DECLINE,
    (
        "the case ends without a reflection",
        "the person who told us gets a letter",
        "nobody is asked about it any more",
    ),
    _decline,
    gentler=True,
)
DEEPEN = Act(
    "deepen",
    "deepened",
    _reason,
    rights.Act.DEEPEN,
    (
        "three people of three professions are asked to reflect first, once the Chair takes it on",
        "a draft is written, agreed by the group, and its text approved",
        "it takes about two months longer; there is no way back to the short form",
    ),
    _deepen,
)


def _show(visit: Visit, act: Act, reference: str) -> Response:
    with visit.house.database.reading() as session:
        case = _case(session, visit, act, reference)
    return _page(visit, act, case.reference, act.make(None, visit.today))


def _do(visit: Visit, posted: Posted, act: Act, reference: str) -> Response:
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = act.make(posted, visit.today)
    with visit.house.database.reading() as session:
        case = _case(session, visit, act, reference)
        if not form.validate() or (act.screens and not screened(session, form, ("reason",))):
            return _page(visit, act, case.reference, form, status=422)

    def operation(session: Session) -> Outcome:
        found = _case(session, visit, act, reference)
        act.do(session, visit, found, form)
        return Outcome(act.code, f"/cases/{found.reference}")

    try:
        outcome = once(visit, posted.form_id, viewer.id, operation)
    except InvalidInputError as error:
        refuse_all(form, error, names={"until": "review_on"}, otherwise="reason")
        return _page(visit, act, case.reference, form, status=422)
    return visit.redirect(outcome.location)


def _case(session: Session, visit: Visit, act: Act, reference: str) -> Case:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    doors.require(rights.may(session, viewer.id, act.right, case, now=visit.now))
    return case


def _page(visit: Visit, act: Act, reference: str, form: PageForm, status: int = 200) -> Response:
    to = f"/cases/{reference}"
    view = ActView(
        reference=reference,
        back=Link(reference, to),
        post_to=f"{to}/{act.name}",
        happens=act.happens,
        gentler=Link("put it on hold until a date", f"{to}/hold") if act.gentler else None,
    )
    return visit.page(f"{act.name}.html", view, form=form, status=status, frame=visit.frame("cases"))


def _serve(act: Act) -> None:
    @router.get(f"/cases/{{reference}}/{act.name}", name=act.name)
    def show(visit: SignedIn, reference: str) -> Response:
        return _show(visit, act, reference)

    @router.post(f"/cases/{{reference}}/{act.name}", name=f"{act.name}_send")
    def take(visit: SignedIn, posted: Post, reference: str) -> Response:
        return _do(visit, posted, act, reference)


for _act in (HOLD, RESUME, WITHDRAW, DECLINE, DEEPEN):
    _serve(_act)
