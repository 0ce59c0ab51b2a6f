"""A training of several targets on noise."""

from __future__ import annotations

from reprosep.experiments.data import CorpusData
from reprosep.experiments.joint.songs import HeldSong
from reprosep.experiments.joint.training import JointTraining, make_training
from reprosep.papers.run import Run
from reprosep.papers.system import JointSystem


def training_on_noise(data: CorpusData, run: Run, system: JointSystem) -> JointTraining:
    """A training that one song validates."""
    song = str(data.mixer.stems["song"].iloc[0])
    recipes = {target: data.mixer.song_recipe(song, target) for target in run.targets}
    return make_training(data, run, system, [HeldSong(song, recipes)])
