"""The catalog of a corpus with further classes of instruments: ``workflow/classes/<name>.yaml``."""

from __future__ import annotations

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.corpora.layout import MIXED
from reprosep.params.data import Corpus
from reprosep.params.instruments import further_classes

_PARTS = {"medleydb": "labels", "slakh": "programs"}  # of a table, by the kind of a corpus


def reclassed(name: str, catalog: pd.DataFrame, corpus: Corpus) -> pd.DataFrame:
    """The catalog of the corpus of that name, whose column `target` has the classes of its table; without one the same.

    A stem of several labels is of a class where all are, and mixed where some are.

    Raises
    ------
    UserError
        When the recordings have a layout that names no instruments.
    """
    if corpus.classes is None:
        return catalog
    if corpus.kind not in _PARTS:
        raise UserError(
            f"params: corpora.{name}.classes: '{corpus.classes}', but its songs are of kind '{corpus.kind}', which "
            f"names no instruments; expected {' or '.join(_PARTS)}, leave out what is computed on '{name}'"
        )
    part = _PARTS[corpus.kind]
    classes = {word.casefold(): name for name, lists in further_classes(corpus.classes).items() for word in lists[part]}
    words = [_words(instrument, corpus.kind) for instrument in catalog["instrument"]]
    targets = [_target(one, was, classes) for one, was in zip(words, catalog["target"], strict=True)]
    return catalog.assign(target=targets)


def _words(instrument: str, kind: str) -> list[str]:
    """The labels of a stem, or the program of a stem of Slakh's, whose label is ``<family>: <program>``."""
    return [instrument.partition(": ")[2]] if kind == "slakh" else instrument.split(", ")


def _target(words: list[str], was: str, classes: dict[str, str]) -> str:
    found = {classes.get(word.casefold()) for word in words}
    if found == {None}:
        return was
    return (found.pop() if len(found) == 1 else None) or MIXED
