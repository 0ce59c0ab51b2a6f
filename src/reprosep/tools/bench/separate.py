"""Separation of whole songs by IASS against one pass of the network over the song, one thread each, in alternation."""

from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from rich.table import Table

from reprosep.base.progress import ProgressReport
from reprosep.params.scale import Params, dump
from reprosep.tools.bench.machine import SHARES, copy_rate, matmul_rate, work_of
from reprosep.tools.bench.process import in_alternation, in_own_process
from reprosep.tools.bench.separators import WAYS, chunks

_TITLES = {"whole": "one pass", "chunks": "here"}
_COUNTED_SECONDS = 30.0  # of music, whose operations are counted


def bench(params: Params, lengths: list[float], repeats: int) -> Table:
    """Processor seconds and memory of both ways for songs of `lengths` seconds, stereo."""
    torch.set_num_threads(1)
    rate, copying = matmul_rate(torch.float32), copy_rate()
    title = "Separation with IASS, stereo, one thread: medians of processor time"
    table = Table(title=title, title_justify="left")
    columns = ("song", "one pass (s)", "here (s)", "ratio", "one pass (MB)", "here (MB)", "memory")
    for column in (*columns, "of products", "of copying"):
        table.add_column(column, justify="right")
    operations, moved = work_of(lambda: chunks(params, _song(params, _COUNTED_SECONDS)))
    with (
        tempfile.TemporaryDirectory(prefix="reprosep-bench-") as temporary,
        ProgressReport("bench separate", len(lengths) * repeats * len(WAYS)) as progress,
    ):
        (Path(temporary) / "params.yaml").write_text(yaml.safe_dump(dump(params)))
        for length in lengths:
            np.save(Path(temporary) / "song.npy", _song(params, length))
            runs = in_alternation(
                WAYS,
                repeats,
                partial(_measure, length=length, folder=Path(temporary)),
                partial(_tell, progress=progress, length=length),
            )
            share = length / _COUNTED_SECONDS
            table.add_row(f"{length:g} s", *_cells(runs, operations * share / rate, moved * share / copying))
    table.caption = f"{SHARES} (our way)"
    return table


def _measure(way: str, length: float, folder: Path) -> dict[str, Any]:
    remedy = "free some memory, or measure shorter songs with --seconds"
    arguments = [way, str(folder / "params.yaml"), str(folder / "song.npy")]
    what = f"{_TITLES[way]}, {length:g} s"
    return in_own_process("reprosep.tools.bench.separators", *arguments, what=what, remedy=remedy)


def _tell(way: str, progress: ProgressReport, length: float) -> None:
    progress.advance(note=f"{length:g} s, {_TITLES[way]}")


def _song(params: Params, seconds: float) -> np.ndarray:
    shape = 2, round(seconds * params.audio.sample_rate)
    return np.random.default_rng(0).normal(scale=0.1, size=shape).astype(np.float32)


def _cells(runs: dict[str, list[dict[str, Any]]], products: float, copying: float) -> list[str]:
    there, here = ([run["seconds"][0] for run in runs[way]] for way in ("whole", "chunks"))
    ratios = [slow / fast for slow, fast in zip(there, here, strict=True)]
    spread = f" ({min(ratios):.1f} to {max(ratios):.1f})" if len(ratios) > 1 else ""
    much, little = (max(run["megabytes"] for run in runs[way]) for way in ("whole", "chunks"))
    median = statistics.median(here)
    return [
        f"{statistics.median(there):.1f}",
        f"{median:.1f}",
        f"{statistics.median(ratios):.1f}x{spread}",
        f"{much:.0f}",
        f"{little:.0f}",
        f"1/{much / little:.1f}",
        f"{100 * products / median:.0f} %",
        f"{100 * copying / median:.0f} %",
    ]
