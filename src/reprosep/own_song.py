"""A trained run on any user's song: every format, length and rate; stereo is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from reprosep.audio.io import read_sound, resample, to_channels, write_sound
from reprosep.errors import UserError, near_match
from reprosep.files import read_json
from reprosep.papers import System
from reprosep.params import Params, parse
from reprosep.progress import ProgressReport
from reprosep.separation.estimate import separate
from reprosep.separation.gate import gate_for
from reprosep.training.checkpoint import load_best

GATES = ("median", "raw", "none")


def separate_song(song: Path, run: str, output: Path | None, results: Path, gate: str) -> Path:
    """Write the target of `run` in `song`; returns the written path.

    The estimate has the song's rate, channels and length. A mono network is applied to each channel.

    Raises
    ------
    UserError
        On an unknown run or gate, or a file that cannot be read.
    """
    if gate not in GATES:
        raise UserError(f"--gate: unknown gate '{gate}'{near_match(gate, GATES)}; allowed: {', '.join(GATES)}")
    folder = _run_folder(run, results)
    record = read_json(folder / "run.json")
    samples, rate = read_sound(song)
    output = output or song.with_name(f"{song.stem}_{record['target']}.wav")
    write_sound(output, _estimate(folder, record, samples, rate, gate), rate)
    return output


def _run_folder(run: str, results: Path) -> Path:
    for folder in (Path(run), results / "runs" / run):
        if (folder / "run.json").is_file():
            return folder
    known = sorted(path.parent.name for path in (results / "runs").glob("*/run.json"))
    listed = f"; trained are {', '.join(known)}" if known else "; none is trained there yet, run `make demo` first"
    raise UserError(f"--run: no trained run '{run}' in {results / 'runs'}{near_match(run, known)}{listed}")


def _estimate(folder: Path, record: dict[str, Any], samples: np.ndarray, rate: int, gate: str) -> np.ndarray:
    """``(sample, channel)`` of the target, as long and as many channels as the song."""
    params, system = parse(record["params"]), System.model_validate_json(json.dumps(record["settings"]))
    channels = params.corpora[record["corpus"]].channels
    model = load_best(folder, params, system, channels)
    wave = resample(samples, rate, params.audio.sample_rate)
    parts = [to_channels(wave, 2)] if channels == 2 else [wave[:, [c]] for c in range(wave.shape[1])]
    variant = gate if gate in system.variants() else "none"
    found = []
    with ProgressReport(f"separating {record['target']}", len(parts)) as progress:
        for part in parts:
            found.append(_part(model, np.ascontiguousarray(part.T, dtype=np.float32), params, variant).T)
            progress.advance()
    estimate = to_channels(
        np.concatenate(found, axis=1), min(samples.shape[1], 2) if channels == 2 else samples.shape[1]
    )
    estimate = resample(estimate, params.audio.sample_rate, rate)[: len(samples)]
    return np.pad(estimate, ((0, len(samples) - len(estimate)), (0, 0)))


def _part(model: Any, wave: np.ndarray, params: Params, variant: Any) -> np.ndarray:
    estimate = separate(model, wave, params)
    nothing = np.zeros(estimate.spectrum.frames, bool)
    return estimate.wave(gate_for(variant, estimate.probability, nothing, params.separation))
