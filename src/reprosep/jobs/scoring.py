"""Where a scoring job begins: its place on a GPU, where the parameters want its networks there."""

from __future__ import annotations

from reprosep.base.preemption import StopRequest
from reprosep.jobs.gpus import estimating_gpus, gpu_place
from reprosep.params.scale import Params


def score(params: Params, identifiers: list[str], threads: int) -> None:
    """Score runs or oracles; with ``separation.device: cuda`` as many at once as trainings would share a GPU."""
    with gpu_place(estimating_gpus(params), params.machine.trainings_per_gpu, StopRequest()):
        from reprosep.experiments.scorers import score as score_all  # a GPU is chosen before its libraries look

        score_all(params, identifiers, threads)
