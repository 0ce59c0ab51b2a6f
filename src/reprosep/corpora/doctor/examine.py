"""The whole examination of a corpus: folders first, then songs, then every recording, several songs at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reprosep.audio.io import sound_info
from reprosep.base.errors import UserError
from reprosep.base.listing import composed
from reprosep.base.progress import track
from reprosep.corpora.doctor.duplicates import duplicate_findings
from reprosep.corpora.doctor.expectations import Expectations, expectations
from reprosep.corpora.doctor.findings import Finding, from_error, stopping
from reprosep.corpora.doctor.folders import (
    folder_findings,
    left_out_findings,
    licence_findings,
    list_findings,
    split_findings,
)
from reprosep.corpora.doctor.sound import Recording, SongReport, examine_song
from reprosep.corpora.layout import Faults, Song
from reprosep.corpora.reading import read_songs
from reprosep.corpora.registry import load_version
from reprosep.corpora.splits import left_out
from reprosep.params.data import Audio, Corpus, Doctor


@dataclass(frozen=True)
class Examination:
    """What was read and what was found; nothing was read when the folders were wrong already.

    `songs` are all that could be read, `reports` those of them that the user does not leave out.
    """

    name: str
    findings: list[Finding]
    songs: list[Song]
    reports: list[SongReport]
    seconds: float

    @property
    def recordings(self) -> list[Recording]:
        """All stems that could be read."""
        return [recording for report in self.reports for recording in report.recordings]

    def record(self) -> dict[str, Any]:
        """The examination as plain values, for ``--json``."""
        stems = self.recordings
        return {
            "corpus": self.name,
            "songs": len(self.reports),
            "recordings": len(stems),
            "minutes": round(sum(s.info.samples / s.info.sample_rate for s in stems) / 60, 2),
            "sample_rates": sorted({stem.info.sample_rate for stem in stems}),
            "channels": sorted({stem.info.channels for stem in stems}),
            "findings": [finding.record() for finding in self.findings],
        }


def examine(name: str, corpus: Corpus, audio: Audio, limits: Doctor, threads: int) -> Examination:
    """Everything that is wrong with a corpus. Nothing is changed and nothing is raised for what is found."""
    start = time.monotonic()
    expected = expectations(corpus)
    findings = folder_findings(corpus, expected)
    if findings:
        return Examination(name, findings, [], [], time.monotonic() - start)
    songs, findings = _read(name, corpus)
    listed = {song.name: song for song in songs}
    if not songs:
        return Examination(name, findings, [], [], time.monotonic() - start)
    unread = {finding.song for finding in findings}
    findings += list_findings(corpus, listed, unread, expected) + licence_findings(corpus)
    findings += split_findings(name, corpus, {*listed, *unread}) + left_out_findings(corpus)
    unwanted = left_out(corpus)
    kept = [song for song in songs if composed(song.name) not in unwanted]
    reports = _listen(name, kept, _usual(kept, expected), audio, limits, threads)
    findings += [finding for report in reports for finding in report.findings] + _notes(listed, expected)
    # Of two songs that are the same, the one that was published is the original.
    extra = {finding.song for finding in findings if finding.check == "extra-song"}
    reports = sorted(reports, key=lambda report: report.song.name in extra)
    causes = _causes(findings, duplicate_findings(reports))
    return Examination(name, causes, songs, reports, time.monotonic() - start)


def _read(name: str, corpus: Corpus) -> tuple[list[Song], list[Finding]]:
    """The songs that can be read in their layout, and why others, or all, cannot."""
    faults = Faults(keep=True)
    try:
        songs = read_songs(name, corpus, faults)
    except UserError as error:
        return [], [from_error(error, "", corpus.roots[0], "bad-metadata")]
    left = left_out(corpus)
    kept = [fault for fault in faults.errors if composed(fault[0]) not in left]
    return songs, [from_error(error, song, path, "bad-metadata") for song, path, error in kept]


def readable_songs(name: str, corpus: Corpus) -> list[Song]:
    """The songs of a corpus that can be read in their layout, as an examination sees them."""
    return _read(name, corpus)[0]


def _usual(songs: Sequence[Song], expected: Expectations) -> Expectations:
    """Where nothing is published, rate and channels of most files are what is expected of all."""
    if not expected.aligned or (expected.sample_rates and expected.channels):
        return expected
    rates: Counter[int] = Counter()
    channels: Counter[int] = Counter()
    for stem in (stem for song in songs for stem in song.stems):
        try:
            info = sound_info(stem.path, stem.stream)
        except UserError:
            continue
        rates[info.sample_rate] += 1
        channels[info.channels] += 1
    return replace(
        expected,
        sample_rates=expected.sample_rates or [rate for rate, _ in rates.most_common(1)],
        channels=expected.channels or [number for number, _ in channels.most_common(1)],
    )


def _listen(
    name: str, songs: Sequence[Song], expected: Expectations, audio: Audio, limits: Doctor, threads: int
) -> list[SongReport]:
    with ThreadPoolExecutor(threads) as pool:
        results = pool.map(lambda song: examine_song(song, expected, audio, limits), songs)
        return list(track(results, f"examine {name}", len(songs)))


def _notes(songs: dict[str, Song], expected: Expectations) -> list[Finding]:
    """Errata of the publishers that concern songs which are there."""
    findings = []
    for defect in expected.defects:
        if defect.song in songs or (defect.excluded and defect.song in expected.songs):
            where = f"{defect.song}, {defect.stem}" if defect.stem else defect.song
            done = "the song is left out" if defect.excluded else "the song is used, as everybody does"
            text = f"{where}: {defect.defect} ({expected.defects_source}); {done}"
            findings.append(Finding("known-defect", defect.song, where, text))
    return findings


def _causes(findings: list[Finding], duplicates: list[Finding]) -> list[Finding]:
    """A recording that is another one is told as that, not by its checksum, its song's sum or the list of songs."""
    songs = {finding.song for finding in duplicates}
    consequences = ("checksum", "not-the-sum", "extra-song")
    kept = [finding for finding in findings if not (finding.song in songs and finding.check in consequences)]
    return kept + duplicates


def stop_at(examination: Examination, accepted: Sequence[str]) -> None:
    """Raise the first finding that stops a reproduction as one sentence, with the number of the others."""
    findings = stopping(examination.findings, accepted)
    if findings:
        more = f" ({len(findings) - 1} more: `reprosep doctor {examination.name}`)" if len(findings) > 1 else ""
        raise UserError(f"{findings[0].sentence}{more}", findings[0].check)


def registered(name: str, root: Path | None, template: Corpus) -> Corpus:
    """A version of the registry as a corpus: in its own folder, or in `root`."""
    version = load_version(name)
    change: dict[str, Any] = {
        "title": version.title,
        "kind": version.kind,
        "versions": [name],
        "roots": [str(root or version.folder)],
        "standin": None,
        "split": {},
        "split_file": None,
        "accept": [],
    }
    return template.model_copy(update=change)
