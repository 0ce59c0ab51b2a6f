"""Checkpoints: weights as safetensors, the full training state beside them, each written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from reprosep.errors import UserError
from reprosep.files import whole_file

STATE, BEST, LAST = "state.pt", "best.safetensors", "last.safetensors"


def save_weights(path: Path, model: nn.Module) -> None:
    """The model's weights and buffers as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with whole_file(path) as temporary:
        safetensors.torch.save_file(tensors, str(temporary))


def load_weights(path: Path, model: nn.Module) -> None:
    """Weights into a model of the same shape; :class:`UserError` when the file is missing, broken or does not fit."""
    try:
        model.load_state_dict(safetensors.torch.load_file(str(path)))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; train the run first") from error
    except (safetensors.SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this run ({reason}); delete it and train again") from error


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """The training state: everything that a resumed training needs to go on as if never interrupted."""
    buffer = io.BytesIO()  # torch's own writer does not tell when a disk is full
    torch.save(state, buffer)
    with whole_file(folder / STATE) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load_state(folder: Path, recipe: str) -> dict[str, Any] | None:
    """The state of an interrupted training of the same recipe, or None."""
    path = folder / STATE
    if not path.exists():
        return None
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception:  # of a broken file torch's readers raise nearly anything; the training starts anew
        return None
    return state if state.get("recipe") == recipe else None
