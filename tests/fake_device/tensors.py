"""Tensors of a fake GPU: they compute on the processor, with its numbers, and behave as tensors on ``cuda``.

A tensor of the device is a shell around one in main memory, its *host*. Operations reach :meth:`Device.run` below
autograd and autocast, as they would reach CUDA's kernels; there they are looked at, done on the hosts, and the results
get shells. What a GPU refuses (tensors of host and device in one operation) is refused here, and what its host would
wait for is recorded.

What is not as on a GPU: kernels are the processor's, so rounding and random numbers are; recurrent layers are one
operation each, as with cuDNN (:mod:`recurrent`); torch.compile and CUDA graphs are not there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from record import Kind, Record, step_goes_on
from streams import Memory, Streams
from torch import Tensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
aten = torch.ops.aten

# The sizes of their results are known to the host only after the device has come so far.
_WAITING = {
    *(aten.nonzero, aten.masked_select, aten.bincount, aten._unique, aten._unique2, aten.unique_dim),
    *(aten.unique_consecutive, aten._linalg_check_errors),
}
# They answer with a number that is not of the tensors' values; every other number is waited for.
_OF_SHAPES = {aten.is_same_size, aten._has_compatible_shallow_copy_type}
_COPYING = {aten._to_copy, aten.copy_}
_INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index}
# A number in main memory is an argument of these kernels, not a tensor that they read.
_TAKING_NUMBERS = {aten.fill_, aten.masked_fill, aten.masked_fill_, aten._fused_adam_, aten._fused_sgd_, *_INDEXING}
# Lengths of sequences, and sizes of batches that are made of them, are the host's.
_PACKING = {aten._pack_padded_sequence, aten._pack_padded_sequence_backward}


class OnDevice(Tensor):
    """A tensor on the fake GPU.

    Attributes
    ----------
    host
        The same in main memory.
    memory
        Which stream has it and who else uses it; tensors that share memory share this.
    """

    host: Tensor
    memory: Memory
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, host: Tensor, memory: Memory) -> OnDevice:
        shell: OnDevice = Tensor._make_wrapper_subclass(
            cls, host.size(), host.stride(), host.storage_offset(), dtype=host.dtype, layout=host.layout, device=CUDA
        )
        shell.host, shell.memory = host, memory
        return shell

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Where no mode is on, as in autograd's threads."""
        return current_device().run(func, args, kwargs or {})

    def __reduce_ex__(self, protocol: int) -> Any:
        """Written into a file as from main memory, to which it is copied first."""
        current_device().record.add("to host", "pickle")
        return self.host.detach().clone().__reduce_ex__(protocol)

    def __repr__(self, **_: Any) -> str:
        return f"OnDevice({self.host!r})"


class Mode(TorchDispatchMode):
    """Sends the operations of a thread, those that make tensors among them, to the device."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self:  # in inference mode operations come here that are made of others
            result = func.decompose(*args, **(kwargs or {}))
        return self.device.run(func, args, kwargs or {}) if result is NotImplemented else result


class Device:
    """The fake GPU of a process: its record, its streams, and what main memory it can read by itself."""

    def __init__(self) -> None:
        self.record, self.streams = Record(), Streams()
        self._pinned: dict[int, Tensor] = {}  # by the address of the memory, which stays as long as the device
        self._coming: list[tuple[Tensor, Tensor]] = []  # copies to the host that nobody has waited for: to, from
        self._inside = threading.local()

    # ---- operations ----------------------------------------------------------------------------------------------

    def run(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Do an operation, on the host or as the device would."""
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        ours = [tensor for tensor in tensors if isinstance(tensor, OnDevice)]
        wanted = kwargs.get("device")
        leads_here = wanted is not None and torch.device(wanted).type == CUDA.type
        if not ours and not leads_here:
            self._look_at_processor(func, tensors)
            return func(*args, **kwargs)
        if func.overloadpacket in _COPYING:
            return self._copy(func, args, kwargs)
        self._look_at(func, args, kwargs, tensors)
        self._use(func, ours)
        if func.overloadpacket is aten._conj:  # of hosts nobody would see that a view is conjugated
            func = aten.conj_physical.default
        result = _on_hosts(func, args, kwargs)
        if isinstance(result, (bool, int, float, complex)) and func.overloadpacket not in _OF_SHAPES:
            self.wait(func.overloadpacket.__name__)
        if torch.Tag.inplace_view in func.tags:
            with no_dispatch():
                func(*args, **kwargs)  # the shell has the shape of its host
        if func.overloadpacket is aten._pack_padded_sequence:
            return self._shells(result[0], ours), result[1]
        return result if wanted is not None and not leads_here else self._shells(result, ours)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Operations of this thread on the hosts are parts of an operation of the device."""
        self._inside.now = True
        try:
            yield
        finally:
            self._inside.now = False

    def _shells(self, result: Any, ours: list[OnDevice]) -> Any:
        """The results as tensors of the device; what was changed in place is the tensor that it was."""
        same = {id(tensor.host): tensor for tensor in ours}
        sharing = {_address(tensor.host): tensor for tensor in ours}

        def shell(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            if id(value) in same:
                return same[id(value)]
            base = sharing.get(_address(value))
            if base is None:
                return OnDevice(value, self.streams.memory())
            with torch.inference_mode(base.is_inference()):  # what shares its memory is of inference if it is
                return OnDevice(value, base.memory)

        return tree_map(shell, result)

    def _use(self, func: Any, ours: list[OnDevice]) -> None:
        """The current stream reads these, and may write into them."""
        changed = {id(one) for one in _changed(func, ours)}
        for fault in self.streams.use((tensor.memory, id(tensor) in changed) for tensor in ours):
            self.record.add("stream", f"{func.overloadpacket.__name__}: {fault}")

    # ---- what the host waits for ---------------------------------------------------------------------------------

    def _look_at(self, func: Any, args: Any, kwargs: dict[str, Any], tensors: list[Tensor]) -> None:
        """Record what the host waits for in an operation of the device, and refuse what the device would."""
        packet, name = func.overloadpacket, func.overloadpacket.__name__
        indices: list[Tensor] = []
        if packet in _INDEXING:
            indices = [one for one in tree_leaves(args[1]) if isinstance(one, Tensor)]
            if any(one.dtype in (torch.bool, torch.uint8) for one in indices):
                self.wait(f"{name} by a mask")
            if any(not isinstance(one, OnDevice) for one in indices):
                self.copied("to device", f"{name} by an index of the host")
        if packet in _WAITING:
            self.wait(name)
        if func is aten.repeat_interleave.Tensor and kwargs.get("output_size") is None:
            self.wait(name)
        for tensor in tensors if packet not in _PACKING else []:
            if not isinstance(tensor, OnDevice) and not any(tensor is one for one in indices):
                self._look_at_stranger(func, tensor)

    def _look_at_stranger(self, func: Any, tensor: Tensor) -> None:
        """A tensor of the host among those of the device: only a number may be."""
        name, packet = func.overloadpacket.__name__, func.overloadpacket
        if tensor.dim() == 0 and (torch.Tag.pointwise in func.tags or packet in _TAKING_NUMBERS):
            return
        event = self.record.add("device", f"{name} with a tensor of the host {tuple(tensor.shape)}")
        raise RuntimeError(f"Expected all tensors to be on the same device, but found cuda:0 and cpu! ({event})")

    def _look_at_processor(self, func: Any, tensors: list[Tensor]) -> None:
        """Numbers are no work, and views none either."""
        work = any(tensor.numel() > 1 for tensor in tensors) and not func.is_view
        if work and not getattr(self._inside, "now", False) and step_goes_on():
            self.record.add("processor", func.overloadpacket.__name__)

    def _copy(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """``tensor.to`` and ``copy_`` in any direction."""
        in_place = func.overloadpacket is aten.copy_
        source = args[1] if in_place else args[0]
        if in_place:
            target, waits = args[0], not (args[2] if len(args) > 2 else kwargs.get("non_blocking", False))
            there = isinstance(target, OnDevice)
        else:
            wanted = kwargs.get("device")
            there = isinstance(source, OnDevice) if wanted is None else torch.device(wanted).type == CUDA.type
            target, waits = None, not kwargs.get("non_blocking", False)
        here = isinstance(source, OnDevice)
        name = func.overloadpacket.__name__
        self._use(func, [one for one in (target, source) if isinstance(one, OnDevice)])
        if here and not there:
            return self._to_host(func, args, kwargs, waits)
        if there and not here:
            self._look_at_way(name, source, waits)
        result = _on_hosts(func, args, kwargs)
        return target if in_place else self._shells(result, [source] if here else [])

    def _look_at_way(self, name: str, source: Tensor, waits: bool) -> None:
        """A copy to the device."""
        if waits:
            self.copied("to device", name)
        elif not self.is_pinned(source):
            self.copied("to device", f"{name}, non-blocking but from memory that is not pinned")

    def _to_host(self, func: Any, args: Any, kwargs: dict[str, Any], waits: bool) -> Tensor:
        """A copy from the device; one that nobody has waited for yet holds nonsense."""
        name = func.overloadpacket.__name__
        result: Tensor = _on_hosts(func, args, kwargs)
        if waits:
            self.copied("to host", name)
        elif func.overloadpacket is aten.copy_ and not self.is_pinned(result):
            self.copied("to host", f"{name}, non-blocking but into memory that is not pinned")
        else:
            self._coming.append((self.pin(result), result.clone()))
            result.fill_(torch.nan if result.is_floating_point() or result.is_complex() else -1)
        return result

    def copied(self, kind: Kind, what: str) -> None:
        """The host waits for a copy, and so for all that its stream did before."""
        self.record.add(kind, what)
        self.arrived()
        self.streams.wait_for_current()

    def wait(self, what: str) -> None:
        """The host waits for the current stream."""
        self.copied("wait", what)

    def arrived(self) -> None:
        """Copies to the host are there once somebody has waited."""
        while self._coming:
            target, source = self._coming.pop()
            target.copy_(source)

    # ---- pinned memory -------------------------------------------------------------------------------------------

    def pin(self, tensor: Tensor) -> Tensor:
        """Note that a tensor's memory is pinned."""
        self._pinned[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    def is_pinned(self, tensor: Tensor) -> bool:
        """Whether the device can read and write this memory by itself."""
        return tensor.untyped_storage().data_ptr() in self._pinned


def _on_hosts(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    def host(value: Any) -> Any:
        if isinstance(value, OnDevice):
            return value.host
        return CPU if isinstance(value, torch.device) and value.type == CUDA.type else value

    return func(*tree_map(host, args), **tree_map(host, kwargs))


def _address(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _changed(func: Any, ours: Iterable[OnDevice]) -> list[OnDevice]:
    """The tensors that an operation may write into: all, of one that changes any."""
    return list(ours) if func._schema.is_mutable else []


# ---- the device of this process ----------------------------------------------------------------------------------

_devices: list[Device] = []


def current_device() -> Device:
    """The fake device that is there."""
    return _devices[-1]


@contextmanager
def device_there() -> Iterator[Device]:
    """A fake device; threads that begin in the meantime know it as well."""
    device, run = Device(), threading.Thread.run

    def run_with_device(thread: threading.Thread) -> None:
        with Mode(device):
            run(thread)

    _devices.append(device)
    threading.Thread.run = run_with_device  # type: ignore[method-assign]
    try:
        with Mode(device):
            yield device
    finally:
        threading.Thread.run = run  # type: ignore[method-assign]
        _devices.pop()
