"""Own corpora and published ones on folders as they are: junk of systems, links, names, and what nobody reads."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Answer
from reprosep.base.errors import UserError
from reprosep.corpora import folder, musdb
from reprosep.corpora.catalog import write_examination
from reprosep.corpora.doctor.examine import Examination, examine
from reprosep.corpora.layout import Song
from reprosep.corpora.splits import assign_splits, left_out
from reprosep.params.data import Corpus
from synthetic import make_folder, make_musdb, make_params, own_corpus

FILES = {"vocals": ["*vox*"], "drums": ["*drum*"]}


def own(root: Path, **change: Any) -> Corpus:
    return make_params({"corpora": {"own": own_corpus(str(root), **change)}}).corpora["own"]


def doctor(corpus: Corpus) -> Examination:
    params = make_params()
    return examine("own", corpus, params.audio, params.doctor, threads=1)


def told(corpus: Corpus) -> dict[str, str]:
    """Name of what a finding is about -> its check."""
    return {Path(finding.path).name: finding.check for finding in doctor(corpus).findings}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "own", songs=2, seconds=1.5)


def test_a_clean_corpus_is_clean(root: Path) -> None:
    assert told(own(root)) == {}


def test_junk_of_systems_is_no_song_and_no_stem(root: Path) -> None:
    before = folder.read_songs(str(root), FILES)
    for name in (".@__thumb", "@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN"):
        shutil.copytree(root / "My song 0", root / name)
    (root / "My song 0" / "._Lead Vox.ogg").write_bytes(b"Mac OS X")
    assert folder.read_songs(str(root), FILES) == before
    assert told(own(root)) == {}


def test_what_nobody_reads_is_told(root: Path, tmp_path: Path) -> None:
    song = root / "My song 0"
    shutil.copy(song / "Drum Kit.wav", song / "Piano.xyz")
    shutil.copy(song / "Drum Kit.wav", root / "Mix.wav")
    shutil.copytree(root / "My song 1", song / "takes")
    (root / "empty").mkdir()
    (root / "gone").symlink_to(tmp_path / "nothing")
    (song / "notes.txt").write_text("la")
    assert told(own(root)) == dict.fromkeys(("Piano.xyz", "Mix.wav", "takes", "empty", "gone"), "left-out")


def test_a_pipe_in_a_stems_place_is_refused(root: Path) -> None:
    os.mkfifo(root / "My song 0" / "Piano.wav")
    with pytest.raises(UserError, match=r"Piano\.wav: a pipe, not a file, expected a sound file"):
        folder.read_songs(str(root), FILES)


def test_the_doctor_says_so_and_strict_is_an_exit_status(
    root: Path, tmp_path: Path, reprosep: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = make_params({"corpora": {"own": own_corpus(str(root), split={"test": ["My song 1"]})}})
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params.model_dump(mode="json", by_alias=True)))
    assert "nothing is wrong" in reprosep("doctor", "own").out
    (root / "My song 0" / "Piano [left].xyz").write_bytes(b"la")
    answer = reprosep("doctor", "own")
    assert answer.status == 0
    assert "1 left out, nothing else is wrong" in answer.out
    assert "Piano [left].xyz" in answer.out
    assert reprosep("doctor", "own", "--strict").status == 1


def test_a_split_that_names_a_missing_song_is_told(root: Path, tmp_path: Path) -> None:
    (finding,) = doctor(own(root, split={"test": ["My song 1"], "valid": ["My sonk 0"]})).findings
    assert finding.check == "split-song"
    assert "corpora.own.split.valid: no song 'My sonk 0' (did you mean 'My song 0'?)" in finding.sentence
    split_file = tmp_path / "split.csv"
    split_file.write_text("song,split\nMy song 0,train\nOther,test\n")
    (finding,) = doctor(own(root, split_file=str(split_file))).findings
    assert finding.check == "left-out"  # a published list may have more songs than are there
    assert "1 of its 2 songs are not there (Other)" in finding.sentence


def test_names_are_compared_composed(tmp_path: Path) -> None:
    decomposed, composed = unicodedata.normalize("NFD", "Beyoncé"), "Beyoncé"
    corpus = Corpus.model_validate(
        own_corpus(split={"test": [composed], "ignore": [unicodedata.normalize("NFD", "é")]})
    )
    songs = [Song(decomposed, "a", ""), Song("é", "a", ""), Song("other", "b", "")]
    found = {song.name: song.split for song in assign_splits("own", songs, corpus, 1)}
    assert found[decomposed] == "test"
    assert "é" not in found
    assert left_out(corpus) == {"é"}
    listed = tmp_path / "split.csv"
    listed.write_text(f"song,split\n{composed},test\n", encoding="utf-8")
    corpus = Corpus.model_validate(own_corpus(split_file=str(listed)))
    assert {song.name: song.split for song in assign_splits("own", songs, corpus, 1)}[decomposed] == "test"


def test_an_artist_of_two_spellings_is_one(tmp_path: Path) -> None:
    songs = [Song(f"{n}", unicodedata.normalize(("NFC", "NFD")[n % 2], f"é{n // 2}"), "") for n in range(40)]
    corpus = Corpus.model_validate(own_corpus(valid_fraction=0.0, test_fraction=0.5))
    split = {int(song.name): song.split for song in assign_splits("own", songs, corpus, 1)}
    assert {"train", "test"} == set(split.values())
    assert all(split[2 * n] == split[2 * n + 1] for n in range(20))


def test_patterns_match_composed_names(root: Path) -> None:
    stem = root / "My song 0" / "Lead Vox.ogg"
    stem.rename(stem.with_name(unicodedata.normalize("NFD", "Café.ogg")))
    (song, _) = folder.read_songs(str(root), {**FILES, "vocals": ["*café*", "*vox*"]})
    assert [one.target for one in song.stems if one.target == "vocals"] == ["vocals"]


def test_junk_in_musdbs_folders(tmp_path: Path) -> None:
    root = make_musdb(tmp_path / "musdb", train=1, test=1)
    before = musdb.read_songs(str(root))
    for name in (".@__thumb", "train/.@__thumb", "test/@eaDir", "__MACOSX", "train/lost+found"):
        (root / name).mkdir()
    (root / "train/.DS_Store").write_bytes(b"la")
    linked = tmp_path / "linked"
    for split in ("train", "test"):
        (linked / split).mkdir(parents=True)
        for song in (root / split).iterdir():
            (linked / split / song.name).symlink_to(song)
    assert musdb.read_songs(str(root)) == before
    assert [song.name for song in musdb.read_songs(str(linked))] == [song.name for song in before]


def test_names_that_tables_cannot_hold_are_told(root: Path) -> None:
    (root / "My song 0").rename(root / os.fsdecode(b"Caf\xe9"))
    stem = root / "My song 1" / "DI bass.flac"
    stem.rename(stem.with_name("DI\nbass.flac"))
    findings = doctor(own(root)).findings
    assert [finding.check for finding in findings] == ["song-name"] * 2
    assert [finding.song for finding in findings] == [r"Caf\xe9", "My song 1"]
    assert all("its name is not UTF-8" in finding.sentence for finding in findings)


def test_the_line_tells_it_too(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (root / "My song 0" / "Piano.xyz").write_bytes(b"la")
    write_examination(make_params({"corpora": {"own": own_corpus(str(root))}}), "own", 1)
    assert "own: 1 left out, first" in caplog.text and "Piano.xyz" in caplog.text
