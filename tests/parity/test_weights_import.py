"""Published weights through our import: the estimates are those of the code that published them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from openunmix_package import openunmix
from published import IASS, TARGETS, entry, first_version, iass, randomised, register, save
from reprosep.models.whole_song import estimate_song
from reprosep.weights import registry
from reprosep.weights.get import Request, get_weights
from reprosep.weights.networks import filled
from reprosep.weights.own import own_weights
from reprosep.weights.store import read_imported

SIZES = {  # of a published set, and of a small one with another bandwidth and rate
    "published": (44100, 4096, 1024, 16000.0, 512, 1487),
    "small": (16000, 512, 128, 5000.0, 32, 161),
}


@pytest.fixture(scope="module")
def theirs() -> type:
    """The package's network."""
    network: type = openunmix("model").OpenUnmix
    return network


def their_network(theirs: type, channels: int, size: str, seed: int) -> nn.Module:
    """With statistics of a data set as training gives them, and random weights."""
    _, n_fft, _, _, hidden, bins = SIZES[size]
    random = np.random.default_rng(seed)
    mean, scale = random.normal(size=n_fft // 2 + 1), random.uniform(0.5, 2, n_fft // 2 + 1)
    network: nn.Module = theirs(n_fft // 2 + 1, channels, hidden, input_mean=mean, input_scale=scale, max_bin=bins)
    given = {name: value.clone() for name, value in network.state_dict().items() if name.startswith("input_")}
    randomised(network, seed)
    network.load_state_dict(given, strict=False)
    return network


def network_entry(channels: int, size: str) -> dict[str, Any]:
    rate, n_fft, hop, bandwidth, hidden, _ = SIZES[size]
    return {
        "size": {"model": "open-unmix", "channels": channels, "hidden": hidden, "layers": 3},
        "sample_rate": rate,
        "stft": {"n_fft": n_fft, "hop": hop, "bandwidth": bandwidth},
    }


@pytest.mark.parametrize("size", ["published", "small"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("version", [1, 2])
def test_open_unmix(
    theirs: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, channels: int, version: int
) -> None:
    """All four targets, saved as versions before and after 1.1 do, by `reprosep get`, to 1e-6 of the largest value."""
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")
    rate, n_fft, *_ = SIZES[size]
    networks = {target: their_network(theirs, channels, size, seed) for seed, target in enumerate(TARGETS)}
    files = {}
    for target, network in networks.items():
        state = network.state_dict()
        kept = first_version(state, n_fft, rate) if version == 1 else state
        files[target] = save(tmp_path / "published" / f"{target}.pth", kept, old=version == 1)
    register(tmp_path / "registry", "theirs", entry(files, network=network_entry(channels, size)))
    get_weights(Request("theirs", (tmp_path / "published",), tmp_path / "ours"))
    mixture = 3 * torch.rand(2, channels, n_fft // 2 + 1, 30, generator=torch.Generator().manual_seed(1))
    for target, network in networks.items():
        found = read_imported(tmp_path / "ours" / f"{target}.safetensors")
        ours = filled(found.network, found.tensors()).eval()
        with torch.no_grad():
            expected, estimate = network(mixture), ours(mixture)[0]
        torch.testing.assert_close(estimate, expected, rtol=1e-6, atol=1e-6 * float(expected.abs().max()))
        assert float(expected.std()) > 0.1, "the comparison would see nothing"


@pytest.mark.parametrize("channels", [1, 2])
def test_a_folder_of_their_training(theirs: type, tmp_path: Path, channels: int) -> None:
    """What the package's own training leaves needs no registry: sizes follow from the file."""
    network = their_network(theirs, channels, "small", 5)
    path = save(tmp_path / "vocals.pth", network.state_dict(), old=False)
    (tmp_path / "separator.json").write_text(
        f'{{"sample_rate": 16000.0, "nfft": 512, "nhop": 128, "nb_channels": {channels}}}'
    )
    found, tensors = own_weights(tmp_path, path)
    assert found.size.model_dump() == network_entry(channels, "small")["size"]
    ours = filled(found, tensors).eval()
    mixture = torch.rand(1, channels, 257, 20, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(ours(mixture)[0], network(mixture), rtol=1e-6, atol=1e-6)


# ---- IASS: its released forward pass, in the words of PyTorch's functions and by the names of its state dict --------


def layer(state: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return state[f"{name}.weight"], state[f"{name}.bias"]


def norm(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, variance, *layer(state, name))


def released_forward(state: dict[str, Tensor], mixture: Tensor) -> tuple[Tensor, Tensor]:
    """(Estimate without gate, activity logits) of magnitudes ``(1, 1, 2049, frame)``, as the released code has it."""
    x = (mixture[:, :, :1487] - state["input_mean"][:, None]) / state["input_scale"][:, None]
    outputs, sizes = [], []
    for block in (1, 2, 3):
        name = f"encode.block{block}"
        y = F.leaky_relu(norm(state, f"{name}.bn1", F.conv2d(x, *layer(state, f"{name}.conv1"), padding=1)))
        y = F.leaky_relu(norm(state, f"{name}.bn2", F.conv2d(y, *layer(state, f"{name}.conv2"), padding=1)))
        y = y + F.conv2d(x, *layer(state, f"{name}.skip"))
        sizes.append(y.shape[2])
        x = F.conv2d(y, *layer(state, f"{name}.ds"), stride=(3, 1))
        outputs.append(x)
    skips = [F.conv2d(outputs[0], *layer(state, "encode.conv3"), padding=1)]
    skips.append(F.conv2d(outputs[1], *layer(state, "encode.conv2"), padding=1))
    logits = x
    for number in (1, 2, 3):
        logits = F.conv2d(logits, *layer(state, f"InstDecoder.ct{number}"), stride=(3, 1))
        logits = norm(state, f"InstDecoder.b{number}", logits)
    logits = F.conv2d(logits, *layer(state, "InstDecoder.ct4"), stride=(2, 1))
    for block in (2, 3, 4):
        name, bins = f"decode.d_block{block}", sizes[4 - block]
        x = F.conv_transpose2d(x, *layer(state, f"{name}.us"), stride=(3, 1), output_padding=(bins - 3 * x.shape[2], 0))
        x = torch.cat([x, skips[3 - block]], 1) if block < 4 else x
        x = norm(state, f"{name}.bn2d", F.leaky_relu(F.conv_transpose2d(x, *layer(state, f"{name}.conv2d"), padding=1)))
        x = F.conv_transpose2d(x, *layer(state, f"{name}.conv1d"), padding=1)
        x = norm(state, f"{name}.bn1d", F.leaky_relu(x)) if block < 4 else x
    y = F.linear(x.transpose(2, 3), *layer(state, "last")) * state["output_scale"] + state["output_mean"]
    return F.relu(y).transpose(2, 3) * mixture, logits[:, 0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_iass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")
    state = iass(seed)
    path = save(tmp_path / "published" / "vox.pth", state)
    register(tmp_path / "registry", "theirs", entry({"vocals": path}, layout="iass", network=IASS))
    get_weights(Request("theirs", (path,), tmp_path / "ours"))
    found = read_imported(tmp_path / "ours" / "vocals.safetensors")
    ours = filled(found.network, found.tensors()).eval()
    mixture = 3 * torch.rand(1, 1, 2049, 40, generator=torch.Generator().manual_seed(seed))
    expected, logits = released_forward(state, mixture)
    parts = list(estimate_song(ours, lambda a, b: mixture[0, ..., a:b], 40, 1000))
    ((_, estimate, ours_logits),) = parts
    assert ours_logits is not None
    scale = float(expected.abs().max())
    torch.testing.assert_close(estimate, expected[0], rtol=1e-6, atol=1e-6 * scale)
    torch.testing.assert_close(ours_logits, logits[0], rtol=1e-6, atol=1e-6 * float(logits.abs().max()))
