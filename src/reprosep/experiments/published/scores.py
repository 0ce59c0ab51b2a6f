"""Published scores as those of our own runs: read file by file, each as it was published, and written by method."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.progress import track
from reprosep.base.workers import each
from reprosep.corpora.registry import load_version
from reprosep.corpora.score_files import SUBMISSIONS, check_file, files_of, tell_missing
from reprosep.experiments.runs import every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import PublishedSystem
from reprosep.params.data import Corpus
from reprosep.params.scale import Params
from reprosep.scores.museval_files import read_song, unscored

log = logging.getLogger(__name__)


def write_published(params: Params, corpus: str, threads: int) -> None:
    """Write ``scores/<run>.parquet`` of every published method of a corpus.

    Raises
    ------
    UserError
        When a file is missing, is not as it was published, or holds no scores of museval's.
    """
    runs = _runs(params, corpus)
    content = params.corpora[corpus]
    tell_missing(load_version(content.versions[0]), [system.method for _, system in runs])
    write = partial(_write, content, params.results / "scores")
    for _ in track(each(write, runs, threads), f"scores of {len(runs)} methods", len(runs)):
        pass


def _runs(params: Params, corpus: str) -> list[tuple[Run, PublishedSystem]]:
    papers = [load_paper(name) for name in params.papers]
    pairs = {run: paper.systems[run.system] for paper in papers for run in every_run(params, paper)}
    return [
        (run, system) for run, system in pairs.items() if run.corpus == corpus and isinstance(system, PublishedSystem)
    ]


def _write(corpus: Corpus, output: Path, pair: tuple[Run, PublishedSystem]) -> None:
    run, system = pair
    write_table(output / f"{run.id}.parquet", scores_of(corpus, run, system))


def scores_of(corpus: Corpus, run: Run, system: PublishedSystem) -> pd.DataFrame:
    """The scores of a method as a run's: a row per song, target and frame."""
    root = Path(corpus.roots[0]) / SUBMISSIONS
    tables = []
    for file in files_of(load_version(corpus.versions[0]), system.method):
        check_file(root, file)
        path = root / file.path
        table = read_song(path)
        if set(table["target"]) != set(system.targets):
            raise UserError(
                f"{path}: scores of {', '.join(sorted(set(table['target'])))}, but the paper's file says that "
                f"'{system.method}' has {', '.join(sorted(system.targets))}; correct its targets"
            )
        tables.append(table.assign(song=path.stem))
    scores = pd.concat(tables, ignore_index=True)
    scores["dropped"] = unscored(scores)
    identity = {"run": run.id, "corpus": run.corpus, "system": run.system, "variant": "none"}
    for column, value in identity.items():
        scores[column] = value
    scores["ill_posed"], scores["seed"] = False, pd.array([None] * len(scores), dtype="Int64")
    return scores.drop(columns="duration")
