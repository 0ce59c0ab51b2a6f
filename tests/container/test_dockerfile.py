"""The Dockerfile installs by the scripts and locks of envs/, and what it names is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from dockerfile_steps import PROJECT, Build, Step, context_files, copied, pairs, steps

from reprosep.installation.sets import SETS
from reprosep.installation.torch_build import CPU_INDEX

DOCKERFILE = (PROJECT / "Dockerfile").read_text()
STEPS = steps(DOCKERFILE)


def words_of(instruction: str) -> list[str]:
    return [step.words for step in STEPS if step.instruction == instruction]


def test_what_is_copied_is_there() -> None:
    for words in words_of("COPY"):
        for source in copied(words)[0]:
            assert (PROJECT / source).exists(), f"COPY {words}"


@pytest.mark.parametrize("number", range(len(words_of("RUN"))))
def test_scripts_that_a_step_runs_are_copied_before(tmp_path: Path, number: int) -> None:
    """A copy made by the steps up to this one has every script that it names, and its shell reads it."""
    build, seen = Build(tmp_path, PROJECT, {}), -1
    for step in STEPS:
        seen += step.instruction == "RUN"
        if step.instruction == "RUN" and seen == number:
            break
        if step.instruction != "RUN":
            build.do(step)
    for script in re.findall(r"\b\w+/[\w.-]+\.sh\b", step.words):
        assert (build.here() / script).is_file()
        subprocess.run(["sh", "-n", build.here() / script], check=True)
    subprocess.run(["sh", "-n", "-c", step.words], check=True)


def test_the_layer_of_packages_has_all_that_they_depend_on(tmp_path: Path) -> None:
    """The locks of the set, and a library that can install them, before the rest of the code is copied."""
    build = Build(tmp_path, PROJECT, {})
    for step in STEPS[: STEPS.index(Step("COPY", ". ."))]:
        if step.instruction != "RUN":
            build.do(step)
    assert all((build.here() / name).is_file() for name in SETS["run"].files())
    command = ["python3", "-m", "reprosep.installation", "--help"]
    answer = subprocess.run(
        command, cwd=build.here(), env={"PYTHONPATH": "src", "PATH": "/usr/bin:/bin:/usr/local/bin"}, check=False
    )
    assert answer.returncode == 0


def test_the_build_for_processors_is_the_default() -> None:
    assert pairs(words_of("ARG")[0]) == {"TORCH_INDEX": CPU_INDEX}
    assert any('install.sh run "$TORCH_INDEX"' in words for words in words_of("RUN"))


def test_the_context_has_the_code_and_nothing_made_from_it(tmp_path: Path) -> None:
    for name in ("results/demo/x.csv", "src/reprosep/results/tables.py", "src/reprosep/__pycache__/a.pyc", ".venv/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text((PROJECT / ".dockerignore").read_text())
    found = {path.as_posix() for path in context_files(tmp_path, ".")}
    assert found == {".dockerignore", "src/reprosep/results/tables.py"}


def test_an_unknown_instruction_is_told() -> None:
    with pytest.raises(ValueError, match="found ONBUILD, expected one of FROM, "):
        steps("FROM debian\nONBUILD RUN true\n")


def test_lines_are_joined() -> None:
    assert steps("# head\nENV A=1 \\\n    B=2\n") == [Step("ENV", "A=1  B=2")]
