"""Every system's loss and gradients on the device against those on the processor."""

from __future__ import annotations

from typing import Any

import torch
from measuring.differences import all_apart, told
from measuring.findings import Findings
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import Pair, one_of_every_network, trained_systems
from torch import Tensor, nn

from reprosep.training.loop import Training

# In float32, sums in another order: of the loss, and of the gradients of networks with batch norm and many layers.
_LOSS, _GRADIENTS = 1e-4, 2e-2
_BATCH = 2
_CHANGE = {"training": {"batch_size": _BATCH, "precision": "float32", "threads": 1}}


def measure(day: Day, findings: Findings) -> None:
    """All systems small, and every network at the papers' size."""
    table = findings.table(
        "The first batch in float32, processor against device",
        *("run", "scale", "loss", "losses apart", "gradients apart"),
    )
    scales = {day.sizes.small_scale: trained_systems, day.sizes.scale: one_of_every_network}
    with noise_of(day) as noise:
        pairs = [(scale, pair) for scale, chosen in scales.items() for pair in chosen(day, scale)]
        worst = {(scale, pair[0].id): _compared(noise, scale, pair, table) for scale, pair in pairs}
    for number, (what, most) in enumerate((("losses", _LOSS), ("gradients", _GRADIENTS))):
        (scale, name), values = max(worst.items(), key=lambda item: item[1][number])
        found = f"at most {told(values[number])} apart, {name} at the scale {scale}"
        findings.check(f"{what} of {len(worst)} trainings", found, f"less than {most:g}", values[number] < most)


def _compared(noise: Noise, scale: str, pair: Pair, table: Any) -> tuple[float, float]:
    """How far loss and gradients of one system are apart."""
    loss, gradients = _loss_and_gradients(noise.training(scale, *pair, _CHANGE, on="cpu"))
    other, others = _loss_and_gradients(noise.training(scale, *pair, _CHANGE))
    apart = abs(loss - other) / max(abs(loss), 1e-12), all_apart(gradients, others)
    table.row(pair[0].id, scale, f"{loss:.5g}", told(apart[0]), told(apart[1]))
    return apart


def _loss_and_gradients(training: Training[Any]) -> tuple[float, dict[str, Tensor]]:
    """Of the first batch, without dropout, which every device draws for itself."""
    for module in training.model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    training.begin()
    training.model.train()
    loss, _ = training.losses_of(training.feed.batch(0, _BATCH, _BATCH))
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = {
        name: one.grad if one.grad is not None else torch.zeros_like(one)
        for name, one in training.model.named_parameters()
    }
    return float(loss.detach()), gradients


SECTION = Section(
    name="agreement",
    title="Losses and gradients, processor against GPU",
    about=(
        "Whether the GPU trains what the processor trains, whose numbers are tested against the papers' code: the loss "
        "of a batch and its gradients in float32, of every system small and of every network at the papers' size."
    ),
    seconds=65,
    measure=measure,
)
