"""`plr templates preview`: a letter as somebody would read it, with invented data."""

from __future__ import annotations

import sys

from plr import settings
from plr.adapters.letters import render
from plr.cli.sample_letters import samples_of
from plr.settings.files import data_dir


def preview(name: str, *, html: bool = False) -> None:
    """Show a letter with invented data; its private link and code are masked.

    Parameters
    ----------
    name
        Its name or code, such as n24_approval_asked or N24.
    html
        Print the HTML part instead of the text.
    """
    loaded = settings.load()
    for letter in samples_of(name):
        shown = render(
            letter,
            link=None,
            code=None,
            masked=True,
            group_name=loaded.group.name,
            reply_to=loaded.smtp.reply_to,
            base_url=loaded.base_url,
            templates_dir=data_dir("templates") / "email",
        )
        text = shown.html if html else f"Subject: {shown.subject}\n\n{shown.text}"
        sys.stdout.write(f"{text}\n")
