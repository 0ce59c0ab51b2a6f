"""The table of instruments: labels, near misses, and the classes of the separation papers that they make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.detectors import instruments
from reprosep.experiments.detectors.checks import check_detection
from reprosep.experiments.detectors.instruments import (
    check_instruments,
    instrument_table,
    instruments_of,
    instruments_of_class,
    with_instruments,
)
from reprosep.papers.loading import load_paper
from reprosep.params.instruments import instrument_classes
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

MERGED = {  # Section 4.2.3 of the IASS paper
    "vocals": {"male singer", "female singer"},
    "bass": {"electric bass", "double bass"},
    "piano": {"piano", "electric piano"},
    "electric-guitar": {"clean electric guitar", "distorted electric guitar"},
    "acoustic-guitar": {"acoustic guitar"},
    "drums": {"drum set"},
}
PAPERS = {"papers": ["iass", "activity"]}


def params_of(scale: str = "demo", change: dict[str, Any] | None = None) -> Params:
    content = read_yaml(repository() / "params.yaml")
    path = repository() / "workflow" / "scales" / f"{scale}.yaml"
    return parse(merge(merge(content, read_yaml(path) if path.exists() else {}), change or {}))


@pytest.fixture
def table_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A table of one's own in place of the repository's."""
    path = tmp_path / "table.yaml"
    monkeypatch.setattr(instruments, "TABLE", str(path))
    instrument_table.cache_clear()
    yield path
    instrument_table.cache_clear()


# ---- the table ---------------------------------------------------------------------------------------------------


def test_every_label_belongs_to_one_instrument() -> None:
    labels = [label.casefold() for labels in instrument_table().values() for label in labels]
    assert len(labels) == len(set(labels)) > 50
    assert all(labels for labels in instrument_table().values())


def test_labels_are_known_ones() -> None:
    """MedleyDB's taxonomy and Mixing Secrets' own, as the catalog knows them, and none that says 'several'."""
    content = read_yaml(repository() / "workflow" / "instruments.yaml")
    known = {label.casefold() for labels in content["classes"].values() for label in labels}
    known |= {str(label).casefold() for label in content["others"]}
    mixed = {str(label).casefold() for label in content["mixed"]}
    for name, labels in instrument_table().items():
        assert {label.casefold() for label in labels} <= known - mixed, name
        assert name.casefold() in {label.casefold() for label in labels}, name


def test_an_instrument_is_of_one_class_or_none() -> None:
    """Else a detection of it would stand for two targets, or only some of its stems for one."""
    owner = {label.casefold(): name for name, labels in instrument_classes().items() for label in labels}
    for name, labels in instrument_table().items():
        assert len({owner.get(label.casefold()) for label in labels}) == 1, name


@pytest.mark.parametrize("scale", ["demo", "standin", "paper"])
def test_classes_are_merged_as_in_the_paper(scale: str) -> None:
    chosen = params_of(scale).detection.instruments
    assert len(chosen) == (14 if scale == "demo" else 18)
    assert {target: set(instruments_of_class(target, chosen)) for target in MERGED} == MERGED
    assert instruments_of_class("guitar", chosen) == [] == instruments_of_class("vocals", ["piano"])


@pytest.mark.parametrize("scale", ["demo", "smoke", "standin", "paper"])
def test_every_scale_names_instruments_of_the_table(scale: str) -> None:
    check_instruments(params_of(scale))


def test_two_instruments_with_one_label(table_file: Path) -> None:
    table_file.write_text("instruments: {piano: [piano, Keys], organ: [keys]}")
    with pytest.raises(UserError, match=r"label 'keys' is of 'piano' and of 'organ'; keep one"):
        instrument_table()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("classes: {}", "instruments: missing; expected a mapping"),
        ("instruments: [piano]", "instruments: .*expected a mapping of instruments to labels"),
        ("instruments: {piano: piano}", "instruments.piano: .*expected a list of labels"),
        ("instruments: {piano: }", "instruments.piano: .*expected a list of labels"),
        ("instruments: {piano: []}", "instruments.piano: .*expected a list of labels"),
    ],
)
def test_wrong_tables(table_file: Path, content: str, told: str) -> None:
    table_file.write_text(content)
    with pytest.raises(UserError, match=told):
        instrument_table()


def test_labels_that_are_numbers_are_text(table_file: Path) -> None:
    table_file.write_text("instruments: {'808': [808]}")
    assert instrument_table() == {"808": ["808"]} and instruments_of([808], ["808"]) == ["808"]


# ---- stems -------------------------------------------------------------------------------------------------------


@given(st.data())
def test_labels_are_compared_without_case(data: st.DataObject) -> None:
    table = instrument_table()
    name = data.draw(st.sampled_from(sorted(table)))
    label = data.draw(st.sampled_from(table[name]))
    changed = "".join(data.draw(st.sampled_from([letter.upper(), letter.lower()])) for letter in label)
    assert instruments_of([changed, label, "no such label"], [name]) == [name, name, None]
    assert instruments_of([label], [other for other in table if other != name]) == [None]


def test_stems_of_others_are_left_out() -> None:
    stems = pd.DataFrame(
        {"instrument": ["Rhodes", "accordion", "PIANO", "Fiddle"], "row": range(4)}, index=[7, 5, 3, 1]
    )
    found = with_instruments(stems, ["piano", "electric piano"])
    assert found["instrument"].tolist() == ["electric piano", "piano"] and found["row"].tolist() == [0, 2]
    assert stems["instrument"].tolist()[0] == "Rhodes"
    assert with_instruments(stems, ["tabla"]).empty


# ---- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ["piano", "tablas"],
            r"detection.instruments: unknown instrument 'tablas' \(did you mean 'tabla'\?\); add it to ",
        ),
        (
            ["piano", "xyz"],
            r"unknown instrument 'xyz'; add it to workflow/detected-instruments.yaml or take one of: male",
        ),
    ],
)
def test_unknown_instruments(names: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        check_instruments(params_of(change={"detection": {"instruments": names}}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"instruments": ["piano", "piano"]}, r"detection.instruments: .*'piano'"),
        ({"instruments": ["piano"]}, "detection.instruments"),
        ({"clip_seconds": 0.3}, "detection.clip_seconds: 0.3 must divide a second: 1.0, 0.5"),
        ({"clip_seconds": 3.0}, "detection.clip_seconds: 3.0 must divide a second"),
        ({"lowest": 9000.0}, "detection.lowest: 9000.0 must be below detection.highest"),
        ({"valid_share": 0.5, "test_share": 0.5}, "detection.test_share: .*no songs to train on"),
    ],
)
def test_wrong_parameters(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        params_of(change={"detection": change})


def test_a_gated_target_needs_an_instrument() -> None:
    chosen = [name for name in params_of().detection.instruments if "bass" not in name]
    papers = [load_paper(name) for name in PAPERS["papers"]]
    with pytest.raises(UserError, match=r"none of them is 'bass', a target that 'crnn' gates on corpus 'mm'; add one"):
        check_detection(params_of(change={**PAPERS, "detection": {"instruments": chosen}}), papers)
    check_detection(params_of(change=PAPERS), papers)


def test_instruments_do_not_matter_without_detectors() -> None:
    """Whoever does not compute the paper may have any list."""
    wrong = {"papers": ["iass"], "detection": {"instruments": ["piano", "sousaphone"]}}
    check_detection(params_of(change=wrong), [load_paper("iass")])
