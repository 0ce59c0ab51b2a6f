"""What a day is measured on, and with which parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from measuring.sizes import FULL, TINY, Sizes
from reprosep.base.project import repository
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

PAPERS = ["iass", "munet", "slakh", "activity"]  # those that train
# What a day decides itself: nothing is compiled unless a section says so, and statistics are of a few items.
_OF_A_DAY = {"papers": PAPERS, "training": {"compile": "never", "statistics_items": 4}}
_PATIENCE_ON_A_PROCESSOR = 20.0


@dataclass(frozen=True)
class Day:
    """The device, cuda or cpu, and whether all is as small as can be."""

    device_name: str
    tiny: bool

    @property
    def sizes(self) -> Sizes:
        """How much is measured."""
        return TINY if self.tiny else FULL

    @property
    def device(self) -> torch.device:
        """Where it is measured."""
        return torch.device(self.device_name)

    @property
    def on_gpu(self) -> bool:
        """Whether that is a GPU."""
        return self.device_name == "cuda"

    @property
    def patience(self) -> float:
        """By what the times are multiplied after which something is given up: a processor may be busy otherwise."""
        return 1.0 if self.on_gpu else _PATIENCE_ON_A_PROCESSOR

    def params(self, scale: str, change: dict[str, Any] | None = None, on: str | None = None) -> Params:
        """The parameters of a scale for trainings on the day's device, or on the processor with `on` cpu."""
        gpu = int((on or self.device_name) == "cuda")
        content = merged([repository() / "params.yaml", scale_file(scale)])
        for one in (_OF_A_DAY, {"training": {"gpu": gpu}}, change or {}):
            content = merge(content, one)
        return parse(content)
