"""Average spectra of mixtures, to compare how corpora sound.

The average spectrum of a song is :math:`S[k] = \\frac1T \\sum_t |X[t, k]|` over the frames of an STFT with a Hann
window, divided by its norm so that :math:`\\sum_k S[k]^2 = 1` over the bins from 0 Hz to half the sample rate, and
given in dB as :math:`20 \\log_{10} S[k]`.

Conventions
-----------
- Spectra are of the recordings themselves at their own rate, not of the audio store: the published mixture, or the sum
  of the stems where there is none. Channels are averaged before the transform. Where the files of a corpus differ in
  rate, all are brought to the rate of most of them, so that bins are the same frequencies in every song.
- Frames are whole windows from sample 0 on; the rest of a song that fills none is left out, and a song that is shorter
  than a window is padded to one with zeros.
- A silent song has no energy and no spectrum: its levels are NaN.

References
----------
Manilow et al., Slakh (WASPAA 2019), Section 2.4 and Figure 2: 4096 samples, 50 % overlap, unit energy; after Pestana et
al., Spectral characteristics of popular commercial recordings 1950-2010 (AES 2013). Neither names the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.fft
import scipy.signal
import soxr

from reprosep.audio.io import sound_blocks, sound_info, to_channels
from reprosep.audio.store import write_table
from reprosep.base.errors import UserError
from reprosep.base.progress import track
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.layout import Faults, Song, Stem
from reprosep.corpora.reading import read_songs
from reprosep.corpora.recordings import compose_if_absent, is_copied
from reprosep.params.data import Spectra
from reprosep.params.scale import Params

FLOOR_DB = -200.0  # of bins that are exactly zero, far below the rounding of 16 bits
BLOCK = 2**17  # samples of a recording that are in memory at a time, with the frames that they make
_COLUMNS = ["song", "sample_rate", "seconds", "frames", "levels"]


class AverageSpectrum:
    """Mean magnitude over the frames of a signal that comes in blocks."""

    def __init__(self, settings: Spectra) -> None:
        self.size = settings.n_fft
        self.hop = round(self.size * (1 - settings.overlap))
        self.samples = self.frames = 0
        self._window = scipy.signal.get_window("hann", self.size)
        self._total = np.zeros(self.size // 2 + 1)
        self._rest = np.zeros(0)

    def add(self, samples: np.ndarray) -> None:
        """The next mono samples ``(sample,)``."""
        self.samples += len(samples)
        self._rest = np.concatenate([self._rest, samples])
        if len(self._rest) >= self.size:
            taken = self._transform(self._rest)
            self._rest = self._rest[taken * self.hop :]

    def mean(self) -> np.ndarray:
        """Mean magnitudes, float64 ``(bin,)``; a signal shorter than a window is padded with zeros."""
        if not self.frames:
            self._transform(np.pad(self._rest, (0, self.size - len(self._rest))))
        return self._total / self.frames

    def _transform(self, samples: np.ndarray) -> int:
        """Add the whole frames of samples; how many they are."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.size)[:: self.hop]
        self._total += np.abs(scipy.fft.rfft(frames * self._window, axis=1)).sum(axis=0)
        self.frames += len(frames)
        return len(frames)


def levels(magnitudes: np.ndarray) -> np.ndarray:
    """Magnitudes ``(bin,)`` brought to unit energy, in dB and not below the floor; NaN where all are zero."""
    energy = float(np.sum(np.square(magnitudes)))
    if energy == 0:
        return np.full_like(magnitudes, np.nan)
    return np.asarray(20 * np.log10(np.maximum(magnitudes / np.sqrt(energy), 10 ** (FLOOR_DB / 20))))


def spectra_table(songs: Sequence[Song], rate: int, settings: Spectra, threads: int, title: str) -> pd.DataFrame:
    """The average spectrum of every song: song, sample_rate (Hz), seconds, frames, levels (dB, float32, one per bin).

    Parameters
    ----------
    rate: Hz, to which recordings of another rate are brought.
    title: of the progress.

    Raises
    ------
    UserError
        When a recording is missing, truncated or unreadable.
    """

    def row(song: Song) -> tuple[str, int, float, int, np.ndarray]:
        spectrum = AverageSpectrum(settings)
        for samples in mixture_blocks(song, rate):
            spectrum.add(samples)
        mean_levels = levels(spectrum.mean()).astype(np.float32)
        return song.name, rate, spectrum.samples / rate, spectrum.frames, mean_levels

    with ThreadPoolExecutor(threads) as pool:
        try:
            rows = list(track(pool.map(row, songs), title, len(songs)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return pd.DataFrame(rows, columns=_COLUMNS)


def mixture_blocks(song: Song, rate: int) -> Iterator[np.ndarray]:
    """The published mixture of a song, else the sum of its stems: blocks ``(sample,)``, mono float32, at `rate` Hz."""
    if song.mixture is not None:
        yield from _mono(song.mixture, rate)
        return
    for parts in zip_longest(*(_equal_blocks(_mono(stem, rate)) for stem in song.stems), fillvalue=_NOTHING):
        total = np.zeros(max(map(len, parts)), np.float32)
        for part in parts:
            total[: len(part)] += part
        yield total


_NOTHING = np.zeros(0, np.float32)


def _mono(stem: Stem, rate: int) -> Iterator[np.ndarray]:
    own = sound_info(stem.path, stem.stream).sample_rate
    blocks = (to_channels(block, 1)[:, 0] for block in sound_blocks(stem.path, stem.stream, BLOCK))
    if own == rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(own, rate, 1, dtype="float32", quality="HQ")
    yield from (stream.resample_chunk(block) for block in blocks)
    yield stream.resample_chunk(_NOTHING, last=True)


def _equal_blocks(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples in blocks of one size, the last of them shorter."""
    rest = _NOTHING
    for block in blocks:
        rest = np.concatenate([rest, block])
        for _ in range(len(rest) // BLOCK):
            yield rest[:BLOCK]
            rest = rest[BLOCK:]
    yield rest


def usual_rate(rates: Iterable[int]) -> int:
    """The most frequent of sample rates, the highest of several such."""
    counts = pd.Series(list(rates)).value_counts()
    return int(counts[counts == counts.max()].index.max())


def write_spectra(params: Params, name: str, threads: int) -> None:
    """The average spectrum of the mixture of every song of the catalog; writes ``spectra.parquet``."""
    if is_copied(params, name, "spectra.parquet"):
        return
    compose_if_absent(params.corpora[name], threads)
    folder = params.results / name
    stems = read_catalog(folder / "catalog.parquet")
    by_name = {song.name: song for song in read_songs(name, params.corpora[name], Faults(keep=True))}
    songs = [_catalogued(by_name, song, folder) for song in dict.fromkeys(stems["song"])]
    table = spectra_table(songs, usual_rate(stems["sample_rate"]), params.spectra, threads, f"spectra {name}")
    write_table(folder / "spectra.parquet", table)


def _catalogued(by_name: dict[str, Song], song: str, folder: Path) -> Song:
    if song not in by_name:
        raise UserError(
            f"{folder / 'catalog.parquet'}: lists song '{song}', which is not in the corpus's folders; "
            "bring it back, or delete the catalog and make it anew"
        )
    return by_name[song]
