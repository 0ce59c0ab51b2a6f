"""Which build of torch: with CUDA where there is an NVIDIA GPU, else the one for processors, a tenth of its size.

Both have the version that the lock pins: ``2.13.0+cpu`` satisfies ``torch==2.13.0``.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import UserError

AUTO = "auto"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_GPU_SIGNS = ("/proc/driver/nvidia/version", "/dev/nvidia0")
PIPS_OWN = "the build that pip's index has"


@dataclass(frozen=True)
class Build:
    """`kind` is a key of the sizes; `index` is where it is fetched from, empty for pip's own; `why` is for the user."""

    kind: str
    index: str
    why: str


def choose(setting: str, version: str, versions: Callable[[str], list[str]]) -> Build:
    """The build for this machine; `versions` gives those that an index (empty: pip's own) has for this Python.

    Raises
    ------
    UserError
        When the index that the user named does not have it or does not answer.
    """
    if setting == AUTO:
        return _automatic(version, versions)
    if not setting:
        return Build(_default_kind(version, versions), "", f"{PIPS_OWN}, as TORCH_INDEX is empty")
    if not (build := _build_of(version, versions(setting))):
        raise UserError(
            f"TORCH_INDEX={setting} does not answer or has no torch {version} for Python "
            f"{sys.version_info[0]}.{sys.version_info[1]} on this machine; name another, or TORCH_INDEX= for pip's own"
        )
    return Build("cpu" if build.endswith("+cpu") else "cuda", setting, f"{build} from TORCH_INDEX={setting}")


def _automatic(version: str, versions: Callable[[str], list[str]]) -> Build:
    if sys.platform != "linux":
        return Build("cpu", "", PIPS_OWN)
    if gpu := nvidia_sign():
        return Build(_default_kind(version, versions), "", f"{PIPS_OWN}: {gpu} is here")
    if shutil.which("sbatch"):
        return Build(_default_kind(version, versions), "", f"{PIPS_OWN}: Slurm's nodes may have GPUs")
    if _default_kind(version, versions) == "cpu":
        return Build("cpu", "", f"{PIPS_OWN}, without CUDA")
    if build := _build_of(version, versions(CPU_INDEX)):
        return Build("cpu", CPU_INDEX, f"{build} from {CPU_INDEX}: no NVIDIA GPU is here")
    return Build(
        "cuda", "", f"{PIPS_OWN}, with CUDA: no NVIDIA GPU is here, but {CPU_INDEX} (a smaller build) does not answer"
    )


def _default_kind(version: str, versions: Callable[[str], list[str]]) -> str:
    """A folder or mirror in the user's own configuration may have the small build; pip prefers it to the plain one."""
    if sys.platform != "linux":
        return "cpu"
    return "cpu" if _build_of(version, versions("")).endswith("+cpu") else "cuda"


def _build_of(version: str, offered: list[str]) -> str:
    """The offered build of a version that pip would take; empty when there is none."""
    return next((build for build in offered if build.split("+")[0] == version), "")


def nvidia_sign() -> str:
    """What shows that this machine has an NVIDIA GPU; empty when nothing does."""
    signs = [sign for sign in _GPU_SIGNS if Path(sign).exists()]
    return next(iter(signs), "nvidia-smi" if shutil.which("nvidia-smi") else "")


def parse_versions(output: str) -> list[str]:
    """The versions that ``pip index versions`` printed, newest first."""
    match = re.search(r"^Available versions: (.*)$", output, re.MULTILINE)
    return [version.strip() for version in match[1].split(",")] if match else []
