"""Training of a network that masks one target, on clips of one or several corpora.

.. math:: L = \\| M \\odot |X| - T_0^{|X|}(|S| \\cos(∠S - ∠X)) \\|_1

as a mean over items, bins and frames.

References
----------
Manilow et al., Slakh (WASPAA 2019), Eq. (1): the truncated phase-sensitive approximation, with the factor |X| (the
first author's later code leaves it out).
"""

from __future__ import annotations

import pandas as pd
from torch import Tensor, nn

from reprosep.audio.frames import clip_count
from reprosep.audio.store import read_table
from reprosep.experiments.clips.examples import Clip, ClipBatch, ClipExamples
from reprosep.experiments.clips.network import network
from reprosep.experiments.data import CorpusData
from reprosep.mixtures.mixing import Mixer, recipes_of
from reprosep.papers.run import Run
from reprosep.papers.system import ClipSet, ClipsSystem
from reprosep.training.batch_training import BatchTraining


def make_training(data: CorpusData, run: Run, system: ClipsSystem) -> ClipTraining:
    """A training at its beginning; its clips may be of several corpora."""
    assert run.seed is not None
    others = {chosen.corpus for chosen in system.clips} - {data.corpus}
    mixers = {name: Mixer.of(data.params, name, data.results) for name in others} | {data.corpus: data.mixer}
    train = [clip for chosen in system.clips for clip in _clips(data, mixers[chosen.corpus], run, chosen)]
    judged = recipes_of(_table(data, run.corpus, run), run.target, "valid")
    examples = ClipExamples(data.params, train, [Clip(data.mixer, one) for one in judged], run.seed, data.device)
    return ClipTraining(data.params, run, system, examples)


def _clips(data: CorpusData, mixer: Mixer, run: Run, chosen: ClipSet) -> list[Clip]:
    """As many clips of a set as its hours say."""
    table = _table(data, chosen.corpus, run)
    recipes = recipes_of(table[table["mixing"] == chosen.mixing], run.target, "train")
    return [Clip(mixer, recipe) for recipe in recipes[: clip_count(data.params, chosen.hours)]]


def _table(data: CorpusData, corpus: str, run: Run) -> pd.DataFrame:
    """The clips of a run's target of a corpus."""
    return read_table(data.results / corpus / "clips" / f"{run.target}.parquet")


class ClipTraining(BatchTraining[ClipsSystem]):
    """One target, by the L1 distance to its truncated phase-sensitive magnitudes."""

    examples: ClipExamples

    def build(self) -> nn.Module:
        return network(self.system, self.params)

    def begin(self) -> None:
        """Nothing: the input is normalised by the network, if at all."""

    def loss(self, network: nn.Module, batch: ClipBatch) -> Tensor:
        """Eq. (1)."""
        with self.autocast():
            mask = network(batch.mixture)
        return nn.functional.l1_loss(mask.float() * batch.mixture, batch.wanted)

    @property
    def validated_seconds(self) -> float:
        return sum(clip.recipe.length for clip in self.examples.valid) / self.params.audio.sample_rate
