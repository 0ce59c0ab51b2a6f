"""Scores of a network that estimates one target, in every test-time variant of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.gate import gate_of_seconds, target_detections
from reprosep.experiments.filters import filtered_runs, has_residual
from reprosep.experiments.gates import gating_run
from reprosep.experiments.target.ensemble import Ensemble, Network
from reprosep.experiments.target.estimate import Estimate
from reprosep.experiments.target.network import network
from reprosep.experiments.target.plan import TargetKind
from reprosep.metrics.bsseval import References
from reprosep.metrics.multipitch import best_threshold, pitch_scores
from reprosep.mixtures.mixing import Recipe, recipes_of
from reprosep.mixtures.pitches import PitchLabels
from reprosep.papers.run import Run
from reprosep.papers.system import BY_DETECTOR, WIENER, TargetSystem, Variant
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard
from reprosep.scores.targets import TargetInFrames, Waves
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene
from reprosep.training.checkpoint import load_best


def make_scorer(params: Params, run: Run, system: TargetSystem, results: Path, stamp: str) -> TargetScorer:
    """The scorer of a trained run."""
    return TargetScorer(params, run, system, results, stamp)


class TargetScorer(TargetInFrames[TargetSystem]):
    """One forward pass per song, and every gate of it; of all targets' networks where their estimates are filtered."""

    @cached_property
    def ensemble(self) -> Ensemble:
        """The networks whose estimates are filtered together, or that of the run alone."""
        runs = self._filtered_runs or [self.run]
        targets = [run.target for run in runs]
        return Ensemble(self.params, self.loaded, targets, has_residual(self.params, self.run.corpus, targets))

    def loaded(self, target: str) -> Network:
        """The network of a target, trained as the run is."""
        folder = self.results / "runs" / replace(self.run, target=target).id
        trained: Network = load_best(folder, network(self.system, self.params, self.channels)).to(self.device)
        return trained

    @property
    def passes(self) -> str:
        return "+".join(run.id for run in self._filtered_runs) or super().passes

    def share(self, other: Self) -> None:
        self.__dict__["ensemble"] = other.ensemble

    @property
    def model(self) -> Network:
        """The trained network."""
        return self.ensemble.model(self.run.target)

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Waves, np.ndarray | None]:
        estimate, labels = self.ensemble.estimate(self.run.target, scene.mixture), self.mixer.labels(recipe)

        def wave(variant: Variant) -> np.ndarray:
            if variant == WIENER:
                return self.ensemble.filtered(self.run.target, scene.mixture)
            return estimate.wave(self._gate(variant, recipe, estimate, labels))

        return ((variant, wave(variant)) for variant in self.variants), estimate.probability

    def score(self, recipe: Recipe, scene: Scene, references: list[References]) -> tuple[pd.DataFrame, pd.DataFrame]:
        scores, activity = super().score(recipe, scene, references)
        return (scores.assign(**self._pitch_scores(recipe, scene)) if self.system.has_pitch else scores), activity

    @cached_property
    def _notes(self) -> PitchLabels:
        return PitchLabels(self.params, self.mixer, self.folder / "notes")

    def _pitches(self, recipe: Recipe, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Notes and probabilities ``(pitch, frame)`` of a song, in the frames whose notes are known."""
        told, (notes, known) = self.ensemble.estimate(self.run.target, scene.mixture).pitches, self._notes.of(recipe)
        assert told is not None
        return notes[:, known], told[:, known]

    @cached_property
    def pitch_threshold(self) -> float:
        """The probability from which a pitch counts as told, by the validation songs."""
        table = read_table(self.folder / "mixtures" / f"{self.run.target}.parquet")
        songs = [self._pitches(one, self.scene(one)) for one in recipes_of(table, self.run.target, "valid")]
        notes, told = (np.concatenate(parts, axis=1) for parts in zip(*songs, strict=True))
        return best_threshold(notes, told, self.params.pitch.thresholds)

    def _pitch_scores(self, recipe: Recipe, scene: Scene) -> dict[str, float]:
        """Of a song; as scores of whole songs the same in every row."""
        notes, told = self._pitches(recipe, scene)  # before the validation songs: of the last mixture all is kept
        hop = self.params.stft.hop / self.params.audio.sample_rate
        return pitch_scores(notes, told >= self.pitch_threshold, self.params.pitch.lowest, hop)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those in which the run is scored."""
        return TargetKind().variants(self.params, self.run, self.system)

    @property
    def _filtered_runs(self) -> list[Run]:
        return filtered_runs(self.params, self.run, self.system)

    @property
    def _gating_run(self) -> Run | None:
        return gating_run(self.params, self.run.corpus, self.system, self.run.seed)

    def _gate(self, variant: Variant, recipe: Recipe, estimate: Estimate, labels: np.ndarray) -> np.ndarray | None:
        if variant != BY_DETECTOR:
            return gate_for(variant, estimate.probability, labels, self.params.separation)
        if recipe.name not in self.detections:
            raise UserError(
                f"{self.detector}: nothing about song '{recipe.name}', which is a test song of '{self.run.corpus}'; "
                "delete the file and score the detector again"
            )
        return gate_of_seconds(self.detections[recipe.name], estimate.spectrum.frames, self.params)

    @property
    def detector(self) -> Path:
        """The score file of the detector that gates the run."""
        run = self._gating_run
        assert run is not None
        return self.results / "scores" / f"{run.id}.parquet"

    @cached_property
    def detections(self) -> dict[str, np.ndarray]:
        """Song -> the detector's probability of the target in every second."""
        table = target_detections(read_table(self.detector), self.run.target, self.params)
        return {str(song): rows.sort_values("frame")["probability"].to_numpy() for song, rows in table.groupby("song")}

    def estimate_to_hear(self, recipe: Recipe, target: str) -> Heard:
        estimate = self.ensemble.estimate(self.run.target, self.scene(recipe).mixture)
        variant: Variant = "median" if self.system.has_head else "none"
        gate = gate_for(variant, estimate.probability, self.mixer.labels(recipe), self.params.separation)
        return Heard(estimate.wave(gate), estimate.probability, gate)
