"""Networks on their device: one that it cannot compute, and chunks at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from reprosep.experiments.target import estimate as target_estimate
from reprosep.models import placement, whole_song
from reprosep.models.iass import IASS
from reprosep.models.inference import for_inference
from reprosep.models.placement import answered, device_of
from synthetic import make_params


class Elsewhere(nn.Module):
    """A network on a device that lacks its operator until it is taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, device="meta"))
        self.tries = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.tries += 1
        if self.weight.device.type == "meta":
            raise NotImplementedError("The operator 'aten::lstm' is not implemented for it. Report this.\nMore.")
        return x + self.weight

    def to(self, device: Any) -> Elsewhere:  # type: ignore[override]
        self.weight = nn.Parameter(torch.ones(1, device=device))
        return self


def test_a_network_with_a_missing_operator_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(placement, "_INCOMPLETE", "meta")
    model, x = Elsewhere(), torch.zeros(2)
    assert answered(model, model, x).tolist() == [1.0, 1.0]
    assert answered(model, model, x).tolist() == [1.0, 1.0]
    assert model.tries == 3 and device_of(model) == torch.device("cpu")
    told = (
        "meta cannot compute this network (The operator 'aten::lstm' is not implemented for it); the processor goes on"
    )
    assert capsys.readouterr().err.splitlines() == [told]


def test_elsewhere_a_missing_operator_is_an_error() -> None:
    model = Elsewhere()
    with pytest.raises(NotImplementedError):
        answered(model, model, torch.zeros(2))


def test_what_is_no_network_is_answered_on_the_processor() -> None:
    assert answered(abs, abs, torch.tensor([-1.0])).tolist() == [1.0]


def test_several_chunks_at_once_where_the_network_is_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    params = make_params({"separation": {"chunk_frames": 16, "chunks_at_once": 3}})
    torch.manual_seed(0)
    bins = params.stft.n_fft // 2 + 1
    model = for_inference(IASS(bins, bins, 1, 2, 4))
    mixture = np.random.default_rng(0).normal(scale=0.1, size=(1, 150 * params.stft.hop)).astype(np.float32)
    sizes: list[int] = []
    model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    alone = target_estimate.separate(model, mixture, params)
    assert {*sizes} == {1}
    calls = len(sizes)
    monkeypatch.setattr(whole_song, "device_of", lambda _: torch.device("cuda"))
    together = target_estimate.separate(model, mixture, params)
    assert max(sizes) == 3 and len(sizes) - calls < calls
    np.testing.assert_allclose(together.magnitudes, alone.magnitudes, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(together.wave(), alone.wave(), atol=1e-5)
