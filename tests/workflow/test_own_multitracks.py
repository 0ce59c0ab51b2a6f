"""A user's own folder of songs through the whole line: mixed rates, channels, lengths and formats, spaces in names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from project import copy_project, snakemake

from synthetic import make_folder, own_corpus

SPLIT = {"test": ["My song 0", "My song 1"], "valid": ["My song 2"]}
FILES = {"vocals": ["*vox*"], "drums": ["*drum*"]}


def settings(root: str, files: dict[str, list[str]], split: dict[str, Any]) -> dict[str, Any]:
    """The smoke scale with one's own songs in both roles, as small as can be."""
    shares = {"valid_fraction": 0.0, "test_fraction": 0.0}
    corpus = own_corpus(root, targets=["vocals"], files=files, split=split, **shares)
    return {
        "scale": "own",
        "corpora": {"musdb": {**corpus, "channels": 2, "mixing": "sources"}, "mm": corpus},
        "training": {"epochs": 1, "items_per_epoch": 8, "statistics_items": 2},
        "audio": {"clip_tolerance": 0.05},
    }


def run(folder: Path, content: dict[str, Any], *targets: str) -> Path:
    (folder / "own.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    answer = snakemake(folder, "--configfile", "workflow/scales/smoke.yaml", "own.yaml", "--", *targets)
    assert answer.returncode == 0, answer.stdout
    return folder / "results" / "own"


def assert_complete(results: Path, targets: set[str]) -> None:
    assert (results / "report.html").stat().st_size > 50_000
    table = pd.read_csv(results / "papers" / "iass" / "table-3.csv")
    assert {name.split()[0].lower() for name in table["row"]} == targets
    assert table[table["column"].isin(["IBM", "input-SDR"])]["reproduced"].notna().all()


WANTED = ["mm_vocals_iass_s42", "mm_vocals_ibm"]


def run_to_scores(folder: Path, content: dict[str, Any]) -> pd.DataFrame:
    """The scores of one training and of one oracle."""
    results = run(folder, content, *(f"results/own/scores/{name}.parquet" for name in WANTED))
    scores = pd.concat([pd.read_parquet(results / "scores" / f"{name}.parquet") for name in WANTED])
    assert set(scores["run"]) == set(WANTED)
    for _, table in scores[scores["variant"] == "none"].groupby("run"):
        assert table["SDR"].notna().any()
    return scores


def test_synthetic_songs(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    make_folder(tmp_path / "my songs")
    scores = run_to_scores(folder, settings(str(tmp_path / "my songs"), FILES, SPLIT))
    assert set(scores["song"]) == set(SPLIT["test"])


@pytest.mark.slow
def test_synthetic_songs_up_to_the_report(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    make_folder(tmp_path / "my songs")
    content = settings(str(tmp_path / "my songs"), FILES, SPLIT)
    assert_complete(run(folder, content), {"vocals"})


@pytest.mark.slow
def test_real_songs(tmp_path: Path, shared_data: Path) -> None:
    songs = shared_data / "multitrack"
    if not songs.is_dir():
        pytest.skip("needs five real songs in ../shared/data/multitrack")
    folder = copy_project(tmp_path / "project")
    split = {"test": ["1.Hydrogen"], "valid": ["2.Lithium"], "ignore": ["6.Caesium-full"]}
    content = settings(str(songs.resolve()), {"vocals": ["vocals*"], "drums": ["drums*"]}, split)
    assert set(run_to_scores(folder, content)["song"]) == {"1.Hydrogen"}
