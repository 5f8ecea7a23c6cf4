"""The rules of the house that no linter knows: what files may be called, say and hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.deployments import DEPLOYED

ROOT = Path(__file__).parents[2]
SOURCES = ("plr", "flows", "tasks", "tests", "benchmarks")
TEXTS = (*SOURCES, "config", "templates", "docs", ".ci", ".github")
LOOSE = (
    "README.md",
    "Makefile",
    "pyproject.toml",
    ".importlinter",
    "requirements.txt",
    "requirements-dev.txt",
)
TEXT_ENDINGS = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".json",
    ".toml",
    ".txt",
    ".html",
    ".jinja",
    ".css",
    ".csv",
    "",
}
CEILING = 400  # lines
VAGUE = {"utils", "helpers", "manager", "managers", "handler", "handlers", "common", "misc"}

# Put together here, so that this file does not say them.
LATER = re.compile("|".join(rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX")))
REGISTRY = re.compile(
    "|".join(("py" + r"pi\.", "python" + "hosted", "--index" + "-url", "--find" + "-links"))
)
WORKPLACE = re.compile(
    "|".join(("/work" + "/main", "/work" + "/shared", r"\.\./" + "shared", "issues" + " show"))
)


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def texts() -> Iterator[tuple[Path, str]]:
    files = [ROOT / name for name in LOOSE]
    for folder in TEXTS:
        files += sorted((ROOT / folder).rglob("*"))
    for file in files:
        if file.is_file() and file.suffix in TEXT_ENDINGS and "__pycache__" not in file.parts:
            yield file, file.read_text(encoding="utf-8")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    assert lines_with(LATER) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_with(REGISTRY) == []


def test_requirements_hold_names_and_hashes_only() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[A-Za-z0-9_.\[\],-]+==", text, re.MULTILINE)
        assert len(pinned) >= 50
        assert text.count("--hash=sha256:") >= len(pinned)


def test_no_file_names_the_place_where_it_was_written() -> None:
    assert lines_with(WORKPLACE) == []


@pytest.mark.parametrize("pattern", [LATER, REGISTRY, WORKPLACE], ids=["later", "registry", "workplace"])
def test_what_is_forbidden_is_found(pattern: re.Pattern[str]) -> None:
    bad = ("# TO" + "DO: later", "https://py" + "pi.org/simple", "see /work" + "/shared/spec")
    assert any(pattern.search(line) for line in bad)


def test_no_file_is_longer_than_the_ceiling() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in python_files("plr", "flows", "tasks")
        if "migrations" not in file.parts
        and (lines := len(file.read_text(encoding="utf-8").splitlines())) > CEILING
    }
    assert long == {}


def test_every_file_is_called_by_what_it_is_about() -> None:
    assert [file for file in python_files("plr", "flows", "tasks") if file.stem in VAGUE] == []


def test_every_exception_to_a_rule_gives_its_code_and_its_reason() -> None:
    noqa = re.compile(r"# noqa(?!: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)* --? \S)")
    ignore = re.compile(r"# type: ignore(?!\[[a-z-]+(, ?[a-z-]+)*\] +# \S)")
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in python_files("plr", "flows", "tasks")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if noqa.search(line) or ignore.search(line)
    ]
    assert found == []


def test_every_flow_is_deployed() -> None:
    modules = {
        file.stem
        for file in (ROOT / "flows").glob("*.py")
        if file.stem not in {"__init__", "__main__", "deployments"}
    }
    assert {process.body.__module__ for process in DEPLOYED} == {f"flows.{module}" for module in modules}
    assert len({process.name for process in DEPLOYED}) == len(DEPLOYED)


def test_flows_hold_no_step_and_tasks_no_rule() -> None:
    """Flows call what tasks hold; a task's function is one call of an operation."""
    for file in python_files("flows"):
        decorators = [
            ast.unparse(decorator)
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
            for decorator in node.decorator_list
        ]
        assert all(decorator.startswith("process(") for decorator in decorators)
    for file in python_files("tasks"):
        if file.stem == "ended":  # the one guard that every step may wear
            continue
        branches = [
            node
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.If | ast.For | ast.While | ast.Try)
        ]
        assert branches == [], file


def test_nothing_is_read_when_modules_are_imported(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    program = (
        "import importlib, pkgutil, plr, tasks\n"
        "for package in (plr, tasks):\n"
        "    for module in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):\n"
        "        if '__main__' not in module.name and 'migrations' not in module.name:\n"
        "            importlib.import_module(module.name)\n"
        "import flows.deployments\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            "PLR_HOME": str(nowhere),
            "PLR_CONFIG": str(nowhere),
            "PLR_SMTP__PORT": "no number",
            "PREFECT_HOME": str(tmp_path),
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not nowhere.exists()
