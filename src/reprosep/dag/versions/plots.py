"""What `dvc plots` shows of a scale: training curves, scores by song, the papers' bar charts and figures."""

from __future__ import annotations

from typing import Any

from reprosep.dag.versions.stages import Stages
from reprosep.dag.versions.text import Block, BlockList
from reprosep.experiments.kinds import kind_of


def plots(stages: Stages) -> BlockList:
    """The `plots` section of dvc.yaml."""
    curves = [curve for corpus in _corpora(stages) for curve in _curves(stages, corpus)]
    return BlockList([*curves, *(plot for paper in stages.papers for plot in _paper_plots(stages, paper))])


def _corpora(stages: Stages) -> list[str]:
    return list(dict.fromkeys(stages.runs[name][0].corpus for name in stages.trained))


def _curves(stages: Stages, corpus: str) -> list[Block]:
    """Losses of all runs on a corpus by epoch."""
    runs = [run for run in stages.trained if stages.runs[run][0].corpus == corpus]
    files = {run: f"{stages.root}/runs/{run}/epochs.csv" for run in runs}
    validation = {files[run]: _validation(stages, run) for run in runs}
    training = dict.fromkeys(files.values(), "train_loss")
    return [
        Block({f"Validation error, corpus {corpus}": _curve(validation, "validation error")}),
        Block({f"Training loss, corpus {corpus}": _curve(training, "training loss")}),
    ]


def _validation(stages: Stages, run: str) -> str:
    """The column of a run's log by which its best epoch is chosen."""
    return kind_of(stages.system(run)).judged_by


def _curve(columns: dict[str, str], label: str) -> dict[str, Any]:
    return {"x": "epoch", "x_label": "epoch", "y_label": label, "y": columns}


def _paper_plots(stages: Stages, paper: str) -> list[Any]:
    folder, figures = f"{stages.root}/papers/{paper}", stages.papers[paper].figures
    songs = {"template": "scatter_jitter", "x": "SDR", "y": {f"{folder}/songs.csv": "system"}}
    labels = {"x_label": "SDR of a song (dB)", "y_label": "system"}
    gains = [name for name, figure in figures.items() if figure.kind == "gains"]
    bars = [Block({f"{name} of {paper}, data": _bars(f"{folder}/{name}.csv")}) for name in gains]
    return [Block({f"Scores by song, {paper}": songs | labels}), *bars, *(f"{folder}/{name}.png" for name in figures)]


def _bars(path: str) -> dict[str, Any]:
    return {"template": "bar_horizontal", "x": "reproduced", "y": {path: "row"}, "x_label": "dB", "y_label": ""}
