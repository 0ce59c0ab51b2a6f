"""Training curves as they grow: what trainings log is written by a thread beside them, which no step waits for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reprosep.training.event_log import EventLog
from reprosep.training.side_by_side import Job

FOLDER = "tensorboard"  # below results/<scale>: event files carry the machine's name, so they are no part of a run
_SECONDS_BETWEEN_LOOKS = 1.0


@contextmanager
def curves_written(jobs: Sequence[Job], results: Path, wanted: bool) -> Iterator[None]:
    """While the block trains, every epoch goes to TensorBoard's event files below ``results/tensorboard/<run>/``.

    The trainings are only looked at, so that their weights are the same with and without; of several processes of a
    training, the first one writes.
    """
    if not wanted or any(job.training.devices.rank for job in jobs):
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_follow, args=(jobs, results / FOLDER, ended), name="curves", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(jobs: Sequence[Job], folder: Path, ended: threading.Event) -> None:
    try:
        logs = [(job, EventLog(folder / job.training.name)) for job in jobs]
        last = False
        while not last:
            last = ended.wait(_SECONDS_BETWEEN_LOOKS)
            for job, log in logs:
                log.write(list(job.training.epochs))
        for _, log in logs:
            log.close()
    except OSError as error:  # a full disk is no reason to stop a training
        print(
            f"{folder}: no more curves for TensorBoard ({error.strerror or error}); training goes on", file=sys.stderr
        )
