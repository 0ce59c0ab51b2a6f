"""Files of weights from strangers: tensors alone are read, and nothing in them is run.

``.pth`` files are pickles, which can hold any program. They are read by torch's reader that knows tensors and plain
containers and refuses all else (``weights_only``); what comes out has to be a mapping of names to tensors.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reprosep.base.errors import UserError

_WANTED = "expected a mapping of names to tensors and nothing else"
_REFUSED = re.compile(r"(?:GLOBAL|operand) [\w.]+")  # what the reader says that it would not do
_REASON = 120  # letters of what torch says


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by their names.

    Raises
    ------
    UserError
        When the file is missing or truncated, or holds anything but tensors: objects, code, numbers that are none.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; name the file of weights as it was published")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other forms of pickles, which are told by what they hold
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError as error:
        raise UserError(f"{path}: asks for more memory than there is; get the file from its source") from error
    except Exception as error:  # of a file that torch did not write its readers raise nearly anything
        raise _unreadable(path, error) from error
    if not isinstance(content, Mapping):
        raise UserError(f"{path}: holds a {type(content).__name__}, {_WANTED}")
    if not content:
        raise UserError(f"{path}: holds nothing, {_WANTED}; get the file from its source")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise UserError(f"{path}: '{name}' is a {kind}, {_WANTED}; of a checkpoint, save the state dict alone")
        _check_numbers(path, name, value)
    return {name: value.detach() for name, value in content.items()}


def _unreadable(path: Path, error: Exception) -> UserError:
    said = str(error)
    if isinstance(error, pickle.UnpicklingError) and (found := _REFUSED.search(said)):
        return UserError(
            f"{path}: holds code or objects ({found[0]}), {_WANTED}; nothing of it was run, get weights from a source "
            "that you trust"
        )
    reason = " ".join(said.split())[:_REASON] or "it ends too early"
    return UserError(f"{path}: truncated, or no file of weights ({reason}); get the file again from its source")


def _check_numbers(path: Path, name: str, value: Tensor) -> None:
    if value.layout != torch.strided or value.is_complex() or value.is_quantized:
        raise UserError(f"{path}: '{name}' is no dense tensor of real numbers; get the file from its source")
