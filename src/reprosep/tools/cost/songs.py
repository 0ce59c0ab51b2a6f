"""How many songs, stems and hours a corpus has: by its catalog, or before there is one by what is published of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.corpora.registry import load_version, song_list
from reprosep.corpora.splits import split_rows
from reprosep.params.data import Corpus
from reprosep.params.scale import Params

COLUMNS = ["song", "split", "targets", "stems", "seconds"]


def describe(params: Params, name: str, minutes: float) -> tuple[pd.DataFrame, str]:
    """A row per song that is used (song, split, set of targets, stems, seconds), and where this is known from.

    `minutes` is taken for the length of every song until the catalog tells it.

    Raises
    ------
    UserError
        For a corpus that has neither a catalog nor a published list of songs.
    """
    catalog = params.results / name / "catalog.parquet"
    if catalog.exists():
        return _catalog_songs(catalog), "catalog"
    corpus = params.corpora[name]
    if not corpus.versions:
        raise UserError(
            f"corpora.{name}: what it costs is known from its catalog, and there is no {catalog}; "
            f"make it first: reprosep recordings {name}, then reprosep catalog {name}"
        )
    songs = _split_file_songs(corpus) if corpus.split_file else _listed_songs(corpus)
    return songs.assign(seconds=60.0 * minutes), f"lists of songs, {minutes:g} min each"


def is_known(params: Params, name: str) -> bool:
    """Whether there is a catalog of a corpus, or a published list of its songs."""
    return (params.results / name / "catalog.parquet").exists() or bool(params.corpora[name].versions)


def _catalog_songs(path: Path) -> pd.DataFrame:
    stems = read_table(path)
    seconds = stems["samples"] / stems["sample_rate"]
    rows = [
        (song, group["split"].iloc[0], set(group["target"]) - {""}, len(group), float(seconds[group.index].max()))
        for song, group in stems.groupby("song", sort=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _published(corpus: Corpus) -> dict[str, str]:
    lists = [song_list(load_version(version)) for version in corpus.versions]
    return {song: split for songs in lists for song, split in songs.items()}


def _listed_songs(corpus: Corpus) -> pd.DataFrame:
    """Where every song has one stem of each target, as in MUSDB18."""
    targets = set(corpus.targets)
    rows = [(song, split or "train", targets, len(targets)) for song, split in _published(corpus).items()]
    return pd.DataFrame(rows, columns=COLUMNS[:-1])


def _split_file_songs(corpus: Corpus) -> pd.DataFrame:
    """The published songs of a split file; without the columns targets and stems, every song holds every target."""
    assert corpus.split_file
    public, rows = _published(corpus), []
    for row in split_rows(corpus.split_file):
        if row["song"] in public and row["split"] != "ignore":
            targets = row.get("targets")
            held = set(corpus.targets) if targets is None else set(targets.split())
            rows.append((row["song"], row["split"], held, int(row.get("stems") or len(held))))
    return pd.DataFrame(rows, columns=COLUMNS[:-1])
