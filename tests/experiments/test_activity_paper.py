"""The paper of the activity detectors: its runs, what other papers make of them, and wrong paper files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.cells import table_cells
from reprosep.experiments.detectors.checks import check_detection
from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import detector_runs, every_run, find_run, needed_runs, scored_variants
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

CORPUS = "mm-detection"


def params_of(*names: str, **change: Any) -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), {"papers": list(names), **change}))


@pytest.fixture(scope="module")
def paper() -> Paper:
    return load_paper("activity")


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What is told of a paper file after a change."""

    def told(name: str, change: Callable[[dict[str, Any]], object]) -> str:
        content = read_yaml(repository() / "workflow" / "papers" / f"{name}.yaml")
        change(content)
        folder = tmp_path / "workflow" / "papers"
        folder.mkdir(parents=True)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
        with pytest.raises(UserError) as caught:
            load_paper(name)
        sentence = str(caught.value)
        assert sentence.startswith(f"{name}.yaml: ") and "\n" not in sentence
        return sentence

    return told


# ---- runs --------------------------------------------------------------------------------------------------------


def test_its_runs_are_its_detectors(paper: Paper) -> None:
    params = params_of("activity")
    assert [run.id for run in every_run(params, paper)] == [
        f"{CORPUS}_instruments_{name}_s42" for name in ("cnn-5s", "cnn", "crnn-5s", "crnn", "fc")
    ]
    assert needed_runs(params, paper) == [] and detector_runs(params, load_paper("iass")) == []
    assert paper.ways_of_scoring() == {"seconds"} and load_paper("iass").ways_of_scoring() == {"frames"}


def test_a_run_per_seed(paper: Paper) -> None:
    found = detector_runs(params_of("activity", seeds=[1, 2, 3]), paper)
    assert len(found) == 15 and {run.seed for run in found} == {1, 2, 3}
    assert {run.target for run in found} == {"instruments"} and all(run.targets == ("instruments",) for run in found)


def test_runs_are_found_by_name(paper: Paper) -> None:
    params = params_of("iass", "activity")
    for run in every_run(params, paper):
        assert find_run(params, run.id) == (run, paper.systems[run.system])
    with pytest.raises(UserError, match=r"unknown run 'mm-detection_instruments_cnnn_s42' \(did you mean 'mm-detec"):
        find_run(params, "mm-detection_instruments_cnnn_s42")
    with pytest.raises(UserError, match="unknown run"):
        find_run(params_of("iass"), f"{CORPUS}_instruments_cnn_s42")


def test_a_scale_without_the_corpus_has_no_detector(paper: Paper) -> None:
    params = params_of("iass", "activity")
    without = params.model_copy(update={"corpora": {k: v for k, v in params.corpora.items() if k != CORPUS}})
    assert every_run(without, paper) == []
    assert gating_run(without, "mm", load_paper("iass").systems["iass"], 42) is None


def test_every_cell_claim_and_figure_names_a_detector(paper: Paper) -> None:
    systems = {"fc", "cnn", "crnn", "cnn-5s", "crnn-5s"}
    assert {row.system for row in paper.tables["table-1"].rows} == systems == set(paper.systems)
    assert {name: one.input_seconds for name, one in paper.systems.items() if one.input_seconds} == {
        "cnn-5s": 5,
        "crnn-5s": 5,
    }
    assert not any(one.kind == "detector" for one in load_paper("iass").systems.values())
    assert all(value is None for row in paper.tables["table-1"].published for value in row)
    assert {claim.corpus for claim in paper.statements} == {CORPUS}
    assert {figure.bind.corpus for figure in paper.figures.values()} == {CORPUS}
    assert len({claim.id for claim in paper.statements}) == len(paper.statements) >= 6


# ---- what the IASS paper makes of them -----------------------------------------------------------------------------


def test_iass_is_gated_by_the_detector_of_the_same_seed() -> None:
    iass = load_paper("iass")
    system = iass.systems["iass"]
    both, alone = params_of("iass", "activity", seeds=[1, 2]), params_of("iass")
    for run in needed_runs(both, iass):
        if run.system == "iass" and run.corpus == "mm":
            gate = gating_run(both, run.corpus, system, run.seed)
            assert gate == Run(CORPUS, "instruments", "crnn", run.seed) and find_run(both, gate.id)[0] == gate
            assert scored_variants(both, run, system) == ("none", "raw", "median", "oracle", "detector")
            assert scored_variants(alone, run, system) == ("none", "raw", "median", "oracle")
        elif run.system == "iass":
            assert gating_run(both, run.corpus, system, run.seed) is None  # MUSDB has no detectors


def test_cells_of_the_gate_are_there_with_the_detectors_only() -> None:
    iass = load_paper("iass")
    gated = [
        c for c in table_cells(params_of("iass", "activity"), iass, iass.tables["table-4"]) if c.variant == "detector"
    ]
    assert {cell.target for cell in gated} == set(params_of("iass").corpora["mm"].targets)
    assert all(cell.published is None for cell in gated)
    alone = [c for c in table_cells(params_of("iass"), iass, iass.tables["table-4"]) if c.variant == "detector"]
    assert alone == [] and needed_runs(params_of("iass"), iass) == needed_runs(params_of("iass", "activity"), iass)


@pytest.mark.parametrize("scale", ["smoke", "standin", "paper"])
def test_every_scale_knows_the_instruments_of_all_gated_targets(scale: str) -> None:
    content = merge(
        read_yaml(repository() / "params.yaml"), read_yaml(repository() / "workflow" / "scales" / f"{scale}.yaml")
    )
    params = parse(merge(content, {"papers": ["iass", "activity"]}))
    check_detection(params, [load_paper(name) for name in params.papers])


# ---- wrong files -------------------------------------------------------------------------------------------------


def system(name: str, **change: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["systems"][name].update(change)


def table(place: str, number: int, **change: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["tables"]["table-1"][place][number].update(change)


def claims(number: int, **change: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["claims"][number].update(change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            table("columns", 0, measure=None),
            "tables.table-1.columns.0: measure missing, seconds 1 in a table of kind 'de",
        ),
        (
            table("columns", 5, seconds=None),
            "tables.table-1.columns.5: measure AUC, seconds missing in a table of kind",
        ),
        (table("columns", 5, seconds=0), "tables.table-1.columns.5.seconds"),
        (table("columns", 5, seconds="song"), "tables.table-1.columns.5.seconds"),
        (table("rows", 1, system=None), "tables.table-1.rows: 'None' is no detector; allowed: fc, cnn, crnn, cnn-5s"),
        (table("rows", 1, system="cnnn"), "unknown system 'cnnn' (did you mean 'cnn'?)"),
        (
            lambda c: c["tables"]["table-1"].update(kind="scores"),
            "in a table of kind 'scores'; one of kind 'detection'",
        ),
        (claims(0, left={"system": "cnnn"}), "unknown system 'cnnn' (did you mean"),
        (
            claims(0, expect="largest"),
            "claims.recurrent-and-convolutional-above-fully-connected.targets: missing for 'largest'",
        ),
        (claims(0, metric="auc"), "claims.0.metric"),
        (system("fc", input_seconds=5), "systems.fc.input_seconds: 5 for 'fc'; only cnn and crnn take an input of any"),
        (system("cnn-5s", input_seconds=1), "systems.cnn-5s.input_seconds: found 1, but input should be greater than"),
        (system("cnn-5s", input_seconds=2.5), "systems.cnn-5s.input_seconds: found 2.5, but input should be a valid"),
        (system("cnn", detects=None), "systems.cnn.detects: found None, but input should be a valid string"),
        (system("cnn", model="iass"), "systems.cnn.model: found 'iass', but input should be 'fc', 'cnn' or 'crnn'"),
        (
            system("cnn", gated_by={"paper": "a", "corpus": "b", "system": "c"}),
            "unknown key 'systems.cnn.gated_by'; allowed here: ",
        ),
        (
            lambda c: c["figures"]["figure-2"]["bind"].pop("system"),
            "figures.figure-2.bind.system: 'None' is no detector",
        ),
        (lambda c: c["figures"]["figure-1"]["bind"].pop("corpus"), "figures.figure-1.bind.corpus: missing"),
    ],
)
def test_wrong_files(wrong: Callable[..., str], change: Callable[[dict[str, Any]], object], told: str) -> None:
    assert told in wrong("activity", change)


GATE = {"paper": "activity", "corpus": CORPUS, "system": "crnn"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (system("open-unmix", gated_by=GATE), "systems.open-unmix.gated_by: only iass with an activity head is scored"),
        (system("iass-no-labels", gated_by=GATE), "systems.iass-no-labels.gated_by: only iass with an activity head"),
        (claims(0, metric="AUC", statistic="pooled", table=[]), "metric: AUC of 'open-unmix', which has no activity"),
        (claims(0, metric="LRAP", statistic="pooled", table=[]), "is no detector; allowed: "),
        (system("iass", gated_by={"paper": "activity", "corpus": CORPUS}), "systems.iass.gated_by"),
        (system("iass", input_seconds=5), "unknown key 'systems.iass.input_seconds'; allowed here: "),
        (system("ibm", input_seconds=5), "unknown key 'systems.ibm.input_seconds'; allowed here: "),
    ],
)
def test_wrong_gates(wrong: Callable[..., str], change: Callable[[dict[str, Any]], object], told: str) -> None:
    assert told in wrong("iass", change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"system": "crn"}, r"systems.iass.gated_by.system: 'crn' is no detector of 'activity'"),
        ({"paper": "munet"}, r"systems.iass.gated_by.system: 'crnn' is no detector of 'munet'"),
        ({"corpus": "musdb-mono"}, r"gated_by.corpus: 'musdb-mono', but 'crnn' detects on 'mm-detection'"),
    ],
)
def test_a_gate_that_nothing_computes(change: dict[str, str], told: str) -> None:
    """Else the plan would want a file that no rule makes."""
    iass = load_paper("iass")
    gated = iass.systems["iass"].model_copy(
        update={"gated_by": iass.systems["iass"].gated_by.model_copy(update=change)}  # type: ignore[union-attr]
    )
    changed = iass.model_copy(update={"systems": iass.systems | {"iass": gated}})
    with pytest.raises(UserError, match=told):
        check_detection(params_of("iass", "activity", "munet"), [changed, load_paper("activity"), load_paper("munet")])
