"""Which device networks estimate on, as users and parameters name it."""

from __future__ import annotations

import os
import sys

import torch

from reprosep.base.errors import UserError, near_match

DEVICES = ("auto", "cpu", "cuda", "mps")
_SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")  # who tell a job its GPUs by CUDA_VISIBLE_DEVICES


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
