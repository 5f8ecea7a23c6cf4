"""Each import contract is seen to fail when it is broken on purpose; the tree as it is keeps them all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

BROKEN = {
    "roots": ("plr/clock.py", "import tasks.checks"),
    "layers": ("plr/adapters/bell.py", "import plr.db.session"),
    "pure": ("plr/domain/words.py", "import httpx"),
    "operations": ("plr/operations/wakes.py", "import plr.clock"),
    "flows": ("flows/commissioning.py", "import plr.db.models"),
    "prefect": ("plr/web/views.py", "import plr.engine.journal"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    copied = tmp_path_factory.mktemp("tree")
    for package in ("plr", "flows", "tasks"):
        shutil.copytree(ROOT / package, copied / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", copied)
    return copied


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [argument for contract in contracts for argument in ("--contract", contract)]
    return subprocess.run(
        [str(LINT), "--config", ".importlinter", *chosen],
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    done = lint(tree)
    assert f"Contracts: {len(BROKEN)} kept, 0 broken." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("contract", BROKEN)
def test_a_contract_fails_when_it_is_broken(tree: Path, contract: str) -> None:
    file, bad_import = BROKEN[contract]
    text = (tree / file).read_text(encoding="utf-8")
    (tree / file).write_text(f"{text}\n{bad_import}  # broken on purpose\n", encoding="utf-8")
    try:
        done = lint(tree, contract)
    finally:
        (tree / file).write_text(text, encoding="utf-8")
    assert "0 kept, 1 broken" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
