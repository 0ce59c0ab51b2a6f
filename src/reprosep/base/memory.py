"""Keep the memory of freed tensors for the next ones.

glibc gives large blocks back to the system as soon as they are freed, and the system hands out the next ones page by
page, each emptied first. A network on a processor makes and frees the same tens of megabytes over and over, and would
spend a tenth to a fifth of its time on that.

References
----------
mallopt(3): M_MMAP_MAX, M_TRIM_THRESHOLD.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """From now on, in this process; does nothing where the C library is not glibc."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
