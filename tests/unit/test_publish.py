"""What is published of a finished scale: tables, claims and runs as they are, and a page with every cell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from test_results_whole import make_params, make_results

from reprosep.errors import UserError
from reprosep.papers import load_paper
from reprosep.params import Params
from reprosep.results.claims import write_claims
from reprosep.results.publish import publish
from reprosep.results.tables import write_tables


@pytest.fixture(scope="module")
def settings() -> Params:
    return make_params(seeds=[42, 43])


@pytest.fixture(scope="module")
def results(settings: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    paper = load_paper("iass")
    made = make_results(tmp_path_factory.mktemp("results"), settings, paper)
    write_tables(settings, paper, made, made / "papers/iass")
    write_claims(settings, paper, made, made / "papers/iass")
    return made


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
            assert f"({cell['published']:.2f})" in page
    for _, claim in pd.read_csv(results / "papers/iass/claims.csv").iterrows():
        verdict = "" if pd.isna(claim["verdict"]) else claim["verdict"]
        assert f"{claim['statement']} | {claim['target']} | {verdict} |" in page


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
