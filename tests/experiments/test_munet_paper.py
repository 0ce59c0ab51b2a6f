"""The M-U-Net paper's file: its runs, cells, published values, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.cells import table_cells
from reprosep.experiments.runs import needed_runs
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse, recordings_of
from reprosep.params.scale import Params, merge

CORPUS = "musdb-mono"


@pytest.fixture(scope="module")
def demo() -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), {"papers": ["munet"]}))


@pytest.fixture(scope="module")
def munet() -> Paper:
    return load_paper("munet")


def test_runs_of_the_demo(demo: Params, munet: Paper) -> None:
    found = needed_runs(demo, munet)
    trained = [run for run in found if run.seed is not None]
    assert (len(found), len(trained)) == (26, 24)
    dedicated = [run for run in trained if run.system.startswith("dedicated")]
    assert sorted(run.target for run in dedicated) == ["accompaniment", "bass", "drums", "other", "vocals", "vocals"]
    joint = next(run for run in found if run.system == "uw-4")
    assert (joint.id, joint.targets) == (f"{CORPUS}_4-sources_uw-4_s42", ("vocals", "drums", "bass", "other"))
    assert next(run for run in found if run.system == "input-2").targets == ("vocals", "accompaniment")


def test_a_setting_needs_all_its_sources(demo: Params, munet: Paper) -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"corpora": {CORPUS: {"targets": ["vocals", "drums"]}}})
    assert {run.sources for run in needed_runs(parse(content), munet) if run.sources} == {("vocals", "accompaniment")}


def published(demo: Params, munet: Paper, table: str) -> dict[tuple[str, str], float | None]:
    return {(cell.row, cell.column): cell.published for cell in table_cells(demo, munet, munet.tables[table])}


def test_published_values(demo: Params, munet: Paper) -> None:
    two, three, four = (published(demo, munet, f"table-{number}") for number in (2, 3, 4))
    assert two["EBW InstP1 SDR", "Overall (mean)"] == 9.16 and two["EBW InstP1 SDR", "Overall (std)"] == 5.50
    assert two["C-U-Net SDR", "Accompaniment (median)"] == 12.16
    assert three["Dedicated U-Nets SDR", "Rest (median)"] == 2.23 and three["UW SIR", "Drums (mean)"] == 10.85
    assert four["EBW P1 with direct loss", "SIR (median)"] == 8.18
    assert two["EBW P1 + activity gate SDR", "Vocals (median)"] is None


def test_the_papers_medians_of_table_3(demo: Params, munet: Paper) -> None:
    """The paper prints the medians alone; they are those of the repository."""
    found = published(demo, munet, "table-3")
    printed = {
        "Dedicated U-Nets": [5.77, 4.60, 3.19, 2.23, 3.61],
        "C-U-Net": [5.26, 4.30, 2.97, 1.69, 3.37],
        "UW": [5.46, 4.72, 2.81, 2.49, 3.58],
        "DWA": [5.24, 4.92, 2.88, 2.45, 3.61],
        "EBW P1": [5.41, 4.77, 2.94, 2.64, 3.65],
        "EBW InstP1": [5.46, 4.85, 2.86, 2.58, 3.52],
        "Oh et al.": [5.29, 4.86, 2.85, 2.55, 3.60],
        "EBW P2": [5.44, 4.89, 2.99, 2.58, 3.66],
    }
    columns = ["Vocals", "Drums", "Bass", "Rest", "Overall"]
    for model, values in printed.items():
        assert [found[f"{model} SDR", f"{column} (median)"] for column in columns] == values


def test_the_slip_of_the_source_is_marked(demo: Params, munet: Paper) -> None:
    found = table_cells(demo, munet, munet.tables["table-2"])
    assert {cell.row for cell in found if cell.doubtful} == {"Oh et al. SIR", "Oh et al. SAR"}
    # Overall means are those of the sources, but for the marked cells.
    values = {(cell.row, cell.column): cell.published for cell in found if not cell.doubtful and cell.published}
    for row in {row for row, _ in values}:
        parts = [values[row, f"{name} (mean)"] for name in ("Vocals", "Accompaniment")]
        assert values[row, "Overall (mean)"] == pytest.approx(np.mean(parts), abs=0.021), row


def test_every_claim_is_about_systems_that_are_scored(demo: Params, munet: Paper) -> None:
    systems = {run.system for run in needed_runs(demo, munet)}
    assert all(side.system in systems for claim in munet.statements for side in claim.sides)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"systems": {"uw-4": {"sources": []}}},
            r"systems\.uw-4\.sources: found \[\], but list should have at least 2",
        ),
        ({"systems": {"c-u-net-4": {"joint": False}}}, r"systems\.c-u-net-4\.joint: false, but one conditioned"),
        (
            {"systems": {"uw-4": {"model": "iass"}}},
            r"systems\.uw-4\.model: found 'iass', but input should be 'u-net' or",
        ),
        (
            {"tables": {"table-4": {"published": [["3.46 + 4", 1, 1], [1, 1, 1], [1, 1, 1]]}}},
            r"'3\.46 \+ 4', expected a",
        ),
        ({"listen": ["uw-5"]}, r"unknown system 'uw-5' \(did you mean 'uw-"),
    ],
)
def test_a_wrong_paper_file_is_told(
    change: dict[str, Any], told: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = merge(read_yaml(repository() / "workflow/papers/munet.yaml"), change)
    folder = tmp_path / "workflow/papers"
    folder.mkdir(parents=True)
    (folder / "munet.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
    with pytest.raises(UserError, match=told):
        load_paper("munet")


# ---- views of a corpus -------------------------------------------------------------------------------------------


def test_a_view_takes_what_it_does_not_say(demo: Params) -> None:
    view, source = demo.corpora[CORPUS], demo.corpora["musdb"]
    assert view.roots == source.roots and view.standin == source.standin and view.channels == 1
    assert recordings_of(demo, CORPUS) == "musdb" and recordings_of(demo, "musdb") == "musdb"
    own = demo.of_corpus(CORPUS)
    assert (own.audio.sample_rate, own.stft.n_fft, own.stft.hop) == (10880, 1022, 256)
    assert own.stft.bandwidth == demo.stft.bandwidth and demo.of_corpus("musdb") is demo


def test_a_view_follows_its_source() -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"corpora": {"musdb": {"roots": ["elsewhere"]}}})
    assert parse(content).corpora[CORPUS].roots == ["elsewhere"]
    other = merge(content, {"corpora": {CORPUS: {"roots": ["own"]}}})
    assert recordings_of(parse(other), CORPUS) == CORPUS


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"of": "musbd"}, r"corpora\.musdb-mono\.of: unknown corpus 'musbd' \(did you mean 'musdb'\?\)"),
        (
            {"settings": {"training": {"batch_siz": 4}}},
            r"corpora\.musdb-mono\.settings: unknown key 'training\.batch_siz'",
        ),
        ({"settings": {"stft": {"hop": 300}}}, r"corpora\.musdb-mono\.settings: .*stft\.hop: 300 must divide"),
        ({"settings": {"scoring": {}}}, r"corpora\.musdb-mono\.settings"),
    ],
)
def test_a_wrong_view_is_told(change: dict[str, Any], told: str) -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"corpora": {CORPUS: change}})
    with pytest.raises(UserError, match=told):
        parse(content)


def test_a_view_of_a_view_is_told() -> None:
    change = {"corpora": {"third": {"of": CORPUS, "title": "third"}}}
    with pytest.raises(UserError, match=r"corpora\.third\.of: 'musdb-mono' is itself a view of 'musdb'"):
        parse(merge(read_yaml(repository() / "params.yaml"), change))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"corpora": {CORPUS: {"channels": 2}}}, r"corpora\.musdb-mono\.channels: 2, but .* is for mono"),
        (
            {"corpora": {CORPUS: {"settings": {"training": {"chunk_seconds": 2.9}}}}},
            r"corpora\.musdb-mono\.settings\.training\.chunk_seconds: 2\.9 s are 124 frames.*multiple of 8",
        ),
        ({"models": {"u-net": {"bins": 100}}}, r"models\.u-net\.bins: 100.*multiple of 8"),
        ({"models": {"u-net": {"widths": [8, 20, 40]}}}, r"models\.u-net\.widths: \[8, 20, 40\] must double"),
    ],
)
def test_what_does_not_fit_a_u_net_is_told_before_anything_runs(change: dict[str, Any], told: str) -> None:
    params = parse(merge(read_yaml(repository() / "params.yaml"), change))
    with pytest.raises(UserError, match=told):
        needed_runs(params, load_paper("munet"))
