"""Scores of a run: one forward pass per test song, and BSS Eval of every test-time variant of it in one pass.

The references of a mixture are the target and its accompaniment; only the target is estimated and scored. (museval
wants as many estimates as references, so the authors gave it two copies of the one; the target's scores are the same.)

Runs without a network (oracles) of the same corpus and target share the song's references, which are prepared once.

Songs are independent: one process each when several threads are given, one thread inside each. Finished songs are kept
in a folder named by everything that their scores depend on, so that an interrupted run goes on with the next song.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from reprosep.audio.store import read_table, write_table
from reprosep.errors import UserError
from reprosep.files import digest, sha256, slug
from reprosep.frame_scores import framed_references, score_frames
from reprosep.metrics.bsseval import References
from reprosep.mixing import Mixer, Recipe, recipes_of
from reprosep.papers import Run, System, Variant
from reprosep.params import Params
from reprosep.progress import track
from reprosep.provenance import source_digest
from reprosep.separation.estimate import Estimate, separate
from reprosep.separation.gate import gate_for
from reprosep.separation.oracle import Scene
from reprosep.source_scoring import FrameScorer, SourcesScorer
from reprosep.training.checkpoint import BEST, load_best


@dataclass(frozen=True)
class Scorer:
    """Everything that scores one song of a run; picklable, so that a process can have its own."""

    params: Params
    run: Run
    system: System
    results: Path
    weights: Path | None

    @cached_property
    def mixer(self) -> Mixer:
        folder = self.results / self.run.corpus
        return Mixer(self.params, self.run.corpus, read_table(folder / "catalog.parquet"), folder)

    @cached_property
    def model(self) -> Any:
        assert self.weights is not None
        channels = self.params.corpora[self.run.corpus].channels
        return load_best(self.weights.parent, self.params, self.system, channels)

    @property
    def data(self) -> list[str]:
        """The files of the corpus that scores depend on."""
        return [f"mixtures/{self.run.target}.parquet", "audio/index.parquet", "activity/index.parquet"]

    @property
    def together(self) -> str:
        """What runs must have in common to be scored on the same references."""
        return self.run.target

    def recipes(self) -> list[Recipe]:
        """The test mixtures that hold the run's target."""
        mixtures = read_table(self.results / self.run.corpus / "mixtures" / f"{self.run.target}.parquet")
        return recipes_of(mixtures, self.run.target, "test")

    def scene(self, recipe: Recipe) -> Scene:
        """The target in its mixture."""
        return Scene(*self.mixer.render(recipe))

    def estimates(self, recipe: Recipe, scene: Scene) -> tuple[Iterator[tuple[Variant, np.ndarray]], Estimate | None]:
        """(variant, wave ``(channel, sample)``) one at a time, and the forward pass behind them."""
        if self.system.oracle:
            return iter([("none", scene.estimate(self.system.mask_settings(self.params.scoring)))]), None
        estimate, labels = separate(self.model, scene.mixture, self.params), self.mixer.labels(recipe)
        gates = ((v, gate_for(v, estimate.probability, labels, self.params.separation)) for v in self.system.variants())
        return ((variant, estimate.wave(gate)) for variant, gate in gates), estimate

    def estimate_to_hear(self, recipe: Recipe, _target: str) -> np.ndarray:
        """The estimate that people are meant to hear, ``(channel, sample)``: gated where there is an activity head."""
        variant: Variant = "median" if "median" in self.system.variants() else "none"
        return dict(self.estimates(recipe, self.scene(recipe))[0])[variant]

    def references(self, scene: Scene) -> References:
        """Target and accompaniment of a mixture."""
        return framed_references(self.params, scene.target, scene.mixture)

    def score(self, recipe: Recipe, scene: Scene, references: References) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(scores per variant and frame, activity per frame) of one song."""
        waves, estimate = self.estimates(recipe, scene)
        estimates = dict(waves)
        table = score_frames(references, estimates, self.params.audio.sample_rate)
        identity = self._identify(recipe, len(table)).drop(columns="song")
        scores = pd.concat(
            [identity, table[["variant"]].assign(song=recipe.name), table.drop(columns="variant")], axis=1
        )
        return scores, self._activity(recipe, estimate)

    def _activity(self, recipe: Recipe, estimate: Estimate | None) -> pd.DataFrame:
        if estimate is None or estimate.probability is None:
            return pd.DataFrame()
        labels = self.mixer.labels(recipe)
        table = self._identify(recipe, len(labels))
        table["frame"] = np.arange(len(labels), dtype=np.int32)
        table["time"] = table["frame"] * self.params.stft.hop / self.params.audio.sample_rate
        return table.assign(probability=estimate.probability, label=labels)

    def _identify(self, recipe: Recipe, rows: int) -> pd.DataFrame:
        values = {"run": self.run.id, "corpus": self.run.corpus, "target": self.run.target, "system": self.run.system}
        table = pd.DataFrame({name: [value] * rows for name, value in values.items()})
        table["seed"] = pd.array([self.run.seed] * rows, dtype="Int64")
        return table.assign(song=recipe.name)


AnyScorer = Scorer | SourcesScorer


@dataclass(frozen=True)
class Task:
    """A song and the numbers of the runs that are scored on it: all of one target, and so with the same references."""

    recipe: Recipe
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """Runs to score, and the folder of each for its finished songs; picklable, so that a process can have its own."""

    scorers: list[AnyScorer]
    parts: list[Path]

    def tasks(self) -> list[Task]:
        """What is left to score, by target and song."""
        groups: dict[tuple[str, str, str], list[int]] = {}
        for number, scorer in enumerate(self.scorers):
            alone = "" if scorer.system.oracle else scorer.run.id  # a network is scored alone
            groups.setdefault((scorer.run.corpus, scorer.together, alone), []).append(number)
        tasks = [self._task(recipe, runs) for runs in groups.values() for recipe in self.scorers[runs[0]].recipes()]
        return [task for task in tasks if task.runs]

    def _task(self, recipe: Recipe, runs: list[int]) -> Task:
        return Task(recipe, tuple(run for run in runs if not _part(self.parts[run], recipe, "activity").exists()))

    def do(self, task: Task) -> None:
        """Score a song: its references are prepared once for all runs."""
        first = self.scorers[task.runs[0]]
        scene: Any = first.scene(task.recipe)
        references = first.references(scene)
        for run in task.runs:
            references = references.anew()  # so that no digit depends on which runs are scored together
            scores, activity = self.scorers[run].score(task.recipe, scene, references)
            write_table(_part(self.parts[run], task.recipe, "scores"), scores)
            # Written last: its presence says that the song is done.
            write_table(_part(self.parts[run], task.recipe, "activity"), activity)


def score_runs(scorers: Sequence[AnyScorer], output: Path, threads: int) -> None:
    """Score every test song of some runs: ``<run>.parquet`` and, with an activity head, ``<run>.activity.parquet``."""
    work = Work(list(scorers), [output / ".parts" / f"{scorer.run.id}.{_stamp(scorer)}" for scorer in scorers])
    tasks = work.tasks()
    title = f"scores {scorers[0].run.id}" if len(scorers) == 1 else f"scores of {len(scorers)} runs"
    for _ in track(_done(work, tasks, threads), title, len(tasks)):
        pass
    for scorer, parts in zip(scorers, work.parts, strict=True):
        _join(scorer, parts, output)


def _join(scorer: AnyScorer, parts: Path, output: Path) -> None:
    """Write the files of a run from those of its songs."""
    recipes = scorer.recipes()
    tables = [read_table(_part(parts, recipe, "scores")) for recipe in recipes]
    activity = pd.concat([read_table(_part(parts, recipe, "activity")) for recipe in recipes], ignore_index=True)
    if len(activity):
        write_table(output / f"{scorer.run.id}.activity.parquet", activity)
    write_table(output / f"{scorer.run.id}.parquet", pd.concat(tables, ignore_index=True))
    shutil.rmtree(parts, ignore_errors=True)


def _stamp(scorer: AnyScorer) -> str:
    """Digest of all that a run's scores depend on."""
    folder = scorer.results / scorer.run.corpus
    data = [sha256(folder / name) for name in scorer.data]
    weights = sha256(scorer.weights) if scorer.weights else ""
    sections = [scorer.params.separation.model_dump(), scorer.params.scoring.model_dump(), scorer.system.model_dump()]
    code = source_digest(
        "metrics", "models", "separation", "mixing.py", "scoring.py", "frame_scores.py", "source_scoring.py"
    )
    return digest([data, weights, sections, code])


def _part(parts: Path, recipe: Recipe, kind: str) -> Path:
    return parts / f"{slug(recipe.name)}.{digest(recipe.name, 6)}.{kind}.parquet"


def _done(work: Work, tasks: list[Task], threads: int) -> Iterator[None]:
    if threads == 1 or len(tasks) < 2:
        torch.set_num_threads(1)
        for task in tasks:
            work.do(task)
            yield
        return
    # Fresh processes: a forked one would inherit torch's thread pools in an undefined state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(threads, context, _start_worker, (work,)) as pool:
        yield from pool.map(_do_in_worker, tasks)


_worker: Work | None = None  # of a scoring process: its models and corpora are loaded once


def _start_worker(work: Work) -> None:
    global _worker
    torch.set_num_threads(1)
    _worker = work


def _do_in_worker(task: Task) -> None:
    assert _worker is not None
    _worker.do(task)


def scorer_for(params: Params, run: Run, system: System, results: Path) -> AnyScorer:
    """The scorer of a run in ``results/<scale>``."""
    weights = None if system.oracle else results / "runs" / run.id / BEST
    if weights and not weights.exists():
        raise UserError(f"{weights}: no such file; train the run first with `reprosep train {run.id}`")
    of_sources = FrameScorer if system.scored == "frames" else SourcesScorer
    kind = of_sources if system.sources else Scorer
    return kind(params.of_corpus(run.corpus), run, system, results, weights)
