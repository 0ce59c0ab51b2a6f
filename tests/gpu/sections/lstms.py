"""LSTMs by precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from measuring.clock import Pace, pace
from measuring.findings import Findings
from measuring.section import Section
from measuring.settings import Day
from torch import Tensor, nn

from reprosep.models.recurrent import needs_float32, run_lstm

_BATCHES = (16, 25)  # of Open-Unmix and of the BLSTM in the papers
_MANY = 10  # times the kernels of float32: gate by gate, frame by frame
_COUNTED = ("27,000 kernels a step of the whole network, gate by gate", "58,000")


def measure(day: Day, findings: Findings) -> None:
    """The recurrent parts of both networks."""
    table = findings.table(
        "Forwards and backwards, training", *("layers", "precision", "ms a step", "in kernels", "kernels a step")
    )
    for number, (name, layers, batch) in enumerate(_networks(day)):
        found = {}
        for precision in ("float32", "TF32", "bfloat16", "as the project does"):
            found[precision] = one = _pace(day, layers, batch, precision)
            table.row(name, precision, one.milliseconds, one.in_kernels, one.launches)
        _judge(day, findings, name, found, _COUNTED[number])


def _networks(day: Day) -> Iterator[tuple[str, nn.LSTM, Tensor]]:
    models = day.params(day.sizes.scale).models
    unmix, blstm, frames = models.open_unmix, models.blstm, day.sizes.lstm_frames
    for name, hidden, inputs, count, layers, batch in (
        ("Open-Unmix", unmix.hidden // 2, unmix.hidden, frames[0], unmix.layers, _BATCHES[0]),
        ("BLSTM", blstm.hidden, 257, frames[1], blstm.layers, _BATCHES[1]),
    ):
        lstm = nn.LSTM(inputs, hidden, layers, bidirectional=True).to(day.device)
        sizes = f"{layers} x {hidden} units, batch {batch}, {count} frames"
        yield f"{name}: {sizes}", lstm, torch.randn(count, batch, inputs, device=day.device)


def _pace(day: Day, layers: nn.LSTM, batch: Tensor, precision: str) -> Pace:
    forward: Callable[[Tensor], Tensor] = lambda x: layers(x)[0]  # noqa: E731
    if precision == "as the project does":
        forward = lambda x: run_lstm(layers, x)  # noqa: E731
    half = precision in ("bfloat16", "as the project does")

    def step() -> None:
        with torch.autocast(day.device.type, torch.bfloat16, enabled=half):
            states = forward(batch)
        layers.zero_grad(set_to_none=True)
        states.float().square().mean().backward()

    with _tf32(precision == "TF32"):
        return pace(step, day.device, day.sizes.warm_up, max(day.sizes.steps // 4, 1))


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _judge(day: Day, findings: Findings, name: str, found: dict[str, Pace], counted: str) -> None:
    """Whether bfloat16 goes through cuDNN as one piece exactly where the project thinks so."""
    if not day.on_gpu:
        return
    in_pieces = (found["bfloat16"].kernels or 0) > _MANY * (found["float32"].kernels or 1)
    with torch.autocast("cuda", torch.bfloat16):
        thought = needs_float32(day.device)
    told = f"bfloat16 goes {'gate by gate' if in_pieces else 'as one piece'}, {found['bfloat16'].launches} kernels"
    expected = f"{'gate by gate' if thought else 'as one piece'}, by cuDNN's version (counted: {counted})"
    findings.check(name, told, expected, in_pieces == thought)
    best = min(found, key=lambda precision: found[precision].seconds)
    chosen = found["as the project does"].seconds / found[best].seconds
    findings.check(f"{name}: what is fastest", f"{best}; the project's way takes {chosen:.2f} times as long", "", None)


SECTION = Section(
    name="lstms",
    title="LSTMs by precision",
    about=(
        "cuDNN has LSTMs in bfloat16 from version 9.13 on; with an older one they fall apart into tens of thousands of "
        "kernels, and the project computes them in float32."
    ),
    seconds=25,
    measure=measure,
)
