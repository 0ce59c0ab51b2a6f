"""`reprosep get` of published scores: whole by method and as published, from a server, an archive or folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import Answer
from loopback import Server, tarred, work_with_own_registry, write_files, zipped
from published_methods import method_files, register_methods
from reprosep.corpora import registry

Command = Callable[..., Answer]
FILES = method_files()
ARCHIVE = zipped({f"mini-62fb479/submissions/{path}": content for path, content in FILES.items()})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work_with_own_registry(tmp_path, monkeypatch, registry)
    register_methods(tmp_path / "registry", FILES, ["http://127.0.0.1:9/none.zip"])
    return tmp_path


def there(place: Path) -> dict[str, bytes]:
    folder = place / "resources/mini/submissions"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")}


def test_an_archive_is_downloaded_and_every_file_verified(place: Path, server: Server, reprosep: Command) -> None:
    register_methods(place / "registry", FILES, [server.serve("/mini.zip", ARCHIVE)])
    answer = reprosep("get", "mini")
    assert (answer.status, "3 methods in resources/mini, verified" in answer.err) == (0, True)
    assert there(place) == FILES
    assert "nothing to be done" in reprosep("get", "mini").err


def test_a_file_that_is_another_is_named(place: Path, reprosep: Command) -> None:
    changed = FILES | {"GOOD/test/Artist 3 - Song 3.json": b"{}"}
    (place / "given.zip").write_bytes(zipped({f"x/submissions/{path}": content for path, content in changed.items()}))
    answer = reprosep("get", "mini", "--from", "given.zip")
    assert answer.status != 0
    assert "GOOD/test/Artist 3 - Song 3.json: 2 bytes, expected" in answer.err
    assert not (place / "resources/.verified/mini.json").exists()


def test_methods_that_are_missing_are_told(place: Path, reprosep: Command, caplog: pytest.LogCaptureFixture) -> None:
    write_files(place / "mine", {path: content for path, content in FILES.items() if not path.startswith("ALL4")})
    answer = reprosep("get", "mini", "--from", "mine")
    assert answer.status == 0
    assert "1 of 3 methods of Tiny are not there and are left out: ALL4" in caplog.text
    assert json.loads((place / "resources/.verified/mini.json").read_text())["songs"] == 2


def test_a_method_that_is_not_whole_is_refused(place: Path, reprosep: Command) -> None:
    write_files(place / "mine", {path: content for path, content in FILES.items() if "Song 6" not in path})
    answer = reprosep("get", "mini", "--from", "mine")
    assert answer.status != 0
    assert "1 of 7 files of 'ALL4' are missing, e.g. ALL4/test/Artist 6 - Song 6.json" in answer.err


@pytest.mark.parametrize(("mode", "suffix"), [("w:xz", ".tar.xz"), ("w:gz", ".tar.gz")])
def test_methods_packed_one_by_one(place: Path, reprosep: Command, mode: str, suffix: str) -> None:
    for method in ("BEST", "GOOD"):
        own = {path: content for path, content in FILES.items() if path.startswith(method)}
        write_files(place / "packed", {f"{method}{suffix}": tarred(own, mode)})
    answer = reprosep("get", "mini", "--from", "packed")
    assert (answer.status, "2 methods in resources/mini" in answer.err) == (0, True)


def test_a_folder_without_methods(place: Path, reprosep: Command) -> None:
    (place / "mine").mkdir()
    answer = reprosep("get", "mini", "--from", "mine")
    assert answer.status != 0
    assert "no method of Tiny in it" in answer.err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"file_list": None}, "file_list: missing"), ({"kind": "musdb", "suffix": ".wav"}, "sample_rates, channels")],
)
def test_an_entry_says_what_its_kind_needs(place: Path, reprosep: Command, changes: dict, sentence: str) -> None:
    entry = place / "registry/mini.yaml"
    entry.write_text(yaml.safe_dump({**yaml.safe_load(entry.read_text()), "sample_rates": [], **changes}))
    assert sentence in reprosep("get", "mini").err
