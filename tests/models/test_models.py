"""Sizes of the networks, their shapes, and what an output frame depends on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reprosep.experiments.target.network import network
from reprosep.models.iass import IASS, Encoder, lying_as
from reprosep.models.inference import for_inference, parameter_count
from reprosep.models.open_unmix import OpenUnmix
from reprosep.models.whole_song import estimate_song, estimate_songs
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params
from synthetic import make_params

PAPER = make_params(scale="paper")
BINS, ALL_BINS = 1487, 2049


def system(**settings: Any) -> TargetSystem:
    return TargetSystem(label="test", kind="target", scored="frames", **settings)


def randomised(model: torch.nn.Module) -> torch.nn.Module:
    """Batch norms with statistics that are not their initial ones, as after training."""
    random = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean = 0.1 * torch.randn(module.num_features, generator=random)
            module.running_var = 0.5 + torch.rand(module.num_features, generator=random)
    return model.eval()


# ---- sizes -------------------------------------------------------------------------------------------------------


def test_parameter_counts_are_the_authors() -> None:
    assert parameter_count(network(system(model="iass", activity_weight=2.0), PAPER, 1)) == 3_205_682
    assert parameter_count(network(system(model="open-unmix"), PAPER, 2)) == 8_893_348
    assert parameter_count(network(system(model="open-unmix"), PAPER, 1)) == 7_078_818


def test_parts_of_the_count() -> None:
    model = IASS(BINS, ALL_BINS)
    assert model.head is not None
    assert parameter_count(model.head) == 7_137
    assert parameter_count(model.linear) == 3_048_912
    assert sum(p.numel() for name, p in model.named_parameters() if name.startswith(("input_", "output_"))) == 7_072
    assert sum(parameter_count(part) for part in (model.encoders, model.skips)) == 75_984
    assert parameter_count(model.decoders) == 66_577


def test_without_labels_there_is_no_head() -> None:
    model = network(system(model="iass"), PAPER, 1)
    assert parameter_count(model) == 3_205_682 - 7_137
    assert model(torch.rand(1, 1, ALL_BINS, 4))[1] is None


def test_bins_at_the_papers_size() -> None:
    model = IASS(BINS, ALL_BINS)
    assert model.sizes == [1487, 495, 165, 55]
    assert model.head is not None
    x, sizes = torch.zeros(1, 48, 55, 3), [55]
    for layer in model.head.eval():
        x = layer(x)
        if x.shape[2] != sizes[-1]:
            sizes.append(x.shape[2])
    assert sizes == [55, 18, 6, 2, 1]
    assert x.shape == (1, 1, 1, 3)


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("bins", "all_bins"), [(257, 257), (200, 257), (81, 129)])
def test_shapes(blocks: int, channels: int, bins: int, all_bins: int) -> None:
    model = IASS(bins, all_bins, channels, blocks, width=4)
    estimate, logit = model(torch.rand(3, channels, all_bins, 11))
    assert estimate.shape == (3, channels, all_bins, 11)
    assert logit is not None
    assert logit.shape == (3, 11)
    assert (estimate >= 0).all()


def test_shapes_of_four_blocks_at_the_papers_size() -> None:
    estimate, logit = network(system(model="iass", blocks=4, activity_weight=2.0), PAPER, 2)(
        torch.rand(1, 2, ALL_BINS, 8)
    )
    assert estimate.shape == (1, 2, ALL_BINS, 8)
    assert logit is not None
    assert logit.shape == (1, 8)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("layers", [1, 3])
def test_shapes_of_open_unmix(channels: int, layers: int) -> None:
    estimate, logit = OpenUnmix(81, 129, channels, 16, layers)(torch.rand(3, channels, 129, 11))
    assert estimate.shape == (3, channels, 129, 11)
    assert logit is None


def test_too_few_bins_for_the_blocks() -> None:
    with pytest.raises(ValueError, match="need at least 81 bins, found 80"):
        IASS(80, 129, blocks=4)


# ---- what the networks compute -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda: IASS(81, 129, 1, 2, 4), lambda: OpenUnmix(81, 129, 1, 16)])
def test_statistics_whiten_the_input(make: object) -> None:
    model = make()  # type: ignore[operator]
    spectra = 3 + 2 * torch.randn(129, 5000)
    mean, deviation = spectra.mean(1), spectra.std(1)
    model.set_statistics(mean, deviation)
    x = spectra[:81]
    if isinstance(model, IASS):
        x = (x - model.input_mean[:, None]) / model.input_scale[:, None]
    else:
        x = (x + model.input_mean[:, None]) * model.input_scale[:, None]
    torch.testing.assert_close(x.mean(1), torch.zeros(81), atol=1e-4, rtol=0)
    torch.testing.assert_close(x.std(1), torch.ones(81), atol=1e-4, rtol=0)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("last", [True, False])
def test_both_ways_through_an_encoder_have_one_layout(channels: int, last: bool) -> None:
    torch.manual_seed(0)
    layout = torch.channels_last if last else torch.contiguous_format
    encoder = Encoder(channels, 8).to(memory_format=layout).eval()  # type: ignore[call-overload]
    x, added = torch.randn(2, channels, 33, 20).contiguous(memory_format=layout), []
    for part in (encoder.body, encoder.residual):
        part.register_forward_hook(lambda _part, _inputs, output: added.append(output))
    with torch.inference_mode():
        encoder(x)
    assert [one.is_contiguous(memory_format=layout) for one in added] == [True, True]


def test_one_channel_convolved_with_the_channels_last_gives_the_same() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(2, 1, 33, 20), torch.randn(2, 8, 33, 20).contiguous(memory_format=torch.channels_last)
    residual = torch.nn.Conv2d(1, 8, 1)
    assert lying_as(y, x).data_ptr() == x.data_ptr()
    assert torch.equal(lying_as(y, x), x)
    assert torch.equal(residual(lying_as(y, x)), residual(x))


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_frames_beyond_the_context_do_not_matter(blocks: int) -> None:
    model = randomised(IASS(100, 129, 1, blocks, 4))
    frames, middle, reach = 61, 30, model.context_frames
    one = torch.rand(1, 1, 129, frames)
    other = torch.rand(1, 1, 129, frames)
    other[..., middle - reach : middle + reach + 1] = one[..., middle - reach : middle + reach + 1]
    with torch.no_grad():
        (a, logit_a), (b, logit_b) = model(one), model(other)
    torch.testing.assert_close(a[..., middle], b[..., middle], atol=1e-6, rtol=0)
    torch.testing.assert_close(logit_a[:, middle], logit_b[:, middle], atol=1e-6, rtol=0)


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("chunk", [1, 7, 16, 100])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["iass-1", "iass-3", "iass-4", "open-unmix"])
def test_chunks_equal_one_pass(kind: str, channels: int, chunk: int, together: int) -> None:
    torch.manual_seed(0)
    name, _, blocks = kind.partition("-")
    model = randomised(
        IASS(100, 129, channels, int(blocks), 4) if name == "iass" else OpenUnmix(100, 129, channels, 16)
    )
    song = torch.rand(channels, 129, 53)
    estimate, logit = np.zeros((channels, 129, 53), np.float32), np.zeros(53, np.float32)
    for first, part, activity in estimate_song(model, lambda a, b: song[..., a:b], 53, chunk, together):
        estimate[..., first : first + part.shape[-1]] = part
        if activity is not None:
            logit[first : first + len(activity)] = activity
    with torch.no_grad():
        expected, expected_logit = model(song[None])
    np.testing.assert_allclose(estimate, expected[0].numpy(), atol=1e-5)
    if expected_logit is not None:
        np.testing.assert_allclose(logit, expected_logit[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("chunk", [7, 100])
@pytest.mark.parametrize("lengths", [[53, 17, 30, 1], [20, 20], [9]])
def test_songs_together_are_estimated_as_one_by_one(lengths: list[int], chunk: int) -> None:
    torch.manual_seed(0)
    model = randomised(OpenUnmix(100, 129, 2, 16))
    songs = [torch.rand(2, 129, frames) for frames in lengths]

    def heard(song: torch.Tensor) -> tuple[Callable[[int, int], torch.Tensor], int]:
        return (lambda first, end: song[..., first:end]), song.shape[-1]

    found = list(estimate_songs(model, [heard(song) for song in songs], chunk))
    expected = [
        (number, part) for number, song in enumerate(songs) for part in estimate_song(model, *heard(song), chunk)
    ]
    assert [(number, first) for number, (first, *_) in found] == [(number, first) for number, (first, *_) in expected]
    for (_, (_, one, *_)), (_, (_, other, *_)) in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("head", [True, False])
def test_a_pitch_head_changes_nothing_of_the_network(head: bool) -> None:
    """It begins with the same weights, and estimates the same as without it."""
    torch.manual_seed(3)
    without = IASS(100, 129, 1, 3, 4, activity_head=head)
    torch.manual_seed(3)
    model = IASS(100, 129, 1, 3, 4, activity_head=head, pitches=69, pitch_hidden=8)
    weights = without.state_dict()
    assert {name for name in model.state_dict() if name not in weights} == {
        name for name in model.state_dict() if name.startswith("pitch_head.")
    }
    assert all(torch.equal(model.state_dict()[name], value) for name, value in weights.items())
    song = torch.rand(2, 1, 129, 11)
    with torch.no_grad():
        estimate, logit, pitches = model.eval()(song)
        expected, expected_logit = without.eval()(song)
    assert torch.equal(estimate, expected) and pitches.shape == (2, 69, 11)
    assert (logit is None) == (expected_logit is None) and (logit is None or torch.equal(logit, expected_logit))


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("chunk", [7, 100])
def test_pitches_in_chunks_equal_those_of_one_pass(chunk: int, together: int) -> None:
    torch.manual_seed(0)
    model = randomised(IASS(100, 129, 1, 3, 4, pitches=20, pitch_hidden=8))
    song = torch.rand(1, 129, 53)
    parts = list(estimate_song(model, lambda a, b: song[..., a:b], 53, chunk, together))
    with torch.no_grad():
        _, _, expected = model(song[None])
        _, _, inferred = for_inference(model)(song[None])
    torch.testing.assert_close(torch.cat([pitches for *_, pitches in parts], dim=1), expected[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(inferred, expected, atol=1e-5, rtol=1e-4)


def test_a_pitch_head_is_of_the_system_and_its_parameters() -> None:
    params = make_params({"pitch": {"lowest": 40, "highest": 51, "hidden": 5}})
    plain = network(system(model="iass", activity_weight=2.0), params, 1)
    with_pitches = network(system(model="iass", activity_weight=2.0, pitch_weight=0.2), params, 1)
    assert plain.pitch_head is None
    _, _, pitches = with_pitches(torch.rand(1, 1, params.stft.n_fft // 2 + 1, 9))
    assert pitches.shape == (1, 12, 9)
    assert "open-unmix" in (system(model="open-unmix", pitch_weight=0.2).problem() or "")
    assert "added" in (system(model="iass", pitch_weight=0.2, added="slakh-mm").problem() or "")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["iass", "open-unmix"])
def test_a_network_for_inference_estimates_the_same(kind: str, channels: int) -> None:
    torch.manual_seed(0)
    model = randomised(IASS(100, 129, channels, 3, 4) if kind == "iass" else OpenUnmix(100, 129, channels, 16))
    song = torch.rand(2, channels, 129, 53)
    with torch.no_grad():
        expected, expected_logit = model(song)
        found, logit = for_inference(model)(song)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    if expected_logit is not None:
        torch.testing.assert_close(logit, expected_logit, atol=1e-5, rtol=1e-4)
        assert not any(isinstance(one, torch.nn.BatchNorm2d) for one in model.encoders.modules())


# ---- memory ------------------------------------------------------------------------------------------------------

MEMORY = """
import resource, sys
import numpy as np, torch
from synthetic import make_params
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.target.network import network
from reprosep.papers.system import TargetSystem
torch.set_num_threads(1)
params = make_params(scale="paper")
settings = {"label": "test", "kind": "target", "scored": "frames", "model": sys.argv[1]}
model = network(TargetSystem(**settings, activity_weight=float(sys.argv[2])), params, 1)
wave = 0.1 * np.random.default_rng(0).standard_normal((1, int(float(sys.argv[3]) * 44100)), dtype=np.float32)
gate = np.ones(wave.shape[1] // 1024 + 1, bool)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
estimate = separate(model, wave, params).wave(gate)
assert estimate.shape == wave.shape
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def kilobytes(model: str, weight: float, seconds: float) -> int:
    folder = Path(__file__).parents[1]
    command = [sys.executable, "-c", MEMORY, model, str(weight), str(seconds)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return int(answer.stdout) // (1024 if sys.platform == "darwin" else 1)


@pytest.mark.parametrize(("model", "weight"), [pytest.param("iass", 2.0, marks=pytest.mark.slow), ("open-unmix", 0.0)])
def test_a_four_minute_song_needs_less_than_a_gigabyte(model: str, weight: float) -> None:
    assert kilobytes(model, weight, 240.0) < 1_000_000


def test_networks_of_all_scales_can_be_built() -> None:
    for scale in ("demo", "smoke", "standin"):
        params: Params = make_params(scale=scale)
        for blocks in (3, 4):
            assert parameter_count(network(system(model="iass", blocks=blocks, activity_weight=2.0), params, 2)) > 0
