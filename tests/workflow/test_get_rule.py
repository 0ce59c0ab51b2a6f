"""The DAG gets the published versions of a corpus before it reads it, once, and plans the same afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from project import SCALE, copy_project, snakemake

from loopback import Server, entry_of, register, zipped
from synthetic import make_medleydb, make_musdb

TARGETS = ["results/smoke/musdb/recordings.json", "results/smoke/mm/recordings.json"]


def run(folder: Path, *arguments: str) -> str:
    answer = snakemake(folder, "--configfile", SCALE, "real.yaml", *arguments, "--", *TARGETS)
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def change(corpus: str, **keys: Any) -> dict[str, Any]:
    return {corpus: {"versions": [corpus], "roots": [f"resources/{corpus}"], "standin": None, **keys}}


def test_versions_are_got_before_they_are_read(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """One corpus is downloaded; the songs of the other are in their place, and it is noticed when they change."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder, registry = copy_project(tmp_path / "project"), tmp_path / "project/workflow/corpora"
    published = make_musdb(tmp_path / "published", seconds=1.0)
    files = {str(path.relative_to(published)): path.read_bytes() for path in sorted(published.rglob("*.wav"))}
    content = zipped(files)
    register(registry, "musdb", [entry_of("musdb.zip", content, [server.serve("/musdb.zip", content)])])
    make_medleydb(folder / "resources/mm")
    gated = {"kind": "medleydb", "access": "request", "mixture": "mastered", "instructions": "Ask."}
    register(registry, "mm", [], sorted(path.name for path in (folder / "resources/mm/Audio").iterdir()), **gated)
    corpora = change("musdb", valid_fraction=0.0) | change("mm")
    (folder / "real.yaml").write_text(yaml.safe_dump({"corpora": corpora}))

    run(folder)
    assert len(server.log) == 1
    assert (folder / "resources/.verified/musdb.json").is_file()
    assert (folder / "resources/.verified/mm.json").is_file()
    assert "Nothing to be done" in run(folder, "-n")

    song = next((folder / "resources/mm/Audio").glob("*/*_STEMS/*.wav"))
    song.write_bytes(song.read_bytes())
    plan = run(folder, "-n")
    assert "rule recordings" in plan and "corpus=mm" in plan and "corpus=musdb" not in plan


def test_a_gated_version_that_is_missing_stops_with_its_page(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    (folder / "real.yaml").write_text(yaml.safe_dump({"corpora": change("mm", versions=["medleydb-v1"])}))
    elsewhere = snakemake(folder, "-n", "--configfile", SCALE, "real.yaml", "--", TARGETS[1])
    assert "resources/.verified" not in elsewhere.stdout, "the version's folder is none of the roots"
    roots = {"versions": ["medleydb-v1"], "roots": ["resources/medleydb"]}
    (folder / "real.yaml").write_text(yaml.safe_dump({"corpora": change("mm", **roots)}))
    answer = snakemake(folder, "--configfile", SCALE, "real.yaml", "--", TARGETS[1])
    assert answer.returncode != 0
    assert "reprosep: medleydb-v1: 0 of 122 songs of MedleyDB V1 are in resources/medleydb" in answer.stdout
    assert 'press "Request access"' in answer.stdout
