"""Claims of the Slakh and the activity paper from synthetic scores: each is checked, and by what it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reprosep.audio.store import write_table
from reprosep.base.project import read_yaml, repository
from reprosep.claims.table import COLUMNS, write_claims
from reprosep.claims.verdicts import VERDICTS
from reprosep.experiments.runs import detector_runs, needed_runs, scored_on
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

SONGS = 14
LEVEL = {"input": -6.0, "musdb": 0.0, "musdb-slakh": 2.0, "musdb-flakh": 1.0, "musdb-incoherent": 1.9}
LEVEL |= {"slakh-small": -1.0, "slakh-large": -1.2, "ibm": 6.0, "irm": 5.0, "wiener": 7.0, "tpsf": 8.0}


def settings(*papers: str) -> Params:
    content = read_yaml(repository() / "params.yaml")
    return parse(merge(content, {"papers": list(papers), "statistics": {"bootstrap": 300}}))


def write_track_scores(root: Path, demo: Params, run: Run, corpora: list[str]) -> None:
    """SI-SDR of every song: the same songs are equally hard for every system; on Slakh its own networks are best."""
    parts = []
    for corpus in corpora:
        hard = np.random.default_rng(len(corpus)).normal(0, 1, SONGS)
        noise = np.random.default_rng([*run.id.encode()]).normal(0, 0.1, SONGS)
        at_home = 9.0 if corpus == "slakh" and "slakh" in run.system else 0.0
        target = {"bass": 0.0, "drums": 2.0}.get(run.target, -3.0)
        table = pd.DataFrame({"SI-SDR": LEVEL[run.system] + hard + noise + at_home + target, "corpus": corpus})
        parts.append(table.assign(song=[f"Song {number:02d}" for number in range(SONGS)]))
    named = {"run": run.id, "target": run.target, "system": run.system, "variant": "none", "frame": 0}
    table = pd.concat(parts, ignore_index=True).assign(**named, dropped="", ill_posed=False)
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    table = table.assign(**dict.fromkeys(("SDR", "SIR", "SAR", "ISR"), np.nan))
    (root / "scores").mkdir(exist_ok=True)
    write_table(root / "scores" / f"{run.id}.parquet", table)


def write_spectra(root: Path, corpus: str, rate: int) -> None:
    hertz = np.linspace(0, rate / 2, 2049)
    random = np.random.default_rng(len(corpus))
    slope = -hertz / 500 + random.normal(0, 1, (SONGS, 1))
    shape = 8.0 * ((hertz > 80) & (hertz < 200)) if corpus == "musdb-16k" else 9.0 * (np.arange(2049) % 9 == 0)
    content = {"song": [f"{corpus} {n}" for n in range(SONGS)], "sample_rate": rate, "levels": list(slope + shape)}
    (root / corpus).mkdir(exist_ok=True)
    write_table(root / corpus / "spectra.parquet", pd.DataFrame(content))


def verdicts(path: Path) -> pd.Series:
    table = pd.read_csv(path / "claims.csv", keep_default_na=False, na_values=[""])
    assert list(table.columns) == COLUMNS and table["verdict"].isin(VERDICTS).all()
    return table.set_index(["claim", "target"])["verdict"]


@pytest.mark.parametrize("rate", [16000, 44100])
def test_slakh(tmp_path: Path, rate: int) -> None:
    demo, paper = settings("slakh"), load_paper("slakh")
    for run in needed_runs(demo, paper):
        write_track_scores(tmp_path, demo, run, scored_on(demo, run, paper.systems[run.system]))
    for corpus in ("musdb-16k", "slakh", "flakh"):
        write_spectra(tmp_path, corpus, rate)
    write_claims(demo, paper, tmp_path, tmp_path)
    found = verdicts(tmp_path)
    asked = {claim.id for claim in paper.statements} - ({"steeper-above-10-kilohertz"} if rate == 16000 else set())
    assert {claim for claim, _ in found.index} == asked
    holding = ("augmenting-helps-on-musdb", "slakh-above-flakh", "incoherent-nearly-as-good", "slakh-alone-on-musdb")
    holding += ("without-slakh-poor-on-its-bass", "guitar-and-piano-are-hard", "bass-bump-missing", "larger-mid-peaks")
    holding += ("slakh-helps-by-a-decibel", "truncated-filter-best-on-slakh")
    assert {name: found[name, "all"] for name in holding} == dict.fromkeys(holding, "holds")
    assert found["slakh-models-better-on-slakh", "all"] == "holds"


def test_activity(tmp_path: Path) -> None:
    demo, paper = settings("activity"), load_paper("activity")
    instruments = demo.detection.instruments
    random = np.random.default_rng(0)
    shares = np.linspace(0.5, 0.1, len(instruments))
    plays = random.random((12, 20, len(instruments))) < shares
    for run in detector_runs(demo, paper):
        quality = 0.05 if run.system == "fc" else 0.5 if run.system.startswith("crnn") else 0.45
        noise = random.random(plays.shape)
        grid = pd.MultiIndex.from_product([[f"song {n:02d}" for n in range(12)], range(20), instruments])
        found = {"probability": (quality * plays + (1 - quality) * noise).ravel(), "label": plays.ravel()}
        table = pd.DataFrame(found, grid).rename_axis(["song", "frame", "target"]).reset_index()
        named = {"run": run.id, "corpus": run.corpus, "system": run.system, "seed": run.seed}
        (tmp_path / "scores").mkdir(exist_ok=True)
        table = table.assign(time=table["frame"].astype(float), **named)
        write_table(tmp_path / "scores" / f"{run.id}.parquet", table)
    write_claims(demo, paper, tmp_path, tmp_path)
    found = verdicts(tmp_path)
    assert {claim for claim, _ in found.index} == {claim.id for claim in paper.statements}
    assert found["recurrent-and-convolutional-above-fully-connected", "all"] == "holds"
    assert found["rare-instruments-too", "all"] == "holds"
    assert found["confusions-make-sense", "all"] != "holds"  # nothing is confused more than by chance here
