"""Who plays when in a user's own song: a table, labels that Audacity opens, and a picture.

``<song>_activity.csv`` has a row per second and the probability of every instrument; ``<song>_activity.txt`` a line per
interval in which an instrument plays: start and end in seconds and its name, separated by tabs; ``<song>_activity.png``
draws both.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.listing import displayed
from reprosep.base.outputs import check_files
from reprosep.experiments.song import Song
from reprosep.experiments.trained import TrainedRun, all_trained, find_trained
from reprosep.models.placement import CPU
from reprosep.papers.system import DETECTORS, DetectorSystem
from reprosep.results.figure_style import DOTS_PER_INCH, style
from reprosep.tools.own_songs.timeline import Lane, draw_timeline


def tell_activity(
    song: Path,
    names: list[str],
    output: Path | None,
    results: Path,
    threshold: float | None,
    device: torch.device = CPU,
) -> list[Path]:
    """Write the three files into `output`, or beside the song; the paths.

    Parameters
    ----------
    names
        Runs by id or folder; none: :func:`default_runs` of `results`.
    threshold
        Probability above which an instrument plays; None: that of each run's parameters.
    device
        Where the networks listen.

    Raises
    ------
    UserError
        On an unknown run, one without an activity head, a threshold outside 0 … 1, a file that cannot be read, or one
        that cannot be written or is read.
    """
    if threshold is not None and not 0 < threshold < 1:
        raise UserError(f"--threshold: {threshold}, expected a probability between 0 and 1, such as 0.5")
    runs = _named(names, results) or default_runs(results)
    folder = output or song.parent
    paths = [folder / f"{song.stem}_activity.{suffix}" for suffix in ("csv", "txt", "png")]
    check_files(paths, [song, *(run.folder for run in runs)])
    sound = Song.read(song)
    lanes = _told_apart([lane for run in runs for lane in _lanes(run, sound, threshold, device)])
    _write_table(lanes, paths[0])
    _write_labels(lanes, sound.duration, paths[1])
    title = displayed(song.name)  # a font has no letters for other bytes
    _write_picture(lanes, sound.duration, title, runs, paths[2])
    return paths


def _named(names: list[str], results: Path) -> list[TrainedRun]:
    """The runs of these names, each once."""
    runs: dict[str, TrainedRun] = {}
    for name in names:
        run = find_trained(name, results)
        if not run.tells_activity:
            raise UserError(
                f"--run: '{run.id}' is no detector and has no activity head; name one that is, or a run of a system "
                "with an activity_weight above 0, such as iass"
            )
        other = runs.setdefault(run.id, run)
        if not run.folder.samefile(other.folder):
            raise UserError(f"--run: {other.folder} and {run.folder} are both called '{run.id}'; name one of them")
    return list(runs.values())


def default_runs(results: Path) -> list[TrainedRun]:
    """The detector that is there; else the activity heads of the corpus and system that have most targets.

    Of several detectors the last kind that tells seconds by themselves, by which IASS is gated, and its first seed.
    """
    able = [run for run in all_trained(results) if run.tells_activity]
    detectors = [(run, run.system) for run in able if isinstance(run.system, DetectorSystem)]
    if detectors:
        return [max(detectors, key=lambda one: (one[1].input_seconds is None, DETECTORS.index(one[1].model)))[0]]
    groups: dict[tuple[object, ...], list[TrainedRun]] = {}
    for run in able:
        groups.setdefault(tuple(run.record[key] for key in ("corpus", "system", "seed")), []).append(run)
    if not groups:
        raise UserError(
            f"--run: no trained detector and no network with an activity head in {results / 'runs'}; run `make demo` "
            "first, or say with --results where the runs are"
        )
    return max(groups.values(), key=lambda runs: sum(len(run.targets) for run in runs))


def _lanes(run: TrainedRun, song: Song, threshold: float | None, device: torch.device) -> list[Lane]:
    limit = run.threshold if threshold is None else threshold
    lanes = zip(run.targets, run.probabilities(song, device).T, strict=True)
    return [Lane(name, run.id, probability, limit) for name, probability in lanes]


def _told_apart(lanes: list[Lane]) -> list[Lane]:
    times = Counter(lane.target for lane in lanes)
    return [replace(lane, shared=times[lane.target] > 1) for lane in lanes]


def _write_table(lanes: list[Lane], path: Path) -> None:
    table = pd.DataFrame({lane.name: lane.probability for lane in lanes})
    with whole_file(path) as temporary:
        table.to_csv(temporary, index_label="second", float_format="%.4f", lineterminator="\n")


def _write_labels(lanes: list[Lane], duration: float, path: Path) -> None:
    intervals = [(start, end, lane.name) for lane in lanes for start, end in lane.intervals(duration)]
    lines = [f"{start:.6f}\t{end:.6f}\t{name}\n" for start, end, name in sorted(intervals, key=lambda one: one[0])]
    with whole_file(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def _write_picture(lanes: list[Lane], duration: float, title: str, runs: list[TrainedRun], path: Path) -> None:
    standin = any(run.is_standin for run in runs)
    with style(), whole_file(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # names in writings that the font lacks: boxes, no fuss
        figure = draw_timeline(lanes, duration, title, standin)
        figure.savefig(temporary, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": "matplotlib"})
