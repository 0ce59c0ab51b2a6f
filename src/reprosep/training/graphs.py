"""The passes of a training step as a CUDA graph, which a GPU is told to run by one call in place of some hundreds.

A step of a small batch is over before the processor has asked for the next one. So the forward and the backward pass
of a few batches are taken as usual, those of the next are recorded, and from then on every batch is copied to where the
recorded one lay and the recording is run. The optimiser stays outside: its step is a single call as it is.

What is recorded holds places in memory and numbers that were known then. What a loss takes from an epoch, such as its
weights, changes with it, so every epoch begins anew.

Without a GPU all but :class:`Recorder` is tested; on a GPU it is not tested yet.

References
----------
PyTorch, "CUDA semantics: CUDA Graphs" (whole-network capture; warm-up on a side stream; no synchronisation inside).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from reprosep.params.work import Training

Passes = Callable[[Any], Tensor]  # forward and backward of a batch; its losses, on the device
_USUAL = 3  # batches of an epoch before one is recorded: libraries choose their algorithms in the first


class Recording(Protocol):
    """Work that was recorded."""

    result: Tensor

    def run(self) -> None:
        """Do it again, into the same result."""
        ...


class Recorder:
    """Records what a GPU is asked for, on a stream of its own; a :class:`Recording` is a graph."""

    @cached_property
    def stream(self) -> torch.cuda.Stream:
        """Libraries keep memory for each stream that they work on: it is one."""
        return torch.cuda.Stream()

    def aside(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work where a recording does it, so that gradients belong to no other stream."""
        current = torch.cuda.current_stream()
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            result = work()
        current.wait_stream(self.stream)
        result.record_stream(current)
        return result

    def record(self, work: Callable[[], Tensor]) -> Recording:
        """What the work would be; nothing is done yet."""
        graph = torch.cuda.CUDAGraph()
        on, mode = self.stream, "thread_local"  # of other threads the feed's goes on meanwhile
        with torch.cuda.graph(graph, stream=on, capture_error_mode=mode):
            result = work()
        return _Graph(graph, result)


@dataclass
class _Graph:
    graph: torch.cuda.CUDAGraph
    result: Tensor

    def run(self) -> None:
        self.graph.replay()


class GraphedPasses:
    """Passes that are recorded once in an epoch; called as the passes themselves are."""

    def __init__(self, passes: Passes, recorder: Recorder | None = None) -> None:
        self.passes, self._recorder = passes, recorder or Recorder()
        self._off = False
        self.begin()

    def begin(self) -> None:
        """Another epoch."""
        self._usual, self._batch = 0, None
        self._recording: Recording | None = None

    def __call__(self, batch: Any) -> Tensor:
        if self._off:
            return self.passes(batch)
        if self._recording is None and self._usual == _USUAL:
            self._record(batch)
        if self._recording is None or not _alike(batch, self._batch):
            self._usual += 1
            return self._recorder.aside(lambda: self.passes(batch))
        for name, tensor in _tensors(batch).items():
            getattr(self._batch, name).copy_(tensor)
        self._recording.run()
        return self._recording.result.clone()

    def _record(self, batch: Any) -> None:
        self._batch = replace(batch, **{name: tensor.clone() for name, tensor in _tensors(batch).items()})
        try:
            self._recording = self._recorder.record(lambda: self.passes(self._batch))
        except RuntimeError as error:  # an operation that cannot be recorded, or too little memory for both
            self._off, self._batch = True, None
            _say(str(error).splitlines()[0])


def _tensors(batch: Any) -> dict[str, Tensor]:
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def _alike(batch: Any, other: Any) -> bool:
    """Whether a batch fits where another lies."""
    shapes = ({name: (t.shape, t.dtype) for name, t in _tensors(one).items()} for one in (batch, other))
    return next(shapes) == next(shapes)


def graphed(passes: Passes, settings: Training, device: torch.device, is_compiled: bool, processes: int) -> Passes:
    """The passes as `settings` want them: as they are, or recorded.

    What cannot be recorded stays as it is; where it would have been, that is told.
    """
    small = device.type == "cuda" and settings.batch_size <= settings.graphs_batch
    if settings.graphs == "never" or (settings.graphs == "auto" and not small):
        return passes
    obstacles = {
        "there is no GPU": device.type != "cuda",
        "several devices share every batch": processes > 1,
        "torch.compile makes kernels of its own": is_compiled,
    }
    for obstacle, is_there in obstacles.items():
        if is_there:
            _say(obstacle)
            return passes
    return GraphedPasses(passes)


def _say(reason: str) -> None:
    print(f"training.graphs: steps are not recorded as CUDA graphs ({reason})", file=sys.stderr)


def without_graphs(passes: Passes) -> Passes:
    """The same where several trainings share a process, whose random numbers change hands between steps."""
    if not isinstance(passes, GraphedPasses):
        return passes
    _say("several trainings run side by side")
    return passes.passes
