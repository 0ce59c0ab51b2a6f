"""What a kind says that a training or a scoring reads is what it opens, and what everybody is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from conftest import CHANGE, Line
from reading import files_read
from reprosep.dag.plan import Plan
from reprosep.dag.versions.stages import Stages
from reprosep.experiments.kinds import KINDS, kind_of
from reprosep.experiments.runs import find_run
from reprosep.experiments.scorers import scorer_for
from reprosep.papers.system import Network, System
from reprosep.params.scale import merge
from synthetic import make_params
from trainings import made

CLIPS = {
    "seconds": 2.0,
    "presence": -40.0,
    "frames": 20,
    "small_hours": 0.003,
    "large_hours": 0.004,
    "valid": 2,
}
DETECTOR = "mm-detection_instruments_crnn_s42"
ALL: dict[str, Any] = {
    "papers": ["iass", "munet", "slakh", "activity"],
    "clips": CLIPS,
    "detection": {"instruments": ["male singer", "electric bass", "drum set", "piano"]},
    "corpora": {
        "musdb-mono": {"settings": {"training": {"epochs": 1}}},
    },
}
STEPS: dict[str, list[tuple[Any, ...]]] = {
    DETECTOR: [("seconds", "mm-detection", 1)],
    "mm_vocals_iass_s42": [("mixtures", "mm")],
    "mm_bass_open-unmix_s42": [],
    "musdb_vocals_open-unmix_s42": [("mixtures", "musdb")],
    "musdb_drums_open-unmix_s42": [],
    "musdb-mono_4-sources_ebw-p1-heads-4_s42": [("energies", "musdb-mono")],
    "musdb-mono_bass_dedicated-4_s42": [],
    "musdb-16k_bass_musdb-slakh_s42": [("clips", "musdb-16k", "bass"), ("clips", "slakh", "bass")],
}
TRAINED = list(STEPS)
ORACLES = ["mm_vocals_ibm", "musdb-mono_4-sources_input-4", "slakh_bass_tpsf"]
TOLD = (".parquet", ".csv", ".safetensors")  # arrays are told by the index beside them


@pytest.fixture(scope="module")
def computed(prepared: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Everything that trainings of all kinds read, and one training of each, scored."""
    folder = tmp_path_factory.mktemp("reads")
    (folder / "recordings").symlink_to(prepared.folder / "recordings")
    line = Line(folder, make_params(merge(CHANGE, ALL)))
    for corpus in ("musdb", "mm", "musdb-mono", "musdb-16k", "slakh", "mm-detection"):
        line.prepare(corpus)
    for run, steps in STEPS.items():
        for step in steps:
            line.step(*step)
        line.step("train", [run])
    for run in STEPS:  # the Wiener filter of some needs others
        line.step("score", [run], 1)
    return line


def told(read: set[str]) -> set[str]:
    return {name for name in read if name.endswith(TOLD)}


@pytest.mark.parametrize("identifier", TRAINED)
def test_a_training_opens_what_its_kind_says(computed: Line, identifier: str) -> None:
    run, system = find_run(computed.params, identifier)
    with files_read(computed.results) as read:
        training = made(computed.params, identifier, computed.results)
        training.begin()
        training.step(0)
        training.validate()
    assert told(read) == {*kind_of(system).training_reads(run, system).files}


@pytest.mark.parametrize("identifier", [*TRAINED, *ORACLES])
def test_a_scoring_opens_what_its_kind_says(computed: Line, identifier: str) -> None:
    run, system = find_run(computed.params, identifier)
    scorer = scorer_for(computed.params, run, system, computed.results)
    with files_read(computed.results) as read:
        recipe = scorer.recipes()[0]
        scene = scorer.scene(recipe)
        scorer.score(recipe, scene, scorer.references(recipe, scene))
    said = {*kind_of(system).scoring_reads(computed.params, run, system).files}
    assert told(read) <= said


def test_snakemake_and_dvc_are_told_the_same(computed: Line) -> None:
    plan, stages = Plan(computed.params), {stage.name: stage for stage in Stages(computed.params).stages()}
    for identifier in TRAINED:
        run, system = plan.runs[identifier]
        reads = kind_of(system).training_reads(run, system)
        assert plan.training_files([identifier]) == [plan.results / name for name in reads.files]
        (settings,) = plan.training_settings([identifier])
        assert {*settings} == {"run", "system", *reads.keys} and plan.training_code([identifier]) == [reads.code]
        stage = stages[f"{kind_of(system).group(system)}@{identifier}"]
        assert {*reads.keys} == {*stage.keys} and {*stage.code} == {*reads.code_paths()}
        for name in reads.files:
            path = Path(f"results/{plan.params.scale}", name)
            versioned = {*stage.deps} & {str(path), *map(str, path.parents)}
            assert versioned or name.endswith("audio/index.parquet"), name  # no sound of real recordings


def test_every_kind_of_system_has_its_folder() -> None:
    systems = {get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(get_args(System)[0])}
    assert {*KINDS} == {*systems}
    for name, kind in KINDS.items():
        parts = (
            ("network", "training", "scores", "noise", "own_song")
            if issubclass(systems[name], Network)
            else ("scores",)
        )
        assert all(kind.module(part) for part in parts)
