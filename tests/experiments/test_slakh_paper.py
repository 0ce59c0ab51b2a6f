"""The Slakh paper's file: its runs, cells, published values, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.cells import table_cells
from reprosep.experiments.runs import corpora_of, find_run, needed_runs, scored_on
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge


@pytest.fixture(scope="module")
def demo() -> Params:
    return parse(merge(read_yaml(repository() / "params.yaml"), {"papers": ["slakh"]}))


@pytest.fixture(scope="module")
def slakh() -> Paper:
    return load_paper("slakh")


def test_runs_of_the_demo(demo: Params, slakh: Paper) -> None:
    found = needed_runs(demo, slakh)
    trained = [run for run in found if run.seed is not None]
    assert (len(found), len(trained)) == (46, 16)
    assert len([run for run in trained if run.corpus == "slakh"]) == 8
    assert {run.target for run in trained if run.corpus == "musdb-16k"} == {"bass", "drums"}


def test_what_runs_read(demo: Params, slakh: Paper) -> None:
    run, system = find_run(demo, "musdb-16k_drums_musdb-flakh_s42")
    assert corpora_of(demo, run, system) == ["musdb-16k", "flakh", "slakh"]
    assert scored_on(demo, run, system) == ["musdb-16k", "slakh"]
    run, system = find_run(demo, "slakh_guitar_slakh-small_s42")
    assert corpora_of(demo, run, system) == scored_on(demo, run, system) == ["slakh"]
    run, system = find_run(demo, "musdb-16k_bass_irm")
    assert corpora_of(demo, run, system) == ["musdb-16k"]


def test_published_values(demo: Params, slakh: Paper) -> None:
    found = {
        (name, cell.row, cell.column): cell.published
        for name in ("table-2", "table-3")
        for cell in table_cells(demo, slakh, slakh.tables[name])
    }
    assert found["table-2", "MUSDB18 + Slakh", "Drums"] == 3.6 and found["table-2", "IBM", "Bass"] == 5.9
    assert found["table-3", "MUSDB18 + Flakh", "Bass"] == -10.2 and found["table-3", "Slakh", "Piano"] == -2.2
    assert found["table-3", "Truncated phase sensitive", "Guitar"] == 7.3
    assert ("table-3", "MUSDB18", "Guitar") not in found
    assert all(value is not None for value in found.values())
    assert {cell.statistic for cell in table_cells(demo, slakh, slakh.tables["table-2"])} == {"mean"}


def test_without_flakh_its_rows_are_left_out(slakh: Paper) -> None:
    content = read_yaml(repository() / "params.yaml")
    del content["corpora"]["flakh"]
    found = needed_runs(parse(merge(content, {"papers": ["slakh"]})), slakh)
    assert found and not any(run.system == "musdb-flakh" for run in found)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"musdb": {"clips": []}}, "systems.musdb.clips: found [], but list should have at least 1 item"),
        ({"musdb": {"model": "open-unmix"}}, "systems.musdb.model: found 'open-unmix', but input should be 'blstm'"),
        ({"musdb": {"scored": "whole"}}, "systems.musdb.scored: found 'whole', but input should be 'tracks'"),
        (
            {"musdb": {"kind": "clip"}},
            "systems.musdb.kind: unknown kind 'clip' (did you mean 'clips'?); allowed: target,",
        ),
        ({"musdb": {"kind": None}}, "systems.musdb.kind: unknown kind 'None'"),
        ({"musdb": {"blocks": 3}}, "unknown key 'systems.musdb.blocks'; allowed here: "),
        ({"tpsf": {"scored": "frames"}}, "systems.tpsf.scored: frames, but tpsf is of tracks alone; set it to tracks"),
        ({"ibm": {"mask": {"n_fft": 64}, "scored": "whole"}}, "systems.ibm.sources: [], scored: whole; an oracle that"),
    ],
)
def test_systems_that_do_not_fit(
    change: dict[str, Any], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = merge(read_yaml(repository() / "workflow/papers/slakh.yaml"), {"systems": change})
    (tmp_path / "workflow/papers").mkdir(parents=True)
    (tmp_path / "workflow/papers/slakh.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setattr("reprosep.papers.loading.repository", lambda: tmp_path)
    with pytest.raises(UserError) as caught:
        load_paper("slakh")
    assert sentence in str(caught.value)


def test_a_stereo_corpus_is_refused(demo: Params) -> None:
    content = merge(read_yaml(repository() / "params.yaml"), {"papers": ["slakh"]})
    stereo = parse(merge(content, {"corpora": {"slakh": {"channels": 2}}}))
    with pytest.raises(
        UserError, match=r"corpora.slakh.channels: 2, but corpora trained on together are mono; set it to 1"
    ):
        needed_runs(stereo, load_paper("slakh"))
