"""Training steps of IASS: the authors' layout and what makes it faster."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count, product
from typing import Any

import torch
from measuring.clock import Pace, pace
from measuring.differences import all_apart, same, told
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
from reprosep.training.checkpoint import copied
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
_EAGER_TRAININGS: dict[str, dict[str, Any]] = {
    "deterministic": {"training": {"deterministic": True}},
    "not deterministic": {"training": {"deterministic": False}},
}
_CHANNELS = (1, 2)
_CORPORA = (("mm", 1), ("musdb", 2))  # and their channels
_COMPILERS = ("c++", "g++", "clang++")
Case = tuple[int, int]  # channels, batch
Way = Callable[[Params, TargetSystem, int], Pace]
_LAUNCH_BOUND = 0.9  # share of a step in kernels, under which launching is what it waits for


def measure(day: Day, findings: Findings) -> None:
    """Steps without their data in every way, and whole steps with it; what has to be compiled comes last."""
    table = findings.table(
        "Steps of IASS without data",
        *("channels", "batch", "way", "ms an item", "against the authors'", "in kernels", "kernels a step"),
    )
    whole = findings.table(
        f"Whole steps of IASS with their data, batch {day.sizes.batches[0]}",
        *("channels", "way", "ms an item", "in kernels", "kernels a step"),
    )
    cases = [(channels, batch) for channels in _CHANNELS for batch in day.sizes.batches]
    found: dict[Case, dict[str, float]] = {case: {} for case in cases}
    with noise_of(day) as noise:
        for case in cases:
            _measure_ways(day, findings, table, case, _eager_ways(day), found[case])
        _whole_steps(noise, findings, whole, _EAGER_TRAININGS)
        if day.on_gpu:
            _whole_steps(noise, findings, whole, {"CUDA graphs": {"training": {"graphs": "always"}}})
            _compare_recorded(noise, findings)
        if day.on_gpu and _compiles(findings):
            for case in cases:
                if case[1] == day.sizes.batches[0]:  # compiling takes longest
                    _measure_ways(day, findings, table, case, {_COMPILED: _way(day, "compiled")}, found[case])
            _whole_steps(noise, findings, whole, {"compiled": {"training": {"compile": "always"}}})
    if day.on_gpu:
        _judge(findings, found)


def _compiles(findings: Findings) -> bool:
    """Whether there is a compiler; a note where there is none."""
    there = any(map(shutil.which, _COMPILERS))
    if not there:
        findings.note("torch.compile: no C++ compiler on this machine, so that it was not measured.")
    return there


def _measure_ways(
    day: Day, findings: Findings, table: Table, case: Case, ways: dict[str, Way], found: dict[str, float]
) -> None:
    """Milliseconds per item of some ways, added to those `found`."""
    channels, batch = case
    params = day.params(day.sizes.scale, {"corpora": {CORPUS: {"channels": channels}}})
    system = load_paper("iass").systems["iass"]
    assert isinstance(system, TargetSystem)
    for name, way in ways.items():
        try:
            one = way(params, system, batch)
        except Exception as error:  # one way that does not go is no reason to miss the others
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            findings.check(f"{name}, {channels} channels, batch {batch}", why, "a time", False)
            continue
        found[name] = 1000 * one.seconds / batch
        ratio = f"{found[_AUTHORS] / found[name]:.2f} x" if _AUTHORS in found else ""
        table.row(str(channels), str(batch), name, f"{found[name]:.3f}", ratio, one.in_kernels, one.launches)


def _eager_ways(day: Day) -> dict[str, Way]:
    """Those that need no compiler."""
    ways = {_AUTHORS: _way(day, "authors"), _EAGER: _way(day, "bfloat16")}
    if day.on_gpu:
        ways[_BENCHMARK] = _way(day, "bfloat16", benchmark=True)
        ways[_GRAPHS] = lambda params, system, batch: _pace(day, graphed_step(params, system, batch, day.device))
    return ways


def _as_pytorch_begins() -> None:
    """What trainings decide of a process, and what was compiled for other shapes, is forgotten."""
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = True, False
    torch.compiler.reset()


def _way(day: Day, name: str, benchmark: bool = False) -> Way:
    """A way of ``reprosep bench train``."""

    def measured(params: Params, system: TargetSystem, batch: int) -> Pace:
        _as_pytorch_begins()
        torch.backends.cudnn.benchmark = benchmark
        return _pace(day, step_of(name, system, params, batch, day.device))

    return measured


def _pace(day: Day, step: Callable[[], Any]) -> Pace:
    return pace(step, day.device, day.sizes.warm_up, day.sizes.steps)


def graphed_step(params: Params, system: TargetSystem, batch: int, device: torch.device) -> Callable[[], Any]:
    """The step of ``reprosep bench train`` in bfloat16, recorded once as a CUDA graph and replayed."""
    _as_pytorch_begins()
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


def _judge(findings: Findings, found: dict[Case, dict[str, float]]) -> None:
    """Beside what was expected of an H200."""
    for (channels, batch), ways in found.items():
        for kind, name in (("eager", _EAGER), ("compiled", _COMPILED)):
            if name in ways:
                low, high = _EXPECTED[kind]
                what = f"{channels} channels, batch {batch}, {kind}"
                findings.check(what, f"{ways[name]:.2f} ms an item", f"{low} to {high} ms", None)


def _whole_steps(noise: Noise, findings: Findings, table: Table, ways: dict[str, dict[str, Any]]) -> None:
    """With their data, as a training takes them, mono and stereo."""
    day, batch = noise.day, noise.day.sizes.batches[0]
    for (name, change), (corpus, channels) in product(ways.items(), _CORPORA):
        torch.compiler.reset()
        change = merge({"training": {"batch_size": batch}}, change)
        training = noise.training(day.sizes.scale, *target_run(corpus, "vocals", "iass"), change)
        training.begin()
        training.model.train()
        numbers = count()
        one = _pace(day, lambda: training.step(next(numbers)))  # noqa: B023, called here
        milliseconds = 1000 * one.seconds / batch
        table.row(str(channels), name, f"{milliseconds:.3f}", one.in_kernels, one.launches)
        if one.busy is not None:
            bound = "launching and preparing" if one.busy < _LAUNCH_BOUND else "the device's work"
            findings.check(f"{channels} channels, {name}: what bounds it", bound, "", None)
            found = f"{milliseconds:.2f} ms an item"
            findings.check(f"{channels} channels, {name}", found, f"{_AFFORDABLE} ms with validation at most", None)


def _compare_recorded(noise: Noise, findings: Findings) -> None:
    """Whether steps that are recorded train what the usual ones train."""
    pair, ways = target_run("mm", "vocals", "iass"), ("never", "always")
    trainings = [noise.training(noise.day.sizes.scale, *pair, {"training": {"graphs": way}}) for way in ways]
    for training in trainings:
        training.model.train()
        for number in range(noise.day.sizes.steps):
            training.step(number)
    usual, recorded = (copied(training.model) for training in trainings)
    equal = same(usual, recorded)
    found = "the same weights to the last bit" if equal else f"weights {told(all_apart(usual, recorded))} apart"
    what = f"{noise.day.sizes.steps} steps, recorded as CUDA graphs or not"
    findings.check(what, found, "the same weights to the last bit", equal)


SECTION = Section(
    name="iass_steps",
    title="IASS, step by step faster",
    about=(
        "The main job of a GPU: how long an item takes mono and stereo, in the authors' layout and in ours, and "
        "whether the device works all the time or waits for launches."
    ),
    seconds=170,
    measure=measure,
)
