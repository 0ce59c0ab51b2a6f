"""Synthetic outputs of every step before tables, figures and claims."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from reading import files_read, planned
from reprosep.audio.arrays import save_arrays
from reprosep.audio.store import write_table
from reprosep.base.project import read_yaml, repository
from reprosep.claims.reads import reads_of_claims
from reprosep.claims.table import write_claims
from reprosep.experiments.runs import needed_runs, scored_variants
from reprosep.papers.content import Paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.page import write_report
from reprosep.results.calibration import conclude, measure
from reprosep.results.figures import write_figures
from reprosep.results.reads import reads_of_figures, reads_of_tables
from reprosep.results.spot_check import COLUMNS as SPOT_CHECK
from reprosep.results.tables import write_tables

# dB by which a system or a gate is better than Open-Unmix in the synthetic scores.
LEVEL = {"open-unmix": 0.0, "iass": 1.0, "iass-4-blocks": 1.05, "iass-no-labels": 0.7, "ibm": 5.0, "input": -8.0}
LEVEL |= {"irm": 5.5, "wiener": 6.0, "iass-gates": 1.0, "iass-joint": 0.8}
# By the shares of recordings and of synthesised songs.
LEVEL |= {"iass-mm25": 0.0, "iass-mm100": 1.0, "iass-slakh25": -1.0, "iass-slakh100": 0.2, "iass-mm25-slakh25": 0.4}
LEVEL |= {"iass-mm25-slakh100": 0.9, "iass-mm100-slakh25": 1.1, "iass-mm100-slakh100": 0.8}
# By what a network tells beside its estimate.
LEVEL |= {"iass-activity-head": 0.7, "iass-pitch-head": 0.8, "iass-both-heads": 1.0}
GATE = {"none": 0.0, "raw": 0.3, "median": 0.6, "oracle": 1.2, "wiener": 0.8}
GATE |= {"tuned": 0.7, "soft": 0.8, "hysteresis": 0.5}
HARDWARE = {"machine": "node", "processor": "cpu", "cores": 2, "device": "cpu", "memory_gb": 8.0}


def make_params(**change: object) -> Params:
    """The default parameters with few bootstrap resamples."""
    content = read_yaml(repository() / "params.yaml")
    return parse(merge(content, {"statistics": {"bootstrap": 400}, **change}))


def make_results(
    root: Path, settings: Params, paper: Paper, songs: int = 8, frames: int = 8, name: str = "iass"
) -> Path:
    """Synthetic outputs of every step before those of the paper of that name; returns the folder of the scale."""
    results = root / settings.scale
    for corpus in settings.corpora:
        _write_activity_index(results / corpus / "activity" / "index.parquet", settings.corpora[corpus].targets)
    for run in needed_runs(settings, paper):
        _write_run(settings, results, run, paper, songs, frames)
    _write_listening(results / "papers" / name / "listen", settings)
    return results


def _write_run(settings: Params, results: Path, run: Run, paper: Paper, songs: int, frames: int) -> None:
    system = paper.systems[run.system]
    variants = scored_variants(settings, run, system)
    single = [replace(run, target=target) for target in run.targets] if system.kind == "joint" else [run]
    tables = [_variant_scores(one, variant, songs, frames, system.has_head) for one in single for variant in variants]
    if system.kind == "target" and system.has_pitch:
        tables = [table.assign(**_pitch_scores(table["uSDR"])) for table in tables]
    if system.kind == "gated":
        tables = [table.assign(**_thresholds(variant)) for table, variant in zip(tables, variants, strict=True)]
    tables = [table.assign(run=run.id) for table in tables]
    _parquet(pd.concat(tables, ignore_index=True), results / "scores" / f"{run.id}.parquet")
    if system.has_head:
        activity = pd.concat([_activity(one, songs, frames) for one in single], ignore_index=True)
        _parquet(activity.assign(run=run.id), results / "scores" / f"{run.id}.activity.parquet")
    if system.trained:
        _write_training(results / "runs" / run.id, run)
    benchmark = results / "benchmarks" / "score" / f"{run.id}.tsv"
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text("s\th:m:s\tmax_rss\tmean_load\tcpu_time\n12.5\t0:00:12\t310.5\t98.0\t12.0\n")


def _variant_scores(run: Run, variant: str, songs: int, frames: int, gated: bool) -> pd.DataFrame:
    # The same songs are equally hard for every system, so that paired differences are clear.
    random = np.random.default_rng(len(run.target))
    hardness = random.normal(3, 2, size=(songs, 1, 1)) + np.array([0, 4, 1, 6])
    base = hardness + random.normal(0, 0.5, size=(songs, frames, 4))
    noise = np.random.default_rng([*run.id.encode(), *variant.encode()]).normal(0, 0.2, size=base.shape)
    scores = base + noise + LEVEL[run.system] + GATE[variant]
    dropped = np.full((songs, frames), "", dtype=object)
    dropped[:, 0] = "silent reference"
    if variant != "none" and gated:
        dropped[:, 1 :: 5 - len(variant) % 3] = "silent estimate"
    scores[dropped != ""] = np.nan
    grid = pd.MultiIndex.from_product([[f"Song {i}" for i in range(songs)], range(frames)], names=["song", "frame"])
    table = pd.DataFrame(scores.reshape(-1, 4), index=grid, columns=["SDR", "SIR", "SAR", "ISR"]).reset_index()
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    named = {"run": run.id, "corpus": run.corpus, "target": run.target, "system": run.system, "variant": variant}
    song = hardness[:, 0, 0].repeat(frames)
    whole = {"uSDR": song + LEVEL[run.system], "Leakage": song - 20 - 5 * GATE[variant]}
    return table.assign(time=table["frame"].astype(float), dropped=dropped.ravel(), ill_posed=False, **named, **whole)


def _pitch_scores(songs: pd.Series) -> dict[str, pd.Series]:
    """Shares that are larger where songs are separated better."""
    shares = 1 / (1 + np.exp(-songs / 10))
    return {"pitch accuracy": shares * 0.6, "pitch precision": shares, "pitch recall": shares * 0.8}


def _thresholds(variant: str) -> dict[str, float]:
    switches = {"tuned": (0.4, 0.4), "hysteresis": (0.6, 0.3)}
    return dict(zip(("opens above", "closes below"), switches.get(variant, (np.nan, np.nan)), strict=True))


def _activity(run: Run, songs: int, seconds: int) -> pd.DataFrame:
    random = np.random.default_rng(len(run.id))
    count = seconds * 31
    label = random.random((songs, seconds)).repeat(31, axis=1).ravel() > 0.4
    probability = np.clip(label * 0.3 + random.normal(0.35, 0.2, size=len(label)), 0, 1)
    table = pd.DataFrame({"label": label, "probability": probability})
    table["song"] = np.repeat([f"Song {i}" for i in range(songs)], count)
    table["frame"] = np.tile(np.arange(count), songs)
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    named = {"run": run.id, "corpus": run.corpus, "target": run.target, "system": run.system}
    return table.assign(time=table["frame"] / 31, **named)


def _write_activity_index(path: Path, targets: list[str]) -> None:
    rows = [
        {"song": f"Song {i}", "stem": f"{target}-{i}", "split": split, "instrument": target, "target": target}
        for target in targets
        for i, split in enumerate(("train", "train", "test"))
    ]
    _parquet(pd.DataFrame(rows).assign(frames=100, active_frames=np.arange(len(rows)) % 5 * 15 + 20), path)


def _write_training(folder: Path, run: Run) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"run": run.id, "commit": "0123456789abcdef", "dirty": False, "seed": run.seed, "hardware": HARDWARE}
    content |= {"versions": {"python": "3.13.0", "torch": "2.9.0"}, "wall_seconds": 61.0, "device_seconds": 58.0}
    content |= {"epochs": 6, "best_epoch": 5, "best_valid_loss": 0.021, "parameters": 3205682, "items": 1200}
    (folder / "run.json").write_text(json.dumps(content | {"precision": "float32"}))
    loss = 0.1 * 0.8 ** np.arange(6) * LEVEL.get(run.system, 1) + 0.02
    table = {
        "epoch": np.arange(1, 7),
        "train_loss": loss,
        "train_mse": loss,
        "train_bce": loss,
        "valid_mse": loss * 1.2,
    }
    pd.DataFrame(table).assign(learning_rate=1e-3, seconds=9.0, items_per_second=22.0).to_csv(
        folder / "epochs.csv", index=False
    )


def _write_listening(folder: Path, settings: Params) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    gate = {f"gate_{name}": (np.arange(60) // 12 % 2).astype(float) for name in ("raw", "median", "oracle")}
    magnitudes = {name: random.random((65, 60)) ** 6 for name in ("reference", "none", "raw", "median")}
    names = {name: np.asarray(value) for name, value in NAMES.items()}
    save_arrays(folder / "figure-3.npz", {**magnitudes, **gate, **names})
    (folder / "tone.mp3").write_bytes(b"ID3" + bytes(400))
    sound = {"file": "tone.mp3", "outline": [20, 80, 40]}
    gated = {"system": "iass", "label": "IASS", **sound, "probability": [10, 90, 70], "gate": [[0.5, 1.5]]}
    plain = {"system": "open-unmix", "label": "Open-Unmix", **sound, "probability": None, "gate": None}
    of_target = {"reference": sound, "active": [[0.0, 1.0]], "estimates": [gated, plain]}
    songs = [
        {
            "corpus": name,
            "song": f"Song <{name}>",
            "seconds": 1.5,
            "threshold": 0.5,
            "mixture": sound,
            "targets": [{"target": target, **of_target} for target in corpus.targets],
        }
        for name, corpus in settings.corpora.items()
    ]
    (folder / "index.json").write_text(json.dumps({"songs": songs}))


NAMES = {
    "hop_seconds": np.float64(0.16),
    "bin_hz": np.float64(125.0),
    "song": np.str_("Song 1"),
    "corpus": np.str_("musdb"),
    "target": np.str_("vocals"),
}


def _write_spot_check(path: Path) -> None:
    checked = [("mm_vocals_iass_s42", "Song 1", "median", 8, 3e-8, 1e-9, True, False, "museval")]
    pd.DataFrame(checked, columns=SPOT_CHECK).to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table)


def write_all(settings: Params, paper: Paper, results: Path, name: str = "iass") -> Path:
    """Everything that the last steps write of the paper of that name; returns the paper's folder."""
    output = results / "papers" / name
    if paper.calibration:
        conclude(settings, paper, measure(settings, paper, results), output)
    write_tables(settings, paper, results, output)
    write_figures(settings, paper, results, output)
    write_claims(settings, paper, results, output)
    _write_spot_check(output / "spot-check.csv")
    write_report(settings, {name: paper}, results, results / "report.html")
    return output


def assert_reads_as_planned(settings: Params, paper: Paper, results: Path, folder: Path) -> None:
    """Tables, figures and claims of IASS read the files that the plan says, and no others."""
    with files_read(results) as read:
        write_tables(settings, paper, results, folder)
    assert read == set(reads_of_tables(settings, paper))
    with files_read(results) as read:
        write_figures(settings, paper, results, results / "papers/iass")
    assert planned(read) == set(reads_of_figures(settings, "iass", paper))
    with files_read(results) as read:
        write_claims(settings, paper, results, folder)
    assert read == set(reads_of_claims(settings, paper))
