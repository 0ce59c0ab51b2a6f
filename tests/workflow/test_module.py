"""Another workflow, in a folder of its own, uses this one as a module."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from project import REPOSITORY, copy_project, job_counts

from reprosep.base.errors import UserError
from reprosep.corpora.standin.corpus import require_synthesisers
from reprosep.dag.configuration import configuration_of_module

OTHER = """
shell.prefix("set -eu; SAID=before; ")


module reprosep:
    snakefile:
        "{snakefile}"
    config:
        {config}


use rule * from reprosep as reprosep_*


use rule catalog from reprosep as reprosep_catalog with:
    threads: 2


rule songs:
    default_target: True
    input:
        "results/smoke/mm/catalog.parquet",
    output:
        "songs.txt",
    shell:
        "echo $SAID > {{output}}"
"""
SMALL = {"extends": "smoke", "corpora": {"mm": {"standin": {"songs": {"all": 6}, "seconds": 6.0}}}}


def write(folder: Path, config: Any, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    text = OTHER.format(snakefile=REPOSITORY / "workflow/Snakefile", config=repr(config))
    (folder / "Snakefile").write_text(text + more)
    return folder


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *arguments]
    found = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=folder, env=found, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def test_all_rules_plan_under_the_names_that_they_are_given(tmp_path: Path) -> None:
    folder = write(tmp_path / "other", {"extends": "smoke"})
    answer = snakemake(folder, "-n", "reprosep_all")
    assert answer.returncode == 0, answer.stdout
    jobs = job_counts(answer.stdout)
    assert {name for name in jobs if not name.startswith("reprosep_")} == {"total"}
    assert jobs["reprosep_report"] == jobs["reprosep_all"] == jobs["reprosep_tables_iass"] == 1
    assert jobs["reprosep_recordings"] == jobs["reprosep_catalog"] == 2


def test_a_plan_of_the_scale_paper_finds_the_splits_of_the_clone(tmp_path: Path) -> None:
    folder = write(tmp_path / "other", {"extends": "paper"})
    answer = snakemake(folder, "-n", "reprosep_all")
    assert answer.returncode == 0, answer.stdout
    assert job_counts(answer.stdout)["reprosep_get"] == 4


def test_a_target_is_made_in_the_folder_of_the_other_workflow(tmp_path: Path) -> None:
    """By a rule that it has changed; its own rules keep their prefix."""
    try:
        require_synthesisers()
    except UserError as reason:
        pytest.skip(str(reason))
    folder = write(tmp_path / "other", SMALL)
    answer = snakemake(folder)
    assert answer.returncode == 0, answer.stdout
    assert (folder / "songs.txt").read_text() == "before\n"
    assert (folder / "results/smoke/mm/catalog.parquet").is_file()
    assert (folder / "resources/standin-medleydb-smoke").is_dir()
    assert "Nothing to be done" in snakemake(folder).stdout


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"scale": "smoke"}, "found scale: smoke, which alone only names the folder of results; write extends: smoke"),
        ({"extends": "smok"}, "unknown scale 'smok' (did you mean 'smoke'?); allowed: demo, "),
        ("smoke", "module reprosep: config: found 'smoke', expected a mapping"),
        ({"extends": "smoke", "sed": 1}, "unknown key 'sed' (did you mean 'seed'?)"),
    ],
)
def test_a_wrong_config_ends_the_plan_with_one_sentence(tmp_path: Path, config: Any, sentence: str) -> None:
    answer = snakemake(write(tmp_path / "other", config), "-n")
    assert answer.returncode
    assert sentence in answer.stdout


def test_a_prefix_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "other", {"extends": "smoke"})
    path = folder / "Snakefile"
    path.write_text(path.read_text().replace("    config:\n", '    prefix: "elsewhere"\n    config:\n', 1))
    answer = snakemake(folder, "-n")
    assert answer.returncode
    assert "found a prefix, expected none" in answer.stdout


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """As with `github(...)`: Snakemake brings the rules, but not what they read beside them."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(REPOSITORY))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/workflow"
        folder = write(tmp_path / "other", {"extends": "smoke"})
        path = folder / "Snakefile"
        path.write_text(path.read_text().replace(str(REPOSITORY / "workflow"), url))
        answer = snakemake(folder, "-n")
        server.shutdown()
    assert answer.returncode
    assert f"module reprosep: snakefile: found {url}/rules, expected the path of a clone" in answer.stdout


def test_two_modules_with_other_parameters_are_refused(tmp_path: Path) -> None:
    another = OTHER.split("\n\n\n")[1].replace("module reprosep", "module second")
    more = "\n\n" + another.format(snakefile=REPOSITORY / "workflow/Snakefile", config="{'extends': 'demo'}")
    folder = write(tmp_path / "other", {"extends": "smoke"}, f"{more}\n\nuse rule * from second as second_*\n")
    answer = snakemake(folder, "-n")
    assert answer.returncode
    assert "found two with different config, expected one" in answer.stdout


def test_the_example_of_the_configuration_is_that_of_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """config/ is where the catalog's standard looks; it says nothing a second time."""
    monkeypatch.chdir(REPOSITORY)
    example = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    assert example == {"extends": "demo"}
    assert configuration_of_module(example) == yaml.safe_load((REPOSITORY / "params.yaml").read_text())


def test_the_main_workflow_lies_where_the_catalog_looks(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    assert (project / "workflow/Snakefile").is_file() and (project / "config/README.md").is_file()
    told = yaml.safe_load((project / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert told["software-stack-deployment"] == {"conda": True, "apptainer": True, "apptainer+conda": False}
    assert told["report"] is True
