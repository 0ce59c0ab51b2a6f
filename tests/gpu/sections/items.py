"""Training items: equal wherever the recordings lie, and those of the processor."""

from __future__ import annotations

from typing import Any, get_args

from measuring.differences import apart, same, tensors_of, told
from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import Pair, one_of_every_network
from torch import Tensor

from reprosep.training.recordings import Placement

_BATCH = 4
_TRANSFORMS = 1e-5  # transforms of two libraries, in float32
_PLACED = ("target", "sources")  # kinds whose recordings have a place


def measure(day: Day, findings: Findings) -> None:
    """One run of every network."""
    scale = day.sizes.scale
    with noise_of(day) as noise:
        for pair in one_of_every_network(day, scale):
            where = get_args(Placement) if pair[1].kind in _PLACED else ("map",)
            batches = {placement: _batch(noise, scale, pair, placement) for placement in where}
            if len(where) > 1:
                equal = [placement for placement in where if not same(batches["map"], batches[placement])]
                found = f"differ from {', '.join(equal)}" if equal else "equal to the last bit"
                findings.check(f"{pair[0].id} from {', '.join(where)}", found, "equal to the last bit", not equal)
            processor = _batch(noise, scale, pair, "map", on="cpu")
            worst = max(apart(processor[name], batches["map"][name]) for name in processor)
            what = f"{pair[0].id}, processor against {day.device_name}"
            findings.check(what, f"{told(worst)} apart", f"less than {_TRANSFORMS:g}", worst < _TRANSFORMS)


def _batch(noise: Noise, scale: str, pair: Pair, placement: str, on: str | None = None) -> dict[str, Tensor]:
    change: dict[str, Any] = {"training": {"batch_size": _BATCH}, "machine": {"recordings": placement}}
    training = noise.training(scale, *pair, change, on)
    return tensors_of(training.feed.batch(_BATCH, _BATCH, 2 * _BATCH))


SECTION = Section(
    name="items",
    title="Items from files, main memory and the GPU's memory",
    about=(
        "Whether an item is the same wherever the recordings lie: in mapped files, in main memory, in the GPU's memory."
    ),
    seconds=25,
    measure=measure,
)
