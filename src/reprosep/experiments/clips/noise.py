"""A training on clips of noise."""

from __future__ import annotations

import pandas as pd

from reprosep.audio.store import write_table
from reprosep.experiments.clips.training import ClipTraining, make_training
from reprosep.experiments.data import CorpusData
from reprosep.experiments.noise import SONGS
from reprosep.mixtures.clips import Clips
from reprosep.mixtures.mixing import Mixer
from reprosep.papers.run import Run
from reprosep.papers.system import ClipSet, ClipsSystem


def training_on_noise(data: CorpusData, run: Run, system: ClipsSystem) -> ClipTraining:
    """A training on a few clips of its own corpus."""
    write_table(data.file(f"clips/{run.target}.parquet"), _noise_clips(data.mixer, run.target))
    alone = system.model_copy(update={"clips": [ClipSet(corpus=run.corpus, hours="small")]})
    return make_training(data, run, alone)


def _noise_clips(mixer: Mixer, target: str) -> pd.DataFrame:
    """Clips to train on, the first of them to validate with too."""
    train = Clips(mixer, target).table({("train", "coherent"): SONGS})
    first = train[train["mixture"] == train["mixture"].iloc[0]]
    return pd.concat([train, first.assign(split="valid")], ignore_index=True)
