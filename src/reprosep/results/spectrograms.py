"""The four spectrograms of one song and the gates that weigh them (Figure 3)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from reprosep.base.errors import UserError
from reprosep.results.figure_kind import FigureKind, ShownFigure
from reprosep.results.figure_style import BLUE
from reprosep.results.intervals import Values
from reprosep.results.target_names import readable
from reprosep.results.tidy import TidyRows

RANGE_DB = 70.0
HIGHEST_HZ = 5000.0
MOST_COLUMNS = 1200

# Panel title, spectrogram, and the gate under it.
_PANELS = (
    ("(a) ground truth", "reference", "gate_oracle"),
    ("(b) no post-processing", "none", None),
    ("(c) weighted by raw labels", "raw", "gate_raw"),
    ("(d) weighted by median-filtered labels", "median", "gate_median"),
)
_NAMES = ("reference", "none", "raw", "median", "gate_raw", "gate_median", "gate_oracle", "hop_seconds", "bin_hz")


def read_spectrograms(path: Path) -> dict[str, Any]:
    """Magnitudes (bin, frame), gates (frame,) and units of Figure 3; :class:`UserError` when missing or foreign."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; run the step that writes the listening examples first")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # of a broken file numpy's and zip's readers raise nearly anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path}: not readable as .npz ({reason}); delete the file and run the step again") from error
    for name in (*_NAMES, "song"):
        if name not in arrays:
            raise UserError(f"{path}: no array '{name}'; delete the file and run the step again")
    return arrays


def draw_spectrograms(arrays: Mapping[str, Any]) -> Figure:
    """Four dB spectrograms with one colour scale, up to half the band or 5 kHz, and the gate of each as a strip."""
    figure = Figure(figsize=(9.0, 5.4), layout="constrained")
    grid = figure.subplots(
        4, 2, sharex=True, gridspec_kw={"height_ratios": [12, 1, 12, 1]}, subplot_kw={"facecolor": "white"}
    )
    loudest = max(float(np.max(arrays[name])) for _, name, _ in _PANELS) or 1.0
    for index, (title, name, gate) in enumerate(_PANELS):
        row, column = 2 * (index // 2), index % 2
        image = _spectrogram(grid[row, column], arrays, name, loudest)
        grid[row, column].set_title(title, loc="left")
        _gate(grid[row + 1, column], arrays, gate)
    for row in (0, 2):
        grid[row, 0].set_ylabel("frequency (kHz)")
    for column in (0, 1):
        grid[3, column].set_xlabel("time (s)")
    figure.colorbar(image, ax=grid, label="magnitude (dB, loudest = 0)", shrink=0.8, pad=0.02)
    figure.suptitle(f"{readable(str(arrays.get('target', 'target')))} of “{arrays['song']}”", fontsize=10)
    return figure


def _spectrogram(axes: Axes, arrays: Mapping[str, Any], name: str, loudest: float) -> AxesImage:
    magnitude = np.asarray(arrays[name], dtype=float)
    top = min(HIGHEST_HZ, magnitude.shape[0] * float(arrays["bin_hz"]) / 2)
    magnitude = magnitude[: max(2, int(top / float(arrays["bin_hz"])))]
    seconds = magnitude.shape[1] * float(arrays["hop_seconds"])
    extent = (0.0, seconds, 0.0, magnitude.shape[0] * float(arrays["bin_hz"]) / 1000)
    decibels = 20 * np.log10(np.maximum(_thinned(magnitude) / loudest, 10 ** (-RANGE_DB / 20)))
    axes.tick_params(labelbottom=False)
    return axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        extent=extent,
        vmin=-RANGE_DB,
        vmax=0,
        cmap="magma",
        interpolation="nearest",
    )


def _thinned(magnitude: Values) -> Values:
    """Maxima over neighbouring frames, so that a long song gives no more columns than can be seen."""
    step = -(-magnitude.shape[1] // MOST_COLUMNS)
    starts = np.arange(0, magnitude.shape[1], step)
    return np.asarray(np.maximum.reduceat(magnitude, starts, axis=1))


def _gate(axes: Axes, arrays: Mapping[str, Any], name: str | None) -> None:
    """The gate as a strip, dark where the target is let through; without a gate everything is."""
    frames = np.asarray(arrays["reference"]).shape[1]
    gate = np.ones(frames) if name is None else np.asarray(arrays[name], dtype=float)[:frames]
    seconds = np.arange(len(gate) + 1) * float(arrays["hop_seconds"])
    axes.stairs(gate, seconds, fill=True, color=BLUE, linewidth=0)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_ylabel("labels" if name == "gate_oracle" else "gate", rotation=0, ha="right", va="center", fontsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _draw(shown: ShownFigure, _: TidyRows) -> Figure:
    assert shown.listening is not None
    return draw_spectrograms(read_spectrograms(shown.listening))


SPECTROGRAMS = FigureKind(rows=lambda _: [], draw=_draw, of_runs=True, is_of_cells=False)
