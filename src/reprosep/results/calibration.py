"""Calibration of corpus and metric: oracle scores beside the published ones, before anything is trained.

Ideal masks and the unprocessed mixture need no training, so what they score depends only on the recordings, their
preparation and the metric. On real corpora a value outside its tolerance stops the run; on stand-ins and on one's own
recordings there is nothing to compare with, and values are reported. Two things hold on every corpus: a mask lies well
above the unprocessed mixture, and every song has a score. On one's own recordings they are told, elsewhere they stop.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.table import Table

from reprosep.base.errors import UserError
from reprosep.base.terminal import show
from reprosep.experiments.cells import Cell, calibration_cells, check_accepted
from reprosep.papers.calibration import value_name
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.data import Corpus
from reprosep.params.scale import Params
from reprosep.results.aggregate import Scores, pair_songs, per_song, summarise
from reprosep.results.tidy import write_tidy

AGREES, DIFFERS, ACCEPTED = "agrees", "differs", "differs, accepted"
UNPUBLISHED = "no published value"
STANDIN, OWN = "stand-in: not judged", "own recordings: not judged"

COLUMNS = ["corpus", "target", "system", "metric", "songs", "unscored_songs", "reproduced", "ci_low", "ci_high", "gain"]
COLUMNS += ["published", "tolerance", "difference", "verdict"]

FILE = "calibration.csv"
REFUSED = "calibration-refused.csv"
"""What a calibration that stopped leaves behind: another name, so that the workflow does not take it for a result."""


def measure(params: Params, paper: Paper, results: Path) -> list[dict[str, Any]]:
    """The rows of ``calibration.csv`` (:data:`COLUMNS`), by corpus, target and system; values in dB.

    `gain` is the value minus that of the unprocessed mixture, `unscored_songs` names songs without any score.

    Raises
    ------
    UserError
        When an oracle was not scored.
    """
    cells = calibration_cells(params, paper)
    scores = Scores(results, [Run(cell.corpus, cell.target, cell.system, None) for cell in cells])
    rows = [_row(params, paper, scores, cell) for cell in cells]
    mixtures = {
        (row["corpus"], row["target"]): row["reproduced"] for row in rows if not paper.systems[row["system"]].is_mask
    }
    for row in rows:
        if paper.systems[row["system"]].is_mask:
            row["gain"] = row["reproduced"] - mixtures.get((row["corpus"], row["target"]), math.nan)
    return rows


def _row(params: Params, paper: Paper, scores: Scores, cell: Cell) -> dict[str, Any]:
    pair = (cell.system, cell.variant)
    songs = scores.songs(cell.corpus, cell.target, [pair], common=False)
    summary, scored = summarise(params, pair_songs(songs, pair), cell.metric), per_song(songs, pair, cell.metric)
    unscored = [str(name) for name, value in scored.items() if math.isnan(value)]
    assert paper.calibration is not None
    known = cell.published is not None
    tolerance = paper.calibration.tolerances[cell.system].of(cell.target) if known else math.nan
    difference = summary.value - cell.published if cell.published is not None else math.nan
    verdict = _verdict(params, cell, difference, tolerance)
    measured = [summary.songs, "; ".join(unscored), summary.value, summary.low, summary.high, math.nan]
    values = [cell.corpus, cell.target, cell.system, cell.metric, *measured, cell.published]
    return dict(zip(COLUMNS, [*values, tolerance, difference, verdict], strict=True))


def is_own(corpus: Corpus) -> bool:
    """Whether a corpus is a user's own recordings, which no paper has values of."""
    return corpus.standin is None and corpus.kind == "folder"


def is_real(corpus: Corpus) -> bool:
    """Whether a corpus is to be that of the paper: no stand-in, no own recordings."""
    return corpus.standin is None and not is_own(corpus)


def _verdict(params: Params, cell: Cell, difference: float, tolerance: float) -> str:
    corpus = params.corpora[cell.corpus]
    if cell.published is None:
        return UNPUBLISHED
    if not is_real(corpus):
        return STANDIN if corpus.standin else OWN
    if abs(difference) <= tolerance:  # false for NaN
        return AGREES
    return ACCEPTED if value_name(cell.corpus, cell.target, cell.system) in params.calibration.accept else DIFFERS


def problems(params: Params, paper: Paper, rows: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Name of each value that is not as it should be and not accepted, and what is wrong with it."""
    assert paper.calibration is not None
    wrong = {}
    for row in rows:
        name = value_name(row["corpus"], row["target"], row["system"])
        reasons = _wrong(row, paper.systems[row["system"]].is_mask, paper.calibration.least_gain)
        if reasons and name not in params.calibration.accept:
            wrong[name] = reasons
    return wrong


def _wrong(row: dict[str, Any], is_mask: bool, least_gain: float) -> list[str]:
    reasons = []
    if row["verdict"] == DIFFERS and not math.isnan(row["reproduced"]):
        reasons.append(f"{row['reproduced']:.2f} dB (published: {row['published']:.2f} ± {row['tolerance']:g} dB)")
    if is_mask and row["gain"] <= least_gain:
        reasons.append(f"{row['gain']:.2f} dB above the mixture (expected: more than {least_gain:g} dB)")
    if row["unscored_songs"]:
        reasons.append(f"no score in any frame of {row['unscored_songs']}")
    return reasons


def conclude(params: Params, paper: Paper, rows: list[dict[str, Any]], output: Path) -> None:
    """Write ``calibration.csv``, or ``calibration-refused.csv`` and stop.

    Raises
    ------
    UserError
        Naming every value that is not as it should be, its likely causes, and how to accept it.
    """
    wrong = problems(params, paper, rows)
    stopping = {name: reasons for name, reasons in wrong.items() if not is_own(params.corpora[name.split("/")[0]])}
    for name in wrong.keys() - stopping.keys():
        print(f"calibration of {paper.short}: {name}: {', '.join(wrong[name])}", file=sys.stderr)
    wanted, other = (REFUSED, FILE) if stopping else (FILE, REFUSED)
    write_tidy(output / wanted, rows, COLUMNS)
    (output / other).unlink(missing_ok=True)
    if stopping:
        raise UserError(_sentence(paper, stopping, output / REFUSED))


def _sentence(paper: Paper, stopping: dict[str, list[str]], file: Path) -> str:
    corpora = " and ".join(dict.fromkeys(name.split("/")[0] for name in stopping))
    listed = "; ".join(f"{name}: {', '.join(wrong)}" for name, wrong in stopping.items())
    return (
        f"calibration of {paper.short}: {listed}; these values need no training, so {corpora} is not what the paper "
        "had: check the version and the split of the recordings, audio.sample_rate, the corpus's channels (mono or "
        f"stereo) and workflow/instruments.yaml, see {file} for all values, and to go on all the same set "
        f"calibration.accept: [{', '.join(stopping)}]"
    )


def printed(paper: Paper, rows: Iterable[dict[str, Any]]) -> Table:
    """The rows for a terminal."""
    title = f"Calibration of {paper.short}: values that need no training, in dB (gain: over the mixture)"
    table = Table(title=title, title_justify="left")
    for column in ("corpus", "target", "system"):
        table.add_column(column)
    for column in ("songs", "reproduced", "interval", "gain", "published", "difference", "tolerance"):
        table.add_column(column, justify="right")
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        interval = "" if math.isnan(row["ci_low"]) else f"{row['ci_low']:.2f} to {row['ci_high']:.2f}"
        numbers = [_decibel(row["reproduced"]), interval, *(_decibel(row[key]) for key in ("gain", "published"))]
        numbers += [_decibel(row[key]) for key in ("difference", "tolerance")]
        table.add_row(row["corpus"], row["target"], row["system"], str(row["songs"]), *numbers, row["verdict"])
    return table


def _decibel(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.2f}"


def calibrate(params: Params, paper_name: str) -> None:
    """A paper's values that need no training beside the published ones; writes ``papers/<paper>/calibration.csv``."""
    papers = {name: load_paper(name) for name in [*params.papers, paper_name]}
    check_accepted(params, papers.values())
    paper, results = papers[paper_name], params.results
    if paper.calibration is None:
        raise UserError(f"{paper_name}.yaml: no section 'calibration', so there is nothing to compare; write one")
    rows = measure(params, paper, results)
    show(printed(paper, rows))
    conclude(params, paper, rows, results / "papers" / paper_name)
