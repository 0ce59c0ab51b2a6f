"""The cost of a scale as two tables: disk per corpus, hours per kind of training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table

from reprosep.base.progress import ProgressReport
from reprosep.corpora.registry import load_version
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import System
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params
from reprosep.tools.cost.measure import Speed, measure
from reprosep.tools.cost.songs import describe

_BYTES = 2  # of a stored sample
_HOUR = 3600.0
_GIGABYTE = 1e9


@dataclass(frozen=True)
class Load:
    """Work of one run per epoch: training items, and seconds of validation songs."""

    run: Run
    system: System
    items: int
    music: float


def cost(params: Params, epochs: int, minutes: float, steps: int) -> Group:
    """What the trainings and the disk of these parameters cost; every kind of training is measured on this machine.

    `epochs` of every training are counted; songs last `minutes` until a catalog tells their length; `steps` training
    steps are measured of every kind.

    Raises
    ------
    UserError
        For a corpus of which nothing is known yet.
    """
    trained = list(_trained(params))
    songs = {name: describe(params, name, minutes) for name in dict.fromkeys(run.corpus for run, _ in trained)}
    loads = [
        Load(run, system, *kind_of(system).load(params.of_corpus(run.corpus), run, system, songs[run.corpus][0]))
        for run, system in trained
    ]
    return Group(_disk(params, songs), _hours(params, loads, epochs, steps))


def _trained(params: Params) -> Iterable[tuple[Run, System]]:
    for name in params.papers:
        paper = load_paper(name)
        yield from ((run, paper.systems[run.system]) for run in every_run(params, paper) if run.seed is not None)


def _disk(params: Params, songs: dict[str, tuple[pd.DataFrame, str]]) -> Table:
    table = Table(title="Disk", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("corpus", "download (GB)", "songs", "stems", "hours", "audio store (GB)", "known from"):
        table.add_column(column, justify="left" if column in ("corpus", "known from") else "right")
    for name, (rows, known) in songs.items():
        corpus, seconds = params.corpora[name], float((rows["stems"] * rows["seconds"]).sum())
        store = seconds * params.of_corpus(name).audio.sample_rate * corpus.channels * _BYTES / _GIGABYTE
        hours = rows["seconds"].sum() / _HOUR
        counts = [str(len(rows)), str(rows["stems"].sum()), f"{hours:.1f}", f"{store:.1f}"]
        download = _download(corpus.versions if recordings_of(params, name) == name else [])
        table.add_row(corpus.title, download, *counts, known)
    return table


def _download(versions: list[str]) -> str:
    """Gigabytes of all archives; '?' where a size is not published."""
    sizes = [archive.bytes for name in versions for archive in load_version(name).archives]
    gated = any(not load_version(name).archives for name in versions)
    if not versions:
        return "-"
    return "?" if gated or None in sizes else f"{sum(size or 0 for size in sizes) / _GIGABYTE:.1f}"


def _hours(params: Params, loads: list[Load], epochs: int, steps: int) -> Table:
    kinds = list(dict.fromkeys((load.run.corpus, load.run.system) for load in loads))
    measured: dict[tuple[str, str], Speed] = {}
    with ProgressReport("measuring", len(kinds)) as progress:
        for kind in kinds:
            load = next(load for load in loads if (load.run.corpus, load.run.system) == kind)
            measured[kind] = measure(params, load.run, load.system, steps)
            progress.advance(note=" ".join(kind))
    return _hours_table(loads, measured, epochs)


def _hours_table(loads: list[Load], measured: dict[tuple[str, str], Speed], epochs: int) -> Table:
    devices = ", ".join(dict.fromkeys(speed.device for speed in measured.values()))
    title = f"Training, {epochs} epochs of every run, measured on: {devices}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    columns = ("corpus", "system", "runs", "items per epoch", "ms per item", "validation (s)", "hours per run", "hours")
    for column in columns:
        table.add_column(column, justify="left" if column in ("corpus", "system") else "right")
    total = 0.0
    for (corpus, system), speed in measured.items():
        own = [load for load in loads if (load.run.corpus, load.run.system) == (corpus, system)]
        hours = [epochs * (load.items * speed.item + load.music * speed.music) / _HOUR for load in own]
        items, validation = [load.items for load in own], [load.music * speed.music for load in own]
        cells = [_range(items, "d"), f"{1000 * speed.item:.2f}", _range(validation, ".0f"), _range(hours, ".1f")]
        table.add_row(corpus, own[0].system.label, str(len(own)), *cells, f"{sum(hours):.1f}")
        total += sum(hours)
    table.add_section()
    table.add_row("all", "", str(len(loads)), "", "", "", "", f"{total:.1f}")
    return table


def _range(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"
