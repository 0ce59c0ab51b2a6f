"""A trained run on any user's song: every format, length and rate; stereo is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reprosep.audio.io import read_sound, resample, to_channels, write_sound
from reprosep.base.errors import UserError, near_match
from reprosep.base.progress import ProgressReport
from reprosep.experiments.clips.estimate import separate_target
from reprosep.experiments.fit import chunk_samples
from reprosep.experiments.sources.estimate import separate_sources
from reprosep.experiments.target.estimate import separate
from reprosep.papers.system import System
from reprosep.params.scale import Params
from reprosep.separation.gate import gate_for, gates_for
from reprosep.tools.own_songs.runs import TrainedRun, find_trained

GATES = ("median", "raw", "none")


def separate_song(song: Path, run: str, output: Path | None, results: Path, gate: str) -> list[Path]:
    """Write what `run` estimates in `song`, one file per target; returns the written paths.

    An estimate has the song's rate, channels and length. A mono network is applied to each channel. With several
    targets, `output` is a folder.

    Raises
    ------
    UserError
        On an unknown run or gate, a run that separates nothing, or a file that cannot be read.
    """
    if gate not in GATES:
        raise UserError(f"--gate: unknown gate '{gate}'{near_match(gate, GATES)}; allowed: {', '.join(GATES)}")
    trained = find_trained(run, results)
    if trained.system.is_detector:
        raise UserError(
            f"--run: '{run}' detects which instruments play and separates nothing; name a run that separates, or use "
            f"`reprosep activity {song} --run {run}`"
        )
    samples, rate = read_sound(song)
    names = trained.targets
    paths = [song.with_name(f"{song.stem}_{name}.wav") for name in names]
    if output:
        paths = [output] if len(names) == 1 else [output / f"{name}.wav" for name in names]
    for path, wave in zip(paths, _estimates(trained, samples, rate, gate), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sound(path, wave, rate)
    return paths


def _estimates(run: TrainedRun, samples: np.ndarray, rate: int, gate: str) -> list[np.ndarray]:
    """``(sample, channel)`` of every target, as long and as many channels as the song."""
    params, system, channels, names = run.params, run.system, run.channels, run.targets
    model = run.model()
    wave = resample(samples, rate, params.audio.sample_rate)
    parts = [to_channels(wave, 2)] if channels == 2 else [wave[:, [c]] for c in range(wave.shape[1])]
    variant = gate if gate in system.variants() else "none"
    found = []
    with ProgressReport(f"separating {', '.join(names)}", len(parts)) as progress:
        for part in parts:
            mixture = np.ascontiguousarray(part.T, dtype=np.float32)
            found.append(_part(model, system, len(names), mixture, params, variant))
            progress.advance()
    whole = np.concatenate(found, axis=1)  # (target, channel, sample)
    wanted = min(samples.shape[1], 2) if channels == 2 else samples.shape[1]
    return [_as_the_song(to_channels(one.T, wanted), params.audio.sample_rate, rate, len(samples)) for one in whole]


def _as_the_song(estimate: np.ndarray, own_rate: int, rate: int, length: int) -> np.ndarray:
    estimate = resample(estimate, own_rate, rate)[:length]
    return np.pad(estimate, ((0, length - len(estimate)), (0, 0)))


def _part(model: Any, system: System, count: int, wave: np.ndarray, params: Params, variant: Any) -> np.ndarray:
    """Estimates ``(target, channel, sample)`` of a wave ``(channel, sample)``."""
    if system.sources:
        size = params.models.of_sources(str(system.model))
        several = separate_sources(model, wave[0], params, size, chunk_samples(params), count)
        if several.probability is None:
            return several.waves()[:, None]
        labels = np.zeros_like(several.probability, dtype=bool)
        return several.waves(gates_for(variant, several.probability, labels, params.separation))[:, None]
    if system.clips:
        return separate_target(model, wave[0], params)[None, None]
    estimate = separate(model, wave, params)
    nothing = np.zeros(estimate.spectrum.frames, bool)
    return estimate.wave(gate_for(variant, estimate.probability, nothing, params.separation))[None]
