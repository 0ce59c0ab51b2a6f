"""MUSDB18-7's archive with stand-in music: 144 stems files of seven seconds in the layout of the published one."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reprosep.base.csv_text import csv_rows
from reprosep.base.project import repository
from reprosep.corpora.musdb import STEMS_SUFFIX
from reprosep.corpora.standin.corpus import render_corpus

STREAMS = ("mixture", "drums", "bass", "other", "vocals")
COUNTS = {"train": 94, "test": 50}  # of MUSDB18's 100 and 50
SECONDS, CUTS = 7, 3  # of an excerpt; excerpts of a song
_SEED, _BITS = 7, "256k"


def archive(folder: Path, counts: dict[str, int], workers: int) -> Path:
    """A zip of stems files below `folder`, excerpts of songs that are composed for it.

    Parameters
    ----------
    counts: songs of every split.
    """
    songs = {split: -(-count // CUTS) for split, count in counts.items()}
    render_corpus("musdb", folder / "songs", seed=_SEED, songs=songs, seconds=float(SECONDS * CUTS), workers=workers)
    tasks = list(_excerpts(folder / "songs", folder / "stems", counts))
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda task: _encode(*task), tasks))
    path = folder / "MUSDB18-7-STEMS.zip"
    with zipfile.ZipFile(path, "w") as packed:  # compressed already
        for _, _, file in tasks:
            packed.write(file, file.relative_to(folder / "stems"))
    return path


def _excerpts(songs: Path, stems: Path, counts: dict[str, int]) -> Iterator[tuple[Path, int, Path]]:
    """(folder of a song, first second, stems file) for every song of the archive, named as those of MUSDB18."""
    names = _names(counts)
    for split, chosen in names.items():
        (stems / split).mkdir(parents=True, exist_ok=True)
        folders = [path for path in sorted((songs / split).iterdir()) if path.is_dir()]
        cuts = ((folder, SECONDS * number) for number in range(CUTS) for folder in folders)
        for name, (folder, first) in zip(chosen, cuts, strict=False):
            yield folder, first, stems / split / f"{name}{STEMS_SUFFIX}"


def _names(counts: dict[str, int]) -> dict[str, list[str]]:
    """Song names of MUSDB18 for every split, the validation songs among those of training."""
    rows = csv_rows(repository() / "workflow/corpora/musdb18-songs.csv", ["song", "split"], "restore it")
    tested = {split: [row["song"] for row in rows if (row["split"] == "test") == (split == "test")] for split in counts}
    return {split: names[: counts[split]] for split, names in tested.items()}


def _encode(song: Path, first: int, path: Path) -> None:
    """Seven seconds of a song as five AAC streams."""
    command = ["ffmpeg", "-v", "error", "-y"]
    for name in STREAMS:
        command += ["-ss", str(first), "-t", str(SECONDS), "-i", str(song / f"{name}.wav")]
    command += [word for number in range(len(STREAMS)) for word in ("-map", f"{number}:a")]
    subprocess.run([*command, "-c:a", "aac", "-b:a", _BITS, str(path)], check=True)
