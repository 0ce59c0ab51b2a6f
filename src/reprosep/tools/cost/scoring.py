"""Processor time of scoring published weights, which need no training: measured on noise, weights being random."""

from __future__ import annotations

import time

import numpy as np
import torch

from reprosep.experiments.filters import filtered_runs, has_residual
from reprosep.experiments.runs import scored_variants
from reprosep.experiments.target.ensemble import Ensemble
from reprosep.models.inference import for_inference
from reprosep.papers.run import Run
from reprosep.papers.system import WIENER, TargetSystem
from reprosep.params.scale import Params
from reprosep.scores.frames import Sounding, framed_references, score_frames
from reprosep.separation.gate import gate_for
from reprosep.weights.networks import build
from reprosep.weights.registry import load_weights_entry

_SECONDS = 12  # of noise, after which a second costs the same


def measure_scoring(params: Params, run: Run, system: TargetSystem) -> float:
    """Seconds of one thread per second of music: a forward pass, and BSS Eval of every test-time variant of it.

    Of a Wiener filter, which gives all targets at once, it is a target's share.
    """
    own, channels = params.of_corpus(run.corpus), params.corpora[run.corpus].channels
    torch.set_num_threads(1)
    random = np.random.default_rng(params.seed)
    shape = 2, channels, _SECONDS * own.audio.sample_rate
    target, other = random.normal(scale=0.1, size=shape).astype(np.float32)
    ensemble = random_networks(params, run, system)
    start = time.process_time()
    found = ensemble.estimate(run.target, target + other)
    labels = random.random(found.spectrum.frames) > 0.5
    gates = {name: gate_for(name, found.probability, labels, own.separation) for name in system.variants()}
    waves = {str(name): found.wave(gate) for name, gate in gates.items()}
    seconds = time.process_time() - start
    if WIENER in scored_variants(params, run, system):
        waves[WIENER], filtering = timed_filter(ensemble, run.target, target + other)
        seconds += filtering / len(ensemble.targets)
    song = Sounding(target, target + other, labels, own.stft.hop)
    start = time.process_time()
    score_frames(framed_references(own, target, target + other), waves, own.audio.sample_rate, song)
    return (seconds + time.process_time() - start) / _SECONDS


def random_networks(params: Params, run: Run, system: TargetSystem) -> Ensemble:
    """The networks that are filtered with a run's, or its own alone, untrained."""
    assert system.released
    size, targets = (
        load_weights_entry(system.released).network,
        [one.target for one in filtered_runs(params, run, system)],
    )
    residual = has_residual(params, run.corpus, targets)
    return Ensemble(
        params.of_corpus(run.corpus), lambda _: for_inference(build(size)), targets or [run.target], residual
    )


def timed_filter(ensemble: Ensemble, target: str, mixture: np.ndarray) -> tuple[np.ndarray, float]:
    """The wave of a target behind the filter of all, and the seconds of the filter alone."""
    for name in ensemble.targets:
        ensemble.estimate(name, mixture)
    start = time.process_time()
    return ensemble.filtered(target, mixture), time.process_time() - start
