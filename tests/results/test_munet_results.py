"""Tables, figure and claims of the M-U-Net paper from synthetic scores whose values are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reading import files_read, planned
from reprosep.audio.store import write_table
from reprosep.base.project import read_yaml, repository
from reprosep.claims.reads import reads_of_claims
from reprosep.claims.table import write_claims
from reprosep.experiments.runs import needed_runs, scored_variants
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.page import write_report
from reprosep.results.costs import system_cost
from reprosep.results.figures import write_figures
from reprosep.results.reads import reads_of_figures, reads_of_tables, trainings_of
from reprosep.results.spot_check import COLUMNS as SPOT_CHECK
from reprosep.results.tables import write_tables

CORPUS = "musdb-mono"
SONGS, CHUNKS = 9, 100
OFFSET = {"vocals": 1.0, "drums": 2.0, "bass": 3.0, "other": -2.0, "accompaniment": 9.0}
LEVEL = {"input": -6.0, "c-u-net": -1.0, "direct": -0.6, "dedicated": 0.05}


@pytest.fixture(scope="module")
def settings() -> Params:
    change = {"papers": ["munet"], "statistics": {"bootstrap": 300}}
    return parse(merge(read_yaml(repository() / "params.yaml"), change))


@pytest.fixture(scope="module")
def paper() -> Paper:
    return load_paper("munet")


def values(run: Run, target: str) -> np.ndarray:
    """SDR of every song: the same songs are equally hard for every system."""
    hardness = np.random.default_rng(len(target)).normal(0, 2, SONGS)
    noise = np.random.default_rng([*run.id.encode()]).normal(0, 0.02, SONGS)
    return OFFSET[target] + hardness + noise + LEVEL.get(run.system[:-2], 0.0)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, settings: Params, paper: Paper) -> Path:
    """Synthetic outputs of every earlier step, and what the step under test writes from them."""
    root = tmp_path_factory.mktemp("munet") / "demo"
    for run in needed_runs(settings, paper):
        write_run(root, settings, run, paper)
    write_energies(root / CORPUS / "energies.parquet")
    output = root / "papers/munet"
    (output / "listen").mkdir(parents=True)
    (output / "listen/index.json").write_text(json.dumps({"songs": []}))
    pd.DataFrame([], columns=SPOT_CHECK).to_csv(output / "spot-check.csv", index=False)
    write_tables(settings, paper, root, output)
    write_figures(settings, paper, root, output)
    write_claims(settings, paper, root, output)
    write_report(settings, {"munet": paper}, root, root / "report.html")
    return root


def write_run(root: Path, settings: Params, run: Run, paper: Paper) -> None:
    parts = []
    for target in run.targets:
        for variant in scored_variants(settings, run, paper.systems[run.system]):
            gain = {"none": 0.0, "raw": 0.1, "median": 0.4, "oracle": 0.8, "wiener": 0.2}[variant]
            table = pd.DataFrame({"SDR": values(run, target) + gain})
            table = table.assign(SIR=table["SDR"] + 5, SAR=table["SDR"] + 2, ISR=np.nan, target=target, variant=variant)
            table["song"] = [f"Song {number}" for number in range(SONGS)]
            parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    named = {"run": run.id, "corpus": run.corpus, "system": run.system, "frame": 0, "time": 0.0}
    table = table.assign(**named, dropped="", ill_posed=False)
    table["seed"] = pd.array([run.seed] * len(table), dtype="Int64")
    path = root / "scores" / f"{run.id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, table)
    if run.seed is not None:
        write_training(root / "runs" / run.id, run)


def write_training(folder: Path, run: Run) -> None:
    folder.mkdir(parents=True)
    conditioned = run.system.startswith("c-u-net")
    passes = len(run.sources) if conditioned else 1
    record = {"run": run.id, "commit": "0123456789abcdef", "dirty": False, "versions": {"torch": "2.9.0"}, "seed": 42}
    record |= {"hardware": {"device": "cpu"}, "wall_seconds": 61.0, "device_seconds": 50.0 * passes, "epochs": 5}
    record |= {
        "items": 5 * passes * CHUNKS,
        "chunks": CHUNKS,
        "parameters": 162_000_000 if conditioned else 124_448_772,
    }
    (folder / "run.json").write_text(json.dumps(record))
    loss = 2 * 0.9 ** np.arange(5)
    log = {"epoch": np.arange(1, 6), "train_loss": loss, "valid_loss": loss * 1.1, "valid_weighted": loss * 1.2}
    pd.DataFrame(log).to_csv(folder / "epochs.csv", index=False)


def write_energies(path: Path) -> None:
    rows = [
        (f"Song {song}", split, start, source, 100.0 + 10 * number + song + start)
        for song, split in enumerate(("train", "train", "train", "valid", "test"))
        for start in range(6)
        for number, source in enumerate(OFFSET)
    ]
    path.parent.mkdir(parents=True)
    write_table(path, pd.DataFrame(rows, columns=["song", "split", "start", "source", "energy"]))


def table(results: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(results / "papers/munet" / f"{name}.csv").set_index(["row", "column"])


def test_cells_are_mean_deviation_and_median_over_songs(results: Path, settings: Params, paper: Paper) -> None:
    found = table(results, "table-3")
    run = next(run for run in needed_runs(settings, paper) if run.system == "dwa-4")
    drums = values(run, "drums")
    for statistic, value in (("mean", drums.mean()), ("std", drums.std(ddof=1)), ("median", np.median(drums))):
        assert found.loc[("DWA SDR", f"Drums ({statistic})"), "reproduced"] == pytest.approx(value, abs=1e-4)
    pooled = np.concatenate([values(run, target) for target in run.targets])
    assert found.loc[("DWA SIR", "Overall (mean)"), "reproduced"] == pytest.approx(pooled.mean() + 5, abs=1e-4)
    assert found.loc[("DWA SDR", "Overall (std)"), "reproduced"] == pytest.approx(pooled.std(ddof=1), abs=1e-4)
    assert found.loc[("DWA SDR", "Overall (median)"), "songs"] == SONGS
    gate, plain = (
        found.loc[(f"EBW P1 + activity {name} SDR", "Bass (mean)"), "reproduced"] for name in ("gate", "heads")
    )
    assert gate - plain == pytest.approx(0.4, abs=1e-4)


def test_dedicated_networks_are_pooled_over_their_runs(results: Path, settings: Params, paper: Paper) -> None:
    own = [run for run in needed_runs(settings, paper) if run.system == "dedicated-2"]
    pooled = np.concatenate([values(run, run.target) for run in own])
    found = table(results, "table-2").loc[("Dedicated U-Nets SDR", "Overall (median)")]
    assert found["reproduced"] == pytest.approx(np.median(pooled), abs=1e-4) and found["published"] == 9.64
    assert found["ci_low"] < found["ci_high"]


def test_costs_are_counted(results: Path, settings: Params, paper: Paper) -> None:
    found = table(results, "table-1")["reproduced"]
    assert found["4 sources Dedicated U-Nets", "Parameters (millions)"] == pytest.approx(4 * 124.4488, abs=1e-3)
    assert found["4 sources C-U-Net", "Iterations (N)"] == 4 and found["2 sources C-U-Net", "Iterations (N)"] == 2
    assert found["2 sources Dedicated U-Nets", "Iterations (N)"] == 2
    assert found["4 sources M-U-Net", "Iterations (N)"] == 1
    assert found["4 sources M-U-Net", "Seconds per epoch"] == 10
    assert system_cost(trainings_of(settings, paper, "c-u-net-4"), "seconds", results) == 40
    assert not (results / "papers/munet/table-1-common-frames.csv").exists()


def test_what_is_planned_to_be_read_is_read(results: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    with files_read(results) as read:
        write_tables(settings, paper, results, tmp_path)
    assert read == set(reads_of_tables(settings, paper))
    with files_read(results) as read:
        write_figures(settings, paper, results, results / "papers/munet")
    assert planned(read) == set(reads_of_figures(settings, "munet", paper))
    with files_read(results) as read:
        write_claims(settings, paper, results, tmp_path)
    assert read == set(reads_of_claims(settings, paper))


def test_claims(results: Path) -> None:
    found = pd.read_csv(results / "papers/munet/claims.csv", keep_default_na=False, na_values=[""])
    total = found[found["target"] == "all"].set_index("claim")
    verdicts = total["verdict"]
    assert verdicts["energy-weights-comparable-4"] == "holds" and verdicts["better-than-input"] == "holds"
    assert verdicts["gate-raises-overall"] == "holds" and verdicts["fewer-parameters-than-c-u-net"] == "holds"
    cheaper = [name for name in verdicts.index if name.startswith("fewer")]
    assert len(cheaper) == 4 and all(verdicts[name] == "holds" for name in cheaper)
    assert found.set_index(["claim", "target"]).loc[("fewer-iterations-4", "EBW P1 over C-U-Net"), "effect"] == 4
    single = total.loc["direct-loss-raises-sir"]
    assert single["songs"] == SONGS and single["published_effect"] == pytest.approx(7.98 - 7.97)
    assert total["asked_by"].value_counts().to_dict() == {"the paper": 16, "us": 5}
    assert len(found[found["claim"] == "better-than-input"]) == 5
    assert set(total.loc[["weights-beat-unit-weights-2", "four-sources-are-harder"], "published_verdict"]) <= {
        "holds",
        "does not hold",
    }


def test_a_dearer_network_is_not_cheaper(results: Path, settings: Params, paper: Paper, tmp_path: Path) -> None:
    for run in trainings_of(settings, paper, "ebw-p1-4"):
        path = results / "runs" / run.id / "run.json"
        before = path.read_text()
        path.write_text(json.dumps(json.loads(before) | {"items": 5 * 2 * CHUNKS}))
        write_claims(settings, paper, results, tmp_path)
        path.write_text(before)
    found = pd.read_csv(tmp_path / "claims.csv").set_index(["claim", "target"])["verdict"]
    assert found["fewer-iterations-4", "all"] == found["fewer-iterations-4", "EBW P1 over C-U-Net"] == "does not hold"
    assert found["fewer-iterations-2", "all"] == "holds"


def test_figure_2_is_the_mean_energy_of_training_chunks(results: Path) -> None:
    found = pd.read_csv(results / "papers/munet/figure-2.csv").set_index(["column", "row"])
    assert set(found.index.get_level_values("column")) == {"2 sources", "4 sources"} and len(found) == 6
    assert found.loc[("2 sources", "accompaniment"), "published"] == 687.5261
    assert found.loc[("4 sources", "vocals"), "reproduced"] == found.loc[("2 sources", "vocals"), "reproduced"]
    difference = found.loc[("4 sources", "drums"), "reproduced"] - found.loc[("4 sources", "vocals"), "reproduced"]
    assert difference == pytest.approx(10 * 6 * 10880 / 32512, rel=1e-4)  # from chunks of 127 hops to six seconds
    assert (results / "papers/munet/figure-2.png").stat().st_size > 10_000


def test_the_report_shows_all_of_it(results: Path) -> None:
    page = (results / "report.html").read_text()
    assert "BSS Eval version 3 over whole songs" in page and "mir_eval" in page and "museval" not in page
    assert "9.02 ± 5.46" in page and "4.00 times" in page
    assert "on common frames" not in page.replace("Common frames", "")
