"""A copy of the project in a folder of its own, and Snakemake in it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from moments import LONG
from reprosep.base.errors import UserError
from reprosep.corpora.standin.corpus import require_synthesisers

SCALE = "workflow/scales/smoke.yaml"
ODD = "sp ace/é'q [y] 100%"  # a folder's name with everything that a shell, make or Snakemake could stumble over
REPOSITORY = Path(__file__).resolve().parents[2]
# Steps of which a job does several, and the file that tells one.
SHARED = {"train": r"/best\.safetensors$", "score": r"/scores/[^.]*\.parquet$", "mixtures": r"/mixtures/[^/]*$"}


def copy_project(folder: Path) -> Path:
    """What a clone with the present changes would hold: tracked and untracked files that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source, target = REPOSITORY / name, folder / name
        if source.is_file() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


def copy_with_recordings(smoke: Path, folder: Path) -> Path:
    """A fresh project whose stand-in songs are those of the finished one (linked: composing them takes long)."""
    copy_project(folder)
    for path in (smoke / "resources").rglob("*"):
        target = folder / path.relative_to(smoke)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target)
    return folder


def python_of(folder: Path) -> Path:
    """The Python of the copy's environment, this one where it has none."""
    own = folder / ".venv" / "bin" / "python"
    return own if own.exists() else Path(sys.executable)


def environment(folder: Path) -> dict[str, str]:
    """The copy's own library comes first, one thread per process."""
    found = {**os.environ, "PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    found["PATH"] = f"{python_of(folder).parent}{os.pathsep}{found['PATH']}"
    return found


def link_environment(folder: Path) -> bool:
    """Give the copy an environment with the packages of this one; whether `make` takes it, since it has made this one.

    It is no link: `make` might install the copy into it, and tests must not touch the environment that they run in.
    """
    own = folder / ".venv"
    venv.create(own, symlinks=True)
    packages = own / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (packages / "shared.pth").write_text(f"{folder / 'src'}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    for name in ("reprosep", "snakemake", "dvc"):
        _link_script(Path(sys.prefix) / "bin" / name, own / "bin" / name)
    ready = Path(sys.prefix) / "ready"
    if ready.is_file():
        digest = ready.read_text(encoding="utf-8").splitlines()[0]
        (own / "ready").write_text(f"{digest}\n{own.resolve()}\n", encoding="utf-8")
    return ready.is_file()


def _link_script(script: Path, own: Path) -> None:
    """The script of a package for another Python, at whatever path it is."""
    program = script.read_text(encoding="utf-8").partition("\nimport ")
    python = own.with_name("python")
    own.write_text(f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\nimport {program[2]}", encoding="utf-8")
    own.chmod(0o755)


def snakemake(
    folder: Path, *arguments: str, timeout: float = LONG, profile: str = "default"
) -> subprocess.CompletedProcess[str]:
    """Snakemake with one of our profiles; stdout and stderr come together."""
    command = [
        str(python_of(folder)),
        "-m",
        "snakemake",
        "--profile",
        f"workflow/profiles/{profile}",
        "--nocolor",
        *arguments,
    ]
    return run_in(folder, command, timeout)


def run_in(folder: Path, command: list[str], timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    """A command in a copy; stdout and stderr come together."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def job_counts(output: str) -> dict[str, int]:
    """Rule -> number of jobs, from the last table that Snakemake printed."""
    lines = output.splitlines()
    first = max(number for number, line in enumerate(lines) if line.startswith("job ")) + 2
    rows = [line.split() for line in lines[first:]]
    end = next(number for number, row in enumerate(rows) if len(row) != 2)
    return {name: int(count) for name, count in rows[:end]}


def planned_work(output: str) -> dict[str, int]:
    """Step -> what a plan makes of it: runs trained and scored, targets mixed, jobs of every other step.

    A job trains or scores several runs, or mixes several targets: `machine.side_by_side` hands them out.
    """
    work = {name: count for name, count in job_counts(output).items() if not name.startswith(tuple(SHARED))}
    for rule, made in re.findall(r"^ *(?:local)?rule (\w+):\n.*?^ *output: (.*?)$", output, re.MULTILINE | re.DOTALL):
        if rule.startswith("score_oracles"):
            work[rule] = 1
        elif step := next((step for step in SHARED if rule.startswith(step)), None):
            files = [name for name in made.split(", ") if re.search(SHARED[step], name)]
            work[step] = work.get(step, 0) + len(files)
    return work


def finished_smoke(temporary: pytest.TempPathFactory, worker: str) -> Path:
    """A project whose smoke scale was run, once however many processes run the tests; to be read, not changed.

    It lies in a folder of an odd name, as does its environment, and was run as a newcomer does: by `make`, where that
    has installed the environment. The folder named by `REPROSEP_SMOKE` keeps it for the tests of another command.
    """
    try:
        require_synthesisers()
    except UserError as reason:
        pytest.skip(str(reason))
    base = temporary.getbasetemp()
    kept = os.environ.get("REPROSEP_SMOKE")
    shared = Path(kept).resolve() if kept else (base if worker == "master" else base.parent) / "smoke"
    shared.mkdir(parents=True, exist_ok=True)
    record, folder = shared / "output.txt", shared / ODD
    with open(shared / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            answer = make_smoke(copy_project(folder))
            record.write_text(f"{answer.returncode}\n{answer.stdout}")
    status, output = record.read_text().split("\n", 1)
    assert status == "0", output
    return folder


def make_smoke(folder: Path) -> subprocess.CompletedProcess[str]:
    """The smoke scale in a fresh copy; stdout and stderr come together."""
    if not link_environment(folder):
        return snakemake(folder, "--configfile", SCALE)
    return run_in(folder, ["make", "smoke"])
