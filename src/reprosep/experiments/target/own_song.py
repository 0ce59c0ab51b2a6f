"""A trained network of one target on a user's song."""

from __future__ import annotations

import numpy as np
import torch

from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.base.errors import UserError
from reprosep.base.progress import track
from reprosep.experiments.filters import filtered_targets, has_residual, is_separated
from reprosep.experiments.separating import Advance, Separator
from reprosep.experiments.song import Song, seconds_of_frames
from reprosep.experiments.target.ensemble import Ensemble
from reprosep.experiments.target.estimate import separate
from reprosep.experiments.trained import TrainedRun, find_trained
from reprosep.models.whole_song import chunks_at_once, estimate_song
from reprosep.papers.system import TargetSystem, Variant
from reprosep.separation.gate import gate_for


def separator(run: TrainedRun, device: torch.device) -> Separator:
    """Estimates ``(1, channel, sample)`` of a wave ``(channel, sample)`` by test-time variant."""
    model = run.model(device)

    def estimates(wave: np.ndarray, variant: Variant, advance: Advance) -> np.ndarray:
        estimate = separate(model, wave, run.params, advance)
        nothing = np.zeros(estimate.spectrum.frames, bool)
        return estimate.wave(gate_for(variant, estimate.probability, nothing, run.params.separation))[None]

    return estimates


def filtered(run: TrainedRun, device: torch.device) -> Separator:
    """The same behind the Wiener filter of all targets of the run's corpus; `variant` is the gate before it.

    Raises
    ------
    UserError
        When the targets do not add up to the corpus's mixtures, or the run of one of them is not beside this one.
    """
    runs = _filtered_runs(run)
    residual = has_residual(run.params, str(run.record["corpus"]), list(runs))
    ensemble = Ensemble(run.params, lambda target: runs[target].model(device), list(runs), residual)
    (target,) = run.targets
    return lambda wave, variant, _advance: ensemble.filtered(target, wave, variant)[None]


def _filtered_runs(run: TrainedRun) -> dict[str, TrainedRun]:
    """Target -> its run, of all that one filter takes."""
    corpus, system = str(run.record["corpus"]), run.system
    assert isinstance(system, TargetSystem)
    if not is_separated(run.params.corpora[corpus]):
        raise UserError(
            f"--wiener: the targets of '{corpus}', on which '{run.id}' is trained, do not add up to its mixtures "
            "(mixing: tracks), and the filter needs an estimate of every source; name a run of a corpus with mixing: "
            "sources, or leave --wiener out"
        )
    targets = filtered_targets(run.params, corpus, system)
    names = {
        target: run.id.replace(f"{corpus}_{run.record['target']}_", f"{corpus}_{target}_", 1) for target in targets
    }
    missing = [name for name in names.values() if name != run.id and not (run.folder.parent / name).is_dir()]
    if missing:
        raise UserError(
            f"--wiener: not trained in {run.folder.parent} is {', '.join(missing)}, but the filter needs an estimate "
            f"of every source ({', '.join(targets)}); train what is missing, or leave --wiener out"
        )
    return {
        target: run if name == run.id else find_trained(str(run.folder.parent / name), run.folder.parent.parent)
        for target, name in names.items()
    }


def probabilities(run: TrainedRun, song: Song, device: torch.device) -> np.ndarray:
    """By the activity head alone, part by part, ``(second, 1)``."""
    params, model = run.params, run.model(device)
    spectrum = ChunkedSpectrum(song.wave(params.audio.sample_rate, run.channels), params.stft.n_fft, params.stft.hop)
    chunk, together = params.separation.chunk_frames, chunks_at_once(model, params.separation)
    parts = estimate_song(model, lambda first, end: spectrum.chunk(first, end).abs(), spectrum.frames, chunk, together)
    tracked = track(parts, run.title, -(-spectrum.frames // chunk))
    logits = torch.cat([logit.cpu() for _, _, logit, *_ in tracked if logit is not None])
    return seconds_of_frames(torch.sigmoid(logits.double()).numpy()[None], run.params, song.seconds)
