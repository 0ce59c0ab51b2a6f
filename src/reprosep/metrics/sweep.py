"""One pass over references and estimates: correlations, energies and silence of every frame and of the whole song."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from reprosep.metrics.blocks import Workspace
from reprosep.metrics.correlation import Correlator, plan
from reprosep.metrics.frame_lags import FrameLags
from reprosep.metrics.frames import Framing, sounds
from reprosep.metrics.signals import Signals

_CUTS_AT_ONCE = 16


@dataclass(frozen=True)
class Lags:
    """Correlations of the references with other rows: of every frame and of the whole song."""

    frames: FrameLags  # of (lag, reference row, row)
    total: np.ndarray  # (lag, reference row, row)


@dataclass(frozen=True)
class Sweep:
    """What a pass found; rows are the references' and, behind them, the estimates'.

    Attributes
    ----------
    own, cross
        Correlations of the references with themselves and with the estimates, as far as they were asked for.
    energy
        Of every row, ``(row, frame)``.
    error
        Of every estimated row minus its reference's row, ``(row, frame)``.
    sounds
        Whether each source is not silent, ``(source, frame)``.
    """

    own: Lags | None
    cross: Lags | None
    energy: np.ndarray
    error: np.ndarray
    sounds: np.ndarray


@dataclass(frozen=True)
class Piece:
    """Rows of a part of a song, ``(row, sample)``."""

    true: np.ndarray  # the references'
    estimated: np.ndarray
    rows: np.ndarray  # room for the references in the basis, and the estimates'

    def until(self, length: int) -> Piece:
        """The first `length` samples."""
        return Piece(self.true[:, :length], self.estimated[:, :length], self.rows[:, :length])


@dataclass(frozen=True)
class Sweeper:
    """Reads references and estimates together.

    Attributes
    ----------
    references
        Their length is that of the song.
    estimates
        Groups of the same number of channels; cut or padded with zeros to the song's length.
    partners
        The reference row of every estimated row.
    basis
        What the references' rows are multiplied by before they are correlated, ``(row, row)``.
    """

    references: Signals
    estimates: list[Signals]
    partners: list[int]
    framing: Framing
    taps: int
    basis: np.ndarray
    device: str | None = None
    work: Workspace = field(default_factory=Workspace)

    @property
    def rows(self) -> int:
        """Rows of the references."""
        return self.references.sources * self.references.channels

    def read(self, start: int, stop: int, space: int | None = None) -> Piece:
        """The song from `start` to `stop` and zeros up to `space` samples, in the memory of what was read before."""
        space = space or stop - start
        true = self.work.array("true", (self.rows, space))
        rows = self.work.array("rows", (self.rows + len(self.partners), space))
        first, last = max(start, 0), min(stop, self.references.samples)
        for part in (true, rows[self.rows :]):
            part[:, : first - start] = 0.0
            part[:, last - start :] = 0.0
        self.references.read(first, true[:, first - start : last - start])
        row = self.rows
        for signals in self.estimates:
            count = signals.sources * signals.channels
            signals.read(first, rows[row : row + count, first - start : last - start])
            row += count
        return Piece(true, rows[self.rows :], rows)

    def turn(self, piece: Piece) -> np.ndarray:
        """All rows, the references in the basis."""
        np.matmul(self.basis, piece.true, out=piece.rows[: self.rows])
        return piece.rows

    def sweep(self, own: bool, filters: bool) -> Sweep:
        """Go over the song once.

        Parameters
        ----------
        own
            Whether to correlate the references with themselves too.
        filters
            Whether to correlate at all.

        Raises
        ------
        OSError
            When a long song's correlations find no room on the disk.
        """
        rows, parts = self.rows + len(self.partners), self.framing.slices
        found = Sweep(
            None,
            None,
            np.zeros((rows, len(parts))),
            np.zeros((len(self.partners), len(parts))),
            np.zeros((rows // self.references.channels, len(parts)), bool),
        )
        if not filters:
            for frame, part in enumerate(parts):
                self._slice(None, found, frame, *part)
            return found
        return self._correlate(own, found)

    def _correlate(self, own: bool, found: Sweep) -> Sweep:
        """The sweep with the correlations of all frames, and of the whole song.

        The latter are the sum over the frames where these make the song up, with the products across their cuts.
        """
        first = 0 if own else self.rows
        correlator = Correlator(self.rows, first, self.taps, self.device)
        parts, split = self.framing.slices, self.rows - first
        widths = [width for width in (split, len(self.partners)) if width]
        kept = [FrameLags(len(parts), (self.taps, self.rows, width)) for width in widths]
        total = np.zeros((self.taps, self.rows, split + len(self.partners)))
        cuts = _Cuts(correlator) if self._frames_meet else None
        for frame, part in enumerate(parts):
            lags = self._slice(correlator, found, frame, *part, cuts)
            total += lags
            for one, columns in zip(kept, _split(lags, split), strict=True):
                one.append(columns)
            if cuts and len(cuts.before) == _CUTS_AT_ONCE:
                total += cuts.lags()
        total = self._total(correlator, total)
        if cuts and cuts.before:
            total += cuts.lags()
        totals = [np.ascontiguousarray(columns) for columns in _split(total, split)]
        lags_of = [Lags(*both) for both in zip(kept, totals, strict=True)]
        mine = lags_of.pop(0) if own else None
        return replace(found, own=mine, cross=lags_of[0] if lags_of else None)

    def _total(self, correlator: Correlator, frames: np.ndarray) -> np.ndarray:
        """Of the whole song but for what is across cuts, from the sum over its frames."""
        samples, parts = self.references.samples, self.framing.slices
        if self.framing.whole:
            return frames
        if not self._frames_meet:
            return self._slice(correlator, None, 0, 0, samples)
        if parts[-1][1] < samples:
            return frames + self._slice(correlator, None, 0, parts[-1][1], samples)
        return frames

    @property
    def _frames_meet(self) -> bool:
        """Whether frames neither overlap nor leave gaps, so that the song is their sum."""
        return not self.framing.whole and self.framing.hop == self.framing.window

    def _slice(
        self,
        correlator: Correlator | None,
        found: Sweep | None,
        frame: int,
        start: int,
        stop: int,
        cuts: _Cuts | None = None,
    ) -> np.ndarray:
        """Correlations of one slice, outside of which all signals count as zero.

        `found` takes the rest of a frame, `cuts` what is around its end.
        """
        cut = plan(stop - start, self.taps, 2 * self.rows + len(self.partners))
        if correlator:
            correlator.begin(cut)
        for first in range(start, stop, cut.piece):
            length = min(cut.piece, stop - first)
            blocks = -(-length // cut.block)
            reach = self.taps - 1
            end = stop + reach if cuts else stop  # that much is in the memory of the last piece anyway
            whole = self.read(first, min(end, first + length + reach), blocks * cut.block + reach)
            if found:
                self._note(found, frame, whole.until(length))
            if correlator:
                rows = self.turn(whole)
                if cuts and first + length == stop:
                    cuts.take(rows, length, self._before(rows, length, start, stop))
                elif cuts and first + length + reach > stop:
                    rows[:, stop - first :] = 0.0
                correlator.add(rows, length)
        return correlator.end() if correlator else np.zeros(0)

    def _note(self, found: Sweep, frame: int, piece: Piece) -> None:
        """Add the energies, errors and silence of a piece to those of its frame."""
        both, channels = (piece.true, piece.estimated), self.references.channels
        found.energy[:, frame] += np.concatenate([np.vecdot(rows, rows) for rows in both])
        found.sounds[:, frame] |= np.concatenate([sounds(rows, channels) for rows in both])
        difference = self.work.array("difference", (piece.true.shape[1],))
        for row, partner in enumerate(self.partners):
            np.subtract(piece.estimated[row], piece.true[partner], out=difference)
            found.error[row, frame] += difference @ difference

    def _before(self, rows: np.ndarray, length: int, start: int, stop: int) -> np.ndarray:
        """The references' last ``taps - 1`` samples of a slice that ends with these `length` samples of `rows`."""
        reach = self.taps - 1
        some = min(reach, stop - start)
        before = np.zeros((self.rows, reach))
        if length >= some:
            before[:, reach - some :] = rows[: self.rows, length - some : length]
        else:  # the last piece is shorter than the filters
            true = np.empty((self.rows, some))
            self.references.read(stop - some, true)
            before[:, reach - some :] = self.basis @ true
        return before


class _Cuts:
    """Rows around the ends of frames, correlated some at a time."""

    def __init__(self, correlator: Correlator) -> None:
        self._correlator = correlator
        self.before: list[np.ndarray] = []
        self._after: list[np.ndarray] = []

    def take(self, rows: np.ndarray, length: int, before: np.ndarray) -> None:
        """The end of a frame behind `length` samples of `rows`; what follows it is zero from then on."""
        reach = self._correlator.taps - 1
        self.before.append(before)
        self._after.append(rows[self._correlator.first :, length : length + reach].copy())
        rows[:, length:] = 0.0

    def lags(self) -> np.ndarray:
        """Correlations across the ends so far."""
        lags = self._correlator.across(np.stack(self.before, axis=1), np.stack(self._after, axis=1))
        self.before, self._after = [], []
        return lags


def _split(lags: np.ndarray, split: int) -> list[np.ndarray]:
    """Correlations with the references themselves and with the estimates, as far as there are any."""
    return [part for part in (lags[..., :split], lags[..., split:]) if part.shape[-1]]
