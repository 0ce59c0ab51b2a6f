"""The int16 store: every stem of a corpus decoded once, resampled, and memory-mapped from then on.

One file per song, ``<song>.<digest>.npy``, int16 ``(stem, sample, channel)``; the digest covers the recordings and the
store's format, so that a file is valid whenever it exists and an interrupted run goes on where it was.
``index.parquet`` has one row per stem and is written last.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reprosep.audio.arrays import load_array, save_array
from reprosep.audio.health import sample_problems
from reprosep.audio.io import read_sound, resample, to_channels
from reprosep.base.errors import UserError
from reprosep.base.files import digest, slug
from reprosep.base.progress import track
from reprosep.base.seal import BLANK, DamagedError, check, check_bytes, is_whole, sealed_file
from reprosep.params.data import Audio

FULL_SCALE = 32768.0
_LONGEST_WRITE = 3600.0  # seconds in which a song is written, on the slowest of disks
_FORMAT = 2  # raise it when the meaning of stored samples changes


class SongArrays:
    """Arrays of a corpus, one memory-mapped file per song; rows are the song's stems in catalog order."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.index = read_table(self.folder / "index.parquet")
        self._files: dict[str, str] = dict(zip(self.index["song"], self.index["file"], strict=True))
        self.load: Callable[[str], np.ndarray] = lru_cache(maxsize=None)(self._load)

    def _load(self, song: str) -> np.ndarray:
        return load_array(self.folder / self._files[song])

    def read(self, stem: tuple[str, int], start: int, samples: int) -> np.ndarray:
        """That part of a stem (song, row), without a copy; shorter where the stem ends."""
        song, row = stem
        part: np.ndarray = self.load(song)[row, start : start + samples]
        return part


class Arrays(Protocol):
    """Arrays by song: of one corpus, or of several together."""

    index: pd.DataFrame
    load: Callable[[str], np.ndarray]

    def read(self, stem: tuple[str, int], start: int, samples: int) -> np.ndarray:
        """That part of a stem (song, row)."""
        ...


class JoinedArrays:
    """The arrays of two corpora without a song in common."""

    def __init__(self, first: Arrays, second: Arrays) -> None:
        self.index = pd.concat([first.index, second.index], ignore_index=True)
        self._of = {song: part for part in (first, second) for song in part.index["song"]}
        self.load: Callable[[str], np.ndarray] = self._load

    def _load(self, song: str) -> np.ndarray:
        return self._of[song].load(song)

    def read(self, stem: tuple[str, int], start: int, samples: int) -> np.ndarray:
        """That part of a stem (song, row), without a copy; shorter where the stem ends."""
        return self._of[stem[0]].read(stem, start, samples)


def read_table(path: str | Path) -> pd.DataFrame:
    """A parquet table that :func:`write_table` wrote; :class:`UserError` when it is missing or damaged."""
    check(Path(path))
    return pd.read_parquet(path)


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """A parquet table, whole or not at all, with its checksum among its metadata and one for every page of it."""
    content = pa.Table.from_pandas(table, preserve_index=False)
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), b"checksum": BLANK.encode()})
    with sealed_file(path) as temporary:
        pq.write_table(content, temporary, write_page_checksum=True)


def build_store(catalog: pd.DataFrame, folder: Path, audio: Audio, channels: int, threads: int) -> None:
    """Decode every stem of the catalog; songs already decoded in the same format are kept.

    Raises
    ------
    UserError
        On stems that are unreadable, silent (unless accepted), clipped, or other files than the catalog was made from.
    """

    def build(song: str) -> list[dict[str, Any]]:
        stems = catalog[catalog["song"] == song]
        stamp = digest([_FORMAT, _recordings(stems), audio.sample_rate, channels])
        file = f"{slug(song)}.{stamp}.npy"
        if not is_whole(folder / file):
            save_array(folder / file, _decode_song(stems, audio, channels))
        return _rows(stems, load_array(folder / file), file, audio)

    build_song_files(catalog, folder, build, threads, "audio store")


def build_song_files(
    catalog: pd.DataFrame,
    folder: Path,
    build: Callable[[str], list[dict[str, Any]]],
    threads: int,
    title: str,
) -> None:
    """Run `build` for every song in threads, then write the index of all rows and drop files of other recipes."""
    songs = list(dict.fromkeys(catalog["song"]))
    with ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(build, song): song for song in songs}
        try:
            results = {futures[done]: done.result() for done in track(as_completed(futures), title, len(songs))}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    index = pd.DataFrame([row for song in songs for row in results[song]])
    write_table(folder / "index.parquet", index)
    _drop_others(folder, set(index["file"]))


def _drop_others(folder: Path, wanted: Iterable[str]) -> None:
    """Files of other recipes, and what a kill left behind; not what another process is writing at this moment."""
    for path in folder.glob("*.npy"):
        with contextlib.suppress(FileNotFoundError):  # dropped by the other process
            if path.name not in wanted and not (path.name.startswith(".") and _age(path) < _LONGEST_WRITE):
                path.unlink()


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _recordings(stems: pd.DataFrame) -> list[str]:
    """What tells the recordings of a song apart: the file's bytes, and the stream where a file holds several."""
    return [
        f"{checksum}:{stream}" if stream else checksum
        for checksum, stream in zip(stems["sha256"], stems["stream"].tolist(), strict=True)
    ]


def _decode_song(stems: pd.DataFrame, audio: Audio, channels: int) -> np.ndarray:
    """int16 ``(stem, sample, channel)``; shorter stems are padded with zeros at their end."""
    sources = zip(stems["path"], stems["stream"].tolist(), strict=True)
    decoded = [_decode_stem(path, stream, audio, channels) for path, stream in sources]
    for path, recorded in dict(zip(stems["path"], stems["sha256"], strict=True)).items():
        _check_recorded(Path(path), recorded)
    length = max(len(stem) for stem in decoded)
    song = np.zeros((len(decoded), length, channels), np.int16)
    for row, stem in zip(song, decoded, strict=True):
        row[: len(stem)] = stem
    return song


def _check_recorded(path: Path, recorded: str) -> None:
    try:
        check_bytes(path, recorded)
    except DamagedError as error:
        raise UserError(
            f"{path}: not the file that the catalog was made from (its SHA-256 is another); put that file back, or "
            "delete the corpus's catalog.parquet where this one is right, and run the same command again"
        ) from error


def _decode_stem(path: str, stream: int, audio: Audio, channels: int) -> np.ndarray:
    samples, rate = read_sound(path, stream)
    for _, sentence in sample_problems(path, samples, audio):
        raise UserError(sentence)
    samples = resample(to_channels(samples, channels), rate, audio.sample_rate)
    return np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _rows(stems: pd.DataFrame, song: np.ndarray, file: str, audio: Audio) -> list[dict[str, Any]]:
    """Index rows: where a stem is and its root mean square over its whole length, full scale = 1."""
    rows = []
    for row, (name, stem) in enumerate(zip(stems["stem"], stems["song"], strict=True)):
        samples = song[row].astype(np.float32) / FULL_SCALE
        rms = float(np.sqrt(np.mean(np.square(samples), dtype=np.float64)))
        rows.append({"song": stem, "stem": name, "row": row, "file": file, "samples": song.shape[1], "rms": rms})
    return rows
