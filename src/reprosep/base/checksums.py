"""Checksums as they are published: ``algorithm:digits``.

``md5``, ``sha256`` and ``sha512`` are the file's. Of a SHA-256 the first eight digits or more may be all that is
published (PyTorch's hub puts them into names of files); they are compared as far as they go. ``git`` is the name that
Git gives to a file's content in a commit: SHA-1 of ``blob <bytes>``, a zero byte and the content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

PATTERN = r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{8,64}|sha512:[0-9a-f]{128}|git:[0-9a-f]{40})$"
_BLOCK_BYTES = 1 << 20
_WHOLE = {"md5": 32, "sha256": 64, "sha512": 128, "git": 40}


def computed(path: Path, checksum: str) -> str:
    """The checksum of a file by the algorithm, and with as many digits, as `checksum` has them."""
    algorithm, digits = checksum.split(":")
    if algorithm == "git":
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return f"{algorithm}:{digest.hexdigest()[: len(digits)]}"


def fits(path: Path, checksum: str) -> bool:
    """Whether a file has that checksum."""
    return computed(path, checksum) == checksum


def is_whole(checksum: str) -> bool:
    """Whether all digits of it are known."""
    algorithm, digits = checksum.split(":")
    return len(digits) == _WHOLE[algorithm]
