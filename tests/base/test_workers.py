"""Work in several processes: one that is killed, one that the user stops, and what is left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from reprosep.base.errors import UserError
from reprosep.base.workers import each

WORK = """
import sys
import test_workers
from reprosep.base.workers import each
list(each(getattr(test_workers, sys.argv[2]), [sys.argv[1]] * 3, 2))
"""


def double(number: int) -> int:
    return 2 * number


def die(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(path: Path) -> Path:
    if path.name == "b" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def slow(folder: str) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="work-") as work:
        (Path(work) / "begun").touch()
        time.sleep(30)


def slow_to_clear_up(folder: str) -> None:
    """Of two processes one takes half a second longer than the other to remove what it has."""
    work = Path(tempfile.mkdtemp(dir=folder, prefix="work-"))
    (work / "begun").touch()
    try:
        time.sleep(30)
    finally:
        with contextlib.suppress(FileExistsError):
            Path(folder).with_suffix(".first").mkdir()
            time.sleep(0.5)
        shutil.rmtree(work)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_done(workers: int) -> None:
    assert sorted(each(double, [1, 2, 3], workers)) == [2, 4, 6]


def test_a_killed_process_is_one_sentence() -> None:
    with pytest.raises(UserError, match="was ended from outside"):
        list(each(die, [0, 1, 2], 2))


def test_the_rest_of_named_tasks_goes_on(tmp_path: Path) -> None:
    made = []
    with pytest.raises(UserError, match="song 1: the process was ended from outside"):
        for number in each(die, list(range(6)), 2, name=lambda number: f"song {number}"):
            made.append(number)
    assert sorted(made) == [0, 2, 3, 4, 5]


def test_a_task_whose_process_is_killed_once_is_made_again(tmp_path: Path) -> None:
    tasks = [tmp_path / name for name in "abcde"]
    assert sorted(each(die_once, tasks, 2, name=str)) == tasks


@pytest.mark.parametrize("task", ["slow", "slow_to_clear_up"])
@pytest.mark.parametrize("to_all", [True, False])
def test_the_users_stop_ends_all_and_leaves_nothing(tmp_path: Path, to_all: bool, task: str) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path), task]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(list(tmp_path.glob("*/begun"))) < 2:
        time.sleep(0.02)
    if to_all:
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=10)
    assert told.count("Traceback") == 1  # of the first process, whose caller has to catch it
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert not list(tmp_path.iterdir())


def test_orphans_end_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path), "slow"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])}
    running = subprocess.Popen(command, env=environment)
    while len(list(tmp_path.glob("*/begun"))) < 2:
        time.sleep(0.02)
    running.kill()
    running.wait()
    until = time.monotonic() + 10
    while list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not list(tmp_path.iterdir())
