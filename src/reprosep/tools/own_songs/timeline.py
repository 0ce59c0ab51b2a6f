"""A picture of who plays when: a lane per instrument, bars where it plays, shaded by its probability."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from reprosep.results.figure_style import BLUE, STANDIN_NOTE
from reprosep.results.target_names import readable

_WIDTH, _LANE, _LINE = 10.0, 0.3, 0.15  # inches: of the picture, of a lane's height, of a line's
_LETTERS, _LONGEST_TITLE = 150, 100  # in a line of the note, in the title
_SHADES = LinearSegmentedColormap.from_list("probability", ["#FFFFFF", "#B5D5EA"])
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)  # seconds between two marks of the time axis
_MOST_MARKS = 14


@dataclass(frozen=True, eq=False)
class Lane:
    """An instrument, the run that tells of it, its probability ``(second,)`` and the threshold of playing.

    One that several runs tell of is `shared` and has the run in its name.
    """

    target: str
    run: str
    probability: np.ndarray
    threshold: float
    shared: bool = False

    @property
    def name(self) -> str:
        """In tables and labels."""
        return self.target + self._whose

    @property
    def label(self) -> str:
        """In the picture."""
        return readable(self.target) + self._whose

    @property
    def _whose(self) -> str:
        return f" ({self.run})" if self.shared else ""

    @property
    def plays(self) -> np.ndarray:
        """In which seconds it plays, bool."""
        return np.asarray(self.probability > self.threshold)

    def intervals(self, duration: float) -> list[tuple[float, float]]:
        """Start and end in seconds of every stretch in which it plays, in a song of that duration."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.plays, [False]]).astype(int)))
        return [(float(start), min(float(end), duration)) for start, end in edges.reshape(-1, 2)]


def draw_timeline(lanes: Sequence[Lane], duration: float, title: str, standin: bool) -> Figure:
    """The lanes of what plays at all, from top to bottom; a note names the rest, the runs and the thresholds."""
    playing = [lane for lane in lanes if lane.plays.any()]
    note = _note(lanes, playing, standin)
    height = 0.8 + _LANE * max(len(playing), 2) + _LINE * len(note)
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots()
    for row, lane in enumerate(playing):
        _draw_lane(axes, row, lane, duration)
    if not playing:
        axes.text(0.5, 0.5, "nothing is detected", transform=axes.transAxes, ha="center", va="center", color="#666666")
    _draw_axes(axes, [lane.label for lane in playing], duration)
    shown = textwrap.shorten(title, _LONGEST_TITLE, placeholder=" …") or title
    axes.set_title(shown, loc="left", fontsize=10, parse_math=False)
    figure.supxlabel("\n".join(note), x=0.01, ha="left", fontsize=8, color="#555555", parse_math=False)
    return figure


def _draw_lane(axes: Axes, row: int, lane: Lane, duration: float) -> None:
    extent = (0.0, float(len(lane.probability)), row + 0.45, row - 0.45)
    axes.imshow(
        lane.probability[None], cmap=_SHADES, extent=extent, vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    bars = [(start, end - start) for start, end in lane.intervals(duration)]
    axes.broken_barh(bars, (row - 0.24, 0.48), color=BLUE, linewidth=0)


def _draw_axes(axes: Axes, labels: Sequence[str], duration: float) -> None:
    axes.set_xlim(0, duration)
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    step = next((step for step in _STEPS if duration / step <= _MOST_MARKS), _STEPS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.grid(True, axis="x")


def clock(seconds: float) -> str:
    """Minutes and seconds: 75 becomes ``1:15``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _note(lanes: Sequence[Lane], playing: Sequence[Lane], standin: bool) -> list[str]:
    """Lines that say who told it, what a bar means, and which instruments never play."""
    absent = [lane.name for lane in lanes if lane not in playing]
    runs, limits = _listed(lane.run for lane in lanes), _listed(f"{lane.threshold:g}" for lane in lanes)
    trained = f", trained on a {STANDIN_NOTE}" if standin else ""
    sentences = [f"By {runs}{trained}. Bar: probability above {limits}; shade: probability."]
    sentences += [f"Never detected: {', '.join(absent)}."] if absent else []
    return [line for sentence in sentences for line in textwrap.wrap(sentence, _LETTERS)]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
