"""`python -m tests.journals.record`: play every journey and keep its journal under this release's number.

Run it once before a release. The journals of a release that is out are never recorded again.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from tests.faults.journeys import JOURNEYS
from tests.faults.playing import played

JOURNALS = Path(__file__).parent


def main() -> int:
    folder = JOURNALS / version("practice-learning-review")
    folder.mkdir(exist_ok=True)
    for name in JOURNEYS:
        text = json.dumps(played(name).recorded, indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{len(JOURNEYS)} journals in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
