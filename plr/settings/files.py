"""The configuration files: the shipped ones, and the folder or file laid over them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plr.errors import InvalidConfigError, InvalidInputError, Problem
from plr.reading import Document, read_document

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """Return `config` or `templates`: inside the installed package, else beside it in a checkout."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.exists() else _PACKAGE.parent / name


@dataclass(frozen=True, slots=True)
class Layer:
    """One configuration file as read, with the lines its values stand on."""

    path: Path
    document: Document

    @property
    def data(self) -> dict[str, Any]:
        """The mapping the file holds."""
        return dict(self.document.data)


class ConfigFiles:
    """The shipped folder, with the user's folder or file laid over it."""

    def __init__(self, overlay: Path | None) -> None:
        self.shipped = data_dir("config")
        self.overlay = overlay
        if overlay is not None and not overlay.exists():
            raise InvalidConfigError(
                [Problem("PLR_CONFIG", "there is no such file or folder.", "Mend the path or unset it.")],
                str(overlay),
            )

    def layers(self, name: str) -> list[Layer]:
        """Return the files that hold `name`, the shipped one first."""
        paths = [self.shipped / f"{name}.yaml"]
        if self.overlay is not None:
            own = self.overlay if self.overlay.is_file() else self.overlay / f"{name}.yaml"
            if own.is_file() and (self.overlay.is_dir() or name == "default"):
                paths.append(own)
        return [self._read(path) for path in paths]

    def merged(self, name: str) -> dict[str, Any]:
        """Return one mapping: later files win, key by key; a key the shipped file lacks is refused."""
        shipped, *own = self.layers(name)
        result = shipped.data
        for layer in own:
            result = _laid_over(result, layer.data, layer, ())
        return result

    def line_of(self, name: str, path: tuple[str | int, ...]) -> tuple[str, int | None]:
        """Return the file and line that last set a value."""
        for layer in reversed(self.layers(name)):
            line = layer.document.line_of(path)
            if line is not None:
                return str(layer.path), line
        return str(self.shipped / f"{name}.yaml"), None

    @staticmethod
    def _read(path: Path) -> Layer:
        try:
            return Layer(path, read_document(path.read_bytes(), str(path)))
        except InvalidInputError as error:
            raise InvalidConfigError(error.problems, error.source) from None
        except OSError as error:
            problem = Problem("", f"cannot be read ({error.strerror}).", "Mend the path or its rights.")
            raise InvalidConfigError([problem], str(path)) from None


# Keys under these may be anything: they are lists of the user's own.
_OPEN = {("storage", "options"), ("commissioning", "numbering_from")}


def _laid_over(
    below: Mapping[str, Any], above: Mapping[str, Any], layer: Layer, path: tuple[str, ...]
) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        here = (*path, str(key))
        if key not in below and path not in _OPEN:
            raise InvalidConfigError(
                [unknown_key(here, below, layer.document.line_of(here))], str(layer.path)
            )
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping):
            result[key] = _laid_over(below[key], value, layer, here)
        else:
            result[key] = value
    return result


def unknown_key(path: tuple[str, ...], known: Mapping[str, Any], line: int | None) -> Problem:
    """Return the problem for an unknown key, with the nearest known one."""
    shown = "".join(c for c in path[-1] if c.isprintable())[:40]
    near = difflib.get_close_matches(shown, [str(key) for key in known], n=1, cutoff=0.5)
    remedy = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(map(str, known))}."
    return Problem(".".join((*path[:-1], shown)), "this setting does not exist.", remedy, line)
