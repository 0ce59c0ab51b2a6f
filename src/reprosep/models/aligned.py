"""Dense layers whose sizes are odd, as numbers of bins are, on a GPU in bfloat16.

A GPU multiplies matrices of bfloat16 at full speed where every row begins at a multiple of 16 bytes, so where rows have
a multiple of eight values. 1487 and 2049 bins are none. There the product is taken of copies that are padded with
zeros, and what was added is cut off again: the same sums. The weights keep their shapes and names.

References
----------
NVIDIA, "Matrix Multiplication Background User's Guide", Section 4.2 (multiples of 16 bytes in every dimension).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_MULTIPLE = 8  # values of bfloat16 in 16 bytes


def dense(layer: nn.Linear, x: Tensor) -> Tensor:
    """What `layer` makes of ``(…, input)``: ``(…, output)``, by padded sizes where that is faster."""
    outputs = layer.out_features
    added, surplus = -layer.in_features % _MULTIPLE, -outputs % _MULTIPLE
    if not (added or surplus) or not wants_multiples(x.device):
        y: Tensor = layer(x)
        return y
    weight = nn.functional.pad(layer.weight.to(torch.bfloat16), (0, added, 0, surplus))
    bias = None if layer.bias is None else nn.functional.pad(layer.bias.to(torch.bfloat16), (0, surplus))
    return nn.functional.linear(nn.functional.pad(x.to(torch.bfloat16), (0, added)), weight, bias)[..., :outputs]


def wants_multiples(device: torch.device) -> bool:
    """Whether products are taken in bfloat16 on a GPU."""
    is_on = device.type == "cuda" and torch.is_autocast_enabled("cuda")
    return is_on and torch.get_autocast_dtype("cuda") == torch.bfloat16
