"""Trained runs as a user names them: found by id or folder, with the parameters and settings of their training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import read_record
from reprosep.base.validation import explain
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.song import Song
from reprosep.papers.system import System, Variant, system_of_record
from reprosep.params.reading import parse
from reprosep.params.scale import Params
from reprosep.training.checkpoint import load_best

_RECORD = "run.json"
_DECIMALS = 4  # of probabilities, so that what is written and what is drawn agree on every threshold


@dataclass(frozen=True)
class TrainedRun:
    """A finished training: its folder, and what ``run.json`` there says."""

    folder: Path
    record: dict[str, Any]

    @property
    def id(self) -> str:
        """The run's name."""
        return str(self.record["run"])

    @cached_property
    def params(self) -> Params:
        """The parameters of the training."""
        try:
            return parse(self.record["params"])
        except UserError as error:
            raise self._foreign(str(error)) from error

    @cached_property
    def system(self) -> System:
        """The system as trained."""
        try:
            return system_of_record(self.record["settings"])
        except ValidationError as error:
            raise self._foreign(explain(error, System, "a system's settings")) from error

    def _foreign(self, reason: str) -> UserError:
        cause = reason.split(";")[0]  # without how to mend a file of parameters
        return UserError(
            f"{self.folder / _RECORD}: written by another version of the project ({cause}); train the run again"
        )

    @property
    def targets(self) -> list[str]:
        """What it estimates or detects."""
        return kind_of(self.system).targets(self.params, str(self.record["target"]), self.system)

    @property
    def model_name(self) -> str:
        """Its network, as the section ``models`` has it."""
        return kind_of(self.system).model(self.system)

    @property
    def channels(self) -> int:
        """Channels of the waves that its network takes."""
        return self.params.corpora[self.record["corpus"]].channels

    @property
    def is_standin(self) -> bool:
        """Whether it was trained on a stand-in corpus."""
        return self.params.corpora[self.record["corpus"]].standin is not None

    @property
    def tells_activity(self) -> bool:
        """Whether it is a detector or has an activity head."""
        return kind_of(self.system).tells_activity or self.system.has_head

    @property
    def separates(self) -> bool:
        """Whether it estimates sound."""
        return kind_of(self.system).separates

    @property
    def threshold(self) -> float:
        """Probability above which an instrument plays."""
        return kind_of(self.system).threshold(self.params)

    @property
    def title(self) -> str:
        """Of its progress on a song."""
        return f"listening with {self.id}"

    def model(self) -> Any:
        """Its network with the best weights, ready to estimate."""
        network = kind_of(self.system).module("network").network
        return load_best(self.folder, network(self.system, self.params, self.channels, len(self.targets)))

    def probabilities(self, song: Song) -> np.ndarray:
        """Probability of every target in every second of a song, ``(second, target)``.

        In a second of digital silence nothing plays, whatever a network thinks of it.
        """
        values: np.ndarray = kind_of(self.system).module("own_song").probabilities(self, song)
        values[song.silent()] = 0.0
        return np.round(values, _DECIMALS)

    def separator(self) -> Callable[[np.ndarray, Variant], np.ndarray]:
        """What makes estimates ``(target, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""
        separator: Callable[[np.ndarray, Variant], np.ndarray] = kind_of(self.system).module("own_song").separator(self)
        return separator


def find_trained(run: str, results: Path) -> TrainedRun:
    """The trained run of that id in `results`, or in that folder; :class:`UserError` when there is none."""
    for folder in (Path(run), results / "runs" / run):
        if (folder / _RECORD).is_file():
            return _read(folder)
    known = [one.folder.name for one in all_trained(results)]
    listed = f"; trained are {', '.join(known)}" if known else "; none is trained there yet, run `make demo` first"
    raise UserError(f"--run: no trained run '{run}' in {results / 'runs'}{near_match(run, known)}{listed}")


def all_trained(results: Path) -> list[TrainedRun]:
    """All trained runs in `results`, by name."""
    paths = sorted((results / "runs").glob(f"*/{_RECORD}"))
    return [_read(path.parent) for path in paths]


def _read(folder: Path) -> TrainedRun:
    record = read_record(folder / _RECORD, run=str, corpus=str, target=str, params=dict, settings=dict)
    corpora = record["params"].get("corpora")
    if not isinstance(corpora, dict) or record["corpus"] not in corpora:
        raise UserError(f"{folder / _RECORD}: no corpus '{record['corpus']}' in its parameters; train the run again")
    return TrainedRun(folder, record)
