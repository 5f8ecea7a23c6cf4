"""Page 6b: a letter of which nobody knows whether it arrived: the secretary asks, then settles it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.adapters.letters import Letter, render
from plr.db.models import Notice
from plr.domain.notices import Notice as Fields
from plr.domain.wording import day_time
from plr.domain.words import NoticeStatus, Office
from plr.errors import InvalidInputError, NotYoursError, WrongMomentError
from plr.operations import directory, outbox, rights
from plr.web.fields import OneOf, PageForm
from plr.web.pages import doors
from plr.web.pages.posts import Outcome, Post, already, once
from plr.web.pages.visits import SignedIn, Visit, viewer_of
from plr.web.parts import Block, Fact, Link, Option, Paper
from plr.web.showing import people as people_showing

router = APIRouter()

_HEX = frozenset("0123456789abcdef")
_ID_LENGTH = 32


class SettleForm(PageForm):
    """What became of the letter."""

    answer = OneOf(
        "What do you know about it?",
        options=(
            Option("arrived", "It arrived"),
            Option(
                "again",
                "It did not arrive: send it again",
                "Same letter, same number; most mail programs show it once",
            ),
            Option("drop", "It no longer matters: do not send", "What is asked stands on their own page"),
        ),
        missing="Choose what became of the letter",
        render_kw={"size": "m"},
    )


@dataclass(frozen=True, slots=True)
class LetterSettleView:
    """letter_settle.html, with SettleForm: the letter as it was written, its link and code masked."""

    person: str
    caption: str
    lead: str
    facts: tuple[Fact, ...]
    paper: Paper
    said: str
    post_to: str
    back: Link


@router.get("/outbox/{notice_id}", name="letter")
def show(visit: SignedIn, notice_id: str) -> Response:
    """Show the letter, and ask whether it arrived."""
    with visit.house.database.reading() as session:
        return _page(session, visit, _letter(session, visit, notice_id), SettleForm())


@router.post("/outbox/{notice_id}/settle", name="letter_settle")
def settle(visit: SignedIn, posted: Post, notice_id: str) -> Response:
    """Settle it: it arrived, it is sent again, or it no longer matters."""
    second = already(visit, posted)
    if second is not None:
        return second
    viewer = viewer_of(visit)
    form = SettleForm(posted.data)
    with visit.house.database.reading() as session:
        notice = _letter(session, visit, notice_id)
        if not form.validate():
            return _page(session, visit, notice, form, status=422)

    def act(session: Session) -> Outcome:
        _letter(session, visit, notice_id)
        answer = str(form.answer.data)
        outbox.settle(session, notice_id, answer=answer, by=viewer.actor, now=visit.now)
        return Outcome(f"letter-{answer}", "/tasks")

    return visit.redirect(once(visit, posted.form_id, viewer.id, act).location)


def _letter(session: Session, visit: Visit, notice_id: str) -> Notice:
    """Return a letter that the secretary may settle now. A code is nobody else's: it is never shown."""
    viewer = viewer_of(visit)
    known = len(notice_id) == _ID_LENGTH and set(notice_id) <= _HEX
    notice = session.get(Notice, notice_id) if known else None
    if notice is None:
        raise NotYoursError("There is no such page.")
    reference = notice.reference or ""
    in_conflict = viewer.id in directory.interested(session, reference)
    settles = rights.acts_for(session, viewer.id, Office.SECRETARY, reference, now=visit.now)
    doors.require(settles and not in_conflict)
    if notice.status is not NoticeStatus.UNCERTAIN:
        raise WrongMomentError("This letter is settled already.")
    return notice


def _page(session: Session, visit: Visit, notice: Notice, form: SettleForm, status: int = 200) -> Response:
    people = people_showing.load(session, now=visit.now)
    person = people.name(notice.person_id) if notice.person_id else "the person who told us"
    written = _written(visit, notice)
    handed = "" if notice.handing_over_at is None else f" on {day_time(notice.handing_over_at)}"
    about = Link(notice.reference, f"/cases/{notice.reference}") if notice.reference else None
    facts = (
        Fact("To", f"{person}, {notice.address}"),
        Fact("Subject", written.subject if written else "A letter of another release."),
        Fact(
            "About", f"Letter {notice.code}" if about else f"Letter {notice.code}, about no case", link=about
        ),
    )
    view = LetterSettleView(
        person=person,
        caption=f"Letter to {person}",
        lead=(
            f"We handed it over{handed}. The mail server took the text and then did not answer, so we cannot "
            "know. We do not send it again by ourselves: it might come twice."
        ),
        facts=facts,
        paper=Paper("What it says", _blocks(written.text) if written else ()),
        said=notice.last_error or "Nothing.",
        post_to=f"/outbox/{notice.id}/settle",
        back=Link("My tasks", "/tasks"),
    )
    return visit.page("letter_settle.html", view, form=form, status=status, frame=visit.frame("outbox"))


def _written(visit: Visit, notice: Notice) -> Letter | None:
    settings = visit.house.settings
    try:
        return render(
            Fields.from_mapping(notice.fields),
            link=None,
            code=None,
            masked=True,
            group_name=settings.group.name,
            reply_to=settings.smtp.reply_to,
            base_url=settings.base_url,
            templates_dir=visit.house.templates / "email",
        )
    except InvalidInputError:  # a letter of another release
        return None


def _blocks(text: str) -> tuple[Block, ...]:
    """Return a letter's text, without its footer, as paragraphs and lists; its lines were broken for mail."""
    blocks = []
    for part in text.partition("\n-- \n")[0].split("\n\n"):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if lines and all(line.startswith("- ") for line in lines):
            blocks.append(Block("bullets", entries=tuple(line.removeprefix("- ") for line in lines)))
        elif lines:
            blocks.append(Block("text", " ".join(lines)))
    return tuple(blocks)
