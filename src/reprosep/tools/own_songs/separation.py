"""A trained run on any user's song: every format, length and rate; stereo is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reprosep.audio.io import read_sound, resample, to_channels, write_sound
from reprosep.base.errors import UserError, near_match
from reprosep.base.progress import ProgressReport
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.papers.system import Variant

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
    if not trained.separates:
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
    params, channels, names = run.params, run.channels, run.targets
    estimates = run.separator()
    wave = resample(samples, rate, params.audio.sample_rate)
    parts = [to_channels(wave, 2)] if channels == 2 else [wave[:, [c]] for c in range(wave.shape[1])]
    variant: Variant = next((one for one in run.system.variants() if one == gate), "none")
    separated = []
    with ProgressReport(f"separating {', '.join(names)}", len(parts)) as progress:
        for part in parts:
            mixture = np.ascontiguousarray(part.T, dtype=np.float32)
            separated.append(estimates(mixture, variant))
            progress.advance()
    whole = np.concatenate(separated, axis=1)  # (target, channel, sample)
    wanted = min(samples.shape[1], 2) if channels == 2 else samples.shape[1]
    return [_as_the_song(to_channels(one.T, wanted), params.audio.sample_rate, rate, len(samples)) for one in whole]


def _as_the_song(estimate: np.ndarray, own_rate: int, rate: int, length: int) -> np.ndarray:
    estimate = resample(estimate, own_rate, rate)[:length]
    return np.pad(estimate, ((0, length - len(estimate)), (0, 0)))
