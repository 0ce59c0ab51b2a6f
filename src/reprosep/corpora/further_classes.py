"""The catalog of a corpus with further classes of instruments: ``workflow/classes/<name>.yaml``."""

from __future__ import annotations

import pandas as pd

from reprosep.corpora.layout import MIXED
from reprosep.params.data import Corpus
from reprosep.params.instruments import further_classes


def reclassed(catalog: pd.DataFrame, corpus: Corpus) -> pd.DataFrame:
    """A catalog whose column `target` has the classes of the corpus's table; without a table the same.

    A stem of several labels is of a class where all are, and mixed where some are.
    """
    if corpus.classes is None:
        return catalog
    part = "programs" if corpus.kind == "slakh" else "labels"
    classes = {
        word.casefold(): name for name, lists in further_classes(corpus.classes).items() for word in lists[part]
    }
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
