"""Scales that extend one another, and corpora that a scale leaves out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Answer
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.dag.configuration import configuration
from reprosep.dag.reproduce import scale_params
from reprosep.params import files
from reprosep.params.files import merged, scale_file, with_extended
from reprosep.params.reading import parse, recordings_of
from reprosep.params.scale import dump, merge, with_every_corpus
from synthetic import params_content

DEFAULTS = repository() / "params.yaml"
WHY = "it has to be requested"


@pytest.fixture
def scales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a scale into a folder of scales of its own."""
    monkeypatch.setattr(files, "_folder", lambda: tmp_path)

    def write(name: str, **content: Any) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"scale": name, **content}))
        return path

    return write


# ---- extends -----------------------------------------------------------------------------------------------------


def test_a_scale_changes_what_it_extends(scales: Callable[..., Path]) -> None:
    scales("first", training={"epochs": 7, "batch_size": 3}, seeds=[1])
    scales("second", extends="first", training={"epochs": 8})
    path = scales("third", extends="second", seeds=[2])
    assert [one.stem for one in with_extended(path)] == ["first", "second", "third"]
    assert merged([path]) == {"scale": "third", "training": {"epochs": 8, "batch_size": 3}, "seeds": [2]}


def test_a_further_file_may_extend_a_scale(scales: Callable[..., Path], tmp_path: Path) -> None:
    scales("first", training={"epochs": 7})
    own = tmp_path / "elsewhere" / "own.yaml"
    own.parent.mkdir()
    own.write_text("extends: first\nseeds: [3]\n")
    assert merged([own]) == {"scale": "first", "training": {"epochs": 7}, "seeds": [3]}


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ("frist", "extends: unknown scale 'frist' (did you mean 'first'?); allowed: first, second"),
        (["first"], "extends: unknown scale '['first']'"),
        ("second", "second.yaml: extends: 'second' is itself made from this file; name another scale"),
    ],
)
def test_what_cannot_be_extended_is_one_sentence(scales: Callable[..., Path], extends: Any, words: str) -> None:
    scales("first")
    path = scales("second", extends=extends)
    with pytest.raises(UserError) as caught:
        merged([path])
    assert words in str(caught.value)


def test_two_scales_that_extend_each_other(scales: Callable[..., Path]) -> None:
    scales("first", extends="second")
    with pytest.raises(UserError, match="extends: 'second' is itself made from this file"):
        merged([scales("second", extends="first")])


def test_a_misspelt_key_is_told_as_any_other() -> None:
    with pytest.raises(UserError, match="unknown key 'extend'"):
        parse(params_content({"extend": "paper"}))


def test_everyone_reads_the_scale_open_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs that take files, those that take a scale's name, and Snakemake."""
    monkeypatch.chdir(repository())
    expected = merge(
        merge(read_yaml(DEFAULTS), read_yaml(scale_file("paper"))),
        {key: value for key, value in read_yaml(scale_file("open")).items() if key != "extends"},
    )
    assert merged([DEFAULTS, scale_file("open")]) == expected
    assert configuration([Path("params.yaml"), scale_file("open")], {}, []) == expected
    assert scale_params("open", []) == parse(expected)
    assert expected["training"]["epochs"] == 1000


# ---- left out ----------------------------------------------------------------------------------------------------


def test_a_corpus_that_is_left_out_is_none_of_the_scale() -> None:
    whole, params = (parse(params_content({"corpora": {"mm": {"left_out": why}}})) for why in (None, WHY))
    assert "mm" in whole.corpora and not whole.left_out
    assert params.left_out == {"mm": WHY, "mm-detection": WHY, "mm-rare": WHY}  # with its views
    assert set(whole.corpora) - set(params.corpora) == {"mm", "mm-detection", "mm-rare"}
    assert with_every_corpus(params).corpora == params.every_corpus
    assert "mm" not in params.corpora
    assert params.of_corpus("slakh").left_out == params.left_out


def test_parameters_written_out_leave_out_the_same() -> None:
    params = parse(params_content({"corpora": {"mm": {"left_out": WHY}}}))
    assert parse(dump(params)) == params
    assert dump(params)["corpora"]["mm"]["left_out"] == WHY


def test_a_view_with_recordings_of_its_own_can_stay() -> None:
    change = {"musdb": {"left_out": WHY}, "musdb-mono": {"left_out": None, "roots": ["own"]}}
    params = parse(params_content({"corpora": change}))
    assert {*params.left_out} == {"musdb", "musdb-16k"}
    assert recordings_of(params, "musdb-mono") == "musdb-mono"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mm": {"left_uot": WHY}}, "unknown key 'corpora.mm.left_uot' (did you mean 'left_out'?)"),
        ({"mmm": {"left_out": WHY}}, "key 'corpora.mmm.title' is missing"),
        ({"mm": {"left_out": True}}, "corpora.mm.left_out: found True, but"),
        ({"mm": {"left_out": ""}}, "corpora.mm.left_out: found '', but"),
        (
            {name: {"left_out": WHY} for name in ("musdb", "mm", "slakh", "flakh")},
            "corpora: every one is left out, so nothing can be computed",
        ),
    ],
)
def test_a_wrong_word_is_one_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(params_content({"corpora": change}))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_step_of_a_corpus_that_is_left_out_says_why(tmp_path: Path, reprosep: Callable[..., Answer]) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"corpora": {"mm": {"left_out": WHY}}}))
    told = reprosep("catalog", "mm", "-p", DEFAULTS, "-p", own).sentence()
    assert told == f"corpus 'mm' is left out at the scale 'demo': {WHY}"
