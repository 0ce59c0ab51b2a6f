"""dvc.yaml, written once for what is alike: DVC reads from it the very stages of the parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.parsing import DataResolver
from dvc.repo import Repo
from dvc.schema import COMPILED_MULTI_STAGE_SCHEMA

from reprosep.base.project import read_yaml, repository
from reprosep.dag.reproduce import scale_params
from reprosep.dag.versions.definition import definition
from reprosep.dag.versions.folding import filled, fold
from reprosep.dag.versions.parameters import keys_of, parameter_files
from reprosep.dag.versions.reading import Results, code_folders
from reprosep.dag.versions.stage import Stage
from reprosep.dag.versions.stages import Stages
from reprosep.dag.versions.text import Alias, Block, BlockList, text
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

ALL_PAPERS = Path("workflow/examples/all-papers.yaml")
UNLIKE: dict[str, dict[str, Any]] = {
    "one corpus is real, with labels of its own in several places": {
        "mm": {"standin": None, "roots": ["a", "b"], "labels": "published", "label_folders": ["c", "d"]}
    },
    "one corpus is published": {
        "musdb": {"standin": None, "versions": ["musdb18-hq"], "roots": ["resources/musdb18hq"]}
    },
    "one corpus has a split file": {"mm": {"split_file": "workflow/splits/mm-split.csv"}},
}


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository())


def resolver(params: Params, scale: str) -> DataResolver:
    """What DVC makes of dvc.yaml."""
    content = yaml.safe_load(definition(params, scale))
    COMPILED_MULTI_STAGE_SCHEMA(content)
    return DataResolver(Repo(), "", content)


def check(params: Params, scale: str) -> None:
    """Every stage as DVC has it is that of the parameters."""
    stages, files = Stages(params).stages(), parameter_files(scale)
    resolved, results = resolver(params, scale).resolve()["stages"], Results(stages)
    assert set(resolved) == {stage.name for stage in stages}
    for stage in stages:
        body = resolved[stage.name]
        assert (body["desc"], body["cmd"]) == (stage.description, f"reprosep stage {scale} {stage.name}")
        deps = stage.deps if stage.group else results.named(stage)
        assert set(body["deps"]) == {*deps, *code_folders(stage.code)}, stage.name
        assert parameters(body) == {tuple(key) for key in keys_of(stage, files)}, stage.name
        assert kept(body["outs"]) == {*stage.outs, stage.records}, stage.name
        assert kept(body.get("metrics", [])) == set(stage.metrics), stage.name


def parameters(body: dict[str, Any]) -> set[tuple[str, str]]:
    """(file, key) of all parameters of a stage."""
    by_file = [{"params.yaml": [one]} if isinstance(one, str) else one for one in body["params"]]
    return {(file, key) for one in by_file for file, keys in one.items() for key in keys}


def kept(outs: list[dict[str, Any]]) -> set[str]:
    """Outs, all of which DVC is to leave where they are."""
    assert all(flags == {"persist": True} for one in outs for flags in one.values())
    return {path for one in outs for path in one}


@pytest.mark.parametrize("scale", ["smoke", "demo", "paper"])
@pytest.mark.parametrize("files", [[], [ALL_PAPERS]])
def test_dvc_reads_the_stages_of_a_scale(scale: str, files: list[Path]) -> None:
    check(scale_params(scale, files), scale)


@pytest.mark.parametrize("corpora", UNLIKE.values(), ids=UNLIKE)
def test_dvc_reads_stages_that_are_unlike(corpora: dict[str, Any]) -> None:
    check(parse(merge(read_yaml("params.yaml"), {"corpora": corpora})), "demo")


def test_plots_and_models_are_where_runs_are() -> None:
    made = resolver(scale_params("demo", []), "demo")
    models, plots = made.resolve_artifacts(), made.resolve_plots()
    assert models["mm-bass-iass-s42"]["path"] == "results/demo/runs/mm_bass_iass_s42/best.safetensors"
    curve = next(plot for one in plots if isinstance(one, dict) for name, plot in one.items() if "Validation" in name)
    assert curve["y"]["results/demo/runs/mm_bass_iass_s42/epochs.csv"] == "valid_mse"


def test_dvc_yaml_can_be_read() -> None:
    lines = Path("dvc.yaml").read_text().splitlines()
    assert len(lines) < 400 and max(map(len, lines)) <= 120


# ---- what a stage depends on -------------------------------------------------------------------------------------


def trainings() -> list[Stage]:
    every = Stages(scale_params("demo", [ALL_PAPERS])).stages()
    return [stage for stage in every if stage.name.startswith("train")]


def test_code_is_named_by_folders_that_hold_all_of_it() -> None:
    for stage in Stages(scale_params("demo", [ALL_PAPERS])).stages():
        folders = code_folders(stage.code)
        for path in stage.code:
            assert any(path == folder or path.startswith(f"{folder}/") for folder in folders), f"{stage.name}: {path}"


@pytest.mark.parametrize("folder", ["report", "cli", "tools", "claims", "results", "dag", "jobs"])
def test_trainings_do_not_depend_on_code_that_shows_or_starts(folder: str) -> None:
    paths = {path for stage in trainings() for path in code_folders(stage.code)}
    assert not [path for path in paths if path.startswith(f"src/reprosep/{folder}")]


def test_files_between_the_kinds_of_systems_are_named_one_by_one() -> None:
    paths = [f"src/reprosep/{name}" for name in ("experiments/fit.py", "experiments/runs.py", "audio/io.py")]
    paths += [f"src/reprosep/experiments/target/{name}.py" for name in ("training", "scores")]
    assert code_folders(paths) == [
        "src/reprosep/audio/io.py",
        "src/reprosep/experiments/fit.py",
        "src/reprosep/experiments/runs.py",
        "src/reprosep/experiments/target",
    ]


def test_records_stand_for_several_results_of_a_stage() -> None:
    stages = {stage.name: stage for stage in Stages(scale_params("demo", [])).stages()}
    paper = Results(stages.values()).named(stages["papers-iass"])
    assert {stages[name].records for name in ("scores", "calibration-iass")} <= set(paper)
    assert not [path for path in paper if "/scores/" in path or path.endswith("best.safetensors")]
    scores = Results(stages.values()).named(stages["scores"])
    assert "results/demo/runs/mm_bass_iass_s42/best.safetensors" in scores, "what scores depends on is named"


# ---- the text ----------------------------------------------------------------------------------------------------


def test_entries_that_are_alike_are_written_once() -> None:
    entries = {"a": ["x/a/y", "seed", "of.b"], "b": ["x/b/y", "seed", "of.b", "b.only"]}
    places = {"a": {"key": "a", "item.of": "b"}, "b": {"key": "b", "item.of": "b"}}
    folded = fold(entries, places)
    assert folded.shared == ("x/${key}/y", "seed", "of.b")
    assert folded.own == {"a": (), "b": ("b.only",)}
    for item, listed in entries.items():
        assert [filled(pattern, places[item]) for pattern in folded.shared] + [*folded.own[item]] == listed


def test_what_differs_by_more_than_the_name_has_a_place_of_its_own() -> None:
    places = {"a": {"key": "a", "item.of": "c"}, "b": {"key": "b", "item.of": "d"}}
    assert fold({"a": ["x.c"], "b": ["x.d"]}, places).shared == ("x.${item.of}",)


def test_text_is_yaml_within_the_width() -> None:
    alias = Alias("kept", {"persist": True})
    content = Block(
        plain=Block(text="a: b, c", number=3, none=None, empty=[], nothing={}),
        listed=BlockList([Block({"a title, with a comma": {"x": ["${a}", "b"]}}), "alone"]),
        outs=[{f"a-rather-long-name-{number}": alias for number in range(20)}],
    )
    written = text(content)
    assert max(map(len, written.splitlines())) <= 120
    assert written.count("persist") == 1 and written.count("*kept") == 19
    expected = {
        "plain": {"text": "a: b, c", "number": 3, "none": None, "empty": [], "nothing": {}},
        "listed": [{"a title, with a comma": {"x": ["${a}", "b"]}}, "alone"],
        "outs": [{f"a-rather-long-name-{number}": {"persist": True} for number in range(20)}],
    }
    assert yaml.safe_load(written) == expected
