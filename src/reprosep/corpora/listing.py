"""A fingerprint of a corpus's files that is cheap enough to take whenever a plan is made."""

from __future__ import annotations

from pathlib import Path

from reprosep.files import digest
from reprosep.params import Corpus


def recordings_listing(corpus: Corpus) -> str | None:
    """Digest of names, sizes and modification times of a real corpus's files; None for a stand-in, '' when absent."""
    if corpus.standin:
        return None
    entries = []
    for root in corpus.roots:
        folder = Path(root)
        if folder.is_dir():
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            entries += [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
    return digest(entries) if entries else ""
