"""One training on two processes, told to stop at random moments one process at a time: nobody waits for the other."""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from conftest import CHANGE, Line
from reprosep.base.errors import Preempted
from reprosep.base.preemption import StopRequest
from reprosep.params.scale import merge
from reprosep.training.checkpoint import LAST
from synthetic import make_params
from trainings import IASS, assert_same_weights, made

STOPS = 50
HUNG = 300.0  # seconds after which it waits in vain
SETTINGS = {"epochs": 60, "items_per_epoch": 4, "batch_size": 2, "gpu": 2}


def undisturbed(rank: int, line: Line, folder: Path, meeting: str) -> None:
    """The same training, once through."""
    with joined(rank, line, meeting):
        made(line.params, IASS, line.results).run(folder, "recipe")


def disturbed(rank: int, line: Line, folder: Path, meeting: str) -> None:
    """Taken up again after every stop; who is told and after how long is drawn, the same in both processes."""
    with joined(rank, line, meeting):
        draw, stops = random.Random(1), 0
        while True:
            told, wait = draw.randrange(2), draw.uniform(0, 0.6)
            stop = StopRequest()
            timer = threading.Timer(wait, setattr, (stop, "reason", "SIGUSR1"))
            training = made(line.params, IASS, line.results)
            if told == rank and stops < STOPS:
                timer.start()
            try:
                training.run(folder, "recipe", stop)
                break
            except Preempted as sentence:
                assert "stopped by SIGUSR1 in epoch" in str(sentence)
                stops += 1
            finally:
                timer.cancel()
        (folder.parent / f"stops-{rank}").write_text(str(stops))


class joined:  # noqa: N801, a context
    """A process of two in the line's folder."""

    def __init__(self, rank: int, line: Line, meeting: str) -> None:
        os.chdir(line.folder)
        torch.set_num_threads(1)
        dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        dist.destroy_process_group()


def both(work: object, line: Line, folder: Path) -> None:
    """Two processes do it, and end in time."""
    folder.mkdir(parents=True)
    context = mp.start_processes(  # type: ignore[no-untyped-call]
        work, (line, folder / "checkpoint", str(folder / "meeting")), nprocs=2, join=False, start_method="spawn"
    )
    end = time.monotonic() + HUNG
    while not context.join(timeout=1.0):
        if time.monotonic() > end:
            for process in context.processes:
                process.kill()
            raise AssertionError(f"still running after {HUNG:.0f} s")


def test_fifty_stops_at_random_moments(prepared: Line, tmp_path: Path) -> None:
    line = Line(prepared.folder, make_params(merge(CHANGE, {"training": SETTINGS})))
    both(undisturbed, line, tmp_path / "once")
    both(disturbed, line, tmp_path / "often")
    counts = [(tmp_path / "often" / f"stops-{rank}").read_text() for rank in range(2)]
    assert counts[0] == counts[1] and int(counts[0]) >= STOPS // 2, counts
    print(f"{counts[0]} stops of {STOPS} came before the end")
    assert_same_weights(tmp_path / "once" / "checkpoint", tmp_path / "often" / "checkpoint", LAST)
