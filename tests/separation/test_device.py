"""The device that is meant by a word, and what is told where it is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from reprosep.base.errors import UserError
from reprosep.separation.device import estimating_device

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
