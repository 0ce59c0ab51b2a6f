"""Trained runs as a user names them: found by id or folder, with the parameters and settings of their training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import read_json
from reprosep.base.validation import explain
from reprosep.papers.system import System
from reprosep.params.reading import parse
from reprosep.params.scale import Params
from reprosep.training.checkpoint import load_best

_RECORD = "run.json"


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
            return System.model_validate_json(json.dumps(self.record["settings"]))
        except ValidationError as error:
            raise self._foreign(explain(error, System, "a system's settings")) from error

    def _foreign(self, reason: str) -> UserError:
        found = reason.split(";")[0]  # without how to mend a file of parameters
        return UserError(
            f"{self.folder / _RECORD}: written by another version of the project ({found}); train the run again"
        )

    @property
    def targets(self) -> list[str]:
        """What it estimates or detects."""
        if self.system.is_detector:
            return self.params.detection.instruments
        return self.system.sources if self.system.joint else [str(self.record["target"])]

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
        return self.system.is_detector or len(self.system.variants()) > 1

    def model(self) -> Any:
        """Its network with the best weights."""
        sources = 1 if self.system.is_detector else len(self.targets)
        return load_best(self.folder, self.params, self.system, self.channels, sources)


def find_trained(run: str, results: Path) -> TrainedRun:
    """The trained run of that id in `results`, or in that folder; :class:`UserError` when there is none."""
    for folder in (Path(run), results / "runs" / run):
        if (folder / _RECORD).is_file():
            return TrainedRun(folder, read_json(folder / _RECORD))
    known = [one.folder.name for one in all_trained(results)]
    listed = f"; trained are {', '.join(known)}" if known else "; none is trained there yet, run `make demo` first"
    raise UserError(f"--run: no trained run '{run}' in {results / 'runs'}{near_match(run, known)}{listed}")


def all_trained(results: Path) -> list[TrainedRun]:
    """All trained runs in `results`, by name."""
    paths = sorted((results / "runs").glob(f"*/{_RECORD}"))
    return [TrainedRun(path.parent, read_json(path)) for path in paths]
