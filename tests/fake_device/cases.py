"""The systems that are trained, each with a corpus on which it is, and trainings of them on noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_flatten_with_path

from reprosep.base.project import read_yaml, repository
from reprosep.experiments.runs import every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.tools.cost.measure import training_on_noise
from reprosep.training.loop import Training
from synthetic import make_params

_UNTRAINED = ("oracle", "published", "gated")
_CLIPS = {"seconds": 2.0, "presence": -40.0, "frames": 20, "small_hours": 0.003, "large_hours": 0.004, "valid": 2}
_EVERY_CORPUS = ("musdb-mono", "musdb-16k", "slakh", "flakh", "mm-detection")
_TRAINING = {"batch_size": 2, "items_per_epoch": 4, "epochs": 2}
_CHANGE: dict[str, Any] = {
    "clips": _CLIPS,
    "training": {**_TRAINING, "statistics_items": 2, "compile": "never", "gpu": 1},
    "corpora": {name: {"settings": {"training": _TRAINING}} for name in _EVERY_CORPUS},
}


@dataclass(frozen=True)
class Case:
    """A system of a paper, on a corpus or on the first that it is trained on, with changes of the parameters."""

    paper: str
    system: str
    corpus: str = ""
    change: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        more = ["-".join(str(value) for value in section.values()) for section in self.change.values()]
        return "-".join([self.corpus or self.paper, self.system, *more])

    @property
    def params(self) -> Params:
        """The parameters of its corpus."""
        return parse(merge(dump(_params(self.paper)), self.change)).of_corpus(self.run.corpus)

    @property
    def run(self) -> Run:
        """One of its runs."""
        own = (run for run in _runs(self.paper) if run.system == self.system)
        return next(run for run in own if self.corpus in ("", run.corpus))

    def training(self, folder: Path) -> Training[Any]:
        """A training on noise, which is written into a new folder."""
        folder.mkdir(parents=True)
        system: Any = load_paper(self.paper).systems[self.system]
        return training_on_noise(self.params, self.run, system, folder)


@lru_cache
def _params(paper: str) -> Params:
    beside = {str(system["beside"]) for system in _systems(paper).values() if "beside" in system}
    return make_params(merge(_CHANGE, {"papers": [paper, *sorted(beside)]}))


@lru_cache
def _runs(paper: str) -> list[Run]:
    return every_run(_params(paper), load_paper(paper))


def _systems(paper: str) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = read_yaml(repository() / "workflow" / "papers" / f"{paper}.yaml")["systems"]
    return content


def trained_systems() -> Iterator[Case]:
    """Every system of every paper that is trained at the scale of the tests."""
    for path in sorted((repository() / "workflow" / "papers").glob("*.yaml")):
        for name, system in _systems(path.stem).items():
            is_trained = system["kind"] not in _UNTRAINED and "released" not in system
            if is_trained and any(run.system == name for run in _runs(path.stem)):
                yield Case(path.stem, name)


def left_behind(training: Training[Any]) -> list[str]:
    """What of a training lies in main memory, though its place is on the device; numbers apart."""
    values = {"weights": dict(training.model.named_parameters()), "buffers": dict(training.model.named_buffers())}
    gradients = {name: weight.grad for name, weight in training.model.named_parameters()}
    state = {**values, "gradients": gradients, "optimizer": training.optimizer.state_dict()["state"]}
    return list(in_main_memory(state))


def in_main_memory(values: Any) -> Iterator[str]:
    """The tensors of some values that are not on a GPU, by name."""
    for path, value in tree_flatten_with_path(values)[0]:
        if isinstance(value, Tensor) and value.device.type != "cuda":
            yield "".join(str(key) for key in path)
