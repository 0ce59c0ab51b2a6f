"""The public workflows, forms and hooks: well-formed, pinned, with no more rights than needed, calling what exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import reprosep
from reprosep.base.project import repository

GITHUB = repository() / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@(v\d+|release/v\d+|[0-9a-f]{40})$")
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (repository() / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def content(path: Path) -> dict[str, Any]:
    read = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # `on` is a key, not a truth
    assert isinstance(read, dict)
    return read


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return dict(content(path)["jobs"])


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job.get("steps", [])]


def commands(path: Path) -> str:
    return "\n".join(step["run"] for step in steps(path) if "run" in step)


def test_there_are_workflows_and_forms() -> None:
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "release.yml"} and len(FORMS) == 3


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_takes_pinned_actions(path: Path) -> None:
    assert content(path)["permissions"] == {"contents": "read"}
    assert set(content(path)["concurrency"]) == {"group", "cancel-in-progress"}
    for name, job in jobs(path).items():
        rights = job.get("permissions", {})
        assert rights in ({}, {"contents": "read"}) or (name, rights) == ("publish", {"id-token": "write"})
        assert "uses" in job or int(job["timeout-minutes"]) <= 90
        assert all(need in jobs(path) for need in [job.get("needs", name)])
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        assert "uses" not in step or PINNED.match(step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_make_target_and_script_that_a_workflow_calls_exists(path: Path) -> None:
    for target in re.findall(r"\bmake ([a-z0-9-]+)", commands(path)):
        assert target in TARGETS, target
    for script in re.findall(r"(?<![\w$/])((?:\.\w+|\w+)/[\w./-]+\.(?:py|sh))\b", commands(path)):
        assert (repository() / script).is_file(), script
    for job in jobs(path).values():
        used = str(job.get("uses", ""))
        assert not used.startswith("./") or (repository() / used).is_file(), used


def test_ci_lints_tests_every_python_and_runs_the_wheel() -> None:
    path = GITHUB / "workflows/ci.yml"
    declared = (repository() / "envs/python.sh").read_text(encoding="utf-8")
    pythons = jobs(path)["test"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"] and "(3, 11) <= sys.version_info[:2] <= (3, 13)" in declared
    for wanted in (
        "make lint",
        "make test",
        "make docs",
        "python -m build",
        "cffconvert --validate",
        "dist/*.whl",
        "reprosep evaluate --help",
    ):
        assert wanted in commands(path), wanted
    for step in steps(path):
        if step.get("uses", "").startswith("actions/setup-python"):
            assert step["with"]["cache"] == "pip"
            assert list(repository().glob(step["with"]["cache-dependency-path"]))


def test_a_release_is_of_a_tag_behind_ci_and_by_trusted_publishing() -> None:
    path = GITHUB / "workflows/release.yml"
    assert content(path)["on"] == {"push": {"tags": ["v*"]}}
    release = jobs(path)
    assert release["ci"]["needs"] == "version" and release["publish"]["needs"] == "ci"
    assert release["publish"]["environment"] == "pypi" and release["publish"]["permissions"] == {"id-token": "write"}
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text and "password" not in text
    kept = [step["with"] for step in steps(GITHUB / "workflows/ci.yml") if "upload-artifact" in step.get("uses", "")]
    taken = [step["with"] for step in steps(path) if "download-artifact" in step.get("uses", "")]
    assert [one["name"] for one in kept] == [one["name"] for one in taken] == ["dist"]


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [(f"v{reprosep.__version__}", ""), ("v99.0.0", "expected the tag v"), ("0.1", "expected the tag")],
)
def test_a_tag_is_held_to_the_version(tag: str, sentence: str) -> None:
    answer = subprocess.run([sys.executable, GITHUB / "check_tag.py", tag], capture_output=True, text=True, check=False)
    assert answer.returncode == bool(sentence) and sentence in answer.stderr
    assert bool(answer.stderr) == bool(sentence)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_what_info_prints(path: Path) -> None:
    form = content(path)
    assert {"name", "description", "body"} <= set(form)
    fields = [one for one in form["body"] if one["type"] != "markdown"]
    assert len({one["id"] for one in fields}) == len(fields)
    assert any("`reprosep info`" in one["attributes"]["label"] for one in fields)
    assert all(one["type"] in ("input", "textarea", "dropdown") for one in fields)


def test_hooks_have_the_versions_of_the_linters_here() -> None:
    locked = (repository() / "envs/requirements-test.lock").read_text(encoding="utf-8")
    hooks = content(repository() / ".pre-commit-config.yaml")["repos"]
    versions = {Path(one["repo"]).name: one["rev"].removeprefix("v") for one in hooks}
    assert f"ruff=={versions['ruff-pre-commit']}\n" in locked
    assert f"snakefmt=={versions['snakefmt']}\n" in locked


def test_the_changelog_has_every_version_once_and_what_is_unreleased_first() -> None:
    text = (repository() / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[0] == "Unreleased" and headings[1] == reprosep.__version__ and len(set(headings)) == len(headings)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_contributing_names_commands_and_files_that_exist() -> None:
    text = (repository() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z][a-z0-9-]*)", text):
        assert target in TARGETS, target
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (repository() / link).exists(), link
    assert "reprosep info" in text and "workflow/papers/" in text
