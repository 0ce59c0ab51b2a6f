"""Where networks estimate: the device that is meant, and a network that its device cannot compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from reprosep.base.errors import UserError
from reprosep.experiments.target import estimate as target_estimate
from reprosep.models import placement
from reprosep.models.iass import IASS
from reprosep.models.inference import for_inference
from reprosep.models.placement import answered, device_of, estimating_device
from synthetic import make_params

SCHEDULERS = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID"]


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", *SCHEDULERS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with a GPU that is not there, and PyTorch's settings as they were afterwards."""
    holders = [(torch.backends.cuda.matmul, "allow_tf32"), (torch.backends.cudnn, "allow_tf32")]
    holders += [(torch.backends.cudnn, name) for name in ("deterministic", "benchmark")]
    before = [getattr(*holder) for holder in holders]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    yield
    for holder, value in zip(holders, before, strict=True):
        setattr(*holder, value)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_auto_without_a_gpu_is_the_processor(no_gpu: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimating_device("auto", "--device") == estimating_device("cpu", "--device") == torch.device("cpu")
    assert capsys.readouterr().err == ""


def test_auto_is_a_gpu_that_is_there(gpu: None) -> None:
    torch.backends.cudnn.allow_tf32 = True  # PyTorch's own default
    assert estimating_device("auto", "--device") == torch.device("cuda")
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.deterministic
    assert estimating_device("cpu", "--device") == torch.device("cpu")


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_in_a_job_auto_is_a_gpu_that_the_job_was_given(
    gpu: None, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(scheduler, "1")
    assert estimating_device("auto", "separation.device") == torch.device("cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert estimating_device("auto", "separation.device") == torch.device("cuda")


def test_a_gpu_that_is_not_there_is_one_sentence(no_gpu: None) -> None:
    with pytest.raises(UserError) as told:
        estimating_device("cuda", "separation.device")
    assert str(told.value).startswith("separation.device: cuda, but ") and "use auto or cpu" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_unknown_device_is_told() -> None:
    with pytest.raises(UserError, match=r"--device: unknown device 'gpu'.*; allowed: auto, cpu, cuda, mps"):
        estimating_device("gpu", "--device")


def test_mps_that_is_not_there_is_the_processor(no_gpu: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimating_device("mps", "--device") == torch.device("cpu")
    assert capsys.readouterr().err == "--device: mps is not there; the processor estimates\n"


# ---- networks ----------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(target_estimate, "device_of", lambda _: torch.device("cuda"))
    together = target_estimate.separate(model, mixture, params)
    assert max(sizes) == 3 and len(sizes) - calls < calls
    np.testing.assert_allclose(together.magnitudes, alone.magnitudes, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(together.wave(), alone.wave(), atol=1e-5)
