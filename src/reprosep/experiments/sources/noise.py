"""A training of several sources on noise."""

from __future__ import annotations

from reprosep.experiments.data import CorpusData
from reprosep.experiments.sources.training import SourcesTraining, make_training
from reprosep.mixtures.source_songs import SourceSongs, energy_table
from reprosep.papers.run import Run
from reprosep.papers.system import SourcesSystem


def training_on_noise(data: CorpusData, run: Run, system: SourcesSystem) -> SourcesTraining:
    """A training on chunks whose energies are measured first."""
    energy_table(SourceSongs(data.mixer)).to_parquet(data.file("energies.parquet"), index=False)
    return make_training(data, run, system)
