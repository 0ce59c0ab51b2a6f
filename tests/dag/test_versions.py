"""The stages of DVC, the table that they and the rules are made from, and what of a scale is versioned."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.dependencies import step_reads, steps_table
from reprosep.dag.reproduce import scale_params
from reprosep.dag.versions.definition import check_definition, definition
from reprosep.dag.versions.stages import Stages
from reprosep.experiments.runs import needed_runs
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, dump, merge
from reprosep.params.work import Rendering

# Parameters on which no result depends beside the report, which prints them all: what a step is computed with, and
# what makes the DAG another one (more targets are more files, not other files).
ALL_PAPERS = Path("workflow/examples/all-papers.yaml")
WITHOUT_EFFECT = {
    "training.threads",
    "training.gpu",
    "scoring.threads",
    "scoring.device",
    "training.compile",
    "training.graphs",
    "training.graphs_batch",
    "training.tf32",
    "training.deterministic",
    "separation.chunk_frames",
    "separation.chunks_at_once",
    "separation.device",
    "machine.checkpoint_minutes",
    "machine.trainings_per_gpu",
    "machine.side_by_side",
    "machine.recordings",
    "machine.recordings_gigabytes",
    "machine.validation_gigabytes",
    "machine.validation_songs",
    "machine.container",
    "machine.tensorboard",
    *(f"rendering.{key}" for key in Rendering.model_fields if key != "shares"),
    *(f"rendering.shares.{split}" for split in ("train", "valid", "test")),
    "scale",
    "of",  # where a corpus takes what it does not say itself: those keys are the steps' own
}


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())


def leaves(content: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of all values."""
    if isinstance(content, dict) and content:
        for key, value in content.items():
            yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix


def test_dvc_yaml_is_that_of_the_parameters() -> None:
    assert Path("dvc.yaml").read_text() == definition(scale_params("demo", []), "demo"), "run `reprosep stages demo`"


@pytest.mark.parametrize("scale", ["smoke", "demo", "standin", "paper"])
def test_one_training_stage_per_run(scale: str) -> None:
    params = scale_params(scale, [])
    content = yaml.safe_load(definition(params, scale))
    trained = [run.id for run in needed_runs(params, load_paper("iass")) if run.seed is not None]
    assert list(content["stages"]["train"]["foreach"]) == trained
    assert len(content["artifacts"]) == len(trained)


def test_every_parameter_touches_something() -> None:
    params = scale_params("demo", [ALL_PAPERS])
    content = dump(params)
    content["corpora"] = {"mm": content["corpora"]["mm"]}
    keys = {key for stage in Stages(params).stages() if stage.name != "report" for key in stage.keys}
    missed = [leaf for leaf in leaves(content) if not any(leaf == key or leaf.startswith(f"{key}.") for key in keys)]
    assert {leaf.removeprefix("corpora.mm.") for leaf in missed} == WITHOUT_EFFECT


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        ({"corpora": {"mm": {"targets": ["vocals"]}}}, "mixtures@mm"),
        ({"seeds": [1, 2]}, "scores"),
    ],
)
def test_other_runs_mean_other_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], stage: str
) -> None:
    """DVC sees that a target or a seed was added, and the stage then says what to do about it."""
    params = parse(merge(read_yaml("params.yaml"), change))
    key = next(iter(leaves(change)))
    assert key in next(one for one in Stages(params).stages() if one.name == stage).keys
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text((repository() / "dvc.yaml").read_text())
    with pytest.raises(UserError, match=r"dvc.yaml: not the stages .* write it anew with `reprosep stages demo`"):
        check_definition(params, "demo")


def test_what_steps_depend_on_is_there() -> None:
    for step, parts in steps_table().items():
        assert parts["module"], step
        for path in step_reads(step, {"corpora": {}}).code_paths():
            assert Path(path).exists(), f"{step}: {path}"


def test_the_example_names_all_papers_with_trainings() -> None:
    every = {path.stem for path in Path("workflow/papers").glob("*.yaml")}
    trained = {name for name in every if any(system.trained for system in load_paper(name).systems.values())}
    assert set(read_yaml(ALL_PAPERS)["papers"]) == trained


@pytest.mark.parametrize("scale", ["smoke", "demo", "standin", "paper"])
def test_networks_of_all_sources_have_stages_of_their_own(scale: str) -> None:
    params = scale_params(scale, [ALL_PAPERS])
    content = yaml.safe_load(definition(params, scale))
    every = [run for name in ("iass", "munet") for run in needed_runs(params, load_paper(name)) if run.seed is not None]
    trained = {run.id for run in every if run.corpus == "musdb-mono"}
    pattern = content["stages"]["train-sources"]
    assert set(pattern["foreach"]) == trained
    read = {key: value for one in pattern["do"]["params"] if isinstance(one, dict) for key, value in one.items()}
    keys = [one for one in pattern["do"]["params"] if isinstance(one, str)]
    assert "corpora.musdb-mono.settings" in keys and "chunks" in keys and "mixing.gain" not in keys
    assert read["workflow/papers/${item.paper}.yaml"] == ["systems.${item.system}"]
    assert f"results/{scale}/musdb-mono/energies.parquet" in pattern["do"]["deps"]


def test_a_view_depends_on_its_own_settings_and_on_its_source() -> None:
    stages = {stage.name: stage for stage in Stages(scale_params("demo", [ALL_PAPERS])).stages()}
    assert "corpora.musdb-mono.settings.audio.sample_rate" in stages["catalog@musdb-mono"].keys
    assert "corpora.musdb.standin" in stages["corpora@musdb-mono"].keys
    assert "results/demo/musdb/catalog.parquet" in stages["catalog@musdb-mono"].deps
    assert "corpora.musdb-mono.settings.training.chunk_seconds" in stages["energies@musdb-mono"].keys


@pytest.mark.parametrize("files", [[], [ALL_PAPERS]])
def test_no_stage_depends_on_what_no_stage_makes(files: list[Path]) -> None:
    stages = Stages(scale_params("demo", files)).stages()
    made = {path for stage in stages for path in stage.made}
    for stage in stages:
        for path in stage.deps:
            inside = any(path == out or path.startswith(f"{out}/") for out in made)
            given = not path.startswith("results/") and Path(path).exists()
            assert inside or given, f"{stage.name}: {path}"


# ---- sound that is not the project's own -------------------------------------------------------------------------


def paths(params: Params) -> set[str]:
    return {path for stage in Stages(params).stages() for path in stage.made}


def test_real_sound_is_never_versioned() -> None:
    """Recordings, the decoded store, excerpts and the page with players: none is an out where a corpus is real."""
    found = paths(scale_params("paper", []))
    assert not [path for path in found if path.startswith("resources")]
    assert not [path for path in found if path.endswith(("/audio", "/listen", "report.html")) or "/listen/" in path]
    own = paths(scale_params("demo", []))
    assert {"results/demo/mm/audio", "results/demo/papers/iass/listen", "results/demo/report.html"} <= own


def test_one_real_corpus_is_enough() -> None:
    """The players and the report may play any corpus."""
    change = {"corpora": {"mm": {"standin": None}}}
    found = paths(parse(merge(read_yaml("params.yaml"), change)))
    assert "results/demo/musdb/audio" in found
    assert not {"results/demo/mm/audio", "results/demo/papers/iass/listen", "results/demo/report.html"} & found


def test_a_push_takes_no_real_sound_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file of the paper scale, sound told by its bytes: recorded by DVC and pushed, it is not in the remote."""
    few: dict[str, Any] = {"corpora": {name: {"targets": ["vocals"]} for name in ("musdb", "mm")}}
    params = parse(merge(dump(scale_params("paper", [])), few))
    text = definition(params, "paper")
    stages, sound = Stages(params).stages(), b"sound of a recording that may not be given away"
    targets = {path for stage in stages for path in stage.targets}
    root = repository()
    monkeypatch.chdir(tmp_path)
    for path in targets:
        write(Path(path), b"numbers of " + path.encode())
    for stage in stages:
        write(Path(stage.records), stage.name.encode())
        for path in (Path(dep) for dep in stage.deps if dep.startswith("resources/weights/")):
            write(path, b"published weights of " + path.name.encode())
    for corpus in params.corpora.values():
        write(Path(corpus.roots[0], "Song", "vocals.wav"), sound)
    for path in ("mm/audio/song.npy", "musdb/audio/song.npy", "papers/iass/listen/vocals.mp3", "report.html"):
        write(Path("results/paper", path), sound)
    for name in ("src", "workflow"):
        shutil.copytree(root / name, name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(root / "params.yaml", "params.yaml")
    Path("dvc.yaml").write_text(text)
    for words in ("init -q --no-scm", "remote add -q -d store store", "commit -q -f", "push -q"):
        dvc(*words.split())
    pushed = [path.read_bytes() for path in Path("store").rglob("*") if path.is_file()]
    assert len(pushed) > 50
    assert not [content for content in pushed if sound in content]
    assert any(content == b"numbers of results/paper/scores/mm_vocals_ibm.parquet" for content in pushed)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def dvc(*words: str) -> None:
    command = [str(Path(sys.executable).with_name("dvc")), *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
