"""What is published of a finished scale: tables, claims and runs as they are, and a page with every cell."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.claims.table import write_claims
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge
from reprosep.report.parameters import record_of, write_record
from reprosep.report.publish import publish, publish_scale, publish_steps
from reprosep.results.tables import write_tables
from synthetic_results import make_params, make_results


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(seeds=[42, 43])


@pytest.fixture(scope="module")
def results(settings: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    paper = load_paper("iass")
    made = make_results(tmp_path_factory.mktemp("results"), settings, paper)
    write_tables(settings, paper, made, made / "papers/iass")
    write_claims(settings, paper, made, made / "papers/iass")
    write_record(settings, "iass", paper, made / "papers/iass")
    return made


@pytest.fixture(scope="module")
def published(settings: Params, results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("published")
    publish(settings, "iass", results, output, "reprosep reproduce demo")
    return output


def test_tables_are_copied_and_every_cell_is_on_the_page(settings: Params, results: Path, tmp_path: Path) -> None:
    written = publish(settings, "iass", results, tmp_path, "reprosep reproduce demo")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    page = (tmp_path / "README.md").read_text()
    assert "stand-in corpora" in page and "seeds 42, 43" in page and "    reprosep reproduce demo\n" in page
    for name in load_paper("iass").tables:
        source = results / "papers/iass" / f"{name}.csv"
        assert (tmp_path / source.name).read_bytes() == source.read_bytes()
        for _, cell in pd.read_csv(source).iterrows():
            assert f"**{cell['reproduced']:.2f}**" in page
            assert pd.isna(cell["published"]) or f"({cell['published']:.2f})" in page
    claims = pd.read_csv(results / "papers/iass/claims.csv").query("target == 'all'")
    for _, claim in claims.iterrows():
        assert claim["statement"] in page and f"| {claim['verdict']} |" in page
    counts = claims.query("asked_by == 'the paper'")["verdict"].value_counts()
    assert page.index("## The paper's claims") < page.index("## Our own questions")
    assert f"Of {counts.sum()}: {counts['holds']} holds" in page


def test_every_training_is_listed_with_its_device(settings: Params, results: Path, tmp_path: Path) -> None:
    publish(settings, "iass", results, tmp_path, "reprosep reproduce demo")
    table = pd.read_csv(tmp_path / "runs.csv")
    assert len(table) == len(list((results / "runs").iterdir())) == 60
    assert set(table["device"]) == {"cpu"} and set(table["seed"]) == {42, 43}
    assert table["device_seconds"].sum() == pytest.approx(60 * 58.0)


def test_a_missing_table_is_told_and_nothing_is_written(settings: Params, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"table-1.csv: no such file; run `reprosep reproduce demo`"):
        publish(settings, "iass", tmp_path / "nothing", tmp_path / "output", "reprosep reproduce demo")
    assert not (tmp_path / "output").exists()


def test_cells_are_those_of_runs_with_one_seed_and_of_the_tables(
    settings: Params, results: Path, published: Path, tmp_path: Path
) -> None:
    cells = pd.read_csv(published / "cells.csv", dtype={"seed": str}, keep_default_na=False)
    paper, keys = load_paper("iass"), ["row", "column", "metric"]
    one = settings.model_copy(update={"seeds": [43]})
    write_tables(one, paper, results, tmp_path)
    for seed, folder in (("43", tmp_path), ("all", results / "papers/iass")):
        for name in [*paper.tables, *(f"{name}-common-frames" for name in paper.tables)]:
            table = pd.read_csv(folder / f"{name}.csv").set_index(keys)["reproduced"]
            own = cells[(cells["table"] == name) & cells["seed"].isin([seed, ""])].set_index(keys)["value"]
            np.testing.assert_array_equal(pd.to_numeric(own[table.index]), table)
    assert set(cells["seed"]) == {"42", "43", "all", ""} and set(cells["table"]) > {"figure-4", "figure-5"}


def test_oracles_and_rates_have_no_seed_except_on_common_frames(published: Path) -> None:
    cells = pd.read_csv(published / "cells.csv", dtype={"seed": str}, keep_default_na=False)
    none = cells[cells["seed"] == ""]
    assert set(none["table"]) == {"table-3", "figure-4"}
    assert set(none["column"]) == {"IBM", "input-SDR", "activation rate"}
    assert not cells[cells["column"].isin(["IBM", "input-SDR"]) & (cells["table"] == "table-3")]["seed"].any()


def test_origin_and_parameters_are_told(settings: Params, published: Path) -> None:
    told = json.loads((published / "published.json").read_text())
    assert told["seeds"] == [42, 43] and told["beside"] == [] and told["scale"] == "demo"
    assert told["commits"] and told["versions"] and told["hardware"]
    assert told["parameters"]["training.epochs"] == settings.training.epochs
    assert told["parameters"]["corpora.mm.standin.songs.all"] and "statistics.bootstrap" not in told["parameters"]
    assert not any(key.startswith(("corpora.slakh", "machine", "report")) for key in told["parameters"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seeds": [42]}, r"parameters.json: seeds 42, 43, but the parameters have 42; give every --configfile"),
        ({"seeds": [42, 43], "stft": {"hop": 256}}, r"computed with other parameters \(stft.hop: 512 → 256, from the"),
    ],
)
def test_results_of_other_parameters_are_refused(
    results: Path, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        publish(make_params(**change), "iass", results, tmp_path / "output", "reprosep reproduce demo")
    assert not (tmp_path / "output").exists()


def test_steps_are_told_once_for_a_scale(results: Path, tmp_path: Path) -> None:
    table = pd.read_csv(publish_steps(results, tmp_path))
    assert list(table["step"]) == ["score"] and table["jobs"].iloc[0] == len(list(results.glob("benchmarks/score/*")))


@pytest.mark.parametrize("scale", ["demo", "smoke", "standin", "paper"])
def test_the_parameters_of_every_paper_are_recorded(scale: str) -> None:
    files = [f"workflow/scales/{scale}.yaml", "workflow/examples/all-papers.yaml"]
    content = read_yaml(repository() / "params.yaml")
    for file in files:
        content = merge(content, read_yaml(repository() / file))
    params = parse(content)
    for name in params.papers:
        parameters = record_of(params, name, load_paper(name))["parameters"]
        assert "audio.sample_rate" in parameters
        assert not any(key.startswith(("seeds", "statistics", "machine")) for key in parameters)


def test_a_demo_of_today_has_the_parameters_that_the_published_had() -> None:
    """Else every newcomer is told of other parameters: publish again, or say why a published key means nothing now."""
    params = parse(merge(read_yaml("params.yaml"), read_yaml("workflow/scales/demo.yaml")))
    published = json.loads((repository() / "results-published/demo/iass/published.json").read_text())
    assert record_of(params, "iass", load_paper("iass"))["parameters"] == published["parameters"]


def test_nothing_is_published_among_the_results(
    settings: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings.results.mkdir(parents=True)
    with pytest.raises(UserError, match="which this command reads"):
        publish_scale(settings, settings.results.parent, "reprosep reproduce demo")
