"""A trained run as a folder that can be passed on: weights, a short description, and the record of its training.

``model.safetensors`` are the best weights, with their checksum; ``config.json`` says which network they are of and what
sound it hears; ``run.json`` is the record of the training, whose parameters build the network. There is no path of the
machine in any of them (:func:`without_places`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_record, write_json
from reprosep.base.seal import DamagedError, check
from reprosep.experiments.trained import RECORD, SHARED, TrainedRun, read_trained
from reprosep.params.scale import dump
from reprosep.training.checkpoint import BEST

CONFIG = "config.json"
_FORMAT = "reprosep-model-1"
_OF_MACHINE = ("machine",)  # keys of a record's hardware
# A path, of which the last name stands; those of the kernel are the same on every machine.
_PLACE = re.compile(r"(?<![\w.:/])(?!/(?:sys|proc)/)(?:~|\.\.)?(?:/[^\s/,;:'\"()]+)*/([^\s/,;:'\"()]+)/?")


@dataclass(frozen=True)
class ModelFolder(TrainedRun):
    """A run of such a folder. `licences` are those of the data that it was trained on, a line each."""

    licences: tuple[str, ...] = ()

    @property
    def terms(self) -> str:
        """What a user is told: what it was trained on, and under which licence that is."""
        return f"{self.id}: trained on {'; '.join(self.licences)}"


def write_model_folder(run: TrainedRun, folder: Path, licences: Sequence[str]) -> TrainedRun:
    """Write the folder of a run, and read it back: its network has to take exactly these weights.

    Raises
    ------
    UserError
        When the weights are damaged, or are not those of the run's network.
    """
    folder.mkdir(parents=True)
    shutil.copyfile(run.folder / BEST, folder / SHARED)
    record = without_places(run.record)
    record["hardware"] = {key: value for key, value in record.get("hardware", {}).items() if key not in _OF_MACHINE}
    write_json(folder / RECORD, record)
    write_json(folder / CONFIG, without_places({**description(run), "training_data": list(licences)}))
    written = read_model_folder(folder)
    written.model()
    return written


def description(run: TrainedRun) -> dict[str, Any]:
    """What has to be known of a network to build it and to give it sound: sizes, rate in Hz, transform in samples."""
    content = dump(run.params)
    return {
        "format": _FORMAT,
        "weights": SHARED,
        "record": RECORD,
        "run": run.id,
        "corpus": run.record["corpus"],
        "standin": run.is_standin,
        "targets": run.targets,
        "system": run.system.model_dump(mode="json"),
        "network": content["models"].get(run.model_name),
        "channels": run.channels,
        "sample_rate": run.sample_rate,
        "stft": content["stft"],
        "chunk_seconds": content["training"]["chunk_seconds"],
        "separation": content["separation"],
    }


def is_model_folder(folder: Path) -> bool:
    """Whether a folder has the description of a run in it."""
    return (folder / CONFIG).is_file()


def read_model_folder(folder: Path) -> ModelFolder:
    """The run of such a folder; :class:`UserError` when it is not as this version writes it, or not whole."""
    content = read_record(folder / CONFIG, format=str, run=str, training_data=list)
    if content["format"] != _FORMAT:
        raise UserError(f"{folder / CONFIG}: format {content['format']!r}, expected {_FORMAT!r}; get the folder anew")
    for name in (RECORD, SHARED):
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: no such file beside {CONFIG}; get the whole folder")
    try:
        check(folder / SHARED)
    except DamagedError as error:
        raise UserError(f"{error.found}; get the folder anew") from error
    run = read_trained(folder)
    if run.id != content["run"]:
        raise UserError(f"{folder / RECORD}: is of '{run.id}', {CONFIG} of '{content['run']}'; get the folder anew")
    return ModelFolder(run.folder, run.record, tuple(map(str, content["training_data"])))


def without_places(content: Any) -> Any:
    """Plain values without where something lay: of every path that is absolute or leads upwards, the last name."""
    if isinstance(content, dict):
        return {key: without_places(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_places(value) for value in content]
    return _PLACE.sub(r"\1", content) if isinstance(content, str) else content
