"""SiSEC 2018 as published: medians as museval's own stores tell them, and as later papers print them."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from reprosep.base.project import repository
from reprosep.corpora.registry import file_list
from reprosep.corpora.score_files import check_file
from reprosep.scores.museval_files import read_song

PUBLISHED = repository().parent / "shared" / "data" / "sisec2018"
pytestmark = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs the published scores of ten methods")
PRINTED = {"vocals": 6.60, "drums": 6.43, "bass": 5.16, "other": 4.15}  # of TAK1, in later papers


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sisec2018")
    for name in ("TAK1", "2DFT"):
        with tarfile.open(PUBLISHED / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


def scores(folder: Path, method: str) -> pd.DataFrame:
    files = sorted((folder / method / "test").glob("*.json"))
    return pd.concat([read_song(path).assign(song=path.stem) for path in files], ignore_index=True)


def test_every_file_is_the_listed_one(submissions: Path) -> None:
    for method in ("TAK1", "2DFT"):
        for file in file_list("sisec2018-files.csv")[method]:
            check_file(submissions, file)


def test_medians_are_the_printed_ones(submissions: Path) -> None:
    medians = scores(submissions, "TAK1").groupby(["target", "song"])["SDR"].median().groupby("target").median()
    assert {target: round(medians[target], 2) for target in PRINTED} == PRINTED


@pytest.mark.parametrize("method", ["TAK1", "2DFT"])
def test_medians_are_those_of_museval(submissions: Path, method: str) -> None:
    museval = pytest.importorskip("museval")
    store = museval.MethodStore()
    frames = []
    for path in sorted((submissions / method / "test").glob("*.json")):
        content = json.loads(path.read_text())
        for target in content["targets"]:
            for frame in target["frames"]:
                frames += [
                    {"method": method, "track": path.stem, "target": target["name"], "time": frame["time"]}
                    | {"metric": metric, "score": score}
                    for metric, score in frame["metrics"].items()
                ]
    store.df = pd.DataFrame(frames)
    theirs = store.agg_frames_tracks_scores().xs(method, level="method")
    ours = scores(submissions, method).groupby(["target", "song"])[["SDR", "ISR", "SIR", "SAR"]].median()
    ours = ours.groupby("target").median().stack()
    pd.testing.assert_series_equal(ours.sort_index(), theirs.sort_index(), check_names=False, rtol=1e-12)
