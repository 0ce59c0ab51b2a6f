"""Scores of a network that masks the sources of a song, whole, in every test-time variant of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from reprosep.experiments.sources.estimate import SourcesEstimate, separate_sources
from reprosep.experiments.sources.network import network
from reprosep.mixtures.mixing import Recipe
from reprosep.models.cunet import CUNet
from reprosep.models.unet import UNet
from reprosep.papers.run import Run
from reprosep.papers.system import WIENER, SourcesSystem, Variant
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard
from reprosep.scores.settings import SettingWhole, SourceEstimates, SourceScene
from reprosep.separation.gate import gate_for, gates_for


def make_scorer(params: Params, run: Run, system: SourcesSystem, results: Path, stamp: str) -> SourcesScorer:
    """The scorer of a trained run."""
    return SourcesScorer(params, run, system, results, stamp)


class SourcesScorer(SettingWhole[SourcesSystem]):
    """One forward pass per song, and every gate of it."""

    @cached_property
    def model(self) -> UNet | CUNet:
        """The trained network."""
        model: UNet | CUNet = self.with_best_weights(network(self.system, self.params, 1, len(self.run.targets)))
        return model

    def separate(self, scene: SourceScene) -> SourcesEstimate:
        """The forward pass over a song."""
        size, samples = self.params.models.of_sources(self.system.model), self.songs.chunk_samples
        return separate_sources(self.model, scene.mixture, self.params, size, samples, len(self.run.targets))

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        estimates, place = self.estimates(recipe, self.scene(recipe)), self.run.targets.index(target)
        variant: Variant = "median" if "median" in estimates.waves else "none"
        wave = estimates.waves[variant][[place]]
        if estimates.probability is None:
            return Heard(wave)
        probability, labels = estimates.probability[place], self.labels(recipe)[place]
        return Heard(wave, probability, gate_for(variant, probability, labels, self.params.separation))

    def estimates(self, recipe: Recipe, scene: SourceScene) -> SourceEstimates:
        estimate, labels, settings = self.separate(scene), self.labels(recipe), self.params.separation
        gates = {
            variant: gates_for(variant, estimate.probability, labels, settings) for variant in self.system.variants()
        }
        waves = {variant: estimate.waves(gate) for variant, gate in gates.items()}
        if self.system.is_filtered:
            gate = gates_for(WIENER, estimate.probability, labels, settings)
            waves[WIENER] = estimate.filtered(gate, settings.wiener)
        return SourceEstimates(waves, estimate.probability)
