"""The profiles for clusters: what they ask for, and a run through a submitter that is not Slurm."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from project import (
    ODD,
    REPOSITORY,
    SCALE,
    copy_project,
    environment,
    job_counts,
    link_environment,
    python_of,
    snakemake,
)

from conftest import Line
from moments import LONG, Moment
from reprosep.base.project import read_yaml
from reprosep.params.reading import parse
from reprosep.params.scale import merge
from synthetic import make_medleydb

PAPER = "workflow/scales/paper.yaml"
MIXTURES = Path("results/smoke/mm/mixtures/vocals.parquet")
JOBS = Path(".snakemake/processes")
IMPATIENT = ["--seconds-between-status-checks=1", "--latency-wait=5"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("cluster"))


def resources(output: str) -> dict[str, dict[str, int]]:
    """Rule -> what its last planned job asks for."""
    jobs = re.findall(r"^ *(?:local)?rule (\w+):.*?^ +resources: (.*?)$", output, re.MULTILINE | re.DOTALL)
    return {
        rule: {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)(?:,|$)", words)} for rule, words in jobs
    }


@pytest.mark.parametrize("profile", ["slurm", "cluster-generic"])
def test_the_paper_scale_is_planned_for_a_cluster(project: Path, profile: str) -> None:
    answer = snakemake(project, "--configfile", PAPER, "-n", profile=profile)
    assert answer.returncode == 0, answer.stdout
    assert job_counts(answer.stdout)["train"] == 90  # three seeds
    asked = resources(answer.stdout)
    assert asked["train"]["gpu"] == 1
    assert {rule for rule, found in asked.items() if found.get("gpu")} == {"train"}
    limit = yaml.safe_load((project / f"workflow/profiles/{profile}/config.yaml").read_text())["resources"]["mem_mb"]
    del asked["all"]  # runs nothing
    for rule, found in asked.items():
        assert 0 < found["mem_mb"] <= limit, rule
        assert 0 < found["runtime"] <= 48 * 60, rule
    groups = re.findall(r"Group job (\w+) ", answer.stdout)
    assert {name: groups.count(name) for name in groups} == {"prepare": 2, "oracles": 1, "scores": 19, "papers": 1}


def test_networks_score_on_gpus_where_the_parameters_ask_for_them(project: Path) -> None:
    wanted = ["--configfile", SCALE, "-n", "--config", "separation={device: cuda}"]
    answer = snakemake(project, *wanted, profile="slurm")
    assert answer.returncode == 0, answer.stdout
    asked = resources(answer.stdout)
    estimating = {rule for rule in asked if rule.startswith(("score_", "spot_check_", "listen_"))}
    estimating -= {rule for rule in asked if rule.startswith("score_oracles")}
    assert len(estimating) >= 3
    assert {
        rule for rule, found in asked.items() if found.get("gpu")
    } == estimating  # at this scale none is trained on one
    groups = {*re.findall(r"Group job (\w+) ", answer.stdout)}  # a group would ask for a GPU per job at a time
    assert "scores" not in groups and "papers" in groups


def corpus_alone(folder: Path) -> Line:
    """A folder with one small corpus, and its parameters."""
    make_medleydb(folder / "recordings/mm")
    corpus = {"roots": ["recordings/mm"], "standin": None, "targets": ["vocals"], "valid_fraction": 0.3}
    change = {"corpora": {"mm": corpus}}
    (folder / "one.yaml").write_text(yaml.safe_dump(change))
    content = merge(read_yaml(REPOSITORY / "params.yaml"), read_yaml(REPOSITORY / SCALE))
    return Line(folder, parse(merge(content, change)))


def test_another_cluster_gives_the_same(tmp_path: Path) -> None:
    """As the steps one by one, also when a job is killed: they are one submission, which is made again."""
    line = corpus_alone(tmp_path / "local")
    line.prepare("mm")

    folder = copy_project(tmp_path / Path(ODD).name)
    link_environment(folder)
    corpus_alone(folder)
    command = [str(python_of(folder)), "-m", "snakemake", "--profile", "workflow/profiles/cluster-generic", *IMPATIENT]
    command += ["--configfile", SCALE, "one.yaml", "--", str(MIXTURES)]
    moment = Moment(tmp_path, "*/results/smoke/mm/catalog.parquet")
    found = moment.environment(environment(folder))
    with open(tmp_path / "output.txt", "w") as output:
        run = subprocess.Popen(command, cwd=folder, env=found, stdout=output, stderr=subprocess.STDOUT, text=True)
    moment.wait(run)
    (job,) = (path for path in (folder / JOBS).iterdir() if not path.suffix)
    os.killpg(int(job.read_text()), signal.SIGKILL)
    status, told = run.wait(LONG), (tmp_path / "output.txt").read_text()
    assert status == 0, told
    assert "Trying to restart job" in told
    assert sorted(path.read_text() for path in (folder / JOBS).glob("*.ended")) == ["0\n"]
    assert len(list((folder / "results/cluster-logs").iterdir())) == 2
    assert (folder / MIXTURES).read_bytes() == (tmp_path / "local" / MIXTURES).read_bytes()


def test_an_unknown_cluster_is_told(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "workflow/profiles/cluster-generic/submit.sh"
    environment_ = {**os.environ, "REPROSEP_CLUSTER": "slrum"}
    command = [str(script), "1", "1000", "10", "0", "job.sh"]
    answer = subprocess.run(command, cwd=tmp_path, env=environment_, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "submit.sh: REPROSEP_CLUSTER is 'slrum'; use processes, sge, pbs or lsf\n"
