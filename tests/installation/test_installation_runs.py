"""Installations with a real pip from an index on this machine: faults, a kill, and that the next one works."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from loopback import Reply, Server, noise
from reprosep.base.errors import UserError
from reprosep.installation.environment import Environment
from reprosep.installation.install import LOG, install
from reprosep.installation.sets import PackageSet, Size

RUN = """
import sys
from pathlib import Path
from reprosep.installation import __main__ as program
from reprosep.installation.sets import SETS, PackageSet, Size
SETS["tiny"] = PackageSet("ready-tiny", "of this test", ("tiny.lock",), Size(1, 1, 0.1))
sys.exit(program.main(["tiny"]))
"""


def wheel(name: str, payload: bytes = b"") -> bytes:
    """A package of one module and one file of data."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": b"here = True\n",
        f"{name}.data.bin": payload,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]).encode()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return whole.getvalue()


class Index:
    """A package index whose files are answered as one likes."""

    def __init__(self) -> None:
        self.server = Server()

    def offer(self, name: str, *replies: Reply | bytes, file: str = "") -> None:
        file = file or f"{name}-1.0-py3-none-any.whl"
        page = f'<!DOCTYPE html><html><body><a href="/files/{file}">{file}</a></body></html>'.encode()
        self.server.serve(f"/simple/{name}/", Reply(page, headers={"Content-Type": "text/html"}))
        self.server.serve(f"/files/{file}", *replies)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    index = Index()
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", index.server.url("/simple/"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_RETRIES", "1")
    return index


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    Environment(root / ".venv").make()
    return root


def run(root: Path, *names: str) -> None:
    """Install packages as a set of their own."""
    (root / "tiny.lock").write_text("".join(f"{name}==1.0\n" for name in names))
    install(root, PackageSet(f"ready-{names[-1]}", "of this test", ("tiny.lock",), Size(1, 1, 0.1)), "auto", True)


def has(root: Path, name: str) -> bool:
    return (
        subprocess.run([root / ".venv" / "bin" / "python", "-c", f"import {name}"], capture_output=True).returncode == 0
    )


def test_packages_are_installed_once(index: Index, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index.offer("whole", wheel("whole"))
    run(root, "whole")
    told = capsys.readouterr().out
    assert "installing the packages of this test (tiny.lock: 1 packages) into .venv" in told
    assert "to download: at most 1 MB; on disk 1 MB" in told and "installed in" in told
    assert has(root, "whole")
    assert not (root / ".venv" / "tmp").exists()
    run(root, "whole")
    assert capsys.readouterr().out == ""


def test_a_dead_proxy(index: Index, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.offer("far", wheel("far"))
    with monkeypatch.context() as dead:
        dead.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with pytest.raises(UserError, match=r"far==1.0 cannot be fetched: .*\(pip's own words: .venv.log\)$"):
            run(root, "far")
    assert "Collecting" in (root / LOG).read_text() or "Retrying" in (root / LOG).read_text()
    run(root, "far")
    assert has(root, "far")


def test_a_server_that_is_gone(index: Index, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    with pytest.raises(
        UserError, match=r"gone==1.0 cannot be fetched: no connection to 127.0.0.1; is there a network?"
    ):
        run(root, "gone")


def test_a_line_that_is_cut_once(index: Index, root: Path) -> None:
    content = wheel("cut", noise(100_000))
    index.offer("cut", Reply(content, drop_after=5000), content)
    run(root, "cut")
    assert has(root, "cut")


def test_a_line_that_is_always_cut(index: Index, root: Path) -> None:
    content = wheel("always", noise(100_000))
    index.offer("always", Reply(content, drop_after=5000, etag=""))
    with pytest.raises(UserError, match=r"always-1.0-py3-none-any.whl (was fetched|arrived damaged)"):
        run(root, "always")
    index.offer("always", content)
    run(root, "always")
    assert has(root, "always")


def test_a_damaged_package(index: Index, root: Path) -> None:
    content = wheel("damaged")
    index.offer("damaged", content[: len(content) // 2], content)
    run(root, "damaged")
    assert has(root, "damaged")


def test_a_version_that_is_not_there(index: Index, root: Path) -> None:
    index.offer("other", wheel("other"), file="other-2.0-py3-none-any.whl")
    with pytest.raises(UserError, match=r"pip's index has no other==1.0 for this Python and machine \(it has 2.0\)"):
        run(root, "other")


def test_an_installation_that_was_killed(index: Index, root: Path) -> None:
    """pip was killed, too, or went on alone: in both cases the next installation works."""
    content = wheel("killed", noise(200_000))
    index.offer("killed", Reply(content, pause=0.2), content)
    (root / "tiny.lock").write_text("killed==1.0\n")
    running = subprocess.Popen([sys.executable, "-c", RUN], cwd=root, stdout=subprocess.PIPE, start_new_session=True)
    while not any(served.path.startswith("/files/") for served in index.server.log):
        assert running.poll() is None
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert list((root / ".venv" / "tmp").iterdir())
    ended = subprocess.run([sys.executable, "-c", RUN], cwd=root, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert has(root, "killed") and not (root / ".venv" / "tmp").exists()
    assert (root / ".venv" / "ready-tiny").exists()
