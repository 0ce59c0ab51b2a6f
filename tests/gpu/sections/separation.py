"""A song separated on the device against the processor."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from measuring.differences import apart, told
from measuring.findings import Findings
from measuring.section import Section
from measuring.settings import Day
from measuring.systems import target_run

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.target.network import network
from reprosep.models.inference import for_inference
from reprosep.models.whole_song import estimate_song
from reprosep.params.scale import Params

_SYSTEMS = ("iass", "open-unmix")
_ROUNDING = 1e-4  # relative, of float32 magnitudes


def measure(day: Day, findings: Findings) -> None:
    """Both networks: the network's part, then the whole way from sound to sound."""
    params = day.params(day.sizes.scale)
    wave = _wave(day, params)
    table = findings.table(
        f"A song of {day.sizes.song_seconds:.0f} s, stereo", *("network", "what", "device", "seconds")
    )
    for name in _SYSTEMS:
        magnitudes = {}
        for device in dict.fromkeys(("cpu", day.device_name)):
            magnitudes[device], seconds = _magnitudes(params, name, wave, torch.device(device))
            table.row(name, "magnitudes alone", device, f"{seconds:.2f}")
        difference = apart(magnitudes["cpu"], magnitudes[day.device_name])
        _judge(findings, f"magnitudes of {name}", difference)
        waves = {}
        for device in dict.fromkeys(("cpu", day.device_name)):
            waves[device], seconds = _sound(params, name, wave, torch.device(device))
            table.row(name, "from sound to sound", device, f"{seconds:.2f}")
        _judge(findings, f"sound of {name}", apart(waves["cpu"], waves[day.device_name]))


def _judge(findings: Findings, what: str, difference: float) -> None:
    found = f"{told(difference)} apart"
    findings.check(f"{what}, processor against device", found, f"less than {_ROUNDING:g}", difference < _ROUNDING)


def _wave(day: Day, params: Params) -> np.ndarray:
    """Noise, ``(channel, sample)``."""
    samples = round(day.sizes.song_seconds * params.audio.sample_rate)
    return (0.1 * np.random.default_rng(0).standard_normal((2, samples))).astype(np.float32)


def _model(params: Params, name: str) -> Any:
    """The same untrained network every time, with normalisation that has seen something."""
    torch.manual_seed(0)
    _, system = target_run("musdb", "vocals", name)
    return for_inference(network(system, params, 2))  # type: ignore[arg-type]


def _magnitudes(params: Params, name: str, wave: np.ndarray, device: torch.device) -> tuple[torch.Tensor, float]:
    """The network's estimate of a song, with the song's spectra made by the chunk."""
    model = _model(params, name).to(device)
    spectrum = ChunkedSpectrum(wave, params.stft.n_fft, params.stft.hop)
    together = params.separation.chunks_at_once if device.type == "cuda" else 1
    seconds = []
    for _ in range(1 + (device.type == "cuda")):  # the first pass waits for libraries
        start = time.perf_counter()
        parts = estimate_song(
            model,
            lambda first, end: spectrum.chunk(first, end).abs().to(device),
            spectrum.frames,
            params.separation.chunk_frames,
            together,
        )
        estimate = torch.cat([part.cpu() for _, part, _ in parts], dim=-1)
        seconds.append(time.perf_counter() - start)
    return estimate, seconds[-1]


def _sound(params: Params, name: str, wave: np.ndarray, device: torch.device) -> tuple[torch.Tensor, float]:
    """The same by the project's own way."""
    model, start = _model(params, name), time.perf_counter()
    model = model.to(device)
    sound = separate(model, wave, params).wave()
    return torch.from_numpy(sound), time.perf_counter() - start


SECTION = Section(
    name="separation",
    title="Separation on the GPU",
    about="Whether a song that is separated on the GPU is the processor's within rounding, and how much sooner.",
    seconds=25,
    measure=measure,
)
