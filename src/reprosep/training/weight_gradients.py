"""Weight gradients of wide convolutions on processors without AVX-512.

Activations lie channels last, which on a processor makes every pass through a convolution faster but one: where oneDNN
has no AVX-512 to use, its gradient of the weights falls from about 50 to 15 billion operations per second once an
image, or the weights, exceed some megabytes. There it is taken from copies with the channels first.

References
----------
Measured on an AMD EPYC with AVX2, PyTorch 2.13: ``reprosep bench train``, and the single layers of IASS and M-U-Net.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

_NARROW = 16  # channels up to which channels last is the faster layout in every pass
_LARGE = 2 << 20  # bytes of an image, or of the weights, from which the gradient of the weights slows down


class _Convolution(torch.autograd.Function):
    """A convolution in the layout of its input; the gradients of its weights are taken with the channels first."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, settings: tuple[Any, ...]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.settings, ctx.bias_sizes = settings, None if bias is None else list(bias.shape)
        result: Tensor = torch.ops.aten.convolution(x, weight, bias, *settings)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        def back(tensors: list[Tensor], wanted: list[bool]) -> tuple[Tensor | None, ...]:
            back_through = torch.ops.aten.convolution_backward
            gradients: tuple[Tensor | None, ...] = back_through(*tensors, ctx.bias_sizes, *ctx.settings, wanted)
            return gradients

        tensors = [gradient, *ctx.saved_tensors]
        of_input, of_weight, of_bias, _ = ctx.needs_input_grad
        input_gradient = back(tensors, [True, False, False])[0] if of_input else None
        first = [tensor.contiguous() for tensor in tensors]
        return input_gradient, *back(first, [False, of_weight, of_bias])[1:], None


def speed_up_weight_gradients(model: nn.Module, precision: str, device: torch.device) -> None:
    """Take the gradients of wide convolutions' weights with the channels first where that is faster.

    Changes how the layers of `model` compute, not their names, weights or states.
    """
    if device.type != "cpu" or precision != "float32" or torch.backends.cpu.get_cpu_capability() != "AVX2":
        return
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and not isinstance(layer.padding, str) and layer.padding_mode == "zeros":
            layer.forward = partial(_convolve, layer)  # type: ignore[method-assign]
        elif isinstance(layer, nn.ConvTranspose2d):
            layer.forward = partial(_convolve_transposed, layer)  # type: ignore[method-assign]


def _convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    if not _is_slow(layer, x):
        return nn.Conv2d.forward(layer, x)
    return _apply(layer, x, transposed=False, output_padding=[0, 0])


def _convolve_transposed(layer: nn.ConvTranspose2d, x: Tensor, output_size: list[int] | None = None) -> Tensor:
    if not _is_slow(layer, x):
        return nn.ConvTranspose2d.forward(layer, x, output_size)
    rows = (layer.stride, layer.padding, layer.kernel_size)
    stride, padding, kernel = (list(row) for row in rows)
    added = layer._output_padding(x, output_size, stride, padding, kernel, 2, list(layer.dilation))  # type: ignore[arg-type]
    return _apply(layer, x, transposed=True, output_padding=added)


def _apply(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, transposed: bool, output_padding: list[int]) -> Tensor:
    shape = (layer.stride, layer.padding, layer.dilation, transposed, output_padding, layer.groups)
    result: Tensor = _Convolution.apply(x, layer.weight, layer.bias, shape)
    return result


def _is_slow(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> bool:
    """Whether the gradient of the weights is slow with the channels last."""
    wide = max(layer.in_channels, layer.out_channels) > _NARROW and max(layer.kernel_size) > 1
    largest = max(x[:1].numel(), layer.weight.numel()) * x.element_size()
    return torch.is_grad_enabled() and wide and largest >= _LARGE
