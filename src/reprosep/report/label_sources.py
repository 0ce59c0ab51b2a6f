"""Where the activity labels of a corpus come from, and how far published ones are from computed ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reprosep.params.data import Corpus
from reprosep.params.scale import Params
from reprosep.results.aggregate import read_parquet

_COLUMNS = ("song", "labels", "differing_share")


def label_sources(params: Params, results: Path, corpora: Iterable[str]) -> list[dict[str, Any]]:
    """Of each corpus that asks for published labels: songs, those that have them, stems, and shares that differ.

    Returns
    -------
    Plain values: `title`, `songs`, `published` (songs), `stems` (of these), and over them `median`, `least` and `most`
    of the share of frames whose label is not the computed one, 0 to 1, NaN without a stem.

    Raises
    ------
    UserError
        When the activity index of a corpus is missing or of another version.
    """
    asking = [name for name in corpora if params.corpora[name].labels == "published"]
    return [_corpus_labels(params.corpora[name], results / name / "activity" / "index.parquet") for name in asking]


def _corpus_labels(corpus: Corpus, path: Path) -> dict[str, Any]:
    index = read_parquet(path, _COLUMNS)
    stems = index[index["labels"] == corpus.labels]
    shares = stems["differing_share"]
    return {
        "title": corpus.title,
        "songs": int(index["song"].nunique()),
        "published": int(stems["song"].nunique()),
        "stems": len(stems),
        "median": float(shares.median()),
        "least": float(shares.min()),
        "most": float(shares.max()),
    }
