"""Page 4c: recording what a quorate meeting agreed, in two steps; refusals as the operation says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session
from wtforms import Field, TextAreaField
from wtforms.validators import ValidationError

from plr.db.models import Case
from plr.domain.cases import AFTER_ISSUE
from plr.domain.words import Answer, Depth, Office, PositionValue
from plr.errors import InvalidInputError, NotFoundError, NotQuorateError, NotYoursError, WrongMomentError
from plr.operations import agreements, cases, positions, rights
from plr.operations.agreements import Minute
from plr.operations.positions import PositionText
from plr.web.case_forms import ASKS_FOR_MORE, AgreeForm
from plr.web.case_views import AgreeView, CheckPageView
from plr.web.fields import LONGEST_REASON, OneOf, needed_by_rule, stripped
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, Posted, already, once, refuse_all, screened, tried
from plr.web.pages.sentences import points_of
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Block, Fact, Link, Option, Paper
from plr.web.showing import papers
from plr.web.showing import people as people_showing

router = APIRouter()

_NAMES = {
    "meeting_on": "held_on",
    "value": "position",
    "diversity_reason": "few_professions",
    "text": "position",
}


class AgreeDraftForm(AgreeForm):
    """What a meeting answered about a draft that stands: agreed as it is, or changes asked for."""

    answer = OneOf(
        "What did the group say?",
        options=(
            Option("approve", "It agreed the draft as it is"),
            Option(
                "return", "It asked for changes", "The writer changes the draft; it comes back to the group"
            ),
        ),
        render_kw={"size": "m"},
    )
    reason = TextAreaField(
        "What should change",
        description="Needed if it asked for changes. No names of children, families or staff.",
        filters=[stripped],
        validators=needed_by_rule(LONGEST_REASON),
        render_kw={"rows": 3},
    )

    def __init__(self, *arguments: Any, **rest: Any) -> None:
        """Leave out what the draft already says."""
        super().__init__(*arguments, **rest)
        for name in ("position", "points", "more", "dissent", "elsewhere"):
            del self[name]

    def validate_reason(self, field: Field) -> None:
        """Who asks for changes says which."""
        if self.answer.data == "return" and not field.data:
            raise ValidationError("Say what should change")


@dataclass(frozen=True, slots=True)
class AgreeDraftView:
    """agree_draft.html, with AgreeDraftForm: the draft, and what the meeting said."""

    reference: str
    back: Link
    paper: Paper
    post_to: str


@router.get("/cases/{reference}/agree", name="agree")
def show(visit: SignedIn, reference: str) -> Response:
    """Ask which meeting, and what it agreed."""
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
        return _page(session, visit, case, _form(session, visit, case, None))


@router.post("/cases/{reference}/agree", name="agree_check")
def check(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Show the one page as the group will read it; what would be refused is refused here already."""
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
        form = _form(session, visit, case, posted)
        if not form.validate() or not screened(session, form, _texts(form)):
            return _page(session, visit, case, form, status=422)
    refused = _refused(visit, reference, form)
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
        if refused:
            return _page(session, visit, case, form, status=refused)
        return _check_page(session, visit, case, form)


@router.get("/cases/{reference}/agree/check", name="agree_check_again")
def again(visit: SignedIn, reference: str) -> Response:
    """Begin again: what was typed travels in the page, and this request has none."""
    return visit.redirect(f"/cases/{reference}/agree")


@router.post("/cases/{reference}/agree/check", name="agree_record")
def record(visit: SignedIn, posted: Post, reference: str) -> Response:
    """Record it."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    with visit.house.database.reading() as session:
        case = _case(session, visit, reference)
        form = _form(session, visit, case, posted)
        if not form.validate() or not screened(session, form, _texts(form)):
            return _page(session, visit, case, form, status=422)

    def act(session: Session) -> Outcome:
        _record(session, visit, reference, form)
        return Outcome("agreed", f"/cases/{reference}")

    try:
        outcome = once(visit, posted.form_id, viewer.id, act)
    except (InvalidInputError, NotQuorateError) as error:
        status = _put(form, error)
        with visit.house.database.reading() as session:
            return _page(session, visit, _case(session, visit, reference), form, status=status)
    return visit.redirect(outcome.location)


def _case(session: Session, visit: Visit, reference: str) -> Case:
    viewer = viewer_of(visit)
    case = doors.case_for(session, viewer, reference, now=visit.now)
    if not rights.acts_for(session, viewer.id, Office.SECRETARY, reference, now=visit.now):
        raise NotYoursError("There is no such page.")
    if agreements.open_question(session, reference) is None:
        raise WrongMomentError("The group is not asked about this case now. Open it to see where it stands.")
    return case


def _brings_text(case: Case) -> bool:
    return case.depth is Depth.LIGHT or case.status in AFTER_ISSUE


def _form(session: Session, visit: Visit, case: Case, posted: Posted | None) -> AgreeForm:
    data = None if posted is None else posted.data
    kind = AgreeForm if _brings_text(case) else AgreeDraftForm
    form = kind(data, today=visit.today)
    people = people_showing.load(session, now=visit.now)
    members = people.members()
    form.presider.offer(people.options(members))
    form.out.offer(people.options(members))
    terms = people.rules.terms_on(visit.today)
    form.professions.offer([Option(name, name[:1].upper() + name[1:]) for name in terms.professions])
    return form


def _texts(form: AgreeForm) -> tuple[str, ...]:
    return tuple(name for name in ("few_professions", "points", "more", "dissent", "reason") if name in form)


def _minute(session: Session, case: Case, form: AgreeForm) -> Minute:
    if form.held_on.day is None:
        raise InvalidInputError([])
    answer, text, reason = Answer.APPROVE, None, None
    if isinstance(form, AgreeDraftForm):
        answer, reason = Answer(str(form.answer.data)), form.reason.data or None
    elif form.position.data == ASKS_FOR_MORE.value:
        answer, reason = Answer.RETURN, form.more.data or None
    else:
        elsewhere = form.elsewhere.data or ()
        text = PositionText(
            PositionValue(str(form.position.data)),
            points_of(form.points.data),
            _themes(session, case),
            form.dissent.data or None,
            for_learning="learning" in elsewhere,
            for_panel="panel" in elsewhere,
        )
    return Minute(
        meeting=str(form.meeting.data),
        meeting_on=form.held_on.day,
        minute=str(form.minute.data),
        presider_id=int(str(form.presider.data)),
        present=int(form.present.data or 0),
        professions=tuple(form.professions.data or ()),
        out_ids=tuple(int(number) for number in form.out.data or ()),
        answer=answer,
        text=text,
        diversity_reason=form.few_professions.data or None,
        reason=reason,
    )


def _themes(session: Session, case: Case) -> tuple[str, ...]:
    """Return the themes of what was submitted: at light depth nobody writes others."""
    try:
        content = cases.content_of(session, case.reference)
    except NotFoundError:
        return ()
    return tuple(content.get("themes", ()))


def _record(session: Session, visit: Visit, reference: str, form: AgreeForm) -> None:
    case = _case(session, visit, reference)
    minute = _minute(session, case, form)
    agreements.record(session, reference, minute, note=None, by=viewer_of(visit).actor, now=visit.now)


def _refused(visit: Visit, reference: str, form: AgreeForm) -> int | None:
    """Try the whole record and take it back: what refuses it is put to the form; return the status."""
    try:
        tried(visit, lambda session: _record(session, visit, reference, form))
    except (InvalidInputError, NotQuorateError) as error:
        return _put(form, error)
    return None


def _put(form: AgreeForm, error: InvalidInputError | NotQuorateError) -> int:
    if isinstance(error, InvalidInputError):
        refuse_all(form, error, names=_NAMES, otherwise="meeting")
    else:
        about = "few_professions" if "professions were present" in str(error) else "present"
        form.refuse(about, str(error))
    return error.http_status


def _page(session: Session, visit: Visit, case: Case, form: AgreeForm, status: int = 200) -> Response:
    to = f"/cases/{case.reference}"
    back = Link(case.reference, to)
    frame = visit.frame("cases")
    if isinstance(form, AgreeDraftForm):
        draft = AgreeDraftView(case.reference, back, _draft(session, case), f"{to}/agree")
        return visit.page("agree_draft.html", draft, form=form, status=status, frame=frame)
    view = AgreeView(case.reference, back, f"{to}/agree")
    return visit.page("agree.html", view, form=form, status=status, frame=frame)


def _draft(session: Session, case: Case) -> Paper:
    position = positions.latest(session, case.reference)
    if position is None:
        raise WrongMomentError("There is no draft yet. Open the case to see where it stands.")
    return papers.position_paper(session, position, heading="The draft")


def _check_page(session: Session, visit: Visit, case: Case, form: AgreeForm) -> Response:
    people = people_showing.load(session, now=visit.now)
    minute = _minute(session, case, form)
    out = ", ".join(people.name(number) for number in minute.out_ids) or "Nobody"
    facts = (
        Fact("Meeting", f"{minute.meeting}, minute {minute.minute}", on=minute.meeting_on),
        Fact("Presided", people.titled(minute.presider_id)),
        Fact("For this item", f"{minute.present} members, {len(set(minute.professions))} professions"),
        Fact("Out for this item", out),
    )
    if minute.text is not None:
        paper = Paper("What the group agreed", _text_blocks(session, minute.text))
    elif _brings_text(case):
        said = (Block("text", "The group asks for more before it says."), Block("text", minute.reason or ""))
        paper = Paper("What the group said", said)
    else:
        agreed = minute.answer is Answer.APPROVE
        about = "The group agreed this draft." if agreed else "The group asked for changes."
        draft = _draft(session, case)
        words = [Block("text", about), *([Block("text", minute.reason)] if minute.reason else [])]
        paper = Paper("What the group said", (*words, *draft.blocks), version=draft.version, on=draft.on)
    to = f"/cases/{case.reference}/agree"
    view = CheckPageView(
        case.reference, Link("Change the words", to), paper, f"{to}/check", form.carried(), facts
    )
    return visit.page("agree_check.html", view, frame=visit.frame("cases"))


def _text_blocks(session: Session, text: PositionText) -> tuple[Block, ...]:
    return papers.text_blocks(session, text)
