"""The locks hold for everybody: plain versions, of everything, that agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import repository
from reprosep.installation.sets import BUILD_LOCK, CUDA_LOCK, RUN_LOCK, SETS, normalised, pins

ROOT = repository()
LOCKS = sorted((ROOT / "envs").glob("*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_pin_has_a_build_suffix(lock: Path) -> None:
    assert pins(lock)
    assert [f"{name}=={version}" for name, version in pins(lock).items() if "+" in version] == []


def test_nothing_else_names_a_build() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    conda = yaml.safe_load((ROOT / "envs" / "conda.yaml").read_text())["dependencies"]
    assert [one for one in [*named, *map(str, conda)] if re.search(r"=[^=]*\+", one)] == []


def test_no_package_is_pinned_twice() -> None:
    names = [name for lock in LOCKS for name in pins(lock)]
    assert sorted(names) == sorted(set(names))


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {normalised(re.split(r"[>=<\[ ]", one)[0]) for one in project["dependencies"]}
    assert wanted - set(pins(ROOT / RUN_LOCK)) == set()


def test_cuda_libraries_are_constraints_alone() -> None:
    """The build for processors and other machines would not install with them."""
    cuda = set(pins(ROOT / CUDA_LOCK))
    assert {"triton", "nvidia-cublas", "cuda-bindings", "nvidia-nvjitlink"} <= cuda
    assert cuda & set(pins(ROOT / RUN_LOCK)) == set()


def test_every_lock_is_installed_by_a_set() -> None:
    installed = {name for packages in SETS.values() for name in packages.files() if name.endswith(".lock")}
    assert installed == {f"envs/{lock.name}" for lock in LOCKS}
    assert set(pins(ROOT / BUILD_LOCK)) == {"pip", "setuptools"}


def test_another_pin_changes_the_fingerprint_of_its_set_alone(tmp_path: Path) -> None:
    for name in {name for packages in SETS.values() for name in packages.files()}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    before = {name: packages.fingerprint(tmp_path) for name, packages in SETS.items()}
    (tmp_path / "envs" / "requirements-test.lock").write_text("pytest==9.1.0\n")
    changed = {name for name, packages in SETS.items() if packages.fingerprint(tmp_path) != before[name]}
    assert changed == {"test"}


def test_a_line_that_is_no_pin_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("# comment\nnumpy==2.4.6  # why\ntorch>=2\n")
    with pytest.raises(UserError, match=r"a.lock, line 3: 'torch>=2' is not of the form name==version"):
        pins(lock)
