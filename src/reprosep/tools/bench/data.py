"""Training items per second against the musdb package and a plain soundfile loader, one thread each, in alternation."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import soundfile
import yaml
from rich.table import Table

from reprosep.base.progress import ProgressReport
from reprosep.experiments.noise import noise_data
from reprosep.params.scale import Params, dump
from reprosep.tools.bench.machine import copy_rate
from reprosep.tools.bench.process import in_alternation, in_own_process
from reprosep.tools.bench.readers import BATCH, CORPUS, SOURCES

# Way, its title, how many items are measured per item of the slowest.
WAYS = {
    "musdb": ("musdb package, with ffmpeg", 1),
    "soundfile": ("soundfile, open and seek", 16),
    "map": ("here, from the store's files", 64),
    "memory": ("here, from a copy in memory", 64),
    "gather": ("here, int16 samples alone", 512),
}
_PEERS = ("musdb", "soundfile")
_SAMPLE, _FLOAT = 2, 4  # bytes


def bench(params: Params, items: int, repeats: int) -> Table:
    """Time per item of every way, with its ratio to the peers and its share of the machine's copying speed.

    `items` of the musdb package are measured in each of `repeats` rounds, and more of the faster ways.
    """
    with tempfile.TemporaryDirectory(prefix="reprosep-bench-") as temporary:
        folder = Path(temporary)
        write_material(params, folder)
        with ProgressReport("bench data", repeats * len(WAYS)) as progress:
            runs = in_alternation(
                WAYS,
                repeats,
                lambda way: item_seconds(way, folder, items),
                lambda way: progress.advance(note=WAYS[way][0]),
            )
    return _table(params, runs)


def item_seconds(way: str, folder: Path, items: int) -> float:
    """Processor seconds of an item by one of the ways, of material that :func:`write_material` wrote."""
    count = -(-items * WAYS[way][1] // BATCH) * BATCH if way not in _PEERS else items * WAYS[way][1]
    remedy = "see that ffmpeg and the packages of the lock are installed"
    answer = in_own_process(
        "reprosep.tools.bench.readers", way, str(folder), str(count), what=WAYS[way][0], remedy=remedy
    )
    return float(answer["seconds"][0]) / count


def write_material(params: Params, folder: Path) -> None:
    """A corpus of noise as store and as wav files of MUSDB18's layout."""
    mixer = noise_data(params, CORPUS, folder).mixer
    (folder / "params.yaml").write_text(yaml.safe_dump(dump(params)))
    for number, song in enumerate(dict.fromkeys(mixer.stems["song"])):
        place = folder / "wav/train" / f"Noise - {number}"
        place.mkdir(parents=True)
        sound = mixer.store.load(song)
        for name, stem in zip(params.corpora[CORPUS].targets, sound, strict=True):
            soundfile.write(place / f"{name}.wav", stem, params.audio.sample_rate, subtype="PCM_16")
        soundfile.write(place / "mixture.wav", sound[0], params.audio.sample_rate, subtype="PCM_16")


def _table(params: Params, runs: dict[str, list[float]]) -> Table:
    channels, seconds = params.corpora[CORPUS].channels, params.training.chunk_seconds
    title = f"Training items of {len(SOURCES)} x {seconds:g} s, {channels} channels, one thread"
    table = Table(title=f"{title}: medians of processor time", title_justify="left")
    for column in ("way", "ms per item", "items per s", "against musdb", "against soundfile", "of copying speed"):
        table.add_column(column, justify="left" if column == "way" else "right")
    rate = copy_rate()
    for way, times in runs.items():
        ratios = [_ratio(runs[peer], times) if way not in _PEERS else "" for peer in _PEERS]
        seconds_per_item = statistics.median(times)
        share = f"{100 * _bytes(params, way) / rate / seconds_per_item:.0f} %" if way not in _PEERS else ""
        speed = [f"{1000 * seconds_per_item:.2f}", f"{1 / seconds_per_item:.1f}"]
        table.add_row(WAYS[way][0], *speed, *ratios, share)
    table.caption = (
        f"copying speed of this machine, one thread: {rate / 1e9:.1f} GB read and written per second; the processor's "
        "caches, in which a part of this small corpus lies, may be faster"
    )
    return table


def _ratio(peer: list[float], ours: list[float]) -> str:
    ratios = [slow / fast for slow, fast in zip(peer, ours, strict=True)]
    return f"{statistics.median(ratios):.0f}x ({min(ratios):.0f} to {max(ratios):.0f})"


def _bytes(params: Params, way: str) -> float:
    """What an item must move at least: its samples read and written once, and, mixed, target and mixture written."""
    length = params.training.chunk_seconds * params.audio.sample_rate * params.corpora[CORPUS].channels
    samples = len(SOURCES) * length * _SAMPLE
    return 2 * samples if way == "gather" else samples + 2 * length * _FLOAT
