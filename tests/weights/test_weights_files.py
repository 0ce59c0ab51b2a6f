"""Files of weights from strangers: what is no mapping of tensors of the right shapes is one sentence, and never run."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from published import IASS, OPEN_UNMIX, iass, open_unmix, save
from reprosep.base.errors import UserError
from reprosep.weights.foreign import read_state
from reprosep.weights.networks import build, filled, imported
from reprosep.weights.registry import Network, load_layout

OURS = Network.model_validate(OPEN_UNMIX)


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.system, (f"touch '{self.path}'",)


def pickled(path: Path, content: object) -> Path:
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize("old", [True, False])
def test_the_tensors_of_both_forms_of_files(tmp_path: Path, old: bool) -> None:
    state = open_unmix(0)
    read = read_state(save(tmp_path / "a.pth", state, old=old))
    assert read.keys() == state.keys()
    for name, value in state.items():
        assert torch.equal(read[name], value)


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("form", ["old", "new", "pickle"])
def test_code_in_a_file_is_told_and_not_run(tmp_path: Path, form: str, wrapped: bool) -> None:
    sign = tmp_path / "it ran"
    content = {**open_unmix(0), "fc1.weight": Bomb(sign)} if wrapped else Bomb(sign)
    path = tmp_path / "vocals.pth"
    pickled(path, content) if form == "pickle" else save(path, content, old=form == "old")
    with pytest.raises(UserError) as told:
        read_state(path)
    assert not sign.exists()
    for words in (f"{path}: holds code or objects (", "nothing of it was run"):
        assert words in str(told.value)
    # That the file is dangerous indeed: other readers run it.
    torch.load(path, weights_only=False) if form != "pickle" else pickle.loads(path.read_bytes())
    assert sign.exists()


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file(tmp_path: Path, old: bool, share: float) -> None:
    path = save(tmp_path / "a.pth", open_unmix(0), old=old)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"a\.pth: truncated, or no file of weights \("):
        read_state(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch.zeros(3), "holds a Tensor, expected a mapping of names to tensors and nothing else"),
        ([torch.zeros(3)], "holds a list"),
        ({}, "holds nothing"),
        ({"epoch": 3, "state_dict": {"a": torch.zeros(3)}}, "'epoch' is a int"),
        ({"state_dict": {"a": torch.zeros(3)}}, "'state_dict' is a dict, expected a mapping of names to tensors"),
        ({3: torch.zeros(3)}, "'3' is a Tensor, expected a mapping of names"),
        ({"a": torch.zeros(3).to_sparse()}, "'a' is no dense tensor of real numbers"),
        ({"a": torch.zeros(3, dtype=torch.complex64)}, "'a' is no dense tensor of real numbers"),
    ],
)
def test_what_is_no_mapping_of_tensors(tmp_path: Path, content: object, words: str) -> None:
    path = save(tmp_path / "a.pth", content)
    with pytest.raises(UserError) as told:
        read_state(path)
    assert str(told.value).startswith(f"{path}: {words}")


def test_arrays_of_numpy_are_objects(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pth", {"a": np.zeros(3)})
    with pytest.raises(UserError, match="holds code or objects"):
        read_state(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file; name the file of weights"):
        read_state(tmp_path / "a.pth")


def without(name: str) -> dict[str, torch.Tensor]:
    state = open_unmix(0)
    del state[name]
    return state


WIDE = {**OPEN_UNMIX, "size": {**OPEN_UNMIX["size"], "hidden": 32}}  # type: ignore[dict-item]
MONO = {**OPEN_UNMIX, "size": {**OPEN_UNMIX["size"], "channels": 1}}  # type: ignore[dict-item]
DEEP = {**OPEN_UNMIX, "size": {**OPEN_UNMIX["size"], "layers": 3}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (open_unmix(0, WIDE), "'fc1.weight' has the shape 32 x 162, expected 16 x 162"),
        (open_unmix(0, MONO), "'fc1.weight' has the shape 16 x 81, expected 16 x 162"),
        (open_unmix(0, DEEP), "'lstm.weight_ih_l2' is in no file of Open-Unmix for PyTorch (and 7 more tensors)"),
        (iass(0), "'sample_rate' is 44100 Hz, expected 8000 Hz"),
        (without("bn1.weight"), "nothing for 'bn1.weight' of the network; "),
        ({**open_unmix(0), "extra": torch.zeros(1)}, "'extra' is in no file of Open-Unmix for PyTorch; name a file"),
        ({**open_unmix(0), "input_mean": torch.full((81,), torch.nan)}, "'input_mean' holds NaN or infinity"),
        ({**open_unmix(0), "sample_rate": torch.zeros(2)}, "'sample_rate' is 2 values, expected 8000 Hz"),
    ],
)
def test_weights_of_another_shape(state: dict[str, torch.Tensor], words: str) -> None:
    with pytest.raises(UserError) as told:
        imported(Path("a.pth"), state, load_layout("open-unmix"), OURS)
    assert words in str(told.value) and str(told.value).startswith("a.pth: ")
    assert "\n" not in str(told.value)


def test_counters_of_training_steps_may_be_missing() -> None:
    state = without("bn1.num_batches_tracked")
    tensors = imported(Path("a.pth"), state, load_layout("open-unmix"), OURS)
    assert tensors.keys() == build(OURS).state_dict().keys()


def test_every_tensor_of_the_iass_layout_finds_its_place() -> None:
    network = Network.model_validate(IASS)
    tensors = imported(Path("a.pth"), iass(0), load_layout("iass"), network)
    model = filled(network, tensors)
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_205_682  # the authors' count
    assert len({id(value) for value in tensors.values()}) == len(tensors) == len(iass(0)) - 3
