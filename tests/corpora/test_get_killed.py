"""`reprosep get` killed at random moments: a verified corpus at last, no verified byte got twice."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from loopback import Reply, Server, entry_of, files_in, noise, register, tarred, zipped
from moments import LONG, Moment, wait_until
from reprosep.base.project import repository

LOST_BYTES = 1 << 17  # at most so many have been sent and are not on the disk: blocks in the program and on their way
FILES = {
    f"train/A {song} - B/{name}.wav": noise(3000, 9 * song + i)
    for song in range(120)
    for i, name in enumerate(("mixture", "drums", "bass", "other", "vocals"))
}
SONGS = [f"A {song} - B" for song in range(120)]
WRITES = 5 * len(FILES)  # of each file: its folder, a temporary file, that one's two new names, a line of the journal


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The library in a folder of its own with a registry of its own, since processes read it from there."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository() / "src/reprosep", tmp_path / "src/reprosep", ignore=ignored)
    (tmp_path / "workflow").mkdir()
    shutil.copy(repository() / "workflow/instruments.yaml", tmp_path / "workflow")
    return tmp_path


def start(project: Path, moment: Moment | None = None) -> subprocess.Popen[bytes]:
    found = {**os.environ, "PYTHONPATH": str(project / "src"), "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(
        [sys.executable, "-m", "reprosep.cli", "get", "tiny"],
        cwd=project,
        env=moment.environment(found) if moment else found,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert process.stderr is not None
    process.stderr.close()


def kill_while_downloading(project: Path, server: Server, moment: int) -> int:
    """Kill it when so many bytes are on the disk; how many there are then. The server does not send many more."""
    requests = len(server.log)
    server.hold_after = moment + LOST_BYTES
    process = start(project)
    wait_until(lambda: len(server.log) > requests and arrived(project) > moment, process)
    kill(process)
    return arrived(project)


def arrived(project: Path) -> int:
    return sum(path.stat().st_size for path in (project / "resources/tiny/.archives").glob("*.part"))


def finish(project: Path) -> None:
    process = start(project)
    _, told = process.communicate(timeout=LONG)
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


@pytest.mark.parametrize(("name", "pack", "kills"), [("tiny.zip", zipped, 5), ("tiny.tar.gz", tarred, 2)])
def test_killed_while_downloading_and_while_unpacking(
    project: Path, server: Server, name: str, pack: Callable[..., bytes], kills: int
) -> None:
    """As many `kills` in each phase, at moments told by the bytes that arrived and by the files that were written."""
    content = pack(FILES)
    random_ = random.Random(name)
    url = server.serve("/tiny", Reply(content, pause=0.002))
    register(project / "workflow/corpora", "tiny", [entry_of(name, content, [url])], SONGS)

    moments = sorted(random_.randrange(len(content) * 8 // 10) for _ in range(kills))
    sizes = [kill_while_downloading(project, server, moment) for moment in moments]
    server.hold_after = math.inf
    verified: dict[str, int] = {}
    for _ in range(kills):
        number = random_.randrange(1, WRITES * 9 // 10 // kills)
        moment = Moment(project, "*/resources/tiny/*", number)
        process = start(project, moment)
        moment.wait(process)
        kill(process)
        now = journaled(project)
        assert {path: now.get(path) for path in verified} == verified, "a verified file was written anew"
        verified = now
    finish(project)

    folder = project / "resources/tiny"
    assert {path: (folder / path).stat().st_ino for path in verified} == verified
    assert 0 < len(verified) < len(FILES)
    assert files_in(folder) == FILES
    assert not (folder / ".archives").exists() and not (folder / ".unpacking").exists()
    assert [request.start for request in server.log] == [0, *sizes], "bytes on the disk were asked for again"
    assert json.loads((project / "resources/.verified/tiny.json").read_text())["songs"] == len(SONGS)


def test_killed_at_any_time_of_a_start(project: Path, server: Server) -> None:
    """Moments by the clock, so that also those come up which no counter shows."""
    content = zipped(FILES)
    url = server.serve("/tiny", Reply(content, pause=0.001))
    register(project / "workflow/corpora", "tiny", [entry_of("tiny.zip", content, [url])], SONGS)
    random_, server.hold_after = random.Random(7), len(content) - 1  # so that none can end by itself
    for _ in range(4):
        process = start(project)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random_.uniform(0.3, 1.2))
        kill(process)
    server.hold_after = math.inf
    finish(project)
    assert files_in(project / "resources/tiny") == FILES
    starts = [request.start for request in server.log]
    assert starts == sorted(starts), "bytes on the disk were asked for again"
