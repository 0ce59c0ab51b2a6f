"""PyTorch's C++ part told that it was built for CUDA, which it asks before it differentiates on a GPU.

Its autograd engine needs two things of a device: a guard, which changes the current device and tells its streams, and
hooks, which say that this build has such a device. PyTorch has a guard that does nothing
(``c10/core/impl/FakeGuardImpl.h``), and installs it where a build for CUDA finds no GPU
(``torch._C._ensureCUDADeviceGuardSet``, for its own fake tensors). A build without CUDA has no guard that could be
replaced, and its hooks say no. So it gets a guard that has no GPU, first, and three answers of the hooks are replaced
while :func:`accelerator` lasts. Both are objects of C++ whose virtual functions are found in the order in which
PyTorch's own headers, which are beside it, declare them. Nothing is compiled.

The engine starts its threads at the first backward pass of a process, one per device that it knows by then. So this
module is imported before any test runs: with the tests' files, which pytest collects first. From then on PyTorch
refuses to differentiate in forks of the process, as it does once a process has used a GPU.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

_FOLDER = Path(torch.__file__).parent
_REGISTER = "_ZN3c104impl19registerDeviceGuardENS_10DeviceTypeEPKNS0_24DeviceGuardImplInterfaceE"
_HOOKS = "_ZN2at6detail12getCUDAHooksEv"
_HEADER = _FOLDER / "include" / "ATen" / "detail" / "AcceleratorHooksInterface.h"
_CUDA = 1  # c10::DeviceType::CUDA
_MANY = 128  # more virtual functions than either class has
_Answer = ctypes.CFUNCTYPE(ctypes.c_long)
_no, _yes = _Answer(lambda: 0), _Answer(lambda: 1)
_ANSWERS = {"isBuilt": _yes, "isAvailable": _yes, "hasPrimaryContext": _no}  # no context: no streams to come back to


class _Hooks:
    """The hooks for CUDA, an object of C++ whose first word is the address of its virtual functions."""

    def __init__(self) -> None:
        get = ctypes.CDLL(str(_FOLDER / "lib" / "libtorch_cpu.so"))[_HOOKS]
        get.restype = ctypes.c_void_p
        self._word = ctypes.c_void_p.from_address(get())
        self._real = self._word.value
        self._table = (ctypes.c_void_p * _MANY).from_buffer_copy(ctypes.string_at(self._real, _MANY * 8))
        declared = re.findall(r"^\s*virtual [^(]*?(~?\w+)\(", _HEADER.read_text(), re.MULTILINE)
        for name, answer in _ANSWERS.items():
            # A destructor, the first that is declared, has two places.
            self._table[declared.index(name) + 1] = ctypes.cast(answer, ctypes.c_void_p).value

    def replace(self) -> None:
        self._word.value = ctypes.addressof(self._table)

    def restore(self) -> None:
        self._word.value = self._real


def _install_guard() -> Any:
    """A guard that tells of no device, and in its place PyTorch's own that does nothing; what has to stay alive."""
    table = (ctypes.c_void_p * _MANY)(*[ctypes.cast(_no, ctypes.c_void_p).value] * _MANY)
    empty = ctypes.c_void_p(ctypes.addressof(table))
    if not torch.version.cuda:
        register = ctypes.CDLL(str(_FOLDER / "lib" / "libc10.so"))[_REGISTER]
        register.argtypes, register.restype = [ctypes.c_int8, ctypes.c_void_p], None
        register(_CUDA, ctypes.addressof(empty))
    torch._C._ensureCUDADeviceGuardSet()
    return table, empty


@contextmanager
def accelerator() -> Iterator[None]:
    """While it lasts, tensors whose device is ``cuda`` can be differentiated."""
    assert HOOKS is not None
    HOOKS.replace()
    try:
        yield
    finally:
        HOOKS.restore()


def _why_not() -> str:
    if torch.cuda.is_available():
        return "there is a GPU: tests/gpu runs on it"
    try:
        hooks, kept = _Hooks(), _install_guard()
        hooks.replace()
        known = torch.accelerator.current_accelerator()
        hooks.restore()
    except (AttributeError, OSError, ValueError) as error:  # no such symbol, library, header or declaration
        return f"PyTorch {torch.__version__} cannot be told of a CUDA that is not there: {error}"
    if known != torch.device("cuda"):
        return f"PyTorch {torch.__version__} was told of a CUDA that is not there, and says that it has {known}"
    globals().update(HOOKS=hooks, KEPT=kept)
    return ""


HOOKS: _Hooks | None = None
KEPT: Any = None
WHY_NOT = _why_not()  # why these tests cannot run here; empty where they can
