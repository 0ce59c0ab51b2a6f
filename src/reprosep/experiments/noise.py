"""A corpus of noise, on which trainings can be measured before the recordings are there.

It goes through the same mixer, transforms, network and optimiser as a training does. How a kind trains on it is told by
``noise.py`` in its folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reprosep.audio.arrays import save_array
from reprosep.audio.store import write_table
from reprosep.experiments.data import CorpusData
from reprosep.params.scale import Params

SONGS = 4  # of noise, so that excerpts come from several files
_LONGER = 4  # times a training excerpt: the length of a song of noise


def noise_data(params: Params, corpus: str, folder: Path) -> CorpusData:
    """The data of a corpus of noise, which is written below an empty folder."""
    data = folder / corpus
    data.mkdir()
    write_table(data / "catalog.parquet", noise_corpus(params, corpus, data))
    return CorpusData(params, corpus, folder)


def noise_corpus(params: Params, name: str, folder: Path) -> pd.DataFrame:
    """Store and activity of songs of noise below `folder`, and their catalog: every song has a stem of every target."""
    corpus, rate = params.corpora[name], params.audio.sample_rate
    samples = round(_LONGER * params.training.chunk_seconds * rate)
    frames = samples // params.stft.hop + 1
    random = np.random.default_rng(params.seed)
    rows = []
    for part in ("audio", "activity"):
        (folder / part).mkdir()
    for song in (f"noise {number}" for number in range(SONGS)):
        sound = random.integers(-8000, 8000, (len(corpus.targets), samples, corpus.channels), dtype=np.int16)
        save_array(folder / "audio" / f"{song}.npy", sound)
        confidences = random.random((len(corpus.targets), frames), dtype=np.float32)
        save_array(folder / "activity" / f"{song}.npy", confidences)
        rows += [(song, target, row, target, "train") for row, target in enumerate(corpus.targets)]
    catalog = pd.DataFrame(rows, columns=["song", "stem", "row", "target", "split"]).assign(samples=samples)
    index = catalog.assign(file=catalog["song"] + ".npy", rms=0.1)
    write_table(folder / "audio" / "index.parquet", index)
    write_table(folder / "activity" / "index.parquet", index)
    named = catalog.drop(columns="row").assign(artist=catalog["song"], instrument=catalog["target"], path="", sha256="")
    return named.assign(stream=0, sample_rate=rate, channels=corpus.channels, seconds=samples / rate, bleed=False)
