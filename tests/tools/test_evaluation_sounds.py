"""`reprosep evaluate` on sound files of every kind, told by their content, and on outputs that are inputs."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from conftest import Answer
from reprosep.metrics.signals import FileSignals
from scores import mixed_estimates, stems
from synthetic import write_wave

if not shutil.which("ffmpeg"):
    pytest.skip("needs ffmpeg", allow_module_level=True)

RATE = 44100
Command = Callable[..., Answer]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    references = stems(2, 1, RATE, 0)
    for name, signals in (("references", references), ("estimates", mixed_estimates(references, 0))):
        for target, samples in zip(("vocals", "bass"), signals, strict=True):
            write_wave(tmp_path / name / "Song" / f"{target}.wav", samples, RATE)
    return tmp_path / "references", tmp_path / "estimates"


def scored(reprosep: Command, folders: tuple[Path, Path], output: Path) -> pd.DataFrame:
    answer = reprosep("evaluate", *folders, "--output", output, "--metric", "si-sdr")
    assert answer.status == 0, answer.err
    return pd.read_parquet(output / "scores.parquet")


def ffmpeg(source: Path, form: str, to: Path, *options: str) -> None:
    """As a program writes to a pipe."""
    command = ["ffmpeg", "-v", "error", "-i", str(source), *options, "-f", form, "-"]
    to.write_bytes(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


@pytest.mark.parametrize(("form", "suffix"), [("flac", "flac"), ("wav", "wav"), ("caf", "wav"), ("w64", "aif")])
def test_streamed_files_score_as_whole_ones(
    folders: tuple[Path, Path], tmp_path: Path, reprosep: Command, form: str, suffix: str
) -> None:
    expected = scored(reprosep, folders, tmp_path / "whole")
    path = folders[1] / "Song" / "bass.wav"
    content = path.read_bytes()
    path.unlink()
    (tmp_path / "source.wav").write_bytes(content)
    ffmpeg(tmp_path / "source.wav", form, path.with_suffix(f".{suffix}"))
    found = scored(reprosep, folders, tmp_path / "streamed")
    pd.testing.assert_frame_equal(found, expected)


def test_aac_in_a_file_that_is_named_wav(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    path = folders[1] / "Song" / "bass.wav"
    ffmpeg(path, "adts", tmp_path / "bass.aac")
    shutil.copy(tmp_path / "bass.aac", path)
    assert scored(reprosep, folders, tmp_path / "out")["SI-SDR"].notna().all()


def test_a_header_that_says_1_hz(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    for folder in folders:
        path = folder / "Song" / "bass.wav"
        content = bytearray(path.read_bytes())
        content[24:28] = struct.pack("<I", 1)
        path.write_bytes(content)
    told = reprosep("evaluate", *folders, "--output", tmp_path / "out").sentence()
    assert "bass.wav: its header says 1 Hz, expected 1000 to 1000000 Hz" in told
    assert not (tmp_path / "out").exists()


def test_a_sound_file_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"Caf\xe9.wav")
    soundfile.write(os.fsencode(path), np.full((100, 1), 0.5), RATE)
    signals, rows = FileSignals([[path]]), np.empty((1, 100))
    signals.read(0, rows)
    signals.close()
    assert np.abs(rows - 0.5).max() < 1e-4
    ffmpeg(path, "flac", tmp_path / "a.flac")
    with pytest.raises(ValueError, match=r"a\.flac: its header does not say how long it is"):
        FileSignals([[tmp_path / "a.flac"]])


@pytest.mark.parametrize("output", ["references", "references/new", "link", "estimates", "estimates/Song", "methods"])
def test_nothing_is_written_among_what_is_read(
    folders: tuple[Path, Path], tmp_path: Path, reprosep: Command, output: str
) -> None:
    (tmp_path / "link").symlink_to(folders[0])
    if output == "methods":  # museval's JSON files would lie in the folder of the method
        for name in ("a", "b"):
            shutil.copytree(folders[1], tmp_path / "methods" / name)
        folders = (folders[0], tmp_path / "methods" / "a", tmp_path / "methods" / "b")  # type: ignore[assignment]
    before = sorted(tmp_path.rglob("*"))
    told = reprosep("evaluate", *folders, "--output", tmp_path / output).sentence()
    assert "which this command reads" in told
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_written_into_a_song_that_is_a_link(
    folders: tuple[Path, Path], tmp_path: Path, reprosep: Command
) -> None:
    (folders[0] / "Song").rename(tmp_path / "elsewhere")
    (folders[0] / "Song").symlink_to(tmp_path / "elsewhere")
    told = reprosep("evaluate", folders[0] / "Song", folders[1] / "Song", "--output", tmp_path / "elsewhere").sentence()
    assert "which this command reads" in told


def test_an_output_that_is_a_file_is_told_first(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    (tmp_path / "out").write_text("")
    told = reprosep("evaluate", *folders, "--output", tmp_path / "out").sentence()
    assert "out: is a file, expected a folder to write to" in told
