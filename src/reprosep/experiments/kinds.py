"""The kinds of experiments: a kind is a folder here and a line in :data:`KINDS`."""

from __future__ import annotations

from typing import Any

from reprosep.experiments.clips.plan import ClipsKind
from reprosep.experiments.detectors.plan import DetectorKind
from reprosep.experiments.gated.plan import GatedKind
from reprosep.experiments.joint.plan import JointKind
from reprosep.experiments.kind import Kind
from reprosep.experiments.oracles.plan import OracleKind
from reprosep.experiments.published.plan import PublishedKind
from reprosep.experiments.sources.plan import SourcesKind
from reprosep.experiments.target.plan import TargetKind
from reprosep.papers.system import System

KINDS: dict[str, Kind[Any]] = {
    "target": TargetKind(),
    "joint": JointKind(),
    "sources": SourcesKind(),
    "clips": ClipsKind(),
    "detector": DetectorKind(),
    "gated": GatedKind(),
    "oracle": OracleKind(),
    "published": PublishedKind(),
}


def kind_of(system: System) -> Kind[Any]:
    """The kind of a system."""
    return KINDS[system.kind]
