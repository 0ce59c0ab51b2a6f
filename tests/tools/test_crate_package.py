"""Without the package that makes crates, or without results, one sentence says what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Answer
from reprosep.base.project import repository
from reprosep.tools.crate.contents import without_own_places


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text((repository() / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_missing_package_is_named_with_what_brings_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Callable[..., Answer]
) -> None:
    for name in ("rocrate", "rocrate.rocrate"):
        monkeypatch.setitem(sys.modules, name, None)
    sentence = reprosep("crate", "smoke").sentence()
    assert sentence.startswith("the package rocrate is not installed, without which no crate is made; install it with ")
    assert "pip install 'reprosep[crate]'" in sentence and "sh envs/install.sh crate auto" in sentence


def test_results_that_are_not_finished_are_named(place: Path, reprosep: Callable[..., Answer]) -> None:
    pytest.importorskip("rocrate")
    sentence = reprosep("crate", "smoke").sentence()
    assert sentence == (
        "results/smoke/papers/iass/parameters.json: no such file; run `reprosep reproduce smoke` to its end first"
    )
    assert not (place / "results").exists()


def test_where_own_recordings_lie_is_not_told() -> None:
    content = b'{"roots": ["/home/somebody/My songs", "resources/musdb18hq"], "hop": 1024}\n'
    assert json.loads(without_own_places(content)) == {"roots": ["My songs", "resources/musdb18hq"], "hop": 1024}
    plain = b'{ "roots": ["resources/musdb18hq"] }'
    assert without_own_places(plain) == plain
