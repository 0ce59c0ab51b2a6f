"""What a version of reprosep has and another has not: the only place that asks."""

from __future__ import annotations

from typing import Any

from reprosep.params.work import Separation, Training

NOT_IN_THIS_VERSION = "not in this version of reprosep"


def has_graphs() -> bool:
    """Whether trainings know CUDA graphs (``training.graphs``)."""
    return "graphs" in Training.model_fields


def with_graphs(graphs: str) -> dict[str, Any]:
    """A change of the parameters by which a training uses CUDA graphs, or does not."""
    return {"training": {"graphs": graphs}} if has_graphs() else {}


def has_separation_device() -> bool:
    """Whether separation knows a device (``separation.device``)."""
    return "device" in Separation.model_fields


def with_separation_on(device: str) -> dict[str, Any]:
    """A change of the parameters by which songs are separated on a device."""
    return {"separation": {"device": device}} if has_separation_device() else {}
