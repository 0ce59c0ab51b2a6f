"""One training on two processes: stopped and killed without harm; the recurrent network (`make test-devices`)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil

from conftest import CHANGE, Line
from moments import LONG, Moment
from processes import SETTINGS, assert_same_curve_in_double, command, curves, difference, environment, run
from reprosep.base.files import read_json
from reprosep.params.scale import merge
from reprosep.training.checkpoint import BEST, LAST, STATE
from synthetic import make_params
from trainings import IASS, UNMIX, assert_same_weights

# In float32 that order matters more: biases before a batch norm have gradients that are rounding errors alone, which
# Adam scales to full steps. They change no training output, but validation, whose running means lag behind.
FLOAT32 = 0.02


def started(line: Callable[..., Line], corpus: str, identifier: str) -> tuple[Line, Path]:
    """A line with a one-process training in the folder ``one``, and with two processes as its parameters."""
    made = line(corpus, change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare(corpus)
    made.step("train", [identifier])
    folder = made.results / "runs" / identifier
    folder.rename(made.folder / "one")
    made.params = make_params(merge(CHANGE, {"training": {**SETTINGS, "gpu": 2}}))
    made.write_params()
    return made, folder


def when_training(folder: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A training with two processes, and the one of these that is held before it writes a checkpoint."""
    moment = Moment(folder, f"*/checkpoint/{STATE}")
    found = moment.environment(environment())
    process = subprocess.Popen(command(IASS), stderr=subprocess.PIPE, text=True, env=found)
    return process, moment.wait(process)


def test_two_processes_stopped_and_killed(line: Callable[..., Line], tmp_path: Path) -> None:
    made, folder = started(line, "mm", IASS)
    status, told = run(command(IASS))
    assert status == 0, told
    assert read_json(folder / "run.json")["hardware"]["devices"] == 2
    apart = difference(curves(made.folder / "one"), curves(folder), ["train_loss"])
    print("training losses of one and two processes in float32 differ by", apart)
    assert apart < FLOAT32
    folder.rename(tmp_path / "two")

    process, held = when_training(tmp_path)
    process.send_signal(signal.SIGUSR1)
    process.send_signal(signal.SIGTERM)
    held.resume()
    told = process.communicate(timeout=LONG)[1]
    assert process.returncode == 75, told
    sentences = [text for text in told.splitlines() if text.startswith("reprosep: ")]
    assert len(sentences) == 1 and "Traceback" not in told, told
    assert "stopped by SIG" in sentences[0] and "goes on from" in sentences[0]

    process, held = when_training(tmp_path)
    workers = psutil.Process(process.pid).children()
    assert len(workers) == 2
    workers[1].send_signal(signal.SIGKILL)
    held.resume()
    told = process.communicate(timeout=LONG)[1]
    assert process.returncode == 2
    assert told.splitlines()[-1].startswith(f"reprosep: run '{IASS}': process 1 of several ended with SIGKILL"), told
    assert not any(worker.is_running() for worker in workers)

    status, told = run(command(IASS))
    assert status == 0, told
    for name in (LAST, BEST):
        assert_same_weights(tmp_path / "two" / "checkpoint", folder / "checkpoint", name)
    pd.testing.assert_frame_equal(curves(tmp_path / "two"), curves(folder), check_exact=True)


def test_the_recurrent_network_has_the_curve_of_one(line: Callable[..., Line]) -> None:
    made = line("musdb", change=merge(CHANGE, {"training": SETTINGS}))
    made.prepare("musdb")
    assert_same_curve_in_double(made, UNMIX)
