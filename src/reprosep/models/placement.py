"""Where finished networks estimate: on a GPU or on the processor, with the same result but for rounding.

Everything around a network stays on the processor: it gets what its input is, and gives its output back. So memory on
a GPU is that of the chunks which pass the network together.

References
----------
PyTorch, "MPS backend": operators that Apple's GPUs lack raise NotImplementedError.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from reprosep.base.errors import UserError, near_match

CPU = torch.device("cpu")
DEVICES = ("auto", "cpu", "cuda", "mps")
_SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")  # who tell a job its GPUs by CUDA_VISIBLE_DEVICES
_INCOMPLETE = "mps"  # the type of device that lacks operators
Made = TypeVar("Made")


def estimating_device(wanted: str, key: str) -> torch.device:
    """The device that is meant by one of :data:`DEVICES`, which was given as `key`.

    ``auto`` is a GPU with CUDA where there is one, but not one that the scheduler of this job has not given to it.
    Without one of Apple's GPUs ``mps`` is the processor, which is told.

    Raises
    ------
    UserError
        For another word, and for ``cuda`` where there is no such GPU.
    """
    if wanted not in DEVICES:
        raise UserError(f"{key}: unknown device '{wanted}'{near_match(wanted, DEVICES)}; allowed: {', '.join(DEVICES)}")
    if wanted == "auto":
        wanted = "cuda" if _is_ours() and torch.cuda.is_available() else "cpu"
    if wanted == "cuda":
        if not torch.cuda.is_available():
            raise UserError(f"{key}: cuda, but {_why_none()}; use auto or cpu, or start it where there is a GPU")
        _compute_as_processors_do()
    if wanted == "mps" and not torch.backends.mps.is_available():
        print(f"{key}: mps is not there; the processor estimates", file=sys.stderr)
        wanted = "cpu"
    return torch.device(wanted)


def _is_ours() -> bool:
    """Whether a GPU of this machine may be used without being told."""
    return bool(os.environ.get("CUDA_VISIBLE_DEVICES")) or not any(name in os.environ for name in _SCHEDULERS)


def _why_none() -> str:
    if torch.version.cuda is None:
        return f"this PyTorch ({torch.__version__}) is built without CUDA"
    return "PyTorch sees no GPU with CUDA"


def _compute_as_processors_do() -> None:
    """Float32 in full, and the same every time."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False


def device_of(model: Any) -> torch.device:
    """Where the weights of a network are."""
    weights = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return CPU if weights is None else weights.device


def answered(model: Any, part: Callable[..., Made], *inputs: Tensor) -> Made:
    """What `part` of a network makes of inputs, on the network's device.

    A network for which Apple's GPU lacks an operator is taken back to the processor, and stays there.
    """
    device = device_of(model)
    try:
        return part(*(one.to(device) for one in inputs))
    except NotImplementedError as error:
        if device.type != _INCOMPLETE:
            raise
        lacking = str(error).split(".")[0].splitlines()[0]
        print(f"{device.type} cannot compute this network ({lacking}); the processor goes on", file=sys.stderr)
        model.to(CPU)
        return part(*(one.to(CPU) for one in inputs))
