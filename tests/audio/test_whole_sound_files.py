"""Sound files that were cut are told, in every format; those whose writer left the length open are whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from reprosep.audio.headers import corrections
from reprosep.audio.io import is_seekable, read_sound, sound_blocks, sound_info
from reprosep.audio.mpeg import has_frame_count
from reprosep.base.errors import UserError

if not shutil.which("ffmpeg"):
    pytest.skip("needs ffmpeg", allow_module_level=True)

RATE = 44100
LENGTH = RATE
BY_HEADER = ("wav", "rf64.wav", "aiff", "caf", "w64", "au", "voc", "mp3", "vbr.mp3", "bare.mp3", "mp2", "m4a", "ogg")
BY_HEADER += ("opus", "spx", "flac", "wma", "avi")
BY_DECODING = ("mka", "webm", "aac", "ac3", "tta", "wv")
OPTIONS = {
    "rf64.wav": ["-rf64", "always"],
    "vbr.mp3": ["-q:a", "5"],
    "bare.mp3": ["-write_xing", "0"],
    "opus": ["-c:a", "libopus"],
}
PIPED = {
    "flac": "flac",
    "wav": "wav",
    "aiff": "aiff",
    "caf": "caf",
    "w64": "w64",
    "au": "au",
    "webm": "webm",
    "wv": "wv",
}


def noise() -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, (LENGTH, 2)).astype(np.float32)


def written(path: Path, order: str = "FILE", form: str = "WAV") -> bytearray:
    soundfile.write(path, noise(), RATE, endian=order, subtype="PCM_16", format=form)
    return bytearray(path.read_bytes())


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second in all formats; to be read, not changed."""
    folder = tmp_path_factory.mktemp("formats")
    written(folder / "source.wav")
    command = ["ffmpeg", "-v", "error", "-i", str(folder / "source.wav")]
    for name in (*BY_HEADER, *BY_DECODING):
        command += ["-map", "0", *OPTIONS.get(name, []), str(folder / f"a.{name}")]
    subprocess.run(command, check=True)
    for name, form in PIPED.items():
        with open(folder / f"piped.{name}", "wb") as file:
            part = ["ffmpeg", "-v", "error", "-i", str(folder / "source.wav"), "-f", form, "-"]
            file.write(subprocess.run(part, stdout=subprocess.PIPE, check=True).stdout)
    return folder


@pytest.mark.parametrize("name", [*BY_HEADER, *BY_DECODING])
def test_whole_files_are_read_whatever_their_suffix(formats: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(formats / f"a.{name}", tmp_path / "a.wav")
    info, (samples, rate) = sound_info(tmp_path / "a.wav"), read_sound(tmp_path / "a.wav")
    assert rate == info.sample_rate and samples.shape[1] == info.channels == 2
    assert abs(len(samples) / rate - 1) < 0.06
    assert len(samples) == info.samples if info.exact else abs(len(samples) - info.samples) <= 4096
    assert not info.exact or info.samples == sum(len(block) for block in sound_blocks(tmp_path / "a.wav", 0, 10_000))


@pytest.mark.parametrize("share", [0.35, 0.97])
@pytest.mark.parametrize("name", BY_HEADER)
def test_a_cut_file_is_told_by_its_header(formats: Path, tmp_path: Path, name: str, share: float) -> None:
    whole = (formats / f"a.{name}").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: int(len(whole) * share) // 4 * 4])
    with pytest.raises(UserError, match=r"cut\.wav: truncated.*again"):
        sound_info(tmp_path / "cut.wav")


@pytest.mark.parametrize("name", BY_DECODING)
def test_a_cut_file_is_told_when_it_is_decoded(formats: Path, tmp_path: Path, name: str) -> None:
    whole = (formats / f"a.{name}").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(UserError, match=r"cut: truncated.*again"):
        read_sound(tmp_path / "cut")


@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
@pytest.mark.parametrize("form", ["WAV", "AIFF", "AU", "NIST"])
def test_both_orders_of_bytes(tmp_path: Path, form: str, order: str) -> None:
    whole = written(tmp_path / "a", order, form)
    assert len(read_sound(tmp_path / "a")[0]) == LENGTH
    (tmp_path / "a").write_bytes(whole[:-1000])
    with pytest.raises(UserError, match="truncated"):
        sound_info(tmp_path / "a")


@pytest.mark.parametrize("name", PIPED)
def test_what_was_written_to_a_pipe_is_whole(formats: Path, name: str) -> None:
    path = formats / f"piped.{name}"
    info = sound_info(path)
    samples, _ = read_sound(path)
    assert info.exact and info.samples == len(samples) == LENGTH * info.sample_rate // RATE
    if name != "webm":
        np.testing.assert_array_equal(samples, read_sound(formats / "source.wav")[0])
    assert not is_seekable(path) or name in ("w64", "au")


def streamed_wav(path: Path, size: int, order: str, whole: int | None) -> None:
    content = written(path, "BIG" if order == ">" else "LITTLE")
    content[4:8] = struct.pack(order + "I", min(size + 36, 0xFFFFFFFF) if whole is None else whole)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack(order + "I", size)
    path.write_bytes(content)


@pytest.mark.parametrize("whole", [None, 0, 0xFFFFFFFF])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [0, 0x7FFFEFFC, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFD3, 0xFFFFFFFF])
def test_sizes_that_mean_up_to_the_end(tmp_path: Path, size: int, order: str, whole: int | None) -> None:
    streamed_wav(tmp_path / "a.wav", size, order, whole)
    assert sound_info(tmp_path / "a.wav").samples == LENGTH
    assert np.abs(read_sound(tmp_path / "a.wav")[0] - noise()).max() < 1e-4


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 2**63 - 1, 2**64 - 1])
def test_the_same_in_64_bits(formats: Path, tmp_path: Path, size: int) -> None:
    content = bytearray((formats / "a.rf64.wav").read_bytes())
    content[20:44] = struct.pack("<QQQ", size, size, 0)
    (tmp_path / "a.wav").write_bytes(content)
    assert sound_info(tmp_path / "a.wav").samples == len(read_sound(tmp_path / "a.wav")[0]) == LENGTH


@pytest.mark.parametrize("size", [0, 8, 0x7F000008, 0xFFFFFFFF])
def test_the_same_in_aiff(formats: Path, tmp_path: Path, size: int) -> None:
    content = bytearray((formats / "a.aiff").read_bytes())
    place, form = content.index(b"SSND") + 4, content.index(b"COMM") + 10
    content[place : place + 4], content[form : form + 4] = struct.pack(">I", size), struct.pack(">I", size // 4)
    (tmp_path / "a.aiff").write_bytes(content)
    assert sound_info(tmp_path / "a.aiff").samples == len(read_sound(tmp_path / "a.aiff")[0]) == LENGTH


def test_an_empty_wav_with_a_chunk_behind_is_empty(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 2)), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes()) + b"LIST" + struct.pack("<I", 4) + b"INFO"
    content[4:8] = struct.pack("<I", len(content) - 8)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match="holds no samples"):
        sound_info(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.opus"])
def test_recordings_one_behind_the_other_are_told(formats: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(2 * (formats / name).read_bytes())
    with pytest.raises(UserError, match="several recordings one behind the other"):
        sound_info(tmp_path / "a")


@pytest.mark.parametrize("size", [LENGTH * 4, 0xFFFFFFFF])
def test_more_than_a_wav_header_can_say(tmp_path: Path, size: int) -> None:
    streamed_wav(tmp_path / "a.wav", size, "<", None)
    os.truncate(tmp_path / "a.wav", 2**32 + LENGTH * 4 + 44)  # with a hole
    with pytest.raises(UserError, match="more than 4 GiB of samples"):
        sound_info(tmp_path / "a.wav")


def test_mp3_with_tags_and_damage(formats: Path, tmp_path: Path) -> None:
    whole = (formats / "a.bare.mp3").read_bytes()
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3\3\0\0\0\0\2\0" + bytes(256) + whole + b"TAG" + bytes(125))
    assert len(read_sound(path)[0]) == sound_info(path).samples
    damaged = bytearray((formats / "a.mp3").read_bytes())
    damaged[6000:9000] = bytes(3000)
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"promises 40 frames and 3\d are there"):
        sound_info(path)


@pytest.mark.parametrize("rate", [1, 999, 2_000_000])
def test_a_rate_that_no_sound_has(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", noise(), rate)
    with pytest.raises(UserError, match=f"its header says {rate} Hz, expected 1000 to 1000000 Hz"):
        sound_info(tmp_path / "a.wav")


NAMES = [b"Live: x", b"-v.m4a", b"concat:a|b.m4a", b"pipe:0", b"http:x.m4a", b"%03d.m4a", b"a\nb.m4a", b"Caf\xe9.m4a"]
NAMED = [(name, "a.m4a") for name in NAMES]
NAMED += [(b"Caf\xe9.wav", "a.wav"), (b"-v.wav", "piped.wav"), (b"a.raw", "a.wav"), (b"Caf\xe9", "piped.flac")]


@pytest.mark.parametrize(("name", "content"), NAMED)
def test_a_name_is_never_anything_else(
    formats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes, content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    shutil.copy(formats / content, path)
    assert abs(sound_info(path).samples - LENGTH) <= 1024
    assert abs(len(read_sound(path)[0]) - LENGTH) <= 1024


HEADED = ("wav", "rf64.wav", "aiff", "caf", "w64", "au", "voc", "flac", "mp3", "m4a", "ogg")


@pytest.mark.parametrize("name", HEADED)
def test_headers_of_any_bytes_end_in_a_sentence(formats: Path, tmp_path: Path, name: str) -> None:
    random, path = np.random.default_rng(7), tmp_path / "a"
    whole = (formats / f"a.{name}").read_bytes()[:20_000]
    for number in range(200):
        content = bytearray(whole)
        for place in random.integers(0, 120, 4):
            content[place] = random.choice([0, 1, 127, 128, 255, random.integers(256)])
        path.write_bytes(content[:number] if number < 100 else content)
        for check in (corrections, has_frame_count):
            with contextlib.suppress(UserError):
                check(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADED)
def test_files_with_other_headers_are_read_or_told(formats: Path, tmp_path: Path, name: str) -> None:
    random, path = np.random.default_rng(7), tmp_path / "a"
    whole = (formats / f"a.{name}").read_bytes()
    for _ in range(30):
        content = bytearray(whole)
        for place in random.integers(0, 120, 4):
            content[place] = random.integers(256)
        path.write_bytes(content)
        with contextlib.suppress(UserError):
            assert np.isfinite(read_sound(path)[0]).all()
