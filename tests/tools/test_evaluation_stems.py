"""`reprosep evaluate` with MUSDB18's own files: five AAC streams in a .stem.mp4."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import Answer
from reprosep.audio.io import read_sound, stream_infos
from reprosep.base.errors import UserError
from reprosep.tools.evaluation.layout import STREAMS, find_songs
from scores import mixed_estimates
from synthetic import RATE, make_musdb_stems, write_wave

if not shutil.which("ffmpeg"):
    pytest.skip("needs ffmpeg", allow_module_level=True)

TARGETS = ["vocals", "drums", "bass", "other"]
Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Stems files, the same decoded to wav, and estimates; to be read, not changed."""
    root = tmp_path_factory.mktemp("stems")
    make_musdb_stems(root / "stems", train=1, test=1, seconds=3.0)
    for path in sorted((root / "stems").rglob("*.stem.mp4")):
        song = path.relative_to(root / "stems").as_posix().removesuffix(".stem.mp4")
        decoded = {name: read_sound(path, stream)[0] for stream, name in enumerate(STREAMS)}
        estimates = mixed_estimates(np.stack([decoded[target] for target in TARGETS]).astype(float))
        for name, samples in decoded.items():
            write_wave(root / "decoded" / song / f"{name}.wav", samples, RATE, "FLOAT")
        for name, samples in zip(TARGETS, estimates, strict=True):
            write_wave(root / "estimates" / song / f"{name}.wav", samples, RATE)
    return root / "stems", root / "decoded", root / "estimates"


def scores_of(reprosep: Command, references: Path, estimates: Path, output: Path, *options: object) -> pd.DataFrame:
    answer = reprosep("evaluate", references, estimates, "--output", output, *options)
    assert answer.status == 0, answer.err
    return pd.read_parquet(output / "scores.parquet")


def copy_of(root: Path, to: Path) -> Path:
    return Path(shutil.copytree(root, to / "references"))


# ---- scores ------------------------------------------------------------------------------------------------------


def test_songs_and_targets_are_those_of_the_file(folders: tuple[Path, Path, Path]) -> None:
    songs = find_songs(folders[0], [folders[2]])
    assert [song.name for song in songs] == ["test/Artist 1 - Song 1", "train/Artist 0 - Song 0"]
    for song in songs:
        assert list(song.references) == TARGETS
        assert {name: sound.stream for name, sound in song.references.items()} == {
            "drums": 1,
            "bass": 2,
            "other": 3,
            "vocals": 4,
        }


@pytest.mark.parametrize("metric", ["v4", "usdr"])
def test_scores_are_those_of_the_decoded_files(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command, metric: str
) -> None:
    stems, decoded, estimates = folders
    found = scores_of(reprosep, stems, estimates, tmp_path / "stems", "--metric", metric)
    expected = scores_of(reprosep, decoded, estimates, tmp_path / "wav", "--metric", metric)
    pd.testing.assert_frame_equal(found, expected)
    assert set(found["target"]) == set(TARGETS)
    written = {path.relative_to(tmp_path / "wav") for path in (tmp_path / "wav").rglob("*.json")}
    assert written == {path.relative_to(tmp_path / "stems") for path in (tmp_path / "stems").rglob("*.json")}


def test_estimates_may_be_stems_files_too(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    stems, decoded, _ = folders
    found = scores_of(reprosep, decoded, stems, tmp_path, "--metric", "usdr")
    assert (found["uSDR"] > 60).all()


def test_a_song_is_decoded_once(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where accompaniment makes a second task of the same references."""
    from reprosep.tools.evaluation import song

    stems, _, estimates = folders
    for folder in shutil.copytree(estimates, tmp_path / "more").glob("*/*"):
        shutil.copy(folder / "other.wav", folder / "accompaniment.wav")
    decoded: list[tuple[Path, int]] = []

    def count(path: Path, stream: int = 0) -> tuple[np.ndarray, int]:
        decoded.append((path, stream))
        return read_sound(path, stream)

    monkeypatch.setattr(song, "read_sound", count)
    scores_of(reprosep, stems, tmp_path / "more", tmp_path / "out", "--metric", "usdr")
    assert len(decoded) == len(set(decoded)) == 2 * 4


def test_a_change_of_the_file_is_scored_anew(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command
) -> None:
    references = copy_of(folders[0], tmp_path)
    before = scores_of(reprosep, references, folders[2], tmp_path / "out", "--metric", "usdr")
    first, second = sorted(references.rglob("*.stem.mp4"))
    shutil.copy(second, first)
    after = scores_of(reprosep, references, folders[2], tmp_path / "out", "--metric", "usdr")
    changed = (before["uSDR"] != after["uSDR"]).groupby(before["song"]).any()
    assert changed.to_dict() == {"test/Artist 1 - Song 1": True, "train/Artist 0 - Song 0": False}


def test_other_lengths_are_told_beyond_what_the_codec_adds(
    folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    stems, _, estimates = folders
    scores_of(reprosep, stems, estimates, tmp_path / "out", "--metric", "usdr")
    assert "longer or shorter" not in caplog.text
    shorter = Path(shutil.copytree(estimates, tmp_path / "shorter"))
    path = shorter / "test" / "Artist 1 - Song 1" / "bass.wav"
    write_wave(path, read_sound(path)[0][: -RATE // 2], RATE)
    scores_of(reprosep, stems, shorter, tmp_path / "shorter-out", "--metric", "usdr")
    assert "1 songs are longer or shorter" in caplog.text


def test_hidden_files_are_no_songs(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    references = copy_of(folders[0], tmp_path)
    (references / "test" / "._Artist 1 - Song 1.stem.mp4").write_bytes(b"\0\5\26\7")
    (references / "test" / "._Artist 2 - Song 2.stem.mp4").write_bytes(b"\0\5\26\7")
    assert len(find_songs(references, [folders[2]])) == 2


# ---- bad input ---------------------------------------------------------------------------------------------------


def test_a_broken_file(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references = copy_of(folders[0], tmp_path)
    path = references / "test" / "Artist 1 - Song 1.stem.mp4"
    path.write_bytes(b"not a sound" * 99)
    told = reprosep("evaluate", references, folders[2], "--output", tmp_path / "out").sentence()
    assert "Artist 1 - Song 1.stem.mp4: not a sound file" in told
    assert not (tmp_path / "out").exists()  # seen before anything was computed


def test_a_truncated_file(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    """With its header in front, so that ffmpeg decodes what is left of it without an error."""
    references = copy_of(folders[0], tmp_path)
    path = references / "test" / "Artist 1 - Song 1.stem.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(folders[0] / path.relative_to(references)), "-map", "0:a"]
    subprocess.run([*command, "-c", "copy", "-movflags", "+faststart", str(path)], check=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    told = reprosep("evaluate", references, folders[2], "--output", tmp_path / "out").sentence()
    assert "Artist 1 - Song 1.stem.mp4: truncated" in told
    assert not (tmp_path / "out").exists()  # seen before anything was computed


def test_a_file_without_all_streams(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    references = copy_of(folders[0], tmp_path)
    path = references / "test" / "Artist 1 - Song 1.stem.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(folders[0] / path.relative_to(references))]
    subprocess.run([*command, "-map", "0:a:0", "-map", "0:a:1", "-c", "copy", str(path)], check=True)
    told = reprosep("evaluate", references, folders[2], "--output", tmp_path / "out").sentence()
    assert "2 audio streams, expected the 5 of MUSDB18 (mixture, drums, bass, other, vocals)" in told
    assert len(stream_infos(path)) == 2
    assert not (tmp_path / "out").exists()


def test_an_unknown_song(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    estimates = Path(shutil.copytree(folders[2], tmp_path / "estimates"))
    (estimates / "test" / "Artist 1 - Song 1").rename(estimates / "test" / "Artist 1 - Sonk 1")
    told = reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out").sentence()
    assert "no references for this song (did you mean 'test/Artist 1 - Song 1'?)" in told


def test_an_unknown_target_names_the_file(folders: tuple[Path, Path, Path], tmp_path: Path, reprosep: Command) -> None:
    estimates = Path(shutil.copytree(folders[2], tmp_path / "estimates"))
    song = estimates / "test" / "Artist 1 - Song 1"
    (song / "bass.wav").rename(song / "base.wav")
    told = reprosep("evaluate", folders[0], estimates, "--output", tmp_path / "out").sentence()
    assert "no reference 'base' in" in told
    assert "Song 1.stem.mp4 (did you mean 'bass'?)" in told


def test_a_song_in_both_layouts(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    references = copy_of(folders[0], tmp_path)
    shutil.copytree(folders[1], references, dirs_exist_ok=True)
    with pytest.raises(UserError, match="song 'test/Artist 1 - Song 1' is there twice"):
        find_songs(references, [folders[2]])
