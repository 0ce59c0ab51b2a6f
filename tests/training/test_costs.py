"""What a training costs: seconds and energy add up over sessions, and those who share a device share its energy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from conftest import Line
from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.training import compilation, costs
from reprosep.training.costs import Costs, Meter
from trainings import IASS, UNMIX, training

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """[seconds, joules] that a meter sees."""
    now = [0.0, 1000.0]
    monkeypatch.setattr(costs.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(costs, "energy", lambda _: (now[1], ""))
    return now


def test_energy_is_shared_by_time(clock: list[float]) -> None:
    found, meter = Costs(), Meter(CPU)
    clock[:] = [10.0, 3000.0]
    meter.add(found, 4.0, 1)  # 4 of 10 s
    assert found.joules == pytest.approx(800.0)
    clock[:] = [20.0, 4000.0]
    meter.add(found, 10.0, 1)
    assert found.joules == pytest.approx(1800.0)
    assert found.device_seconds == 14.0
    assert found.memory == costs.peak_memory(CPU) > 0


def test_a_counter_that_begins_anew_takes_nothing_back(clock: list[float]) -> None:
    found, meter = Costs(), Meter(CPU)
    clock[:] = [10.0, 5.0]
    meter.add(found, 10.0, 1)
    assert found.joules == 0.0


def test_a_device_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(costs, "_RAPL", tmp_path)
    assert costs.energy(CPU) == (None, f"no counter in {tmp_path}")
    found, meter = Costs(), Meter(CPU)
    meter.add(found, 1.0, 1)
    assert found.joules is None and meter.unknown == f"no counter in {tmp_path}"


def test_the_processors_packages_are_added_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for number, joules in enumerate((2, 3)):
        package = tmp_path / f"intel-rapl:{number}"
        package.mkdir()
        (package / "energy_uj").write_text(f"{joules * 10**6}\n")
    monkeypatch.setattr(costs, "_RAPL", tmp_path)
    assert costs.energy(CPU) == (pytest.approx(5.0), "")


def test_costs_go_on_after_an_interruption(prepared: Line, tmp_path: Path) -> None:
    whole = training(prepared, IASS, epochs=2).run(tmp_path, "recipe")
    again = training(prepared, IASS, epochs=2).run(tmp_path, "recipe")
    assert again.costs == whole.costs
    assert whole.costs.device_seconds == pytest.approx(sum(epoch["seconds"] for epoch in whole.epochs))


def test_the_record_tells_them(trained: Line) -> None:
    record = read_json(trained.results / "runs" / IASS / "run.json")
    assert record["peak_memory_mb"] > 10
    assert record["milliseconds_per_item"] == pytest.approx(1000 * record["device_seconds"] / record["items"], rel=0.01)
    assert record["recordings"] == "map"
    assert record["early_stopping"] == trained.params.training.early_stopping
    unmix = read_json(trained.results / "runs" / UNMIX / "run.json")
    assert unmix["early_stopping"] == unmix["settings"]["early_stopping"] == 140
    assert "energy_kj" in record


# ---- compiling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "device", "items", "gpus", "expected"),
    [
        ("never", CUDA, 10**9, 1, False),
        ("auto", CPU, 10**9, 1, False),
        ("auto", CUDA, 1000, 1, False),
        ("auto", CUDA, 10**6, 1, True),
        ("auto", CUDA, 10**6, 2, False),
        ("always", CPU, 1, 0, True),
    ],
)
def test_what_is_compiled(
    prepared: Line,
    wanted: str,
    device: torch.device,
    items: int,
    gpus: int,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = prepared.params.training.model_copy(update={"compile": wanted, "gpu": gpus})
    network = torch.nn.Linear(2, 2)
    monkeypatch.setattr(torch, "compile", lambda one: ("compiled", one))
    monkeypatch.setattr(compilation.shutil, "which", lambda name: f"/usr/bin/{name}")
    found = compilation.compiled(network, settings, device, items)
    assert found == (("compiled", network) if expected else network)


def test_compiling_without_a_compiler_is_told(prepared: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = prepared.params.training.model_copy(update={"compile": "always"})
    monkeypatch.setattr(compilation.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match=r"training.compile: always needs a C\+\+ compiler"):
        compilation.compiled(torch.nn.Linear(2, 2), settings, CPU, 1)
