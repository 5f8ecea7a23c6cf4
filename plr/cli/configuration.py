"""`plr config check`: whether the configuration can be used, and if not which file, line and remedy."""

from __future__ import annotations

from pathlib import Path

from plr import settings
from plr.adapters import opening
from plr.cli.context import Json
from plr.cli.showing import answer
from plr.cli.texts import read
from plr.domain.statutory import StatutoryClocks
from plr.errors import InvalidInputError, Problem
from plr.operations.screening import ScreenWords
from plr.settings.files import ConfigFiles, data_dir
from plr.settings.model import config_files


def check(file: Path | None = None, *, json: Json = False) -> None:
    """Read the whole configuration and say what is wrong with it.

    Parameters
    ----------
    file
        A file or folder to lay over the shipped one; without it, what PLR_CONFIG names.
    """
    if file is None:
        loaded = settings.load()
        files = config_files()
    else:
        over = {"PLR_CONFIG": str(_overlay(file))}
        loaded = settings.load(over)
        files = config_files(over)
    _read_all(loaded, files)
    checked = str(file or files.overlay or files.shipped)
    answer({"ok": True, "checked": checked}, f"{checked}: can be used.", as_json=json)


def _overlay(file: Path) -> Path:
    """Return what is laid over: a file of one subject, such as roles.yaml, brings its folder along."""
    if not file.exists():
        problem = Problem("", "There is no such file or folder.", "Check its name.")
        raise InvalidInputError([problem], str(file))
    if file.is_dir():
        return file
    read(str(file))
    subjects = {shipped.stem for shipped in data_dir("config").glob("*.yaml")} - {"default"}
    return file.parent if file.stem in subjects else file


def _read_all(loaded: settings.Settings, files: ConfigFiles) -> None:
    settings.load_rules(loaded, files)
    ScreenWords.from_mapping(files.merged("screening"))
    StatutoryClocks.from_mapping(files.merged("statutory_clocks"))
    opening.mail_settings(loaded)
    opening.storage(loaded)
