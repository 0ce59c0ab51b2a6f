"""A training of several sources on noise."""

from __future__ import annotations

from reprosep.audio.store import write_table
from reprosep.experiments.data import CorpusData
from reprosep.experiments.sources.training import SourcesTraining, make_training
from reprosep.mixtures.source_songs import SourceSongs, energy_table
from reprosep.papers.run import Run
from reprosep.papers.system import SourcesSystem


def training_on_noise(data: CorpusData, run: Run, system: SourcesSystem) -> SourcesTraining:
    """A training on chunks whose energies are measured first."""
    write_table(data.file("energies.parquet"), energy_table(SourceSongs(data.mixer)))
    return make_training(data, run, system)
