"""The steps of the Dockerfile without a builder: what it copies and runs, done in the folder of a minimal Debian.

    python tests/container/dockerfile_steps.py                       print the steps
    python tests/container/dockerfile_steps.py ROOT [NAME=VALUE ...]  do them below ROOT, as root, with build arguments

ROOT is what `debootstrap --variant=minbase bookworm ROOT` makes. Mounts are those of a namespace of their own and end
with each command. Only the instructions that the Dockerfile has are known; any other is an error.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pathspec

PROJECT = Path(__file__).resolve().parents[2]
KNOWN = ("FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "CMD")
# What reaches the network from within a namespace, as the builder's own configuration would.
HANDED_ON = re.compile(r"(?i)^(https?_proxy|no_proxy|PIP_\w+|REQUESTS_CA_BUNDLE|SSL_CERT_FILE)$")
INSIDE = """'cd "$0"; eval "$1"'"""
MOUNTED = (
    f'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c {INSIDE} "$1" "$2"'
)


@dataclass(frozen=True)
class Step:
    """An instruction of the Dockerfile with what stands behind it, on one line."""

    instruction: str
    words: str


def steps(text: str) -> list[Step]:
    """The instructions of a Dockerfile in order; ValueError for one that is not known here."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    found = [Step(*line.split(maxsplit=1)) for line in joined]
    for step in found:
        if step.instruction not in KNOWN:
            raise ValueError(f"Dockerfile: found {step.instruction}, expected one of {', '.join(KNOWN)}")
    return found


def pairs(words: str) -> dict[str, str]:
    """``NAME=VALUE`` of ARG and ENV."""
    return dict(word.split("=", 1) for word in shlex.split(words))


def copied(words: str) -> tuple[list[str], str]:
    """(sources, target) of COPY."""
    *sources, target = shlex.split(words)
    return sources, target


def ignored(text: str) -> pathspec.PathSpec:
    """What .dockerignore leaves out; unlike git's, its patterns begin at the root of the context."""
    patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
    return pathspec.PathSpec.from_lines("gitwildmatch", [f"/{pattern}" for pattern in patterns])


def context_files(context: Path, source: str) -> Iterator[Path]:
    """Files below `source` that a builder would have, relative to the context."""
    spec = ignored((context / ".dockerignore").read_text())
    start = context / source
    if start.is_file():
        yield start.relative_to(context)
        return
    for folder, names, files in os.walk(start):
        here = Path(folder).relative_to(context)
        names[:] = [name for name in names if not spec.match_file(f"{(here / name).as_posix()}/")]
        yield from (here / name for name in files if not spec.match_file((here / name).as_posix()))


@dataclass
class Build:
    """The state of a build below `root`."""

    root: Path
    context: Path
    arguments: dict[str, str]
    folder: str = "/"
    variables: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )

    def do(self, step: Step) -> None:
        """One step; :class:`subprocess.CalledProcessError` when a command fails."""
        if step.instruction == "ARG":
            self.arguments = pairs(step.words) | self.arguments
        elif step.instruction == "ENV":
            self.variables |= {name: self._filled(value) for name, value in pairs(step.words).items()}
        elif step.instruction == "WORKDIR":
            self.folder = step.words
            self.here().mkdir(parents=True, exist_ok=True)
        elif step.instruction == "COPY":
            self.copy(*copied(step.words))
        elif step.instruction == "RUN":
            self.run(step.words)

    def here(self) -> Path:
        return self.root / self.folder.lstrip("/")

    def _filled(self, value: str) -> str:
        return re.sub(r"\$(\w+)", lambda match: self.variables.get(match[1], ""), value)

    def copy(self, sources: list[str], target: str) -> None:
        """Folders by their content, files into a folder whose name ends with a slash or is a dot, as COPY does."""
        for source in sources:
            into_folder = target.endswith(("/", "."))
            for path in context_files(self.context, source):
                inside = path.relative_to(source) if (self.context / source).is_dir() else Path(path.name)
                whole = (self.context / source).is_dir() or into_folder
                place = self.here() / target / inside if whole else self.here() / target
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context / path, place, follow_symlinks=False)

    def run(self, command: str) -> None:
        """A command in the root, with build arguments and variables, and mounts that end with it."""
        handed = {name: value for name, value in os.environ.items() if HANDED_ON.match(name)}
        known = {"HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"} | handed | self.arguments | self.variables
        whole = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", MOUNTED]
        subprocess.run([*whole, str(self.root), self.folder, command], env=known, check=True)


def main(words: list[str]) -> None:
    found = steps((PROJECT / "Dockerfile").read_text())
    if not words:
        print("\n".join(f"{step.instruction} {step.words}" for step in found))
        return
    build = Build(Path(words[0]).resolve(), PROJECT, dict(word.split("=", 1) for word in words[1:]))
    for step in found:
        print(f"-- {step.instruction} {step.words}", flush=True)
        build.do(step)


if __name__ == "__main__":
    main(sys.argv[1:])
