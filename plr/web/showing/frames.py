"""What stands around a page: the group's name, the viewer's title, the navigation by right, the strip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from plr.db.models import Person
from plr.db.session import rules_of
from plr.domain.words import Office
from plr.settings import Settings
from plr.web.parts import Banner, Frame, Link, NavigationLink, Strip

# A link is there once its page is (pages 1, Navigation): the word, and the name of the route.
_SECRETARY = ("tasks", "cases", "meetings", "approvals", "outbox", "people", "library", "more")
_CHAIR = ("tasks", "approvals", "cases", "meetings", "library", "more")
_NAVIGATION: tuple[tuple[Office, tuple[str, ...]], ...] = (
    (Office.SECRETARY, _SECRETARY),
    (Office.CHAIR, _CHAIR),
    (Office.VICE_CHAIR, _CHAIR),
    (Office.DATA_PROTECTION_LEAD, _CHAIR),
    (Office.ASSOCIATION_CHAIR, ("tasks", "approvals", "reports", "library")),
    (Office.REPRESENTATIVE, ("tasks", "meetings", "region", "library", "more")),
    (Office.EXECUTIVE, ("reports", "library")),
)
_MEMBER = ("tasks", "meetings", "library", "more")
_WORDS = {
    "tasks": "My tasks",
    "cases": "Cases",
    "meetings": "Meetings",
    "approvals": "Approvals",
    "outbox": "Outbox",
    "people": "People",
    "library": "Library",
    "more": "More",
    "reports": "Reports",
    "region": "My region",
}
_FOOTER = (("help", "Help"), ("privacy", "Privacy"), ("accessibility", "Accessibility"))
_UNSHOWN = frozenset({Office.PEER_SUPPORTER, Office.REPRESENTATIVE})

HasRoute = Callable[[str], str]


def frame(
    settings: Settings,
    *,
    form_token: str,
    form_id: str,
    title: str,
    offices: Sequence[Office],
    has_route: HasRoute,
    current: str,
    banner: Banner | None,
) -> Frame:
    """Return the frame of a page; without a title it has no navigation."""
    return Frame(
        form_token=form_token,
        form_id=form_id,
        person=title,
        navigation=_navigation(offices, has_route, current) if title else (),
        footer=_footer(has_route, signed_in=bool(title)),
        strip=_strip(settings),
        banner=banner,
        me_to=has_route("me"),
        group=settings.group.name,
        association=settings.group.association,
    )


def bare(settings: Settings, *, form_token: str = "", form_id: str = "") -> Frame:
    """Return the frame of a page reached by a link, or of an error: no name, no navigation."""
    return Frame(form_token, form_id, group=settings.group.name, association=settings.group.association)


def _navigation(offices: Sequence[Office], has_route: HasRoute, current: str) -> tuple[NavigationLink, ...]:
    shown = next((links for office, links in _NAVIGATION if office in offices), _MEMBER)
    found = ((name, has_route(name)) for name in shown)
    return tuple(NavigationLink(_WORDS[name], path, name == current) for name, path in found if path)


def _footer(has_route: HasRoute, *, signed_in: bool) -> tuple[Link, ...]:
    wanted = (*_FOOTER, ("health", "Health")) if signed_in else _FOOTER
    return tuple(Link(words, has_route(name)) for name, words in wanted if has_route(name))


def _strip(settings: Settings) -> Strip | None:
    if settings.smtp.host is None:
        return Strip("No mail server is set: letters go to files, not to people.")
    if settings.is_demonstration:
        return Strip(
            "This is a demonstration. Its people are invented, and its letters stay on this machine."
        )
    return None


def title(session: Session, person: Person, offices: Sequence[Office]) -> str:
    """Return "Joan Whitfield, Secretary", or a representative's region, or the name alone."""
    rules = rules_of(session)
    held = [rules.offices[office].label for office in offices if office not in _UNSHOWN]
    region = rules.regions.find(person.region) if person.region and Office.REPRESENTATIVE in offices else None
    words = held[:1] or ([region.name] if region else [])
    return ", ".join([person.name, *words])
