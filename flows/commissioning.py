"""Commissioning reflection (terms of reference 2.1, 2.2): reflecting on a decision taken by others."""

from __future__ import annotations

from plr.engine.process import process
from tasks.agreements import ask_group, await_group, put_on_agenda
from tasks.approvals import ask_position, ask_triage, await_approval
from tasks.checks import ask_check, ask_correction, await_check, await_correction
from tasks.follow_up import ask_follow_up, await_follow_up, await_impact, close_follow_up, follow_up_months
from tasks.positions import after_revision, ask_revision, await_position, begin_synthesis, issue
from tasks.reflections import (
    ask_to_reassign,
    await_off_hold,
    await_reassignment,
    await_reflections,
    begin_reflecting,
    hold_for_reflections,
)
from tasks.reviews import choose_depth, decline


@process(name="commissioning-reflection", version=1)
def commissioning_reflection(reference: str) -> None:
    """Reflect on a commissioning decision taken by others (terms of reference 2.1, 2.2).

    Light: checked, agreed at a quorate meeting, recorded. Full: checked, taken on by the Chair,
    reflected on by three people of three professions, drafted, agreed at a quorate meeting, its text
    approved by the Chair, issued. Both: asked after 3 and 12 months what came of it.
    """
    check_for_identifiers(reference)
    if choose_depth(reference) == "full" or agree_lightly(reference) == "deepened":
        take_on(reference)
        reflect(reference)
        agree_in_depth(reference)
    follow_up(reference)


def check_for_identifiers(reference: str) -> None:
    """A second person reads the text before anybody else does; what comes back is read again."""
    if ask_check(reference) == "passes":
        return
    while await_check(reference) == "return":
        ask_correction(reference)
        await_correction(reference)
        ask_check(reference)


def agree_lightly(reference: str) -> str:
    """One page at a quorate meeting; recording it issues it in the same commit."""
    while True:
        answer: str = await_group(reference, put_on_agenda(reference))
        if answer in {"approved", "deepened"}:
            return answer


def take_on(reference: str) -> None:
    """The Chair takes the review on, asks the submitter for a better text, or declines."""
    while True:
        answer = await_approval(reference, ask_triage(reference))
        if answer == "approved":
            return
        if answer == "rejected":
            decline(reference)
        ask_correction(reference)
        await_correction(reference)
        check_for_identifiers(reference)


def reflect(reference: str) -> None:
    """Three people reflect; too few: others are asked once, then the case is put on hold."""
    begin_reflecting(reference)
    while await_reflections(reference) == "too-few":
        if ask_to_reassign(reference) == "asked" and await_reassignment(reference) == "reassigned":
            continue
        hold_for_reflections(reference)
        await_off_hold(reference)
    begin_synthesis(reference)
    await_position(reference)


def agree_in_depth(reference: str) -> None:
    """A quorate meeting agrees the draft, the Chair approves its text, and it is issued."""
    while True:
        answer = await_group(reference, ask_group(reference))
        if answer == "returned":
            begin_synthesis(reference)
            await_position(reference)
        elif answer == "approved" and approve_text(reference) == "approved":
            issue(reference)
            return


def approve_text(reference: str) -> str:
    """The Chair approves the text; changed words come back to the Chair, a changed position to the group."""
    while True:
        answer = await_approval(reference, ask_position(reference))
        if answer == "approved":
            return "approved"
        if answer == "group":
            return "changed"
        if answer == "rejected":
            decline(reference)
        ask_revision(reference)
        await_position(reference)
        if after_revision(reference) == "group":
            return "changed"


def follow_up(reference: str) -> None:
    """Ask what came of it after 3 and 12 months; silence closes a follow-up as "no answer"."""
    months_to_ask = follow_up_months(reference)
    for months in months_to_ask:
        await_follow_up(reference, months)
        ask_follow_up(reference, months=months)
        await_impact(reference, months)
        close_follow_up(reference, months=months, last=months == months_to_ask[-1])
