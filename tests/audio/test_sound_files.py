"""Sound files in and out, over all formats that a user may have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reprosep.audio.io import read_sound, resample, sound_info, to_channels
from reprosep.audio.writing import check_format, write_sound
from reprosep.base.errors import UserError
from synthetic import wave

FFMPEG_ONLY = {"m4a": "aac", "wma": "wmav2", "webm": "libopus"}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, channels: int) -> None:
    samples = wave("vocals", 1, 1.0, 16000, channels).astype(np.float32)
    write_sound(tmp_path / f"a.{suffix}", samples, 16000)
    found, rate = read_sound(tmp_path / f"a.{suffix}")
    assert rate == 16000
    assert found.dtype == np.float32
    assert found.shape[1] == channels
    assert abs(len(found) - len(samples)) <= (0 if suffix != "mp3" else 2500)
    error = {"wav": 4e-5, "flac": 4e-5, "ogg": 0.1, "mp3": 1.0}[suffix]
    assert np.abs(found[:15000] - samples[:15000]).max() < error


@pytest.mark.parametrize("suffix", FFMPEG_ONLY)
def test_formats_of_ffmpeg(tmp_path: Path, suffix: str) -> None:
    samples = wave("vocals", 1, 2.0, 48000, 2)
    soundfile.write(tmp_path / "a.wav", samples, 48000)
    path = tmp_path / f"My song (take 2).{suffix}"
    codec = FFMPEG_ONLY[suffix]
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), "-c:a", codec, "-b:a", "128k", str(path)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip(f"this ffmpeg has no encoder {codec}")
    found, rate = read_sound(path)
    info = sound_info(path)
    assert (rate, found.shape[1]) == (48000, 2) == (info.sample_rate, info.channels)
    assert abs(len(found) - 96000) < 5000
    assert abs(info.samples - len(found)) < 5000


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_depths_of_wav(tmp_path: Path, subtype: str) -> None:
    samples = wave("bass", 1, 0.5)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype=subtype)
    assert (
        np.abs(read_sound(tmp_path / "a.wav")[0] - samples).max() < 4e-5
    )  # half a step, and libsndfile scales by 32767


def test_wav_written_to_a_pipe_has_no_length_and_is_read(tmp_path: Path) -> None:
    samples = wave("bass", 1, 0.5)
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), "-f", "wav", "-"]
    with open(tmp_path / "b.wav", "wb") as file:
        subprocess.run(command, stdout=file, check=True)
    assert len(read_sound(tmp_path / "b.wav")[0]) == len(samples)


@pytest.mark.parametrize("suffix", ["wav", "wave", "aif", "aiff", "caf", "w64", "rf64", "au"])
def test_floating_point_holds_any_level(tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str) -> None:
    samples = 2.4 * wave("vocals", 1, 0.1, 16000, 2).astype(np.float32) / 0.3
    path = tmp_path / f"a.{suffix}"
    write_sound(path, samples, 16000, floating=True)
    np.testing.assert_array_equal(read_sound(path)[0], samples)
    assert not caplog.text
    write_sound(path, samples, 16000)
    assert "% of its samples are beyond full scale" in caplog.text
    np.testing.assert_allclose(read_sound(path)[0], np.clip(samples, -1, 1), atol=1e-4)


@pytest.mark.parametrize("suffix", ["opus", "oga"])
def test_other_names_of_ogg(tmp_path: Path, suffix: str) -> None:
    write_sound(tmp_path / f"a.{suffix}", wave("vocals", 1, 0.5, 48000, 2), 48000)
    assert len(read_sound(tmp_path / f"a.{suffix}")[0]) == 24000


@pytest.mark.parametrize(
    ("name", "channels", "rate", "floating", "words"),
    [
        ("a.xyz", 1, 44100, False, "unknown format '.xyz'"),
        ("a", 1, 44100, False, "unknown format ''"),
        ("a.mp3", 1, 96000, False, "1 channels at 96000 Hz cannot be written"),
        ("a.flac", 9, 44100, False, "9 channels at 44100 Hz cannot be written"),
        ("a.flac", 1, 44100, True, "'.flac' has no floating point"),
        ("a.mp3", 1, 44100, True, "'.mp3' has no floating point"),
    ],
)
def test_what_a_format_cannot_hold_is_known_before(
    tmp_path: Path, name: str, channels: int, rate: int, floating: bool, words: str
) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        check_format(tmp_path / name, channels, rate, floating=floating)
    with pytest.raises(UserError, match=re.escape(words)):
        write_sound(tmp_path / name, np.zeros((100, channels)), rate, floating=floating)
    assert not list(tmp_path.iterdir())


def test_infinity_is_told_with_its_place(tmp_path: Path) -> None:
    samples = wave("bass", 1, 0.5)
    samples[7] = np.inf
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(UserError, match="sample 7 is not a finite number"):
        read_sound(tmp_path / "a.wav")


def test_resampling_keeps_length_in_seconds_and_silence() -> None:
    samples = np.zeros((44100, 2), np.float32)
    assert resample(samples, 44100, 16000).shape == (16000, 2)
    assert not resample(samples, 44100, 16000).any()
    assert resample(samples, 44100, 44100) is samples


@pytest.mark.parametrize(("given", "wanted"), [(1, 1), (1, 2), (2, 1), (2, 2), (6, 1), (6, 2)])
def test_channels(given: int, wanted: int) -> None:
    samples = np.random.default_rng(0).normal(size=(10, given)).astype(np.float32)
    found = to_channels(samples, wanted)
    assert found.shape == (10, wanted)
    expected = samples if given == wanted else samples.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-6)
