"""The trained models of a scale as DVC's artifacts."""

from __future__ import annotations

from reprosep.dag.versions.stages import Stages
from reprosep.dag.versions.text import Block


def models(stages: Stages) -> Block:
    """The `artifacts` section of dvc.yaml: the weights of every run, by a name that DVC allows."""
    folder = f"{stages.root}/runs"
    paths = {name: f"{folder}/{name}/best.safetensors" for name in stages.trained}
    return Block({name.replace("_", "-"): {"path": path, "type": "model"} for name, path in paths.items()})
