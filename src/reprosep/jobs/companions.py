"""The trainings that one training takes with it: those of the other targets of its corpus, system and seed.

Each leaves a finished checkpoint where its own job finds it; that job then only writes the run's files. So the workflow
is the same with and without this.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprosep.errors import UserError
from reprosep.files import read_json
from reprosep.jobs.workplace import Workplace
from reprosep.locks import alone
from reprosep.papers import Run, System, load_paper, runs
from reprosep.params import Params
from reprosep.preemption import StopRequest
from reprosep.training.side_by_side import Job, SideBySide


def train_together(workplace: Workplace, run: Run, system: System, stop: StopRequest) -> None:
    """Train a run and its companions side by side, or take them up again, until their checkpoints are finished.

    What goes wrong with a companion is left to its own job.

    Raises
    ------
    UserError
        When the run itself goes wrong.
    Preempted
        After a request to stop; all checkpoints are written by then.
    """
    lock = workplace.results / ".locks" / f"train-{run.corpus}-{run.system}-{run.seed}"
    with alone(lock, f"training of {run.corpus}, {run.system}, seed {run.seed}", stop):
        chosen = [(run, system), *companions(workplace, run)]
        jobs = [Job(workplace.training(*one), workplace.checkpoint(one[0]), workplace.recipe(*one)) for one in chosen]
        together = SideBySide(jobs, stop)
        together.run()
        if run.id in together.errors:
            raise together.errors[run.id]


def companions(workplace: Workplace, run: Run) -> Iterator[tuple[Run, System]]:
    """Runs of the same corpus, system and seed whose mixtures are there and whose results are not, or not these."""
    for other, system in _trained(workplace.params):
        same = (other.corpus, other.system, other.seed) == (run.corpus, run.system, run.seed) and other != run
        if same and all(path.exists() for path in workplace.inputs(other, system)):
            recorded = _recorded_recipe(workplace.results / "runs" / other.id)
            if recorded != workplace.recipe(other, system):
                yield other, system


def _trained(params: Params) -> Iterator[tuple[Run, System]]:
    papers = [load_paper(name) for name in params.papers]
    every = {run.id: (run, paper.systems[run.system]) for paper in papers for run in runs(params, paper)}
    return (pair for _, pair in sorted(every.items()) if pair[0].seed is not None)


def _recorded_recipe(folder: Path) -> str | None:
    """The recipe that a run's results are of."""
    try:
        return str(read_json(folder / "run.json")["recipe"])
    except (UserError, KeyError):
        return None
