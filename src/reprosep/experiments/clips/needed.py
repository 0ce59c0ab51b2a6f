"""How many clips the trainings of a scale take of a corpus."""

from __future__ import annotations

from reprosep.experiments.clips.plan import ClipSplit, clips_of_runs
from reprosep.experiments.runs import needed_runs
from reprosep.papers.loading import load_paper
from reprosep.papers.system import Way
from reprosep.params.scale import Params


def clips_needed(params: Params, corpus: str, target: str) -> dict[tuple[ClipSplit, Way], int]:
    """How many clips of a target the trainings of the scale's papers take of a corpus."""
    papers = [load_paper(name) for name in params.papers]
    runs = [(run, paper.systems[run.system]) for paper in papers for run in needed_runs(params, paper)]
    return clips_of_runs(params.of_corpus(corpus), corpus, target, runs)
