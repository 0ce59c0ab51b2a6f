"""One training as a job: from the files of a corpus to weights, epoch log and record, stopped by signals."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from reprosep.files import whole_file, write_json
from reprosep.jobs.companions import train_together
from reprosep.jobs.workplace import Workplace
from reprosep.papers import Run, find_run
from reprosep.params import Params, dump
from reprosep.preemption import StopRequest
from reprosep.provenance import commit, hardware, versions
from reprosep.training.checkpoint import BEST
from reprosep.training.live_log import write_live_log
from reprosep.training.loop import Outcome, Training


def train_run(params: Params, identifier: str, results: Path, stop: StopRequest) -> None:
    """Train a run on its devices, or take it up again; writes its folder below `results`.

    Raises
    ------
    Preempted
        After a request to stop; the checkpoint is written by then.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun started this process as one of several
        from reprosep.jobs.processes import one_of_several

        with one_of_several(params):
            _train(params, identifier, results, stop)
    elif params.training.gpu > 1:
        from reprosep.jobs.processes import launch

        launch(params, identifier, stop)
    else:
        _train(params, identifier, results, stop)


def _train(params: Params, identifier: str, results: Path, stop: StopRequest) -> None:
    start = time.monotonic()
    torch.set_num_threads(params.training.threads)
    run, system = find_run(params, identifier)
    workplace = Workplace(params.of_corpus(run.corpus), run.corpus, results)
    if params.machine.side_by_side:
        train_together(workplace, run, system, stop)
    training, recipe = workplace.training(run, system), workplace.recipe(run, system)
    outcome = training.run(workplace.checkpoint(run), recipe, stop)
    record = {
        **_origin(run, recipe),
        **_result(training, outcome),
        "wall_seconds": round(time.monotonic() - start, 3),
        "settings": system.model_dump(mode="json"),
        "params": dump(workplace.params),
    }
    training.devices.first(partial(_write, results / "runs" / run.id, outcome, record))


def _write(folder: Path, outcome: Outcome, record: dict[str, Any]) -> None:
    write_epochs(folder / "epochs.csv", outcome.epochs)
    write_live_log(folder / "dvclive", outcome.epochs)
    with whole_file(folder / BEST) as temporary:
        shutil.copyfile(folder / "checkpoint" / BEST, temporary)
    write_json(folder / "run.json", record)


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
        "hardware": hardware(str(training.device)) | {"devices": training.devices.count},
        "precision": training.precision,
        "recordings": training.examples.recordings.placement,
        "device_seconds": round(costs.device_seconds, 3),
        "milliseconds_per_item": round(1000 * costs.device_seconds / max(outcome.items, 1), 4),
        "peak_memory_mb": round(costs.memory / 1e6, 1),
        "energy_kj": None if costs.joules is None else round(costs.joules / 1000, 3),
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
