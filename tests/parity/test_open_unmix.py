"""Our Open-Unmix against the ``openunmix`` package with the same weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openunmix_package import openunmix
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import estimate_song


@pytest.fixture(scope="module")
def theirs() -> type:
    """The package's network."""
    network: type = openunmix("model").OpenUnmix
    return network


def pair(theirs: type, channels: int, bins: int, all_bins: int, hidden: int) -> tuple[torch.nn.Module, OpenUnmix]:
    """Both networks with the same random weights and batch-norm statistics."""
    torch.manual_seed(channels)
    mean, scale = np.random.default_rng(0).normal(size=bins), np.random.default_rng(1).uniform(0.5, 2, bins)
    reference = theirs(
        nb_bins=all_bins, nb_channels=channels, hidden_size=hidden, max_bin=bins, input_mean=mean, input_scale=scale
    )
    with torch.no_grad():
        for name, buffer in reference.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.1)
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
        reference.output_scale.uniform_(0.5, 2)
        reference.output_mean.normal_(0.5, 0.5)
    ours = OpenUnmix(bins, all_bins, channels, hidden)
    ours.load_state_dict(reference.state_dict())
    return reference.eval(), ours.eval()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("bins", "all_bins", "hidden", "frames"), [(1487, 2049, 512, 40), (81, 129, 32, 255)])
def test_forward(theirs: type, channels: int, bins: int, all_bins: int, hidden: int, frames: int) -> None:
    reference, ours = pair(theirs, channels, bins, all_bins, hidden)
    mixture = 3 * torch.rand(2, channels, all_bins, frames)
    with torch.no_grad():
        torch.testing.assert_close(ours(mixture)[0], reference(mixture), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
def test_parameter_counts(theirs: type, channels: int) -> None:
    reference, ours = pair(theirs, channels, 1487, 2049, 512)
    assert sum(p.numel() for p in reference.parameters()) == sum(p.numel() for p in ours.parameters())


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("chunk", [10, 64, 1000])
def test_a_whole_song_in_chunks(theirs: type, channels: int, chunk: int) -> None:
    reference, ours = pair(theirs, channels, 81, 129, 32)
    song = 3 * torch.rand(channels, 129, 301)
    parts = [part for _, part, _ in estimate_song(ours, lambda a, b: song[..., a:b], 301, chunk)]
    with torch.no_grad():
        expected = reference(song[None])[0]
    np.testing.assert_allclose(np.concatenate(parts, axis=-1), expected.numpy(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
def test_gradients(theirs: type, channels: int) -> None:
    """Training takes the same steps, too (without dropout, which is random)."""
    reference, ours = pair(theirs, channels, 81, 129, 32)
    mixture, target = torch.rand(2, 2, channels, 129, 30)
    torch.nn.functional.mse_loss(reference(mixture), target).backward()
    torch.nn.functional.mse_loss(ours(mixture)[0], target).backward()
    for (name, one), (_, other) in zip(reference.named_parameters(), ours.named_parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, atol=1e-5, rtol=1e-4, msg=name)
