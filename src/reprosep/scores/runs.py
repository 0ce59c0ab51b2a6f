"""Scores of runs: one forward pass per test song, and BSS Eval of every test-time variant of it in one pass.

Runs without a network (oracles) of the same corpus and target share the song's references, which are prepared once.
Runs whose scores need each other's forward passes are scored song by song, so that each network hears a song once.

Songs are independent: one process each when several threads are given, one thread inside each. Finished songs are kept
in a folder named by everything that their scores depend on, so that an interrupted run goes on with the next song.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from reprosep.audio.store import read_table, write_table
from reprosep.base.files import digest, slug
from reprosep.base.progress import track
from reprosep.base.seal import is_whole
from reprosep.base.workers import each
from reprosep.mixtures.mixing import Recipe
from reprosep.scores.scorer import Scorer


@dataclass(frozen=True)
class Task:
    """A song and the numbers of the runs that are scored on it: all of one target, and so with the same references."""

    recipe: Recipe
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """Runs to score, and the folder of each for its finished songs; picklable, so that a process can have its own."""

    scorers: list[Scorer[Any]]
    parts: list[Path]

    def tasks(self) -> list[list[Task]]:
        """What is left to score, by target and song; tasks with forward passes in common are in one list."""
        groups: dict[tuple[str, str, str], list[int]] = {}
        for number, scorer in enumerate(self.scorers):
            network = scorer.system.trained or scorer.system.published_weights
            alone = scorer.run.id if network else ""  # a network is scored alone
            groups.setdefault((scorer.run.corpus, scorer.together, alone), []).append(number)
        tasks = [self._task(recipe, runs) for runs in groups.values() for recipe in self.scorers[runs[0]].recipes()]
        lists: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            if task.runs:
                lists.setdefault((self.scorers[task.runs[0]].passes, task.recipe.name), []).append(task)
        return list(lists.values())

    def _task(self, recipe: Recipe, runs: list[int]) -> Task:
        return Task(recipe, tuple(run for run in runs if not self._is_scored(run, recipe)))

    def _is_scored(self, run: int, recipe: Recipe) -> bool:
        return all(is_whole(_part(self.parts[run], recipe, kind)) for kind in ("activity", "scores"))

    def do(self, task: Task) -> None:
        """Score a song: its references are prepared once for all runs."""
        first = self.scorers[task.runs[0]]
        scene = first.scene(task.recipe)
        references = first.references(task.recipe, scene)
        for run in task.runs:
            # So that no digit depends on which runs are scored together.
            references = [pair.anew() for pair in references]
            scores, activity = self.scorers[run].score(task.recipe, scene, references)
            write_table(_part(self.parts[run], task.recipe, "scores"), scores)
            # Written last: its presence says that the song is done.
            write_table(_part(self.parts[run], task.recipe, "activity"), activity)


def score_runs(scorers: Sequence[Scorer[Any]], output: Path, threads: int) -> None:
    """Score every test song of some runs: ``<run>.parquet`` and, with an activity head, ``<run>.activity.parquet``."""
    _introduce(scorers)
    work = Work(list(scorers), [output / ".parts" / f"{scorer.run.id}.{scorer.stamp}" for scorer in scorers])
    tasks = work.tasks()
    title = f"scores {scorers[0].run.id}" if len(scorers) == 1 else f"scores of {len(scorers)} runs"
    for _ in track(_done(work, tasks, threads), title, len(tasks)):
        pass
    for scorer, parts in zip(scorers, work.parts, strict=True):
        _join(scorer, parts, output)


def _introduce(scorers: Sequence[Scorer[Any]]) -> None:
    """Let those whose scores need each other's forward passes share them."""
    first: dict[str, Scorer[Any]] = {}
    for scorer in scorers:
        if (other := first.setdefault(scorer.passes, scorer)) is not scorer:
            scorer.share(other)


def _join(scorer: Scorer[Any], parts: Path, output: Path) -> None:
    """Write the files of a run from those of its songs."""
    recipes = scorer.recipes()
    tables = [read_table(_part(parts, recipe, "scores")) for recipe in recipes]
    activity = pd.concat([read_table(_part(parts, recipe, "activity")) for recipe in recipes], ignore_index=True)
    if len(activity):
        write_table(output / f"{scorer.run.id}.activity.parquet", activity)
    write_table(output / f"{scorer.run.id}.parquet", pd.concat(tables, ignore_index=True))
    shutil.rmtree(parts, ignore_errors=True)


def _part(parts: Path, recipe: Recipe, kind: str) -> Path:
    return parts / f"{slug(recipe.name)}.{digest(recipe.name, 6)}.{kind}.parquet"


def _done(work: Work, tasks: list[list[Task]], threads: int) -> Iterator[None]:
    if threads == 1 or len(tasks) < 2:
        torch.set_num_threads(1)
        for together in tasks:
            for task in together:
                work.do(task)
            yield
        return
    yield from each(_do, tasks, threads, _start, (work,))


_worker: Work | None = None  # of a scoring process: its models and corpora are loaded once


def _start(work: Work) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = work


def _do(together: list[Task]) -> None:
    assert _worker is not None
    for task in together:
        _worker.do(task)
