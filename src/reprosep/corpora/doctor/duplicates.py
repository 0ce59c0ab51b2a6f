"""Recordings that are there twice, found by their samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reprosep.corpora.doctor.findings import Finding
from reprosep.corpora.doctor.sound import Recording, SongReport


def duplicate_findings(reports: Sequence[SongReport]) -> list[Finding]:
    """One finding for every stem that is another stem too; one for two songs when all of their stems are the same."""
    first: dict[str, Recording] = {}
    pairs: dict[tuple[str, str], list[tuple[Recording, Recording]]] = {}
    for recording in _sounding(reports):
        other = first.setdefault(recording.content, recording)
        if other is not recording:
            pairs.setdefault((other.song, recording.song), []).append((other, recording))
    sizes = {report.song.name: sum(bool(item.content) for item in report.recordings) for report in reports}
    findings: list[Finding] = []
    for (one, two), same in pairs.items():
        whole = one != two and len(same) == sizes[one] == sizes[two]
        findings += [_song_finding(one, two, same)] if whole else [_stem_finding(*pair) for pair in same]
    return findings


def _sounding(reports: Iterable[SongReport]) -> Iterable[Recording]:
    return (recording for report in reports for recording in report.recordings if recording.content)


def _song_finding(one: str, two: str, same: Sequence[tuple[Recording, Recording]]) -> Finding:
    path = same[0][1].stem.path
    text = (
        f"{path}: song '{two}' holds the same recordings as '{one}' in all {len(same)} stems; remove one of the songs"
    )
    return Finding("duplicate", two, path, text)


def _stem_finding(one: Recording, two: Recording) -> Finding:
    text = f"{two.stem.path}: the same recording as {one.stem.path}; get the one that is wrong anew"
    return Finding("duplicate", two.song, two.stem.path, text)
