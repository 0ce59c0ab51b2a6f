"""The commands that README.md and docs/ show, typed at the scale smoke where `demo` stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from project import ODD, environment, finished_smoke, link_environment

from documented import Block, blocks, pages
from moments import LONG
from published_methods import SONGS, song_scores
from reprosep.base.project import repository
from synthetic import wave, write_wave

TARGETS = ("vocals", "drums")
SMOKE = {"REPROSEP_PARAMS": "params.yaml:workflow/scales/smoke.yaml"}
NAMES = [page.relative_to(repository()).as_posix() for page in pages()]


def run_blocks(name: str) -> list[Block]:
    return [block for block in blocks((repository() / name).read_text(encoding="utf-8")) if block.is_run]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A copy of the finished project, with an environment of its own, in which a user's files lie."""
    smoke = finished_smoke(tmp_path_factory, worker_id)
    folder = tmp_path_factory.mktemp("documented") / ODD
    shutil.copytree(smoke, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    link_environment(folder)
    (folder / "results" / "demo").symlink_to("smoke")
    write_own_files(folder)
    return folder


def write_own_files(folder: Path) -> None:
    """What the pages call song.wav, references, my-estimates, method-a and -b, scores-a and -b."""
    write_wave(folder / "song.wav", wave("vocals", 0))
    for error, place in enumerate(("references", "my-estimates", "method-a", "method-b")):
        for number, song in enumerate(SONGS):
            for target in TARGETS:
                sound = wave(target, number) + 0.1 * error * wave("drums", number + error)
                write_wave(folder / place / song / f"{target}.wav", 0.5 * sound)
    for number, place in enumerate(("scores-a", "scores-b")):
        (folder / place / "test").mkdir(parents=True)
        for song in SONGS:
            (folder / place / "test" / f"{song}.json").write_text(json.dumps(song_scores(number + 1.0, number)))


@pytest.mark.parametrize("name", [name for name in NAMES if run_blocks(name)])
def test_commands_of_a_page(project: Path, name: str) -> None:
    for block in run_blocks(name):
        if re.search(r"^\s*make ", block.text, re.MULTILINE) and not (project / ".venv" / "ready").is_file():
            pytest.skip("make would install: the environment of the tests was not made by it")
        script = re.sub(r"\bdemo\b", "smoke", block.text)
        answer = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=project,
            env={**environment(project), **SMOKE},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONG,
            check=False,
        )
        assert answer.returncode == 0, f"{name}, line {block.line}: {script}\n{answer.stdout}"
