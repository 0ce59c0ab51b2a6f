"""A training of one target on noise."""

from __future__ import annotations

from reprosep.experiments.data import CorpusData
from reprosep.experiments.target.training import TargetTraining, make_training
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem


def training_on_noise(data: CorpusData, run: Run, system: TargetSystem) -> TargetTraining:
    """A training that one song validates, without the stems of another corpus, and without notes, which noise lacks."""
    song = str(data.mixer.stems["song"].iloc[0])
    alone = system.model_copy(update={"added": None, "amount": {}, "pitch_weight": 0.0})
    return make_training(data, run, alone, [data.mixer.song_recipe(song, run.target)])
