"""The report of unfinished results: what is there is shown; what is missing or out of date is said, and where."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reprosep.base.errors import UserError
from reprosep.dag.plan import Plan
from reprosep.dag.progress import MISSING, OUT_OF_DATE, THERE, Progress, progress_of
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params
from reprosep.report.page import write_report
from reprosep.report.unfinished import write_current_report
from synthetic_results import make_params, make_results, write_all
from trainings import IASS

TARGETS = {"musdb": {"targets": ["vocals", "bass"]}, "mm": {"targets": ["vocals", "piano", "bass"]}}
RESULTS = Path("results/demo")
TABLE = RESULTS / "papers/iass/table-2.csv"


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(corpora=TARGETS)


@pytest.fixture(scope="module")
def finished(settings: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with finished results but for the corpora's own files."""
    folder = tmp_path_factory.mktemp("unfinished")
    write_all(settings, load_paper("iass"), make_results(folder / "results", settings, load_paper("iass")))
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy to take something away from, as the working folder."""
    shutil.copytree(finished / "results", tmp_path / "results")
    with contextlib.chdir(tmp_path):
        yield tmp_path


def page(settings: Params, todo: set[Path] | None = None) -> str:
    plan = Plan(settings)
    write_report(settings, plan.papers, plan.results, Path("page.html"), Progress(plan, frozenset(todo or ())))
    return Path("page.html").read_text(encoding="utf-8")


def row(text: str, name: str) -> list[str]:
    """The cells of a row of the table at the top."""
    top = text[text.index('<section class="progress"') : text.index("</section>")]
    found = next(one for one in re.findall(r"<tr>(.*?)</tr>", top, re.DOTALL) if f">{name}<" in one)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.findall(r"<td.*?</td>", found, re.DOTALL)]


def test_states_are_of_files_and_of_what_snakemake_would_make(folder: Path, settings: Params) -> None:
    missing = RESULTS / "papers/iass/table-1.csv"
    missing.unlink()
    progress = Progress(Plan(settings), frozenset({TABLE, missing}))
    states = [progress.state(RESULTS / f"papers/iass/table-{number}.csv") for number in (1, 2, 3)]
    assert states == [MISSING, OUT_OF_DATE, THERE]
    tables = next(step for step in progress.steps if step.name == "tables")
    assert tables.to_do == ["table-1", "table-2"] and tables.count(THERE) == len(tables.states) - 2


def test_counts_and_what_is_next_stand_at_the_top(folder: Path, settings: Params) -> None:
    trained = len(list((RESULTS / "runs").iterdir()))
    for name in (IASS, "mm_bass_iass_s42"):
        shutil.rmtree(RESULTS / "runs" / name)
        (RESULTS / "scores" / f"{name}.parquet").unlink()
    checkpoint = RESULTS / "runs" / IASS / "checkpoint/state.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"half way")
    text = page(settings)
    assert text.index("Unfinished.") < text.index('<nav aria-label="Contents">')
    weights = row(text, "Trainings")
    assert weights[0] == f"0 of {trained}"  # the synthetic ones have no weights
    assert row(text, "Scores")[1] == "2" and IASS in row(text, "Scores")[3]
    assert "(1 begun: a checkpoint is there)" in weights[3]
    assert "Next is data:" in text and "<title>Unfinished: " in text


@pytest.mark.parametrize("name", ["table-1.csv", "table-4-common-frames.csv"])
def test_a_missing_table_is_shown_as_such(folder: Path, settings: Params, name: str) -> None:
    (RESULTS / "papers/iass" / name).unlink()
    text, title = page(settings), f"Table {name[6]}"
    place = text.index(f'<h3 id="iass-table-{name[6]}">')
    assert "Not computed yet." in text[place : text.index("<h3", place + 1)]
    assert text.count("Not computed yet.") == 1 and f">{title}<" in text
    assert "Out of date:" not in text


@pytest.mark.parametrize("name", ["table-2.csv", "claims.csv", "figure-4.svg", "calibration.csv", "listen/index.json"])
def test_what_is_out_of_date_says_so_where_it_stands(folder: Path, settings: Params, name: str) -> None:
    text = page(settings, {RESULTS / "papers/iass" / name})
    assert text.count("<strong>Out of date:</strong>") == 1 and "Not computed yet." not in text
    places = {"table-2.csv": "iass-table-2", "claims.csv": "iass", "calibration.csv": "iass-calibration"}
    if name in places:
        heading, told = text.index(f' id="{places[name]}">'), text.index("<strong>Out of date:</strong>")
        assert heading < told and "<h2" not in text[heading + 1 : told] and "<h3" not in text[heading + 1 : told]


@pytest.mark.parametrize(
    "name", ["claims.csv", "calibration.csv", "figure-4.svg", "figure-4.csv", "spot-check.csv", "listen/index.json"]
)
def test_any_file_of_a_paper_may_be_missing(folder: Path, settings: Params, name: str) -> None:
    (RESULTS / "papers/iass" / name).unlink()
    text = page(settings)
    if name == "spot-check.csv":
        assert "None was computed again yet." in text
    elif name == "listen/index.json":
        assert "<audio" not in text and row(text, "IASS: excerpts")[0] == "0 of 1"
    else:
        assert text.count("Not computed yet.") == 1


def test_a_page_of_next_to_nothing(settings: Params, tmp_path: Path) -> None:
    (tmp_path / RESULTS).mkdir(parents=True)
    with contextlib.chdir(tmp_path):
        text = page(settings)
    tables = load_paper("iass").tables
    assert text.count("Not computed yet.") == len(tables) + len(load_paper("iass").figures) + 2  # claims, calibration
    assert "Its claims are not judged yet." in text and "<audio" not in text


def test_finished_results_miss_nothing_silently(folder: Path, settings: Params) -> None:
    plan = Plan(settings)
    write_report(settings, plan.papers, plan.results, Path("page.html"))
    assert "Unfinished" not in Path("page.html").read_text(encoding="utf-8")
    TABLE.unlink()
    with pytest.raises(UserError, match=r"table-2.csv"):
        write_report(settings, plan.papers, plan.results, Path("page.html"))


# ---- which page is written ---------------------------------------------------------------------------------------


def test_an_unfinished_page_has_a_name_of_its_own(
    folder: Path, settings: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Progress(Plan(settings), frozenset())
    monkeypatch.setattr("reprosep.report.unfinished.progress_of", lambda scale, files: progress)
    before = (RESULTS / "report.html").read_bytes()
    assert write_current_report("demo", []) == RESULTS / "report-unfinished.html"
    assert (RESULTS / "report.html").read_bytes() == before
    monkeypatch.setattr(Progress, "is_finished", True)
    assert write_current_report("demo", []) == RESULTS / "report.html"
    assert not (RESULTS / "report-unfinished.html").exists()


def test_nothing_at_all_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Params) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("reprosep.dag.reproduce.scale_params", lambda scale, files: settings)
    with pytest.raises(UserError, match=r"results/demo: no such folder; begin with `reprosep reproduce demo`"):
        progress_of("demo", [])
