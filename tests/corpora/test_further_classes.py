"""Tables of further classes of instruments: what they name, change in a catalog, and leave alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pretty_midi
import pytest

from conftest import Line
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.corpora.catalog import check_targets
from reprosep.corpora.further_classes import reclassed
from reprosep.corpora.layout import InstrumentTable
from reprosep.params.instruments import class_tables, further_classes, instrument_classes
from reprosep.params.reading import parse
from reprosep.params.scale import merge
from synthetic import make_params, params_content

TABLES = class_tables()
PROGRAMS = {pretty_midi.program_to_instrument_name(number) for number in range(128)}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_names_labels_and_programs_that_there_are(name: str) -> None:
    known, table = InstrumentTable(), further_classes(name)
    for lists in table.values():
        assert {*lists["programs"]} <= PROGRAMS
        assert {known.target(label, name) for label in lists["labels"]} <= {"", "mixed"}, "a label of the six classes"
    assert not {*table} & {*instrument_classes()}


def catalog(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["instrument", "target"])


@pytest.mark.parametrize(
    "kind, instrument, was, expected",
    [
        ("mm", "string section", "", "strings"),
        ("mm", "Hammond", "", "organ"),
        ("mm", "male singer", "vocals", "vocals"),
        ("mm", "flute", "", ""),
        ("mm", "Main System", "mixed", "mixed"),
        ("mm", "horn section", "", "mixed"),
        ("mm", "violin, cello", "", "strings"),
        ("mm", "violin, flute", "mixed", "mixed"),
        ("mm", "violin, trumpet", "", "mixed"),
        ("slakh", "Ensemble: String Ensemble 1", "", "strings"),
        ("slakh", "Synth Lead: Lead 2 (sawtooth)", "", "synthesizer"),
        ("slakh", "Bass: Synth Bass 1", "bass", "mixed"),
        ("slakh", "Bass: Electric Bass (finger)", "bass", "bass"),
        ("slakh", "Drums: Drums", "drums", "drums"),
    ],
)
def test_the_class_of_a_stem(kind: str, instrument: str, was: str, expected: str) -> None:
    corpus = make_params().corpora[kind].model_copy(update={"classes": "rare"})
    assert list(reclassed(kind, catalog((instrument, was)), corpus)["target"]) == [expected]


def test_without_a_table_a_catalog_is_the_same() -> None:
    table = catalog(("violin", ""))
    assert reclassed("mm", table, make_params().corpora["mm"]) is table


def test_a_view_has_the_songs_and_the_split_of_its_corpus(prepared: Line) -> None:
    own, view = (read_table(prepared.results / name / "catalog.parquet") for name in ("mm", "mm-rare"))
    changed = own["target"] != view["target"]
    assert set(view.loc[changed, "instrument"]) == {"violin"} and set(view.loc[changed, "target"]) == {"strings"}
    pd.testing.assert_frame_equal(own.drop(columns="target"), view.drop(columns="target"))
    mixed = read_table(prepared.results / "mm-rare" / "mixtures" / "strings.parquet")
    assert set(mixed["target"]) == {"strings"} and set(mixed["role"]) == {"target", "accompaniment"}


@pytest.mark.parametrize(
    "least, sentence",
    [
        ({"test": 2}, None),
        ({"test": 3}, r"corpora.x.least_songs.test: 3, but 2 hold 'vocals' \(songs that hold it: A, B, C\); lower it"),
        ({"valid": 1}, r"corpora.x: no valid song holds 'vocals' \(songs that hold it: A, B, C\); move one with"),
    ],
)
def test_how_many_songs_are_enough(least: dict[str, int], sentence: str | None) -> None:
    songs = pd.DataFrame({"song": ["A", "B", "C", "C"], "split": ["train", "test", "test", "test"], "target": "vocals"})
    corpus = make_params().corpora["mm"].model_copy(update={"targets": ["vocals"], "least_songs": least})
    if sentence is None:
        check_targets("x", songs, corpus)
        return
    with pytest.raises(UserError, match=sentence):
        check_targets("x", songs, corpus)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (
            {"mm": {"classes": "rear"}},
            r"corpora.mm.classes: unknown table 'rear' \(did you mean 'rare'\?\); allowed: rare",
        ),
        (
            {"musdb": {"classes": "rare"}},
            r"corpora.musdb.classes: 'rare', but only songs of the kinds medleydb and slakh",
        ),
        (
            {"mm": {"classes": "rare", "targets": ["stringz"]}},
            r"targets: unknown target 'stringz' \(did you mean 'strings'",
        ),
        ({"mm": {"least_songs": {"tset": 3}}}, r"corpora.mm.least_songs"),
    ],
)
def test_a_wrong_table_is_one_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        parse(merge(params_content(), {"corpora": change}))


def test_a_view_of_songs_that_name_no_instruments(line: Callable[..., Line]) -> None:
    """The parameters stay right, as other papers can do without that view."""
    own = {"kind": "folder", "files": {"vocals": ["*vox*"]}, "targets": ["vocals"]}
    params = parse(merge(params_content(), {"corpora": {"mm": own}}))
    with pytest.raises(UserError, match=r"mm-rare.classes: 'rare', but its songs are of kind 'folder'"):
        reclassed("mm-rare", catalog(("vocals", "vocals")), params.corpora["mm-rare"])
