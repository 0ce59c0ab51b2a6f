"""Clones of the project in which commands are run as a user types them, with a transcript."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from project import copy_project

_SHOWN_LINES = 25


@dataclass
class Transcript:
    """What was typed and answered, printed as it happens; everything together must not take longer than `limit` s."""

    limit: float
    shown: int = _SHOWN_LINES
    start: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        """Seconds left; :class:`TimeoutError` when there are none."""
        seconds = self.limit - (time.monotonic() - self.start)
        if seconds <= 0:
            raise TimeoutError(f"the time limit of {self.limit:.0f} s is over")
        return seconds

    def say(self, text: str) -> None:
        """Print a line with the time since the beginning."""
        print(f"[{time.monotonic() - self.start:6.1f} s] {text}", flush=True)

    def answer(self, output: str) -> None:
        """Print the end of what a command answered."""
        lines = output.rstrip().splitlines()
        left_out = len(lines) - self.shown
        for line in [*([f"… {left_out} lines"] if left_out > 0 else []), *lines[max(left_out, 0) :]]:
            print(f"    {line}", flush=True)


@dataclass
class Clone:
    """A clone and its transcript."""

    folder: Path
    transcript: Transcript

    @property
    def environment(self) -> dict[str, str]:
        """The clone's own library and the commands of this environment."""
        binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PYTHONPATH": str(self.folder / "src"), "PATH": binaries, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
        return {**os.environ, **own, "DVC_NO_ANALYTICS": "1", "COLUMNS": "140"}

    def run(self, command: str, expected: int | None = 0) -> str:
        """Type a command; its output, stdout and stderr together."""
        if self.transcript.shown:
            self.transcript.say(f"{self.folder.name}$ {command}")
        answer = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.transcript.left(),
            check=False,
        )
        if self.transcript.shown:
            self.transcript.answer(answer.stdout)
        if expected is not None and answer.returncode != expected:
            raise AssertionError(f"{command}: exit status {answer.returncode}, expected {expected}")
        return answer.stdout

    def write(self, name: str, old: str, new: str) -> None:
        """Change a file by hand: the only occurrence of a text."""
        path = self.folder / name
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{name}: found {content.count(old)} times: {old}"
        self.transcript.say(f"{self.folder.name}: {name}: {old!r} becomes {new!r}")
        path.write_text(content.replace(old, new), encoding="utf-8")


def origin(folder: Path) -> Path:
    """A repository with the present state of the project, to be cloned."""
    copy_project(folder)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "project"]):
        git(folder, *words)
    git(folder, "config", "receive.denyCurrentBranch", "updateInstead")
    return folder


def clone(source: Path, folder: Path, transcript: Transcript) -> Clone:
    """A fresh clone."""
    transcript.say(f"$ git clone {source.name} {folder.name}")
    subprocess.run(["git", "clone", "-q", source, folder], check=True)
    for name, value in (("user.name", "A User"), ("user.email", "user@example.org")):
        git(folder, "config", name, value)
    return Clone(folder, transcript)


def git(folder: Path, *words: str) -> None:
    """A git command of a user who has told git a name."""
    who = ["-c", "user.name=A User", "-c", "user.email=user@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True)
