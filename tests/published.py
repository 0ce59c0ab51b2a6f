"""Files of weights as they are published, with random numbers in them, and registries that tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from reprosep.weights.networks import build
from reprosep.weights.registry import Network

TARGETS = ("vocals", "drums", "bass", "other")
RATE = 8000
STFT = {"n_fft": 256, "hop": 64, "bandwidth": 2500.0}
OPEN_UNMIX = {
    "size": {"model": "open-unmix", "channels": 2, "hidden": 16, "layers": 2},
    "sample_rate": RATE,
    "stft": STFT,
}
IASS = {
    "size": {"model": "iass", "channels": 1, "blocks": 3, "width": 16, "activity_head": True},
    "sample_rate": 44100,
    "stft": {"n_fft": 4096, "hop": 1024, "bandwidth": 16000.0},
}


def randomised(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Random weights and statistics, as a trained network may have them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith(("running_var", "scale")):
                value.uniform_(0.5, 2, generator=generator)
            elif name.endswith("num_batches_tracked"):
                value.fill_(7)
            else:
                value.normal_(0.1 if "mean" in name else 0.0, 0.1, generator=generator)
    return model.eval()


def first_version(state: Mapping[str, Tensor], n_fft: int, rate: int = RATE) -> dict[str, Tensor]:
    """A state dict of Open-Unmix with what versions before 1.1 kept beside the weights."""
    window = torch.hann_window(n_fft)
    beside = {"stft.window": window, "transform.0.window": window, "sample_rate": torch.tensor(rate)}
    return {**state, **beside}


def open_unmix(seed: int, network: Mapping[str, Any] = OPEN_UNMIX) -> dict[str, Tensor]:
    """Weights of Open-Unmix as published: our network has the names of theirs."""
    read = Network.model_validate(network)
    return first_version(randomised(build(read), seed).state_dict(), read.stft.n_fft, read.sample_rate)


def iass_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the released networks of IASS, by the layers of its published code at the paper's size."""
    shapes: dict[str, tuple[int, ...]] = {"stft.window": (4096,), "transform.0.window": (4096,), "sample_rate": ()}

    def layer(name: str, *shape: int, bias: int) -> None:
        shapes.update({f"{name}.weight": shape, f"{name}.bias": (bias,)})

    def norm(name: str, size: int) -> None:
        shapes.update({f"{name}.{part}": (size,) for part in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    for block, (inputs, outputs) in enumerate(((1, 16), (16, 32), (32, 48)), start=1):
        name = f"encode.block{block}"
        layer(f"{name}.conv1", outputs, inputs, 3, 3, bias=outputs)
        norm(f"{name}.bn1", outputs)
        layer(f"{name}.conv2", outputs, outputs, 3, 3, bias=outputs)
        norm(f"{name}.bn2", outputs)
        layer(f"{name}.skip", outputs, inputs, 1, 1, bias=outputs)
        layer(f"{name}.ds", outputs, outputs, 3, 1, bias=outputs)
    layer("encode.conv2", 32, 32, 3, 3, bias=32)
    layer("encode.conv3", 16, 16, 3, 3, bias=16)
    for block, (joined, up, outputs) in enumerate(((80, 48, 32), (48, 32, 16), (16, 16, 1)), start=2):
        name = f"decode.d_block{block}"
        layer(f"{name}.conv2d", joined, joined // 2, 3, 3, bias=joined // 2)
        norm(f"{name}.bn2d", joined // 2)
        layer(f"{name}.conv1d", joined // 2, outputs, 3, 3, bias=outputs)
        if block < 4:
            norm(f"{name}.bn1d", outputs)
        layer(f"{name}.us", up, up, 3, 1, bias=up)
    for number, (inputs, outputs, bins) in enumerate(((48, 32, 3), (32, 16, 3), (16, 16, 3), (16, 1, 2)), start=1):
        layer(f"InstDecoder.ct{number}", outputs, inputs, bins, 1, bias=outputs)
        if number < 4:
            norm(f"InstDecoder.b{number}", outputs)
    layer("last", 2049, 1487, bias=2049)
    shapes |= {"input_mean": (1487,), "input_scale": (1487,), "output_mean": (2049,), "output_scale": (2049,)}
    return shapes


def iass(seed: int) -> dict[str, Tensor]:
    """Weights of IASS as published."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in iass_shapes().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        elif name == "sample_rate":
            state[name] = torch.tensor(44100)
        elif name.endswith("window"):
            state[name] = torch.hann_window(*shape)
        elif name.endswith(("running_var", "scale")):
            state[name] = torch.rand(shape, generator=generator) + 0.5
        else:
            state[name] = 0.1 * torch.randn(shape, generator=generator)
    return state


def save(path: Path, state: Any, *, old: bool = True) -> Path:
    """A ``.pth`` file, in the form of torch before 1.6, as the published ones are, or of later versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path, _use_new_zipfile_serialization=not old)
    return path


def entry(files: Mapping[str, Path], urls: Mapping[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A set of weights in the registry: `files` are the published ones, by target."""
    listed = {
        target: {
            "name": path.name,
            "bytes": path.stat().st_size,
            "checksum": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
            "urls": [(urls or {}).get(target, "http://127.0.0.1:9/none")],
        }
        for target, path in files.items()
    }
    return {
        "title": "Tiny Open-Unmix",
        "page": "https://example.org/tiny",
        "licence": {"name": "CC BY-NC-SA 4.0", "commercial": False, "source": "its page"},
        "citation": "Nobody, Nothing, 2020",
        "trained_on": "noise",
        "layout": "open-unmix",
        "network": OPEN_UNMIX,
        "files": listed,
        **changes,
    }


def register(registry: Path, name: str, content: Mapping[str, Any]) -> None:
    """Write a set of weights into a `registry`."""
    registry.mkdir(parents=True, exist_ok=True)
    (registry / f"{name}.yaml").write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")


def publish(folder: Path, seeds: Mapping[str, int] | None = None) -> dict[str, Path]:
    """Published files of Open-Unmix by target, named as PyTorch's hub wants them."""
    files = {}
    for target, seed in (seeds or {target: number for number, target in enumerate(TARGETS)}).items():
        path = save(folder / "new.pth", open_unmix(seed))
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        files[target] = path.rename(folder / f"{target}-{digits}.pth")
    return files
