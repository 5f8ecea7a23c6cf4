"""A document as text, and its Word file, by class; opening a restricted one is noted."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from plr.db.models import Case, Output
from plr.domain.outputs import Classification, OutputKind, root_of, version_words
from plr.domain.words import OutputStatus
from plr.errors import NotFoundError, UnavailableError
from plr.operations import outputs, rights
from plr.web.pages import doors
from plr.web.pages.visits import SignedIn, Viewer, Visit, viewer_of
from plr.web.parts import Link, Paper
from plr.web.showing import cases as case_showing
from plr.web.showing import papers

router = APIRouter()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,126}")
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class OutputView:
    """output.html: a document's text, its class, and the case it belongs to."""

    heading: str
    caption: str
    tag: str
    noted: bool
    paper: Paper
    back: Link
    mark: str = ""


@router.get("/outputs/{name}", name="output")
def show(visit: SignedIn, name: str) -> Response:
    """Show a document's text."""
    with visit.house.database.reading() as session:
        case, output = _find(session, viewer_of(visit), name, now=visit.now)
        if output.fields is None:
            raise NotFoundError("There is no such document.")
        kind = OutputKind(output.kind)
        blocks = papers.document_blocks(kind, output.fields, visit.house.templates)
        written = output.status is OutputStatus.WRITTEN
        paper = Paper(
            kind.heading,
            blocks,
            version=version_words(output.version, draft=output.draft).capitalize(),
            on=output.day_on,
            file=Link("Word file", f"/outputs/{output.name}/file") if written else None,
            size=case_showing.size_words(output.size) if output.size else "",
        )
        view = OutputView(
            heading=kind.heading,
            caption=output.reference,
            tag=Classification(output.classification).label,
            noted=_is_restricted(output),
            paper=paper,
            back=Link(case.reference, f"/cases/{case.reference}"),
            mark=output.mark or "",
        )
        _note(visit, output)
    return visit.page("output.html", view, frame=visit.frame("cases"))


@router.get("/outputs/{name}/file", name="output_file")
def download(visit: SignedIn, name: str) -> Response:
    """Send the Word file as it stands in shared storage; one that was changed there is not sent."""
    with visit.house.database.reading() as session:
        _case, output = _find(session, viewer_of(visit), name, now=visit.now)
        root = root_of(Classification(output.classification))
        folder, file, sha256 = output.folder, output.name, output.sha256
        if output.status is not OutputStatus.WRITTEN:
            raise NotFoundError("There is no such document yet.")
        _note(visit, output)
    data = visit.house.storage.read(root, folder, file)
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        raise UnavailableError("The file is not in shared storage as it was written. Tell the secretary.")
    return visit.file(data, name=file, media_type=_WORD)


def _find(session: Session, viewer: Viewer, name: str, *, now: datetime) -> tuple[Case, Output]:
    if not _NAME.fullmatch(name):
        raise NotFoundError("There is no such document.")
    output = outputs.by_name(session, name)
    case = doors.case_for(session, viewer, output.reference, now=now)
    doors.require(rights.may_read_output(session, viewer.id, case, output, now=now))
    return case, output


def _is_restricted(output: Output) -> bool:
    return output.classification == Classification.RESTRICTED.value


def _note(visit: Visit, output: Output) -> None:
    if _is_restricted(output):
        doors.note_opening(visit, output.reference, f"output:{output.id}", "may read")
