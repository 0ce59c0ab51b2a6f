"""The int16 store: what goes in comes out, finished songs are kept, foreign files go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Line
from reprosep.audio import store
from reprosep.audio.store import SongArrays, build_store, read_table
from reprosep.base.errors import UserError
from synthetic import RATE, wave, write_wave

Make = Callable[..., Line]


def made(line: Make, corpus: str, **audio: object) -> Line:
    from conftest import CHANGE

    result = line(corpus, change={**CHANGE, "audio": audio})
    result.step("catalog", corpus, 1)
    result.step("store", corpus, 1)
    return result


def test_round_trip_is_exact_at_the_stored_rate(line: Make) -> None:
    arrays = SongArrays(made(line, "musdb", sample_rate=RATE).results / "musdb" / "audio")
    for (song, stem), row in arrays.index.set_index(["song", "stem"])["row"].items():
        split = "train" if int(song.split()[-1]) < 4 else "test"
        recorded, _ = soundfile.read(f"recordings/musdb/{split}/{song}/{stem}.wav", dtype="int16")
        np.testing.assert_array_equal(arrays.load(song)[row], recorded)


def test_true_zeros_stay_zeros(line: Make) -> None:
    """Also after resampling, but for the filter's ringing near the edges."""
    arrays = SongArrays(made(line, "mm", sample_rate=8000).results / "mm" / "audio")
    for song in set(arrays.index["song"]):
        pause = arrays.load(song)[:, int(0.5 * 6 * 8000) : int(0.55 * 6 * 8000)]
        assert not pause.any()


def test_rms_of_the_index_is_that_of_the_samples(line: Make) -> None:
    arrays = SongArrays(made(line, "mm", sample_rate=RATE).results / "mm" / "audio")
    for _, row in arrays.index.iterrows():
        samples = arrays.load(row["song"])[row["row"]] / 32768
        assert row["rms"] == pytest.approx(np.sqrt(np.mean(samples.astype(float) ** 2)), rel=1e-6)


def test_mixed_rates_channels_and_lengths_of_a_folder(line: Make) -> None:
    built = made(line, "own", sample_rate=8000)
    catalog = read_table(built.results / "own" / "catalog.parquet")
    assert set(catalog["sample_rate"]) == {44100, 16000, 22050}
    assert set(catalog["channels"]) == {1, 2}
    arrays = SongArrays(built.results / "own" / "audio")
    for _, row in catalog.iterrows():
        stored = arrays.load(row["song"])
        names = list(catalog[catalog["song"] == row["song"]]["stem"])
        samples = stored[names.index(row["stem"])]
        assert stored.shape[1] == round(6.74 * 8000)
        assert not samples[int(np.ceil(row["seconds"] * 8000)) :].any()
        assert samples[: int(row["seconds"] * 8000)].any()


def test_pitch_survives_resampling(tmp_path: Path, line: Make) -> None:
    arrays = SongArrays(made(line, "own", sample_rate=8000).results / "own" / "audio")
    vocals = arrays.index[arrays.index["stem"] == "Lead Vox.ogg"].iloc[0]
    stored = arrays.load(vocals["song"])[vocals["row"], :, 0].astype(float)
    recorded, rate = soundfile.read(f"recordings/own/{vocals['song']}/Lead Vox.ogg")
    mono = recorded if recorded.ndim == 1 else recorded.mean(axis=1)
    ours = np.argmax(np.abs(np.fft.rfft(stored))) * 8000 / len(stored)
    theirs = np.argmax(np.abs(np.fft.rfft(mono))) * rate / len(mono)
    assert ours == pytest.approx(theirs, abs=1)


def test_finished_songs_are_kept(line: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    built = made(line, "mm")
    decoded: list[str] = []
    original = store._decode_song

    def count(stems: object, *rest: object) -> np.ndarray:
        decoded.append("song")
        return original(stems, *rest)

    monkeypatch.setattr(store, "_decode_song", count)
    built.step("store", "mm", 1)
    assert decoded == []
    next((built.results / "mm" / "audio").glob("*.npy")).unlink()
    built.step("store", "mm", 1)
    assert decoded == ["song"]


def test_an_interrupted_store_goes_on(line: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from conftest import CHANGE

    result = line("mm", change=CHANGE)
    result.step("catalog", "mm", 1)
    original, left = store._decode_song, [3]

    def stop(stems: object, *rest: object) -> np.ndarray:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return original(stems, *rest)

    monkeypatch.setattr(store, "_decode_song", stop)
    with pytest.raises(KeyboardInterrupt):
        result.step("store", "mm", 1)
    folder = result.results / "mm" / "audio"
    finished = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npy")}
    assert len(finished) == 3
    assert not (folder / "index.parquet").exists()
    monkeypatch.setattr(store, "_decode_song", original)
    result.step("store", "mm", 1)
    assert {name: (folder / name).stat().st_mtime_ns for name in finished} == finished


def test_foreign_and_outdated_files_are_removed(line: Make) -> None:
    built = made(line, "mm", sample_rate=8000)
    folder = built.results / "mm" / "audio"
    (folder / "stranger.npy").write_bytes(b"")
    before = {path.name for path in folder.glob("*.npy")}
    again = made_again(built, sample_rate=16000)
    after = {path.name for path in folder.glob("*.npy")}
    assert not before & after
    assert len(after) == 8
    assert set(read_table(folder / "index.parquet")["file"]) == after
    assert again.load(again.index["song"][0]).shape[1] == 6 * 16000


def made_again(built: Line, sample_rate: int) -> SongArrays:
    folder = built.results / "mm"
    audio = built.params.audio.model_copy(update={"sample_rate": sample_rate})
    build_store(read_table(folder / "catalog.parquet"), folder / "audio", audio, 1, 1)
    return SongArrays(folder / "audio")


def test_a_changed_recording_is_decoded_anew(line: Make) -> None:
    built = made(line, "mm")
    path = Path("recordings/mm/Audio/Artist0_Song0/Artist0_Song0_STEMS/Artist0_Song0_STEM_01.wav")
    write_wave(path, 0.5 * wave("vocals", 1))
    before = {path.name for path in (built.results / "mm" / "audio").glob("*.npy")}
    built.step("catalog", "mm", 1)
    built.step("store", "mm", 1)
    after = {path.name for path in (built.results / "mm" / "audio").glob("*.npy")}
    assert len(before - after) == len(after - before) == 1


def test_threads_do_not_matter(line: Make) -> None:
    built = made(line, "mm")
    folder = built.results / "mm" / "audio"
    single = {path.name: path.read_bytes() for path in folder.glob("*")}
    for path in folder.glob("*"):
        path.unlink()
    built.step("store", "mm", 3)
    assert {path.name: path.read_bytes() for path in folder.glob("*")} == single


def test_silent_stems_may_be_accepted_and_are_never_mixed(line: Make) -> None:
    from conftest import CHANGE

    built = line("mm", change={**CHANGE, "audio": {"silent_stems": "accept"}})
    path = Path("recordings/mm/Audio/Artist0_Song0/Artist0_Song0_STEMS/Artist0_Song0_STEM_02.wav")
    write_wave(path, np.zeros((6 * RATE, 1)))
    built.prepare("mm")
    mixer = built.mixer("mm")
    assert not ((mixer.stems["song"] == "Artist0_Song0") & (mixer.stems["stem"] == "S02")).any()
    assert mixer.store.index["rms"].eq(0).sum() == 1


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file; run the step that writes it first"):
        SongArrays(tmp_path)
