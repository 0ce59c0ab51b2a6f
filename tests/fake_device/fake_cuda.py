"""A CUDA device that is not there, for programs that ask PyTorch for one.

While :func:`fake_cuda` lasts, ``torch.cuda`` says that there is one GPU, and tensors can be made on it, sent there and
back, differentiated and optimised (:mod:`tensors`). Streams, events, pinned memory, random state and memory counters
are there as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerator import WHY_NOT, accelerator
from recurrent import as_one_operation
from tensors import CUDA, Device, OnDevice, current_device, device_there
from torch import Tensor

needs_fake_cuda = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
MEMORY = 140_000_000_000  # bytes that are free
CUDNN = 91900  # a version that has LSTMs in bfloat16


class FakeStream:
    """``torch.cuda.Stream``."""

    def __init__(self, device: Any = None, priority: int = 0, *, number: int | None = None) -> None:
        self._device, self.device, self.priority = current_device(), CUDA, priority
        self.number = self._device.streams.new() if number is None else number

    def wait_stream(self, other: FakeStream) -> None:
        streams = self._device.streams
        streams.see(self.number, streams.snapshot(other.number))

    def wait_event(self, event: FakeEvent) -> None:
        self._device.streams.see(self.number, event.seen)

    def record_event(self, event: FakeEvent | None = None) -> FakeEvent:
        event = event or FakeEvent()
        event.record(self)
        return event

    def synchronize(self) -> None:
        self._device.record.add("wait", "Stream.synchronize")
        self._device.arrived()
        self._device.streams.seen_by_host(self._device.streams.snapshot(self.number))

    def query(self) -> bool:
        return True

    def __enter__(self) -> FakeStream:
        streams = self._device.streams
        self._before: list[int] = [*getattr(self, "_before", []), streams.current]
        streams.current = self.number
        return self

    def __exit__(self, *_: object) -> None:
        self._device.streams.current = self._before.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FakeStream) and other.number == self.number

    def __hash__(self) -> int:
        return self.number


class FakeEvent:
    """``torch.cuda.Event``; what it measures is the host's clock."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self._device, self._timed, self.seen = current_device(), enable_timing, {}
        self._time: float | None = None

    def record(self, stream: FakeStream | None = None) -> None:
        streams = self._device.streams
        self.seen = streams.snapshot(streams.current if stream is None else stream.number)
        self._time = time.perf_counter()

    def wait(self, stream: FakeStream | None = None) -> None:
        streams = self._device.streams
        streams.see(streams.current if stream is None else stream.number, self.seen)

    def synchronize(self) -> None:
        self._device.record.add("wait", "Event.synchronize")
        self._device.arrived()
        self._device.streams.seen_by_host(self.seen)

    def query(self) -> bool:
        return True

    def elapsed_time(self, end: FakeEvent) -> float:
        """Milliseconds; the host must have waited for both."""
        if not (self._timed and end._timed and self._time is not None and end._time is not None):
            raise ValueError("Both events must be created with argument 'enable_timing=True', and recorded.")
        return 1000 * (end._time - self._time)


class FakeProperties(SimpleNamespace):
    """``torch.cuda.get_device_properties``."""

    def __init__(self) -> None:
        super().__init__(name="none", total_memory=MEMORY, uuid="0", major=9, minor=0, multi_processor_count=132)


def _pin(tensor: Tensor) -> Tensor:
    if isinstance(tensor, OnDevice):
        raise RuntimeError("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned")
    device = current_device()
    with device.inside():
        return device.pin(tensor.clone())


def _tolist(tensor: Tensor) -> Any:
    return _REAL_TOLIST(tensor.cpu() if isinstance(tensor, OnDevice) else tensor)


def _numpy(tensor: Tensor, *, force: bool = False) -> Any:
    if isinstance(tensor, OnDevice) and not force:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor first.")
    return _REAL_NUMPY(tensor.detach().cpu() if force else tensor)


def _record_stream(tensor: Tensor, stream: FakeStream) -> None:
    if not isinstance(tensor, OnDevice):
        raise RuntimeError("record_stream is for tensors of a device, and this one is the host's")
    tensor.memory.told.add(stream.number)


def _synchronize(_device: Any = None) -> None:
    device = current_device()
    device.record.add("wait", "torch.cuda.synchronize")
    device.arrived()
    device.streams.wait_for_all()


def _stream_of(number: int) -> FakeStream:
    return FakeStream(number=number)


_REAL_TOLIST, _REAL_NUMPY = Tensor.tolist, Tensor.numpy
_STATE = torch.zeros(16, dtype=torch.uint8)  # numbers are drawn by the processor's generator
_API: dict[str, Any] = {
    "Stream": FakeStream,
    "Event": FakeEvent,
    "stream": lambda stream: stream,
    "current_stream": lambda _device=None: _stream_of(current_device().streams.current),
    "default_stream": lambda _device=None: _stream_of(0),
    "synchronize": _synchronize,
    "is_available": lambda: True,
    "is_initialized": lambda: True,
    "_lazy_init": lambda: None,
    "init": lambda: None,
    "device_count": lambda: 1,
    "current_device": lambda: 0,
    "set_device": lambda _device: None,
    "get_device_name": lambda _device=None: "none",
    "get_device_capability": lambda _device=None: (9, 0),
    "get_device_properties": lambda _device=None: FakeProperties(),
    "is_bf16_supported": lambda including_emulation=True: True,
    "is_current_stream_capturing": lambda: False,
    "mem_get_info": lambda _device=None: (MEMORY, MEMORY),
    "memory_allocated": lambda _device=None: 0,
    "max_memory_allocated": lambda _device=None: 0,
    "memory_reserved": lambda _device=None: 0,
    "max_memory_reserved": lambda _device=None: 0,
    "reset_peak_memory_stats": lambda _device=None: None,
    "empty_cache": lambda: None,
    "manual_seed": lambda _seed: None,
    "manual_seed_all": lambda _seed: None,
    "get_rng_state": lambda _device=None: _STATE.clone(),
    "set_rng_state": lambda _state, _device=None: None,
}


@contextmanager
def fake_cuda() -> Iterator[Device]:
    """One GPU that is not there; gives the fake one, whose ``record`` has what its host waited for."""
    lifted = torch._C._only_lift_cpu_tensors()
    with _as_before(), pytest.MonkeyPatch.context() as patch, accelerator(), device_there() as device:
        for name, value in _API.items():
            patch.setattr(torch.cuda, name, value)
        patch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
        patch.setattr(torch.backends.cudnn, "version", lambda: CUDNN)
        patch.setattr(Tensor, "pin_memory", lambda tensor, device=None: _pin(tensor))
        patch.setattr(Tensor, "is_pinned", lambda tensor, device=None: current_device().is_pinned(tensor))
        patch.setattr(Tensor, "record_stream", _record_stream)
        patch.setattr(Tensor, "tolist", _tolist)
        patch.setattr(Tensor, "numpy", _numpy)
        as_one_operation(patch)
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(…, device=…): made here, then copied where we see it
        try:
            yield device
        finally:
            torch._C._set_only_lift_cpu_tensors(lifted)


@contextmanager
def _as_before() -> Iterator[None]:
    """What a program sets for a GPU, and what a module does with its weights on the way there, is as it was."""
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    kept = cudnn.enabled, cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32
    deterministic, warns = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    filled = torch.utils.deterministic.fill_uninitialized_memory
    replaced = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # a shell cannot take the place of a tensor
    cudnn.enabled = False  # a build with it would take its kernels, which refuse the hosts
    try:
        yield
    finally:
        cudnn.enabled, cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32 = kept
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory = filled
        torch.__future__.set_overwrite_module_params_on_conversion(replaced)
