"""Places on the GPUs of a machine, with a list of GPUs that are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.jobs import gpus
from reprosep.jobs.gpus import gpu_place, gpu_places, visible_gpus


class Told(StopRequest):
    """A request that was made before."""

    reason = "SIGTERM"

    def __init__(self) -> None:
        pass


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of its own with the GPUs 0 and 1, used by nobody."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in gpus._OF_A_SCHEDULER:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("told", "names"),
    [("0,1", ["0", "1"]), ("3", ["3"]), ("", []), ("-1", []), ("NoDevFiles", []), ("GPU-a", ["GPU-a"])],
)
def test_what_is_visible(told: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)
    assert visible_gpus() == names


def test_without_a_word_the_driver_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "gpus")
    assert visible_gpus() == []
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    assert visible_gpus() == ["0"]


def test_trainings_are_spread_then_packed() -> None:
    with ExitStack() as stack:
        taken = []
        for _ in range(4):
            stack.enter_context(gpu_place(1, 2, StopRequest()))
            taken.append(os.environ["CUDA_VISIBLE_DEVICES"])
            os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
        assert taken == ["0", "1", "0", "1"]
        with pytest.raises(Preempted, match="stopped by SIGTERM while waiting for a GPU"), gpu_place(1, 2, Told()):
            pass
    with gpu_place(1, 2, Told()) as names:
        assert names == ["0"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_training_on_several_gpus_wants_them_for_itself() -> None:
    with gpu_place(1, 2, StopRequest()):
        os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
        with pytest.raises(Preempted), gpu_place(2, 2, Told()):
            pass
    with gpu_place(2, 2, Told()) as names:
        assert names == ["0", "1"]
        os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
        with pytest.raises(Preempted), gpu_place(1, 2, Told()):
            pass


def test_more_gpus_than_there_are() -> None:
    with pytest.raises(UserError, match=r"training.gpu: 3 GPUs are wanted, this machine shows 2"):
        gpu_place(3, 1, StopRequest()).__enter__()


def test_a_scheduler_has_said_it_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with gpu_place(1, 1, Told()), gpu_place(1, 1, Told()):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_training_without_a_gpu_takes_no_place() -> None:
    with gpu_place(1, 1, Told()), gpu_place(0, 1, Told()):
        pass


def test_places_of_a_killed_training_are_free_again(tmp_path: Path) -> None:
    hold = "\n".join(
        [
            "import time",
            "from reprosep.jobs.gpus import gpu_place",
            "from reprosep.base.preemption import StopRequest",
            "with gpu_place(2, 1, StopRequest()):",
            "    print('held', flush=True)",
            "    time.sleep(1200)",
        ]
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(Preempted), gpu_place(1, 1, Told()):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with gpu_place(1, 1, Told()) as names:
        assert names == ["0"]


@pytest.mark.parametrize(("devices", "per_gpu", "places"), [(0, 4, 0), (1, 4, 1), (2, 4, 8), (1, 1, 1), (2, 1, 2)])
def test_places_that_a_training_takes(devices: int, per_gpu: int, places: int) -> None:
    assert gpu_places(devices, per_gpu) == places
