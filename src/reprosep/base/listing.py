"""What is in folders of users: one rule for hidden files, for what systems put there, for links, and for names.

Conventions
-----------
Names that begin with a dot are hidden, but not those that begin with two: these are titles ("...Baby One More Time").
What a system puts beside files of users is hidden too. Links are followed; a folder that is in itself by a link is
entered once. Names are compared composed (NFC), and keep on disk the form that they have.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

HIDDEN = "hidden, or of the system"
LOOP = "a link back to a folder that it is in"
_SYSTEM = {
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@tmp",
    "#recycle",
    "#snapshot",
    "__macosx",
    "desktop.ini",
    "ehthumbs.db",
    "icon\r",
    "lost+found",
    "network trash folder",
    "recycler",
    "system volume information",
    "temporary items",
    "thumbs.db",
}  # of Windows, macOS, ext4, and the NAS of Synology and QNAP
_MOST_WAYS = 64  # to one folder by links, so that links among links come to an end
_NO_FILE = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class LeftOut:
    """What is in a folder and does not count; `reason` says what it is, as the rest of a sentence."""

    path: Path
    reason: str


@dataclass
class Listing:
    """Folders and files in order of their names, and what else is there."""

    folders: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def is_hidden(name: str) -> bool:
    """Whether an entry of a folder is hidden or of a system, by its name."""
    folded = name.casefold()
    return (folded.startswith(".") and not folded.startswith("..")) or folded in _SYSTEM


def composed(name: str) -> str:
    """A name as it is compared: NFC, since macOS stores names decomposed."""
    return unicodedata.normalize("NFC", name)


def displayed(name: str) -> str:
    r"""A name as it is shown and written into tables: bytes that are not UTF-8 and control characters as ``\xe9``."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in shown
    )


def entries(folder: Path) -> Listing:
    """What is directly in a folder."""
    listing = Listing()
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        listing.left_out.append(LeftOut(folder, f"a folder that cannot be read ({error.strerror})"))
        return listing
    for path in paths:
        if is_hidden(path.name):
            listing.left_out.append(LeftOut(path, HIDDEN))
        else:
            _sort_in(path, listing)
    return listing


def _sort_in(path: Path, listing: Listing) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        listing.left_out.append(LeftOut(path, _unseen(path, error)))
        return
    if stat.S_ISDIR(mode):
        listing.folders.append(path)
    elif stat.S_ISREG(mode):
        listing.files.append(path)
    else:
        listing.left_out.append(LeftOut(path, f"{_NO_FILE.get(stat.S_IFMT(mode), 'something special')}, not a file"))


def _unseen(path: Path, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a link that leads back to itself"
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and path.is_symlink():
        return "a link to nothing"
    return f"not to be read ({error.strerror})"


def below(root: Path) -> Listing:
    """Everything below a folder, linked folders entered.

    A folder that links lead back into, or to in more than 64 ways, is among what is left out.
    """
    top = os.path.realpath(root)
    every, waiting, ways = Listing(), [(root, top, frozenset({top}))], Counter[str]()
    while waiting:
        folder, real, above = waiting.pop()
        here = entries(folder)
        every.files += here.files
        every.left_out += here.left_out
        for path in reversed(here.folders):
            place = os.path.realpath(path) if path.is_symlink() else f"{real}/{path.name}"
            ways[place] += 1
            if place in above:
                every.left_out.append(LeftOut(path, LOOP))
            elif ways[place] > _MOST_WAYS:
                every.left_out.append(LeftOut(path, f"the folder {place} by more than {_MOST_WAYS} ways"))
            else:
                every.folders.append(path)
                waiting.append((path, place, above | {place}))
    for paths in (every.folders, every.files):
        paths.sort()
    every.left_out.sort(key=lambda one: one.path)
    return every


def left_out_below(root: Path) -> list[LeftOut]:
    """What is below a folder and does not count, but for what is hidden."""
    return [one for one in below(root).left_out if one.reason != HIDDEN]


def tell(left_out: Sequence[LeftOut]) -> None:
    """Say on the terminal what was left out: how many for which reason, and the first."""
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in Counter(one.reason for one in left_out).items())
        log.warning("%d left out: %s; first %s", len(left_out), counts, displayed(str(left_out[0].path)))


def folders_in(folder: Path) -> list[Path]:
    """Folders directly in a folder, hidden ones left out."""
    return entries(folder).folders
