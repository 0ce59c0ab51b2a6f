"""A trained run on a user's own song: any format, length, rate and number of channels."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Answer, Line
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.trained import find_trained
from reprosep.tools.own_songs.separation import separate_song
from synthetic import wave

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
