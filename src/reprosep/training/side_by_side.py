"""Several trainings in one process, a step of each in turn, equal to training them one by one.

Each has its own network, optimiser and random numbers; they share the device and the recordings that lie on it. While
the device works on one, the processor prepares the next batch of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import Preempted, UserError
from reprosep.base.preemption import StopRequest
from reprosep.base.progress import ProgressReport
from reprosep.training.checkpoint import random_state, set_random_state
from reprosep.training.graphs import without_graphs
from reprosep.training.loop import Training


@dataclass
class Job:
    """A training that has just been made, with the folder of its checkpoint and the recipe that this is of."""

    training: Training
    folder: Path
    recipe: str

    def __post_init__(self) -> None:
        self.random = random_state(self.training.device)


class SideBySide:
    """Takes trainings to their ends; what went wrong with one is in `errors` by its name and stops no other."""

    def __init__(self, jobs: Sequence[Job], stop: StopRequest) -> None:
        self.jobs, self.stop = jobs, stop
        for job in jobs:
            job.training.passes = without_graphs(job.training.passes)
        self.errors: dict[str, UserError] = {}

    def run(self) -> None:
        """A step of each in turn.

        Raises
        ------
        Preempted
            After a request to stop, as soon as the state of every training is written.
        """
        going = [(job, job.training.running(job.folder, job.recipe, self.stop)) for job in self.jobs]
        steps = sum(job.training.params.training.epochs * job.training.steps for job in self.jobs)
        earlier, stopped = self._turns(going)
        with ProgressReport(f"{len(going)} trainings", steps, earlier) as bar:
            while going:
                done, reason = self._turns(going)
                stopped = stopped or reason
                bar.advance(done, note=f"{len(going)} going on")
        if stopped:
            raise stopped

    def _turns(self, going: list[tuple[Job, Iterator[int]]]) -> tuple[int, Preempted | None]:
        """A turn of each, those that end taken out; the steps done, and why one stopped if it did."""
        total, stopped = 0, None
        for job, running in list(going):
            try:
                done = self._turn(job, running)
            except Preempted as reason:
                stopped, done = reason, None
            if done is None:
                going.remove((job, running))
            total += done or 0
        return total, stopped

    def _turn(self, job: Job, running: Iterator[int]) -> int | None:
        """The next step of a training with its own random numbers; None at its end."""
        set_random_state(job.random, job.training.device)
        try:
            return next(running, None)
        except UserError as error:
            self.errors[job.training.name] = error
            return None
        finally:
            job.random = random_state(job.training.device)
