"""The cost of a scale as tables: disk per corpus, hours per kind of training, and of scoring published weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from reprosep.base.progress import ProgressReport
from reprosep.corpora.registry import load_version
from reprosep.dag.left_out import sentences
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import corpora_of, every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import System, TargetSystem
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params
from reprosep.tools.cost.measure import Speed, measure
from reprosep.tools.cost.scoring import measure_scoring
from reprosep.tools.cost.songs import describe, is_known

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


def cost(params: Params, epochs: int | None, minutes: float, steps: int) -> Group:
    """What the trainings and the disk of these parameters cost; every kind of training is measured on this machine.

    `epochs` of every training are counted; without them ``training.epochs``, or fewer where a corpus has fewer of its
    own. Songs last `minutes` until a catalog tells their length; `steps` training steps are measured of every kind.
    What is left out costs nothing, and is told.

    Raises
    ------
    UserError
        For a corpus of which nothing is known yet.
    """
    trained, released = list(_trained(params)), list(_released(params))
    corpora = dict.fromkeys(run.corpus for run, _ in [*trained, *released])
    songs = {name: describe(params, name, minutes) for name in corpora}
    loads = [
        Load(run, system, *kind_of(system).load(params.of_corpus(run.corpus), run, system, songs[run.corpus][0]))
        for run, system in trained
    ]
    scoring = [_scoring(params, released, songs)] if released else []
    others = dict.fromkeys(name for run, system in trained for name in corpora_of(params, run, system))
    disk = _disk(params, songs, [name for name in others if name not in songs], minutes)
    papers = {name: load_paper(name) for name in params.papers}
    left_out = [Text(sentence) for sentence in sentences(params, papers)]
    return Group(disk, _hours(params, loads, epochs, steps), *scoring, *left_out)


def _trained(params: Params) -> Iterable[tuple[Run, System]]:
    for name in params.papers:
        paper = load_paper(name)
        pairs = ((run, paper.systems[run.system]) for run in every_run(params, paper))
        yield from ((run, system) for run, system in pairs if system.trained)


def _released(params: Params) -> Iterable[tuple[Run, TargetSystem]]:
    for name in params.papers:
        paper = load_paper(name)
        for run in every_run(params, paper):
            system = paper.systems[run.system]
            if isinstance(system, TargetSystem) and system.released:
                yield run, system


def _scoring(
    params: Params, released: Sequence[tuple[Run, TargetSystem]], songs: dict[str, tuple[pd.DataFrame, str]]
) -> Table:
    """Processor hours of what published weights cost, which are scored and not trained."""
    title = "Scoring of published weights, which need no training and no GPU, measured on one thread of this processor"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("corpus", "system", "targets", "test songs", "s per s of music", "hours of a processor"):
        table.add_column(column, justify="left" if column in ("corpus", "system") else "right")
    kinds = {(run.corpus, run.system): (run, system) for run, system in reversed(released)}
    for (corpus, name), (run, system) in reversed(kinds.items()):
        rows = songs[corpus][0]
        test = rows[rows["split"] == "test"]
        targets = [one.target for one, _ in released if (one.corpus, one.system) == (corpus, name)]
        heard = [test[[target in held for held in test["targets"]]] for target in targets]
        speed = measure_scoring(params, run, system)
        hours = speed * sum(float(one["seconds"].sum()) for one in heard) / _HOUR
        counts = _range([len(one) for one in heard], "d")
        table.add_row(corpus, system.label, str(len(targets)), counts, f"{speed:.2f}", f"{hours:.1f}")
    return table


def _disk(params: Params, songs: dict[str, tuple[pd.DataFrame, str]], others: list[str], minutes: float) -> Table:
    """Of the corpora of trainings, and of others that these read or are scored on; every download counts once."""
    table = Table(title="Disk", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("corpus", "download (GB)", "songs", "stems", "hours", "audio store (GB)", "known from"):
        table.add_column(column, justify="left" if column in ("corpus", "known from") else "right")
    total, versions = 0.0, list[str]()
    for name in [*songs, *others]:
        corpus = params.corpora[name]
        own = [one for one in corpus.versions if recordings_of(params, name) == name and one not in versions]
        versions += own
        if name in others and not is_known(params, name):
            table.add_row(corpus.title, "-", *["?"] * 4, "its catalog, once there is one")
            continue
        rows, known = songs[name] if name in songs else describe(params, name, minutes)
        seconds = float((rows["stems"] * rows["seconds"]).sum())
        store = seconds * params.of_corpus(name).audio.sample_rate * corpus.channels * _BYTES / _GIGABYTE
        hours = rows["seconds"].sum() / _HOUR
        counts = [str(len(rows)), str(rows["stems"].sum()), f"{hours:.1f}", f"{store:.1f}"]
        table.add_row(corpus.title, _download(own), *counts, known)
        total += store
    table.add_section()
    table.add_row("all", _download(versions), "", "", "", f"{total:.1f}", "")
    return table


def _download(versions: list[str]) -> str:
    """Gigabytes of all archives; '?' where a size is not published."""
    sizes = [archive.bytes for name in versions for archive in load_version(name).archives]
    gated = any(not load_version(name).archives for name in versions)
    if not versions:
        return "-"
    return "?" if gated or None in sizes else f"{sum(size or 0 for size in sizes) / _GIGABYTE:.1f}"


def _hours(params: Params, loads: list[Load], epochs: int | None, steps: int) -> Table:
    kinds = list(dict.fromkeys((load.run.corpus, load.run.system) for load in loads))
    measured: dict[tuple[str, str], Speed] = {}
    with ProgressReport("measuring", len(kinds)) as progress:
        for kind in kinds:
            load = next(load for load in loads if (load.run.corpus, load.run.system) == kind)
            measured[kind] = measure(params, load.run, load.system, steps)
            progress.advance(note=" ".join(kind))
    every = params.training.epochs
    counts = {corpus: epochs or min(every, params.of_corpus(corpus).training.epochs) for corpus, _ in kinds}
    return _hours_table(loads, measured, counts)


def _hours_table(loads: list[Load], measured: dict[tuple[str, str], Speed], epochs: dict[str, int]) -> Table:
    """Hours of so many epochs of the trainings of each corpus."""
    devices = ", ".join(dict.fromkeys(speed.device for speed in measured.values()))
    counted = _range(list(epochs.values()), "d")
    title = f"Training, {counted} epochs of every run, measured on: {devices}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = ("runs", "epochs", "items per epoch", "ms per item", "validation (s)", "hours per run", "hours")
    for column in ("corpus", "system", *numbers):
        table.add_column(column, justify="left" if column in ("corpus", "system") else "right")
    total = 0.0
    for (corpus, system), speed in measured.items():
        own = [load for load in loads if (load.run.corpus, load.run.system) == (corpus, system)]
        hours = [epochs[corpus] * (load.items * speed.item + load.music * speed.music) / _HOUR for load in own]
        items, validation = [load.items for load in own], [load.music * speed.music for load in own]
        cells = [_range(items, "d"), f"{1000 * speed.item:.2f}", _range(validation, ".0f"), _range(hours, ".1f")]
        table.add_row(corpus, own[0].system.label, str(len(own)), str(epochs[corpus]), *cells, f"{sum(hours):.1f}")
        total += sum(hours)
    table.add_section()
    table.add_row("all", "", str(len(loads)), *[""] * 5, f"{total:.1f}")
    return table


def _range(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low} to {high}"
