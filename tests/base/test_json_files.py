"""JSON that somebody else wrote, or that was damaged: it is read, or one sentence says what is wrong with it."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from reprosep.base import files
from reprosep.base.errors import UserError
from reprosep.base.files import read_json, read_record


def sentence(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_json(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands there twice"),
        (b'{"a": NaN}', "found NaN, which is no finite number"),
        (b'{"a": -Infinity}', "found -Infinity, which is no finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "found a number of 5000 digits"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a": "\xff"}', "not readable as JSON"),
        ('{"a": 1}'.encode("utf-16"), "not readable as JSON"),
        (b'{"a": 1', "not readable as JSON"),
        (b"", "not readable as JSON"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert words in sentence(path)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is no file" in sentence(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in sentence(tmp_path / "pipe")
    assert "no such file" in sentence(tmp_path / "none.json")
    monkeypatch.setattr(files, "_MOST_JSON_BYTES", 1 << 20)
    (tmp_path / "a.json").write_bytes(b" " * (1 << 21))
    assert "more than 1 MiB" in sentence(tmp_path / "a.json")


@pytest.mark.parametrize("content", ["{}", "[]", "1", "null", '"run"', '{"run": 1}', '{"run": null}', '[["run", "x"]]'])
def test_a_record_of_another_shape(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"a\.json: not as this version writes it .*; delete it and run the step again"):
        read_record(path, run=str)
    path.write_text('{"run": "x", "more": []}')
    assert read_record(path, run=str) == {"run": "x", "more": []}


@pytest.mark.parametrize("rounds", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_any_damage_is_read_or_told(tmp_path: Path, rounds: int) -> None:
    draws, path = random.Random(22), tmp_path / "a.json"
    whole = json.dumps({"run": "x", "params": {"a": [1, 2.5, None, True, "é"]}, "epochs": 3}).encode()
    for _ in range(rounds):
        content = bytearray(whole)
        for _ in range(draws.randint(1, 3)):
            content[draws.randrange(len(content))] = draws.randrange(256)
        path.write_bytes(content[: draws.choice([len(content), draws.randrange(len(content))])])
        try:
            read_record(path, run=str, params=dict)
        except UserError as told:
            assert "\n" not in str(told)
