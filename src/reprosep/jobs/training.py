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

from reprosep.audio.store import read_table
from reprosep.files import digest, sha256, whole_file, write_json
from reprosep.mixing import Mixer, recipes_of
from reprosep.papers import Run, System, find_run
from reprosep.params import Params, dump
from reprosep.preemption import StopRequest
from reprosep.provenance import commit, hardware, source_digest, versions
from reprosep.training.checkpoint import BEST
from reprosep.training.examples import Examples
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
    folder = results / "runs" / run.id
    training = _training(params, run, system, results / run.corpus)
    recipe = _recipe(params, run, system, results / run.corpus)
    outcome = training.run(folder / "checkpoint", recipe, stop)
    training.devices.first(partial(_write, folder, params, run, system, training, outcome, time.monotonic() - start))


def _write(
    folder: Path, params: Params, run: Run, system: System, training: Training, outcome: Outcome, wall_seconds: float
) -> None:
    write_epochs(folder / "epochs.csv", outcome.epochs)
    write_live_log(folder / "dvclive", outcome.epochs)
    with whole_file(folder / BEST) as temporary:
        shutil.copyfile(folder / "checkpoint" / BEST, temporary)
    write_json(folder / "run.json", _record(params, run, system, training, outcome, wall_seconds))


def _training(params: Params, run: Run, system: System, data: Path) -> Training:
    assert run.seed is not None
    mixer = Mixer(params, run.corpus, read_table(data / "catalog.parquet"), data)
    examples = Examples(params, mixer, run.target, run.seed, system.channel_swap)
    recipes = recipes_of(read_table(data / "mixtures" / f"{run.target}.parquet"), run.target, "valid")
    return Training(params, run, system, examples, recipes)


def _recipe(params: Params, run: Run, system: System, data: Path) -> str:
    own = f"mixtures/{run.target}.parquet"
    inputs = [sha256(data / name) for name in ("audio/index.parquet", "activity/index.parquet", own)]
    return recipe_digest(params, run, system, inputs, source_digest("audio", "models", "training", "mixing.py"))


def _record(
    params: Params, run: Run, system: System, training: Training, outcome: Outcome, wall_seconds: float
) -> dict[str, Any]:
    """What ``run.json`` says of a training."""
    hash_, dirty = commit()
    return {
        "run": run.id,
        "corpus": run.corpus,
        "target": run.target,
        "system": run.system,
        "seed": run.seed,
        "commit": hash_,
        "dirty": dirty,
        "versions": versions(),
        "hardware": hardware(str(training.device)) | {"devices": training.devices.count},
        "precision": training.precision,
        "wall_seconds": round(wall_seconds, 3),
        "device_seconds": round(outcome.device_seconds, 3),
        "epochs": len(outcome.epochs),
        "best_epoch": outcome.best_epoch,
        "best_valid_mse": outcome.best_valid_mse,
        "parameters": outcome.parameters,
        "items": outcome.items,
        "settings": system.model_dump(mode="json"),
        "params": dump(params),
    }


def recipe_digest(params: Params, run: Run, system: System, data: list[str], code: str) -> str:
    """What a training is a function of: parameters, run, data and code; a checkpoint of another is not resumed."""
    names = ("audio", "stft", "activity", "mixing", "models", "training")
    sections = {name: getattr(params, name).model_dump() for name in names}
    return digest([sections, run.id, system.model_dump(), data, code], length=32)


def write_epochs(path: Path, epochs: list[dict[str, float]]) -> None:
    """The per-epoch log as CSV."""
    with whole_file(path) as temporary:
        pd.DataFrame(epochs).to_csv(temporary, index=False)
