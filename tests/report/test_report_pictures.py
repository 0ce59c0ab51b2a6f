"""What the report's pictures show: axes, claims, tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from reprosep.claims.verdicts import region
from reprosep.papers.claim import Claim
from reprosep.report.axes import axis_of
from reprosep.report.pictures import claims_pictures, table_panels

NAN = float("nan")


def asked(expect: str, margin: float) -> Claim:
    side = {"system": "x"}
    content = {"id": "c", "statement": "c", "source": "c", "corpus": "c", "metric": "SDR", "statistic": "median"}
    sides = {"left": side, "right": side, "quantifier": "all"}
    return Claim.model_validate({**content, **sides, "expect": expect, "margin": margin})


def claim(expect: str = "greater", margin: float = 0.0, metric: str = "SDR", rows: Any = None) -> dict[str, Any]:
    total = {"claim": "c", "statement": "It is better", "verdict": "holds", "target": "all", "metric": metric}
    numbers = {"effect": 2.0, "ci_low": NAN, "ci_high": NAN, "published_effect": 2.0}
    own = region(asked(expect, margin))
    rows = rows if rows is not None else [row()]
    return {**total, **numbers, "expect": expect, "margin": margin, "region": own, "rows": rows}


def row(target: str = "acoustic-guitar", verdict: Any = "holds", effect: float = 1.5) -> dict[str, Any]:
    numbers = {"effect": effect, "ci_low": 0.5, "ci_high": 12.0, "published_effect": NAN}
    return {"target": target, "verdict": verdict, **numbers}


def test_an_axis_holds_all_its_values_in_their_order() -> None:
    for shape in ("linear", "bent"):
        axis = axis_of([-3.0, NAN, None, 0.0, 0.2, 11.0], shape, 0.5)  # type: ignore[arg-type]
        assert axis is not None
        places = [axis.place(value) for value in (-3.0, 0.0, 0.2, 11.0)]
        assert places == sorted(places) and places[0] == 5.0 and places[-1] == 95.0
        assert 0 in axis.ticks and len(axis.ticks) >= 3
        named = [axis.place(tick) for tick in axis.ticks]
        assert min(np.diff(named)) >= 10


def test_an_axis_far_beyond_its_ends_and_of_one_value() -> None:
    axis = axis_of([1.0, 1.0])
    assert axis is not None and axis.place(1.0) == 50 and axis.place(1e9) == 95
    assert axis_of([NAN, None]) is None
    assert axis_of([0.0, 5.0], "logarithmic").shape == "linear"  # type: ignore[union-attr]


def test_a_logarithmic_axis_names_powers_of_ten() -> None:
    axis = axis_of([7.0, 176581.0], "logarithmic")
    assert axis is not None and axis.ticks == [10.0, 100.0, 1000.0, 10000.0, 100000.0]


def test_claims_of_a_unit_share_an_axis_and_name_targets_in_full() -> None:
    cost = {**row("EBW P1 over UW", effect=2.0), "ci_low": NAN, "ci_high": NAN, "published_effect": 2.0}
    others = [claim("comparable", 0.5), claim(metric="AUC"), claim("times-less", 2.0, metric="iterations", rows=[cost])]
    pictures = claims_pictures([claim(), *others])
    assert [picture["unit"] for picture in pictures] == ["dB", "", "times"]
    first, second = pictures[0]["panels"]
    assert first["rows"][0]["name"] == "Acoustic guitar" and first["rows"][0]["published"] is None
    assert second["margins"] == [-0.5, 0.5] and pictures[0]["axis"].high == 12.0
    (panel,) = pictures[2]["panels"]
    (cost_row,) = panel["rows"]
    assert cost_row["name"] == "EBW P1 over UW" and cost_row["published"] == 2.0 and cost_row["low"] is None


def test_claims_about_leakage_have_an_axis_of_their_own() -> None:
    pictures = claims_pictures([claim(), claim(metric="Leakage", rows=[row(effect=-30.0)])])
    assert [(picture["unit"], picture["axis"].shape) for picture in pictures] == [("dB", "bent"), ("dB", "linear")]
    assert pictures[0]["axis"].place(-25.0) == 5.0 < pictures[1]["axis"].place(-25.0)


def test_comparisons_of_targets_have_readable_names() -> None:
    rows = [row("vocals against electric-guitar"), row("mean of targets, SIR against SAR"), row("drums, UW over DWA")]
    (picture,) = claims_pictures([claim("largest", rows=rows)])
    names = [one["name"] for one in picture["panels"][0]["rows"]]
    assert names == ["Vocals against electric guitar", "Mean of targets, SIR against SAR", "Drums, UW over DWA"]


def test_claims_without_any_number_have_no_picture() -> None:
    empty = {"effect": NAN, "ci_low": NAN, "ci_high": NAN}
    (picture,) = claims_pictures([claim(rows=[{**row(), **empty}])])
    assert picture["panels"][0]["rows"][0]["effect"] is None
    assert claims_pictures([]) == []


def cell(value: float, published: float | None, mark: int | None = None) -> dict[str, Any]:
    return {"reproduced": value, "ci_low": value - 1, "ci_high": value + 1, "published": published, "mark": mark}


def test_the_panels_of_a_table() -> None:
    columns = [{"name": "SDR"}, {"name": "SIR"}]
    rows = [
        {"name": "Acoustic guitar", "sublabel": "IASS", "cells": [cell(1.0, 2.0, mark=1), None]},
        {"name": "Vocals", "sublabel": "IASS", "cells": [cell(3.0, None), cell(NAN, None)]},
    ]
    (panel,) = table_panels(True, columns, rows)  # a column without any value has no panel
    assert panel["name"] == "SDR" and (panel["axis"].low, panel["axis"].high) == (0.0, 4.0)
    assert [one["doubtful"] for one in panel["rows"]] == [True, False]


def test_counts_that_differ_widely_are_on_axes_of_their_own() -> None:
    columns = [{"name": "Songs"}, {"name": "Hours"}]
    rows = [{"name": "x", "sublabel": "", "cells": [cell(value + 1, value), cell(2.0, 3.0)]} for value in (7, 2e5)]
    songs, hours = table_panels(False, columns, rows)
    assert songs["axis"].shape == "logarithmic" and hours["axis"].shape == "linear" and hours["axis"].low == 0


def test_leakage_has_an_axis_of_its_own() -> None:
    columns = [{"name": "Avg"}, {"name": "Leakage"}]
    cells = [{**cell(3.0, None), "metric": "Avg"}, {**cell(-40.0, None), "metric": "Leakage"}]
    first, second = table_panels(True, columns, [{"name": "Vocals", "sublabel": "", "cells": cells}])
    assert first["axis"].low > -5 and second["axis"].low < -39
