"""Whether the disk has the space that an installation takes, before it starts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.installation.sets import Size


@dataclass(frozen=True)
class Room:
    """What is needed where .venv is, MB, and whether pip may keep its downloads in its cache."""

    needed: float
    cache: bool


def room(venv: Path, cache: Path | None, size: Size, free: dict[int, float] | None = None) -> Room:
    """Room for a set: unpacked packages and downloads at .venv, and downloads once more in pip's cache if it fits.

    `free` stands for what the file systems have, MB by device number.

    Raises
    ------
    UserError
        When the file system of .venv has too little.
    """
    needed = size.download + size.disk
    have = _free(venv, free)
    if have < needed:
        raise UserError(
            f"{venv}: installing needs {amount(needed)} free ({amount(size.disk)} to stay, {amount(size.download)} of "
            f"downloads for a while) and {amount(have)} are; make space there and run the same command again"
        )
    if cache is None:
        return Room(needed, cache=False)
    both = needed if _device(cache) == _device(venv) else 0
    return Room(needed, cache=_free(cache, free) >= both + size.download)


def amount(megabytes: float) -> str:
    """``2.9 GB`` or ``35 MB``."""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def _free(path: Path, free: dict[int, float] | None) -> float:
    return shutil.disk_usage(_existing(path)).free / 1e6 if free is None else free[_device(path)]


def _device(path: Path) -> int:
    return _existing(path).stat().st_dev


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())
