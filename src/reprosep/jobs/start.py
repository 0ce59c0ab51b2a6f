"""Where a training job begins: the runs that it names, the signals that stop it, and its place on a GPU."""

from __future__ import annotations

from reprosep.base.errors import UserError
from reprosep.base.preemption import stop_request
from reprosep.experiments.runs import find_run
from reprosep.jobs.gpus import gpu_place
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params
from reprosep.training.event_log import check_tensorboard


def train(params: Params, identifiers: list[str]) -> None:
    """Train runs of one corpus, or take them up again; writes ``runs/<run>/{best.safetensors,epochs.csv,run.json}``."""
    pairs = [find_run(params, identifier) for identifier in dict.fromkeys(identifiers)]
    _check_trainable(params, pairs)
    check_tensorboard(params.machine.tensorboard)
    gpus, per_gpu = params.training.gpu, params.machine.trainings_per_gpu
    with stop_request() as stop, gpu_place(gpus, per_gpu, stop):
        from reprosep.jobs.training import train_runs  # takes seconds, in which a signal may come

        train_runs(params, pairs, params.results, stop)


def _check_trainable(params: Params, pairs: list[tuple[Run, System]]) -> None:
    chosen = [run for run, _ in pairs]
    for run, system in pairs:
        if not system.trained:
            raise UserError(f"'{run.id}' needs no training; score it with `reprosep score {run.id}`")
    if len({run.corpus for run in chosen}) > 1:
        raise UserError(f"{', '.join(run.id for run in chosen)}: of several corpora; train those of each by themselves")
    if len(chosen) > 1 and params.training.gpu > 1:
        raise UserError(
            f"{len(chosen)} runs share one device, but training.gpu is {params.training.gpu}; train them one by one"
        )
