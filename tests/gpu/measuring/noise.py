"""Trainings on noise: every kind's real step, with no recordings needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measuring.settings import Day
from reprosep.experiments.data import CorpusData
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.noise import noise_data
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.training.devices import set_up
from reprosep.training.loop import Training


class Noise:
    """Corpora of noise below a folder, each written when it is first needed."""

    def __init__(self, day: Day, folder: Path) -> None:
        self.day, self.folder = day, folder

    def training(
        self, scale: str, run: Run, system: System, change: dict[str, Any] | None = None, on: str | None = None
    ) -> Training[Any]:
        """A training of a run at its beginning, on the day's device or on the processor with `on` cpu."""
        data = self.data(scale, run.corpus, change, on)
        set_up(data.params.training, data.device)
        training: Training[Any] = kind_of(system).module("noise").training_on_noise(data, run, system)
        return training

    def params(self, scale: str, corpus: str, change: dict[str, Any] | None = None, on: str | None = None) -> Params:
        """The parameters of a corpus; a change is the last word, whatever the corpus says of itself."""
        settled = self.day.params(scale, change, on).of_corpus(corpus)
        return parse(merge(dump(settled), change or {}))

    def data(self, scale: str, corpus: str, change: dict[str, Any] | None = None, on: str | None = None) -> CorpusData:
        """The noise of a corpus."""
        params = self.params(scale, corpus, change, on)
        folder = self.folder / f"{scale}-{params.corpora[corpus].channels}"
        folder.mkdir(exist_ok=True)
        if (folder / corpus).exists():
            return CorpusData(params, corpus, folder)
        return noise_data(params, corpus, folder)


@contextmanager
def noise_of(day: Day) -> Iterator[Noise]:
    """Noise that is gone with the block."""
    with tempfile.TemporaryDirectory(prefix="reprosep-gpu-") as folder:
        yield Noise(day, Path(folder))
