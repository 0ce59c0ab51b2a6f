"""The questions about further targets, from recordings to the figure, on corpora of tones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from beyond import PAPER, TARGETS, part, put_part
from conftest import Line
from reprosep.experiments.runs import needed_runs
from reprosep.params.scale import Params
from synthetic import make_medleydb, make_params, make_split_slakh

STRINGS = {"targets": ["strings"]}
CHANGE: dict[str, Any] = {
    "papers": [PAPER],
    "corpora": {"mm-rare": {**STRINGS, "settings": {"training": {"epochs": 1}}}, "slakh-rare": STRINGS},
}


def recordings(folder: Path) -> None:
    """MM whose violins are the strings, and Slakh with a string ensemble in the place of its organ."""
    make_medleydb(folder / "mm")
    for path in make_split_slakh(folder / "slakh").rglob("metadata.yaml"):
        path.write_text(path.read_text().replace("Organ 17", "String Ensemble 1"))


@pytest.fixture(scope="module")
def params() -> Params:
    return make_params(CHANGE)


@pytest.fixture(scope="module")
def computed(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Line:
    line = Line(tmp_path_factory.mktemp("targets"), params)
    recordings(line.folder / "recordings")
    put_part(line.folder, TARGETS)
    for corpus in ("mm", "slakh"):
        for step in ("recordings", "catalog"):
            line.step(step, corpus, 1)
    for corpus in ("mm-rare", "slakh-rare"):
        line.prepare(corpus)
    runs = needed_runs(params, part(TARGETS))
    for run in runs:
        if run.seed is not None:
            line.step("train", [run.id])
        line.step("score", [run.id], 1)
    for step in ("tables", "figures", "claims"):
        line.step(step, PAPER)
    return line


@pytest.mark.slow
def test_every_amount_is_scored_and_shown(computed: Line, params: Params) -> None:
    folder = computed.results / "papers" / PAPER
    rows = pd.read_csv(folder / "amounts.csv")
    assert set(rows["row"]) == {"strings"} and len(rows) == 8 and np.isfinite(rows["reproduced"]).all()
    assert rows["reproduced"].nunique() == 8, "networks that were trained on other songs"
    assert (folder / "amounts.png").stat().st_size > 5000
    claims = pd.read_csv(folder / "claims.csv")
    assert set(claims["claim"]) == {claim.id for claim in part(TARGETS).questions}
