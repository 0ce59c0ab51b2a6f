"""Training on clips: the objective by its plain statement, what an epoch holds, resuming."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import CHANGE, Line
from reprosep.base.errors import UserError
from reprosep.experiments.clips.examples import phase_sensitive
from reprosep.experiments.clips.training import ClipTraining
from reprosep.experiments.runs import find_run
from reprosep.models.blstm import BLSTM
from reprosep.models.inference import parameter_count
from reprosep.params.scale import merge
from reprosep.separation.masks import MixtureSpectrum
from synthetic import make_params
from trainings import assert_same_weights, made

CORPUS, SLAKH = "musdb-16k", "musdb-16k_bass_musdb-slakh_s42"
CLIPS = {"seconds": 2.0, "presence": -40.0, "frames": 20, "small_hours": 0.003, "large_hours": 0.004, "valid": 3}


def changed(**change: Any) -> dict[str, Any]:
    return merge(CHANGE, {"papers": ["slakh"], "clips": CLIPS, "models": {"blstm": {"dropout": 0.0}}, **change})


@pytest.fixture(scope="module")
def line(prepared: Line) -> Line:
    """The synthetic corpora with clips of the bass; to be read, not changed."""
    made = Line(prepared.folder, make_params(changed()))
    for corpus in (CORPUS, "slakh", "flakh"):
        made.step("clips", corpus, "bass")
    return made


def training(line: Line, identifier: str = SLAKH, **training_settings: Any) -> ClipTraining:
    params = make_params(changed(corpora={CORPUS: {"settings": {"training": training_settings}}}))
    found = made(params, identifier, line.results)
    assert isinstance(found, ClipTraining)
    return found


def test_clips_are_those_of_all_sets(line: Line) -> None:
    counts = {"musdb": (3, 0), "musdb-slakh": (3, 4), "musdb-incoherent": (7, 0)}
    for system, (own, other) in counts.items():
        clips = training(line, f"{CORPUS}_bass_{system}_s42").examples.train
        of_own = [clip for clip in clips if "S00" not in set(clip.mixer.stems["stem"])]
        assert (round(0.003 * 3600 / 2), round(0.004 * 3600 / 2)) == (5, 7)
        assert (len(of_own), len(clips) - len(of_own)) == (5 + 7 * (system == "musdb-incoherent"), 7 * bool(other))
        assert own


def test_a_pass_takes_every_clip_once(line: Line) -> None:
    examples = training(line).examples
    names = [examples._segment(item).recipe.name for item in range(2 * len(examples.train))]
    first, second = names[: len(examples.train)], names[len(examples.train) :]
    assert sorted(first) == sorted(second) == sorted(clip.recipe.name for clip in examples.train)
    assert first != second


def test_segments_lie_within_their_clips(line: Line) -> None:
    examples = training(line).examples
    by_name = {(clip.mixer, clip.recipe.name): clip for clip in examples.train}
    starts = set()
    for item in range(60):
        part = examples._segment(item)
        clip = by_name[part.mixer, part.recipe.name]
        shift = part.recipe.excerpts[0].start - clip.recipe.excerpts[0].start
        assert 0 <= shift <= clip.recipe.length - part.recipe.length and shift % 256 == 0
        starts.add(shift)
    assert len(starts) > 5


# ---- the objective -----------------------------------------------------------------------------------------------


def plain_stft(wave: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """``(bin, frame)`` of a wave, square-root Hann, no padding."""
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft))
    starts = range(0, len(wave) - n_fft + 1, hop)
    return np.stack([np.fft.rfft(window * wave[start : start + n_fft]) for start in starts], axis=1)


def plain_objective(mask: np.ndarray, target: np.ndarray, mixture: np.ndarray) -> float:
    """Eq. (1) with angles, as a mean."""
    magnitude = np.abs(mixture)
    aligned = np.abs(target) * np.cos(np.angle(target) - np.angle(mixture))
    return float(np.mean(np.abs(mask * magnitude - np.minimum(np.maximum(aligned, 0), magnitude))))


def test_the_loss_is_equation_1(line: Line) -> None:
    job = training(line)
    waves = job.examples.prepare(0, 2).waves
    job.model.eval()
    loss, _ = job.losses_of(job.examples.finish(job.examples.prepare(0, 2)))
    expected = []
    for target, mixture in zip(*waves.double().numpy(), strict=True):
        s, x = (plain_stft(wave, 512, 256) for wave in (target, mixture))
        assert x.shape == (257, 20)
        mask = job.model(torch.from_numpy(np.abs(x)[None]).float())[0].detach().numpy()
        expected.append(plain_objective(mask, s, x))
    assert float(loss) == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_step_is_adams(line: Line) -> None:
    job = training(line, schedule="plateau", batch_size=2)
    twin, settings_ = copy.deepcopy(job.model), job.params.training.optimizer
    twin.train()
    batch = job.examples.finish(job.examples.prepare(0, 2))
    plain = torch.optim.Adam(twin.parameters(), lr=settings_.learning_rate)
    (twin(batch.mixture) * batch.mixture - batch.wanted).abs().mean().backward()
    plain.step()
    job.model.train()
    job.step(0)
    for mine, other in zip(job.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 10))
def test_the_target_can_be_reached_by_a_mask(seed: int, scale: float) -> None:
    random = torch.Generator().manual_seed(seed)
    target, rest = (torch.view_as_complex(torch.randn(4, 5, 2, generator=random)) for _ in range(2))
    mixture = scale * target + rest
    found = phase_sensitive(target, mixture, mixture.abs())
    assert (found >= 0).all() and (found <= mixture.abs()).all()
    angle = torch.cos(target.angle() - mixture.angle())
    torch.testing.assert_close(
        found, torch.minimum((target.abs() * angle).clamp_min(0), mixture.abs()), atol=1e-5, rtol=0
    )


# ---- network and transform ---------------------------------------------------------------------------------------


def test_the_network_is_the_papers() -> None:
    network = BLSTM(257, 600, 4, 0.3, normalise=False)
    first, later = 2 * 4 * 600 * (257 + 600 + 2), 2 * 4 * 600 * (1200 + 600 + 2)
    assert parameter_count(network) == first + 3 * later + 257 * 1201
    assert network.layers.dropout == network.dropout.p == 0.3
    mask = network.eval()(torch.rand(2, 257, 7))
    assert mask.shape == (2, 257, 7) and (mask > 0).all() and (mask < 1).all()


@example(samples=1278, seed=1)  # its last samples were in the soft end of one window only
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5000), st.integers(0, 2**31))
def test_the_spectrum_of_a_song_leads_back_to_it(samples: int, seed: int) -> None:
    wave = np.random.default_rng(seed).normal(0, 0.2, samples).astype(np.float32)
    transform = MixtureSpectrum(make_params(changed()).of_corpus(CORPUS), samples)
    np.testing.assert_allclose(transform.back(transform.of(wave)), wave, atol=1e-6)


# ---- the whole training ------------------------------------------------------------------------------------------


def test_stopped_and_resumed_is_the_same(line: Line, tmp_path: Path) -> None:
    training(line, epochs=4).run(tmp_path / "whole", "a")
    training(line, epochs=4, schedule="plateau")  # draws from torch's state in between
    steps = training(line, epochs=4).running(tmp_path / "parts", "a")
    for _ in range(7):
        next(steps)
    halted = training(line, epochs=4)
    halted.stop.reason = "SIGTERM"
    with pytest.raises(Exception, match="stopped by SIGTERM"):
        halted.run(tmp_path / "parts", "a")
    training(line, epochs=4).run(tmp_path / "parts", "a")
    for name in ("best.safetensors", "last.safetensors"):
        assert_same_weights(tmp_path / "whole", tmp_path / "parts", name)


def test_it_learns(line: Line, tmp_path: Path) -> None:
    outcome = training(line, epochs=8, items_per_epoch=32).run(tmp_path, "a")
    losses = [epoch["train_loss"] for epoch in outcome.epochs]
    assert losses[-1] < 0.8 * losses[0]


def test_corpora_that_differ_are_refused() -> None:
    change = changed(corpora={"slakh": {"settings": {"stft": {"hop": 128}}}})
    with pytest.raises(UserError, match=r"corpora.slakh.settings.stft.hop: 128, but 256 on 'musdb-16k'"):
        find_run(make_params(change), SLAKH)
