"""Seconds of songs: mel bands, log-mel spectrograms, labels and clips by their plain statements; what is kept."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import CHANGE, Line
from reprosep.audio.frames import clip_frames
from reprosep.audio.mel import hertz, mel, mel_filters
from reprosep.audio.store import read_table, write_table
from reprosep.base.errors import UserError
from reprosep.experiments.detectors.estimate import probabilities
from reprosep.experiments.detectors.seconds import (
    FLOOR,
    Seconds,
    blocks_of,
    clips_of,
    first_frames,
    input_frames,
    log_mel,
)
from reprosep.params.scale import Params, merge
from synthetic import make_params

CORPUS = "mm-detection"
INSTRUMENTS = ["male singer", "electric bass", "drum set", "piano"]


def changed(**detection: Any) -> dict[str, Any]:
    return merge(CHANGE, {"papers": ["activity"], "detection": {"instruments": INSTRUMENTS, **detection}})


@lru_cache
def own_params(**detection: Any) -> Params:
    return make_params(changed(**detection)).of_corpus(CORPUS)


@pytest.fixture(scope="module")
def made(prepared: Line) -> Line:
    """The synthetic corpora with the seconds of the detectors' songs; to be read, not changed."""
    line = Line(prepared.folder, make_params(changed()))
    line.step("seconds", CORPUS, 2)
    return line


def seconds_of(line: Line, **detection: Any) -> Seconds:
    return Seconds(make_params(changed(**detection)).of_corpus(CORPUS), CORPUS, line.results)


# ---- mel bands ---------------------------------------------------------------------------------------------------


def plain_filters(bands: int, n_fft: int, rate: int, lowest: float, highest: float) -> np.ndarray:
    """Triangles between neighbouring centres, bin by bin."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (lowest, min(highest, rate / 2)))
    corners = [700 * (10 ** ((low + (high - low) * k / (bands + 1)) / 2595) - 1) for k in range(bands + 2)]
    weights = np.zeros((bands, n_fft // 2 + 1))
    for band in range(bands):
        left, centre, right = corners[band : band + 3]
        for place in range(n_fft // 2 + 1):
            f = place * rate / n_fft
            if left < f <= centre:
                weights[band, place] = (f - left) / (centre - left)
            elif centre < f < right:
                weights[band, place] = (right - f) / (right - centre)
        if weights[band].max() < 1e-9:  # at a corner that meets a bin, rounding alone
            weights[band, round(centre * n_fft / rate)] = 1
    return weights


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 128),
    st.sampled_from([512, 1024, 2048]),
    st.sampled_from([8000, 16000, 22050, 44100]),
    st.floats(0, 200),
    st.floats(1000, 12000),
)
def test_filters_are_triangles(bands: int, n_fft: int, rate: int, lowest: float, highest: float) -> None:
    found = mel_filters(bands, n_fft, rate, lowest, highest)
    np.testing.assert_allclose(found, plain_filters(bands, n_fft, rate, lowest, highest), atol=1e-9)
    assert found.any(axis=1).all() and found.min() >= 0 and found.max() <= 1


def test_a_band_that_only_rounding_fills_takes_the_nearest_bin() -> None:
    filters = mel_filters(86, 512, 16000, 150.3671875, 1000.0)  # its last one ends at a bin, and holds no other
    assert filters[85].max() == 1


def test_neighbours_add_up_to_one_between_their_centres() -> None:
    filters = mel_filters(20, 4096, 16000, 40, 8000)
    centres = hertz(np.linspace(mel(40), mel(8000), 22))[1:-1]
    bins = np.arange(2049) * 16000 / 4096
    between = (bins >= centres[0]) & (bins <= centres[-1])
    np.testing.assert_allclose(filters.sum(axis=0)[between], 1, atol=1e-9)
    np.testing.assert_allclose(filters[:, (bins <= 40) | (bins >= 8000)], 0, atol=1e-9)


def test_filters_are_torchaudios() -> None:
    functional = pytest.importorskip("torchaudio.functional", reason="needs torchaudio, which is not there")
    theirs = functional.melscale_fbanks(1025, 40.0, 8000.0, 40, 22050, norm=None, mel_scale="htk").numpy().T
    np.testing.assert_allclose(mel_filters(40, 2048, 22050, 40, 8000), theirs, atol=1e-4)


@given(st.floats(0, 20000))
def test_mels_lead_back(frequency: float) -> None:
    assert hertz(mel(frequency)) == pytest.approx(frequency, abs=1e-6)
    assert mel(1000.0) == pytest.approx(1000, abs=0.1)  # the scale's definition


# ---- spectrograms ------------------------------------------------------------------------------------------------


def plain_log_mel(wave: np.ndarray, params: Params) -> np.ndarray:
    """Frame by frame: Hann window, Fourier transform, power in the bands, logarithm."""
    n, hop = params.stft.n_fft, params.stft.hop
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    padded = np.pad(wave.astype(np.float64), n // 2, mode="reflect")
    found = params.detection
    weights = plain_filters(found.mels, n, params.audio.sample_rate, found.lowest, found.highest)
    frames = []
    for frame in range(len(wave) // hop + 1):
        magnitudes = np.abs(np.fft.rfft(window * padded[frame * hop : frame * hop + n])) / (window.sum() / 2)
        frames.append(np.log(weights @ magnitudes**2 + FLOOR))
    return np.stack(frames, axis=1)


@settings(max_examples=15, deadline=None)
@given(st.integers(300, 9000), st.integers(0, 2**31), st.sampled_from([0.0, 1e-3, 0.3]))
def test_log_mel_by_its_plain_statement(samples: int, seed: int, level: float) -> None:
    params = own_params()
    wave = (level * np.random.default_rng(seed).normal(size=samples)).astype(np.float32)
    found = log_mel(wave, params)
    assert found.dtype == np.float32 and found.shape == (params.detection.mels, samples // params.stft.hop + 1)
    np.testing.assert_allclose(found, plain_log_mel(wave, params), atol=1e-3)


@pytest.mark.parametrize("band", [12, 20, 30])
def test_a_sine_peaks_in_its_band(band: int) -> None:
    params = own_params()
    settings_, rate = params.detection, params.audio.sample_rate
    centre = hertz(np.linspace(mel(settings_.lowest), mel(rate / 2), settings_.mels + 2))[band + 1]
    time = np.arange(2 * rate) / rate
    middle = log_mel(np.sin(2 * np.pi * centre * time).astype(np.float32), params)[:, 20:-20]
    assert (middle.argmax(axis=0) == band).all()
    assert middle[band].min() > np.log(0.5) and middle[band].max() < np.log(2)  # a full-scale sine is about 1


def test_silence_is_the_floor() -> None:
    found = log_mel(np.zeros(5000, np.float32), own_params())
    np.testing.assert_allclose(found, np.log(FLOOR), atol=1e-5)


def test_a_song_longer_than_what_is_transformed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wave = np.random.default_rng(1).normal(0, 0.1, 20000).astype(np.float32)
    whole = log_mel(wave, own_params())
    monkeypatch.setattr("reprosep.experiments.detectors.seconds._CHUNK", 7)
    np.testing.assert_allclose(log_mel(wave, own_params()), whole, atol=1e-5)


# ---- clips -------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.sampled_from([0.1, 0.25, 0.5, 1.0]))
def test_clips_are_all_that_fit(frames: int, clip_seconds: float) -> None:
    params = own_params(clip_seconds=clip_seconds)
    step = clip_seconds * params.audio.sample_rate / params.stft.hop
    wanted, count = clip_frames(params), Seconds(params, CORPUS, Path()).count(frames)
    starts = first_frames(params, count)
    assert list(starts) == [round(number * step) for number in range(count)]
    assert count == 0 or starts[-1] + wanted <= frames
    assert round(count * step) + wanted > frames - 1  # no further clip fits, but for the rounding of its start
    spectrogram = np.arange(2 * frames, dtype=np.float32).reshape(2, frames)
    clips = clips_of(spectrogram, params, count)
    assert clips.shape == (count, 2, wanted)
    assert all(
        (clip == spectrogram[:, start : start + wanted]).all() for clip, start in zip(clips, starts, strict=True)
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(40, 1200), st.sampled_from([0.25, 0.5, 1.0]), st.integers(1, 9))
def test_blocks_cover_all_seconds_in_turn(frames: int, clip_seconds: float, clips: int) -> None:
    """The last one lies before the song's end, and of a song below a block there is one, as long as its seconds."""
    params = own_params(clip_seconds=clip_seconds)
    count = Seconds(params, CORPUS, Path()).count(frames)
    spectrogram = np.arange(2 * frames, dtype=np.float32).reshape(2, frames)
    blocks, starts = blocks_of(spectrogram, params, count, clips), first_frames(params, count)
    length = input_frames(params, min(clips, count))
    assert blocks.shape == (-(-count // clips), 2, length)
    for number, block in enumerate(blocks):
        begins = min(number * clips, max(count - clips, 0))
        first = int(block[0, 0])
        assert first == min(starts[begins], frames - length) and starts[begins] - first <= 1
        np.testing.assert_array_equal(block, spectrogram[:, first : first + length])
    if clips == 1:
        np.testing.assert_array_equal(blocks, clips_of(spectrogram, params, count))


def test_a_song_below_a_second_has_no_clip() -> None:
    assert blocks_of(np.zeros((4, 10), np.float32), own_params(), 0, 5).shape == (0, 4, 156)
    assert clips_of(np.zeros((4, 10), np.float32), own_params(), 0).shape[0] == 0
    with pytest.raises(UserError, match="shorter than one clip"):
        probabilities(_Nothing(), np.zeros((0, 4, 31), np.float32))


class _Nothing:
    def eval(self) -> None:
        """As networks have it."""


# ---- a corpus ----------------------------------------------------------------------------------------------------


def test_labels_are_those_of_the_activity_store(made: Line) -> None:
    """A second is active for an instrument when any of its stems is, in any of its frames."""
    seconds, threshold = seconds_of(made), make_params().activity.threshold
    wanted, catalog = clip_frames(seconds.params), read_table(made.results / CORPUS / "catalog.parquet")
    rows = read_table(made.results / CORPUS / "activity" / "index.parquet").set_index(["song", "stem"])["row"]
    assert sorted(seconds.labels) == sorted(set(catalog["song"]))
    for song, found in seconds.labels.items():
        confidence = np.asarray(seconds.mixer.activity.load(song))
        assert confidence.shape[1] == seconds.spectrogram(song).shape[1]
        expected = np.zeros_like(found)
        for second, start in enumerate(first_frames(seconds.params, len(found))):
            for stem in catalog[catalog["song"] == song].itertuples():
                if stem.instrument in INSTRUMENTS:
                    frames = confidence[rows[song, stem.stem], start : start + wanted]
                    expected[second, INSTRUMENTS.index(stem.instrument)] |= bool((frames >= threshold).any())
        assert np.array_equal(found, expected)
        assert len(found) == 6 and seconds.clips(song).shape == (6, seconds.params.detection.mels, wanted)
    every = np.concatenate(list(seconds.labels.values()))
    assert every.any(axis=0).all() and not every.all()


def test_spectrograms_are_those_of_the_mixtures(made: Line) -> None:
    seconds = seconds_of(made)
    song = seconds.songs("train")[0]
    _, mixture = seconds.mixer.render(seconds.mixer.song_recipe(song, "vocals"))
    np.testing.assert_allclose(
        seconds.spectrogram(song), plain_log_mel(mixture.mean(axis=0), seconds.params), atol=1e-3
    )


def test_test_songs_of_the_corpus_are_test_songs(made: Line) -> None:
    seconds, catalog = seconds_of(made), read_table(made.results / CORPUS / "catalog.parquet")
    assert set(catalog.loc[catalog["split"] == "test", "song"]) <= set(seconds.songs("test"))
    parts = [seconds.songs(part) for part in ("train", "valid", "test")]
    assert all(parts) and len(set().union(*parts)) == sum(map(len, parts)) == 8


def copied(made: Line, folder: Path, **detection: Any) -> Line:
    shutil.copytree(made.results / CORPUS, folder / "results/smoke" / CORPUS)
    return Line(folder, make_params(changed(**detection)))


def files(line: Line) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (line.results / CORPUS / "seconds").glob("*.npy")}


@pytest.mark.parametrize("change", [{"mels": 20}, {"lowest": 50.0}, {"highest": 3000.0}])
def test_other_settings_are_other_files(made: Line, tmp_path: Path, change: dict[str, Any]) -> None:
    line = copied(made, tmp_path, **change)
    line.step("seconds", CORPUS, 1)
    assert len(files(line)) == 8 and not set(files(line)) & set(files(made))


def test_another_way_of_mixing_is_another_file(made: Line, tmp_path: Path) -> None:
    """Stems at equal level, or as they were recorded."""
    line = copied(made, tmp_path)
    line = Line(tmp_path, make_params(merge(changed(), {"corpora": {CORPUS: {"mixing": "sources"}}})))
    line.step("seconds", CORPUS, 1)
    assert not set(files(line)) & set(files(made))


def test_what_is_there_is_kept(made: Line, tmp_path: Path) -> None:
    """After a kill, songs that are done are not done again, and the result is the same."""
    line = copied(made, tmp_path, threshold=0.7)
    before = files(line)
    for name in sorted(before)[:3]:
        (line.results / CORPUS / "seconds" / name).unlink()
    for name in ("index.parquet", "labels.parquet", "split.csv"):
        (line.results / CORPUS / "seconds" / name).unlink()
    line.step("seconds", CORPUS, 2)
    after = files(line)
    assert set(after) == set(before) and sum(after[name] == before[name] for name in before) == 5
    for path in (made.results / CORPUS / "seconds").iterdir():
        assert (line.results / CORPUS / "seconds" / path.name).read_bytes() == path.read_bytes(), path.name


def test_an_instrument_that_nobody_plays_is_refused(made: Line) -> None:
    with pytest.raises(UserError, match=r"corpora.mm-detection: no stem is a 'tabla'; take it out of detection.instr"):
        _ = seconds_of(made, instruments=[*INSTRUMENTS, "tabla"]).stems


def test_every_test_song_of_the_corpus_has_seconds(made: Line, tmp_path: Path) -> None:
    """One without any of the instruments, too: a separated song is gated by what was detected in it."""
    line = copied(made, tmp_path)
    path = line.results / CORPUS / "catalog.parquet"
    catalog = read_table(path)
    song = catalog.loc[catalog["split"] == "test", "song"].iloc[0]
    catalog.loc[catalog["song"] == song, "instrument"] = "accordion"
    write_table(path, catalog)
    line.step("seconds", CORPUS, 1)
    seconds = seconds_of(line)
    assert song in seconds.songs("test") and not seconds.labels[song].any()
    assert len(seconds.clips(song)) == 6
