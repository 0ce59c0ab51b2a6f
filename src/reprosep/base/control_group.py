"""What memory a scheduler leaves a process: Slurm and containers limit it by control groups, and kill what takes more.

References
----------
Linux, Documentation/admin-guide/cgroup-v2.rst: ``memory.max``, ``memory.current``; every group above limits, too.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

_ROOT, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def free_in_group() -> int:
    """Bytes that this process's control groups leave it; the largest number there is where nothing limits them."""
    free = sys.maxsize
    for folder in _groups():
        with suppress(OSError, ValueError):  # no such file where the root's group or an older kernel has none; "max"
            most, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
            free = min(free, max(most - used, 0))
    return free


def _groups() -> list[Path]:
    """The folders of the group of this process and of those that it is in."""
    try:
        lines = _OWN.read_text().splitlines()
    except OSError:
        return []
    paths = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
    own = [_ROOT / path.lstrip("/") for path in paths]
    return [folder for path in own for folder in (path, *path.parents) if folder.is_relative_to(_ROOT)]
