"""The figure of scores by amounts of data: whose cells it shows, what the rows hold, and what an amount is worth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from beyond import PAPER, TARGETS, part
from reprosep.papers.kinds import kind_problem
from reprosep.params.scale import Params
from reprosep.results.amounts_figure import amounts_of, draw_surfaces, mean_surface, worth
from reprosep.results.figures import write_figures
from reprosep.results.tables import write_tables
from synthetic_results import LEVEL, make_params, make_results

NAMES = ["strings", "synthesizer"]
SURFACE = {(0.25, 0.0): 1.0, (1.0, 0.0): 3.0, (0.0, 1.0): 2.0, (0.25, 1.0): 2.5, (1.0, 1.0): 3.5}


def params() -> Params:
    corpora = {"mm-rare": {"targets": NAMES}}
    return make_params(papers=[PAPER], seeds=[42, 43, 44], corpora=corpora)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the paper, with tables and figures from synthetic scores."""
    settings, paper = params(), part(TARGETS)
    results = make_results(tmp_path_factory.mktemp("amounts"), settings, paper)
    folder = results / "papers" / PAPER
    write_tables(settings, paper, results, folder)
    write_figures(settings, paper, results, folder)
    return folder


def test_every_combination_but_nothing_is_trained() -> None:
    paper = part(TARGETS)
    shares = (0.0, 0.25, 1.0)
    wanted = {(recorded, added) for recorded in shares for added in shares} - {(0.0, 0.0)}
    found = amounts_of(paper, paper.figures["amounts"])
    assert set(found.values()) == wanted and len(found) == len(wanted)


def test_rows_are_the_cells_of_the_table(made: Path) -> None:
    paper = part(TARGETS)
    rows = pd.read_csv(made / "amounts.csv").set_index(["row", "column"])
    assert set(rows.index.get_level_values("row")) == set(NAMES) and len(rows) == 8 * len(NAMES)
    table = pd.read_csv(made / "targets.csv").set_index(["row", "column"])
    for (target, label), row in rows.iterrows():
        cell = table.loc[(label, target.capitalize())]
        assert (row["reproduced"], row["songs"]) == (cell["reproduced"], cell["songs"])
    levels = {paper.systems[name].label: LEVEL[name] for name in amounts_of(paper, paper.figures["amounts"])}
    strings = rows.loc["strings", "reproduced"]
    assert np.corrcoef(strings, [levels[label] for label in strings.index])[0, 1] > 0.95


def test_it_is_drawn_of_every_target_and_their_mean(made: Path) -> None:
    drawing = (made / "amounts.svg").stat().st_size, (made / "amounts.png").stat().st_size
    assert min(drawing) > 5000
    surfaces = {"Strings": SURFACE, "Organ": {key: value + 2 for key, value in SURFACE.items()}}
    figure = draw_surfaces(surfaces, "SDR", "MM", "Slakh")
    assert titles(figure) == ["Strings", "Organ", "Mean"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    written = [
        "no data",
        "1.00",
        "3.00",
        "2.00",
        "2.50",
        "3.50",
        "all that is added, alone:\nabout 50% of recordings",
    ]
    assert sorted(texts) == sorted(written)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0%", "100%"]


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_one_target_needs_no_mean_and_many_have_several_rows() -> None:
    assert titles(draw_surfaces({"Organ": SURFACE}, "SDR", "MM", "Slakh")) == ["Organ"]
    figure = draw_surfaces({name: SURFACE for name in "ABCD"}, "SDR", "MM", "Slakh")
    assert (
        titles(figure) == [*"ABCD", "Mean"] and sum(axes.get_visible() for axes in figure.axes) == 6
    )  # with the scale


@pytest.mark.parametrize(
    "alone, share",
    [(1.0, 0.25), (2.0, 0.5), (3.0, 1.0), (0.9, 0.0), (3.1, math.inf), (math.nan, math.nan)],
)
def test_what_all_that_is_added_is_worth(alone: float, share: float) -> None:
    """Half of the way in dB from a quarter to all is half of the recordings."""
    assert worth({**SURFACE, (0.0, 1.0): alone}) == pytest.approx(share, nan_ok=True)


def test_the_mean_is_of_what_all_targets_have() -> None:
    other = {(0.25, 0.0): 2.0, (1.0, 0.0): 5.0}
    assert mean_surface([SURFACE, other]) == {(0.25, 0.0): 1.5, (1.0, 0.0): 4.0}


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"corpora": ["mm-rare"]}, "figures.amounts.corpora: ['mm-rare'], but 'amounts' compares amounts of two"),
        ({"corpora": ["slakh-rare", "mm-rare"]}, "figures.amounts.corpora: ['slakh-rare', 'mm-rare'], but"),
        ({"corpora": ["mm-rare", "flakh"]}, "figures.amounts.corpora: no system has flakh added; list the corpus"),
    ],
)
def test_a_figure_of_other_corpora_is_refused(change: dict[str, list[str]], sentence: str) -> None:
    paper = part(TARGETS)
    figure = paper.figures["amounts"].model_copy(update=change)
    problem = kind_problem(paper.model_copy(update={"figures": {"amounts": figure}}))
    assert problem is not None and problem.startswith(sentence)
