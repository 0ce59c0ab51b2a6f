"""Sound files in and out: libsndfile where it reads the format, ffmpeg for the rest.

Conventions
-----------
Samples are float32 in [-1, 1], shape ``(sample, channel)``.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import soundfile
import soxr

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file

SOUND_SUFFIXES = {
    *(".wav", ".flac", ".ogg", ".oga", ".mp3", ".m4a", ".aac", ".mp4", ".opus", ".aif", ".aiff", ".aifc", ".caf"),
    *(".w64", ".wma", ".webm"),
}


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file's header says. `samples` of compressed formats is an estimate."""

    sample_rate: int
    channels: int
    samples: int


def sound_info(path: str | Path, stream: int = 0) -> SoundInfo:
    """Header of a sound file; `stream` counts the audio streams of a container such as ``.stem.mp4``.

    Raises
    ------
    UserError
        When the file is missing, empty, truncated, 8-bit, no format that can be read, or has no such stream.
    """
    path = Path(path)
    _check_present(path)
    try:
        info = soundfile.info(str(path)) if stream == 0 else None
    except (soundfile.LibsndfileError, RuntimeError):
        info = None
    if info is None:
        return _ffprobe(path, stream)
    if info.subtype in ("PCM_U8", "PCM_S8"):
        raise UserError(
            f"{path}: 8-bit samples, expected at least 16 bits; get the file anew from its source", "unreadable"
        )
    _check_whole_wav(path)
    if info.frames == 0:
        raise UserError(f"{path}: holds no samples; get the file anew from its source", "empty-file")
    return SoundInfo(info.samplerate, info.channels, info.frames)


def stream_infos(path: str | Path) -> list[SoundInfo]:
    """Headers of all audio streams of a container such as ``.stem.mp4``, in their order, by one call of ffprobe.

    Raises
    ------
    UserError
        When the file is missing, empty, or no container with sound in it.
    """
    path = Path(path)
    _check_present(path)
    infos, message = _probed(path, "a")
    if not infos:
        raise _unreadable(path, message)
    return infos


def read_sound(path: str | Path, stream: int = 0) -> tuple[np.ndarray, int]:
    """Samples ``(sample, channel)`` float32 and sample rate in Hz; `stream` as in :func:`sound_info`.

    Raises
    ------
    UserError
        As :func:`sound_info`, and when a sample is not a finite number.
    """
    path = Path(path)
    info = sound_info(path, stream)
    samples, rate = _decoded(path, info, stream), info.sample_rate
    _check_length(path, info, len(samples))
    _check_finite(path, samples)
    return samples, rate


def sound_blocks(path: str | Path, stream: int, size: int) -> Iterator[np.ndarray]:
    """The samples of :func:`read_sound` in blocks of `size`, the last of them shorter; raises what that raises."""
    path = Path(path)
    info, done = sound_info(path, stream), 0
    for block in _blocks(path, info, stream, size):
        _check_finite(path, block, done)
        done += len(block)
        yield block
    _check_length(path, info, done)


def write_sound(path: str | Path, samples: np.ndarray, rate: int) -> None:
    """Write ``(sample, channel)`` in the format of the suffix, 16 bits where it has bits, whole or not at all."""
    suffix = Path(path).suffix.lower()
    subtype = "PCM_16" if suffix in (".wav", ".flac") else None
    buffer = io.BytesIO()  # encoded in memory, since libsndfile does not tell when a disk is full
    try:
        soundfile.write(buffer, samples, rate, subtype=subtype, format=suffix.removeprefix("."))
    except (TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise UserError(
            f"{path}: {samples.shape[1]} channels at {rate} Hz cannot be written in the format '{suffix}'; "
            "name the output .wav, .flac, .ogg or .mp3"
        ) from error
    with whole_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """``(sample, channel)`` at another rate (soxr, high quality); the input itself when the rates are equal."""
    return samples if rate == wanted else soxr.resample(samples, rate, wanted, quality="HQ")


def to_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """``(sample, channel)`` with one channel (the mean of all) or two (mono doubled, more than two averaged)."""
    if samples.shape[1] == channels:
        return samples
    mono = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return np.repeat(mono, channels, axis=1)


def _check_present(path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path}: no such file; check the spelling, or get the missing file from its source", "no-file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty (0 bytes); get it anew from its source", "empty-file")


def _check_whole_wav(path: Path) -> None:
    """libsndfile reads a truncated wav silently up to its end, so the header's length is compared with the file's."""
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF":
            return
        file.seek(8, 1)
        while len(header := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", header)
            left = path.stat().st_size - file.tell()
            if name == b"data":
                if size > left and size != 0xFFFFFFFF:
                    raise UserError(
                        f"{path}: truncated, its header promises {size} bytes of samples and {left} are there; "
                        "copy or download the file again",
                        "truncated",
                    )
                return
            file.seek(size + size % 2, 1)


def _check_length(path: Path, info: SoundInfo, samples: int) -> None:
    """A wav's length was checked by its header; that of compressed formats other than flac is an estimate."""
    if path.suffix.lower() == ".flac" and samples < info.samples:
        raise UserError(
            f"{path}: truncated, its header promises {info.samples} samples and {samples} are there; "
            "copy or download the file again",
            "truncated",
        )


def _check_finite(path: Path, samples: np.ndarray, done: int = 0) -> None:
    """`done` samples of the file came before these."""
    if not np.isfinite(samples).all():
        first = done + int(np.argmin(np.isfinite(samples).all(axis=1)))
        raise UserError(
            f"{path}: sample {first} is not a finite number (NaN or infinity); export the file again", "not-a-number"
        )


def _blocks(path: Path, info: SoundInfo, stream: int, size: int) -> Iterator[np.ndarray]:
    done = 0
    if stream == 0:
        try:
            with soundfile.SoundFile(str(path)) as file:
                while len(block := file.read(size, dtype="float32", always_2d=True)):
                    done += len(block)
                    yield block
            return
        except (soundfile.LibsndfileError, RuntimeError):
            pass  # a format that only ffmpeg reads, or a place in the file
    for block in _ffmpeg_blocks(path, info, stream, size):
        if done < len(block):
            yield block[done:]
        done = max(0, done - len(block))


def _decoded(path: Path, info: SoundInfo, stream: int) -> np.ndarray:
    if stream == 0:
        try:
            samples, _ = soundfile.read(str(path), dtype="float32", always_2d=True)
            return np.asarray(samples)
        except (soundfile.LibsndfileError, RuntimeError):
            pass  # a format that only ffmpeg reads
    return _ffmpeg(path, info, stream)


def _tool(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise UserError(
            f"{name}: not found; install it with `apt-get install ffmpeg` or `conda install -c conda-forge ffmpeg`"
        )
    return path


def _ffprobe(path: Path, stream: int) -> SoundInfo:
    infos, message = _probed(path, f"a:{stream}")
    if infos:
        return infos[0]
    if stream:
        raise UserError(
            f"{path}: no audio stream {stream} in it (the first is 0); expected a stems file with all its streams, "
            "get it anew from its source"
        )
    raise _unreadable(path, message)


def _probed(path: Path, streams: str) -> tuple[list[SoundInfo], str]:
    """Headers of the chosen streams, none where ffprobe cannot read the file, and what it said."""
    command = [_tool("ffprobe"), "-v", "error", "-select_streams", streams, "-of", "json"]
    command += ["-show_entries", "stream=sample_rate,channels,duration:format=duration", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        content = json.loads(answer.stdout)
        return [_info_of(stream, content["format"]) for stream in content["streams"]], answer.stderr
    except (KeyError, ValueError):
        return [], answer.stderr


def _info_of(stream: dict[str, Any], container: dict[str, Any]) -> SoundInfo:
    seconds, rate = float(stream.get("duration") or container["duration"]), int(stream["sample_rate"])
    return SoundInfo(rate, int(stream["channels"]), round(seconds * rate))


def _unreadable(path: Path, message: str) -> UserError:
    reason = " ".join(message.split()) or "no sound in it"
    return UserError(f"{path}: not a sound file that libsndfile or ffmpeg reads ({reason[:120]}); convert it to wav")


def _ffmpeg(path: Path, info: SoundInfo, stream: int) -> np.ndarray:
    answer = subprocess.run(_ffmpeg_command(path, info, stream), capture_output=True, check=False)
    if answer.returncode != 0 or not answer.stdout:
        raise _undecoded(path, answer.stderr)
    return np.frombuffer(answer.stdout, dtype="<f4").reshape(-1, info.channels)


def _ffmpeg_blocks(path: Path, info: SoundInfo, stream: int, size: int) -> Iterator[np.ndarray]:
    """The samples of :func:`_ffmpeg` as ffmpeg decodes them."""
    command, empty = _ffmpeg_command(path, info, stream), True
    with TemporaryFile() as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        assert process.stdout is not None
        while content := process.stdout.read(size * info.channels * np.dtype("<f4").itemsize):
            empty = False
            yield np.frombuffer(content, dtype="<f4").reshape(-1, info.channels)
        if process.wait() or empty:
            errors.seek(0)
            raise _undecoded(path, errors.read())


def _ffmpeg_command(path: Path, info: SoundInfo, stream: int) -> list[str]:
    command = [_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", str(path), "-map", f"0:a:{stream}", "-f", "f32le"]
    return [*command, "-ac", str(info.channels), "-ar", str(info.sample_rate), "-"]


def _undecoded(path: Path, message: bytes) -> UserError:
    reason = " ".join(message.decode(errors="replace").split())
    return UserError(f"{path}: ffmpeg cannot decode it ({reason[:120]}); convert it to wav")
