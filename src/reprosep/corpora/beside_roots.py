"""Folders in which files about a corpus's songs are looked for before its roots: labels, notes."""

from __future__ import annotations

from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.params.data import Corpus


def folders_beside_roots(name: str, key: str, corpus: Corpus, content: str) -> list[Path]:
    """The folders that a key of the corpus `name` lists, then its roots; `content` says what is looked for.

    Raises
    ------
    UserError
        When one of the listed folders is missing.
    """
    listed: list[str] = getattr(corpus, key)
    for folder in listed:
        if not Path(folder).is_dir():
            raise UserError(
                f"params: corpora.{name}.{key}: '{folder}' is no folder; name one that holds {content}, or leave it "
                "out: those below the corpus's roots are found anyway"
            )
    return [Path(folder) for folder in [*listed, *corpus.roots]]
