"""Speed and memory of BSS Eval against museval, mir_eval and fast_bss_eval, one thread each, in alternation."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.table import Table

from reprosep.base.progress import ProgressReport
from reprosep.tools.bench.material import RATE, soft_mask_estimates, stems
from reprosep.tools.bench.process import in_own_process

_LONG, _MADE = 600.0, 60.0  # seconds of a song, and of what is made for a longer one
_PEER_MEGABYTES = 30.0  # of museval per second of four stereo sources, as measured at 60 s


@dataclass(frozen=True)
class Case:
    """Signals, ours, and the peers that are measured with it."""

    title: str
    sources: int
    channels: int
    seconds: float
    ours: str
    peers: tuple[str, ...]
    repeats: int

    @property
    def is_long(self) -> bool:
        """Too long for peers, whose memory grows with the song: measured from files, which need none."""
        return self.seconds > _LONG


def cases(seconds: list[float], repeats: int) -> list[Case]:
    """Four and two stereo sources, and four mono ones; songs longer than two minutes are measured once.

    Songs of more than ten minutes are measured here alone: museval's memory grows with them.
    """
    short = min(seconds)
    planned = [
        Case(f"v4, {length:g} s, 4 stereo sources", 4, 2, length, "v4", ("museval",), 1 if length > 120 else repeats)
        if length <= _LONG
        else Case(f"v4, {length:g} s, 4 stereo sources, from files", 4, 2, length, "v4 files", ("museval",), 1)
        for length in seconds
    ]
    if short > _LONG:
        return planned
    planned.append(Case(f"v4, {short:g} s, 2 stereo sources", 2, 2, short, "v4", ("museval",), repeats))
    peers = ("mir_eval", "fast_bss_eval")
    planned.append(Case(f"v3, {short:g} s, 4 mono sources", 4, 1, short, "v3", peers, repeats))
    return planned


def bench(seconds: list[float], repeats: int) -> Table:
    """Run every case and tell processor seconds, ratios (medians over repeats, with their range) and memory."""
    todo = cases(seconds, repeats)
    table = Table(title="BSS Eval on one thread: processor seconds, medians", title_justify="left")
    for column in ("case", "peer", "peer (s)", "here (s)", "ratio", "peer (MB)", "here (MB)"):
        table.add_column(column, justify="left" if column in ("case", "peer") else "right")
    with ProgressReport("bench bsseval", sum(case.repeats for case in todo)) as progress:
        for case in todo:
            for row in _rows(case, progress):
                table.add_row(*row)
    return table


def _rows(case: Case, progress: ProgressReport) -> Iterator[list[str]]:
    names = [case.ours, *(peer for peer in case.peers if find_spec(peer) and not case.is_long)]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as folder:
        _write_material(case, Path(folder))
        for _ in range(case.repeats):
            for name in names:  # in alternation: what else the machine does meets all alike
                runs[name].append(_measure(name, case, Path(folder)))
            progress.advance(note=case.title)
    for peer in case.peers:
        if case.is_long:
            for call, suffix in enumerate(("", ", next estimate")):
                run = runs[case.ours][0]
                about = f"{peer}: about {case.seconds * _PEER_MEGABYTES / 1000:.0f} GB"
                yield [case.title + suffix, about, "", f"{run['seconds'][call]:.2f}", "", "", f"{run['megabytes']:.0f}"]
            continue
        if peer not in runs:
            yield [case.title, f"{peer}: not installed (make test installs it)", "", "", "", "", ""]
            continue
        for call, suffix in enumerate(("", ", next estimate")[: len(runs[case.ours][0]["seconds"])]):
            yield _row(case.title + suffix, peer, runs[peer], runs[case.ours], call)


def _write_material(case: Case, folder: Path) -> None:
    references = stems(case.sources, case.channels, min(case.seconds, _MADE) if case.is_long else case.seconds)
    if case.is_long:
        for name, signals in (("references", references), ("estimates", soft_mask_estimates(references, 1))):
            _write_files(folder, name, signals, case.seconds)
        return
    np.save(folder / "references.npy", references)
    for seed, name in enumerate(("estimates", "more"), start=1):
        np.save(folder / f"{name}.npy", soft_mask_estimates(references, seed))


def _write_files(folder: Path, name: str, signals: np.ndarray, seconds: float) -> None:
    """Each signal over and over."""
    for number, signal in enumerate(signals):
        with soundfile.SoundFile(folder / f"{name}-{number}.wav", "w", RATE, signal.shape[1], "PCM_16") as file:
            for _ in range(-(-round(seconds * RATE) // len(signal))):
                file.write(signal)


def _row(title: str, peer: str, theirs: list[dict[str, Any]], ours: list[dict[str, Any]], call: int) -> list[str]:
    there = [run["seconds"][0] for run in theirs]
    here = [run["seconds"][call] for run in ours]
    ratios = [slow / fast for slow, fast in zip(there, here, strict=True)]
    spread = f" ({min(ratios):.1f} to {max(ratios):.1f})" if len(ratios) > 1 else ""
    memory = [f"{max(run['megabytes'] for run in runs):.0f}" for runs in (theirs, ours)]
    times = [f"{statistics.median(values):.2f}" for values in (there, here)]
    return [title, peer, *times, f"{statistics.median(ratios):.1f}×{spread}", *memory]


def _measure(name: str, case: Case, folder: Path) -> dict[str, Any]:
    remedy = "free some memory, or measure shorter songs with --seconds"
    return in_own_process(
        "reprosep.tools.bench.scorers", name, str(folder), what=f"{name}, {case.title}", remedy=remedy
    )
