"""One way to evaluate a folder of songs, in a process of its own.

``python -m reprosep.tools.bench.evaluations WAY FOLDER JOBS``: the folder holds ``references`` and ``estimates``, songs
in MUSDB18's layout.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.tools.bench.process import processor_seconds

Counted = tuple[int, int]  # songs, and which usage tells the largest process


def _here(folder: Path, jobs: str) -> Counted:
    places = [str(folder / name) for name in ("references", "estimates")]
    command = [sys.executable, "-m", "reprosep.cli", "evaluate", *places, "--output", str(folder / "scores")]
    subprocess.run([*command, "--jobs", jobs], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return len(list((folder / "references/test").iterdir())), resource.RUSAGE_CHILDREN


def _museval(folder: Path, jobs: str) -> Counted:
    """The first song alone."""
    import museval
    import soundfile

    song = min((folder / "references/test").iterdir())
    names = sorted(path.name for path in song.iterdir())
    signals = [
        np.stack([soundfile.read(folder / kind / "test" / song.name / name)[0] for name in names])
        for kind in ("references", "estimates")
    ]
    rate = soundfile.info(song / names[0]).samplerate
    museval.evaluate(*signals, win=rate, hop=rate)
    return 1, resource.RUSAGE_SELF


WAYS = {"here": _here, "museval": _museval}


def measure(way: str, folder: Path, jobs: str) -> dict[str, Any]:
    """Seconds of the clock and of the processors per song, and megabytes of the largest process."""
    begun, worked = time.perf_counter(), processor_seconds()
    songs, usage = WAYS[way](folder, jobs)
    seconds, processors = time.perf_counter() - begun, processor_seconds() - worked
    megabytes = resource.getrusage(usage).ru_maxrss / 1e3
    return {"songs": songs, "seconds": seconds / songs, "processor": processors / songs, "megabytes": megabytes}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
