"""Several jobs on the GPUs of one machine: which GPUs there are, and a place on them for each training or scoring.

A place is a lock that the kernel frees when its process ends, however it ends. The locks are in a folder of this
machine, as its GPUs are. A scheduler's job has been told its GPUs already and takes no place.
Tested with a list of GPUs that are not there.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.params.scale import Params

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one folder per GPU; asking the libraries would take seconds
_NO_GPU = ("", "-1", "NoDevFiles")
_OF_A_SCHEDULER = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST", "BATCH_JOB_UID")
_SECONDS_BETWEEN_LOOKS = 0.5


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return [str(number) for number in range(len(list(_DRIVER.glob("*"))))]
    return [name.strip() for name in listed.split(",") if name.strip() not in _NO_GPU]


def gpu_places(gpus: int, per_gpu: int) -> int:
    """Places that a training on `gpus` GPUs takes: one of the `per_gpu` of a GPU, or all of them on several."""
    return gpus if gpus <= 1 else gpus * per_gpu


def estimating_gpus(params: Params) -> int:
    """GPUs of a job whose networks estimate: one where the parameters ask for it, none where they only allow it."""
    return int(params.separation.device == "cuda")


@contextmanager
def gpu_place(gpus: int, per_gpu: int, stop: StopRequest) -> Iterator[list[str]]:
    """Keep a training's place while the block runs, with CUDA_VISIBLE_DEVICES set to it; waits for a free one.

    Raises
    ------
    UserError
        When the machine has fewer GPUs.
    Preempted
        When told to stop while waiting.
    """
    visible = visible_gpus()
    if not gpus or not visible or any(name in os.environ for name in _OF_A_SCHEDULER):
        yield visible
        return
    if gpus > len(visible):
        raise UserError(f"training.gpu: {gpus} GPUs are wanted, this machine shows {len(visible)}; lower it")
    names, locks = _wait_for_place(visible, gpus, per_gpu, stop)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names)
    try:
        yield names
    finally:
        os.environ.pop("CUDA_VISIBLE_DEVICES")
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
        _free(locks)


def _wait_for_place(visible: list[str], gpus: int, per_gpu: int, stop: StopRequest) -> tuple[list[str], list[int]]:
    folder = Path(tempfile.gettempdir()) / f"reprosep-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    announced = False
    while not (place := _place(folder, visible, gpus, per_gpu)):
        if stop.reason:
            raise Preempted(f"stopped by {stop.reason} while waiting for a GPU; the same command starts the training")
        if not announced:
            print(f"waiting for {gpus} of the GPUs {', '.join(visible)}, {per_gpu} trainings each", file=sys.stderr)
            announced = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return place


def _place(folder: Path, visible: list[str], gpus: int, per_gpu: int) -> tuple[list[str], list[int]] | None:
    """GPUs and their locks, all or none: on the GPU with most free places, or on several that nobody uses."""
    with open(folder / "choice.lock", "w") as choice:
        fcntl.flock(choice, fcntl.LOCK_EX)
        free = {name: _free_places(folder, name, per_gpu) for name in visible}
        if gpus == 1:
            best = max(visible, key=lambda name: len(free[name]))
            names, kept = ([best], free[best][:1]) if free[best] else ([], [])
        else:
            names = [name for name in visible if len(free[name]) == per_gpu][:gpus]
            kept = [lock for name in names for lock in free[name]] if len(names) == gpus else []
        _free([lock for locks in free.values() for lock in locks if lock not in kept])
    return (names, kept) if kept else None


def _free_places(folder: Path, name: str, per_gpu: int) -> list[int]:
    """Locks of the places on a GPU that nobody holds."""
    locks = []
    for number in range(per_gpu):
        lock = os.open(folder / f"{name.replace('/', '-')}.{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            locks.append(lock)
        except BlockingIOError:
            os.close(lock)
    return locks


def _free(locks: list[int]) -> None:
    for lock in locks:
        os.close(lock)
