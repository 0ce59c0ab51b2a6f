"""Gradients of weights that are taken with the channels first are those of torch's own convolutions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from conftest import Line
from reprosep.models.iass import IASS
from reprosep.training import weight_gradients
from reprosep.training.weight_gradients import speed_up_weight_gradients
from trainings import IASS as RUN
from trainings import training

CPU, GPU = torch.device("cpu"), torch.device("cuda")
OURS = "_ConvolutionBackward"
SHAPES = st.fixed_dictionaries(
    {
        "kernel_size": st.tuples(st.integers(2, 4), st.integers(1, 3)),
        "stride": st.tuples(st.integers(1, 3), st.integers(1, 2)),
        "padding": st.tuples(st.integers(0, 1), st.just(0)),
        "bias": st.booleans(),
    }
)


@pytest.fixture(autouse=True)
def all_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers take the way of large ones, on every processor."""
    monkeypatch.setattr(weight_gradients, "_LARGE", 0)
    monkeypatch.setattr(weight_gradients, "_NARROW", 0)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")


def last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def differentiated(model: Any, x: Tensor, **keywords: Any) -> list[Tensor]:
    """Output, and gradients by input and parameters, of the sum of the output's parts with random weights."""
    x = x.detach().clone().requires_grad_()
    model.zero_grad()
    y = model(x, **keywords)
    y = y[0] if isinstance(y, tuple) else y
    y.backward(torch.rand(y.shape, generator=torch.Generator().manual_seed(1)))
    assert x.grad is not None
    return [y.detach(), x.grad, *(weights.grad.clone() for weights in model.parameters() if weights.grad is not None)]


def assert_same(one: list[Tensor], other: list[Tensor]) -> None:
    assert len(one) == len(other) > 2
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * float(a.abs().max()))


def way(model: nn.Module, x: Tensor, **keywords: Any) -> str:
    return type(model(x, **keywords).grad_fn).__name__


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SHAPES, st.booleans(), st.integers(1, 5), st.integers(1, 5))
def test_a_layer(shape: dict[str, Any], transposed: bool, inputs: int, outputs: int) -> None:
    layer = (nn.ConvTranspose2d if transposed else nn.Conv2d)(inputs, outputs, **shape)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = last(torch.rand(2, inputs, 9, 7))
    before = differentiated(layer, x)
    speed_up_weight_gradients(layer, "float32", CPU)
    assert way(layer, x) == OURS
    assert_same(before, differentiated(layer, x))


def test_a_transposed_layer_of_a_given_size() -> None:
    layer = nn.ConvTranspose2d(3, 4, (3, 1), stride=(3, 1)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x, size = last(torch.rand(2, 3, 5, 7)), (17, 7)  # two rows more than three times five
    before = differentiated(layer, x, output_size=size)
    speed_up_weight_gradients(layer, "float32", CPU)
    assert way(layer, x, output_size=size) == OURS
    assert_same(before, differentiated(layer, x, output_size=size))


def test_a_network() -> None:
    torch.manual_seed(0)
    model = IASS(bins=60, all_bins=70, channels=2, width=4).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = last(torch.rand(2, 2, 70, 11))
    before, names = differentiated(model, x), list(model.state_dict())
    speed_up_weight_gradients(model, "float32", CPU)
    assert_same(before, differentiated(model, x))
    assert list(model.state_dict()) == names


@pytest.mark.parametrize(
    ("precision", "device", "capability"),
    [("bfloat16", CPU, "AVX2"), ("float32", GPU, "AVX2"), ("float32", CPU, "AVX512")],
)
def test_elsewhere_nothing_changes(
    precision: str, device: torch.device, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    layer = nn.Conv2d(3, 4, 3)
    speed_up_weight_gradients(layer, precision, device)
    assert way(layer, torch.rand(1, 3, 5, 5)) != OURS


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 4, 3, padding="same"), nn.Conv2d(3, 4, 1)])
def test_layers_that_are_left_as_they_are(layer: nn.Conv2d) -> None:
    speed_up_weight_gradients(layer, "float32", CPU)
    assert way(layer, torch.rand(1, 3, 5, 5)) != OURS


def test_small_images_and_narrow_layers_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = nn.Conv2d(3, 4, 3), torch.rand(1, 3, 5, 5)
    speed_up_weight_gradients(layer, "float32", CPU)
    monkeypatch.setattr(weight_gradients, "_NARROW", 4)
    assert way(layer, x) != OURS
    monkeypatch.setattr(weight_gradients, "_NARROW", 3)
    monkeypatch.setattr(weight_gradients, "_LARGE", 4 * 4 * 3 * 9 + 1)
    assert way(layer, x) != OURS
    assert way(layer, torch.rand(1, 3, 12, 12 + 1)) == OURS


def test_trainings_take_it(prepared: Line) -> None:
    model = training(prepared, RUN).model
    assert way(model.encoders[0].down, torch.rand(1, model.encoders[0].down.in_channels, 9, 9)) == OURS
