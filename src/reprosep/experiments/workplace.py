"""The data and the device on which a process trains one run of a corpus, or several."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from reprosep.audio.store import read_table
from reprosep.base.files import digest, sha256
from reprosep.base.memory import keep_freed_memory
from reprosep.dag.dependencies import code_of, step_of
from reprosep.experiments.clips.examples import Clip, ClipExamples
from reprosep.experiments.clips.training import ClipTraining
from reprosep.experiments.detectors.examples import LabelledClips
from reprosep.experiments.detectors.seconds import FOLDER, Seconds
from reprosep.experiments.detectors.training import DetectorTraining
from reprosep.experiments.sources.chunks import choose_chunks
from reprosep.experiments.sources.examples import SourceExamples
from reprosep.experiments.sources.training import SourcesTraining
from reprosep.experiments.target.examples import Examples
from reprosep.experiments.target.training import TargetTraining
from reprosep.mixtures.clips import clip_count
from reprosep.mixtures.mixing import Mixer, Recipe, recipes_of
from reprosep.mixtures.source_songs import SourceSongs
from reprosep.papers.run import Run
from reprosep.papers.system import ClipSet, System
from reprosep.params.scale import Params
from reprosep.training.devices import training_device
from reprosep.training.loop import Training
from reprosep.training.recordings import Recordings, place


class Workplace:
    """Makes the trainings of a corpus; they share its recordings."""

    def __init__(self, params: Params, corpus: str, results: Path) -> None:
        self.params, self.results, self.data = params, results, results / corpus
        self.device = training_device(params.training)
        keep_freed_memory()
        self.corpus, self.mixer = corpus, Mixer.of(params, corpus, results)

    @cached_property
    def recordings(self) -> Recordings:
        """The training stems where the parameters want them."""
        return self._placed("train")

    @cached_property
    def chunked_recordings(self) -> Recordings:
        """The stems from which chunks for training and validation are taken."""
        return self._placed("train", "valid")

    def _placed(self, *splits: str, mixer: Mixer | None = None) -> Recordings:
        mixer = mixer or self.mixer
        stems = mixer.stems[mixer.stems["split"].isin(splits)]
        pairs = list(zip(stems["song"], stems["row"].tolist(), strict=True))
        channels, hop = mixer.corpus.channels, self.params.stft.hop
        return place(mixer.store, pairs, hop, channels, self.params.machine, self.device)

    def examples(self, target: str, seed: int, swap_channels: bool) -> Examples:
        """Training examples of a target."""
        return Examples(self.params, self.mixer, target, seed, swap_channels, self.device, self.recordings)

    def joined_examples(self, run: Run, system: System) -> Examples:
        """Training examples of this corpus and of the one that a system adds."""
        assert run.seed is not None and system.added
        mixer = self.mixer.joined(Mixer.of(self.params, system.added, self.results))
        recordings = self._placed("train", mixer=mixer)
        return Examples(self.params, mixer, run.target, run.seed, system.channel_swap, self.device, recordings)

    def source_examples(self, run: Run, system: System) -> SourceExamples:
        """Training and validation items of a run that separates the sources of a setting, or one of them."""
        assert run.seed is not None
        table, songs = read_table(self.energies), SourceSongs(self.mixer)
        chosen = choose_chunks(self.params, table, system.sources, system.silence_filter)
        recordings = self.chunked_recordings
        return SourceExamples(songs, chosen, system.sources, run.targets, system, run.seed, self.device, recordings)

    def clip_examples(self, run: Run, system: System) -> ClipExamples:
        """Training and validation items of a run that is trained on clips, of its own corpus and of others."""
        assert run.seed is not None
        others = {chosen.corpus for chosen in system.clips} - {self.corpus}
        mixers = {self.corpus: self.mixer, **{name: Mixer.of(self.params, name, self.results) for name in others}}
        train = [clip for chosen in system.clips for clip in self._clips(mixers[chosen.corpus], run, chosen)]
        judged = recipes_of(read_table(self.clips(run.corpus, run)), run.target, "valid")
        valid = [Clip(self.mixer, recipe) for recipe in judged]
        return ClipExamples(self.params, train, valid, run.seed, self.device)

    def _clips(self, mixer: Mixer, run: Run, chosen: ClipSet) -> list[Clip]:
        """As many clips of a set as its hours say."""
        table = read_table(self.clips(chosen.corpus, run))
        recipes = recipes_of(table[table["mixing"] == chosen.mixing], run.target, "train")
        return [Clip(mixer, recipe) for recipe in recipes[: clip_count(self.params, chosen.hours)]]

    def training(self, run: Run, system: System, valid: list[Recipe] | None = None) -> Training:
        """A training at its beginning, validated on other mixtures than its corpus's if `valid` says so."""
        assert run.seed is not None
        if system.is_detector:
            seconds = Seconds(self.params, self.corpus, self.results)
            labelled = LabelledClips(seconds, run.seed, self.device, system.input_seconds)
            return DetectorTraining(self.params, run, system, labelled)
        if system.sources:
            return SourcesTraining(self.params, run, system, self.source_examples(run, system))
        if system.clips:
            return ClipTraining(self.params, run, system, self.clip_examples(run, system))
        swap = system.channel_swap
        examples = self.joined_examples(run, system) if system.added else self.examples(run.target, run.seed, swap)
        recipes = valid or recipes_of(read_table(self.mixtures(run)), run.target, "valid")
        return TargetTraining(self.params, run, system, examples, recipes)

    @property
    def energies(self) -> Path:
        """The energies of the sources in every chunk."""
        return self.data / "energies.parquet"

    def mixtures(self, run: Run) -> Path:
        """The file of a run's validation mixtures."""
        return self.data / "mixtures" / f"{run.target}.parquet"

    def clips(self, corpus: str, run: Run) -> Path:
        """The file of a corpus' clips of a run's target."""
        return self.results / corpus / "clips" / f"{run.target}.parquet"

    def inputs(self, run: Run, system: System) -> list[Path]:
        """The files of the corpora that a training depends on."""
        if system.is_detector:
            return [self.data / FOLDER / name for name in ("index.parquet", "labels.parquet", "split.csv")]
        if system.clips:
            corpora = dict.fromkeys([run.corpus, *(chosen.corpus for chosen in system.clips)])
            stores = [self.results / corpus / "audio/index.parquet" for corpus in corpora]
            return [*stores, *(self.clips(corpus, run) for corpus in corpora)]
        own = self.energies if system.sources else self.mixtures(run)
        folders = [self.data, *([self.results / system.added] if system.added else [])]
        indices = [folder / part / "index.parquet" for folder in folders for part in ("audio", "activity")]
        return [*indices, own]

    def checkpoint(self, run: Run) -> Path:
        """The folder of a run's checkpoint."""
        return self.results / "runs" / run.id / "checkpoint"

    def recipe(self, run: Run, system: System) -> str:
        """What the training of a run is a function of."""
        data = [sha256(path) for path in self.inputs(run, system)]
        return recipe_digest(self.params, run, system, data, code_of(step_of(system, "train")))


def recipe_digest(params: Params, run: Run, system: System, data: list[str], code: str) -> str:
    """What a training is a function of: parameters, run, data and code; a checkpoint of another is not resumed."""
    names = ("audio", "stft", "activity", "mixing", "chunks", "clips", "detection", "weighting", "models", "training")
    sections = {name: getattr(params, name).model_dump() for name in names}
    return digest([sections, run.id, system.model_dump(), data, code], length=32)
