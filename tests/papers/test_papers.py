"""The paper file: its runs, its cells, its published values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.plan import checked_papers
from reprosep.experiments.cells import table_cells
from reprosep.experiments.filters import has_residual
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import find_run, needed_runs, scored_variants
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from synthetic import own_corpus


@pytest.fixture(scope="module")
def demo() -> Params:
    return parse(read_yaml(repository() / "params.yaml"))


@pytest.fixture(scope="module")
def iass() -> Paper:
    return load_paper("iass")


def test_runs_of_the_demo(demo: Params, iass: Paper) -> None:
    found = needed_runs(demo, iass)
    assert len(found) == 70
    assert len([run for run in found if run.seed is not None]) == 30
    assert len({run.id for run in found}) == 70
    assert all(re.fullmatch(r"[a-z0-9_-]+", run.id) for run in found)


def test_cells_of_the_demo(demo: Params, iass: Paper) -> None:
    found = [cell for table in iass.tables.values() for cell in table_cells(demo, iass, table)]
    assert len(found) == 136 + 40 + 5 * 6 * 3  # the extension of Table 4: no detector, its paper is not computed
    assert [len(table_cells(demo, iass, table)) for table in iass.tables.values()] == [16, 64, 24, 72, 90]
    printed = [cell for name in list(iass.tables)[:4] for cell in table_cells(demo, iass, iass.tables[name])]
    assert {cell.variant for cell in printed if cell.published is None} == {"wiener"}


def test_published_values(demo: Params, iass: Paper) -> None:
    values = {
        (name, cell.row, cell.column): cell.published
        for name, t in iass.tables.items()
        for cell in table_cells(demo, iass, t)
    }
    assert values["table-1", "IASS 4 blocks", "Drums"] == 5.15
    assert values["table-2", "Vocals IASS", "SIR"] == 14.70
    assert values["table-2", "Other Open-Unmix", "ISR"] == 7.34
    assert values["table-3", "Piano", "input-SDR"] == -6.31
    assert values["table-3", "Acgtr", "IBM"] == 3.38
    assert values["table-4", "Vocals ✓ ✓", "Avg"] == 7.24
    assert values["table-4", "Drums ✗ ✗", "SAR"] == 5.15


def test_printed_averages_are_means(demo: Params, iass: Paper) -> None:
    """But for electric guitar and piano, where the paper's first two rows have each other's average."""
    table: dict[str, dict[str, float]] = {}
    for cell in table_cells(demo, iass, iass.tables["table-4"]):
        assert cell.published is not None
        table.setdefault(cell.row, {})[cell.column] = cell.published
    for name, row in table.items():
        swapped = {"✗ ✗": "✓ ✗", "✓ ✗": "✗ ✗"} if name.startswith(("Elecgtr", "Piano")) else {}
        target, labels = name.split(maxsplit=1)
        printed = table[f"{target} {swapped.get(labels, labels)}"]["Avg"]
        assert (row["SDR"] + row["SIR"] + row["SAR"]) / 3 == pytest.approx(printed, abs=0.011)


def test_tables_3_and_4_agree_but_for_the_doubtful_cell(demo: Params, iass: Paper) -> None:
    three = {c.row: c for c in table_cells(demo, iass, iass.tables["table-3"]) if c.column == "IASS"}
    four = {
        c.row.split()[0]: c
        for c in table_cells(demo, iass, iass.tables["table-4"])
        if c.column == "SDR" and "✓ ✓" in c.row
    }
    differing = [name for name in three if three[name].published != four[name].published]
    assert differing == ["Bass"] == [name for name, cell in three.items() if cell.doubtful]


def test_every_claim_and_figure_names_a_run(demo: Params, iass: Paper) -> None:
    both = demo.model_copy(update={"papers": ["iass", "slakh", "activity"]})  # some are computed beside others only
    known = {(run.corpus, run.system): run for run in needed_runs(both, iass)}
    for claim in iass.statements:
        here = [side.system for side in claim.sides if not iass.systems[side.system].published_weights]
        assert {(claim.corpus, system) for system in here} <= set(known)  # weights as released: on real corpora alone
        for side in (side for side in claim.sides if side.system in here):
            run = known[claim.corpus, side.system]
            assert side.variant in scored_variants(both, run, iass.systems[side.system])
    for figure in iass.figures.values():
        assert (figure.bind.corpus, figure.bind.system) in known
    assert len({claim.id for claim in iass.statements}) == len(iass.statements)


def test_more_seeds_are_more_trainings(demo: Params, iass: Paper) -> None:
    more = demo.model_copy(update={"seeds": [1, 2, 3]})
    assert len(needed_runs(more, iass)) == 40 + 3 * 30


def test_targets_that_a_corpus_lacks_have_no_cells(iass: Paper) -> None:
    content = read_yaml(repository() / "params.yaml")
    own = own_corpus(files={"vocals": ["*v*"], "piano": ["*p*"]}, targets=["vocals", "piano"])
    params = parse(merge(content, {"corpora": {"mm": own, "musdb": own}}))
    assert {cell.target for t in iass.tables.values() for cell in table_cells(params, iass, t)} == {"vocals", "piano"}


def test_gates_need_an_activity_head(iass: Paper) -> None:
    assert iass.systems["iass"].variants() == ("none", "raw", "median", "oracle")
    for name in ("iass-no-labels", "open-unmix", "ibm", "irm", "wiener", "input"):
        assert iass.systems[name].variants() == ("none",)


def test_a_filter_needs_mixtures_that_are_the_sum_of_targets(demo: Params, iass: Paper) -> None:
    system = iass.systems["open-unmix"]
    assert scored_variants(demo, Run("musdb", "bass", "open-unmix", 42), system) == ("none", "wiener")
    assert scored_variants(demo, Run("mm", "bass", "open-unmix", 42), system) == ("none",)
    plain = iass.systems["iass-no-labels"]
    assert "wiener" not in scored_variants(demo, Run("musdb", "bass", "iass-no-labels", 42), plain)


def test_what_is_filtered_needs_the_runs_of_all_targets(demo: Params, iass: Paper) -> None:
    """A paper that tells of one target only trains the others as well, where it is filtered."""
    table = iass.tables["table-2"]
    bass = table.model_copy(update={"rows": table.rows[4:6], "published": table.published[4:6]})
    paper = iass.model_copy(update={"tables": {"table-2": bass}, "calibration": None})
    runs = [f"musdb_{target}_open-unmix_s42" for target in ("bass", "drums", "other", "vocals")]
    assert [run.id for run in needed_runs(demo, paper)] == runs
    weights = [f"runs/{run}/best.safetensors" for run in runs]
    run, system = Run("musdb", "bass", "open-unmix", 42), iass.systems["open-unmix"]
    assert {*weights} <= {*kind_of(system).scoring_reads(demo, run, system).files}


@pytest.mark.parametrize(
    ("residual", "targets", "expected"),
    [
        ("auto", ["vocals", "bass", "drums", "other"], False),
        ("auto", ["vocals", "drums"], True),
        ("always", ["vocals", "bass", "drums", "other"], True),
        ("never", ["vocals", "drums"], False),
        ("never", ["vocals"], True),
    ],
)
def test_what_targets_leave_out_is_a_residual(residual: str, targets: list[str], expected: bool) -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"separation": {"wiener": {"residual": residual}}})
    assert has_residual(parse(content), "musdb", targets) == expected


def test_a_run_is_found_by_its_id(demo: Params) -> None:
    run, system = find_run(demo, "mm_electric-guitar_iass-no-labels_s42")
    assert (run.corpus, run.target, run.seed, system.activity_weight) == ("mm", "electric-guitar", 42, 0.0)
    with pytest.raises(UserError, match=r"unknown run 'mm_vocals_ibn' \(did you mean 'mm_vocals_ibm'\?\)"):
        find_run(demo, "mm_vocals_ibn")


def test_unknown_paper() -> None:
    with pytest.raises(UserError, match=r"unknown paper 'iasss' \(did you mean 'iass'\?\); allowed: .*iass"):
        load_paper("iasss")


@pytest.fixture
def changed_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose paper file may be changed."""
    folder = tmp_path / "workflow" / "papers"
    folder.mkdir(parents=True)
    path = folder / "iass.yaml"
    path.write_text((repository() / "workflow" / "papers" / "iass.yaml").read_text())
    monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
    return path


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("systems", "iass", "blocks"), 9, "systems.iass.blocks: found 9"),
        (("systems", "iass", "block"), 3, "unknown key 'systems.iass.block' \\(did you mean 'blocks'\\?\\)"),
        (("tables", "table-1", "rows", 0, "system"), "ias", "unknown system 'ias' \\(did you mean 'iass'\\?\\)"),
        (("claims", 0, "left", "system"), "ias", "claims.mm-better-than-open-unmix.left: unknown system 'ias'"),
        (
            ("calibration", "measured", 0, "systems"),
            ["ibn"],
            "calibration.measured.0.systems: 'ibn' is no oracle \\(did you mean 'ibm'",
        ),
        (("calibration", "tolerances"), {}, "calibration.tolerances: no tolerance for 'ibm'"),
        (("calibration", "tolerances", "iass"), {"decibel": 1, "reason": "-"}, "calibration.tolerances: 'iass' is no"),
        (("systems", "irm", "mask"), {"theta": 0.5}, "systems.irm.mask.theta: oracle 'irm' has no such setting"),
        (("systems", "input", "mask"), {"n_fft": 512}, "systems.input.mask.n_fft: .*; allowed: none"),
        (("claims", 0, "expect"), "bigger", "claims.0.expect: found 'bigger'"),
        (
            ("tables", "table-1", "published"),
            [[1, 2, 3, 4]],
            "tables.table-1.published: found 1 lists",
        ),
        (
            ("systems", "iass", "wiener"),
            False,
            "tables.table-1.variant: 'wiener' of 'iass', which is not filtered; set",
        ),
        (
            ("systems", "m-u-net", "joint"),
            False,
            "systems.m-u-net.wiener: true, but a network of this kind that is not",
        ),
        (("tables", "table-1", "published", 0), [1, 2, 3], "tables.table-1.published.0: found 3 values, expected 4"),
    ],
)
def test_wrong_paper_files(changed_paper: Path, place: tuple[str | int, ...], value: object, words: str) -> None:
    content = yaml.safe_load(changed_paper.read_text())
    part = content
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    changed_paper.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=f"iass.yaml: {words}"):
        load_paper("iass")


def test_papers_that_share_a_run_agree_about_it(demo: Params, iass: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    open_unmix = iass.systems["open-unmix"]
    other = {**iass.systems, "open-unmix": open_unmix.model_copy(update={"label": "UMX", "early_stopping": 10})}
    papers = {"iass": iass, "same": iass, "other": iass.model_copy(update={"systems": other})}
    monkeypatch.setattr("reprosep.dag.plan.load_paper", papers.__getitem__)
    checked_papers(demo.model_copy(update={"papers": ["iass", "same"]}))
    with pytest.raises(UserError, match=r"^other\.yaml: systems\.open-unmix\.early_stopping: 10, but 140 in iass"):
        checked_papers(demo.model_copy(update={"papers": ["iass", "other"]}))
