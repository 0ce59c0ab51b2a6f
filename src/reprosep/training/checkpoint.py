"""Checkpoints: weights as safetensors, the full training state beside them, each written whole or not at all.

Both carry a checksum. Weights of versions before there were checksums have no metadata, and are taken as they are.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.memory import keep_freed_memory
from reprosep.base.seal import BLANK, DamagedError, check, is_sealed, seal, sealed_file
from reprosep.models.inference import for_inference

STATE, BEST, LAST = "state.pt", "best.safetensors", "last.safetensors"
_FORMAT = 5  # of the state; raise it when its meaning changes: a state of another format is not resumed


def copied(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's weights and buffers in main memory, as copies that no further step changes."""
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    return {name: tensor.to("cpu", copy=True).contiguous() for name, tensor in state.items()}


def write_weights(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Weights and buffers as safetensors."""
    with sealed_file(path) as temporary:
        safetensors.torch.save_file(tensors, str(temporary), metadata={"checksum": BLANK})


def save_weights(path: Path, model: nn.Module) -> None:
    """The same of a model."""
    write_weights(path, copied(model))


def load_weights(path: Path, model: nn.Module) -> None:
    """Weights into a model of the same shape.

    Raises
    ------
    UserError
        When the file is missing, damaged or does not fit, or a weight is not a finite number.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; train the run first")
    try:
        if _carries_checksum(path):
            check(path)
        tensors = safetensors.torch.load_file(str(path))
        model.load_state_dict(tensors)
    except (OSError, ValueError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this run ({reason}); delete it and train again") from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise UserError(f"{path}: {name} holds NaN or infinity, expected numbers; train the run again")


def _carries_checksum(path: Path) -> bool:
    with safe_open(str(path), framework="pt") as content:
        return content.metadata() is not None


def load_best(folder: Path, model: nn.Module) -> Any:
    """The network of a finished run with its best weights, ready to estimate; `model` is one of the same shape."""
    keep_freed_memory()
    load_weights(folder / BEST, model)
    return for_inference(model)


def packed(state: dict[str, Any]) -> io.BytesIO:
    """The content of a state's file: everything that a resumed training needs to go on as if never interrupted."""
    buffer = io.BytesIO()  # torch's own writer does not tell when a disk is full
    torch.save({"format": _FORMAT, **state}, buffer)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = BLANK.encode()
    return buffer


def write_state(folder: Path, buffer: io.BytesIO) -> None:
    """A packed state."""
    with whole_file(folder / STATE) as temporary:
        temporary.write_bytes(buffer.getbuffer())
        seal(temporary)  # and not noted: the next epoch replaces it


def load_state(folder: Path, recipe: str) -> dict[str, Any] | None:
    """The state of an interrupted training of the same recipe in today's format, or None: it then starts anew."""
    path = folder / STATE
    if not path.exists():
        return None
    try:
        if not is_sealed(path):  # of a version before there were checksums
            return None
        check(path)
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        if (state.get("format"), state.get("recipe")) != (_FORMAT, recipe):
            return None
        if state["best_epoch"]:
            check(folder / BEST)
    except DamagedError as error:
        print(f"{error.found}; the training starts anew", file=sys.stderr)
        return None
    except Exception:  # of a file that torch did not write its readers raise nearly anything
        return None
    return state


def random_state(device: torch.device) -> list[torch.Tensor]:
    """The state of this process's random generators: the processor's, then the device's if it has its own."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if device.type == "cuda" else [])]


def set_random_state(states: list[torch.Tensor], device: torch.device) -> None:
    """Take the generators back to such a state."""
    torch.set_rng_state(states[0])
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1])
