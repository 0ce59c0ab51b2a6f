"""Published methods as runs of a paper: what is planned, what is read, and what is wrong in a file or a paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loopback import write_files
from published_methods import SONGS, method_files, register_methods
from reprosep.base.errors import UserError
from reprosep.base.files import write_json
from reprosep.base.project import repository
from reprosep.cli.app import read_params
from reprosep.corpora import registry
from reprosep.corpora.registry import RECORDS
from reprosep.experiments.kinds import KINDS
from reprosep.experiments.published.scores import scores_of
from reprosep.experiments.runs import needed_runs
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.papers.system import PublishedSystem
from reprosep.params.data import Corpus
from reprosep.params.scale import Params

FILES = method_files()
PAPER = load_paper("sisec2018")


@pytest.fixture
def real() -> Params:
    return read_params([repository() / "params.yaml", repository() / "workflow/scales/real.yaml"])


@pytest.fixture
def mini(real: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """The corpus of three methods."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")
    register_methods(tmp_path / "registry", FILES, ["http://127.0.0.1:9/none.zip"])
    write_files(tmp_path / "mini" / "submissions", FILES)
    return real.corpora["sisec2018"].model_copy(update={"versions": ["mini"], "roots": [str(tmp_path / "mini")]})


def system(method: str, *targets: str) -> PublishedSystem:
    settings = {"kind": "published", "scored": "frames", "label": method, "method": method, "targets": [*targets]}
    return PublishedSystem.model_validate(settings)


def test_every_method_is_one_run_before_anything_is_there(real: Params) -> None:
    runs = needed_runs(real, PAPER)
    assert len(runs) == len(PAPER.systems) == 31
    assert all(run.seed is None and run.targets == tuple(PAPER.systems[run.system].targets) for run in runs)


def test_methods_that_are_not_there_are_not_planned(real: Params, mini: Corpus) -> None:
    params = real.model_copy(update={"corpora": {**real.corpora, "sisec2018": mini}})
    kind = KINDS["published"]

    def planned(method: str, target: str) -> bool:
        return kind.has_target(params, "sisec2018", target, system(method, "vocals", "accompaniment"))

    assert planned("TAK1", "vocals")  # nothing was got yet: all of them may come
    write_json(RECORDS / "mini.json", {})
    assert planned("BEST", "vocals")
    assert not planned("BEST", "drums")
    assert not planned("TAK1", "vocals")
    assert not kind.has_target(params, "musdb", "vocals", system("BEST", "vocals"))  # a corpus of recordings


def test_scores_are_those_of_the_files(mini: Corpus) -> None:
    run = Run("sisec2018", "scores", "good", None, ("vocals", "accompaniment"))
    table = scores_of(mini, run, system("GOOD", "vocals", "accompaniment"))
    assert set(table["song"]) == set(SONGS)
    assert set(table["target"]) == {"vocals", "accompaniment"}
    medians = table.groupby(["target", "song"])["SDR"].median()
    np.testing.assert_allclose(medians, 5.0, atol=0.5)
    assert table[table["frame"] == 0]["dropped"].eq("no score published").all()
    assert not table[table["frame"] > 0]["dropped"].any()
    assert table["seed"].isna().all()


def test_a_changed_file_is_never_computed_with(mini: Corpus) -> None:
    path = Path(mini.roots[0]) / "submissions/GOOD/test" / f"{SONGS[2]}.json"
    path.write_bytes(path.read_bytes().replace(b"5.", b"6."))
    run = Run("sisec2018", "scores", "good", None, ("vocals", "accompaniment"))
    with pytest.raises(UserError, match=r"Song 2.json: another checksum, expected .* as published"):
        scores_of(mini, run, system("GOOD", "vocals", "accompaniment"))


@pytest.mark.parametrize(
    ("method", "targets", "sentence"),
    [
        ("GOOD", ("vocals",), "scores of accompaniment, vocals, but the paper's file says that 'GOOD' has vocals"),
        ("GODO", ("vocals",), "no method 'GODO'.* allowed: BEST, GOOD, ALL4"),
    ],
)
def test_a_paper_that_says_otherwise(mini: Corpus, method: str, targets: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        scores_of(mini, Run("sisec2018", "scores", "x", None, targets), system(method, *targets))


def test_the_paper_tells_what_the_repository_holds() -> None:
    listed = registry.file_list("sisec2018-files.csv")
    assert {one.method for one in PAPER.systems.values()} == set(listed)  # type: ignore[union-attr]
    assert {len(files) for files in listed.values()} == {50}
    oracles = {one.method for one in PAPER.systems.values() if one.oracle}  # type: ignore[union-attr]
    assert oracles == set(registry.load_version("sisec2018").oracles)
