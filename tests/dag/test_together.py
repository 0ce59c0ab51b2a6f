"""Several processes at once on one folder, as when two users share results: none breaks what another writes."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import numpy as np
import pytest

from conftest import Line
from loopback import Server, entry_of, files_in, musdb_files, register, zipped
from moments import LONG, Moment, wait_until
from reprosep.audio.store import build_store, read_table, save_array
from reprosep.base.files import whole_file, whole_folder
from reprosep.base.locks import alone, alone_in
from reprosep.base.project import repository

AT_ONCE = 2


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "reprosep.cli", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(processes: list[subprocess.Popen[str]]) -> str:
    """All must end well; what they told."""
    told = [process.communicate(timeout=LONG)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), told
    return "\n".join(told)


def waits_for(process: subprocess.Popen[str]) -> str:
    """What a process tells when it waits for another one."""
    assert process.stderr
    return next((line for line in process.stderr if line.startswith("another ")), "it did not wait")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def cataloged(line: Callable[..., Line]) -> Line:
    made = line("mm", change={})
    for step in ("recordings", "catalog"):
        made.step(step, "mm", 1)
    return made


def test_stores_and_activities_at_once(cataloged: Line, prepared: Line) -> None:
    for step in ("store", "confidences"):
        with alone_in(cataloged.results, f"{step} mm"):  # as a third process would
            processes = [start(cataloged.folder, step, "mm", "--threads", "2") for _ in range(AT_ONCE)]
            for process in processes:
                assert process.stderr
                told = process.stderr.readline()
                assert told == f"another reprosep {step} mm works in results/smoke; waiting for it to end\n"
        finish(processes)
    for name in ("audio", "activity"):
        assert contents(cataloged.results / "mm" / name) == contents(prepared.results / "mm" / name)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_files_cannot_be_locked_all_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object) -> bool:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("filelock._unix.lock_fd_nonblocking", refuse)
    with alone(tmp_path / "lock", "test"), alone(tmp_path / "lock", "test"):
        pass


def test_stores_at_once_without_a_lock(cataloged: Line, prepared: Line) -> None:
    """All do the whole work on the same files."""
    table = read_table(cataloged.results / "mm/catalog.parquet")
    folder, params = cataloged.results / "mm/audio", cataloged.params
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = [pool.submit(build_store, table, folder, params.audio, 1, 2) for _ in range(AT_ONCE)]
    for one in made:
        one.result()
    assert contents(folder) == contents(prepared.results / "mm/audio")


def test_a_finished_store_leaves_what_another_is_writing(cataloged: Line) -> None:
    """And drops what a kill left behind long ago."""
    folder = cataloged.results / "mm/audio"
    left = folder / ".Song.abc.npy"
    folder.mkdir()
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    with whole_file(folder / "Another song.123.npy") as temporary:
        np.save(temporary, np.zeros(3))
        cataloged.step("store", "mm", 1)
        assert temporary.exists()
    assert (folder / "Another song.123.npy").exists()
    assert not left.exists()


def test_a_folder_replaced_by_several_at_once_is_that_of_one(tmp_path: Path) -> None:
    def replace(number: int) -> None:
        for _ in range(50):
            with whole_folder(tmp_path / "listen") as temporary:
                for name in ("one", "two", "three"):
                    save_array(temporary / f"{name}.npy", np.array(number))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(replace, number) for number in range(4)]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["listen"]
    assert len({int(np.load(path)) for path in (tmp_path / "listen").iterdir()}) == 1


def test_nothing_is_locked_by_a_kill(tmp_path: Path) -> None:
    words = "from reprosep.base.locks import alone; from pathlib import Path; import time\n"
    words += "with alone(Path('lock'), 'test'): print('held', flush=True); time.sleep(1200)"
    holder = subprocess.Popen([sys.executable, "-c", words], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(filelock.Timeout):
        filelock.FileLock(tmp_path / "lock").acquire(timeout=0)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    filelock.FileLock(tmp_path / "lock").acquire(timeout=LONG)


@pytest.mark.parametrize(("mask", "file_mode", "folder_mode"), [("022", 0o644, 0o755), ("002", 0o664, 0o775)])
def test_a_group_that_shares_results_may_write_them(
    tmp_path: Path, mask: str, file_mode: int, folder_mode: int
) -> None:
    words = "from reprosep.base.files import *; write_json('a.json', 1)\nwith whole_folder('folder'): pass"
    subprocess.run(["sh", "-c", f'umask {mask}; exec "$0" -c "$1"', sys.executable, words], cwd=tmp_path, check=True)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == file_mode
    assert (tmp_path / "folder").stat().st_mode & 0o777 == folder_mode


def test_gets_at_once_download_once(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(repository() / "src/reprosep", tmp_path / "src/reprosep", ignore=ignored)
    (tmp_path / "workflow").mkdir()
    shutil.copy(repository() / "workflow/instruments.yaml", tmp_path / "workflow")
    files = musdb_files()
    content, songs = zipped(files), sorted({name.split("/")[1] for name in files})
    with Server() as server:
        url = server.serve("/tiny", content)
        register(tmp_path / "workflow/corpora", "tiny", [entry_of("tiny.zip", content, [url])], songs)
        command = [sys.executable, "-m", "reprosep.cli", "get", "tiny"]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "NO_PROXY": "127.0.0.1"}
        server.hold_after = 0  # until the second one waits for the first
        first = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: bool(server.log), first)
        second = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        assert waits_for(second) == "another reprosep get works in resources/tiny; waiting for it to end\n"
        server.hold_after = math.inf
        finish([first, second])
        server.shutdown()
    assert len(server.log) == 1, "the archive was asked for more than once"
    assert files_in(tmp_path / "resources/tiny") == files
    assert json.loads((tmp_path / "resources/.verified/tiny.json").read_text())["songs"] == len(songs)


def test_standins_rendered_at_once(tmp_path: Path) -> None:
    pytest.importorskip("pedalboard")
    words = "from reprosep.corpora.standin.corpus import render_corpus\n"
    words += "if __name__ == '__main__': print(render_corpus('musdb', 'root', seed=7, songs={'train': 1}, seconds=4))"
    (tmp_path / "render.py").write_text(words)
    command, moment = [sys.executable, "render.py"], Moment(tmp_path, "*/root/.partial/*")
    environment = moment.environment(dict(os.environ))
    first = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    held = moment.wait(first)
    second = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert waits_for(second) == "another reprosep recordings works in root; waiting for it to end\n"
    held.resume()
    finish([first, second])
    assert len(list((tmp_path / "root/train").glob("*/mixture.wav"))) == 1
    assert len(list((tmp_path / "root/.recipes").iterdir())) == 1
