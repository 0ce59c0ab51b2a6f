"""The digest of what code does: what changes nothing, what does, and that closures hold all that a step imports."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reprosep.base import code
from reprosep.base.code import LEFT_OUT, closure, code_digest
from reprosep.base.project import repository
from reprosep.dag.dependencies import steps_table
from reprosep.experiments.kinds import KINDS

FILES = {
    "steps/work.py": '''\
"""A step."""

from __future__ import annotations

from reprosep.base.files import digest
from reprosep.tables.numbers import RATE, half


def work(value: float) -> float:
    """Half of it, at a rate."""
    # Why it is so.
    return half(value) * RATE
''',
    "tables/numbers.py": '''\
"""Numbers."""

RATE: float = 44100.0


def half(value: float) -> float:
    """Half of it."""
    return value / 2
''',
    "base/files.py": "def digest(x):\n    return x\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package of its own in place of the project's."""
    root = tmp_path / "reprosep"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).with_name("__init__.py").write_text("")
    monkeypatch.setattr(code, "_package", lambda: root)
    forget()
    yield root
    monkeypatch.undo()
    forget()


def forget() -> None:
    for cached in (code._source, code._digest, code._kept):
        cached.cache_clear()


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def moved(root: Path) -> None:
    """The table's file has another name and another folder."""
    (root / "lists").mkdir()
    (root / "lists/__init__.py").write_text("")
    shutil.move(root / "tables/numbers.py", root / "lists/figures.py")
    replaced(root / "steps/work.py", "reprosep.tables.numbers", "reprosep.lists.figures")


SAME: dict[str, Callable[[Path], None]] = {
    "a comment": lambda root: replaced(root / "steps/work.py", "# Why it is so.", "# Why it is so, said better."),
    "a docstring": lambda root: replaced(root / "tables/numbers.py", "Half of it.", "The half of a value."),
    "an annotation": lambda root: replaced(root / "tables/numbers.py", "value: float) -> float", "value: int) -> int"),
    "an annotated constant": lambda root: replaced(root / "tables/numbers.py", "RATE: float", "RATE: int"),
    "layout": lambda root: replaced(root / "steps/work.py", "half(value) * RATE", "(\n half(value)\n * RATE)"),
    "a renamed file": moved,
    "a folder that computes nothing": lambda root: replaced(root / "base/files.py", "return x", "return str(x)"),
    "the order of imports": lambda root: replaced(root / "steps/work.py", "RATE, half", "half, RATE"),
}
OTHER: dict[str, Callable[[Path], None]] = {
    "a constant": lambda root: replaced(root / "tables/numbers.py", "44100.0", "48000.0"),
    "an operation": lambda root: replaced(root / "steps/work.py", "* RATE", "/ RATE"),
    "a default": lambda root: replaced(root / "tables/numbers.py", "value: float)", "value: float = 1.0)"),
    "what is imported": lambda root: replaced(root / "steps/work.py", "import RATE, half", "import half as RATE, half"),
    "a string that is used": lambda root: replaced(root / "steps/work.py", "return half", 'return len("x") * half'),
}


@pytest.mark.parametrize("name", SAME)
def test_what_changes_nothing(package: Path, name: str) -> None:
    before = code_digest("reprosep.steps.work")
    SAME[name](package)
    forget()
    assert code_digest("reprosep.steps.work") == before


@pytest.mark.parametrize("name", OTHER)
def test_what_changes_something(package: Path, name: str) -> None:
    before = code_digest("reprosep.steps.work")
    OTHER[name](package)
    forget()
    assert code_digest("reprosep.steps.work") != before


def test_imports_in_functions_count_and_those_for_type_checkers_do_not(package: Path) -> None:
    (package / "steps/lazy.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from reprosep.base.files import digest\n    "
        "from reprosep.steps.work import work\n\n\n"
        "def late():\n    from reprosep.tables import numbers\n\n    return numbers\n"
    )
    assert closure("reprosep.steps.lazy") == ["reprosep.steps.lazy", "reprosep.tables.numbers"]


# ---- the project's own -------------------------------------------------------------------------------------------

SOURCES = repository() / "src"
PACKAGES = {".".join(path.parent.relative_to(SOURCES).parts) for path in SOURCES.rglob("__init__.py")}
NUMERIC = {"numpy", "scipy", "torch", "pandas", "soundfile", "soxr"}


def roots() -> dict[str, str]:
    """Step -> module that does it."""
    found = {step: f"reprosep.{name}" for step, parts in steps_table().items() for name in parts["module"]}
    kinds = {f"train {kind.folder}": kind.module_name("training") for kind in KINDS.values() if kind.groups}
    scored = {f"score {kind.folder}": kind.module_name("scores") for kind in KINDS.values()}
    return found | kinds | scored | {"score sources in frames": "reprosep.experiments.sources.frame_scores"}


def test_folders_that_are_left_out_compute_no_number() -> None:
    assert LEFT_OUT == ("base", "cli", "dag", "installation", "jobs", "papers", "params", "tools")
    script = "import sys\nfor name in sys.argv[1:]:\n    __import__(name)\nprint(*sys.modules)"
    touched = sorted(
        {
            name
            for root in roots().values()
            for module in closure(root)
            for name, _, _ in code._source(module).imports
            if name.split(".")[1] in LEFT_OUT
        }
    )
    assert touched
    loaded = subprocess.run([sys.executable, "-c", script, *touched], capture_output=True, text=True, check=True)
    assert not NUMERIC & {*loaded.stdout.split()}


# Prints what each module of the command line loads, a line each, in a process that nothing of ours was loaded in. The
# libraries of others take most of an import's time and are loaded once.
LOADED = """
import importlib, os, sys
import jinja2, matplotlib.pyplot, numpy, pandas, pydantic, scipy.signal, scipy.stats, seaborn, torch
for root in sys.argv[1:]:
    if not os.fork():
        importlib.import_module(root)
        print(root, *(name for name in sys.modules if name.startswith("reprosep.")), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, root
"""


@pytest.fixture(scope="module")
def loaded_by() -> dict[str, set[str]]:
    """What Python itself loads for a step's module."""
    names = sorted({*roots().values()})
    answer = subprocess.run([sys.executable, "-c", LOADED, *names], stdout=subprocess.PIPE, text=True, check=True)
    lines = [line.split() for line in answer.stdout.splitlines()]
    return {root: set(names) for root, *names in lines}


@pytest.mark.parametrize("step", sorted(roots()))
def test_a_closure_holds_every_module_that_the_step_imports(step: str, loaded_by: dict[str, set[str]]) -> None:
    """As far as its folder does not say what is computed."""
    root = roots()[step]
    loaded = {name for name in loaded_by[root] if name not in PACKAGES and name.split(".")[1] not in LEFT_OUT}
    assert root in loaded
    held = {*closure(root)}
    by_packages = {name for one in held for parent in parents(one) for name in closure(parent)}  # of what it offers
    assert loaded <= held | by_packages


def parents(module: str) -> list[str]:
    """The packages that a module lies in, below the whole."""
    parts = module.split(".")[:-1]
    return [".".join(parts[: count + 1]) for count in range(1, len(parts))]


def test_a_network_of_one_kind_is_no_code_of_another() -> None:
    assert "reprosep.models.cunet" not in closure("reprosep.experiments.target.training")
    assert "reprosep.models.iass" not in closure("reprosep.experiments.sources.training")
    report = {name for root in roots().values() if "report" not in root for name in closure(root)}
    assert not any(name.startswith("reprosep.cli") for name in report)
