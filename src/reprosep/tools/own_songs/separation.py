"""A trained run on any user's song: every format, length and rate; stereo is kept."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from reprosep.audio.io import SOUND_SUFFIXES, read_sound, resample, to_channels
from reprosep.audio.writing import check_format, write_sound
from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import displayed
from reprosep.base.outputs import check_files, is_folder
from reprosep.base.progress import ProgressReport
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.papers.system import Variant

log = logging.getLogger(__name__)

GATES = ("median", "raw", "none")
CLIPS = ("rescale", "clamp", "float")
"""What is done with estimates beyond full scale: all of a song lower, cut, or written as 32-bit floating point."""

_RESCALED_PEAK = 0.99  # of full scale, since what an encoder makes of it may be a little louder


def separate_song(
    song: Path, run: str, output: Path | None, results: Path, gate: str, clip: str = "rescale"
) -> list[Path]:
    """Write what `run` estimates in `song`, one file per target; returns the written paths.

    An estimate has the song's rate, channels and length. A mono network is applied to each channel. With several
    targets, `output` is a folder; with one, a file or a folder that is there.

    Raises
    ------
    UserError
        On an unknown run, gate or way of clipping, a run that separates nothing, a file that cannot be read, and an
        output that cannot be written, is read, or has a format that cannot hold the estimates.
    """
    for option, word, allowed in (("gate", gate, GATES), ("clip", clip, CLIPS)):
        if word not in allowed:
            near = near_match(word, allowed)
            raise UserError(f"--{option}: unknown {option} '{word}'{near}; allowed: {', '.join(allowed)}")
    trained = find_trained(run, results)
    if not trained.separates:
        raise UserError(
            f"--run: '{run}' detects which instruments play and separates nothing; name a run that separates, or use "
            f"`reprosep activity {song} --run {run}`"
        )
    paths = _outputs(song, trained.targets, output)
    check_files(paths, [song, trained.folder])
    samples, rate = read_sound(song)
    estimates = _Estimates(trained, samples, rate)
    for path in paths:
        check_format(path, estimates.channels, rate, floating=clip == "float")
    waves = estimates.waves(gate)
    if clip == "rescale":
        waves = _within_full_scale(song, waves)
    for path, wave in zip(paths, waves, strict=True):
        write_sound(path, wave, rate, floating=clip == "float")
    return paths


def _outputs(song: Path, names: list[str], output: Path | None) -> list[Path]:
    if output is None:
        return [song.with_name(f"{song.stem}_{name}.wav") for name in names]
    if len(names) == 1 and not is_folder(output):
        return [output]
    if output.suffix.lower() in SOUND_SUFFIXES and not is_folder(output):
        raise UserError(
            f"--output: {output} is named as one sound file, and the run has {len(names)} targets; name a folder"
        )
    return [output / f"{name}.wav" for name in names]


def _within_full_scale(song: Path, waves: list[np.ndarray]) -> list[np.ndarray]:
    """All with one gain, so that they keep their balance, where one of them is beyond full scale."""
    peak = max(float(np.abs(wave).max()) for wave in waves)
    if not 1 < peak < np.inf:  # what is not finite is told in writing
        return waves
    gain = _RESCALED_PEAK / peak
    log.warning(
        "%s: estimates reach %.2f times full scale; written %.2f dB lower, all alike, so that none clips (--clip float "
        "keeps the level in 32-bit wav, --clip clamp cuts)",
        displayed(str(song)),
        peak,
        -20 * np.log10(gain),
    )
    return [wave * np.float32(gain) for wave in waves]


class _Estimates:
    """What a run estimates in a song, as the song is: its rate in Hz, its length and its channels."""

    def __init__(self, run: TrainedRun, samples: np.ndarray, rate: int) -> None:
        self._run, self._samples, self._rate = run, samples, rate
        self.channels = min(samples.shape[1], 2) if run.channels == 2 else samples.shape[1]

    def waves(self, gate: str) -> list[np.ndarray]:
        """``(sample, channel)`` of every target."""
        own_rate, names = self._run.params.audio.sample_rate, self._run.targets
        estimates = self._run.separator()
        wave = resample(self._samples, self._rate, own_rate)
        parts = [to_channels(wave, 2)] if self._run.channels == 2 else [wave[:, [c]] for c in range(wave.shape[1])]
        variant: Variant = next((one for one in self._run.system.variants() if one == gate), "none")
        separated = []
        with ProgressReport(f"separating {', '.join(names)}", len(parts)) as progress:
            for part in parts:
                mixture = np.ascontiguousarray(part.T, dtype=np.float32)
                separated.append(estimates(mixture, variant))
                progress.advance()
        whole = np.concatenate(separated, axis=1)  # (target, channel, sample)
        return [self._as_the_song(to_channels(one.T, self.channels), own_rate) for one in whole]

    def _as_the_song(self, estimate: np.ndarray, own_rate: int) -> np.ndarray:
        length = len(self._samples)
        estimate = resample(estimate, own_rate, self._rate)[:length]
        return np.pad(estimate, ((0, length - len(estimate)), (0, 0)))
