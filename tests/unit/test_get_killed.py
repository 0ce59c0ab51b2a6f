"""`reprosep get` killed at random moments: a verified corpus at last, no verified byte got twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loopback import Reply, Server, entry_of, files_in, noise, register, tarred, zipped
from reprosep.params import repository

LOST_BYTES = 1 << 17  # a kill can lose a block in the program and one on its way
FILES = {
    f"train/A {song} - B/{name}.wav": noise(3000, 9 * song + i)
    for song in range(120)
    for i, name in enumerate(("mixture", "drums", "bass", "other", "vocals"))
}
SONGS = [f"A {song} - B" for song in range(120)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The library in a folder of its own with a registry of its own, since processes read it from there."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository() / "src/reprosep", tmp_path / "src/reprosep", ignore=ignored)
    (tmp_path / "workflow").mkdir()
    shutil.copy(repository() / "workflow/instruments.yaml", tmp_path / "workflow")
    return tmp_path


def start(project: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "reprosep.cli", "get", "tiny"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src"), "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill_when(project: Path, reached: Callable[[], bool]) -> None:
    """Start it, wait for the moment, kill it: it must not have ended before."""
    process = start(project)
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None, f"ended before it was killed: {process.communicate()[1].decode()}"
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert process.stderr is not None
    process.stderr.close()


def finish(project: Path) -> None:
    process = start(project)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told.decode()


def journaled(project: Path) -> dict[str, int]:
    """Files that the journal holds, with their inodes: a file that is written anew gets another one."""
    folder, found = project / "resources/tiny", {}
    for journal in (folder / ".unpacking").glob("*.jsonl"):
        for line in journal.read_text().split("\n")[1:-1]:
            path = json.loads(line).get("path")
            if path:
                found[path] = (folder / path).stat().st_ino
    return found


def size_of_journal(project: Path) -> int:
    size = 0
    for path in (project / "resources/tiny/.unpacking").glob("*.jsonl"):
        with suppress(FileNotFoundError):  # a temporary name that has got its own meanwhile
            size += path.stat().st_size
    return size


@pytest.mark.parametrize(("name", "pack", "kills"), [("tiny.zip", zipped, 5), ("tiny.tar.gz", tarred, 2)])
def test_killed_while_downloading_and_while_unpacking(
    project: Path, server: Server, name: str, pack: Callable[..., bytes], kills: int
) -> None:
    """As many `kills` in each phase, at moments told by the bytes that were sent and by the journal's length."""
    content = pack(FILES)
    random_ = random.Random(name)
    url = server.serve("/tiny", Reply(content, pause=0.002))
    register(project / "workflow/corpora", "tiny", [entry_of(name, content, [url])], SONGS)

    for moment in sorted(random_.randrange(len(content) * 9 // 10) for _ in range(kills)):
        kill_when(project, lambda moment=moment: server.sent > moment)
    verified: dict[str, int] = {}
    whole_journal = 120 * len(FILES)
    for moment in sorted(random_.randrange(whole_journal * 9 // 10) for _ in range(kills)):
        kill_when(project, lambda moment=moment: size_of_journal(project) > moment)
        now = journaled(project)
        assert {path: now.get(path) for path in verified} == verified, "a verified file was written anew"
        verified = now
    finish(project)

    folder = project / "resources/tiny"
    assert {path: (folder / path).stat().st_ino for path in verified} == verified
    assert 0 < len(verified) < len(FILES)
    assert files_in(folder) == FILES
    assert not (folder / ".archives").exists() and not (folder / ".unpacking").exists()
    assert len(content) <= server.sent <= len(content) + kills * LOST_BYTES
    assert len(server.log) <= kills + 1, "a whole archive was asked for again"
    assert json.loads((project / "resources/.verified/tiny.json").read_text())["songs"] == len(SONGS)


def test_killed_at_any_time_of_a_start(project: Path, server: Server) -> None:
    """Moments by the clock, so that also those come up which no counter shows."""
    content = zipped(FILES)
    url = server.serve("/tiny", Reply(content, pause=0.001))
    register(project / "workflow/corpora", "tiny", [entry_of("tiny.zip", content, [url])], SONGS)
    random_, kills = random.Random(7), 0
    for _ in range(4):
        process = start(project)
        try:
            process.wait(random_.uniform(0.3, 1.2))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate()
    finish(project)
    assert kills
    assert files_in(project / "resources/tiny") == FILES
    assert server.sent <= len(content) + kills * LOST_BYTES
