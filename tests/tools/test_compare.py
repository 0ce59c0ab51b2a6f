"""Results beside published ones: the verdict on every cell and on the whole, and what is said of what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reprosep.base.errors import UserError
from reprosep.tools.comparison.command import compare
from reprosep.tools.comparison.noise import Values, noise_of
from reprosep.tools.comparison.verdicts import claim_lines

TARGETS = [f"Target [{letter}]" for letter in "abcdefgh"]
TABLES = ["table-3", "table-1", "table-2", "table-4"]
NOISE = 0.2  # dB between seeds
PARAMETERS = {"training.epochs": 3, "stft.hop": 512}


def cells_of(seed: int | None, level: float = NOISE) -> pd.DataFrame:
    """Cells of a run: two networks and an oracle of eight targets in dB, in four tables, and an AUC per target."""
    random = np.random.default_rng(0 if seed is None else seed)
    columns = ("Open-Unmix", "IASS", "IBM")
    keys = [(table, row, column, "SDR") for table in TABLES for row in TARGETS for column in columns]
    keys += [("figure-4", row, "per frame", "AUC") for row in TARGETS]
    cells = pd.DataFrame(keys, columns=["table", "row", "column", "metric"])
    noise = random.normal(0, level, len(cells)) * np.where(cells["metric"] == "AUC", 0.05, 1)
    base = np.where(cells["metric"] == "AUC", 0.8, np.arange(len(cells)) / 10)
    return cells.assign(value=(base + np.where(cells["column"] == "IBM", 0, noise)).round(4), songs=12)


def write_results(root: Path, cells: pd.DataFrame, seeds: list[int], **record: Any) -> Path:
    """A folder like results/demo with these cells."""
    folder = root / "results" / "demo" / "papers" / "iass"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in cells.groupby("table"):
        table = table.rename(columns={"value": "reproduced"}).assign(
            published=1.0, ci_low=0.0, ci_high=1.0, corpus="mm"
        )
        table.drop(columns="table").to_csv(folder / f"{name}.csv", index=False)
    content = {"seeds": seeds, "beside": [], "parameters": PARAMETERS, **record}
    (folder / "parameters.json").write_text(json.dumps(content))
    return root / "results" / "demo"


def write_published(root: Path, seeds: list[int]) -> Path:
    """A folder like results-published/demo of these seeds."""
    folder = root / "published" / "iass"
    folder.mkdir(parents=True)
    named = {str(seed): cells_of(seed) for seed in seeds}
    if len(seeds) > 1:
        mean = np.mean([cells["value"] for cells in named.values()], axis=0).round(4)
        named["all"] = cells_of(None).assign(value=mean)
    parts = [cells[cells["column"] != "IBM"].assign(seed=seed) for seed, cells in named.items()]
    oracle = cells_of(None)
    table = pd.concat([*parts, oracle[oracle["column"] == "IBM"].assign(seed="")])
    table.to_csv(folder / "cells.csv", index=False)
    record = {"seeds": seeds, "beside": [], "parameters": PARAMETERS, "commits": ["abc"], "hardware": ["EPYC"]}
    (folder / "published.json").write_text(json.dumps(record))
    return root / "published"


Answer = tuple[int, list[str]]


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Exit status and lines of a comparison."""

    def compared(cells: pd.DataFrame, seeds: list[int], published: list[int], all: bool = False, **own: Any) -> Answer:
        results = write_results(tmp_path, cells, seeds, **own)
        status = compare(results, write_published(tmp_path, published), tmp_path / "cells.csv", show_all=all)
        return status, capsys.readouterr().out.splitlines()

    return compared


def doctored(cells: pd.DataFrame, row: str, column: str, by: float) -> pd.DataFrame:
    """`cells` with another value in one of them."""
    chosen = (cells["table"] == "table-3") & (cells["row"] == row) & (cells["column"] == column)
    return cells.assign(value=cells["value"].where(~chosen, cells["value"] + by))


def test_the_same_seed_is_equal(answer: Callable[..., Answer], tmp_path: Path) -> None:
    status, lines = answer(cells_of(43), [43], [42, 43, 44])
    assert status == 0 and lines[0] == "your results equal the published ones: 104 cells"
    assert "iass: your seeds 43, published 42, 43, 44 (commit abc, EPYC)" in lines and "104 equal" in lines
    written = pd.read_csv(tmp_path / "cells.csv")
    assert set(written["verdict"]) == {"equal"} and {"paper", "yours", "published", "low", "high"} < set(written)


def test_the_same_three_seeds_are_equal(answer: Callable[..., Answer]) -> None:
    mean = np.mean([cells_of(seed)["value"] for seed in (42, 43, 44)], axis=0).round(4)
    status, lines = answer(cells_of(None).assign(value=mean), [44, 42, 43], [42, 43, 44])
    assert status == 0 and lines[0].startswith("your results equal the published ones")


@pytest.mark.parametrize("seeds", [[50], [50, 51]])
def test_another_seed_is_within_noise(answer: Callable[..., Answer], seeds: list[int]) -> None:
    mean = np.mean([cells_of(seed)["value"] for seed in seeds], axis=0)
    status, lines = answer(cells_of(None).assign(value=mean), seeds, [42, 43, 44], all=True)
    assert status == 0
    assert lines[0].startswith("your results agree with the published ones within seed noise: of 104 cells ")
    assert sum("within seed noise" in line and "Target" in line for line in lines) >= 70


def test_a_doctored_cell_is_found_and_named(answer: Callable[..., Answer]) -> None:
    status, lines = answer(doctored(cells_of(50), "Target [c]", "IASS", 3.0), [50], [42, 43, 44])
    assert status == 1
    assert lines[0] == "1 of 104 cells differ from the published ones: table-3 Target [c] IASS"
    (told,) = [line for line in lines[1:] if "Target [c]" in line]
    assert told.split()[-1] == "different" and "…" in told


def test_a_doctored_cell_of_the_same_seed_is_not_equal(answer: Callable[..., Answer]) -> None:
    status, lines = answer(doctored(cells_of(42), "Target [c]", "IASS", 0.02), [42], [42, 43, 44])
    assert status == 0 and "103 equal, 1 within seed noise" in lines


@pytest.mark.parametrize(("by", "status"), [(0.004, 0), (0.006, 1)])
def test_what_depends_on_no_seed_has_to_be_equal(answer: Callable[..., Answer], by: float, status: int) -> None:
    found, lines = answer(doctored(cells_of(50), "Target [a]", "IBM", by), [50], [42, 43, 44])
    assert found == status
    told = "1 of the cells that differ depend on no seed: recordings, code or versions of packages are others than"
    assert any(line.startswith(told) for line in lines) == bool(status)


def test_small_changes_in_one_direction_are_no_noise(answer: Callable[..., Answer]) -> None:
    cells = cells_of(None)
    usual = np.mean([cells_of(seed)["value"] for seed in (42, 43, 44)], axis=0)
    moved = usual - np.where((cells["metric"] == "SDR") & (cells["column"] != "IBM"), 0.45, 0)
    status, lines = answer(cells.assign(value=moved), [50], [42, 43, 44])
    told = "no single cell differs from the published ones, but the mean of all cells does: table-3 SDR, table-1 SDR,"
    assert status == 1 and lines[0].startswith(told)


def test_cells_on_one_side_are_named(answer: Callable[..., Answer]) -> None:
    cells = cells_of(42)
    own = pd.concat([cells.drop(index=4), cells.iloc[[0]].assign(row="Kazoo")])
    status, lines = answer(own, [42], [42, 43, 44])
    assert status == 1
    assert lines[0] == "1 cell is missing: table-3 Target [b] IASS; 1 cell is not published: table-3 Kazoo Open-Unmix"


def test_no_score_is_equal_to_none_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = write_published(tmp_path, [42, 43, 44])
    path, cells = published / "iass" / "cells.csv", cells_of(50)
    table = pd.read_csv(path, dtype={"seed": str}, keep_default_na=False)
    here = [
        (table["table"] == "table-3") & (table["row"] == f"Target [{name}]") & (table["column"] == "IASS")
        for name in "abc"
    ]
    table["value"] = table["value"].astype(object)
    table.loc[here[0], "value"] = ""  # no seed has a score
    table.loc[here[1] & (table["seed"] == "43"), "value"] = ""
    table.to_csv(path, index=False)
    blank = (cells["table"] == "table-3") & cells["row"].isin(TARGETS[:3]) & (cells["column"] == "IASS")
    results = write_results(tmp_path, cells.assign(value=cells["value"].mask(blank)), [50])
    for read in (results / "papers" / "iass" / "table-3.csv", published / "iass" / "cells.csv", published / "new.csv"):
        with pytest.raises(UserError, match="which this command reads"):
            compare(results, published, read)
    assert compare(results, published, tmp_path / "out.csv") == 1
    written = pd.read_csv(tmp_path / "out.csv").set_index(["table", "row", "column"])["verdict"]
    found = [written["table-3", f"Target [{name}]", "IASS"] for name in "abc"]
    assert found == ["equal", "within seed noise", "different"]
    assert capsys.readouterr().out.startswith("1 of 104 cells differ")


def test_another_number_of_songs_is_told(answer: Callable[..., Answer]) -> None:
    _, lines = answer(cells_of(42).assign(songs=[11, *[12] * 103]), [42], [42, 43, 44])
    assert "1 cell is of another number of songs than published" in lines


def test_other_parameters_are_told_first(answer: Callable[..., Answer]) -> None:
    status, lines = answer(cells_of(50), [50], [42, 43, 44], parameters={"training.epochs": 4, "seed": 42})
    assert status == 0 and lines[0].startswith("with other parameters than the published: your results agree")
    assert lines[1:5] == [
        "your parameters differ from the published:",
        "  seed: not there → 42",
        "  stft.hop: 512 → not there",
        "  training.epochs: 3 → 4",
    ]


def test_one_published_seed_tells_nothing_of_noise(answer: Callable[..., Answer]) -> None:
    status, lines = answer(cells_of(50), [50], [42])
    assert status == 1
    told = (
        "cells are not equal to the published ones, and whether that is seed noise cannot be told: those have one seed"
    )
    assert told in lines[0] and "different" not in " ".join(lines)


def test_one_published_seed_may_be_equal(answer: Callable[..., Answer]) -> None:
    status, lines = answer(cells_of(42), [42], [42])
    assert status == 0 and lines[0] == "your results equal the published ones: 104 cells"


def break_column(folder: Path) -> None:
    (folder / "cells.csv").write_text("table,row\n")


def break_number(folder: Path) -> None:
    (folder / "cells.csv").write_text("table,row,column,metric,seed,songs,value\ntable-3,a,b,SDR,42,12,many\n")


def break_seed(folder: Path) -> None:
    (folder / "cells.csv").write_text("table,row,column,metric,seed,songs,value\ntable-3,a,b,SDR,9,12,1.0\n")


def break_twice(folder: Path) -> None:
    (folder / "cells.csv").write_text("table,row,column,metric,seed,songs,value\n" + "table-3,a,b,SDR,42,12,1.0\n" * 2)


def break_empty(folder: Path) -> None:
    (folder / "cells.csv").write_text("")


def break_missing(folder: Path) -> None:
    (folder / "cells.csv").unlink()


def break_record(folder: Path) -> None:
    (folder / "published.json").write_text("{")


def break_key(folder: Path) -> None:
    (folder / "published.json").write_text('{"seeds": 42}')


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (break_column, r"cells.csv: no column 'column'; bring it back with git"),
        (break_number, r"cells.csv: 'many' in column 'value', expected a number; bring it back"),
        (break_seed, r"cells.csv: a cell of seed '9', which published.json does not name; bring it back"),
        (break_twice, r"cells.csv: the cell table-3, a, b stands there twice; bring it back"),
        (break_empty, r"cells.csv: not readable as CSV \(.*\); bring it back"),
        (break_missing, r"cells.csv: no such file; bring it back"),
        (break_record, r"published.json: not readable as JSON .*; bring it back"),
        (break_key, r"published.json: no usable key 'seeds', expected a list; bring it back"),
    ],
)
def test_malformed_published_files_are_one_sentence(
    tmp_path: Path, harm: Callable[[Path], None], sentence: str
) -> None:
    results, published = write_results(tmp_path, cells_of(42), [42]), write_published(tmp_path, [42, 43])
    harm(published / "iass")
    with pytest.raises(UserError, match=sentence):
        compare(results, published, None)


def test_results_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"nothing: no results of a paper in it, expected a folder such as results/demo"
    ):
        compare(tmp_path / "nothing", None, None)
    results = write_results(tmp_path, cells_of(42), [42])
    (results / "papers/iass/parameters.json").unlink()
    with pytest.raises(UserError, match=r"parameters.json: no such file; make the tables anew"):
        compare(results, write_published(tmp_path, [42]), None)


def test_nothing_published_is_an_error_unless_told_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, nowhere = write_results(tmp_path, cells_of(42), [42]), tmp_path / "none"
    with pytest.raises(
        UserError, match=r"none: no published results of a paper of .*, expected <paper>/published.json"
    ):
        compare(results, nowhere, None)
    assert compare(results, nowhere, None, if_published=True) == 0
    assert capsys.readouterr().out == "nothing is published of scale 'demo' to compare these results with\n"


def test_a_paper_beside_others_is_compared_with_such_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, published = write_results(tmp_path, cells_of(42), [42], beside=["munet"]), write_published(tmp_path, [42])
    assert compare(results, published, None, if_published=True) == 0
    assert capsys.readouterr().err == "paper iass is not compared: not published beside munet\n"
    (published / "iass" / "cells.csv").rename(published / "iass" / "cells-beside-munet.csv")
    assert compare(results, published, None) == 0
    assert capsys.readouterr().out.startswith("your results equal the published ones")


# ---- the error rate of the verdict for the whole, and its power --------------------------------------------------

GROUPS = np.repeat(np.arange(20), 14)  # tables and metrics
RUNS = np.tile(np.arange(56), 5)  # cells of the same run have much of their noise in common


def drawn(random: np.random.Generator, sigma: Values, seeds: int) -> Values:
    """Deviations (seed, cell) whose correlation within a run is 0.7."""
    of_runs, own = random.normal(size=(seeds, 56)), random.normal(size=(seeds, len(GROUPS)))
    return np.asarray(sigma * (np.sqrt(0.7) * of_runs[:, RUNS] + np.sqrt(0.3) * own))


@pytest.mark.parametrize("scatter", [0.2, 0.6])
@pytest.mark.parametrize("seeds", [1, 3])
def test_runs_with_other_seeds_agree_and_doctored_cells_are_found(scatter: float, seeds: int) -> None:
    random, runs = np.random.default_rng(7), 150
    wrong = found = 0
    for _ in range(runs):
        by_run, by_group = random.normal(0, scatter, 56), random.normal(0, 0.7, 20)
        sigma = 0.2 * np.exp(by_run[RUNS] + by_group[GROUPS])
        published, own = drawn(random, sigma, 3), drawn(random, sigma, seeds).mean(axis=0)
        noise = noise_of(published.var(axis=0, ddof=1), np.full(len(GROUPS), 2.0), GROUPS)
        half = noise.half_widths(np.full(len(GROUPS), 3.0), np.full(len(GROUPS), float(seeds)), len(GROUPS))
        away = own - published.mean(axis=0)
        wrong += bool((np.abs(away) > half).any())
        usual = int(np.argsort(sigma)[len(sigma) // 2])  # 0.2 dB
        found += bool(abs(away[usual] + 5.0) > half[usual])
    assert wrong / runs <= 0.05
    assert found / runs >= 0.8


def test_a_group_of_one_cell_has_a_wide_interval() -> None:
    noise = noise_of(np.full(11, 0.04), np.full(11, 2.0), np.array([0] * 10 + [1]))
    half = noise.half_widths(np.full(11, 3.0), np.ones(11), 11)
    assert half[10] > half[0] and noise.freedom[10] < noise.freedom[0]


def test_a_cell_without_deviation_has_that_of_its_group() -> None:
    noise = noise_of(np.array([0.04] * 6 + [np.nan]), np.array([2.0] * 6 + [0.0]), np.zeros(7, dtype=int))
    assert np.isfinite(noise.variance).all() and noise.freedom[6] < noise.freedom[0]
    alone = noise_of(np.array([np.nan]), np.zeros(1), np.zeros(1, dtype=int))
    assert np.isnan(alone.variance).all() and np.isnan(alone.half_widths(np.ones(1), np.ones(1), 1)).all()


# ---- verdicts of claims beside the published ones ----


def write_verdicts(path: Path, verdicts: dict[str, str], seeds: int, asked_by: str = "the paper") -> None:
    rows = [
        {"claim": claim, "target": "all", "asked_by": asked_by, "verdict": verdict, "scope": "x", "seeds": seeds}
        for claim, verdict in verdicts.items()
    ]
    pd.DataFrame(rows).to_csv(path, index=False)


def test_verdicts_are_told_with_their_trainings(tmp_path: Path) -> None:
    own, published = tmp_path / "own.csv", tmp_path / "published.csv"
    write_verdicts(own, {"better": "holds", "worse": "undecided"}, seeds=1)
    write_verdicts(published, {"better": "holds", "worse": "does not hold"}, seeds=3)
    first, second = claim_lines("iass", own, published)
    assert first == (
        "iass: 2 claims, 1 holds, 1 undecided, of these trainings (one seed); "
        "published: 2 claims, 1 holds, 1 does not hold, of 3 trainings each"
    )
    assert second == "iass: of another verdict than published: worse (undecided, published: does not hold)"
    assert claim_lines("iass", own, tmp_path / "missing.csv") == []


def test_a_paper_of_our_own_has_questions(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    write_verdicts(own, {"better": "holds"}, seeds=3, asked_by="us")
    told = "1 questions of our own, 1 holds, of 3 trainings each"
    assert claim_lines("beyond", own, own) == [f"beyond: {told}; published: {told}"]
