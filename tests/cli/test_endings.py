"""How the command line ends: Ctrl-C, a full disk behind what is printed, nobody who reads it, closed streams."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import soundfile

from reprosep.cli import command
from scores import mixed_estimates, stems

COMMAND = [sys.executable, "-c", "from reprosep import cli; cli.main()"]
RATE = 8000


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """The words of an evaluation."""
    references = stems(2, 1, 2 * RATE, 1)
    for root, signals in (("r", references), ("e", mixed_estimates(references, 1))):
        for song in ("A", "B"):
            folder = tmp_path / root / song
            folder.mkdir(parents=True)
            for name, samples in zip(("vocals", "bass"), signals, strict=True):
                soundfile.write(folder / f"{name}.wav", samples, RATE)
    return ["evaluate", str(tmp_path / "r"), str(tmp_path / "e"), "--output", str(tmp_path / "o")]


def run(*words: str, stdout: int | None = subprocess.PIPE, shell: str = "") -> subprocess.CompletedProcess[str]:
    if shell:
        command = ["bash", "-c", f'"$@" {shell}', "bash", *COMMAND, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)
    return subprocess.run([*COMMAND, *words], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def test_a_full_disk_behind_what_is_printed(folders: list[str]) -> None:
    for words in (folders, ["--help"]):
        answer = run(*words, shell="> /dev/full")
        assert answer.returncode == 2
        last = answer.stderr.splitlines()[-1]
        assert last.startswith("reprosep: ") and "No space left on device" in last
        assert "Traceback" not in answer.stderr and "Exception" not in answer.stderr


def test_nobody_reads_what_is_printed(folders: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        for words in (folders, ["--help"]):
            answer = run(*words, stdout=writing)
            assert answer.returncode == 1
            assert "Error" not in answer.stderr and "Exception" not in answer.stderr
    finally:
        os.close(writing)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams(folders: list[str], closed: str) -> None:
    answer = run(*folders, shell=closed)
    assert answer.returncode == 0
    assert "Error" not in answer.stderr


def test_ctrl_c_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("reprosep.dag.versions.record.write_stages", lambda scale: interrupted())
    monkeypatch.setattr(sys, "argv", ["reprosep", "stages"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 130
    told = capsys.readouterr().err.splitlines()
    assert told == ["reprosep: stopped by Ctrl-C; what is finished is kept, run the same command again to go on"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_what_the_machine_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def refused(scale: str) -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    monkeypatch.setattr("reprosep.dag.versions.record.write_stages", refused)
    monkeypatch.setattr(sys, "argv", ["reprosep", "stages"])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"reprosep: /some/file: cannot be written or read ({os.strerror(number)})")


def test_no_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folders: list[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    monkeypatch.setattr(sys, "argv", ["reprosep", *folders])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("name a folder that can be written in TMPDIR")
