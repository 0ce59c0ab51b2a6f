"""The data and the device on which a process trains one run of a corpus, or several."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from reprosep.base.memory import keep_freed_memory
from reprosep.mixtures.mixing import Mixer
from reprosep.params.scale import Params
from reprosep.training.devices import training_device
from reprosep.training.recordings import Recordings, place


class CorpusData:
    """What the trainings of a corpus share: its mixer, its recordings where the parameters want them, the device."""

    def __init__(self, params: Params, corpus: str, results: Path) -> None:
        self.params, self.corpus, self.results = params, corpus, results
        self.device = training_device(params.training)
        keep_freed_memory()
        self.mixer = Mixer.of(params, corpus, results)

    @cached_property
    def recordings(self) -> Recordings:
        """The training stems."""
        return self.placed(self.mixer, "train")

    @cached_property
    def chunked_recordings(self) -> Recordings:
        """The stems from which chunks for training and validation are taken."""
        return self.placed(self.mixer, "train", "valid")

    def placed(self, mixer: Mixer, *splits: str) -> Recordings:
        """The stems of a mixer's splits, where the parameters want them."""
        stems = mixer.stems[mixer.stems["split"].isin(splits)]
        pairs = list(zip(stems["song"], stems["row"].tolist(), strict=True))
        channels, hop = mixer.corpus.channels, self.params.stft.hop
        return place(mixer.store, pairs, hop, channels, self.params.machine, self.device)

    def file(self, name: str) -> Path:
        """A file of the corpus."""
        return self.results / self.corpus / name
