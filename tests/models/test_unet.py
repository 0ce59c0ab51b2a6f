"""The U-Nets have the authors' parameter counts, shapes and conditions."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from reprosep.models.cunet import CUNet, Generator, conditions
from reprosep.models.inference import parameter_count
from reprosep.models.unet import UNet

PAPER = [32, 64, 128, 256, 512, 1024, 2048]
SMALL = [4, 8, 16]


@pytest.mark.parametrize(("sources", "expected"), [(1, 124_448_673), (2, 124_448_706), (4, 124_448_772)])
def test_parameters_of_the_u_net(sources: int, expected: int) -> None:
    with torch.device("meta"):
        assert parameter_count(UNet(sources, PAPER)) == expected


@pytest.mark.parametrize(("sources", "expected"), [(2, 162_004_001), (4, 162_004_129)])
def test_parameters_of_the_conditioned_u_net(sources: int, expected: int) -> None:
    with torch.device("meta"):
        assert parameter_count(CUNet(sources, PAPER)) == expected


@pytest.mark.parametrize("sources", [1, 2, 4])
def test_masks_are_non_negative_and_as_large_as_the_input(sources: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 1, 16, 24)
    masks, _ = UNet(sources, SMALL)(x)
    assert masks.shape == (3, sources, 16, 24) and (masks >= 0).all() and (masks > 0).any()
    mask, _ = CUNet(4, SMALL, hidden=(4, 8, 16))(x, torch.eye(4)[:3])
    assert mask.shape == (3, 1, 16, 24) and (mask >= 0).all()


def test_widths_that_do_not_double() -> None:
    with pytest.raises(ValueError, match=r"widths: \[4, 8, 12\] must double"):
        UNet(1, [4, 8, 12])


def test_the_u_net_is_the_plain_statement_of_its_layers() -> None:
    """Written out from the description of the released code, without its classes."""
    torch.manual_seed(1)
    model = UNet(2, SMALL).eval()
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    layers = [one for one in model.modules() if not list(one.children()) and not isinstance(one, nn.Dropout2d)]
    convolutions = iter([one for one in layers if isinstance(one, nn.Conv2d | nn.ConvTranspose2d)])
    norms = iter([one for one in layers if isinstance(one, nn.BatchNorm2d)])

    def block(x: torch.Tensor) -> torch.Tensor:
        for _ in range(2):
            x = functional.leaky_relu(next(norms)(next(convolutions)(x)), 0.1)
        return x

    x = given = torch.randn(1, 1, 8, 8)
    skips = []
    for _ in SMALL[:-1]:
        skips.append(block(x))
        x = functional.max_pool2d(skips[-1], 2)
    for skip in reversed(skips):
        x = block(x)
        x = torch.cat([next(convolutions)(x), skip], 1)
    x = block(x)
    expected = functional.relu(next(convolutions)(x))
    torch.testing.assert_close(model(given)[0], expected)


def test_conditions() -> None:
    assert conditions(2, "paper").tolist() == [[1, 0], [0, 1]]
    assert conditions(2, "code").tolist() == [[1, 0], [0, 1], [1, 1], [0, 0]]
    assert len(conditions(4, "code")) == 6


def test_the_condition_modulates_every_encoder_block() -> None:
    torch.manual_seed(2)
    model = CUNet(3, SMALL, hidden=(4, 8, 16)).eval()
    x = torch.randn(1, 1, 8, 8)
    one, other = (model(x, torch.eye(3)[n : n + 1])[0] for n in (0, 1))
    assert not torch.allclose(one, other)
    for generator in (model.gamma, model.beta):
        made = generator(torch.eye(3))
        assert made.shape == (3, sum(SMALL)) and (made >= 0).all()
    # gamma is added and beta multiplies: without either every block passes its rectified zeros.
    for generator in (model.gamma, model.beta):
        for parameter in generator.parameters():
            nn.init.zeros_(parameter)
    silent, loud = model(x, torch.eye(3)[:1])[0], model(5 * x, torch.eye(3)[1:2])[0]
    torch.testing.assert_close(silent, loud)


def test_a_generator_normalises_after_dropout() -> None:
    kinds = [type(layer).__name__ for layer in Generator(2, (3, 4, 5), 6, 0.1)]
    wide = ["Linear", "ReLU", "Dropout", "BatchNorm1d"]
    assert kinds == ["Linear", "ReLU", *wide, *wide, "Linear", "ReLU"]
