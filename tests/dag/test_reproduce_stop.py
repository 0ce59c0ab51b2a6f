"""`reproduce` that is told to stop, killed, or has to wait: it ends soon, says what to do, leaves nothing hanging."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.dag import reproduce
from reprosep.dag.reproduce import Snakemake, wait_for_other_run

DEAF = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def stopping_after(seconds: float) -> StopRequest:
    stop = StopRequest()
    threading.Timer(seconds, stop.note, (signal.SIGTERM,)).start()
    return stop


def test_it_ends_with_its_command() -> None:
    Snakemake(python("print('done')"), StopRequest()).follow()
    (log,) = Path("results/logs").glob("reproduce-*.log")
    assert log.read_text() == "done\n"


def test_the_sentence_of_a_step_is_the_error() -> None:
    with pytest.raises(UserError, match=r"^a.wav: broken \(whole log: "):
        Snakemake(python("print('reprosep: a.wav: broken'); raise SystemExit(1)"), StopRequest()).follow()


def test_told_to_stop_it_says_where_it_goes_on() -> None:
    began = time.monotonic()
    with pytest.raises(Preempted, match="stopped by SIGTERM; the same command goes on"):
        Snakemake(python("import time; time.sleep(60)"), stopping_after(0.5)).follow()
    assert time.monotonic() - began < 5


def test_what_does_not_listen_is_killed_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "_SECONDS_TO_END", 0.5)
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DEAF!r}])"
    began = time.monotonic()
    with pytest.raises(Preempted):
        Snakemake(python(program), stopping_after(1.5)).follow()
    assert time.monotonic() - began < 8
    here = str(Path.cwd())
    working = [process for process in psutil.process_iter(["cwd", "pid"]) if process.info["cwd"] == here]
    assert [process.pid for process in working] in ([], [os.getpid()])


def test_whoever_is_killed_leaves_a_command_that_ends_by_itself() -> None:
    child = "import time; time.sleep(1.5); print('x' * 100000, flush=True); open('ended', 'w').close()"
    program = (
        "from reprosep.base.preemption import StopRequest\n"
        "from reprosep.dag.reproduce import Snakemake\n"
        f"Snakemake([{sys.executable!r}, '-c', {child!r}], StopRequest()).follow()\n"
    )
    parent = subprocess.Popen(python(program))
    deadline = time.monotonic() + 60
    while not list(Path("results/logs").glob("*.log")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    while not Path("ended").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Path("ended").exists()


@pytest.fixture
def other() -> subprocess.Popen[bytes]:
    """A process that looks like Snakemake's in this folder."""
    shutil.copy(shutil.which("sleep") or "/bin/sleep", "snakemake")
    process = subprocess.Popen(["./snakemake", "30"])
    yield process
    process.kill()
    process.wait()


def test_a_run_that_waits_says_for_what_how_long_and_what_to_do(
    other: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "_SECONDS_BETWEEN_WORDS", 1.0)
    threading.Timer(2.5, other.terminate).start()
    wait_for_other_run(StopRequest())  # ends with the other, which nobody has waited for yet
    first, *later = capsys.readouterr().err.splitlines()
    assert f"another run (process {other.pid}, since 0:00:0" in first
    assert f"waiting for it to end; `kill -INT {other.pid}` ends it" in first
    assert later
    assert "waiting for it to end, 0:00:0" in later[0]


def test_a_run_that_waits_can_be_stopped(other: subprocess.Popen[bytes]) -> None:
    with pytest.raises(Preempted, match="stopped by SIGTERM while waiting for another run"):
        wait_for_other_run(stopping_after(0.2))
