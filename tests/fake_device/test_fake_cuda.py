"""The fake GPU itself: numbers as on the processor, and what PyTorch's documentation says of copies and streams."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from fake_cuda import fake_cuda, needs_fake_cuda
from tensors import OnDevice
from torch import nn

pytestmark = needs_fake_cuda


def network() -> nn.Module:
    torch.manual_seed(1)
    layers = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2)]
    return nn.Sequential(*layers)


def trained(device: str) -> list[torch.Tensor]:
    model, x = network().to(device), torch.linspace(-1, 1, 48).reshape(3, 1, 4, 4).to(device)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    return [parameter.detach().cpu() for parameter in model.parameters()]


def test_a_network_learns_the_same() -> None:
    with fake_cuda():
        found = trained("cuda")
    assert all(torch.equal(a, b) for a, b in zip(found, trained("cpu"), strict=True))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("packed", [False, True])
def test_recurrent_layers(kind: type[nn.LSTM], packed: bool) -> None:
    """Their results and gradients, of sequences of one length or of several."""
    torch.manual_seed(1)
    layers, x = kind(3, 4, 2, bidirectional=True, batch_first=True), torch.randn(2, 5, 3)

    def gradients(device: str) -> list[torch.Tensor]:
        layers.to(device).zero_grad()
        heard = x.to(device)
        if packed:
            heard = nn.utils.rnn.pack_padded_sequence(heard, torch.tensor([5, 3]), batch_first=True)  # type: ignore[assignment]
        states = layers(heard)[0]
        states = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)[0] if packed else states
        states.square().sum().backward()
        return [states.detach().cpu(), *(one.grad.cpu() for one in layers.parameters())]

    with fake_cuda():
        found = gradients("cuda")
        layers.to("cpu")
    assert all(torch.allclose(a, b) for a, b in zip(found, gradients("cpu"), strict=True))


def test_conjugates_and_parts_of_complex_numbers() -> None:
    a, b = torch.tensor([[1 + 2j, 3 - 1j]]), torch.tensor([[2 - 1j, 1 + 4j]])

    def parts(a: torch.Tensor, b: torch.Tensor) -> list[torch.Tensor]:
        found = [(a * b.conj()).real, a @ b.mH, b.conj().imag, b.conj().conj(), b.conj()[:, 1], b.conj().resolve_conj()]
        return [*found, b.conj().imag * 2, b.conj(), b.abs(), torch.fft.irfft(b.conj(), n=2)]

    for context in (torch.no_grad, torch.inference_mode):
        with fake_cuda(), context():
            found = [one.cpu() for one in parts(a.cuda(), b.cuda())]
        assert all(torch.equal(x, y) for x, y in zip(found, parts(a, b), strict=True))


def test_autocast_is_cudas() -> None:
    with fake_cuda():
        a, b = torch.ones(2, 2, device="cuda"), nn.LSTM(2, 2).to("cuda")
        with torch.autocast("cuda", torch.bfloat16):
            assert (a @ a).dtype == b(a)[0].dtype == torch.bfloat16
            assert (a @ a).log().dtype == torch.float32
        with torch.autocast("cuda", enabled=False):
            assert (a @ a).dtype == torch.float32


def test_it_is_gone_afterwards() -> None:
    before = torch.cuda.is_available, torch.Tensor.pin_memory, torch.Tensor.tolist, torch.backends.cudnn.enabled
    thread = threading.Thread.run
    with fake_cuda():
        assert torch.cuda.is_available() and torch.accelerator.current_accelerator() == torch.device("cuda")
        torch.use_deterministic_algorithms(True, warn_only=True)
    after = torch.cuda.is_available, torch.Tensor.pin_memory, torch.Tensor.tolist, torch.backends.cudnn.enabled
    assert before == after and threading.Thread.run is thread
    assert not torch.are_deterministic_algorithms_enabled()
    model = nn.Linear(2, 2)
    model(torch.ones(1, 2)).sum().backward()
    assert model.weight.grad is not None and model.to("cpu").weight.device.type == "cpu"


def test_a_copy_to_the_host_has_to_be_waited_for() -> None:
    """Without, one reads whatever was there."""
    with fake_cuda():
        x = torch.ones(3, device="cuda")
        here = x.to("cpu", non_blocking=True)
        assert here.isnan().all()
        torch.cuda.synchronize()
        assert here.equal(torch.ones(3))
        into = torch.zeros(3).pin_memory()
        into.copy_(x, non_blocking=True)
        event = torch.cuda.current_stream().record_event()
        assert into.isnan().all()
        event.synchronize()
        assert into.equal(torch.ones(3))


def test_events_measure_and_order() -> None:
    with fake_cuda() as device:
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        first.record()
        time.sleep(0.01)
        last.record()
        last.synchronize()
        assert 10 <= first.elapsed_time(last) < 10_000
        with pytest.raises(ValueError, match="enable_timing"):
            torch.cuda.Event().elapsed_time(last)
        side, now = torch.cuda.Stream(), torch.cuda.current_stream()
        with torch.cuda.stream(side):
            assert torch.cuda.current_stream() == side
            made = torch.ones(3, device="cuda")
            done = side.record_event()
        now.wait_event(done)
        made.record_stream(now)
        device.record.taken()
        assert isinstance(made + 1, OnDevice)
        assert device.record.taken() == []


def test_threads_know_it() -> None:
    found: list[torch.device] = []
    with fake_cuda():
        thread = threading.Thread(target=lambda: found.append(torch.zeros(2, device="cuda").device))
        thread.start()
        thread.join()
    assert found == [torch.device("cuda:0")]


def test_mixed_devices_are_refused_as_by_a_gpu() -> None:
    with fake_cuda():
        x = torch.ones(3, device="cuda")
        assert (x * torch.tensor(2.0)).cpu().tolist() == [2.0, 2.0, 2.0]  # a number
        assert x.masked_fill(x > 0, torch.tensor(0.0)).cpu().tolist() == [0.0, 0.0, 0.0]
        for mixed in (
            lambda: x + torch.ones(3),
            lambda: torch.cat([x, torch.ones(1)]),
            lambda: torch.stack([x.sum(), torch.zeros(())]),
            lambda: nn.functional.mse_loss(x, torch.ones(3)),
            lambda: nn.LSTM(3, 2)(x[None]),
        ):
            with pytest.raises(RuntimeError, match="same device"):
                mixed()
        with pytest.raises(TypeError, match=r"convert cuda:0 device type tensor to numpy"):
            x.numpy()
        with pytest.raises(RuntimeError, match="cannot pin"):
            x.pin_memory()
