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
from reprosep.source_songs import SourceSongs
from reprosep.training.devices import training_device
from reprosep.training.examples import Examples
from reprosep.training.loop import Training
from reprosep.training.recordings import Recordings, place
from reprosep.training.source_chunks import choose_chunks
from reprosep.training.source_examples import SourceExamples
from reprosep.training.sources_training import SourcesTraining
from reprosep.training.target_training import TargetTraining


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
        return self._placed("train")

    @cached_property
    def chunked_recordings(self) -> Recordings:
        """The stems from which chunks for training and validation are taken."""
        return self._placed("train", "valid")

    def _placed(self, *splits: str) -> Recordings:
        stems = self.mixer.stems[self.mixer.stems["split"].isin(splits)]
        pairs = list(zip(stems["song"], stems["row"].tolist(), strict=True))
        channels, hop = self.mixer.corpus.channels, self.params.stft.hop
        return place(self.mixer.store, pairs, hop, channels, self.params.machine, self.device)

    def examples(self, target: str, seed: int, swap_channels: bool) -> Examples:
        """Training examples of a target."""
        return Examples(self.params, self.mixer, target, seed, swap_channels, self.device, self.recordings)

    def source_examples(self, run: Run, system: System) -> SourceExamples:
        """Training and validation items of a run that separates the sources of a setting, or one of them."""
        assert run.seed is not None
        table, songs = read_table(self.energies), SourceSongs(self.mixer)
        chosen = choose_chunks(self.params, table, system.sources, system.silence_filter)
        recordings = self.chunked_recordings
        return SourceExamples(songs, chosen, system.sources, run.targets, system, run.seed, self.device, recordings)

    def training(self, run: Run, system: System, valid: list[Recipe] | None = None) -> Training:
        """A training at its beginning, validated on other mixtures than its corpus's if `valid` says so."""
        assert run.seed is not None
        if system.sources:
            return SourcesTraining(self.params, run, system, self.source_examples(run, system))
        examples = self.examples(run.target, run.seed, system.channel_swap)
        recipes = valid or recipes_of(read_table(self.mixtures(run)), run.target, "valid")
        return TargetTraining(self.params, run, system, examples, recipes)

    @property
    def energies(self) -> Path:
        """The energies of the sources in every chunk."""
        return self.data / "energies.parquet"

    def mixtures(self, run: Run) -> Path:
        """The file of a run's validation mixtures."""
        return self.data / "mixtures" / f"{run.target}.parquet"

    def inputs(self, run: Run, system: System) -> list[Path]:
        """The files of the corpus that a training depends on."""
        own = self.energies if system.sources else self.mixtures(run)
        return [self.data / "audio/index.parquet", self.data / "activity/index.parquet", own]

    def checkpoint(self, run: Run) -> Path:
        """The folder of a run's checkpoint."""
        return self.results / "runs" / run.id / "checkpoint"

    def recipe(self, run: Run, system: System) -> str:
        """What the training of a run is a function of."""
        data = [sha256(path) for path in self.inputs(run, system)]
        return recipe_digest(self.params, run, system, data, self._code)

    @cached_property
    def _code(self) -> str:
        return source_digest("audio", "models", "training", "mixing.py", "source_songs.py")


def recipe_digest(params: Params, run: Run, system: System, data: list[str], code: str) -> str:
    """What a training is a function of: parameters, run, data and code; a checkpoint of another is not resumed."""
    names = ("audio", "stft", "activity", "mixing", "chunks", "weighting", "models", "training")
    sections = {name: getattr(params, name).model_dump() for name in names}
    return digest([sections, run.id, system.model_dump(), data, code], length=32)
