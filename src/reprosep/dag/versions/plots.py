"""What `dvc plots` shows of a scale: training curves, scores by song, the papers' bar charts and figures."""

from __future__ import annotations

from typing import Any

from reprosep.dag.versions.stages import Line

_CURVES = {"valid_mse": "Validation error", "train_loss": "Training loss"}


def plots(line: Line) -> list[dict[str, Any]]:
    """The `plots` section of dvc.yaml."""
    curves = [_curves(line, corpus, name, title) for corpus in _corpora(line) for name, title in _CURVES.items()]
    return [*curves, *(plot for paper in line.papers for plot in _of_paper(line, paper))]


def _corpora(line: Line) -> list[str]:
    return list(dict.fromkeys(line.runs[name][0].corpus for name in line.trained))


def _curves(line: Line, corpus: str, name: str, title: str) -> dict[str, Any]:
    of_corpus = [run for run in line.trained if line.runs[run][0].corpus == corpus]
    files = [f"{line.root}/runs/{run}/dvclive/plots/metrics/{name}.tsv" for run in of_corpus]
    heading = f"{title}, corpus {corpus}"
    return {heading: {"x": "step", "y": dict.fromkeys(files, name), "x_label": "epoch", "y_label": name}}


def _of_paper(line: Line, paper: str) -> list[dict[str, Any]]:
    folder = f"{line.root}/papers/{paper}"
    songs = {
        "template": "scatter_jitter",
        "x": "SDR",
        "y": {f"{folder}/songs.csv": "system"},
        "x_label": "SDR of a song (dB)",
        "y_label": "system",
    }
    found: list[dict[str, Any]] = [{f"Scores by song, {paper}": songs}]
    for name, figure in line.papers[paper].figures.items():
        if figure.kind == "gains":
            bars = {
                "template": "bar_horizontal",
                "x": "reproduced",
                "y": {f"{folder}/{name}.csv": "row"},
                "x_label": "dB",
                "y_label": "",
            }
            found.append({f"{name} of {paper}, data": bars})
    return [*found, *({f"{folder}/{name}.png": None} for name in line.papers[paper].figures)]
