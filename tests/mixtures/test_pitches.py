"""Pitch labels lie at the frames of the activity labels, to the sample, and say where they are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from conftest import Line
from reprosep.audio.stft import frame_count, stft
from reprosep.audio.store import write_table
from reprosep.corpora.notes_table import INDEX, NOTES
from reprosep.mixtures.mixing import Excerpt, Mixer, Recipe
from reprosep.mixtures.pitches import PitchLabels

Note = tuple[str, str, int, float, float]  # song, stem, pitch, start and end in seconds


class Labelled:
    """The synthetic MM with notes of one's own; those of a stem are known where it has any, or is in `silent`."""

    def __init__(self, line: Line, folder: Path, notes: list[Note], silent: tuple[tuple[str, str], ...] = ()) -> None:
        self.params, self.mixer = line.params, line.mixer("mm")
        stems = {(song, stem) for song, stem, *_ in notes} | {*silent}
        catalog = self.mixer.stems
        rows = [
            [song, stem, "train", target, "midi" if (song, stem) in stems else "", 0]
            for song, stem, target in zip(catalog["song"], catalog["stem"], catalog["target"], strict=True)
        ]
        write_table(folder / "index.parquet", pd.DataFrame(rows, columns=INDEX))
        types = {"song": str, "stem": str, "pitch": int, "start": float, "end": float}
        write_table(folder / "notes.parquet", pd.DataFrame(notes, columns=NOTES).astype(types))
        self.labels = PitchLabels(self.params, self.mixer, folder)

    @property
    def rate(self) -> int:
        return self.params.audio.sample_rate

    @property
    def hop(self) -> int:
        return self.params.stft.hop

    def excerpt(self, song: str, stem: str, start: int = 0, role: str = "target") -> Excerpt:
        stems = self.mixer.stems
        row = int(stems[(stems["song"] == song) & (stems["stem"] == stem)]["row"].iloc[0])
        return Excerpt(song, row, start, 1.0, role)  # type: ignore[arg-type]

    def rows(self, recipe: Recipe, frames: int | None = None) -> dict[int, list[int]]:
        """Pitch -> the frames in which it sounds."""
        labels, _ = self.labels.of(recipe, frames)
        low = self.params.pitch.lowest
        return {low + row: np.flatnonzero(values).tolist() for row, values in enumerate(labels) if values.any()}


SONG, TWO = "Artist0_Song0", "Artist1_Song1"  # of the second two stems are vocals


@pytest.mark.parametrize("place", [-1, 0, 1])
def test_a_note_begins_with_the_sample_of_a_frame_and_ends_before_one(
    prepared: Line, tmp_path: Path, place: int
) -> None:
    """Centred frame t lies at sample t * hop: from a sample before it on it has the note, from one behind it not."""
    rate, hop = prepared.params.audio.sample_rate, prepared.params.stft.hop
    begin, end = (10 * hop + place) / rate, (20 * hop + place) / rate
    song = Labelled(prepared, tmp_path, [(SONG, "S01", 60, begin, end)])
    recipe = Recipe("whole", 40 * hop, (song.excerpt(SONG, "S01"),))
    first = 10 + (place > 0)
    assert song.rows(recipe) == {60: list(range(first, first + 10))}


def test_a_chunk_has_the_frames_of_the_song_that_it_is_cut_from(prepared: Line, tmp_path: Path) -> None:
    """For every note a chunk's labels are those of the whole song at the same samples, as those of activity are."""
    random = np.random.default_rng(1)
    starts = np.sort(random.uniform(0, 5, 30))
    notes = [(SONG, "S01", int(random.integers(40, 80)), start, start + random.uniform(0.02, 0.5)) for start in starts]
    song = Labelled(prepared, tmp_path, notes)
    hop, n_fft = song.hop, song.params.stft.n_fft
    whole = Recipe("whole", song.mixer.store.load(SONG).shape[1], (song.excerpt(SONG, "S01"),))
    expected, activity = song.labels.of(whole)[0], song.mixer.labels(whole)
    for begin in (0, 7, 41):
        chunk = Recipe("chunk", 40 * hop, (song.excerpt(SONG, "S01", begin * hop),))
        frames = frame_count(chunk.length, n_fft, hop, center=False)
        first = begin + n_fft // (2 * hop)  # the first frame of a chunk is centred half a window behind its start
        found = song.labels.of(chunk, frames)[0]
        assert found.any()
        np.testing.assert_array_equal(found, expected[:, first : first + frames])
        np.testing.assert_array_equal(song.mixer.labels(chunk, frames), activity[first : first + frames])


def test_labels_are_where_a_tone_sounds(prepared: Line, tmp_path: Path) -> None:
    """The frames of a constructed tone with most energy are those with its note, one frame off at either end."""
    rate, hop, n_fft = prepared.params.audio.sample_rate, prepared.params.stft.hop, prepared.params.stft.n_fft
    start, end = 0.7, 1.9
    song = Labelled(prepared, tmp_path, [(SONG, "S01", 69, start, end)])
    time = np.arange(3 * rate) / rate
    tone = np.sin(2 * np.pi * 440 * time) * ((time >= start) & (time < end))
    spectrum = stft(torch.from_numpy(tone[None, None]).float(), n_fft, hop, center=True)[0, 0]
    energy = spectrum.abs().square().sum(dim=0)
    heard = (energy >= 0.5 * energy.max()).numpy()
    labels = song.labels.of(Recipe("tone", len(tone), (song.excerpt(SONG, "S01"),)))[0].any(axis=0)
    assert heard.shape == labels.shape
    assert np.abs(np.flatnonzero(heard)[[0, -1]] - np.flatnonzero(labels)[[0, -1]]).max() <= 1


def test_stems_of_a_target_sound_together_and_others_do_not_count(prepared: Line, tmp_path: Path) -> None:
    hop, rate = prepared.params.stft.hop, prepared.params.audio.sample_rate
    second = [frame * hop / rate for frame in (0, 5, 8)]
    notes = [(TWO, "S01", 50, second[0], second[1]), (TWO, "S02", 55, second[1], second[2]), (TWO, "S03", 40, 0.0, 1.0)]
    song = Labelled(prepared, tmp_path, notes)
    recipe = Recipe(
        "both",
        10 * hop,
        (song.excerpt(TWO, "S01"), song.excerpt(TWO, "S02"), song.excerpt(TWO, "S03", role="accompaniment")),
    )
    assert song.rows(recipe) == {50: [0, 1, 2, 3, 4], 55: [5, 6, 7]}
    assert song.labels.of(recipe)[1].all()


def test_a_target_with_a_stem_of_unknown_notes_has_no_labels(prepared: Line, tmp_path: Path) -> None:
    notes: list[Note] = [(TWO, "S01", 50, 0.0, 1.0)]
    song = Labelled(prepared, tmp_path / "one", notes)
    recipe = Recipe("both", 10 * song.hop, (song.excerpt(TWO, "S01"), song.excerpt(TWO, "S02")))
    labels, known = song.labels.of(recipe)
    assert not known.any() and not labels.any()
    song = Labelled(prepared, tmp_path / "two", notes, silent=((TWO, "S02"),))  # known to play nothing
    labels, known = song.labels.of(recipe)
    assert known.all() and labels.any()


def test_notes_outside_the_range_are_in_no_row(prepared: Line, tmp_path: Path) -> None:
    low, high = prepared.params.pitch.lowest, prepared.params.pitch.highest
    notes = [(SONG, "S01", pitch, 0.0, 0.5) for pitch in (low - 1, low, high, high + 1)]
    song = Labelled(prepared, tmp_path, notes)
    recipe = Recipe("edges", 10 * song.hop, (song.excerpt(SONG, "S01"),))
    assert [*song.rows(recipe)] == [low, high]
    assert song.labels.of(recipe)[0].shape == (high - low + 1, 11)


def test_mixers_and_labels_count_the_same_frames(prepared: Line, tmp_path: Path) -> None:
    song = Labelled(prepared, tmp_path, [(SONG, "S01", 60, 0.0, 9.0)])
    mixer: Mixer = song.mixer
    for length in (song.hop, song.hop + 1, 10 * song.hop - 1):
        recipe = Recipe("any", length, (song.excerpt(SONG, "S01"),))
        assert song.labels.of(recipe)[0].shape[1] == len(mixer.labels(recipe)) == len(song.labels.of(recipe)[1])
