"""Systems whose weights were published: planned on the real corpora alone, scored without a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Answer, Line
from published import entry, open_unmix, register, save
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.plan import Plan
from reprosep.experiments.filters import filtered_runs
from reprosep.experiments.published_weights import check_size
from reprosep.experiments.reads import settings_of_system
from reprosep.experiments.runs import find_run, scored_variants
from reprosep.experiments.scorers import scorer_for
from reprosep.experiments.target.estimate import separate
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.separation.wiener import filtered_waves
from reprosep.weights import registry
from reprosep.weights.networks import filled, imported
from reprosep.weights.registry import Network, load_layout

RUN = "musdb_vocals_umxhq"
REAL = {"corpora": {"musdb": {"versions": ["musdb18-hq"]}}}


def scale(name: str) -> Params:
    return parse(
        merge(read_yaml(repository() / "params.yaml"), read_yaml(repository() / f"workflow/scales/{name}.yaml"))
    )


@pytest.mark.parametrize("name", ["smoke", "demo", "standin"])
def test_stand_ins_have_none(name: str) -> None:
    plan = Plan(scale(name))
    assert plan.released == [] and plan.published_weights() == {}


def test_the_real_corpora_have_all() -> None:
    plan = Plan(scale("paper"))
    targets = ("acoustic-guitar", "bass", "drums", "electric-guitar", "piano", "vocals")
    assert [name for name in plan.released if name.startswith("mm_")] == [f"mm_{one}_iass-released" for one in targets]
    of_musdb = [name for name in plan.released if name.startswith("musdb_")]
    assert of_musdb == [f"musdb_{one}_umxhq" for one in ("bass", "drums", "other", "vocals")]
    assert not {*plan.released} & {*plan.trained, *plan.oracles, *plan.alone}
    assert Path("resources/weights/umxhq/bass.safetensors") in plan.scoring_files(["musdb_bass_umxhq"])
    assert [path.name for path in plan.published_weights()["iass"]] == [
        f"{one}.safetensors" for one in ("vocals", "electric-guitar", "acoustic-guitar", "piano", "bass", "drums")
    ]
    heads = plan.score_files(["mm_bass_iass-released"])
    assert [path.name for path in heads] == ["mm_bass_iass-released.parquet", "mm_bass_iass-released.activity.parquet"]


@pytest.mark.parametrize("change", [{"audio": {"sample_rate": 22050}}, {"stft": {"hop": 512}}])
def test_other_sound_than_the_weights_hear_has_none(change: dict[str, Any]) -> None:
    content = read_yaml(repository() / "params.yaml")
    content = merge(content, read_yaml(repository() / "workflow/scales/paper.yaml"))
    settings = parse(merge(content, {"corpora": {"musdb": {"settings": change}}}))
    assert not [name for name in Plan(settings).released if name.startswith("musdb_")]


def test_other_runs_depend_on_what_they_did() -> None:
    """A key that trainings do not have is none of theirs: nothing is trained anew for it."""
    systems = load_paper("iass").systems
    assert "released" not in settings_of_system(systems["iass"])
    assert settings_of_system(systems["umxhq"])["released"] == "umxhq"


def test_a_system_that_is_not_that_of_its_weights() -> None:
    system = load_paper("iass").systems["iass-released"]
    check_size(system)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="with blocks 4, but the weights 'iass' have 3; make the two agree"):
        check_size(system.model_copy(update={"blocks": 4}))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="with an activity head False, but the weights 'iass' have True"):
        check_size(system.model_copy(update={"activity_weight": 0.0}))  # type: ignore[arg-type]
    assert system.model_copy(update={"added": "slakh-mm"}).problem()


# ---- scored ------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(linked: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, reprosep: Callable[..., Answer]) -> Line:
    """A line whose MUSDB is as the registry's `umxhq` hears sound; weights are there as published."""
    made = linked(REAL)
    stft = made.params.of_corpus("musdb").stft.model_dump()
    network = {
        "size": {"model": "open-unmix", "channels": 2, "hidden": 16, "layers": 2},
        "sample_rate": made.params.audio.sample_rate,
        "stft": stft,
    }
    targets = ("vocals", "drums")
    files = {
        one: save(made.folder / "published" / f"{one}.pth", open_unmix(n, network)) for n, one in enumerate(targets)
    }
    monkeypatch.setattr(registry, "_folder", lambda: made.folder / "registry")
    register(made.folder / "registry", "umxhq", entry(files, network=network))
    register(made.folder / "registry", "iass", read_yaml(repository() / "workflow" / "weights" / "iass.yaml"))
    return made


def test_scores_are_those_of_the_published_network(made: Line, reprosep: Callable[..., Answer]) -> None:
    assert reprosep("get", "umxhq", "--from", "published").status == 0
    answer = reprosep("score", RUN)
    assert answer.status == 0, answer.err
    table = read_table(made.results / "scores" / f"{RUN}.parquet")
    assert set(table["variant"]) == {"none", "wiener"} and table["seed"].isna().all() and table["SDR"].notna().any()
    run, system = find_run(made.params, RUN)
    scorer = scorer_for(
        made.params,
        run,
        system,
        made.results,
    )
    recipe = scorer.recipes()[0]
    network = Network.model_validate(registry.load_weights_entry("umxhq").network.model_dump())
    plain = filled(
        network, imported(Path("a"), open_unmix(0, network.model_dump()), load_layout("open-unmix"), network)
    )
    expected = separate(plain.eval(), scorer.scene(recipe).mixture, made.params.of_corpus("musdb")).wave()
    np.testing.assert_allclose(scorer.estimate_to_hear(recipe, "vocals").wave, expected, atol=1e-5)


def test_the_filter_takes_the_estimates_of_all_published_networks(made: Line, reprosep: Callable[..., Answer]) -> None:
    """Weights of two of the four targets: what these leave of the mixture is a source of its own."""
    reprosep("get", "umxhq", "--from", "published")
    run, system = find_run(made.params, RUN)
    assert scored_variants(made.params, run, system) == ("none", "wiener")
    scorer = scorer_for(made.params, run, system, made.results)
    assert scorer.ensemble.targets == ["vocals", "drums"] and scorer.ensemble.residual
    scene = scorer.scene(scorer.recipes()[0])
    both = [scorer.ensemble.estimate(name, scene.mixture) for name in ("vocals", "drums")]
    expected = filtered_waves(
        both[0].spectrum, [one.magnitudes for one in both], [None, None], made.params.separation.wiener, True
    )
    waves = dict(scorer.estimates(scorer.recipes()[0], scene)[0])
    np.testing.assert_allclose(waves["wiener"], expected[0], atol=1e-6)
    assert np.abs(waves["wiener"] - waves["none"]).max() > 1e-3


def test_without_the_weights_of_the_filter(made: Line, reprosep: Callable[..., Answer]) -> None:
    reprosep("get", "umxhq", "--from", "published")
    (made.folder / "resources/weights/umxhq" / "drums.safetensors").unlink()
    assert reprosep("score", RUN).sentence() == (
        "resources/weights/umxhq/drums.safetensors: no such file; bring it first with `reprosep get umxhq`"
    )


def test_targets_of_one_set_of_weights_are_scored_by_one_job() -> None:
    """Each network hears a song once, though every target is filtered with all others."""
    groups = Plan(scale("paper")).scored_together()
    assert groups["musdb-umxhq"] == [f"musdb_{one}_umxhq" for one in ("bass", "drums", "other", "vocals")]
    passes = set()
    for name in groups["musdb-umxhq"]:
        run, system = find_run(scale("paper"), name)
        passes.add("+".join(one.id for one in filtered_runs(scale("paper"), run, system)))  # type: ignore[arg-type]
    assert passes == {"musdb_vocals_umxhq+musdb_bass_umxhq+musdb_drums_umxhq+musdb_other_umxhq"}


def test_what_their_authors_print_is_what_the_registry_says() -> None:
    """Table 2 and the entry of the weights hold the same numbers."""
    table, scores = load_paper("iass").tables["table-2"], registry.load_weights_entry("umxhq").scores
    assert scores is not None
    printed = {
        row.target: dict(zip((column.metric for column in table.columns), values, strict=True))
        for row, values in zip(table.rows, table.published, strict=True)
        if (row.system, row.variant) == ("umxhq", "wiener")
    }
    assert printed == scores.values


def test_without_the_weights(made: Line, reprosep: Callable[..., Answer]) -> None:
    told = reprosep("score", RUN).sentence()
    assert told == (
        "resources/weights/umxhq/vocals.safetensors: no such file; bring it first with `reprosep get umxhq`"
    )
    assert "needs no training" in reprosep("train", RUN).sentence()


def test_weights_of_another_target(made: Line, reprosep: Callable[..., Answer]) -> None:
    reprosep("get", "umxhq", "--from", "published")
    folder = made.folder / "resources/weights/umxhq"
    (folder / "vocals.safetensors").write_bytes((folder / "drums.safetensors").read_bytes())
    told = reprosep("score", RUN).err.splitlines()[-1]
    assert "vocals.safetensors: is of 'umxhq', drums, expected 'umxhq', vocals; delete it and run" in told


@pytest.mark.parametrize(("changed", "other"), [("vocals", "drums"), ("drums", "vocals")])
def test_other_weights_are_scored_anew(made: Line, reprosep: Callable[..., Answer], changed: str, other: str) -> None:
    """The stamp of an interrupted scoring tells the weights, the target's own and those that the filter takes, too."""
    reprosep("get", "umxhq", "--from", "published")
    run, system = find_run(made.params, RUN)
    before = scorer_for(made.params, run, system, made.results).stamp
    folder = made.folder / "resources/weights/umxhq"
    (folder / f"{changed}.safetensors").write_bytes((folder / f"{other}.safetensors").read_bytes())
    assert scorer_for(made.params, run, system, made.results).stamp != before
