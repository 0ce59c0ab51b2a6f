"""What a stage is, and what its keys are filled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stage:
    """One stage: Snakemake's `targets`, what is versioned, keys of params.yaml and, by paper, of the paper's file.

    `deps` are results and recordings that it reads, `code` are files of the project.
    """

    name: str
    description: str
    targets: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    code: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    paper: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: str = ""

    @property
    def group(self) -> str:
        """The part of its name that it shares with the same stage of other corpora or runs; '' when there is none."""
        return self.name.partition("@")[0] if "@" in self.name else ""

    @property
    def item(self) -> str:
        """The corpus or run that it is of."""
        return self.name.partition("@")[2]

    @property
    def made(self) -> tuple[str, ...]:
        """Everything that it makes and DVC versions, its records aside."""
        return (*self.outs, *self.metrics)


def records_file(name: str) -> str:
    """The file of a stage's records: no file system minds a dot, and no corpus, run or group has one in its name."""
    return f"{name.replace('@', '.')}.json"
