"""Scorings of trained networks of one target behind other gates, and what they read."""

from __future__ import annotations

from dataclasses import replace

from reprosep.experiments.kind import Kind, tables
from reprosep.experiments.target.plan import FRAMES, mixtures
from reprosep.papers.run import Run
from reprosep.papers.system import GatedSystem
from reprosep.params.scale import Params


class GatedKind(Kind[GatedSystem]):
    """A run is the scoring of one trained run of another system; nothing is trained."""

    folder = "gated"

    def estimating_runs(self, params: Params, run: Run, system: GatedSystem) -> list[Run]:
        return [trained_run(run, system)]

    def training_files(self, run: Run, system: GatedSystem) -> list[str]:
        raise TypeError("gates are chosen, and nothing is trained")

    def scoring_files(self, params: Params, run: Run, system: GatedSystem) -> list[str]:
        return [*tables(run.corpus), mixtures(run), record_of_training(run, system)]

    def scoring_keys(self, params: Params, run: Run, system: GatedSystem) -> tuple[str, ...]:
        return ("models.iass", *FRAMES, "stft", "separation.median_frames", "separation.gates")


def trained_run(run: Run, system: GatedSystem) -> Run:
    """The training whose network a run is scored with."""
    return replace(run, system=system.of)


def record_of_training(run: Run, system: GatedSystem) -> str:
    """What tells which network that is."""
    return f"runs/{trained_run(run, system).id}/run.json"
