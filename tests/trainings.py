"""Small trainings on the synthetic corpora, and their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from conftest import CHANGE, Line
from reprosep.experiments.data import CorpusData
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.target.examples import Examples
from reprosep.experiments.target.training import TargetTraining
from reprosep.mixtures.mixing import recipes_of
from reprosep.params.scale import Params, merge
from reprosep.training.checkpoint import LAST
from synthetic import make_params

IASS, UNMIX = "mm_vocals_iass_s42", "musdb_drums_open-unmix_s42"
SMALL = {"epochs": 4, "items_per_epoch": 8}


def training(prepared: Line, identifier: str, **settings: Any) -> TargetTraining:
    params = make_params(merge(CHANGE, {"training": merge(SMALL, settings)}))
    run, system = find_run(params, identifier)
    mixer = Line(prepared.folder, params).mixer(run.corpus)
    assert run.seed is not None
    examples = Examples(params, mixer, run.target, run.seed, system.channel_swap)
    return TargetTraining(params, run, system, examples, recipes_of(mixer.mixtures(run.target), run.target, "valid"))


def made(params: Params, identifier: str, results: Path, **system_change: Any) -> Any:
    """The training of a run on computed corpora, as a job makes it."""
    run, system = find_run(params, identifier)
    data = CorpusData(params.of_corpus(run.corpus), run.corpus, results)
    return kind_of(system).module("training").make_training(data, run, system.model_copy(update=system_change))


def weights(folder: Path, name: str = LAST) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(str(folder / name))


def assert_same_weights(one: Path, other: Path, name: str) -> None:
    a, b = weights(one, name), weights(other, name)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[key], b[key]) for key in a)


TIMES = ["seconds", "items_per_second"]  # columns of epochs.csv that differ from run to run
