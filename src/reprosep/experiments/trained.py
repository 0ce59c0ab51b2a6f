"""Trained runs as a user names them: found by id or folder, with the parameters and settings of their training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import read_record
from reprosep.base.validation import explain
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.separating import Separator
from reprosep.experiments.song import Song
from reprosep.models.inference import for_inference
from reprosep.models.placement import CPU
from reprosep.papers.system import System, Variant, system_of_record
from reprosep.params.reading import parse
from reprosep.params.scale import Params
from reprosep.training.checkpoint import BEST, load_best, load_weights

RECORD = "run.json"
SHARED = "model.safetensors"  # the weights of a run that was passed on (experiments/model_folder.py)
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
            f"{self.folder / RECORD}: written by another version of the project ({cause}); train the run again"
        )

    @property
    def targets(self) -> list[str]:
        """What it estimates or detects."""
        names = str(self.record["corpus"]), str(self.record["target"])
        return kind_of(self.system).targets(self.params, *names, self.system)

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

    def model(self, device: torch.device = CPU) -> Any:
        """Its network with the best weights, ready to estimate on a device."""
        build = kind_of(self.system).module("network").network
        network = build(self.system, self.params, self.channels, len(self.targets))
        if (self.folder / BEST).is_file() or not (self.folder / SHARED).is_file():
            return load_best(self.folder, network).to(device)
        load_weights(self.folder / SHARED, network)
        return for_inference(network).to(device)

    def probabilities(self, song: Song, device: torch.device = CPU) -> np.ndarray:
        """Probability of every target in every second of a song, ``(second, target)``.

        In a second of digital silence nothing plays, whatever a network thinks of it.
        """
        values: np.ndarray = kind_of(self.system).module("own_song").probabilities(self, song, device)
        values[song.silent()] = 0.0
        return np.round(values, _DECIMALS)

    @property
    def sample_rate(self) -> int:
        """Of the waves that its network takes, in Hz."""
        return self.params.audio.sample_rate

    @property
    def terms(self) -> str:
        """What a user is told of its licence: it is the user's own."""
        return ""

    def variants(self) -> tuple[Variant, ...]:
        """The test-time variants that it has."""
        return self.system.variants()

    def chunks(self, samples: int) -> int:
        """Chunks of frames of a wave of so many samples, which a network that works in them tells of."""
        return -(-(samples // self.params.stft.hop + 1) // self.params.separation.chunk_frames)

    def separator(self, device: torch.device = CPU) -> Separator:
        """What makes estimates ``(target, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""
        separator: Separator = kind_of(self.system).module("own_song").separator(self, device)
        return separator

    def filtered(self, device: torch.device = CPU) -> Separator:
        """The same behind a Wiener filter, which takes the estimates of all sources; the variant is the gate before it.

        Raises
        ------
        UserError
            When there is no estimate for every source.
        """
        module = kind_of(self.system).module("own_song")
        if not hasattr(module, "filtered"):
            raise UserError(
                f"--wiener: '{self.id}' estimates one source of a mixture, and the filter needs all; leave --wiener out"
            )
        separator: Separator = module.filtered(self, device)
        return separator


def find_trained(run: str, results: Path) -> TrainedRun:
    """The trained run of that id in `results`, or in that folder; :class:`UserError` when there is none."""
    for folder in (Path(run), results / "runs" / run):
        if (folder / RECORD).is_file():
            return read_trained(folder)
    known = [one.folder.name for one in all_trained(results)]
    listed = f"; trained are {', '.join(known)}" if known else "; none is trained there yet, run `make demo` first"
    raise UserError(f"--run: no trained run '{run}' in {results / 'runs'}{near_match(run, known)}{listed}")


def all_trained(results: Path) -> list[TrainedRun]:
    """All trained runs in `results`, by name."""
    paths = sorted((results / "runs").glob(f"*/{RECORD}"))
    return [read_trained(path.parent) for path in paths]


def read_trained(folder: Path) -> TrainedRun:
    """The run of a folder; :class:`UserError` when its record is not as this version writes it."""
    record = read_record(folder / RECORD, run=str, corpus=str, target=str, params=dict, settings=dict)
    corpora = record["params"].get("corpora")
    if not isinstance(corpora, dict) or record["corpus"] not in corpora:
        raise UserError(f"{folder / RECORD}: no corpus '{record['corpus']}' in its parameters; train the run again")
    return TrainedRun(folder, record)
