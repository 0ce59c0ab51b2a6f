"""The epoch log of a training as TensorBoard's event files, while it trains and however often it is taken up again.

A scalar per column of the epoch log, by epoch from 1. An epoch that the files have already is not written again: a
resumed training goes on in a file of its own, and files of another training, which had other losses, are removed.

References
----------
https://docs.pytorch.org/docs/stable/tensorboard.html (SummaryWriter); tensorboard's EventAccumulator reads the files.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.base.errors import UserError

_OF_MACHINE = ("seconds", "items_per_second")  # no two trainings take the same


def check_tensorboard(wanted: bool) -> None:
    """:class:`UserError` where event files are `wanted` and the package that writes them is not installed."""
    if wanted and find_spec("tensorboard") is None:
        raise UserError(
            "machine.tensorboard: true, but the package 'tensorboard' is not installed; bring it with "
            "`pip install 'reprosep[tensorboard]'`, or set machine.tensorboard: false"
        )


class EventLog:
    """The event files of one training in `folder`, which is made with the first epoch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = written_epochs(folder)
        self._writer: Any = None

    def write(self, epochs: Sequence[dict[str, float]]) -> None:
        """Write what is not there yet of the epochs of a training so far."""
        if any(self._is_of_another(epoch) for epoch in epochs):
            self.close()
            shutil.rmtree(self._folder)
            self._known = {}
        for epoch in epochs:
            self._write(int(epoch["epoch"]), {name: value for name, value in epoch.items() if name != "epoch"})

    def _is_of_another(self, epoch: dict[str, float]) -> bool:
        known = self._known.get(int(epoch["epoch"]), {})
        judged = [name for name in known if name in epoch and name not in _OF_MACHINE]
        return not np.array_equal([known[name] for name in judged], _single([epoch[name] for name in judged]), True)

    def _write(self, number: int, values: dict[str, float]) -> None:
        known = self._known.setdefault(number, {})
        missing = {name: value for name, value in values.items() if name not in known}
        if not missing:
            return
        for name, value in missing.items():
            self._open().add_scalar(name, value, number)
            known[name] = float(_single(value))
        self._open().flush()

    def _open(self) -> Any:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # takes seconds

            self._writer = SummaryWriter(str(self._folder))  # type: ignore[no-untyped-call]
        return self._writer

    def close(self) -> None:
        """Write out what is left."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def written_epochs(folder: Path) -> dict[int, dict[str, float]]:
    """What the event files of a folder have: epoch -> column of the epoch log -> value, rounded to float32.

    Of a file that a killed process left, what is whole.
    """
    if not folder.is_dir():
        return {}
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={SCALARS: 0}).Reload()
    found: dict[int, dict[str, float]] = {}
    for name in events.Tags()[SCALARS]:
        for event in events.Scalars(name):
            found.setdefault(event.step, {})[name] = event.value
    return found


def _single(value: Any) -> Any:
    """As the files hold it."""
    return np.asarray(value, dtype=np.float32)
