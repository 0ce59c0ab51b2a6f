"""The training seeds of a paper: those of the scale, or as many as the paper file wants."""

from __future__ import annotations

from itertools import count, islice

from reprosep.papers.content import Paper
from reprosep.params.scale import Params


def seeds_of(params: Params, paper: Paper) -> list[int]:
    """The seeds with which the networks of a paper are trained.

    Where the paper says how many, these are the first ones of the scale, and the numbers after its highest where it has
    fewer: trainings with seeds that two papers have in common are shared.
    """
    if paper.seeds is None:
        return params.seeds
    further = count(max(params.seeds) + 1)
    return [*params.seeds, *islice(further, max(paper.seeds - len(params.seeds), 0))][: paper.seeds]


def with_seeds_of(params: Params, paper: Paper) -> Params:
    """The parameters with the seeds of a paper in place of the scale's."""
    return params if paper.seeds is None else params.model_copy(update={"seeds": seeds_of(params, paper)})
