"""``reprosep evaluate`` as a whole, decoding included, against museval on the same files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from rich.table import Table

from reprosep.base.progress import ProgressReport
from reprosep.tools.bench.evaluations import WAYS
from reprosep.tools.bench.material import RATE, soft_mask_estimates, stems
from reprosep.tools.bench.process import in_own_process

_TARGETS = ("vocals", "bass", "drums", "other")
_MADE_SECONDS = 60.0  # of music: longer songs repeat it


def bench(songs: int, seconds: float, jobs: int) -> Table:
    """So many songs of that length by so many processes; museval scores one of them, on one thread."""
    remedy = "free some memory, or measure shorter songs with --seconds"
    with (
        tempfile.TemporaryDirectory(prefix="reprosep-bench-") as temporary,
        ProgressReport("bench evaluate", 1 + len(WAYS)) as progress,
    ):
        _write_songs(Path(temporary), songs, seconds)
        progress.advance(note="songs")
        found = {}
        for way in WAYS:
            arguments = (way, temporary, str(jobs))
            found[way] = in_own_process("reprosep.tools.bench.evaluations", *arguments, what=way, remedy=remedy)
            progress.advance(note=way)
    title = f"{songs} songs of {seconds:g} s, 4 stereo targets in flac files, in MUSDB18's layout"
    table = Table(title=title, title_justify="left")
    for column in ("way", "songs", "clock per song (s)", "processors per song (s)", "largest process (MB)"):
        table.add_column(column, justify="left" if column == "way" else "right")
    titles = {"here": f"reprosep evaluate, {jobs} processes", "museval": "museval, one thread"}
    for way, run in found.items():
        times = (f"{run['seconds']:.2f}", f"{run['processor']:.2f}")
        table.add_row(titles[way], str(run["songs"]), *times, f"{run['megabytes']:.0f}")
    ratios = [found["museval"][key] / found["here"][key] for key in ("seconds", "processor")]
    table.caption = f"{ratios[0]:.0f}× by the clock, {ratios[1]:.0f}× by processor time"
    return table


def _write_songs(folder: Path, songs: int, seconds: float) -> None:
    """One song in files, and links to them by other names."""
    references = stems(len(_TARGETS), 2, min(seconds, _MADE_SECONDS))
    for kind, signals in (("references", references), ("estimates", soft_mask_estimates(references))):
        first = folder / kind / "test" / "Artist 00 - Song"
        first.mkdir(parents=True)
        for target, signal in zip(_TARGETS, signals, strict=True):
            times = -(-round(seconds * RATE) // len(signal))
            soundfile.write(first / f"{target}.flac", np.tile(signal, (times, 1))[: round(seconds * RATE)], RATE)
        for number in range(1, songs):
            song = first.with_name(f"Artist {number:02d} - Song")
            song.mkdir()
            for path in first.iterdir():
                os.link(path, song / path.name)
