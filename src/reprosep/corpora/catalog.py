"""The catalog: one row per stem of a corpus, made from an examination of every recording before anything is computed.

Columns: song, artist, split, stem, instrument, target, path, stream (number of the audio stream in the file, 0 where it
holds one), sha256 (of the file), sample_rate (Hz), channels, samples, seconds, bleed.

The examination reads every recording and stops at what is wrong; what it found of those that are right is a table of
its own (song, stem, sha256, sample_rate, channels, samples), so that other limits mean another examination but the same
catalog.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.audio.store import read_table, write_table
from reprosep.base.errors import UserError
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.doctor.examine import examine, readable_songs, stop_at
from reprosep.corpora.doctor.findings import LEFT_OUT, check_names
from reprosep.corpora.further_classes import reclassed
from reprosep.corpora.layout import Song, Stem
from reprosep.corpora.recordings import compose_if_absent, is_copied
from reprosep.corpora.splits import assign_splits
from reprosep.params.data import Corpus
from reprosep.params.scale import Params

_READ = ["song", "stem", "sha256", "sample_rate", "channels", "samples"]

log = logging.getLogger(__name__)


def write_examination(params: Params, name: str, threads: int) -> None:
    """Read every recording and stop at what is wrong; writes ``examination.parquet``."""
    if is_copied(params, name, "examination.parquet"):
        return
    compose_if_absent(params.corpora[name], threads)
    write_table(params.results / name / "examination.parquet", examine_corpus(params, name, threads))


def write_catalog(params: Params, name: str, threads: int, examined: Path | None = None) -> None:
    """One row per stem, of recordings that are examined unless they were; writes ``catalog.parquet``."""
    path = params.results / name / "catalog.parquet"
    if is_copied(params, name, path.name):
        catalog = reclassed(name, read_catalog(path), params.corpora[name])
        if params.corpora[name].classes:
            write_table(path, catalog)
        check_targets(name, catalog, params.corpora[name])
        return
    compose_if_absent(params.corpora[name], threads)
    recordings = read_table(examined) if examined else None
    write_table(path, build_catalog(params, name, threads, recordings))


def examine_corpus(params: Params, name: str, threads: int = 1) -> pd.DataFrame:
    """The recordings of corpus `name` that can be read, one row each.

    Raises
    ------
    UserError
        On anything that `reprosep doctor` finds wrong with the corpus and that ``corpora.<name>.accept`` does not name.
    """
    corpus = params.corpora[name]
    check_names(f"params: corpora.{name}.accept", corpus.accept)
    examination = examine(name, corpus, params.audio, params.doctor, threads)
    stop_at(examination, corpus.accept)
    left_out = [finding.sentence for finding in examination.findings if finding.check == LEFT_OUT]
    if left_out:
        log.warning("%s: %d left out, first %s (`reprosep doctor %s`)", name, len(left_out), left_out[0], name)
    rows = [
        (item.song, item.stem.name, item.sha256, item.info.sample_rate, item.info.channels, item.info.samples)
        for item in examination.recordings
    ]
    return pd.DataFrame(rows, columns=_READ)


def build_catalog(params: Params, name: str, threads: int = 1, examined: pd.DataFrame | None = None) -> pd.DataFrame:
    """The catalog of corpus `name`, whose recordings are examined unless they were.

    Raises
    ------
    UserError
        When the examination stops, and on a target that too few songs of a part of the split have.
    """
    corpus = params.corpora[name]
    table = examine_corpus(params, name, threads) if examined is None else examined
    recordings: dict[tuple[str, str], dict[Any, Any]] = {
        (row["song"], row["stem"]): row for row in table.to_dict("records")
    }
    songs = assign_splits(name, readable_songs(name, corpus), corpus, params.seed)
    pairs = [(song, stem, recordings.get((song.name, stem.name))) for song in songs for stem in song.stems]
    catalog = pd.DataFrame([_row(song, stem, recording) for song, stem, recording in pairs if recording])
    catalog = reclassed(name, catalog, corpus)
    check_targets(name, catalog, corpus)
    return catalog


def _row(song: Song, stem: Stem, recording: dict[Any, Any]) -> dict[str, Any]:
    return {
        "song": song.name,
        "artist": song.artist,
        "split": song.split,
        "stem": stem.name,
        "instrument": stem.instrument,
        "target": stem.target,
        "path": stem.path,
        "stream": stem.stream,
        "sha256": recording["sha256"],
        "sample_rate": recording["sample_rate"],
        "channels": recording["channels"],
        "samples": recording["samples"],
        "seconds": recording["samples"] / recording["sample_rate"],
        "bleed": song.bleed,
    }


def check_targets(name: str, catalog: pd.DataFrame, corpus: Corpus) -> None:
    """:class:`UserError` for the first target that fewer songs hold than the corpus asks for."""
    fewest = {"train": 1, "test": 1, **corpus.least_songs}
    for target in corpus.targets:
        held = catalog[catalog["target"] == target]
        for split, least in fewest.items():
            songs = sorted(set(held.loc[held["split"] == split, "song"]))
            if len(songs) < least:
                raise UserError(_too_few(name, target, split, songs, least, sorted(set(held["song"]))))


def _too_few(name: str, target: str, split: str, songs: list[str], least: int, holders: list[str]) -> str:
    where = ", ".join(holders[:5]) or "none"
    if not songs:
        return (
            f"corpora.{name}: no {split} song holds '{target}' (songs that hold it: {where}); "
            f"move one with corpora.{name}.split or take '{target}' out of corpora.{name}.targets"
        )
    return (
        f"corpora.{name}.least_songs.{split}: {least}, but {len(songs)} hold '{target}' (songs that hold it: {where}); "
        f"lower it, move one with corpora.{name}.split or take '{target}' out of corpora.{name}.targets"
    )
