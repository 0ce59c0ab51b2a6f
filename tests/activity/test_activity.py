"""Envelope and confidence against plain formulas, label files against MedleyDB's, labels against frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as some

from conftest import Line
from reprosep.activity.confidence import build_activity, confidence, envelope, stem_confidences, write_labels
from reprosep.audio.stft import stft
from reprosep.audio.store import FULL_SCALE, SongArrays, read_table
from synthetic import MUSDB_STEMS, make_medleydb, make_params

ACTIVITY = make_params().activity
PAPER_SIZE = {"audio": {"sample_rate": 44100}, "stft": {"n_fft": 4096, "hop": 1024}, "activity": {"window": 4096}}


def plain_envelope(samples: np.ndarray, window: int, hop: int, frames: int) -> np.ndarray:
    """The formula, sample by sample."""
    weights = np.hanning(window + 2)[1:-1]
    values = np.zeros(frames)
    for frame in range(frames):
        for n in range(window):
            place = frame * hop + n - window // 2
            if 0 <= place < len(samples) and samples[place] > 0:
                values[frame] += weights[n] * samples[place] ** 0.5
    return values / window


@given(
    length=some.integers(0, 300),
    half_parts=some.integers(1, 4),
    hop=some.integers(1, 16),
    frames=some.integers(1, 30),
    seed=some.integers(0, 99),
)
def test_envelope_at_the_hop_equals_the_plain_formula(
    length: int, half_parts: int, hop: int, frames: int, seed: int
) -> None:
    samples = np.random.default_rng(seed).normal(size=length)
    window = 2 * half_parts * hop
    found = envelope(samples, window, hop, frames)
    np.testing.assert_allclose(found, plain_envelope(samples, window, hop, frames), atol=1e-10, rtol=0)


def medleydb_confidence(stems: np.ndarray, window: int) -> np.ndarray:
    """MedleyDB's published computation, restated: (stem, sample) to (stem, frame)."""
    hop = window // 2
    padded = np.pad(stems, ((0, 0), (hop, 0)))
    padded = np.pad(padded, ((0, 0), (0, -padded.shape[1] % window)))
    rectified = np.sqrt((padded + np.abs(padded)) / 2)
    count = (padded.shape[1] - window) // hop + 1
    weights = scipy.signal.windows.hann(window + 2)[1:-1]
    energy = np.array([[np.mean(row[t * hop : t * hop + window] * weights) for t in range(count)] for row in rectified])
    total = energy.sum(axis=0)
    level = len(stems) * energy / total.max()
    level[:, total < 0.01] = 0
    smooth = scipy.signal.filtfilt(*scipy.signal.butter(2, 0.075, "low"), level, axis=1)
    return 1.0 - 1.0 / (1.0 + np.exp(20.0 * (smooth - 0.15)))


def parse_labels(path: Path) -> tuple[str, np.ndarray]:
    header, *rows = path.read_text().splitlines()
    assert path.read_text().endswith("\n")
    return header, np.array([[float(value) for value in row.split(",")] for row in rows])


@pytest.mark.parametrize("samples", [44100, 44101, 4096 * 12, 4096 * 12 + 1, 4096 * 12 + 2048, 4096 * 12 + 2049, 30000])
def test_label_file_equals_medleydbs(tmp_path: Path, samples: int) -> None:
    random = np.random.default_rng(samples)
    stems = 0.3 * random.normal(size=(3, samples)) * (np.arange(samples) % 20000 < 9000 + 3000 * np.arange(3)[:, None])
    params = make_params(
        {"audio": {"sample_rate": 44100}, "stft": {"n_fft": 4096, "hop": 1024}, "activity": {"window": 4096}}
    )
    write_labels(tmp_path / "song.lab", stems, ["S01", "S02", "S03"], params)
    header, values = parse_labels(tmp_path / "song.lab")
    expected = medleydb_confidence(stems, 4096)
    assert header == "time,S01,S02,S03"
    assert len(values) == expected.shape[1]
    np.testing.assert_allclose(values[:, 0], np.arange(len(values)) * 2048 / 44100, atol=5.1e-5)
    np.testing.assert_allclose(values[:, 1:], expected.T, atol=5.1e-5)


def test_label_file_has_the_format_of_a_published_one(tmp_path: Path, shared_data: Path) -> None:
    published = sorted((shared_data / "metadata" / "activation").glob("*.lab"))
    if not published:
        pytest.skip("needs label files in ../shared/data/metadata/activation")
    theirs = published[0].read_text().splitlines()
    stems = theirs[0].count(",")
    params = make_params(
        {"audio": {"sample_rate": 44100}, "stft": {"n_fft": 4096, "hop": 1024}, "activity": {"window": 4096}}
    )
    write_labels(tmp_path / "song.lab", np.random.default_rng(0).normal(size=(stems, 90000)), ["x"] * stems, params)
    ours = (tmp_path / "song.lab").read_text().splitlines()
    assert ours[0] == theirs[0]
    assert [line.split(",")[0] for line in ours[1:]] == [line.split(",")[0] for line in theirs[1 : len(ours)]]
    decimals = {len(value.partition(".")[2]) for line in theirs[1:] for value in line.split(",")}
    assert decimals == {4} == {len(value.partition(".")[2]) for line in ours[1:] for value in line.split(",")}


def test_a_song_of_audio_and_metadata_gives_its_label_file(tmp_path: Path) -> None:
    """From wav files and METADATA.yaml at the paper's scale to the file that MedleyDB would publish for them."""
    corpora = {"mm": {"targets": ["vocals"], "test_fraction": 0.4}}
    line = Line(tmp_path, make_params(PAPER_SIZE | {"corpora": corpora}))
    make_medleydb(tmp_path / "recordings" / "mm", songs=4, seconds=3.0, rate=44100)
    song = tmp_path / "recordings/mm/Audio/Artist0_Song0"
    metadata = yaml.safe_load((song / "Artist0_Song0_METADATA.yaml").read_text())
    metadata["stems"]["S07"] = metadata["stems"].pop("S03")  # real files leave numbers out
    (song / "Artist0_Song0_METADATA.yaml").write_text(yaml.safe_dump(metadata))
    for step in ("recordings", "catalog", "store", "activity"):
        line.step(step, "mm", 1)
    header, values = parse_labels(line.results / "mm/activity/labels/Artist0_Song0_ACTIVATION_CONF.lab")
    names = sorted(metadata["stems"])
    assert header.split(",") == ["time", *names] == ["time", "S01", "S02", "S04", "S07"]
    files = [song / "Artist0_Song0_STEMS" / metadata["stems"][name]["filename"] for name in names]
    stems = np.stack([soundfile.read(file)[0] for file in files])
    plain = medleydb_confidence(stems, 4096)
    assert values.shape == (plain.shape[1], 1 + len(names))
    np.testing.assert_allclose(np.diff(values[:, 0]), 2048 / 44100, atol=1e-4)
    np.testing.assert_allclose(values[:, 1:], plain.T, atol=0.5e-4 + 1e-6)  # four decimals
    exact = confidence(np.stack([envelope(stem, 4096, 2048, plain.shape[1]) for stem in stems]), line.params.activity)
    np.testing.assert_allclose(exact, plain, atol=1e-6)


def test_silence_has_the_published_confidence() -> None:
    assert confidence(np.zeros((2, 50)), ACTIVITY) == pytest.approx(np.full((2, 50), 0.0474), abs=5e-5)


def test_quiet_frames_count_as_silence() -> None:
    values = np.full((1, 200), 1.0)
    values[0, 100:] = 0.009
    found = confidence(values, ACTIVITY)
    assert found[0, 20] > 0.99
    assert found[0, 180] == pytest.approx(0.0474, abs=5e-4)


@pytest.mark.parametrize("frames", [1, 2, 5, 9, 10])
def test_shortest_songs_have_a_confidence(frames: int) -> None:
    assert np.isfinite(confidence(np.full((1, frames), 0.5), ACTIVITY)).all()


def stored(*channels: np.ndarray) -> np.ndarray:
    """A stem as the store has it, int16 ``(1, sample, channel)``."""
    return np.rint(np.stack(channels, axis=1)[None] * FULL_SCALE).astype(np.int16)


def test_every_stem_is_normalised_by_itself() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, size=8000)
    song = np.concatenate([stored(0.5 * samples), stored(0.05 * samples)])
    loud, quiet = stem_confidences(song, make_params())
    np.testing.assert_allclose(loud, quiet, atol=1e-3)  # as far as 16 bits go


def bursts(seed: int = 1) -> np.ndarray:
    """Noise that plays in two parts of a second, silence between them."""
    time = np.arange(8000)
    return 0.3 * np.random.default_rng(seed).uniform(-1, 1, size=8000) * ((time < 2000) | (time > 6500))


def test_a_stem_in_anti_phase_is_as_active_as_one_in_phase() -> None:
    samples, params = bursts(), make_params()
    (mono,), (opposed,) = (stem_confidences(stored(*one), params) for one in ((samples,), (samples, -samples)))
    np.testing.assert_array_equal(opposed >= 0.5, mono >= 0.5)
    assert 0.5 < (opposed >= 0.5).mean() < 1 - 0.05


def test_a_stem_on_one_side_is_as_active_as_one_in_the_middle() -> None:
    samples, params = bursts(), make_params()
    (mono,), (left,) = (stem_confidences(stored(*one), params) for one in ((samples,), (samples, 0 * samples)))
    np.testing.assert_array_equal(left >= 0.5, mono >= 0.5)


def test_identical_channels_have_the_confidence_of_one() -> None:
    samples, params = bursts(), make_params()
    mono, stereo = (stem_confidences(stored(*one), params) for one in ((samples,), (samples, samples)))
    np.testing.assert_array_equal(stereo, mono)


def test_the_envelope_is_the_mean_of_those_of_the_channels() -> None:
    first, second, params = bursts(), np.roll(bursts(2), 4000), make_params()
    (both,) = stem_confidences(stored(first, second), params)
    envelopes = [envelope(stored(one)[0, :, 0] / FULL_SCALE, 512, 256, len(both)) for one in (first, second)]
    np.testing.assert_allclose(both, confidence(np.mean(envelopes, axis=0)[None], ACTIVITY)[0], atol=1e-6)


def test_label_files_are_of_the_mean_of_channels(tmp_path: Path, line: Callable[..., Line]) -> None:
    """MedleyDB's code reads its stems as mono: there a stem in anti-phase is silent, and its file says so."""
    made = line("musdb", change={"papers": ["iass"]})
    for file in sorted((tmp_path / "recordings/musdb").rglob("vocals.wav")):
        samples, rate = soundfile.read(file)
        soundfile.write(file, np.stack([samples[:, 0], -samples[:, 0]], axis=1), rate)
    for file in sorted((tmp_path / "recordings/musdb").rglob("mixture.wav")):
        parts = [soundfile.read(file.with_name(f"{name}.wav")) for name in MUSDB_STEMS]
        soundfile.write(file, sum(samples for samples, _ in parts), parts[0][1])
    for step in ("recordings", "catalog", "store", "activity"):
        made.step(step, "musdb", 1)
    index = read_table(made.results / "musdb/activity/index.parquet")
    vocals = index[index["stem"] == "vocals"]
    assert (vocals["active_frames"] > 0.4 * vocals["frames"]).all()
    _, values = parse_labels(sorted((made.results / "musdb/activity/labels").glob("*.lab"))[0])
    assert values[:, 1 + list(index["stem"][:4]).index("vocals")].max() < 0.05


def test_files_hold_the_confidence_of_every_stem(prepared: Line) -> None:
    folder = prepared.results / "mm"
    audio, activity = SongArrays(folder / "audio"), SongArrays(folder / "activity")
    for _, row in activity.index.iterrows():
        song, values = audio.load(row["song"]), activity.load(row["song"])[row["row"]]
        np.testing.assert_array_equal(values, stem_confidences(song, prepared.params)[row["row"]])
        assert len(values) == row["frames"] == song.shape[1] // prepared.params.stft.hop + 1
        assert row["active_frames"] == (values >= 0.5).sum() > 0


def test_label_file_of_every_song(prepared: Line) -> None:
    folder = prepared.results / "mm"
    catalog = read_table(folder / "catalog.parquet")
    files = sorted((folder / "activity" / "labels").glob("*.lab"))
    assert len(files) == catalog["song"].nunique()
    header, values = parse_labels(files[0])
    stems = catalog[catalog["song"] == sorted(set(catalog["song"]))[0]]
    assert header.split(",") == ["time", *stems["stem"]]
    assert values.shape[1] == len(stems) + 1


def test_second_build_reads_what_is_there(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("reprosep.activity.confidence.stem_confidences", fail)
    folder = prepared.results / "mm"
    catalog = read_table(folder / "catalog.parquet")
    build_activity(catalog, SongArrays(folder / "audio"), folder / "activity", prepared.params, 1)


# ---- frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 255, 256, 4000, 4096, 7900])
def test_a_click_lies_in_the_same_frame_of_activity_and_spectrum(place: int) -> None:
    """Frame t of the envelope is frame t of the centred transform and frame t - 1 of the one without padding."""
    n_fft, hop, length = 512, 256, 8000
    click = np.zeros(length)
    click[place] = 1.0
    energy = envelope(click, n_fft, hop, length // hop + 1)

    def spectrum(samples: np.ndarray) -> np.ndarray:
        return stft(torch.from_numpy(samples)[None, None], n_fft, hop, center=False).abs()[0, 0].sum(0).numpy()

    centred = spectrum(np.pad(click, n_fft // 2))
    np.testing.assert_allclose(energy / energy.sum(), centred / centred.sum(), atol=0.01)
    plain = spectrum(click)
    np.testing.assert_allclose(plain, centred[1 : 1 + len(plain)])


def test_labels_of_a_training_chunk_are_a_slice_of_the_songs(prepared: Line) -> None:
    mixer = prepared.mixer("mm")
    pool = mixer.training_pool("vocals")
    stft_params = prepared.params.stft
    offset = stft_params.n_fft // (2 * stft_params.hop)
    for index in range(20):
        recipe = mixer.training_recipe(pool, 1, index)
        frames = (recipe.length - stft_params.n_fft) // stft_params.hop + 1
        (target,) = [excerpt for excerpt in recipe.excerpts if excerpt.role == "target"]
        song = mixer.activity.load(target.song)[target.row] >= 0.5
        first = target.start // stft_params.hop + offset
        np.testing.assert_array_equal(mixer.labels(recipe, frames), song[first : first + frames])
