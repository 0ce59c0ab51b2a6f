"""A trained run on a user's own song: any format, length, rate and number of channels."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from conftest import Answer, Line
from reprosep.base.errors import UserError
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.separation.wiener import filtered_waves
from separations import separate_song
from synthetic import wave

Command = Callable[..., Answer]
MONO, STEREO = "mm_vocals_iass_s42", "musdb_drums_open-unmix_s42"


def song(folder: Path, suffix: str = "wav", rate: int = 44100, channels: int = 2, seconds: float = 2.5) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"My song (live).{suffix}"
    sound = wave("vocals", 1, seconds, rate, channels) + wave("drums", 2, seconds, rate, channels)
    soundfile.write(str(path), sound, rate)
    return path


@pytest.mark.parametrize("run", [MONO, STEREO])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_length_rate_and_channels_are_kept(trained: Line, tmp_path: Path, run: str, channels: int, rate: int) -> None:
    path = song(tmp_path, rate=rate, channels=channels)
    (written,) = separate_song(path, run, None, trained.results, "median")
    assert written == tmp_path / f"My song (live)_{run.split('_')[1]}.wav"
    found, expected = soundfile.info(str(written)), soundfile.info(str(path))
    assert (found.samplerate, found.channels, found.frames) == (rate, channels, expected.frames)
    assert found.subtype == "PCM_16"


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_formats_of_libsndfile(trained: Line, tmp_path: Path, suffix: str) -> None:
    path = song(tmp_path, suffix)
    (written,) = separate_song(path, MONO, None, trained.results, "none")
    assert soundfile.info(str(written)).frames == len(soundfile.read(str(path))[0])


def test_a_song_that_only_ffmpeg_reads(trained: Line, tmp_path: Path) -> None:
    path = song(tmp_path).with_suffix(".m4a")
    source = str(path.with_suffix(".wav"))
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c:a", "aac", str(path)], check=True)
    (written,) = separate_song(path, MONO, tmp_path / "out.flac", trained.results, "median")
    found = soundfile.info(str(written))
    assert (found.samplerate, found.channels) == (44100, 2)
    assert abs(found.frames - 2.5 * 44100) < 3000


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.05, 0.3])
def test_the_shortest_songs(trained: Line, tmp_path: Path, seconds: float) -> None:
    path = song(tmp_path, seconds=seconds)
    for run in (MONO, STEREO):
        (written,) = separate_song(path, run, None, trained.results, "median")
        assert soundfile.info(str(written)).frames == round(seconds * 44100)


def test_the_networks_own_rate_needs_no_resampling(trained: Line, tmp_path: Path) -> None:
    path = song(tmp_path, rate=8000, channels=1)
    (written,) = separate_song(path, MONO, tmp_path / "out.wav", trained.results, "none")
    model = find_trained(MONO, trained.results).model()
    samples = soundfile.read(str(path), dtype="float32", always_2d=True)[0]
    expected = separate(model, np.ascontiguousarray(samples.T), trained.params).wave()
    np.testing.assert_allclose(soundfile.read(str(written))[0], np.clip(expected[0], -1, 1), atol=1e-4)


def test_channels_of_a_mono_network_are_separated_one_by_one(trained: Line, tmp_path: Path) -> None:
    path = song(tmp_path, rate=8000)
    both = soundfile.read(str(path))[0]
    together = soundfile.read(str(separate_song(path, MONO, tmp_path / "both.wav", trained.results, "none")[0]))[0]
    for channel in range(2):
        soundfile.write(str(tmp_path / "one.wav"), both[:, channel], 8000)
        (alone,) = separate_song(tmp_path / "one.wav", MONO, tmp_path / "alone.wav", trained.results, "none")
        np.testing.assert_allclose(together[:, channel], soundfile.read(str(alone))[0], atol=1e-4)


def test_silence_stays_silence(trained: Line, tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "silence.wav"), np.zeros((44100, 2)), 44100)
    (written,) = separate_song(tmp_path / "silence.wav", MONO, None, trained.results, "none")
    assert not soundfile.read(str(written))[0].any()


def test_through_the_command_line(trained: Line, tmp_path: Path, reprosep: Callable[..., Answer]) -> None:
    path = song(tmp_path / "in a folder")
    folder = trained.results / "runs" / MONO
    answer = reprosep("separate", path, "--run", folder, "--gate", "raw", "--output", tmp_path / "vocals.mp3")
    assert answer.status == 0, answer.err
    assert answer.out.strip() == str(tmp_path / "vocals.mp3")
    assert "separating vocals: 2/2" in answer.err
    assert (tmp_path / "vocals.mp3").stat().st_size > 1000


def test_where_networks_estimate_is_told_where_it_is_not_there(
    trained: Line, tmp_path: Path, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    path, folder = song(tmp_path, rate=8000), trained.results / "runs" / MONO
    for device, told in (("cpu", False), ("mps", True)):
        output = tmp_path / f"{device}.wav"
        answer = reprosep("separate", path, "--run", folder, "--device", device, "--output", output)
        assert answer.status == 0, answer.err
        assert ("--device: mps is not there; the processor estimates\n" in answer.err) == told
    assert (tmp_path / "cpu.wav").read_bytes() == (tmp_path / "mps.wav").read_bytes()


# ---- the Wiener filter -------------------------------------------------------------------------------------------


def test_the_wiener_filter_takes_the_runs_of_all_targets(
    trained: Line, tmp_path: Path, reprosep: Callable[..., Answer]
) -> None:
    trained.step("train", ["musdb_vocals_open-unmix_s42"])
    path = song(tmp_path, rate=8000)
    folder = trained.results / "runs" / STEREO
    answer = reprosep("separate", path, "--run", folder, "--wiener", "--output", tmp_path / "drums.wav")
    assert answer.status == 0, answer.err
    samples = soundfile.read(str(path), dtype="float32", always_2d=True)[0]
    mixture = np.ascontiguousarray(samples.T)
    models = [find_trained(f"musdb_{name}_open-unmix_s42", trained.results).model() for name in ("vocals", "drums")]
    parts = [separate(model, mixture, trained.params) for model in models]
    magnitudes = [one.magnitudes for one in parts]
    settings = trained.params.separation.wiener
    expected = filtered_waves(parts[0].spectrum, magnitudes, [None, None], settings, residual=True)[1]
    found = soundfile.read(str(tmp_path / "drums.wav"))[0].T
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=1e-4)


def test_the_wiener_filter_says_which_run_is_missing(trained: Line, tmp_path: Path, reprosep: Command) -> None:
    folder = tmp_path / "runs" / STEREO
    folder.parent.mkdir()
    folder.symlink_to(trained.results / "runs" / STEREO)
    path = song(tmp_path)
    sentence = reprosep("separate", path, "--run", folder, "--wiener").sentence()
    assert "musdb_vocals_open-unmix_s42" in sentence and "every source (vocals, drums)" in sentence
    sentence = reprosep("separate", path, "--run", trained.results / "runs" / MONO, "--wiener").sentence()
    assert "'mm'" in sentence and "do not add up" in sentence
    assert list(tmp_path.glob("*.wav")) == [path]


# ---- what is written ---------------------------------------------------------------------------------------------


@pytest.fixture
def louder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that estimate the mixture, 2.4 times as loud."""
    monkeypatch.setattr(TrainedRun, "separator", lambda *_: lambda mixture, *_: 2.4 * mixture[None])


def peaked(path: Path, rate: int = 8000) -> Path:
    sound = np.sin(np.arange(rate) * 0.3)
    soundfile.write(str(path), sound, rate)
    return path


@pytest.mark.usefixtures("louder")
@pytest.mark.parametrize(
    ("clip", "peak", "words"),
    [("rescale", 0.99, "2.40 times full scale"), ("clamp", 1.0, "% of its samples are beyond"), ("float", 2.4, "")],
)
def test_estimates_beyond_full_scale(
    trained: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture, clip: str, peak: float, words: str
) -> None:
    path = peaked(tmp_path / "song.wav")
    (written,) = separate_song(path, MONO, None, trained.results, "none", clip)
    found = soundfile.read(str(written))[0]
    assert np.abs(found).max() == pytest.approx(peak, abs=2e-3)
    assert np.mean(np.abs(found) > 0.999 * peak) < (0.05 if clip != "clamp" else 1)
    assert words in caplog.text and bool(words) == bool(caplog.text)


@pytest.mark.usefixtures("louder")
@pytest.mark.parametrize("output", ["song.wav", "link.wav", "hard.wav", "folder/song.wav"])
def test_the_song_is_never_written_over(trained: Line, tmp_path: Path, reprosep: Command, output: str) -> None:
    path = peaked(tmp_path / "song.wav")
    (tmp_path / "link.wav").symlink_to(path)
    (tmp_path / "hard.wav").hardlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    before = path.read_bytes()
    options = ["--run", MONO, "--results", trained.results, "--output", tmp_path / output]
    assert "which this command reads" in reprosep("separate", path, *options).sentence()
    assert path.read_bytes() == before
    run = trained.results / "runs" / MONO / "best.safetensors"
    weights = run.read_bytes()
    options[-1] = run
    assert "which this command reads" in reprosep("separate", path, *options).sentence()
    assert run.read_bytes() == weights


@pytest.mark.parametrize(
    ("output", "options", "words"),
    [
        ("estimate", [], "unknown format ''"),
        ("estimate.xyz", [], "unknown format '.xyz'"),
        ("song.wav/a.wav", [], "a part of its path is a file"),
        ("/dev/null", [], "is a device"),
        ("out.flac", ["--clip", "float"], "'.flac' has no floating point"),
        ("out.wav", ["--clip", "flat"], "unknown clip 'flat' (did you mean 'float'?)"),
        (f"{'a' * 260}.wav", [], "the name is longer"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_computed(
    trained: Line,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reprosep: Command,
    output: str,
    options: list[str],
    words: str,
) -> None:
    monkeypatch.setattr(TrainedRun, "separator", lambda *_: pytest.fail("computed"))
    path = peaked(tmp_path / "song.wav")
    told = reprosep(
        "separate", path, "--run", MONO, "--results", trained.results, "--output", tmp_path / output, *options
    )
    assert words in told.sentence()
    assert [one.name for one in tmp_path.iterdir()] == ["song.wav"]


@pytest.mark.usefixtures("louder")
def test_one_target_is_written_into_a_folder_that_is_there(trained: Line, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for _ in range(2):  # what was written before is no input
        (written,) = separate_song(peaked(tmp_path / "song.wav"), MONO, tmp_path / "out", trained.results, "none")
        assert written == tmp_path / "out" / "vocals.wav" and written.is_file()


def test_estimates_that_are_no_numbers_are_not_written(
    trained: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainedRun, "separator", lambda *_: lambda mixture, *_: np.nan * mixture[None])
    with pytest.raises(UserError, match=r"song_vocals\.wav: not written, a sample is not a finite number"):
        separate_song(peaked(tmp_path / "song.wav"), MONO, None, trained.results, "none")


@pytest.mark.usefixtures("louder")
def test_a_name_of_any_bytes(trained: Line, tmp_path: Path, reprosep: Command) -> None:
    path = peaked(tmp_path / "song.wav").rename(tmp_path / os.fsdecode(b"Caf\xe9.wav"))
    answer = reprosep("separate", path, "--run", MONO, "--results", trained.results)
    assert answer.status == 0
    assert (tmp_path / os.fsdecode(b"Caf\xe9_vocals.wav")).is_file()
