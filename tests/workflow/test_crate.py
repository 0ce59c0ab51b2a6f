"""A finished scale as a Workflow Run RO-Crate: what is in it, what is not, and what it says of the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from project import finished_smoke, python_of, run_in

from reprosep.base.files import sha256

pytest.importorskip("rocrate", reason="needs the package rocrate (envs/requirements-crate.lock)")

RESULTS = "results/smoke"
# Recommendations that are not followed: nobody knows who will publish a crate, and CITATION.cff has no page of the
# project or its authors. The last is told of classes of the validator's own profiles, not of anything in the crate.
KNOWN = {
    "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
    "The Application SHOULD have a url",
    "The organization SHOULD have a URL.",
    "The SoftwareApplication id SHOULD be an absolute URI",
}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return finished_smoke(tmp_path_factory, worker_id)


def crate_of(smoke: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run_in(smoke, [str(python_of(smoke)), "-m", "reprosep.cli", "crate", "smoke", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("crate") / "smoke"
    named = ("--agent", "Ada Lovelace", "--orcid", "https://orcid.org/0000-0002-1825-0097")
    answer = crate_of(smoke, "--output", made, *named)
    assert answer.returncode == 0, answer.stdout
    return made


@pytest.fixture(scope="module")
def graph(folder: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((folder / "ro-crate-metadata.json").read_text())
    return {entity["@id"]: entity for entity in content["@graph"]}


def ids(value: Any) -> list[str]:
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def of_type(graph: dict[str, dict[str, Any]], name: str) -> list[dict[str, Any]]:
    kinds = {identifier: entity["@type"] for identifier, entity in graph.items()}
    return [graph[one] for one, kind in kinds.items() if name in (kind if isinstance(kind, list) else [kind])]


def test_the_workflow_is_the_main_entity(graph: dict[str, dict[str, Any]], folder: Path) -> None:
    (main,) = ids(graph["./"]["mainEntity"])
    assert main == "workflow/Snakefile" and (folder / main).is_file()
    assert "ComputationalWorkflow" in graph[main]["@type"]
    assert graph[graph[main]["programmingLanguage"]["@id"]]["name"] == "Snakemake"
    assert any("/wfrun/workflow/0.5" in one for one in ids(graph["./"]["conformsTo"]))
    assert ids(graph["./"]["license"]) == ["https://spdx.org/licenses/MIT"]
    assert [graph[one]["name"] for one in ids(graph["./"]["author"])]


def test_the_run_has_agent_times_inputs_and_results(graph: dict[str, dict[str, Any]], smoke: Path) -> None:
    (action,) = of_type(graph, "CreateAction")
    assert ids(action["instrument"]) == ["workflow/Snakefile"]
    assert ids(graph["./"]["mentions"])[0] == action["@id"]
    begun, ended = (datetime.fromisoformat(action[key]) for key in ("startTime", "endTime"))
    assert begun < ended
    assert graph[action["agent"]["@id"]] == {
        "@id": "https://orcid.org/0000-0002-1825-0097",
        "@type": "Person",
        "name": "Ada Lovelace",
    }
    assert {"parameters.yaml", "papers/iass.yaml", "#corpus-mm", "#corpus-musdb"} == set(ids(action["object"]))
    made = ids(action["result"])
    for name in ("table-1.csv", "figure-3.svg", "claims.csv", "calibration.csv", "spot-check.csv"):
        assert f"{RESULTS}/papers/iass/{name}" in made
    assert f"{RESULTS}/report.html" in made
    trained = sorted((smoke / RESULTS / "runs").iterdir())
    assert [one for one in made if one.endswith("run.json")] == [
        f"{RESULTS}/runs/{run.name}/run.json" for run in trained
    ]


def test_every_file_that_is_named_is_there_and_no_other(graph: dict[str, dict[str, Any]], folder: Path) -> None:
    named = {entity["@id"] for entity in of_type(graph, "File")}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there - {"ro-crate-metadata.json"} == named
    assert graph["README.md"]["about"] == {"@id": "./"}


def test_files_are_as_they_were_made(graph: dict[str, dict[str, Any]], folder: Path, smoke: Path) -> None:
    for entity in of_type(graph, "File"):
        if entity["@id"].startswith(RESULTS) and not entity["@id"].endswith("report.html"):
            assert (folder / entity["@id"]).read_bytes() == (smoke / entity["@id"]).read_bytes()


def test_nothing_sounds_and_weights_are_named_by_their_checksum(
    graph: dict[str, dict[str, Any]], folder: Path, smoke: Path
) -> None:
    assert {path.suffix for path in folder.rglob("*")} & {".wav", ".flac", ".npy", ".safetensors"} == set()
    page = (folder / RESULTS / "report.html").read_text()
    assert "data:audio" not in page and "<audio" in page and "</html>" in page
    assert "data:audio" in (smoke / RESULTS / "report.html").read_text()
    told = {one["@id"]: one["sha256"] for one in graph.values() if "sha256" in one}
    weights = list((smoke / RESULTS).glob("runs/*/best.safetensors"))
    assert told == {f"#{path.relative_to(smoke).as_posix()}": sha256(path) for path in weights}


def test_every_kind_of_input_and_output_is_a_parameter_with_examples(graph: dict[str, dict[str, Any]]) -> None:
    main = graph["workflow/Snakefile"]
    assert {graph[one]["name"] for one in ids(main["input"])} == {"parameters", "papers"}
    assert {graph[one]["name"] for one in ids(main["output"])} == {
        *("tables", "figures", "claims", "checks", "trainings", "report"),
    }
    for one in [*ids(main["input"]), *ids(main["output"])]:
        for example in ids(graph[one]["workExample"]):
            assert ids(graph[example]["exampleOfWork"]) == [one]


def test_it_holds_to_the_profile(folder: Path, tmp_path: Path) -> None:
    validator = os.environ.get("ROCRATE_VALIDATOR") or shutil.which("rocrate-validator")
    if not validator:
        pytest.skip("needs rocrate-validator (pip install roc-validator, in an environment of its own)")
    told = tmp_path / "told.json"
    chosen = ["-p", "workflow-run-crate-0.5", "-l", "recommended", "-f", "json", "-o", told]
    answer = subprocess.run([validator, "-y", "validate", "--no-paging", *chosen, folder], stdout=-1, check=False)
    assert told.exists(), answer.stdout
    issues = json.loads(told.read_text())["issues"]
    assert [one for one in issues if one["severity"] == "REQUIRED"] == []
    assert {one["message"] for one in issues} <= KNOWN


def test_a_zip_file_has_the_same(smoke: Path, folder: Path, tmp_path: Path) -> None:
    answer = crate_of(smoke, "--output", tmp_path / "smoke.zip")
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.strip() == str(tmp_path / "smoke.zip")
    with zipfile.ZipFile(tmp_path / "smoke.zip") as archive:
        names = set(archive.namelist())
        content = json.loads(archive.read("ro-crate-metadata.json"))
    assert names == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    (action,) = (one for one in content["@graph"] if one["@type"] == "CreateAction")
    assert "agent" not in action


def test_a_crate_is_replaced_and_other_files_are_not(smoke: Path, tmp_path: Path) -> None:
    assert crate_of(smoke, "--output", tmp_path / "made").returncode == 0
    (tmp_path / "made/older.csv").touch()
    assert crate_of(smoke, "--output", tmp_path / "made").returncode == 0
    assert not (tmp_path / "made/older.csv").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").touch()
    answer = crate_of(smoke, "--output", tmp_path / "mine")
    assert answer.returncode == 2
    assert "has files that are no crate, expected an empty folder or none" in answer.stdout
    assert (tmp_path / "mine/thesis.tex").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--output", RESULTS), f"{RESULTS}: is {RESULTS}, which this command reads"),
        (("--orcid", "0000-0002-1825-0097"), "--orcid: found '0000-0002-1825-0097', expected https://orcid.org/"),
        (("--orcid", "https://orcid.org/0000"), "--orcid: found one without a name, expected --agent 'Name' beside it"),
        (("--configfile", "other.yaml"), "computed with other parameters (scoring.hop_seconds: "),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    smoke: Path, tmp_path: Path, arguments: tuple[str, str], sentence: str
) -> None:
    change = tmp_path / "other.yaml"
    change.write_text("scoring: {hop_seconds: 0.5}\n")
    given = [str(change) if one == change.name else one for one in arguments]
    out = [] if "--output" in given else ["--output", tmp_path / "made.zip"]
    answer = crate_of(smoke, *given, *out)
    assert answer.returncode == 2
    assert sentence in answer.stdout
    assert not (tmp_path / "made.zip").exists()
