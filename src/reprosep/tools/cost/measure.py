"""Seconds per training item and per second of music, measured with the real training step on noise.

The recordings need not be there: a corpus of noise with one short song per class goes through the same mixer, the same
transforms, the same network and the same optimiser as a training does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from reprosep.audio.store import write_table
from reprosep.experiments.workplace import Workplace
from reprosep.mixtures.clips import Clips
from reprosep.mixtures.mixing import Mixer
from reprosep.mixtures.source_songs import SourceSongs, energy_table
from reprosep.papers.run import Run
from reprosep.papers.system import ClipSet, System
from reprosep.params.scale import Params
from reprosep.training.loop import Training

_SONGS = 4  # of noise, so that excerpts come from several files
_LONGER = 4  # times a training excerpt: the length of a song of noise


@dataclass(frozen=True)
class Speed:
    """What was measured: seconds per training item, seconds per second of a validation song, and where."""

    item: float
    music: float
    device: str


def measure(params: Params, run: Run, system: System, steps: int) -> Speed:
    """Median of `steps` training steps after a first one, and of the estimate of one song of noise."""
    params = params.of_corpus(run.corpus)
    torch.set_num_threads(params.training.threads)
    with tempfile.TemporaryDirectory(prefix="reprosep-cost-") as folder:
        training = training_on_noise(params, run, system, Path(folder))
        item = _median(lambda number: training.step(number).tolist(), steps) / training.batch_size
        music = _median(lambda _: training.validate(), steps) / training.validated_seconds
        return Speed(item, music, _device(training.device, params.training.threads))


def training_on_noise(params: Params, run: Run, system: System, folder: Path) -> Training:
    """A training of a run on a corpus of noise, which is written into an empty folder; one song validates it."""
    workplace = noise_workplace(params, run.corpus, folder)
    if system.sources:
        energy_table(SourceSongs(workplace.mixer)).to_parquet(workplace.energies, index=False)
    if system.clips:
        system = system.model_copy(update={"clips": [ClipSet(corpus=run.corpus, hours="small")]})
        write_table(workplace.clips(run.corpus, run), _noise_clips(workplace.mixer, run.target))
    song = str(workplace.mixer.stems["song"].iloc[0])
    return workplace.training(run, system, [workplace.mixer.song_recipe(song, run.target)])


def _noise_clips(mixer: Mixer, target: str) -> pd.DataFrame:
    """Clips to train on, the first of them to validate with too."""
    train = Clips(mixer, target).table({("train", "coherent"): _SONGS})
    first = train[train["mixture"] == train["mixture"].iloc[0]]
    return pd.concat([train, first.assign(split="valid")], ignore_index=True)


def noise_workplace(params: Params, corpus: str, folder: Path) -> Workplace:
    """A workplace below an empty folder whose corpus is noise."""
    data = folder / corpus
    data.mkdir()
    noise_corpus(params, corpus, data).to_parquet(data / "catalog.parquet", index=False)
    return Workplace(params, corpus, folder)


def _median(call: Callable[[int], object], times: int) -> float:
    """Median seconds of calls with 1, 2, …, after one with 0 that warms up."""
    call(0)
    seconds = []
    for number in range(1, times + 1):
        start = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _device(device: torch.device, threads: int) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {threads} thread{'s' * (threads > 1)}"


def noise_corpus(params: Params, name: str, folder: Path) -> pd.DataFrame:
    """Store and activity of songs of noise below `folder`, and their catalog: every song has a stem of every target."""
    corpus, rate = params.corpora[name], params.audio.sample_rate
    samples = round(_LONGER * params.training.chunk_seconds * rate)
    frames = samples // params.stft.hop + 1
    random = np.random.default_rng(params.seed)
    rows = []
    for part in ("audio", "activity"):
        (folder / part).mkdir()
    for song in (f"noise {number}" for number in range(_SONGS)):
        sound = random.integers(-8000, 8000, (len(corpus.targets), samples, corpus.channels), dtype=np.int16)
        np.save(folder / "audio" / f"{song}.npy", sound)
        np.save(folder / "activity" / f"{song}.npy", random.random((len(corpus.targets), frames), dtype=np.float32))
        rows += [(song, target, row, target, "train") for row, target in enumerate(corpus.targets)]
    catalog = pd.DataFrame(rows, columns=["song", "stem", "row", "target", "split"]).assign(samples=samples)
    index = catalog.assign(file=catalog["song"] + ".npy", rms=0.1)
    index.to_parquet(folder / "audio" / "index.parquet", index=False)
    index.to_parquet(folder / "activity" / "index.parquet", index=False)
    return catalog.drop(columns="row")
