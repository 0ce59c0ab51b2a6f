"""Training steps against the authors' layout of the network; on a GPU also whole steps with their data."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import yaml
from rich.table import Table

from reprosep.base.errors import UserError
from reprosep.base.progress import ProgressReport
from reprosep.params.scale import Params, dump
from reprosep.tools.bench.layouts import CORPUS, WAYS
from reprosep.tools.bench.machine import SHARES, copy_rate, matmul_rate
from reprosep.tools.bench.process import in_alternation, in_own_process
from reprosep.tools.bench.whole_steps import bench_whole_steps
from reprosep.training.devices import bfloat16_is_native

_TITLES = {
    "authors": "authors': NCHW, float32",
    "float32": "channels last, fused, memory kept",
    "bfloat16": "and bfloat16",
    "compiled": "and torch.compile",
}
_SYSTEMS = ("iass", "open-unmix")


@dataclass(frozen=True)
class Effort:
    """How much is measured on a device: batch sizes where none are given, rounds at most, steps in a process."""

    batches: tuple[int, ...]
    rounds: int | None
    steps: int


# By device, quickly or not. On a GPU compiling takes most of the time, and every batch size is compiled anew.
_EFFORTS = {
    ("cpu", False): Effort((2,), None, 2),
    ("cuda", False): Effort((8, 16, 32, 64), None, 20),
    ("cpu", True): Effort((1,), 1, 1),
    ("cuda", True): Effort((8,), 1, 5),
}
_QUICK = "Quick, one round of few steps: for the order of magnitude. "


@dataclass(frozen=True)
class Case:
    """A network at a batch size."""

    system: str
    batch: int


def bench(params: Params, batches: list[int], device_name: str, repeats: int, quick: bool = False) -> list[Table]:
    """Time per item of every way, its ratio to the authors' and its shares of the machine's rates.

    `quick` takes a few minutes at most on any device: the same ratios, of one round, few steps and one batch size.

    Raises
    ------
    UserError
        For a device that is not there.
    """
    if device_name not in ("cpu", "cuda") or (device_name == "cuda" and not torch.cuda.is_available()):
        raise UserError(f"--device: '{device_name}' is not there; cpu is, and cuda where torch sees a GPU")
    torch.set_num_threads(1)
    device = torch.device(device_name)
    effort = _EFFORTS[device.type, quick]
    batches, repeats = batches or [*effort.batches], min(repeats, effort.rounds or repeats)
    cases = [Case(system, batch) for system in _SYSTEMS for batch in batches]
    ways = [way for way in WAYS if way not in _left_out(device)]
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as temporary:
        file = Path(temporary) / "params.yaml"
        file.write_text(yaml.safe_dump(dump(params)))
        rows = list(
            _rows(cases, ways, partial(_measure, file=file, device=device, steps=effort.steps), device, repeats)
        )
    tables = [_table(params, rows, device, _QUICK if quick else "")]
    return tables if device.type == "cpu" else [*tables, bench_whole_steps(params, batches, quick)]


def _left_out(device: torch.device) -> list[str]:
    """Compiling wins nothing on a processor; bfloat16 only where it computes in it."""
    without = [] if bfloat16_is_native(device) else ["bfloat16", "compiled"]
    return without if device.type == "cuda" else [*without, "compiled"]


def _rows(
    cases: list[Case], ways: list[str], measure: Callable[..., dict[str, Any]], device: torch.device, repeats: int
) -> Iterator[tuple[str, ...]]:
    rates = {way: matmul_rate(torch.bfloat16 if WAYS[way][1] else torch.float32, device) for way in ways}
    copying = copy_rate(device)
    with ProgressReport("bench train", len(cases) * len(ways) * repeats) as progress:
        for case in cases:
            runs = in_alternation(
                ways,
                repeats,
                partial(measure, case=case),
                partial(_tell, progress=progress, case=case),
            )
            yield from (_row(case, way, runs, rates[way], copying) for way in ways)


def _measure(way: str, case: Case, file: Path, device: torch.device, steps: int) -> dict[str, Any]:
    arguments = [way, case.system, str(file), str(case.batch), device.type, str(steps)]
    remedy = "measure smaller batches with --batch"
    return in_own_process("reprosep.tools.bench.layouts", *arguments, what=_title(way, case), remedy=remedy)


def _tell(way: str, progress: ProgressReport, case: Case) -> None:
    progress.advance(note=_title(way, case))


def _title(way: str, case: Case) -> str:
    return f"{case.system}, batch {case.batch}, {_TITLES[way]}"


def _row(case: Case, way: str, runs: dict[str, list[dict[str, Any]]], rate: float, copying: float) -> tuple[str, ...]:
    times = [statistics.median(run["seconds"]) / case.batch for run in runs[way]]
    peers = [statistics.median(run["seconds"]) / case.batch for run in runs["authors"]]
    ratios = [slow / fast for slow, fast in zip(peers, times, strict=True)]
    item, counted = statistics.median(times), runs[way][0]
    operations, moved = counted["operations"] / case.batch, counted["bytes"] / case.batch
    work = (f"{operations / 1e9:.1f}", f"{100 * operations / rate / item:.0f} %") if operations else ("", "")
    traffic = (f"{moved / 1e9:.2f}", f"{100 * moved / copying / item:.0f} %") if moved else ("", "")
    spread = f"{statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f})"
    memory = f"{counted['memory'] / 1e6:.0f}"
    ratio = "" if way == "authors" else spread
    return (case.system, str(case.batch), _TITLES[way], f"{1000 * item:.2f}", ratio, *work, *traffic, memory)


def _table(params: Params, rows: list[tuple[str, ...]], device: torch.device, quick: str) -> Table:
    where = torch.cuda.get_device_name() if device.type == "cuda" else "one thread of the processor"
    seconds, channels = params.training.chunk_seconds, params.corpora[CORPUS].channels
    title = f"{quick}Training steps without data on {where}: items of {seconds:g} s, {channels} channels, medians"
    table = Table(title=title, title_justify="left")
    columns = ("system", "batch", "way", "ms per item", "against the authors'", "GFLOP", "of products", "GB moved")
    for column in (*columns, "of copying", "peak MB"):
        table.add_column(column, justify="left" if column in ("system", "way") else "right")
    for row in rows:
        table.add_row(*row)
    table.caption = SHARES
    return table
