"""What a stage is, and what its keys are filled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stage:
    """One stage: Snakemake's `targets`, what is versioned, keys of params.yaml and, by paper, of the paper's file."""

    name: str
    description: str
    targets: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    paper: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: str = ""


@dataclass(frozen=True)
class Job:
    """What stands for the places in a step's keys; `shape` are keys that make other stages, not other files.

    `written`: a corpus's own settings are looked up key by key; else the steps name them as a whole.
    """

    corpus: str = ""
    models: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    written: bool = True


NO_JOB = Job()
