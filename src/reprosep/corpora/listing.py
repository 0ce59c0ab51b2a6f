"""A fingerprint of a corpus's files that is cheap enough to take whenever a plan is made."""

from __future__ import annotations

from pathlib import Path

from reprosep.base.files import digest
from reprosep.base.listing import below
from reprosep.corpora.registry import load_version
from reprosep.corpora.songs import LABELS
from reprosep.params.data import Corpus


def recordings_listing(corpus: Corpus) -> str | None:
    """Digest of names, sizes and modification times of a real corpus's files; '' when absent.

    None for a stand-in, and for what `reprosep get` downloads: those files are not there when the plan is made. Label
    files do not count: the step that reads them depends on them itself.
    """
    if corpus.standin or any(load_version(name).access == "open" for name in versions_to_get(corpus)):
        return None
    every = [(Path(root), path) for root in corpus.roots for path in below(Path(root)).files]
    own = "LICENCE.txt"  # of `reprosep get`
    paths = sorted(path for root, path in every if not path.name.endswith(LABELS) and path != root / own)
    entries = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in paths]
    return digest(entries) if entries else ""


def versions_to_get(corpus: Corpus) -> list[str]:
    """Published versions that belong into a root of the corpus, and so are to be got before it is read.

    Raises
    ------
    UserError
        When a version is unknown.
    """
    roots = {Path(root) for root in corpus.roots}
    return [] if corpus.standin else [name for name in corpus.versions if Path(load_version(name).folder) in roots]
