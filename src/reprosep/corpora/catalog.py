"""The catalog: one row per stem of a corpus, checked from the files' headers before anything is computed.

Columns: song, artist, split, stem, instrument, target, path, stream (number of the audio stream in the file, 0 where it
holds one), sha256 (of the file), sample_rate (Hz), channels, samples, seconds, bleed.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from reprosep.audio.io import SoundInfo, sound_info
from reprosep.corpora import folder, medleydb, musdb, slakh
from reprosep.corpora.layout import Song, Stem
from reprosep.corpora.registry import Version, load_version
from reprosep.corpora.splits import assign_splits
from reprosep.errors import UserError
from reprosep.files import sha256
from reprosep.params import Params
from reprosep.progress import track

_LENGTH_TOLERANCE_SECONDS = 0.1  # published stems of one song differ by a few samples at most


def build_catalog(params: Params, name: str, threads: int = 1) -> pd.DataFrame:
    """The catalog of corpus `name`.

    Raises
    ------
    UserError
        On a missing folder or file, an unreadable header, stems of different length, an unknown instrument, or a
        target that no training or no test song has.
    """
    corpus = params.corpora[name]
    songs = assign_splits(name, read_songs(params, name), corpus, params.seed)
    stems = [(song, stem) for song in songs for stem in song.stems]
    with ThreadPoolExecutor(threads) as pool:
        infos = list(
            track(pool.map(lambda pair: sound_info(pair[1].path, pair[1].stream), stems), f"catalog {name}", len(stems))
        )
        files = list(dict.fromkeys(stem.path for _, stem in stems))  # a stems file holds several stems
        sums = dict(zip(files, track(pool.map(sha256, files), f"checksums {name}", len(files)), strict=True))
    rows = [_row(song, stem, info, sums[stem.path]) for (song, stem), info in zip(stems, infos, strict=True)]
    catalog = pd.DataFrame(rows)
    if corpus.kind != "folder":
        _check_lengths(catalog)
    _check_targets(name, catalog, corpus.targets)
    return catalog


def read_songs(params: Params, name: str) -> list[Song]:
    """The songs of a corpus in its layout, splits not yet assigned where the layout has none."""
    corpus = params.corpora[name]
    versions = [_version(name, corpus.kind, version) for version in corpus.versions]
    songs: list[Song] = []
    for root in corpus.roots:
        if corpus.kind == "musdb":
            songs += musdb.read_songs(root, versions)
        elif corpus.kind == "medleydb":
            songs += medleydb.read_songs(root)
        elif corpus.kind == "slakh":
            songs += slakh.read_songs(root, versions)
        else:
            songs += folder.read_songs(root, corpus.files, corpus.split.get("ignore", ()))
    _check_unique(songs)
    return songs


def _version(corpus: str, kind: str, name: str) -> Version:
    version = load_version(name)
    if version.kind != kind:
        raise UserError(
            f"params: corpora.{corpus}.versions: '{name}' is a corpus of kind '{version.kind}', expected '{kind}' "
            f"as in corpora.{corpus}.kind; correct one of the two"
        )
    return version


def _row(song: Song, stem: Stem, info: SoundInfo, checksum: str) -> dict[str, Any]:
    return {
        "song": song.name,
        "artist": song.artist,
        "split": song.split,
        "stem": stem.name,
        "instrument": stem.instrument,
        "target": stem.target,
        "path": stem.path,
        "stream": stem.stream,
        "sha256": checksum,
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "samples": info.samples,
        "seconds": info.samples / info.sample_rate,
        "bleed": song.bleed,
    }


def _check_unique(songs: Iterable[Song]) -> None:
    seen: dict[str, Song] = {}
    for song in songs:
        if song.name in seen:
            raise UserError(
                f"{song.stems[0].path}: song '{song.name}' is also at {seen[song.name].stems[0].path}; "
                "rename or remove one of them"
            )
        seen[song.name] = song


def _check_lengths(catalog: pd.DataFrame) -> None:
    for song, stems in catalog.groupby("song", sort=False):
        usual = stems["seconds"].median()
        odd = stems[(stems["seconds"] - usual).abs() > _LENGTH_TOLERANCE_SECONDS]
        if len(odd):
            first = odd.iloc[0]
            raise UserError(
                f"{first['path']}: {first['seconds']:.2f} s long, the other stems of '{song}' {usual:.2f} s; "
                "stems must be aligned and of one length, get the file anew"
            )


def _check_targets(name: str, catalog: pd.DataFrame, targets: list[str]) -> None:
    for target in targets:
        for split in ("train", "test"):
            part = catalog[(catalog["split"] == split) & (catalog["target"] == target)]
            if part.empty:
                holders = sorted(set(catalog.loc[catalog["target"] == target, "song"]))
                where = ", ".join(holders[:5]) or "none"
                raise UserError(
                    f"corpora.{name}: no {split} song holds '{target}' (songs that hold it: {where}); "
                    f"move one with corpora.{name}.split or take '{target}' out of corpora.{name}.targets"
                )
