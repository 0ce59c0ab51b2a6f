"""Pitch labels of a recipe: which pitches the target plays in every frame, and in which frames that is known.

Frames are those of :meth:`.mixing.Mixer.labels`: of a chunk, an STFT that starts at its first sample; of a whole song,
a centred one. A frame has the notes that sound at its middle: frame t of a stem is centred at sample t·hop, and a note
lasts from the sample nearest to its start up to, but not with, the sample nearest to its end.

What a target plays in a mixture is what all its stems play together. It is known where the notes of all of them are: a
frame with a stem of the target whose notes nothing tells has no labels. What is behind the end of a stem is silent.

Shape: labels ``(pitch, frame)``, the first row being ``pitch.lowest``; notes outside the range are in no row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reprosep.corpora.notes_table import NOTES, read_notes_tables
from reprosep.mixtures.mixing import Mixer, Recipe
from reprosep.params.scale import Params

Spans = list[tuple[int, int, int]]  # row of a pitch, first frame, end


class PitchLabels:
    """Those of the recipes of a mixer, from the ``notes/`` folder of its corpus."""

    def __init__(self, params: Params, mixer: Mixer, folder: Path) -> None:
        self.params = params
        index, notes = read_notes_tables(folder)
        stems = mixer.stems
        rows = dict(zip(zip(stems["song"], stems["stem"], strict=True), stems["row"].tolist(), strict=True))
        told = index[index["origin"] != ""]
        known = [stem for stem in zip(told["song"], told["stem"], strict=True) if stem in rows]
        self._spans: dict[tuple[str, int], Spans] = {(song, rows[song, stem]): [] for song, stem in known}
        heard = notes[notes["pitch"].between(params.pitch.lowest, params.pitch.highest)]
        for song, stem, pitch, start, end in zip(*(heard[name].tolist() for name in NOTES), strict=True):
            spans = self._spans.get((song, rows.get((song, stem), -1)))
            if spans is not None:
                spans.append((pitch - params.pitch.lowest, *self._frames(start, end)))

    def _frames(self, start: float, end: float) -> tuple[int, int]:
        """First frame and end of a note: the frames whose middle lies in it."""
        rate, hop = self.params.audio.sample_rate, self.params.stft.hop
        first, last = (-(-round(seconds * rate) // hop) for seconds in (start, end))
        return first, last

    def of(self, recipe: Recipe, frames: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Labels bool ``(pitch, frame)`` and where they are known, bool ``(frame,)``; `frames` as of Mixer.labels."""
        hop, window = self.params.stft.hop, self.params.activity.window
        count = recipe.length // hop + 1 if frames is None else frames
        offset = 0 if frames is None else window // (2 * hop)
        labels = np.zeros((self.params.pitch.count, count), bool)
        stems = [excerpt for excerpt in recipe.excerpts if excerpt.role == "target"]
        known = all((one.song, one.row) in self._spans for one in stems)
        for excerpt in stems if known else []:
            first = excerpt.start // hop + offset
            for pitch, begin, end in self._spans[excerpt.song, excerpt.row]:
                labels[pitch, max(begin - first, 0) : max(end - first, 0)] = True
        return labels, np.full(count, known)

    def knows(self, song: str, row: int) -> bool:
        """Whether the notes of a stem are known."""
        return (song, row) in self._spans
