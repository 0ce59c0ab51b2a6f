"""AAC in ``.m4a`` files, by ffmpeg: libsndfile does not write it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

# By their private names: a change of that file, which reads recordings, would make all trainings anew.
from reprosep.audio.ffmpeg import _reason, _tool

_BITS = 128_000  # per second and channel


def encoded_aac(samples: np.ndarray, rate: int) -> bytes:
    """``(sample, channel)``, full scale 1, as an ``.m4a`` file; coded in blocks, it ends with up to 1023 zeros.

    Raises
    ------
    ValueError
        When ffmpeg cannot code these channels or this rate.
    UserError
        When ffmpeg is not installed.
    """
    channels = samples.shape[1]
    with TemporaryDirectory(prefix="reprosep-") as folder:  # the container's index is written last, at its beginning
        path = Path(folder) / "sound.m4a"
        command = [_tool("ffmpeg"), "-v", "error", "-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-"]
        command += ["-c:a", "aac", "-b:a", str(channels * _BITS), "-f", "ipod", f"file:{path}"]
        content = np.ascontiguousarray(samples, dtype="<f4").tobytes()
        answer = subprocess.run(command, input=content, capture_output=True, check=False)
        if answer.returncode:
            raise ValueError(_reason(answer.stderr.decode(errors="replace")))
        return path.read_bytes()
