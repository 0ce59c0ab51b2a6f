"""What the checksums of the store cost: processor time beside that of making it and of training from it, one thread."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.table import Table

from reprosep.audio.store import build_store, read_table
from reprosep.base.files import sha256
from reprosep.base.progress import ProgressReport
from reprosep.base.seal import require_whole
from reprosep.params.scale import Params
from reprosep.tools.bench.data import item_seconds, write_material
from reprosep.tools.bench.process import in_alternation, processor_seconds
from reprosep.tools.bench.readers import CORPUS, SOURCES

_GIGABYTE = 1e9
_SAMPLE = 2  # bytes


def bench(params: Params, items: int, repeats: int) -> Table:
    """Seconds per gigabyte of the store: made from wav files, read by one epoch and by a whole training, and hashed."""
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as temporary:
        folder = Path(temporary)
        write_material(params, folder)
        ways: dict[str, Callable[[], float]] = {
            "made": lambda: _per_gigabyte(folder, lambda: _make(params, folder)),
            "hashed": lambda: _per_gigabyte(folder, lambda: _hash(folder)),
            "items": lambda: item_seconds("map", folder, items) / _item_bytes(params) * _GIGABYTE,
        }
        with ProgressReport("bench integrity", repeats * len(ways)) as progress:
            runs = in_alternation(ways, repeats, lambda way: ways[way](), lambda way: progress.advance(note=way))
    return _table(params, {way: statistics.median(times) for way, times in runs.items()})


def _make(params: Params, folder: Path) -> None:
    """Decode all recordings of the corpus, as the rule `store` does."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        build_store(_catalog(folder), Path(made), params.audio, params.corpora[CORPUS].channels, 1)


def _catalog(folder: Path) -> pd.DataFrame:
    catalog = read_table(folder / CORPUS / "catalog.parquet")
    songs = {song: number for number, song in enumerate(dict.fromkeys(catalog["song"]))}
    paths = [
        folder / "wav/train" / f"Noise - {songs[song]}" / f"{stem}.wav"
        for song, stem in zip(catalog["song"], catalog["stem"], strict=True)
    ]
    return catalog.assign(path=[str(path) for path in paths], sha256=[sha256(path) for path in paths])


def _hash(folder: Path) -> None:
    for path in _arrays(folder):
        require_whole(path)


def _arrays(folder: Path) -> list[Path]:
    return sorted((folder / CORPUS / "audio").glob("*.npy"))


def _per_gigabyte(folder: Path, call: Callable[[], None]) -> float:
    start = processor_seconds()
    call()
    seconds = processor_seconds() - start
    return seconds / sum(path.stat().st_size for path in _arrays(folder)) * _GIGABYTE


def _item_bytes(params: Params) -> float:
    """An epoch of all chunks reads every byte of the store once."""
    seconds, corpus = params.training.chunk_seconds, params.corpora[CORPUS]
    return len(SOURCES) * seconds * params.audio.sample_rate * corpus.channels * _SAMPLE


def _table(params: Params, seconds: dict[str, float]) -> Table:
    hashed, epochs = seconds["hashed"], params.training.epochs
    title = f"Checksums of the store, {params.scale}: processor seconds per GB, medians, one thread"
    table = Table(title=title, title_justify="left")
    for column in ("what", "all (s)", "checksums (s)", "share"):
        table.add_column(column, justify="left" if column == "what" else "right")
    training = epochs * seconds["items"]
    rows = [
        ("made from wav files", seconds["made"], hashed),
        ("one epoch read, by a copy that was never seen", seconds["items"] + hashed, hashed),
        (f"a training of {epochs} epochs, by such a copy", training + hashed, hashed),
        ("one epoch read, after that", seconds["items"], 0.0),
    ]
    for what, everything, checksums in rows:
        share = f"{100 * checksums / everything:.2f} %"
        table.add_row(what, f"{everything:.2f}", f"{checksums:.2f}", share)
    table.caption = "a file is hashed once per modification, whoever reads it in the same project folder"
    return table
