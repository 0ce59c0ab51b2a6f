"""Sound files by ffmpeg: headers by ffprobe, samples as float32.

A path is handed over as ``file:`` and its absolute form, so that no name is an option or a protocol.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from reprosep.base.errors import UserError

_ESTIMATED = "Estimating duration from bitrate"  # what ffprobe says where no header tells the length
_REASON = 120  # letters of what ffmpeg says


@dataclass(frozen=True)
class Stream:
    """An audio stream of a file, by its number; `samples` are None where nothing tells the length."""

    path: Path
    number: int
    sample_rate: int
    channels: int
    samples: int | None
    exact: bool


def audio_streams(path: Path) -> list[Stream]:
    """The audio streams of a file in their order, by one call of ffprobe.

    Raises
    ------
    UserError
        When ffmpeg cannot read the file, there is no sound in it, or ffmpeg is not installed.
    """
    command = [_tool("ffprobe"), "-v", "warning", "-select_streams", "a", "-of", "json", "-show_entries"]
    command += ["stream=sample_rate,channels,duration:format=duration,nb_streams,format_name", *_input(path)]
    answer = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    said = answer.stderr.decode(errors="replace")
    try:
        content = json.loads(answer.stdout)
        found = [_stream(path, number, one, content["format"], said) for number, one in enumerate(content["streams"])]
    except (KeyError, ValueError):
        found = []
    if not found:
        raise UserError(
            f"{path}: not a sound file that libsndfile or ffmpeg reads ({_reason(said) or 'no sound in it'}); "
            "convert it to wav"
        )
    return found


def decoded_blocks(stream: Stream, size: int, strict: bool) -> Iterator[np.ndarray]:
    """Samples ``(sample, channel)`` float32 in blocks of `size` as ffmpeg decodes them, the last of them shorter.

    Raises
    ------
    UserError
        When ffmpeg cannot decode the stream; `strict`: or complains of anything in it.
    """
    command = [_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", *_input(stream.path), "-map", f"0:a:{stream.number}"]
    command += ["-f", "f32le", "-ac", str(stream.channels), "-ar", str(stream.sample_rate), "-"]
    frame = stream.channels * np.dtype("<f4").itemsize
    with TemporaryFile() as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
        assert process.stdout is not None
        while content := process.stdout.read(size * frame):
            yield np.frombuffer(content, dtype="<f4").reshape(-1, stream.channels)
        status = process.wait()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if status:
        raise UserError(
            f"{stream.path}: truncated, damaged or of an unknown coding, ffmpeg cannot decode it ({_reason(said)}); "
            "copy or download the file again, or convert it to wav"
        )
    if strict and said.strip():
        raise UserError(
            f"{stream.path}: truncated or damaged, ffmpeg decodes only a part of it ({_reason(said)}); "
            "copy or download the file again",
            "truncated",
        )


def _stream(path: Path, number: int, stream: dict[str, Any], container: dict[str, Any], said: str) -> Stream:
    """The length of a container is that of its only stream; only in mp4 has each of several its own."""
    rate, channels = int(stream["sample_rate"]), int(stream["channels"])
    seconds = float(stream.get("duration") or container.get("duration") or 0)
    own = container["nb_streams"] == 1 or "mp4" in container["format_name"]
    return Stream(path, number, rate, channels, round(seconds * rate) or None, own and _ESTIMATED not in said)


def _input(path: Path) -> list[str]:
    return [f"file:{path.absolute()}"]


def _tool(name: str) -> str:
    path = shutil.which(name)
    if not path:
        raise UserError(
            f"{name}: not found; install it with `apt-get install ffmpeg` or `conda install -c conda-forge ffmpeg`"
        )
    return path


def _reason(said: str) -> str:
    """The beginning of what ffmpeg said, in one line."""
    return " ".join(said.split())[:_REASON]
