"""Whole data sets: the command, bad MIDI among good, what is logged, resumption after kills, what is told up front."""

from __future__ import annotations

import csv
import multiprocessing
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bands import BASS, DRUMS, GUITAR, PIANO, band, write_band
from conftest import Answer
from moments import Moment
from reprosep.base.errors import UserError
from reprosep.base.files import sha256
from reprosep.base.project import read_yaml, repository
from reprosep.corpora import slakh
from reprosep.params.reading import load, parse
from reprosep.params.scale import merge
from reprosep.synthesis import dataset, fluidsynth
from reprosep.synthesis.dataset import Request, make_dataset
from reprosep.synthesis.patches import default_table
from reprosep.synthesis.song import make_song

if not fluidsynth.is_installed():
    pytest.skip("needs the FluidSynth library, which `make test` installs", allow_module_level=True)

Run = Callable[..., Answer]
FAST: dict[str, Any] = {"fewest_notes": 10, "tail_seconds": 0.5, "sample_rate": 16000}
SONGS = 6
WRITES = 20  # files and folders that a song has, and the new names they get, roughly


@pytest.fixture(scope="module")
def midi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six songs."""
    folder = tmp_path_factory.mktemp("midi")
    for seed in range(SONGS):
        write_band(folder / f"{seed % 2}" / f"song {seed}.mid", seed=seed)
    return folder


def request(midi: Path, output: Path, **change: Any) -> Request:
    content = merge(read_yaml(repository() / "params.yaml"), {"rendering": {**FAST, **change.pop("rendering", {})}})
    return Request(midi, output, **{"songs": SONGS, "seed": 1, "rendering": parse(content).rendering, **change})


def files(root: Path) -> dict[str, str]:
    """Everything but locks, and tables that a kill left half written, by SHA-256."""
    left = re.compile(r"\.(selection|skipped|rendering)\.\w{8}\.|.*\.lock")
    found = [path for path in sorted(root.rglob("*")) if path.is_file() and not left.match(path.name)]
    return {str(path.relative_to(root)): sha256(path) for path in found}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def made(midi: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "data"
    make_dataset(request(midi, root))
    return root


def test_what_is_in_a_data_set(made: Path) -> None:
    songs = slakh.read_songs(str(made))
    assert {song.name: song.split for song in songs} == {
        "Track00001": "train",
        "Track00002": "train",
        "Track00003": "train",
        "Track00004": "train",
        "Track01501": "valid",
        "Track01876": "test",
    }
    rows = table(made / "selection.csv")
    assert [row["state"] for row in rows] == ["accepted"] * SONGS
    assert rows[0]["song"] == "train/Track00001" and rows[0]["bass"] == "12"
    skipped = table(made / "skipped.csv")
    assert {(row["stem"], row["reason"]) for row in skipped} == {
        ("S05", "its program is not rendered: no patch in the table")
    }
    parameters = yaml.safe_load((made / "rendering.yaml").read_text())
    assert parameters["seed"] == 1 and parameters["rendering"]["fewest_notes"] == 10


def test_the_command(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run) -> None:
    """In any folder; once more it only says what is there; other options make other songs in its place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fast.yaml").write_text(yaml.safe_dump({"rendering": {"tail_seconds": 0.5, "sample_rate": 16000}}))
    command = ["render", midi, "out", "--songs", 2, "--fewest-notes", 10, "--workers", 1, "-p", "fast.yaml"]
    answer = reprosep(*command)
    assert answer.status == 0, answer.err
    assert "2 songs (2 train, 0 validation, 0 test), 10 stems" in answer.out
    assert "2 accepted, 4 not drawn" in answer.out and "stem-seconds per core-second" in answer.out
    before = files(tmp_path / "out")
    again = reprosep(*command).out
    assert "per core-second" not in again and files(tmp_path / "out") == before
    assert "2 songs" in reprosep(*command, "--flakh").out
    after = files(tmp_path / "out")
    assert after["train/Track00001/all_src.mid"] == before["train/Track00001/all_src.mid"]
    assert after["train/Track00001/mix.flac"] != before["train/Track00001/mix.flac"]
    assert "rendering.rule: found 'papper'" in reprosep(*command, "--rule", "papper").sentence()


def test_other_workers_and_numbers_make_the_same_songs(midi: Path, made: Path, tmp_path: Path) -> None:
    make_dataset(request(midi, tmp_path / "two", workers=2))
    assert files(tmp_path / "two") == files(made)


def make_held(asked: Request, moment: Moment) -> None:
    moment.hold()
    make_dataset(asked)


def kill_at(asked: Request, moment: Moment) -> None:
    """Start it in a process and kill that at its moment."""
    process = multiprocessing.get_context("fork").Process(target=make_held, args=(asked, moment))
    process.start()
    moment.wait(process)
    process.kill()
    process.join()


def test_killed_five_times(midi: Path, made: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    asked, random_ = request(midi, root), random.Random(5)
    for _ in range(5):
        kill_at(asked, Moment(tmp_path, f"{root}/*", random_.randrange(1, 2 * WRITES)))
        for song in root.glob("[!.]*/Track*"):
            assert (song / "metadata.yaml").is_file() and (song / "mix.flac").is_file(), "a song that is not whole"
    whole = {path: path.stat().st_ino for path in root.glob("[!.]*/Track*/mix.flac")}
    assert 0 < len(whole) < SONGS
    make_dataset(asked)
    assert files(root) == files(made)
    assert {path: path.stat().st_ino for path in whole} == whole, "a finished song was made anew"
    assert not [path for path in root.glob(".partial/*")]


def test_no_song_ends_a_run(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that cannot be read, songs that cannot be rendered, songs without a sounding bass."""
    folder = tmp_path / "midi"
    shutil.copytree(midi, folder)
    (folder / "text.mid").write_text("no music")
    silent = band(seed=77)
    silent.instruments[2].control_changes.append(type_of_change(7, 0))
    silent.write(str(folder / "silent bass.mid"))
    write_band(folder / "odd.mid", seed=88)

    def render(song: Any, *arguments: Any, **keywords: Any) -> Any:
        if keywords["origin"] == "odd.mid":
            raise ZeroDivisionError("odd")
        return make_song(song, *arguments, **keywords)

    monkeypatch.setattr(dataset, "make_song", render)
    asked = request(folder, tmp_path / "out", songs=100)
    for _ in range(2):  # the second time, what was skipped is not tried again
        summary = make_dataset(asked)
        reasons = {row["file"]: row["reason"] for row in table(tmp_path / "out" / "skipped.csv") if not row["stem"]}
        assert reasons.keys() == {"odd.mid", "silent bass.mid"}
        assert reasons["odd.mid"] == "cannot be rendered (ZeroDivisionError: odd)"
        assert reasons["silent bass.mid"].startswith("no stem of bass: '")
        assert summary.files == {"accepted": SONGS + 2, "skipped": 1}
        assert len(slakh.read_songs(str(tmp_path / "out"))) == SONGS
        monkeypatch.undo()


def type_of_change(number: int, value: int) -> Any:
    from pretty_midi import ControlChange

    return ControlChange(number, value, 0.0)


def test_paper_splits_keep_copies(tmp_path: Path) -> None:
    write_band(tmp_path / "midi" / "one.mid")
    shutil.copy(tmp_path / "midi" / "one.mid", tmp_path / "midi" / "two.mid")
    make_dataset(request(tmp_path / "midi", tmp_path / "paper", rendering={"splits": "paper"}))
    songs = slakh.read_songs(str(tmp_path / "paper"))
    assert len(songs) == 2 and len({song.artist for song in songs}) == 1
    make_dataset(request(tmp_path / "midi", tmp_path / "free"))
    assert len(slakh.read_songs(str(tmp_path / "free"))) == 1


def untouched(root: Path) -> bool:
    return not root.exists() or not any(path.is_file() for path in root.rglob("*"))


def test_missing_things_are_told_before_anything_is_computed(
    midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load(default_table().read_text())
    content["soundfonts"]["TimGM6mb"] = "/nowhere/TimGM6mb.sf2"
    Path("patches.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    told = reprosep("render", midi, "out", "--songs", 2, "--patches", "patches.yaml").sentence()
    assert "none of its 13 patches can be played here; install /nowhere/TimGM6mb.sf2" in told
    assert "no such file" in reprosep("render", midi, "out", "--songs", 2, "--patches", "x.yaml").sentence()
    assert "no such folder" in reprosep("render", "nowhere", "out", "--songs", 2).sentence()
    assert "which this command reads" in reprosep("render", midi, midi / "out", "--songs", 2).sentence()
    assert "patches.yaml: is a file" in reprosep("render", midi, "patches.yaml", "--songs", 2).sentence()
    monkeypatch.setattr(fluidsynth, "is_installed", lambda: False)
    assert "apt-get install fluidsynth" in reprosep("render", midi, "out", "--songs", 2).sentence()
    assert untouched(Path("out"))


def test_files_of_which_none_is_a_song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run) -> None:
    monkeypatch.chdir(tmp_path)
    write_band(tmp_path / "midi" / "a.mid", programs=(PIANO, GUITAR, BASS, DRUMS))
    told = reprosep("render", "midi", "out", "--songs", 2).sentence()
    assert "none of its 1 MIDI files can be a song (1: 12 notes of piano, fewer than 50 (fewest_notes))" in told
    assert table(tmp_path / "out" / "selection.csv")[0]["state"] == "skipped"


def test_songs_of_which_none_can_be_rendered(
    midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run
) -> None:
    def render(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(dataset, "make_song", render)
    told = reprosep("render", midi, tmp_path / "out", "--songs", 2, "--workers", 1, "--fewest-notes", 5).sentence()
    assert "none of the 2 songs could be rendered (2: cannot be rendered (ZeroDivisionError: odd))" in told
    assert len(table(tmp_path / "out" / "skipped.csv")) == 2


def test_strict_tells_what_could_not_be_rendered(
    midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reprosep: Run
) -> None:
    songs: list[str] = []

    def render(song: Any, *arguments: Any, **keywords: Any) -> Any:
        songs.append(keywords["origin"])
        if len(songs) == 1:
            raise ZeroDivisionError("odd")
        return make_song(song, *arguments, **keywords)

    monkeypatch.setattr(dataset, "make_song", render)
    words = ("render", midi, tmp_path / "out", "--songs", 2, "--workers", 1, "--fewest-notes", 5)
    assert reprosep(*words).status == 0
    answer = reprosep(*words, "--strict")
    assert answer.status == 1
    assert "left out in rendering: 1 songs" in answer.out


def test_the_songs_of_others_are_left_alone(midi: Path, tmp_path: Path, reprosep: Run) -> None:
    (tmp_path / "train" / "Track00001").mkdir(parents=True)
    told = reprosep("render", midi, tmp_path, "--songs", 2).sentence()
    assert "Track00001: this song was not made by `reprosep render`" in told


def test_the_parameters_are_the_papers() -> None:
    rendering = load(repository() / "params.yaml").rendering
    assert (rendering.loudness, rendering.peak, rendering.fewest_notes, rendering.sample_rate) == (-13, -1, 50, 44100)
    assert dict(rendering.shares) == {"train": 1500, "valid": 375, "test": 225}


def test_a_flakh_of_a_data_set_has_its_songs_in_its_splits(midi: Path, tmp_path: Path) -> None:
    make_dataset(request(midi, tmp_path / "slakh", songs=4))
    keep = {"splits": "same", "fewest_notes": 10**6}  # no rule is applied to songs that were chosen before
    make_dataset(request(tmp_path / "slakh", tmp_path / "flakh", songs=2100, flakh=True, rendering=keep))
    songs = [
        {path.parent.relative_to(root): sha256(path) for path in root.glob("*/*/all_src.mid")}
        for root in (tmp_path / "slakh", tmp_path / "flakh")
    ]
    assert songs[0] == songs[1] and len(songs[0]) == 4
    assert {path.parent for path in songs[0]} == {Path("train"), Path("validation")}


def test_no_data_set_to_keep_the_songs_of(midi: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no song of a data set in it; expected train, validation, test with"):
        make_dataset(request(midi, tmp_path / "flakh", rendering={"splits": "same"}))
