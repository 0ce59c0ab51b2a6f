"""Training steps of IASS: the authors' layout and what makes it faster."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import torch
from measuring import features
from measuring.clock import Pace, pace
from measuring.findings import Findings, Table
from measuring.noise import Noise, noise_of
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

from reprosep.experiments.target.network import network as build
from reprosep.papers.loading import load_paper
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params, merge
from reprosep.tools.bench.layouts import CORPUS, _batch, step_of
from reprosep.training.losses import activity_loss, separation_loss

# ms an item on an H200, computed beforehand from operations and bytes: eager, and compiled.
_EXPECTED = {"eager": (0.7, 1.1), "compiled": (0.4, 0.6)}
_AFFORDABLE = 1.1  # ms an item, validation included: the six networks of a table in 12 hours
_AUTHORS, _EAGER, _BENCHMARK, _COMPILED, _GRAPHS = (
    "the authors' layout, float32",
    "channels last, bfloat16",
    "and cudnn.benchmark",
    "and torch.compile",
    "as one CUDA graph, without torch.compile",
)
_LAUNCH_BOUND = 0.9  # share of a step in kernels, under which launching is what it waits for


def measure(day: Day, findings: Findings) -> None:
    """Steps without their data in every way, then whole steps with it."""
    table = findings.table(
        "Steps of IASS without data",
        *("channels", "batch", "way", "ms an item", "against the authors'", "in kernels", "kernels a step"),
    )
    found = {}
    for channels in (1, 2):
        for batch in day.sizes.batches:
            found[channels, batch] = _all_ways(day, findings, table, channels, batch)
    _judge(day, findings, found)
    _whole_steps(day, findings)


def _all_ways(day: Day, findings: Findings, table: Table, channels: int, batch: int) -> dict[str, float]:
    """Milliseconds per item of every way."""
    params = day.params(day.sizes.scale, {"corpora": {CORPUS: {"channels": channels}}})
    system = load_paper("iass").systems["iass"]
    assert isinstance(system, TargetSystem)
    found: dict[str, float] = {}
    for name, make in _ways(day, batch).items():
        try:
            one = make(params, system, batch)
        except Exception as error:  # one way that does not go is no reason to miss the others
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            findings.check(f"{name}, {channels} channels, batch {batch}", why, "a time", False)
            continue
        found[name] = 1000 * one.seconds / batch
        ratio = f"{found[_AUTHORS] / found[name]:.2f} x"
        table.row(str(channels), str(batch), name, f"{found[name]:.3f}", ratio, one.in_kernels, one.launches)
    return found


def _ways(day: Day, batch: int) -> dict[str, Callable[[Params, TargetSystem, int], Pace]]:
    """What there is on this device; compiling takes longest, so it is done at the paper's batch alone."""

    def way(name: str, benchmark: bool = False) -> Callable[[Params, TargetSystem, int], Pace]:
        def measured(params: Params, system: TargetSystem, batch: int) -> Pace:
            torch.backends.cudnn.benchmark = benchmark
            try:
                return _pace(day, step_of(name, system, params, batch, day.device))
            finally:
                torch.backends.cudnn.benchmark = False

        return measured

    ways = {_AUTHORS: way("authors"), _EAGER: way("bfloat16")}
    if day.on_gpu:
        ways[_BENCHMARK] = way("bfloat16", benchmark=True)
        ways[_GRAPHS] = lambda params, system, batch: _pace(day, graphed_step(params, system, batch, day.device))
    if day.on_gpu and batch == day.sizes.batches[0] and any(map(shutil.which, ("c++", "g++", "clang++"))):
        ways[_COMPILED] = way("compiled")
    return ways


def _pace(day: Day, step: Callable[[], Any]) -> Pace:
    return pace(step, day.device, day.sizes.warm_up, day.sizes.steps)


def graphed_step(params: Params, system: TargetSystem, batch: int, device: torch.device) -> Callable[[], Any]:
    """The step of ``reprosep bench train`` in bfloat16, recorded once as a CUDA graph and replayed."""
    step = plain_step(params, system, batch, device, capturable=True)
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):  # memory and algorithms are chosen before the recording
            step()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def plain_step(
    params: Params, system: TargetSystem, batch: int, device: torch.device, capturable: bool = False
) -> Callable[[], Any]:
    """The same not recorded; an optimiser that can be keeps its count of steps on the device."""
    torch.manual_seed(0)
    model: Any = build(system, params, params.corpora[CORPUS].channels).to(device)
    network = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, weight_decay=1e-5, fused=True, capturable=capturable)
    mixture, target, labels = _batch(params, batch, device)
    mixture = mixture.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16):
            estimate, logit = network(mixture)
        loss = separation_loss(estimate, target)
        if logit is not None:
            loss = loss + system.activity_weight * activity_loss(logit, labels)
        loss.backward()
        optimizer.step()

    return step


def _judge(day: Day, findings: Findings, found: dict[tuple[int, int], dict[str, float]]) -> None:
    """Beside what was expected of an H200."""
    for (channels, batch), ways in found.items():
        for kind, name in (("eager", _EAGER), ("compiled", _COMPILED)):
            if name in ways and day.on_gpu:
                low, high = _EXPECTED[kind]
                what = f"{channels} channels, batch {batch}, {kind}"
                findings.check(what, f"{ways[name]:.2f} ms an item", f"{low} to {high} ms", None)
    if day.on_gpu and not any(_COMPILED in ways for ways in found.values()):
        findings.note("torch.compile: no C++ compiler on this machine, so it was not measured.")


def _whole_steps(day: Day, findings: Findings) -> None:
    """With their data, as a training takes them: at the paper's batch."""
    table = findings.table(
        "Whole steps of IASS with their data, batch " + str(day.sizes.batches[0]),
        *("channels", "way", "ms an item", "in kernels", "kernels a step"),
    )
    ways: dict[str, dict[str, Any]] = {"eager": {"compile": "never"}}
    if day.on_gpu:
        ways["compiled"] = {"compile": "always"}
    with noise_of(day) as noise:
        for corpus, channels in (("mm", 1), ("musdb", 2)):
            for name, change in ways.items():
                _whole_step(noise, findings, table, corpus, channels, name, {"training": change})
            if features.has_graphs() and day.on_gpu:
                _whole_step(noise, findings, table, corpus, channels, "CUDA graphs", features.with_graphs("always"))
    if not features.has_graphs():
        findings.note(f"training.graphs: {features.NOT_IN_THIS_VERSION}.")


def _whole_step(
    noise: Noise, findings: Findings, table: Table, corpus: str, channels: int, name: str, change: dict[str, Any]
) -> None:
    day, batch = noise.day, noise.day.sizes.batches[0]
    if name == "compiled" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        return
    change = merge({"training": {"batch_size": batch}}, change)
    training = noise.training(day.sizes.scale, *target_run(corpus, "vocals", "iass"), change)
    training.begin()
    training.model.train()
    numbers = iter(range(1_000_000))
    one = _pace(day, lambda: training.step(next(numbers)))
    milliseconds = 1000 * one.seconds / batch
    table.row(str(channels), name, f"{milliseconds:.3f}", one.in_kernels, one.launches)
    if one.busy is not None:
        bound = "launching and preparing" if one.busy < _LAUNCH_BOUND else "the device's work"
        findings.check(f"{channels} channels, {name}: what bounds it", bound, "", None)
        found = f"{milliseconds:.2f} ms an item"
        findings.check(f"{channels} channels, {name}: affordable", found, f"{_AFFORDABLE} ms with validation", None)


SECTION = Section(
    name="iass_steps",
    title="IASS, step by step faster",
    about=(
        "The main job of a GPU: how long an item takes mono and stereo, in the authors' layout and in ours, and "
        "whether the device works all the time or waits for launches."
    ),
    seconds=200,
    measure=measure,
)
