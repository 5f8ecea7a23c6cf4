"""Writing a file whole or not at all: a temporary name, fsync, then a name that must not exist yet."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from plr.errors import InvalidInputError, Problem, UnavailableError


@contextmanager
def written_whole(path: Path) -> Generator[TextIO]:
    """Give a text file, its owner's only, that appears under its name once the block has ended well."""
    with placed(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


@contextmanager
def placed(path: Path) -> Generator[Path]:
    """Give a new empty file beside `path`, and put it there, on disk, once the block has ended well.

    Raises InvalidInputError when the name is taken, UnavailableError when the folder cannot be written.
    """
    if path.exists():
        raise InvalidInputError(
            [Problem("file", "There is a file of that name already.", "Choose another name.")]
        )
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(mode=0o600, exist_ok=False)
        try:
            yield temporary
            sync(temporary)
            os.link(temporary, path)
            sync(path.parent)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except FileExistsError:
        problem = Problem("file", "There is a file of that name already.", "Choose another name.")
        raise InvalidInputError([problem]) from None
    except OSError as error:
        raise UnavailableError(
            f"The file could not be written ({error.strerror}). Make room or choose another folder, "
            "then try again."
        ) from None


def sync(path: Path) -> None:
    """Ask the disk to keep a file or a folder now."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
