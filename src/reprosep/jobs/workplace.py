"""The data and the device on which a process trains one run of a corpus, or several."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from reprosep.audio.store import read_table
from reprosep.files import digest, sha256
from reprosep.memory import keep_freed_memory
from reprosep.mixing import Mixer, Recipe, recipes_of
from reprosep.papers import Run, System
from reprosep.params import Params
from reprosep.provenance import source_digest
from reprosep.training.devices import training_device
from reprosep.training.examples import Examples
from reprosep.training.loop import Training
from reprosep.training.recordings import Recordings, place


class Workplace:
    """Makes the trainings of a corpus; they share its recordings."""

    def __init__(self, params: Params, corpus: str, results: Path) -> None:
        self.params, self.results, self.data = params, results, results / corpus
        self.device = training_device(params.training)
        keep_freed_memory()
        self.mixer = Mixer(params, corpus, read_table(self.data / "catalog.parquet"), self.data)

    @cached_property
    def recordings(self) -> Recordings:
        """The training stems where the parameters want them."""
        stems = self.mixer.stems[self.mixer.stems["split"] == "train"]
        pairs = list(zip(stems["song"], stems["row"].tolist(), strict=True))
        channels, hop = self.mixer.corpus.channels, self.params.stft.hop
        return place(self.mixer.store, pairs, hop, channels, self.params.machine, self.device)

    def examples(self, target: str, seed: int, swap_channels: bool) -> Examples:
        """Training examples of a target."""
        return Examples(self.params, self.mixer, target, seed, swap_channels, self.device, self.recordings)

    def training(self, run: Run, system: System, valid: list[Recipe] | None = None) -> Training:
        """A training at its beginning, validated on other mixtures than its corpus's if `valid` says so."""
        assert run.seed is not None
        examples = self.examples(run.target, run.seed, system.channel_swap)
        recipes = valid or recipes_of(read_table(self.mixtures(run)), run.target, "valid")
        return Training(self.params, run, system, examples, recipes)

    def mixtures(self, run: Run) -> Path:
        """The file of a run's validation mixtures."""
        return self.data / "mixtures" / f"{run.target}.parquet"

    def checkpoint(self, run: Run) -> Path:
        """The folder of a run's checkpoint."""
        return self.results / "runs" / run.id / "checkpoint"

    def recipe(self, run: Run, system: System) -> str:
        """What the training of a run is a function of."""
        files = [self.data / "audio/index.parquet", self.data / "activity/index.parquet", self.mixtures(run)]
        return recipe_digest(self.params, run, system, [sha256(path) for path in files], self._code)

    @cached_property
    def _code(self) -> str:
        return source_digest("audio", "models", "training", "mixing.py")


def recipe_digest(params: Params, run: Run, system: System, data: list[str], code: str) -> str:
    """What a training is a function of: parameters, run, data and code; a checkpoint of another is not resumed."""
    names = ("audio", "stft", "activity", "mixing", "models", "training")
    sections = {name: getattr(params, name).model_dump() for name in names}
    return digest([sections, run.id, system.model_dump(), data, code], length=32)
