"""Where the recordings of a training lie, and how excerpts of them are gathered.

Three placements give the same samples:

``map``
    The store's files, memory-mapped: the system keeps in memory what it can, for all processes of the machine.
``memory``
    A copy of the stems in main memory.
``device``
    A copy in the memory of the GPU, from which batches are gathered without touching the processor.

A copy has one row per hop of samples, so that an excerpt, which starts at a multiple of the hop, is a run of rows. Row
0 is silence and stands for what lies beyond the end of a stem.

Shape: gathered samples are int16 ``(excerpt, sample, channel)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import psutil
import torch
from torch import Tensor

from reprosep.audio.store import Arrays
from reprosep.base.control_group import free_in_group
from reprosep.params.work import Machine

Placement = Literal["map", "memory", "device"]
Stem = tuple[str, int]  # song, row of its array
_GIGABYTE = 1e9
SHARE_OF_MEMORY = 0.5  # of free memory, the GPU's or the machine's, that a copy may take when nobody has chosen


@dataclass(frozen=True)
class Excerpts:
    """Starts of excerpts of the same length, in samples; None stands for silence."""

    places: Sequence[tuple[Stem, int] | None]
    samples: int


class Recordings(Protocol):
    """Stems from which excerpts are read one by one by the processor, or gathered in batches for a device."""

    placement: Placement

    def read(self, stem: Stem, start: int, samples: int) -> np.ndarray:
        """An excerpt in main memory, int16 ``(sample, channel)``; shorter where the stem ends."""
        ...

    def locate(self, excerpts: Excerpts) -> Tensor:
        """What the processor contributes: the samples themselves, or the rows in which they lie."""
        ...

    def collect(self, located: Tensor, samples: int) -> Tensor:
        """The samples of located excerpts on the training's device, int16 ``(excerpt, sample, channel)``."""
        ...


class MappedRecordings:
    """Excerpts are read from the store's files."""

    placement: Placement = "map"

    def __init__(self, store: Arrays, channels: int) -> None:
        self.channels, self.read = channels, store.read

    def locate(self, excerpts: Excerpts) -> Tensor:
        sound = np.zeros((len(excerpts.places), excerpts.samples, self.channels), np.int16)
        for place, origin in zip(sound, excerpts.places, strict=True):
            if origin:
                part = self.read(*origin, excerpts.samples)
                place[: len(part)] = part
        return torch.from_numpy(sound)

    def collect(self, located: Tensor, samples: int) -> Tensor:
        return located


class _Copy:
    """A copy of stems, one row per hop of samples."""

    def __init__(self, store: Arrays, stems: Iterable[Stem], hop: int, channels: int, device: torch.device) -> None:
        self.hop, self.channels = hop, channels
        stems = list(stems)
        counts = [-(-store.load(song).shape[1] // hop) for song, _ in stems]
        ends = 1 + np.cumsum(counts, dtype=np.int64)
        self._extents = {
            stem: (int(end - count), int(end)) for stem, end, count in zip(stems, ends, counts, strict=True)
        }
        self.rows = torch.zeros(1 + sum(counts), hop * channels, dtype=torch.int16, device=device)
        for (song, row), (first, end) in self._extents.items():
            samples = torch.from_numpy(np.array(store.load(song)[row]).reshape(-1))
            self.rows[first:end].view(-1)[: len(samples)] = samples.to(device)

    def read(self, stem: Stem, start: int, samples: int) -> np.ndarray:
        first, end = self._extents[stem]
        rows = self.rows[first + start // self.hop : min(first + -(-(start + samples) // self.hop), end)]
        return rows.cpu().view(-1, self.channels)[:samples].numpy()

    def numbers(self, excerpts: Excerpts) -> Tensor:
        """Rows of excerpts, int64 ``(excerpt, row)``."""
        extents = np.array([self._extents[place[0]] if place else (0, 0) for place in excerpts.places])
        starts = np.array([place[1] // self.hop if place else 0 for place in excerpts.places])
        rows = (extents[:, 0] + starts)[:, None] + np.arange(-(-excerpts.samples // self.hop))
        return torch.from_numpy(np.where(rows < extents[:, 1:], rows, 0))

    def samples(self, numbers: Tensor, count: int) -> Tensor:
        """The first `count` samples of each run of rows."""
        rows = self.rows.index_select(0, numbers.flatten())
        return rows.view(len(numbers), -1, self.channels)[:, :count]


class CopyInMemory(_Copy):
    """Excerpts are gathered by the processor."""

    placement: Placement = "memory"

    def locate(self, excerpts: Excerpts) -> Tensor:
        return self.samples(self.numbers(excerpts), excerpts.samples)

    def collect(self, located: Tensor, samples: int) -> Tensor:
        return located


class CopyOnDevice(_Copy):
    """Excerpts are gathered by the device; the processor only says which rows."""

    placement: Placement = "device"

    def locate(self, excerpts: Excerpts) -> Tensor:
        return self.numbers(excerpts)

    def collect(self, located: Tensor, samples: int) -> Tensor:
        return self.samples(located, samples)


def bytes_of(store: Arrays, stems: Iterable[Stem], channels: int) -> int:
    """What a copy of stems takes."""
    return sum(2 * channels * store.load(song).shape[1] for song, _ in stems)


def placement_for(machine: Machine, size: int, device: torch.device) -> Placement:
    """The parameter's, or: on the GPU where `size` bytes fit, else a copy in main memory, else the files."""
    if machine.recordings != "auto":
        return machine.recordings
    if device.type != "cuda":
        return "map"
    if size <= min(machine.recordings_gigabytes * _GIGABYTE, SHARE_OF_MEMORY * free_device_memory(device)):
        return "device"
    return "memory" if size <= SHARE_OF_MEMORY * free_memory() else "map"


def free_device_memory(device: torch.device) -> int:
    """Bytes of a GPU's memory that nobody has taken."""
    return int(torch.cuda.mem_get_info(device)[0])


def free_memory() -> int:
    """Bytes of main memory that are free or could be at once, for the machine and for the group of this process."""
    return min(int(psutil.virtual_memory().available), free_in_group())


def place(
    store: Arrays, stems: Sequence[Stem], hop: int, channels: int, machine: Machine, device: torch.device
) -> Recordings:
    """The stems where :func:`placement_for` wants them."""
    placement = placement_for(machine, bytes_of(store, stems, channels), device)
    if placement == "map":
        return MappedRecordings(store, channels)
    if placement == "memory":
        return CopyInMemory(store, stems, hop, channels, torch.device("cpu"))
    return CopyOnDevice(store, stems, hop, channels, device)
