"""Several devices for one training: each process works on its share of every batch, and all know the same.

Conventions
-----------
- Process r of R takes items ``r B/R … (r + 1) B/R - 1`` of a batch of B: an item is the same on any number of devices.
- Gradients are averaged (DistributedDataParallel), batch norm sees the batch of all processes, and losses are means
  over it: a step is the one-device step but for the order of sums. Dropout alone is drawn by every process for its own
  items.
- The first process writes; all processes read the same state, take the same decisions, and reach every collective
  operation together: one that stops alone would leave the others waiting. So nobody acts on a request to stop before
  all know of it, in the collective that begins every step and ends every validation (:meth:`Devices.highest`).
- Tested with processes on the CPU (gloo); on several GPUs (NCCL, SyncBatchNorm) it is not tested yet.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from reprosep.base.errors import UserError
from reprosep.params.work import Training
from reprosep.training.batch_norm import over_all_processes

Result = TypeVar("Result")


class Devices:
    """The processes of this training as torchrun started them; alone, every operation is the identity."""

    def __init__(self) -> None:
        started = dist.is_available() and dist.is_initialized()
        self.rank, self.count = (dist.get_rank(), dist.get_world_size()) if started else (0, 1)

    def share(self, count: int) -> range:
        """The numbers below `count` that are this process's."""
        return range(self.rank, count, self.count)

    def parallel(self, model: nn.Module) -> nn.Module:
        """The network as a training step calls it."""
        if self.count == 1:
            return model
        # Batch norms are over all processes: their buffers are the same, and need not be sent before every step.
        known = inspect.signature(nn.parallel.DistributedDataParallel).parameters
        name = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # torch from 2.13 on
        unsent: Any = {name: False}
        return nn.parallel.DistributedDataParallel(model, **unsent)

    def prepare(self, model: nn.Module) -> nn.Module:
        """The network with batch norm over all processes; names of weights and buffers stay."""
        return over_all_processes(model) if self.count > 1 else model

    def total(self, values: Tensor) -> Tensor:
        """The sum over processes, the same bits in each."""
        if self.count > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def highest(self, *values: int) -> list[int]:
        """The largest that any process has of each of some numbers: one collective for all, one answer for all."""
        if self.count == 1:
            return [*values]
        largest = torch.tensor(values)
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return largest.tolist()

    def all_of(self, value: Any) -> list[Any]:
        """What each process holds, in order of rank."""
        if self.count == 1:
            return [value]
        values = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def first(self, work: Callable[[], Result]) -> Result:
        """Let the first process do it while the others wait; its result, or its error, is everyone's."""
        if self.count == 1:
            return work()
        answer: list[Any] = [None, None]
        if self.rank == 0:
            try:
                answer[0] = work()
            except UserError as error:
                answer[1] = str(error)
        dist.broadcast_object_list(answer)
        if answer[1] is not None:
            raise UserError(answer[1])
        result: Result = answer[0]
        return result


def training_device(settings: Training) -> torch.device:
    """The GPU of this process where GPUs are wanted and there are any, else the processor."""
    return torch.device("cuda" if settings.gpu and torch.cuda.is_available() else "cpu")


def bfloat16_is_native(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 rather than emulates it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def set_up(settings: Training, device: torch.device) -> None:
    """How a GPU computes, said on purpose where PyTorch has several answers; before its first use in this process.

    ``tf32`` is of products and convolutions in float32 alike, of which PyTorch's own default is one of each. With
    ``deterministic`` the same training gives the same weights on the same GPU, by algorithms that may be slower.
    """
    if device.type != "cuda":
        return
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = settings.tf32
    torch.backends.cudnn.deterministic = settings.deterministic
    torch.backends.cudnn.benchmark = False
    if settings.deterministic:
        os.environ.setdefault(
            "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
        )  # else cuBLAS, and LSTMs with it, are free to choose
    torch.use_deterministic_algorithms(settings.deterministic, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def described(device: torch.device) -> dict[str, Any]:
    """What ``run.json`` says of a GPU and of how it computed; nothing of a processor, which is the machine's."""
    if device.type != "cuda":
        return {}
    about = torch.cuda.get_device_properties(device)
    return {
        "gpu": about.name,
        "gpu_memory_gb": round(about.total_memory / 1e9, 1),
        "driver": _driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "deterministic": torch.backends.cudnn.deterministic,
    }


def _driver() -> str:
    try:
        import pynvml

        pynvml.nvmlInit()
        return str(pynvml.nvmlSystemGetDriverVersion())
    except Exception as error:  # no library, no driver, no permission: then it is not known
        return f"unknown ({type(error).__name__})"
