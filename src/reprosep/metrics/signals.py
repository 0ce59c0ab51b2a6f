"""Groups of equally long signals that are read piece by piece, from memory or from files.

Conventions
-----------
A group is ``(source, sample, channel)``. The metrics read it in pieces of *rows*, ``(source · channel, sample)`` in
float64, so that a song need not be in memory. Beyond its end a group is silent.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import soundfile

_PIECE = 1 << 17  # samples that are looked at together
_AHEAD = 1 << 16  # samples of a file that are read together
_UNKNOWN = 2**62  # frames of a flac whose header does not tell them: libsndfile gives the largest number there is


class Signals(Protocol):
    """Signals of one length and one number of channels."""

    sources: int
    samples: int
    channels: int

    def read(self, start: int, rows: np.ndarray) -> None:
        """Fill `rows`, float64 ``(source · channel, sample)``, with the samples from `start` on."""
        ...


class ArraySignals:
    """Signals in memory.

    Parameters
    ----------
    array
        ``(source, sample, channel)`` or, of one channel, ``(source, sample)``; any real type, also tensors.

    Raises
    ------
    ValueError
        For another number of dimensions, nothing in it, or a sample that is not a finite number.
    """

    def __init__(self, array: Any) -> None:
        array = as_array(array)
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or not array.size:
            raise ValueError(f"shape {array.shape}, expected (source, sample, channel), at least one of each")
        if not all(np.isfinite(array[:, start : start + _PIECE]).all() for start in range(0, array.shape[1], _PIECE)):
            raise ValueError("a sample is not a finite number (NaN or infinity)")
        self.array = array
        self.sources, self.samples, self.channels = array.shape

    def read(self, start: int, rows: np.ndarray) -> None:
        """Fill `rows`, float64 ``(source · channel, sample)``, with the samples from `start` on."""
        piece = self.array[:, start : start + rows.shape[1]]
        by_source = rows.reshape(self.sources, self.channels, -1)
        by_source[:, :, : piece.shape[1]] = piece.transpose(0, 2, 1)
        by_source[:, :, piece.shape[1] :] = 0.0


class FileSignals:
    """Sound files in formats that libsndfile seeks in to the sample (wav, flac, aiff); a source may be a sum of files.

    The group has the length of its longest file and the channels of its widest; a mono file among stereo ones is
    doubled.

    Parameters
    ----------
    sources
        For every source its files.

    Raises
    ------
    ValueError
        When the files have different sample rates, or more than one channel but not equally many, or one does not say
        how long it is, and on reading a sample that is not finite.
    """

    def __init__(self, sources: Sequence[Sequence[Path]]) -> None:
        import soundfile

        def opened(path: Path) -> tuple[Path, soundfile.SoundFile]:  # by its descriptor: a name may be of any bytes
            return path, soundfile.SoundFile(os.open(path, os.O_RDONLY))

        self._files = [[opened(path) for path in paths] for paths in sources]
        files = [file for group in self._files for _, file in group]
        if unknown := [path for group in self._files for path, file in group if file.frames >= _UNKNOWN]:
            self.close()
            raise ValueError(f"{unknown[0]}: its header does not say how long it is; write it anew as wav")
        rates, widths = {file.samplerate for file in files}, {file.channels for file in files} - {1} or {1}
        if len(rates) > 1:
            raise ValueError(f"sample rates {sorted(rates)} Hz, expected one")
        if len(widths) > 1:
            raise ValueError(f"{sorted(widths)} channels, expected one number")
        self._kept: dict[int, tuple[int, np.ndarray]] = {}
        self.sources = len(self._files)
        self.samples = max(file.frames for file in files)
        self.channels, self.sample_rate = widths.pop(), rates.pop()

    def read(self, start: int, rows: np.ndarray) -> None:
        """Fill `rows`, float64 ``(source · channel, sample)``, with the samples from `start` on."""
        rows[:] = 0.0
        by_source = rows.reshape(self.sources, self.channels, -1)
        for row, files in zip(by_source, self._files, strict=True):
            for path, file in files:
                if start < file.frames:
                    piece = self._piece(file, start, min(rows.shape[1], file.frames - start))
                    if not np.isfinite(piece).all():
                        raise ValueError(f"{path}: a sample is not a finite number (NaN or infinity)")
                    row[:, : len(piece)] += piece.T

    def _piece(self, file: soundfile.SoundFile, start: int, count: int) -> np.ndarray:
        """Samples ``(sample, channel)``.

        To seek is expensive in flac, and soundfile does it after every reading: whoever goes on where the last piece
        ended gets it from more that is read at once.
        """
        begun, kept = self._kept.get(id(file), (-1, np.empty((0, file.channels))))
        goes_on = begun <= start <= begun + len(kept) and begun >= 0
        piece = kept[start - begun :] if goes_on else kept[:0]
        if len(piece) < count:
            if not goes_on:
                file.seek(start)
            left = count - len(piece)
            more = file.read(max(left, _AHEAD) if goes_on else left, dtype="float64", always_2d=True)
            piece = np.concatenate([piece, more])
            self._kept[id(file)] = (start, piece)
        return piece[:count]

    def close(self) -> None:
        """Close the files."""
        for files in self._files:
            for _, file in files:
                file.close()


class Mono:
    """Signals whose channels are averaged."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self.sources, self.samples, self.channels = signals.sources, signals.samples, 1

    def read(self, start: int, rows: np.ndarray) -> None:
        """Fill `rows`, float64 ``(source, sample)``, with the samples from `start` on."""
        channels = np.empty((self.sources * self._signals.channels, rows.shape[1]))
        self._signals.read(start, channels)
        rows[:] = channels.reshape(self.sources, self._signals.channels, -1).mean(axis=1)


def as_signals(signals: Any) -> Signals:
    """`signals` themselves, or an array, a tensor or a list of them as :class:`ArraySignals`."""
    is_array = hasattr(signals, "__array__") or isinstance(signals, Sequence)
    return ArraySignals(signals) if is_array else signals


def as_array(signals: Any) -> np.ndarray:
    """An array, a tensor of PyTorch on any device, or a list of either, as an array."""
    if isinstance(signals, Sequence) and any(hasattr(signal, "detach") for signal in signals):
        return np.stack([as_array(signal) for signal in signals])
    return np.asarray(signals.detach().cpu() if hasattr(signals, "detach") else signals)
