"""Trainings as a job: from the files of a corpus to weights, epoch log and record, stopped by signals.

One training has one device or several; several trainings share one, a step of each in turn.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from reprosep.base.errors import UserError
from reprosep.base.files import digest, whole_file, write_json
from reprosep.base.preemption import StopRequest
from reprosep.base.provenance import commit, hardware, versions
from reprosep.experiments.accepted import code_of_run, origin_of_code, record_files, record_of
from reprosep.experiments.data import CorpusData
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import look_up, settings_of_training
from reprosep.jobs.curves import curves_written
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.scale import Params, dump
from reprosep.training.checkpoint import BEST
from reprosep.training.devices import described, set_up
from reprosep.training.live_log import write_live_log
from reprosep.training.loop import Outcome, Training
from reprosep.training.side_by_side import Job, SideBySide

_OF_MACHINE = (
    *("training.compile", "training.threads", "training.gpu"),
    *("training.tf32", "training.deterministic", "training.graphs", "training.graphs_batch"),
)  # a state goes on where these are the same


def train_runs(params: Params, pairs: Sequence[tuple[Run, System]], results: Path, stop: StopRequest) -> None:
    """Train runs of one corpus, or take them up again; writes the folder of each below `results`.

    Raises
    ------
    UserError
        When a training goes wrong, after the others have ended.
    Preempted
        After a request to stop; the checkpoints are written by then.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun started this process as one of several
        from reprosep.jobs.processes import one_of_several

        with one_of_several(params):
            _train(params, pairs, results, stop)
    elif params.training.gpu > 1:
        from reprosep.jobs.processes import launch

        launch(params, pairs[0][0].id, stop)
    else:
        _train(params, pairs, results, stop)


def _train(params: Params, pairs: Sequence[tuple[Run, System]], results: Path, stop: StopRequest) -> None:
    start = time.monotonic()
    torch.set_num_threads(params.training.threads)
    corpus = pairs[0][0].corpus
    data = CorpusData(params.of_corpus(corpus), corpus, results)
    set_up(params.training, data.device)
    jobs = [_job(data, *pair) for pair in pairs]
    with curves_written(jobs, results, params.machine.tensorboard):
        errors = _trained(jobs, stop)
    seconds = (time.monotonic() - start) / len(jobs)
    for job, pair in zip(jobs, pairs, strict=True):
        if pair[0].id not in errors:
            _finish(data, job, pair, seconds)
    for error in errors.values():
        raise error


def _job(data: CorpusData, run: Run, system: System) -> Job:
    training = kind_of(system).module("training").make_training(data, run, system)
    return Job(
        training, data.results / "runs" / run.id / "checkpoint", recipe_of(data.params, run, system, data.results)
    )


def recipe_of(params: Params, run: Run, system: System, results: Path) -> str:
    """What the training of a run is a function of; a checkpoint of another is not resumed."""
    reads, content = kind_of(system).training_reads(run, system), dump(params)
    machine = {key: look_up(content, key) for key in _OF_MACHINE}
    code = code_of_run(results, run, reads)
    return digest([reads.digest(results, content, settings_of_training(system), code), machine, run.id], length=32)


def _trained(jobs: Sequence[Job], stop: StopRequest) -> dict[str, UserError]:
    """Take trainings to their ends; what went wrong with which of several."""
    if len(jobs) == 1:
        jobs[0].training.run(jobs[0].folder, jobs[0].recipe, stop)
        return {}
    together = SideBySide(jobs, stop)
    together.run()
    return together.errors


def _finish(data: CorpusData, job: Job, pair: tuple[Run, System], seconds: float) -> None:
    """Write the files of a run; one that was finished before is recorded as it was then."""
    (run, system), outcome = pair, job.training.outcome()
    result = {**_origin(run, job.recipe), **_result(job.training, outcome)}
    kept = record_of(data.results, run)
    if any(kept.get(key) != result[key] for key in ("recipe", "device_seconds", "best_valid_loss")):
        settings = {"settings": system.model_dump(mode="json"), "params": dump(data.params)}
        kept = {**result, "wall_seconds": round(seconds, 3), **settings}
    reads = kind_of(system).training_reads(run, system)
    record = {**kept, **origin_of_code(data.results, run, reads)}
    job.training.devices.first(partial(_write, data.results / "runs" / run.id, outcome, record))


def _write(folder: Path, outcome: Outcome, record: dict[str, Any]) -> None:
    write_epochs(folder / "epochs.csv", outcome.epochs)
    write_live_log(folder / "dvclive", outcome.epochs)
    with whole_file(folder / BEST) as temporary:
        shutil.copyfile(folder / "checkpoint" / BEST, temporary)
    for path in record_files(folder):
        write_json(path, record)


def _origin(run: Run, recipe: str) -> dict[str, Any]:
    """What ``run.json`` says of where a training comes from."""
    hash_, dirty = commit()
    return {
        "run": run.id,
        "corpus": run.corpus,
        "target": run.target,
        "system": run.system,
        "seed": run.seed,
        "recipe": recipe,
        "commit": hash_,
        "dirty": dirty,
        "versions": versions(),
    }


def _result(training: Training, outcome: Outcome) -> dict[str, Any]:
    """What it says of the device, the costs and the outcome; energy is null where the device does not tell it."""
    costs = outcome.costs
    return {
        "hardware": hardware(str(training.device)) | {"devices": training.devices.count} | described(training.device),
        "precision": training.precision,
        "recordings": training.examples.recordings.placement,
        "device_seconds": round(costs.device_seconds, 3),
        "milliseconds_per_item": round(1000 * costs.device_seconds / max(outcome.items, 1), 4),
        "peak_memory_mb": round(costs.memory / 1e6, 1),
        "energy_kj": None if costs.joules is None else round(costs.joules / 1000, 3),
        "energy_unknown": training.meter.unknown if costs.joules is None else None,
        "early_stopping": training.early_stopping,
        "epochs": len(outcome.epochs),
        "best_epoch": outcome.best_epoch,
        "best_valid_loss": outcome.best_valid_loss,
        "parameters": outcome.parameters,
        "items": outcome.items,
        "chunks": getattr(training.examples, "training_chunks", None),
    }


def write_epochs(path: Path, epochs: list[dict[str, float]]) -> None:
    """The per-epoch log as CSV."""
    with whole_file(path) as temporary:
        pd.DataFrame(epochs).to_csv(temporary, index=False)
