"""Which packages are installed together, how large they are, and whether they are there already."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import UserError


@dataclass(frozen=True)
class Size:
    """Megabytes to download and on disk, and the minutes on two cores that unpacking takes; measured on x86_64."""

    download: float
    disk: float
    minutes: float

    def __add__(self, other: Size) -> Size:
        return Size(self.download + other.download, self.disk + other.disk, self.minutes + other.minutes)


@dataclass(frozen=True)
class PackageSet:
    """Packages of `locks`, then those of `without_dependencies`; `marker` in .venv says that they are there."""

    marker: str
    purpose: str
    locks: tuple[str, ...]
    size: Size  # without torch
    without_dependencies: str = ""
    project: bool = False  # reprosep itself is installed with it, from its folder

    def files(self) -> tuple[str, ...]:
        """What the installed packages depend on."""
        own = ("pyproject.toml", BUILD_LOCK, CUDA_LOCK) if self.project else ()
        return (*self.locks, *filter(None, [self.without_dependencies]), *own)

    def fingerprint(self, root: Path) -> str:
        """Changes when other packages are to be installed."""
        whole = hashlib.sha256()
        for name in self.files():
            whole.update(f"{name}\n".encode() + (root / name).read_bytes())
        return whole.hexdigest()


BUILD_LOCK = "envs/requirements-build.lock"
CUDA_LOCK = "envs/requirements-cuda.lock"
RUN_LOCK = "envs/requirements.lock"
CRATE_LOCK, TENSORBOARD_LOCK = "envs/requirements-crate.lock", "envs/requirements-tensorboard.lock"
DOCS_LOCK, MARKDOWN_LOCK = "envs/requirements-docs.lock", "envs/requirements-markdown.lock"
SETS = {
    "run": PackageSet("ready", "to run reprosep", (RUN_LOCK,), Size(235, 1150, 1.0), project=True),
    "test": PackageSet(
        "ready-test",
        "for the tests and linters",
        ("envs/requirements-test.lock", CRATE_LOCK, TENSORBOARD_LOCK, MARKDOWN_LOCK),
        Size(50, 170, 0.3),
        "envs/requirements-test-no-deps.lock",
    ),
    "docs": PackageSet("ready-docs", "for the documentation", (DOCS_LOCK, MARKDOWN_LOCK), Size(25, 120, 0.3)),
    "s3": PackageSet("ready-s3", "for a DVC remote on S3", ("envs/requirements-s3.lock",), Size(16, 35, 0.2)),
    "crate": PackageSet("ready-crate", "for `reprosep crate`", (CRATE_LOCK,), Size(1, 2, 0.1)),
    "tensorboard": PackageSet(
        "ready-tensorboard", "for TensorBoard", (TENSORBOARD_LOCK, MARKDOWN_LOCK), Size(15, 40, 0.1)
    ),
}
TORCH = {
    "cpu": Size(195, 800, 0.5),
    "cuda": Size(2770, 4900, 2.0),
}


def pins(lock: Path) -> dict[str, str]:
    """The versions that a lock file pins, by normalised name.

    Raises
    ------
    UserError
        When a line is neither a comment nor ``name==version``.
    """
    versions = {}
    for number, line in enumerate(lock.read_text().splitlines(), 1):
        if not (text := line.split("#")[0].strip()):
            continue
        if not (match := re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)", text)):
            raise UserError(f"{lock}, line {number}: '{text}' is not of the form name==version")
        versions[normalised(match[1])] = match[2]
    return versions


def normalised(name: str) -> str:
    """A distribution's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()
