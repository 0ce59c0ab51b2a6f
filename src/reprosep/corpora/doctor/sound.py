"""What can be wrong with the recordings of one song: every file is read once, from header to last sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprosep.audio.health import sample_problems
from reprosep.audio.info import SoundInfo
from reprosep.audio.io import read_sound, sound_info
from reprosep.base.errors import UserError
from reprosep.base.files import sha256
from reprosep.base.seal import note_bytes
from reprosep.corpora.doctor.expectations import Expectations
from reprosep.corpora.doctor.findings import Finding, from_error
from reprosep.corpora.layout import Song, Stem
from reprosep.params.data import Audio, Doctor


@dataclass(frozen=True)
class Recording:
    """One stem or mixture as it was read. `content` is a digest of its samples, '' when it is silent."""

    song: str
    stem: Stem
    info: SoundInfo
    sha256: str
    content: str


@dataclass(frozen=True)
class SongReport:
    """What one song gave."""

    song: Song
    recordings: list[Recording]
    findings: list[Finding]


def examine_song(song: Song, expected: Expectations, audio: Audio, limits: Doctor) -> SongReport:
    """Read all recordings of a song.

    A file that is wrong in itself is told once: its checksum and the song's sum, wrong as a consequence, are not.
    """
    recordings: list[Recording] = []
    findings: list[Finding] = []
    total: np.ndarray | None = None
    checksums: dict[str, str] = {}
    for stem in song.stems:
        recording, stem_findings, samples = _examine(song, stem, expected, audio, checksums)
        findings += stem_findings
        recordings += [recording] if recording else []
        total = _added(total, samples)
        del samples
    findings += _length_findings(song, recordings, expected, limits)
    if song.mixture and not findings:
        recording, findings, samples = _examine(song, song.mixture, expected, audio, checksums)
        mixture = [recording] if recording else []
        if not findings:
            findings = _length_findings(song, [*recordings, *mixture], expected, limits)
        wrong_bytes = _checksum_findings(song.name, [*recordings, *mixture], expected)
        findings += wrong_bytes or ([] if findings else _sum_findings(song, total, samples, expected, limits))
    elif not findings:
        findings = _checksum_findings(song.name, recordings, expected)
    return SongReport(song, recordings, findings)


def _examine(
    song: Song, stem: Stem, expected: Expectations, audio: Audio, checksums: dict[str, str]
) -> tuple[Recording | None, list[Finding], np.ndarray | None]:
    """One recording with its findings and its samples ``(sample, channel)``."""
    try:
        info = sound_info(stem.path, stem.stream)
        samples, _ = read_sound(stem.path, stem.stream)
    except UserError as error:
        return None, [from_error(error, song.name, stem.path, "unreadable")], None
    if stem.path not in checksums:  # a file with several streams is hashed once
        checksums[stem.path] = sha256(stem.path)
        note_bytes(Path(stem.path), checksums[stem.path])
    silent = not samples.any()
    content = "" if silent else hashlib.blake2b(np.ascontiguousarray(samples).data, digest_size=16).hexdigest()
    recording = Recording(song.name, stem, info, checksums[stem.path], content)
    problems = [*_header_problems(stem, info, expected), *sample_problems(stem.path, samples, audio)]
    return recording, [Finding(check, song.name, stem.path, text) for check, text in problems], samples


def _header_problems(stem: Stem, info: SoundInfo, expected: Expectations) -> Iterator[tuple[str, str]]:
    if expected.sample_rates and info.sample_rate not in expected.sample_rates:
        wanted = _either(expected.sample_rates, "Hz")
        yield "sample-rate", f"{stem.path}: {info.sample_rate} Hz, expected {wanted}; get the file anew from its source"
    if expected.channels and info.channels not in expected.channels:
        wanted = _either(expected.channels, "channels")
        yield "channels", f"{stem.path}: {info.channels} channels, expected {wanted}; get the file anew from its source"


def _either(values: Sequence[int], unit: str) -> str:
    return f"{' or '.join(str(value) for value in values)} {unit}"


def _added(total: np.ndarray | None, samples: np.ndarray | None) -> np.ndarray | None:
    """The running sum of the stems, mono ones in both channels, shorter ones padded; float32 like the samples."""
    if samples is None:
        return total
    if total is None:
        return samples.copy()
    if total.shape[1] < samples.shape[1]:
        total = np.repeat(total, samples.shape[1], axis=1)
    if len(total) < len(samples):
        total = np.pad(total, ((0, len(samples) - len(total)), (0, 0)))
    total[: len(samples)] += samples
    return total


def _length_findings(
    song: Song, recordings: Sequence[Recording], expected: Expectations, limits: Doctor
) -> list[Finding]:
    if not expected.aligned:
        return []
    seconds = [recording.info.samples / recording.info.sample_rate for recording in recordings]
    usual = float(np.median(seconds)) if seconds else 0.0
    findings = []
    for recording, length in zip(recordings, seconds, strict=True):
        if abs(length - usual) > limits.length_tolerance:
            path = recording.stem.path
            text = (
                f"{path}: {length:.2f} s long, the other stems of '{song.name}' {usual:.2f} s; "
                "stems must be aligned and of one length, get the file anew"
            )
            findings.append(Finding("length", song.name, path, text))
    return findings


def _checksum_findings(song: str, recordings: Sequence[Recording], expected: Expectations) -> list[Finding]:
    findings: dict[str, Finding] = {}
    for recording in recordings:
        path = recording.stem.path
        wanted = expected.checksums.get(Path(path))
        if wanted and wanted != recording.sha256:
            text = (
                f"{path}: SHA-256 {recording.sha256[:12]}…, {wanted[:12]}… was recorded when it was made or unpacked; "
                "delete the file and get or render it anew"
            )
            findings[path] = Finding("checksum", song, path, text)
    return list(findings.values())


def _sum_findings(
    song: Song, total: np.ndarray | None, mixture: np.ndarray | None, expected: Expectations, limits: Doctor
) -> list[Finding]:
    allowed = {"exact": limits.exact_sum, "encoded": limits.encoded_sum}.get(expected.mixture)
    known = any(defect.song == song.name for defect in expected.defects)
    if allowed is None or total is None or mixture is None or song.mixture is None or known:
        return []
    level = residual_level(total, mixture)
    if level <= allowed:
        return []
    path = song.mixture.path
    text = (
        f"{path}: differs from the sum of its {len(song.stems)} stems by {level:.1f} dB of its own level, at most "
        f"{allowed:.0f} dB is expected; a stem is missing, from another song or at another level, get the song anew"
    )
    return [Finding("not-the-sum", song.name, path, text)]


def residual_level(total: np.ndarray, mixture: np.ndarray) -> float:
    """Level of the difference of mixture and sum of stems, ``(sample, channel)``, in dB of the mixture's level."""
    length = min(len(total), len(mixture))
    difference = mixture[:length] - total[:length]
    energy = float(np.mean(np.square(mixture), dtype=np.float64))
    rest = float(np.mean(np.square(difference), dtype=np.float64))
    if rest == 0:
        return -np.inf
    return 10 * float(np.log10(rest / energy)) if energy else np.inf
