"""Trained runs, or published weights, on any user's song: every format, length and rate; stereo is kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from reprosep.audio.io import SOUND_SUFFIXES, read_sound, resample, to_channels
from reprosep.base.errors import UserError, near_match
from reprosep.base.outputs import check_files, is_folder
from reprosep.base.progress import ProgressReport
from reprosep.experiments.model_folder import is_model_folder, read_model_folder
from reprosep.experiments.released import find_released
from reprosep.experiments.separating import Separating
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.models.placement import CPU
from reprosep.papers.system import Variant
from reprosep.tools.own_songs.formats import CLIPS, FORMATS, chosen_format, within_full_scale

GATES = ("median", "raw", "none")


def find_separators(
    song: Path,
    runs: Sequence[str],
    results: Path,
    weights: str | None = None,
    folder: Path | None = None,
    targets: Sequence[str] = (),
    wiener: bool = False,
) -> list[Separating]:
    """Who separates: trained `runs`, by id or folder, in `results`; or published `weights`, or those of a `folder`.

    Of `targets` (none: all), each has to be estimated; the `wiener` filter needs all the same.

    Raises
    ------
    UserError
        When not exactly one of the two is named, one is not there or separates nothing, two estimate the same target,
        or none does a wanted one.
    """
    published = weights is not None or folder is not None
    if published == bool(runs):
        found = "both are given" if published else "none is given"
        raise UserError(
            f"--weights, --run: {found}, expected one of them: published weights (--weights umxhq), weights of your "
            "own (--model-folder FOLDER), or trained runs (--run mm_vocals_iass_s42)"
        )
    if not published:
        separators = [_trained(run, results, song) for run in runs]
        _check_targets([target for one in separators for target in one.targets], targets)
        return separators
    if weights is None and folder is not None and is_model_folder(folder):
        return _shared(folder, targets, song)
    released = find_released(weights, folder)
    _check_targets(released.targets, targets)
    return [released.chosen(targets) if targets and not wiener else released]


def _shared(folder: Path, targets: Sequence[str], song: Path) -> list[Separating]:
    """The run of a folder that `reprosep publish --to` wrote."""
    run = read_model_folder(folder)
    _check_separates(run, "--model-folder", str(folder), song)
    _check_targets(run.targets, targets)
    return [run]


def _trained(run: str, results: Path, song: Path) -> Separating:
    trained = find_trained(run, results)
    _check_separates(trained, "--run", run, song)
    return trained


def _check_separates(trained: TrainedRun, option: str, run: str, song: Path) -> None:
    if not trained.separates:
        raise UserError(
            f"{option}: '{run}' detects which instruments play and separates nothing; name a run that separates, or "
            f"use `reprosep activity {song} --run {run}`"
        )


def _check_targets(estimated: Sequence[str], wanted: Sequence[str]) -> None:
    twice = [target for target in dict.fromkeys(estimated) if estimated.count(target) > 1]
    if twice:
        raise UserError(f"--run: two runs estimate '{twice[0]}', expected each target once; leave one of them out")
    for target in wanted:
        if target not in estimated:
            allowed = ", ".join(estimated)
            raise UserError(
                f"--targets: nothing estimates '{target}'{near_match(target, estimated)}; allowed: {allowed}"
            )


def separate_song(
    song: Path,
    separators: Sequence[Separating],
    output: Path | None,
    gate: str,
    clip: str = "rescale",
    form: str | None = None,
    targets: Sequence[str] = (),
    wiener: bool = False,
    device: torch.device = CPU,
) -> list[Path]:
    """Write what `separators` estimate in `song`, one file per target (those of `targets`, or all); the written paths.

    An estimate has the song's rate (but in Opus, which knows few), channels and length. A mono network is applied to
    each channel. With several targets, `output` is a folder; with one, a file or a folder that is there. Licence and
    citation of published weights are told. With `wiener`, the gated estimates of all sources pass a Wiener filter. The
    networks estimate on `device`.

    Raises
    ------
    UserError
        On an unknown gate, format or way of clipping, a file that cannot be read, and an output that cannot be written,
        is read, or has a format that cannot hold the estimates.
    """
    check_words(gate, clip, form)
    chosen = chosen_format(form, clip, output)
    names = [target for one in separators for target in one.targets if not targets or target in targets]
    paths = _outputs(song, names, output, chosen.suffix)
    check_files(paths, [song, *(one.folder for one in separators)])
    samples, rate = read_sound(song)
    parts = [_Estimates(one, samples, rate, device) for one in separators]
    for path, channels in {(path, part.channels) for part in parts for path in paths}:
        chosen.check(path, channels, rate)
    for terms in dict.fromkeys(one.terms for one in separators if one.terms):
        print(terms, file=sys.stderr)
    with ProgressReport(f"separating {', '.join(names)}", sum(part.chunks for part in parts)) as progress:
        waves = list(chain.from_iterable(part.waves(gate, names, progress, wiener) for part in parts))
    if clip == "rescale" and not chosen.floating:
        waves = within_full_scale(song, waves)
    for path, wave in zip(paths, waves, strict=True):
        chosen.write(path, wave, rate)
    return paths


def check_words(gate: str, clip: str, form: str | None) -> None:
    """:class:`UserError` for a gate, a way of clipping or a format that there is not."""
    words = [("gate", gate, GATES), ("clip", clip, CLIPS), *([("format", form, (*FORMATS,))] if form else [])]
    for option, word, allowed in words:
        if word not in allowed:
            near = near_match(word, allowed)
            raise UserError(f"--{option}: unknown {option} '{word}'{near}; allowed: {', '.join(allowed)}")


def _outputs(song: Path, names: list[str], output: Path | None, suffix: str) -> list[Path]:
    if output is None:
        return [song.with_name(f"{song.stem}_{name}{suffix}") for name in names]
    if len(names) == 1 and not is_folder(output):
        return [output]
    if output.suffix.lower() in SOUND_SUFFIXES and not is_folder(output):
        raise UserError(
            f"--output: {output} is named as one sound file, and there are {len(names)} targets; name a folder"
        )
    return [output / f"{name}{suffix}" for name in names]


class _Estimates:
    """What one separator estimates in a song, as the song is: its rate in Hz, its length and its channels."""

    def __init__(self, separator: Separating, samples: np.ndarray, rate: int, device: torch.device) -> None:
        self._separator, self._samples, self._rate, self._device = separator, samples, rate, device
        stereo = separator.channels == 2
        self.channels = min(samples.shape[1], 2) if stereo else samples.shape[1]
        self._parts = 1 if stereo else samples.shape[1]
        self._chunks = separator.chunks(round(len(samples) * separator.sample_rate / rate))
        self.chunks = self._parts * self._chunks

    def waves(self, gate: str, names: Sequence[str], progress: ProgressReport, wiener: bool) -> list[np.ndarray]:
        """``(sample, channel)`` of every target that is one of `names`."""
        own_rate, targets = self._separator.sample_rate, self._separator.targets
        estimates = (self._separator.filtered if wiener else self._separator.separator)(self._device)
        wave = resample(self._samples, self._rate, own_rate)
        stereo = self._separator.channels == 2
        parts = [to_channels(wave, 2)] if stereo else [wave[:, [c]] for c in range(wave.shape[1])]
        variant: Variant = next((one for one in self._separator.variants() if one == gate), "none")
        separated = []
        for part in parts:
            mixture = np.ascontiguousarray(part.T, dtype=np.float32)
            done = _Counted(progress, self._chunks)
            separated.append(estimates(mixture, variant, done.advance))
            done.end()
        whole = np.concatenate(separated, axis=1)  # (target, channel, sample)
        wanted = [one for target, one in zip(targets, whole, strict=True) if target in names]
        return [self._as_the_song(to_channels(one.T, self.channels), own_rate) for one in wanted]

    def _as_the_song(self, estimate: np.ndarray, own_rate: int) -> np.ndarray:
        length = len(self._samples)
        estimate = resample(estimate, own_rate, self._rate)[:length]
        return np.pad(estimate, ((0, length - len(estimate)), (0, 0)))


class _Counted:
    """Progress of one part: what a separator does not tell while it works is told at its end."""

    def __init__(self, progress: ProgressReport, chunks: int) -> None:
        self._progress, self._left = progress, chunks

    def advance(self, count: int) -> None:
        """So many more chunks are done."""
        count = min(count, self._left)
        self._left -= count
        if count:
            self._progress.advance(count)

    def end(self) -> None:
        """All are."""
        self.advance(self._left)
