"""Excerpts to listen to, and the spectrograms that a paper shows, from trained runs and test mixtures.

``index.json`` has a list of songs. Recordings (mixture, reference, estimates) have a file and an outline: the peak in
percent of full scale per stretch of equal length. Of a target it has the seconds in which it plays, of an estimate the
activity probability in percent per frame and the seconds in which its gate is open; null without an activity head.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reprosep.audio.arrays import save_arrays
from reprosep.audio.io import resample
from reprosep.audio.outline import outline, percent, stretches
from reprosep.audio.spectrum import ChunkedSpectrum
from reprosep.audio.store import read_table
from reprosep.audio.writing import write_sound
from reprosep.base.files import sha256, slug, whole_folder, write_json
from reprosep.experiments.runs import needed_runs
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.target.estimate import Estimate, separate
from reprosep.experiments.target.scores import TargetScorer
from reprosep.mixtures.mixing import Mixer, Recipe, recipes_of
from reprosep.papers.content import Figure, Paper
from reprosep.papers.run import Run
from reprosep.papers.system import Variant
from reprosep.params.scale import Params
from reprosep.scores.scorer import Heard, Scorer
from reprosep.separation.gate import gate_for

_PEAK = 0.9  # of full scale, in the loudest recording of an excerpt
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz
_FIGURE_FRAMES = 2000  # frames of a spectrogram, as in Figure 3 of the IASS paper


def write_listening(params: Params, paper: Paper, results: Path, output: Path) -> None:
    """Write excerpts (mp3), ``index.json`` and one ``<figure>.npz`` per spectrogram figure."""
    with whole_folder(output) as folder:
        songs = [
            entry for corpus in _corpora(params, paper) for entry in _songs(params, paper, results, folder, corpus)
        ]
        for name, figure in paper.figures.items():
            if figure.kind == "spectrograms" and _figure_run(params, paper, figure):
                _write_spectrograms(params, paper, results, folder / f"{name}.npz", figure)
        # The index tells the files' content too: it is what figures and report are made again for.
        contents = {path.name: sha256(path) for path in sorted(folder.iterdir())}
        write_json(folder / "index.json", {"songs": songs, "files": contents})


def _corpora(params: Params, paper: Paper) -> list[str]:
    """The corpora of the paper, the one with most targets first; only the first is listened to."""
    names = {run.corpus for run in needed_runs(params, paper)}
    return sorted(sorted(names), key=lambda name: -len(params.corpora[name].targets))[:1]


def _songs(params: Params, paper: Paper, results: Path, folder: Path, corpus: str) -> list[dict[str, Any]]:
    heard = {target for run in _trained(params, paper, corpus) for target in run.targets}
    targets = [target for target in params.corpora[corpus].targets if target in heard]
    if not targets:
        return []
    files = [results / corpus / "mixtures" / f"{target}.parquet" for target in targets]
    table = pd.concat([read_table(file) for file in files], ignore_index=True)
    test = table[table["split"] == "test"]
    count = test.groupby("mixture")["target"].nunique()
    chosen = sorted(count.index, key=lambda song: (-count[song], song))[: params.report.songs]
    return [_song(params, paper, results, folder, corpus, test, str(song)) for song in chosen]


def _song(
    params: Params, paper: Paper, results: Path, folder: Path, corpus: str, test: pd.DataFrame, song: str
) -> dict[str, Any]:
    """Write the players of one song; returns its entry of the index."""
    targets = [
        name for name in params.corpora[corpus].targets if name in set(test.loc[test["mixture"] == song, "target"])
    ]
    recipes = {name: next(r for r in recipes_of(test, name, "test") if r.name == song) for name in targets}
    scorers = {run.id: _scorer(params, paper, run, results) for run in _trained(params, paper, corpus)}
    mixer = next(iter(scorers.values())).mixer
    params = mixer.params
    part = _busiest(params, mixer, recipes)
    mixture = mixer.render(recipes[targets[0]])[1][:, part]
    excerpts = {"mixture": mixture}
    entries: list[dict[str, Any]] = []
    for name in targets:
        active = _during(params, part, mixer.labels(recipes[name]))
        excerpts[f"{name}_reference"] = mixer.render(recipes[name])[0][:, part]
        estimates = []
        for system, heard in _heard(scorers, name, recipes[name]):
            excerpts[f"{name}_{system}"] = heard.wave[:, part].copy()
            estimates.append({"system": system, "label": paper.systems[system].label, **_gate_of(params, part, heard)})
        active_seconds = stretches(active, _frame_seconds(params))
        entries.append({"target": name, "active": active_seconds, "estimates": estimates})
    written = _write_excerpts(params, folder, song, excerpts)
    for entry in entries:
        entry["reference"] = written[f"{entry['target']}_reference"]
        for estimate in entry["estimates"]:
            estimate |= written[f"{entry['target']}_{estimate['system']}"]
    seconds = mixture.shape[1] / params.audio.sample_rate
    return {
        "corpus": corpus,
        "song": song,
        "seconds": round(seconds, 3),
        "threshold": params.separation.threshold,
        "mixture": written["mixture"],
        "targets": entries,
    }


def _write_excerpts(
    params: Params, folder: Path, song: str, excerpts: dict[str, np.ndarray]
) -> dict[str, dict[str, Any]]:
    """Write ``(channel, sample)`` of every recording with one gain, so that none clips; file and outline of each."""
    gain = _PEAK / max(*(float(np.abs(excerpt).max()) for excerpt in excerpts.values()), 1e-9)
    rate = params.audio.sample_rate
    playable = next((known for known in _MP3_RATES if known >= rate), _MP3_RATES[-1])
    written = {}
    for name, excerpt in excerpts.items():
        file = f"{slug(song)}_{name}.mp3"
        write_sound(folder / file, resample(excerpt.T * np.float32(gain), rate, playable), playable)
        written[name] = {"file": file, "outline": outline(excerpt * gain)}
    return written


def _frame_seconds(params: Params) -> float:
    return params.stft.hop / params.audio.sample_rate


def _during(params: Params, part: slice, frames: np.ndarray) -> np.ndarray:
    """The frames of an excerpt, of values ``(frame,)`` of the whole song."""
    return frames[part.start // params.stft.hop : part.stop // params.stft.hop]


def _gate_of(params: Params, part: slice, heard: Heard) -> dict[str, Any]:
    """An excerpt's probability (percent per frame) and gate (seconds in which it is open), None where there is none."""
    probability, gate = heard.probability, heard.gate
    return {
        "probability": None if probability is None else percent(_during(params, part, probability)),
        "gate": None if gate is None else stretches(_during(params, part, gate), _frame_seconds(params)),
    }


def _trained(params: Params, paper: Paper, corpus: str) -> list[Run]:
    """The runs to listen to: those of the systems that the paper file names, first seed."""
    wanted, first = paper.listen, params.seeds[0]
    return [
        run for run in needed_runs(params, paper) if run.corpus == corpus and run.system in wanted and run.seed == first
    ]


def _scorer(params: Params, paper: Paper, run: Run, results: Path) -> Scorer:
    return scorer_for(params, run, paper.systems[run.system], results)


def _heard(scorers: dict[str, Scorer], target: str, recipe: Recipe) -> list[tuple[str, Heard]]:
    """(system, estimate) of every run that estimates the target."""
    holders = [scorer for scorer in scorers.values() if target in scorer.run.targets]
    return [(scorer.run.system, scorer.estimate_to_hear(recipe, target)) for scorer in holders]


def _busiest(params: Params, mixer: Mixer, recipes: dict[str, Recipe]) -> slice:
    """The samples of the stretch in which most targets are active."""
    hop, rate = params.stft.hop, params.audio.sample_rate
    active = np.sum([mixer.labels(recipe) for recipe in recipes.values()], axis=0)
    frames = max(min(round(params.report.seconds * rate / hop), len(active)), 1)
    first = int(np.argmax(np.convolve(active, np.ones(frames), mode="valid")))
    return slice(first * hop, (first + frames) * hop)


def _figure_run(params: Params, paper: Paper, figure: Figure) -> Run | None:
    """The run that a spectrogram figure shows; another target of the corpus where the paper's is absent."""
    bind = figure.bind
    usable = [r for r in needed_runs(params, paper) if r.corpus == bind.corpus and r.system == bind.system]
    usable.sort(key=lambda run: (run.target != bind.target, run.seed))
    return usable[0] if usable else None


def _write_spectrograms(params: Params, paper: Paper, results: Path, path: Path, figure: Figure) -> None:
    run = _figure_run(params, paper, figure)
    assert run is not None
    scorer = _scorer(params, paper, run, results)
    assert isinstance(scorer, TargetScorer)  # spectrogram figures are of systems with one target
    # As in the paper, a song in which the target pauses: the one whose active share is nearest to a half.
    recipe = min(scorer.recipes(), key=lambda r: (abs(scorer.mixer.labels(r).mean() - 0.5), r.name))
    target, mixture = scorer.mixer.render(recipe)
    estimate = separate(scorer.model, mixture, params)
    arrays = _panels(params, scorer, recipe, target, estimate)
    arrays |= {
        "hop_seconds": np.array(params.stft.hop / params.audio.sample_rate),
        "bin_hz": np.array(params.audio.sample_rate / params.stft.n_fft),
        "song": np.array(recipe.name),
        "corpus": np.array(run.corpus),
        "target": np.array(run.target),
    }
    save_arrays(path, arrays)


def _panels(
    params: Params, scorer: TargetScorer, recipe: Recipe, target: np.ndarray, estimate: Estimate
) -> dict[str, np.ndarray]:
    """Magnitudes (bin, frame) of reference and gated estimates, mean over channels, and the gates."""
    labels = scorer.mixer.labels(recipe)
    spectrum = ChunkedSpectrum(target, params.stft.n_fft, params.stft.hop)
    frames = min(spectrum.frames, _FIGURE_FRAMES)
    plain = estimate.magnitudes.mean(axis=0)[:, :frames]
    arrays = {"reference": spectrum.chunk(0, frames).abs().mean(dim=0).numpy(), "none": plain}
    variants: tuple[Variant, ...] = ("raw", "median", "oracle")
    for variant in variants:
        gate = gate_for(variant, estimate.probability, labels, params.separation)
        assert gate is not None
        arrays[f"gate_{variant}"] = gate[:frames]
        arrays[variant] = plain * gate[:frames]
    return arrays
