"""Where `plr up` has put the pages and Prefect's server: on other ports if the usual ones were taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from plr.settings import Settings

_FILE = "addresses.json"


@contextmanager
def kept(loaded: Settings, *, pages: str, prefect: str) -> Iterator[None]:
    """Keep the two addresses in the home while `plr up` runs, for other verbs to find."""
    file = loaded.home / _FILE
    file.write_text(json.dumps({"pages": pages, "prefect": prefect}), encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def prefect_api(loaded: Settings) -> str:
    """Return Prefect's API: where `plr up` runs it now, else where the settings say."""
    if loaded.prefect.api_url is None:
        try:
            found = json.loads((loaded.home / _FILE).read_text(encoding="utf-8"))
            return f"{found['prefect']}/api"
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return loaded.prefect_api_url
