"""Slakh2100's layout: splits by list and by folder, classes by program, what is left out and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from reprosep.audio.store import SongArrays, build_store
from reprosep.base.errors import UserError
from reprosep.corpora import slakh
from reprosep.corpora.catalog import build_catalog
from reprosep.corpora.registry import load_version
from synthetic import RATE, make_params, make_slakh, own_corpus, write_licence

FOLDERS = {
    "train": ["Track00001", "Track00357"],
    "validation": ["Track01501"],
    "test": ["Track01876"],
    "omitted": ["Track00049"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder, songs in FOLDERS.items():
        make_slakh(tmp_path / folder, songs, seconds=0.5)
    write_licence(tmp_path)
    return tmp_path


def splits(root: Path, *versions: str) -> dict[str, str]:
    return {song.name: song.split for song in slakh.read_songs(str(root), [load_version(v) for v in versions])}


def change(root: Path, stem: str = "", song: str = "train/Track00001", **values: Any) -> None:
    path = root / song / "metadata.yaml"
    content = yaml.safe_load(path.read_text())
    (content["stems"][stem] if stem else content).update(values)
    path.write_text(yaml.safe_dump(content))


def test_splits_by_folder(root: Path) -> None:
    assert splits(root) == {
        "Track00001": "train",
        "Track00357": "train",
        "Track01501": "valid",
        "Track01876": "test",
    }


def test_splits_by_list_wherever_songs_lie(root: Path) -> None:
    """Redux leaves 00049 out; a stem of 00357 is noise; a song that moved keeps its split."""
    (root / "train" / "Track00001").rename(root / "test" / "Track00001")
    assert splits(root, "slakh2100-redux") == {"Track00001": "train", "Track01501": "valid", "Track01876": "test"}
    assert splits(root, "slakh2100-orig")["Track00049"] == "train"
    assert "Track00357" not in splits(root, "slakh2100-split2")


def test_babyslakh_has_its_songs_in_the_root(tmp_path: Path) -> None:
    make_slakh(tmp_path, ["Track00001", "Track00002"], seconds=0.5)
    assert splits(tmp_path) == splits(tmp_path, "babyslakh") == {"Track00001": "train", "Track00002": "train"}


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_stems(tmp_path: Path, suffix: str) -> None:
    make_slakh(tmp_path, ["Track00001"], seconds=0.5, suffix=suffix)
    (song,) = slakh.read_songs(str(tmp_path))
    assert [(stem.name, stem.instrument, stem.target) for stem in song.stems] == [
        ("S00", "Guitar: Guitar 30", "guitar"),
        ("S01", "Drums: Drums 128", "drums"),
        ("S02", "Piano: Piano 1", "piano"),
        ("S03", "Bass: Bass 33", "bass"),
        ("S04", "Organ: Organ 17", ""),
    ]
    assert Path(song.stems[0].path) == tmp_path / "Track00001" / "stems" / f"S00{suffix}"
    assert song.mixture and Path(song.mixture.path).name == f"mix{suffix}"
    assert song.artist == "uuid-1"


@pytest.mark.parametrize(
    ("program", "target"),
    [
        (0, "piano"),
        (7, "piano"),
        (8, ""),
        (23, ""),
        (24, "guitar"),
        (31, "guitar"),
        (32, "bass"),
        (39, "bass"),
        (40, ""),
    ],
)
def test_programs(tmp_path: Path, program: int, target: str) -> None:
    make_slakh(tmp_path / "train", ["Track00001"], seconds=0.5)
    change(tmp_path, "S04", program_num=program)
    assert slakh.read_songs(str(tmp_path))[0].stems[4].target == target


def test_drums_by_either_key(root: Path) -> None:
    change(root, "S04", is_drum=True)
    change(root, "S01", is_drum=False)
    targets = [stem.target for stem in slakh.read_songs(str(root))[0].stems]
    assert targets == ["guitar", "drums", "piano", "bass", "drums"]


def test_submixes(root: Path) -> None:
    change(root, "S04", program_num=25)
    (song, other, *_) = slakh.read_songs(str(root))
    names = {target: [stem.name for stem in slakh.submix(song, target)] for target in slakh.SUBMIXES}
    assert names == {"bass": ["S03"], "drums": ["S01"], "guitar": ["S00", "S04"], "piano": ["S02"], "residuals": []}
    assert [stem.name for stem in slakh.submix(other, "residuals")] == ["S04"]
    with pytest.raises(UserError, match=r"unknown submix 'paino'.*did you mean 'piano'"):
        slakh.submix(song, "paino")


def test_a_stem_counts_when_its_file_exists(root: Path) -> None:
    """Published excerpts say that nothing was rendered, and have the sound all the same."""
    for name in ("S00", "S01", "S02", "S03", "S04"):
        change(root, name, audio_rendered=False)
    (root / "train/Track00001/stems/S04.wav").unlink()
    assert [stem.name for stem in slakh.read_songs(str(root))[0].stems] == ["S00", "S01", "S02", "S03"]


def _unlink(root: Path, *names: str) -> None:
    for name in names:
        (root / "train/Track00001" / name).unlink()


def _silence_all(root: Path) -> None:
    for number in range(5):
        change(root, f"S0{number}", audio_rendered=False)
        _unlink(root, f"stems/S0{number}.wav")


def _copy(root: Path, source: str, target: str) -> None:
    folder = root / "train/Track00001"
    (folder / target).write_bytes((folder / source).read_bytes())


def _without_stem_key(root: Path) -> None:
    path = root / "train/Track00001/metadata.yaml"
    path.write_text(path.read_text().replace("program_num: 30", "program: 30"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda root: _unlink(root, "stems/S02.wav"),
            r"stems/S02.flac: missing, nor a .wav, but .*says it was rendered",
        ),
        (_silence_all, "Track00001/stems: no stem in it"),
        (lambda root: _unlink(root, "mix.wav"), "mix.flac: missing, and there is no mix.wav"),
        (lambda root: _unlink(root, "metadata.yaml"), "metadata.yaml: no such file"),
        (lambda root: _copy(root, "mix.wav", "mix.flac"), "mix.flac: is there as mix.wav too"),
        (lambda root: _copy(root, "mix.wav", "stems/S11.wav"), "S11.wav: not among the stems of"),
        (_without_stem_key, "key 'stems.S00.program_num' is missing"),
        (lambda root: change(root, "S00", program_num="thirty"), "program_num' holds 'thirty'; expected 0 to 127"),
        (lambda root: change(root, stems=None), "key 'stems' holds None"),
        (lambda root: (root / "validation").rename(root / "valdiation"), "unknown folder 'valdiation'.*'validation'"),
    ],
)
def test_what_is_wrong_is_told(root: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(root)
    with pytest.raises(UserError, match=words):
        slakh.read_songs(str(root))


def test_folders_without_songs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no song in it"):
        slakh.read_songs(str(tmp_path))
    with pytest.raises(UserError, match="no such folder"):
        slakh.read_songs(str(tmp_path / "nowhere"))
    make_slakh(tmp_path, ["Track09999"], seconds=0.5)
    with pytest.raises(UserError, match="none of its 1 songs is in the list"):
        splits(tmp_path, "slakh2100-orig")
    with pytest.raises(UserError, match="Slakh2100-orig and Slakh2100-redux, whose lists of songs differ"):
        splits(tmp_path, "slakh2100-orig", "slakh2100-redux")


def corpus(root: Path) -> dict[str, Any]:
    settings = {"kind": "slakh", "files": {}, "targets": ["piano", "guitar"]}
    return own_corpus(str(root), **settings, valid_fraction=0.0, test_fraction=0.0)


def test_catalog_and_store(root: Path, tmp_path: Path) -> None:
    params = make_params({"corpora": {"slakh": corpus(root)}, "audio": {"sample_rate": RATE}})
    table = build_catalog(params, "slakh")
    found = table.drop_duplicates("song").set_index("song")
    assert found["split"].to_dict() == {
        "Track00001": "train",
        "Track00357": "train",
        "Track01501": "valid",
        "Track01876": "test",
    }
    assert found["artist"].to_dict()["Track00357"] == "uuid-357"
    build_store(table, tmp_path / "audio", params.audio, 1, 1)
    arrays = SongArrays(tmp_path / "audio")
    recorded, _ = soundfile.read(root / "train/Track00001/stems/S02.wav", dtype="int16")
    np.testing.assert_array_equal(arrays.load("Track00001")[2, :, 0], recorded)


def test_real_song(shared_data: Path) -> None:
    folder = shared_data / "slakh_track00001_2s"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/slakh_track00001_2s, two seconds of a real song")
    (song,) = slakh.read_songs(str(folder), [load_version("babyslakh")])
    assert (song.name, song.artist, song.split) == ("Track00001", "1a81ae092884234f3264e2f45927f00a", "train")
    names = {target: [stem.name for stem in slakh.submix(song, target)] for target in slakh.SUBMIXES}
    assert names == {
        "bass": ["S03"],
        "drums": ["S01"],
        "guitar": ["S00", "S07", "S08"],
        "piano": ["S02"],
        "residuals": ["S04", "S05", "S09", "S10"],
    }
    assert song.stems[0].instrument == "Guitar: Distortion Guitar"
    # The mixture is the sum of all stems: nothing is missed, and nothing is counted twice.
    total = np.sum([soundfile.read(stem.path)[0] for stem in song.stems], axis=0)
    assert song.mixture
    np.testing.assert_allclose(total, soundfile.read(song.mixture.path)[0], atol=len(song.stems) / 32768)
