"""Ways to get a training item (excerpts of four random songs, random gains, summed), in a process of its own.

``python -m reprosep.tools.bench.readers WAY FOLDER COUNT`` prints the processor seconds of COUNT items. The folder
holds one corpus twice: as wav files in MUSDB18's layout below ``wav``, and as our workflow lays it out; and
``params.yaml``.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reprosep.experiments.data import CorpusData
from reprosep.experiments.target.examples import Examples
from reprosep.params.reading import load, parse
from reprosep.params.scale import Params, dump, merge
from reprosep.tools.bench.process import measured
from reprosep.training.recordings import Excerpts, Placement

CORPUS, BATCH = "musdb", 8
Make = Callable[[int], None]  # that many items, none of them kept
SOURCES = ("vocals", "bass", "drums", "other")


def _musdb(folder: Path, params: Params) -> Make:
    """As Open-Unmix reads MUSDB18: the musdb package, which starts ffmpeg for every source."""
    import musdb

    tracks = list(musdb.DB(root=str(folder / "wav"), is_wav=True, subsets="train"))
    random, seconds = np.random.default_rng(0), params.training.chunk_seconds

    def source(name: str) -> np.ndarray:
        track = tracks[random.integers(len(tracks))]
        stem = track.sources[name]
        stem.chunk_duration, stem.chunk_start = seconds, random.uniform(0, track.duration - seconds)
        return np.asarray(stem.audio.T * random.uniform(0.25, 1.25), np.float32)

    return _repeated(lambda _: sum(source(name) for name in SOURCES))


def _soundfile(folder: Path, params: Params) -> Make:
    """As Open-Unmix reads folders of wav files: open, seek, read."""
    import soundfile

    songs = sorted((folder / "wav/train").iterdir())
    frames = soundfile.info(songs[0] / "vocals.wav").frames
    random, length = np.random.default_rng(0), round(params.training.chunk_seconds * params.audio.sample_rate)

    def source(name: str) -> np.ndarray:
        start = int(random.integers(frames - length + 1))
        path = songs[random.integers(len(songs))] / f"{name}.wav"
        sound, _ = soundfile.read(path, length, start, dtype="float32")
        return np.ascontiguousarray(sound.T) * np.float32(random.uniform(0.25, 1.25))

    return _repeated(lambda _: sum(source(name) for name in SOURCES))


def _examples(folder: Path, params: Params, placement: Placement) -> Examples:
    on_processor = {"training": {"gpu": 0}, "machine": {"recordings": placement, "side_by_side": False}}
    data = CorpusData(parse(merge(dump(params), on_processor)), CORPUS, folder)
    return Examples(data.params, data.mixer, SOURCES[0], 0, True, data.device, data.recordings)


def _ours(folder: Path, params: Params, placement: Placement) -> Make:
    examples = _examples(folder, params, placement)
    return _repeated(lambda first: examples.prepare(first, BATCH), BATCH)


def _gather(folder: Path, params: Params) -> Make:
    """The int16 samples alone."""
    examples = _examples(folder, params, "memory")
    recipes = [examples.mixer.training_recipe(examples.pool, 0, number) for number in range(64)]
    excerpts = [Excerpts([((e.song, e.row), e.start) for e in recipe.excerpts], recipe.length) for recipe in recipes]
    return _repeated(lambda number: examples.recordings.locate(excerpts[number % len(excerpts)]))


def _repeated(make: Callable[[int], Any], step: int = 1) -> Make:
    """`make` for the items 0, step, 2 step, …"""

    def makes(count: int) -> None:
        for first in range(0, count, step):
            make(first)

    return makes


WAYS: dict[str, Callable[[Path, Params], Make]] = {
    "musdb": _musdb,
    "soundfile": _soundfile,
    "map": lambda folder, params: _ours(folder, params, "map"),
    "memory": lambda folder, params: _ours(folder, params, "memory"),
    "gather": _gather,
}


def main(way: str, folder: Path, count: int) -> dict[str, Any]:
    """Processor seconds of `count` items, after a few that warm up."""
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make = WAYS[way](folder, load(folder / "params.yaml"))
        make(max(count // 8, 1))
        return measured([lambda: make(count)])


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
