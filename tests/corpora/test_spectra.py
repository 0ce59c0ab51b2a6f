"""Average spectra of mixtures against a plain restatement, and the step that measures them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.signal
import soundfile

from conftest import Line
from reprosep.audio.io import read_sound, resample, sound_blocks
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.corpora import spectra
from reprosep.corpora.layout import Song, Stem
from reprosep.corpora.spectra import AverageSpectrum, levels, mixture_blocks, spectra_table, usual_rate
from reprosep.params.data import Spectra
from synthetic import RATE, make_musdb, make_musdb_stems, write_wave

SETTINGS = Spectra(n_fft=4096, overlap=0.5)
EXACT = 1e-5  # dB


def plain(samples: np.ndarray, n_fft: int = 4096, hop: int = 2048) -> np.ndarray:
    """Level of every bin in dB, of mono samples, frame by frame."""
    samples = np.pad(np.asarray(samples, float), (0, max(0, n_fft - len(samples))))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    starts = range(0, len(samples) - n_fft + 1, hop)
    mean = np.mean([np.abs(np.fft.rfft(window * samples[start : start + n_fft])) for start in starts], axis=0)
    return 20 * np.log10(mean / np.sqrt(np.sum(mean**2)))


def song(path: Path, *waves: np.ndarray, mixture: np.ndarray | None = None, rates: list[int] | None = None) -> Song:
    """A song of stems ``(sample, channel)`` written as float wav files."""
    stems = []
    for number, wave in enumerate(waves):
        rate = rates[number] if rates else RATE
        file = write_wave(path / f"S{number:02d}.wav", wave, rate, "FLOAT")
        stems.append(Stem(file.stem, str(file), "piano", "piano"))
    mixed = None
    if mixture is not None:
        mixed = Stem("mixture", str(write_wave(path / "mixture.wav", mixture, RATE, "FLOAT")), "mixture", "mixed")
    return Song(path.name, "artist", "train", stems, mixture=mixed)


def noise(samples: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Noise whose high frequencies are weak, float32 ``(sample, channel)``."""
    white = np.random.default_rng(seed).normal(0, 0.1, (samples, channels))
    return scipy.signal.lfilter(*scipy.signal.butter(2, 0.1), white, axis=0).astype(np.float32)


def of(one: Song, settings: Spectra = SETTINGS, rate: int = RATE) -> pd.Series:
    return spectra_table([one], rate, settings, 1, "test").iloc[0]


@pytest.mark.parametrize("samples", [4096, 4097, 40_000, 100_001])
def test_a_spectrum_is_the_plain_one(tmp_path: Path, samples: int) -> None:
    stereo = noise(samples, 2)
    found = of(song(tmp_path / "a", stereo, mixture=stereo))
    np.testing.assert_allclose(found["levels"], plain(stereo.mean(axis=1)), atol=EXACT)
    assert found["frames"] == (samples - 4096) // 2048 + 1 and found["seconds"] == samples / RATE
    mono = stereo.mean(axis=1).astype(float)
    _, _, transform = scipy.signal.stft(mono, nperseg=4096, noverlap=2048, boundary=None, padded=False)
    mean = np.abs(transform).mean(axis=1)
    np.testing.assert_allclose(found["levels"], 20 * np.log10(mean / np.linalg.norm(mean)), atol=EXACT)


@pytest.mark.parametrize(("n_fft", "overlap", "hop"), [(1024, 0.75, 256), (512, 0.0, 512), (1000, 0.9, 100)])
def test_frame_size_and_overlap_are_parameters(tmp_path: Path, n_fft: int, overlap: float, hop: int) -> None:
    wave = noise(20_000)
    found = of(song(tmp_path / "a", wave), Spectra(n_fft=n_fft, overlap=overlap))
    np.testing.assert_allclose(found["levels"], plain(wave[:, 0], n_fft, hop), atol=EXACT)


def test_the_energy_is_one_whatever_the_gain(tmp_path: Path) -> None:
    wave = noise(30_000)
    loud, soft = (of(song(tmp_path / str(gain), np.float32(gain) * wave))["levels"] for gain in (4.0, 2.0**-10))
    assert np.sum(10 ** (loud.astype(float) / 10)) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(loud, soft, atol=EXACT)


def test_a_song_shorter_than_a_window_is_padded(tmp_path: Path) -> None:
    wave = noise(1000)
    found = of(song(tmp_path / "a", wave))
    np.testing.assert_allclose(found["levels"], plain(wave[:, 0]), atol=EXACT)
    assert found["frames"] == 1


def test_a_silent_song_has_no_spectrum(tmp_path: Path) -> None:
    found = of(song(tmp_path / "a", np.zeros((9000, 2), np.float32)))
    assert np.isnan(found["levels"]).all() and len(found["levels"]) == 2049 and found["frames"] == 3


def test_an_empty_bin_is_at_the_floor() -> None:
    found = levels(np.array([0.0, 3.0, 4.0]))
    assert found[0] == spectra.FLOOR_DB
    np.testing.assert_allclose(found[1:], 20 * np.log10([0.6, 0.8]))


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waves = [noise(30_000, 2, seed=1), noise(25_000, 1, seed=2), noise(29_999, 1, seed=3)]
    for mixture in (None, waves[0]):
        one = song(tmp_path / f"mixed {mixture is not None}", *waves, mixture=mixture)
        whole = of(one)
        monkeypatch.setattr(spectra, "BLOCK", 777)
        np.testing.assert_allclose(of(one)["levels"], whole["levels"], atol=EXACT)
        assert max(len(block) for block in mixture_blocks(one, RATE)) == 777
        monkeypatch.undo()


def test_without_a_mixture_the_stems_are_summed(tmp_path: Path) -> None:
    waves = [noise(30_000, 2, seed=1), noise(25_000, 1, seed=2)]
    total = waves[0].mean(axis=1)
    total[:25_000] += waves[1][:, 0]
    found = of(song(tmp_path / "a", *waves))
    np.testing.assert_allclose(found["levels"], plain(total), atol=EXACT)
    mixed = of(song(tmp_path / "b", *waves, mixture=waves[1]))
    np.testing.assert_allclose(mixed["levels"], plain(waves[1][:, 0]), atol=EXACT)


def test_another_rate_is_brought_to_the_usual_one(tmp_path: Path) -> None:
    waves = [noise(30_000, seed=1), noise(60_000, seed=2)]
    found = of(song(tmp_path / "a", *waves, rates=[RATE, 2 * RATE]))
    total = waves[0] + resample(waves[1], 2 * RATE, RATE)
    assert found["seconds"] == pytest.approx(30_000 / RATE, abs=0.001)
    np.testing.assert_allclose(found["levels"], plain(total[:, 0]), atol=0.05)
    assert usual_rate([44100, 48000, 44100]) == 44100 and usual_rate([44100, 48000]) == 48000


def test_nothing_given_is_one_frame_of_zeros() -> None:
    spectrum = AverageSpectrum(SETTINGS)
    assert not spectrum.mean().any() and spectrum.frames == 1


def test_blocks_of_a_file_are_its_samples(tmp_path: Path) -> None:
    wave = noise(5000, 2)
    for suffix in (".wav", ".flac", ".ogg"):
        path = tmp_path / f"sound{suffix}"
        soundfile.write(str(path), wave, RATE)
        blocks = list(sound_blocks(path, 0, 999))
        whole, _ = soundfile.read(str(path), dtype="float32", always_2d=True)
        assert [len(block) for block in blocks] == [999] * 5 + [5]
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_blocks_of_every_stream_of_a_stems_file(tmp_path: Path) -> None:
    make_musdb_stems(tmp_path, train=1, test=1, seconds=2.0, rate=44100)
    path = next(tmp_path.rglob("*.stem.mp4"))
    for stream in (0, 4):
        whole, rate = read_sound(path, stream)
        np.testing.assert_array_equal(np.concatenate(list(sound_blocks(path, stream, 10_000))), whole)
    mixture = Stem("mixture", str(path), "mixture", "mixed", 0)
    found = of(Song("a", "artist", "train", [], mixture=mixture), rate=rate)
    np.testing.assert_allclose(found["levels"], plain(read_sound(path)[0].mean(axis=1)), atol=EXACT)
    next(sound_blocks(path, 0, 1000)).any()  # what is left is not waited for
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match=r"stem\.mp4: "):
        list(sound_blocks(path, 0, 1000))


def test_what_is_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    wave = noise(5000)
    wave[3210] = np.nan
    path = write_wave(tmp_path / "nan.wav", wave, RATE, "FLOAT")
    with pytest.raises(UserError, match="sample 3210 is not a finite number"):
        list(sound_blocks(path, 0, 1000))
    flac = tmp_path / "cut.flac"
    soundfile.write(str(flac), noise(60_000), RATE)
    flac.write_bytes(flac.read_bytes()[:40_000])
    with pytest.raises(UserError, match="truncated"):
        list(sound_blocks(flac, 0, 1000))


# ---- the step ----------------------------------------------------------------------------------------------------


def test_the_step_measures_every_mixture(line: Callable[..., Line]) -> None:
    made = line("musdb", "mm", "own")
    for corpus in ("musdb", "mm", "own"):
        made.step("recordings", corpus, 1)
        made.step("catalog", corpus, 1)
        made.step("spectra", corpus, 2)
        catalog = read_table(made.results / corpus / "catalog.parquet")
        table = read_table(made.results / corpus / "spectra.parquet")
        assert list(table["song"]) == list(dict.fromkeys(catalog["song"]))
        assert set(table["sample_rate"]) == {44100 if corpus == "own" else RATE}
    table = read_table(made.results / "musdb" / "spectra.parquet").set_index("song")
    for name, found in table["levels"].items():
        path = next((made.folder / "recordings/musdb").glob(f"*/{name}/mixture.wav"))
        samples, _ = soundfile.read(str(path))
        np.testing.assert_allclose(found, plain(samples.mean(axis=1)), atol=EXACT)


def test_a_song_that_vanished_is_named(line: Callable[..., Line]) -> None:
    made = line("musdb")
    made.step("recordings", "musdb", 1)
    made.step("catalog", "musdb", 1)
    song = made.folder / "recordings/musdb/train/Artist 1 - Song 1"
    song.rename(made.folder / "away")
    with pytest.raises(UserError, match=r"catalog.parquet: lists song 'Artist 1 - Song 1', which is not in"):
        made.step("spectra", "musdb", 1)


def test_a_view_has_the_spectra_of_its_source(line: Callable[..., Line], reprosep: Callable[..., Any]) -> None:
    own = {"channels": 1, "title": "mono", "settings": {"audio": {"sample_rate": 8000}}}
    view = {"of": "musdb", "targets": ["vocals", "drums"], **own}
    made = line(change={"corpora": {"view": view}})
    make_musdb(made.folder / "recordings/musdb")
    for corpus in ("musdb", "view"):
        for verb in ("recordings", "catalog", "spectra"):
            assert reprosep(verb, corpus).status == 0
    pd.testing.assert_frame_equal(*(read_table(made.results / name / "spectra.parquet") for name in ("musdb", "view")))
