"""The networks of published weights, and their tensors by our names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reprosep.audio.stft import model_bins
from reprosep.base.errors import UserError
from reprosep.models.iass import IASS
from reprosep.models.open_unmix import OpenUnmix
from reprosep.weights.registry import Layout, Network, OpenUnmixSize

_COUNTER = "num_batches_tracked"  # of batch norms: counts training steps, and estimates do not depend on it
_SAMPLE_RATE = "sample_rate"  # both layouts have it in some versions


def build(network: Network) -> IASS | OpenUnmix:
    """The network, with weights that mean nothing."""
    bins, all_bins = model_bins(network.stft, network.sample_rate)
    size = network.size
    if isinstance(size, OpenUnmixSize):
        return OpenUnmix(bins, all_bins, size.channels, size.hidden, size.layers)
    return IASS(bins, all_bins, size.channels, size.blocks, size.width, size.activity_head)


def imported(path: Path, state: Mapping[str, Tensor], layout: Layout, network: Network) -> dict[str, Tensor]:
    """The tensors of the file `path` by our names, float32, each of the shape that the network has.

    Raises
    ------
    UserError
        With the first tensor that is missing, unknown, of another shape or not finite, or a sample rate that is not
        the network's.
    """
    _check_rate(path, state, network)
    with torch.device("meta"):
        wanted = build(network).state_dict()
    renamed = {layout.ours(name): (name, value) for name, value in state.items() if name not in layout.left_out}
    if unknown := [name for ours, (name, _) in renamed.items() if ours not in wanted]:
        raise UserError(
            f"{path}: '{unknown[0]}' is in no file of {layout.title}{_and_more(unknown)}; {_remedy(network)}"
        )
    missing = [name for name in wanted if name not in renamed and not name.endswith(_COUNTER)]
    if missing:
        raise UserError(f"{path}: nothing for '{missing[0]}' of the network{_and_more(missing)}; {_remedy(network)}")
    for ours, (name, value) in renamed.items():
        _check(path, name, value, wanted[ours], network)
    return {name: _as(like, renamed[name][1] if name in renamed else None) for name, like in wanted.items()}


def filled(network: Network, tensors: Mapping[str, Tensor]) -> IASS | OpenUnmix:
    """The network with weights by our names."""
    with torch.device("meta"):
        model = build(network)
    model.load_state_dict(dict(tensors), assign=True)
    return model


def _as(like: Tensor, value: Tensor | None) -> Tensor:
    if value is None:
        return torch.zeros(like.shape, dtype=like.dtype)
    return value.to(like.dtype).clone(memory_format=torch.contiguous_format)


def _check_rate(path: Path, state: Mapping[str, Tensor], network: Network) -> None:
    rate = state.get(_SAMPLE_RATE)
    if rate is not None and (rate.numel() != 1 or float(rate) != network.sample_rate):
        found = f"{float(rate):g} Hz" if rate.numel() == 1 else f"{rate.numel()} values"
        raise UserError(f"{path}: '{_SAMPLE_RATE}' is {found}, expected {network.sample_rate} Hz; {_remedy(network)}")


def _check(path: Path, name: str, value: Tensor, like: Tensor, network: Network) -> None:
    if value.shape != like.shape:
        raise UserError(f"{path}: '{name}' has the shape {_shape(value)}, expected {_shape(like)}; {_remedy(network)}")
    if not torch.isfinite(value).all():
        raise UserError(f"{path}: '{name}' holds NaN or infinity, expected numbers; get the file from its source")


def described(network: Network) -> str:
    """The network and its size, as a user knows them."""
    size = {key: value for key, value in network.size.model_dump().items() if key != "model"}
    return f"{network.size.model} with {', '.join(f'{key} {value}' for key, value in size.items())}"


def _remedy(network: Network) -> str:
    return f"name a file of weights of {described(network)}"


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more tensors)" if len(names) > 1 else ""


def _shape(value: Any) -> str:
    return " x ".join(map(str, value.shape)) or "of one number"
