"""Dense layers in padded sizes: the same result and gradients, weights as published; elsewhere nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from reprosep.models import aligned
from reprosep.models.blstm import BLSTM
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "iass": lambda: IASS(81, 129, 1, 2, 4),
    "open-unmix": lambda: OpenUnmix(81, 129, 1, 16),
    "blstm": lambda: BLSTM(129, 8, 1, 0.0, True),
}


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A processor that wants what a GPU wants; the sizes of its products' weights."""
    seen: list[tuple[int, int]] = []
    linear = nn.functional.linear

    def noted(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        seen.append((weight.shape[0], weight.shape[1]))
        return linear(x, weight, bias)

    monkeypatch.setattr(aligned, "wants_multiples", lambda _: True)
    monkeypatch.setattr(aligned.nn.functional, "linear", noted)
    return seen


def gradients(layer: nn.Linear, x: Tensor, way: Callable[[nn.Linear, Tensor], Tensor]) -> list[Tensor]:
    x = x.clone().requires_grad_()
    y = way(layer, x)
    given = torch.linspace(-1, 1, y.numel()).reshape(y.shape)
    wanted = [x, layer.weight, *([] if layer.bias is None else [layer.bias])]
    return [y, *torch.autograd.grad((y.float() * given).sum(), wanted)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("inputs", "outputs"), [(1487, 2049), (64, 2049), (1487, 64), (15, 1)])
def test_the_same_by_padded_sizes(sizes: list[tuple[int, int]], inputs: int, outputs: int, bias: bool) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(inputs, outputs, bias), torch.randn(2, 3, inputs)

    def plain(layer: nn.Linear, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return nn.Linear.forward(layer, x)

    found = gradients(layer, x, aligned.dense)
    assert found[0].dtype == torch.bfloat16
    assert sizes == [(-(-outputs // 8) * 8, -(-inputs // 8) * 8)]
    sizes.clear()
    for one, other in zip(found, gradients(layer, x, plain), strict=True):
        assert one.shape == other.shape
        assert (one - other).norm() <= 0.01 * other.norm()  # half a step of bfloat16 is 0.002 of a value


@pytest.mark.parametrize("name", NETWORKS)
def test_all_products_over_bins_are_padded(sizes: list[tuple[int, int]], name: str) -> None:
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    shapes = {key: value.shape for key, value in model.state_dict().items()}
    x = torch.rand(2, 129, 11) if name == "blstm" else torch.rand(2, 1, 129, 11)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        model(x)
    assert sizes and all(size % 8 == 0 for pair in sizes for size in pair)
    assert {key: value.shape for key, value in model.state_dict().items()} == shapes


def test_even_sizes_are_left_alone(sizes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligned.nn.functional, "pad", lambda *_: pytest.fail("padded"))
    with torch.autocast("cpu", torch.bfloat16):
        aligned.dense(nn.Linear(16, 24).to(torch.bfloat16), torch.zeros(2, 16, dtype=torch.bfloat16))
    assert sizes == [(24, 16)]


@pytest.mark.parametrize(
    ("device", "dtype", "expected"),
    [
        ("cuda", torch.bfloat16, True),
        ("cuda", torch.float16, False),
        ("cuda", None, False),
        ("cpu", torch.bfloat16, False),
    ],
)
def test_where_sizes_are_padded(
    device: str, dtype: torch.dtype | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: dtype is not None)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda _: dtype)
    assert aligned.wants_multiples(torch.device(device)) == expected


def test_on_a_processor_nothing_changes() -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(15, 33), torch.randn(4, 15)
    assert torch.equal(aligned.dense(layer, x), layer(x))
