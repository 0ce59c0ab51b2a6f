"""The DAG plans completely without any data, and a wrong parameter ends the plan with one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from project import REPOSITORY, copy_project, job_counts, planned_work, snakemake

from conftest import Answer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("plan"))


@pytest.mark.parametrize("scale", [None, "standin", "paper"])
def test_the_complete_dag_plans_without_data(project: Path, scale: str | None) -> None:
    chosen = ["--configfile", f"workflow/scales/{scale}.yaml"] if scale else []
    answer = snakemake(project, "-n", *chosen)
    assert answer.returncode == 0, answer.stdout
    jobs = planned_work(answer.stdout)
    runs = 30 if scale is None else 90  # one seed, three seeds
    assert jobs["train"] == runs
    for step in ("score_oracles_musdb", "score_oracles_mm", "calibration_iass"):
        assert jobs[step] == 1
    released = 10 if scale == "paper" else 0  # systems with published weights: four targets and six
    assert jobs["score"] == runs + released
    assert sum(jobs.get(f"get_weights_{name}", 0) for name in ("umxhq", "iass")) == (2 if released else 0)
    assert jobs.get("get", 0) == (4 if scale == "paper" else 0)
    for step in ("recordings", "examination", "catalog", "store", "activity"):
        assert jobs[step] == 2
    assert jobs["mixtures"] == 10
    for step in ("tables_iass", "figures_iass", "claims_iass", "listen_iass", "report", "all"):
        assert jobs[step] == 1
    assert not (project / "resources").exists()
    assert not (project / "results").exists()


@pytest.mark.parametrize("scale", ["smoke", "demo", "standin", "paper"])
def test_the_dag_of_all_papers_plans_without_data(project: Path, scale: str) -> None:
    files = [f"workflow/scales/{scale}.yaml", "workflow/examples/all-papers.yaml"]
    answer = snakemake(project, "-n", "--configfile", *files)
    assert answer.returncode == 0, answer.stdout
    jobs = planned_work(answer.stdout)
    seeds = 3 if scale in ("standin", "paper") else 1
    beside = 1 if scale == "smoke" else 3  # the IASS paper's tables beside M-U-Net and Slakh
    targets, further = {"smoke": (2, 1), "demo": (6, 1), "standin": (6, 4), "paper": (6, 3)}[scale]  # of MM
    papers = seeds * ((12 if scale == "smoke" else 30) + 24 + 16 + 5 + beside)  # IASS, M-U-Net, Slakh, detectors
    # Our own questions, three times: IASS, one network without labels and one for all targets, pitches, eight amounts.
    assert jobs["train"] == papers + (3 - seeds) * (targets + 1) + 3 * (1 + 11 + 8 * further)
    assert jobs["recordings"] == jobs["catalog"] == jobs["store"] == jobs["activity"] == 10
    assert jobs["notes"] == 2  # of MM and of Slakh's songs beside it
    assert (jobs["clips"], jobs["spectra"]) == (8, 3 if scale == "paper" else 4)
    assert jobs["tables_slakh"] == jobs["figures_slakh"] == jobs["claims_slakh"] == 1
    assert jobs["energies"] == jobs["score_oracles_musdb_mono"] == jobs["tables_munet"] == jobs["claims_munet"] == 1
    assert jobs["seconds"] == jobs["tables_activity"] == jobs["figures_activity"] == jobs["claims_activity"] == 1
    assert jobs.get("get", 0) == (6 if scale == "paper" else 0)


@pytest.mark.parametrize("scale", ["preview", "open"])
def test_a_scale_that_leaves_out_a_corpus_plans_without_it(project: Path, scale: str) -> None:
    """And says what is left out, before anything is run."""
    answer = snakemake(project, "-n", "--configfile", f"workflow/scales/{scale}.yaml")
    assert answer.returncode == 0, answer.stdout
    jobs = planned_work(answer.stdout)
    opened = scale == "open"
    # Tables 1 and 2 of IASS with M-U-Net beside them, M-U-Net; with every seed, and Slakh.
    assert jobs["train"] == (3 if opened else 1) * (12 + 1 + 24 + (16 if opened else 0))
    assert jobs["get"] == (3 if opened else 1)
    assert jobs["recordings"] == (5 if opened else 2)
    assert not [line for line in answer.stdout.splitlines() if f"results/{scale}/mm" in line]
    told = [line for line in answer.stdout.splitlines() if line.startswith("left out")]
    assert told[0].startswith(
        f"left out at the scale '{scale}': MedleyDB + Mixing Secrets (mm, mm-detection, mm-rare): "
    )
    assert told[1].startswith("left out of IASS: Table 3; Table 4; Table 4 extension; Figure 4; Figure 5; ")
    assert [line.split(":")[0] for line in told[2:]] == (["left out of Activity"] if opened else [])


def test_tables_and_figures_of_corpora_plan_what_they_tell_of(tmp_path: Path) -> None:
    """Catalogs and spectra of corpora without any run, and of the corpus whose recordings a view has."""
    project = copy_project(tmp_path)
    path = project / "workflow/papers/iass.yaml"
    paper = yaml.safe_load(path.read_text())
    rows = [{"label": "one", "corpus": "musdb-mono"}, {"label": "another", "corpus": "nowhere"}]
    counted = {"kind": "corpora", "caption": "", "bind": {}, "rows": rows, "published": [[1], [2]]}
    paper["tables"]["table-5"] = {**counted, "columns": [{"label": "Songs", "count": "songs"}]}
    paper["figures"]["figure-6"] = {"kind": "categories", "caption": "", "bind": {"corpus": "mm"}}
    compared = {"corpora": ["musdb-mono", "mm", "nowhere"], "apart": 20}
    paper["figures"]["figure-7"] = {"kind": "spectra", "caption": "", "bind": {}, **compared}
    path.write_text(yaml.safe_dump(paper, sort_keys=False))
    answer = snakemake(project, "-n", "--configfile", "workflow/scales/smoke.yaml")
    assert answer.returncode == 0, answer.stdout
    jobs = job_counts(answer.stdout)
    assert jobs["spectra"] == jobs["catalog"] == 3 and jobs["store"] == 2
    one = snakemake(
        project, "-n", "--configfile", "workflow/scales/smoke.yaml", "--", "results/smoke/mm/spectra.parquet"
    )
    counts = job_counts(one.stdout)
    assert counts["spectra"] == counts["catalog"] == 1 and "store" not in counts


def test_more_seeds_plan_more_trainings(project: Path) -> None:
    (project / "seeds.yaml").write_text("seeds: [1, 2, 3]\n")
    answer = snakemake(project, "-n", "--configfile", "seeds.yaml")
    assert planned_work(answer.stdout)["train"] == 90


WRONG: list[tuple[dict[str, object], str]] = [
    ({"training": {"epoch": 3}}, "params: unknown key 'training.epoch' (did you mean 'epochs'?)"),
    ({"training": {"epochs": 0}}, "params: training.epochs: found 0, but input should be greater than 0"),
    (
        {"training": {"epochs": "many"}},
        "params: training.epochs: found 'many', but input should be a valid",
    ),
    ({"corpora": {"musdb": {"targets": ["vocal"]}}}, "unknown target 'vocal' (did you mean 'vocals'?)"),
    (
        {"calibration": {"accept": ["mm/vocal/ibm"]}},
        "'mm/vocal/ibm' is no value of a calibration (did you mean 'mm/vocals/ibm'?)",
    ),
    ({"papers": ["ias"]}, "params: papers: unknown paper 'ias' (did you mean 'iass'?)"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_wrong_parameter_is_one_sentence(
    tmp_path: Path, reprosep: Callable[..., Answer], change: dict[str, object], words: str
) -> None:
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(change))
    assert words in reprosep("check", "-p", REPOSITORY / "params.yaml", "-p", tmp_path / "wrong.yaml").sentence()


@pytest.mark.parametrize(("change", "words"), [WRONG[0], WRONG[4]])
def test_a_wrong_parameter_ends_the_plan(project: Path, change: dict[str, object], words: str) -> None:
    (project / "wrong.yaml").write_text(yaml.safe_dump(change))
    answer = snakemake(project, "-n", "--configfile", "wrong.yaml")
    assert answer.returncode != 0
    assert words in answer.stdout
    assert "Traceback" not in answer.stdout
