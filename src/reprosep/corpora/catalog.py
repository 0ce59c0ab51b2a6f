"""The catalog: one row per stem of a corpus, made from an examination of every recording before anything is computed.

Columns: song, artist, split, stem, instrument, target, path, stream (number of the audio stream in the file, 0 where it
holds one), sha256 (of the file), sample_rate (Hz), channels, samples, seconds, bleed.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from reprosep.corpora.layout import Song
from reprosep.corpora.splits import assign_splits
from reprosep.doctor.examine import examine, stop_at
from reprosep.doctor.findings import check_names
from reprosep.doctor.sound import Recording
from reprosep.errors import UserError
from reprosep.params import Params


def build_catalog(params: Params, name: str, threads: int = 1) -> pd.DataFrame:
    """The catalog of corpus `name`.

    Raises
    ------
    UserError
        On anything that `reprosep doctor` finds wrong with the corpus and that ``corpora.<name>.accept`` does not name,
        and on a target that no training or no test song has.
    """
    corpus = params.corpora[name]
    check_names(f"params: corpora.{name}.accept", corpus.accept)
    examination = examine(name, corpus, params.audio, params.doctor, threads)
    stop_at(examination, corpus.accept)
    recordings = {(item.song, item.stem.name): item for item in examination.recordings}
    songs = assign_splits(name, examination.songs, corpus, params.seed)
    pairs = [(song, recordings.get((song.name, stem.name))) for song in songs for stem in song.stems]
    catalog = pd.DataFrame([_row(song, recording) for song, recording in pairs if recording])
    _check_targets(name, catalog, corpus.targets)
    return catalog


def _row(song: Song, recording: Recording) -> dict[str, Any]:
    stem, info = recording.stem, recording.info
    return {
        "song": song.name,
        "artist": song.artist,
        "split": song.split,
        "stem": stem.name,
        "instrument": stem.instrument,
        "target": stem.target,
        "path": stem.path,
        "stream": stem.stream,
        "sha256": recording.sha256,
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "samples": info.samples,
        "seconds": info.samples / info.sample_rate,
        "bleed": song.bleed,
    }


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
