"""`reprosep evaluate` on folders as they are: what does not count is told, what would change the scores is refused."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from conftest import Answer
from reprosep.tools.evaluation.layout import Sound, find_songs
from reprosep.tools.evaluation.left_out import Omissions
from reprosep.tools.evaluation.tasks import tasks_of
from scores import mixed_estimates, stems

RATE = 8000
Command = Callable[..., Answer]


def write(folder: Path, *targets: str, suffix: str = "wav", samples: int = 2 * RATE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    signals = stems(len(targets), 1, samples, 1)
    if "e" in folder.parts:
        signals = mixed_estimates(signals, 1)
    for target, signal in zip(targets, signals, strict=True):
        soundfile.write(os.fsencode(folder / f"{target}.{suffix}"), signal, RATE, format=suffix.upper())


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two songs of two targets: references in ``r``, estimates in ``e``, below the working folder."""
    monkeypatch.chdir(tmp_path)
    for root in ("r", "e"):
        for song in ("A", "B"):
            write(Path(root, song), "bass", "vocals")
    return Path("r"), Path("e")


def counts(folder: Path = Path("o")) -> dict[str, int]:
    """Reason -> how many, in the references and all methods."""
    table = pd.read_csv(folder / "left-out-counts.csv").groupby("reason")["count"].sum()
    return {str(reason): int(count) for reason, count in table.items()}


# ---- told --------------------------------------------------------------------------------------------------------


def test_nothing_left_out_is_no_word(folders: tuple[Path, Path], reprosep: Command) -> None:
    answer = reprosep("evaluate", *folders, "--output", "o", "--strict")
    assert answer.status == 0
    assert "left out" not in answer.err
    assert counts() == {}


def test_a_song_without_an_estimate(
    folders: tuple[Path, Path], reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree("e/B")
    answer = reprosep("evaluate", *folders, "--output", "o")
    assert answer.status == 0
    assert "e: no estimates of 1 song: B" in caplog.text
    assert "1 of 2" in answer.out
    assert counts() == {"no estimate": 1}
    assert set(pd.read_csv("o/summary.csv")["songs_left_out"]) == {1}
    assert reprosep("evaluate", *folders, "--output", "o", "--strict").status == 1


def test_a_target_that_one_song_lacks(
    folders: tuple[Path, Path], reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    Path("e/B/vocals.wav").unlink()
    assert reprosep("evaluate", *folders, "--output", "o", "--strict").status == 1
    assert "e: no estimate of vocals in 1 song: B" in caplog.text
    summary = pd.read_csv("o/summary.csv")
    assert dict(zip(summary["target"], summary["songs_left_out"], strict=True)) == {"bass": 0, "vocals": 1}
    (row,) = pd.read_csv("o/left-out.csv").to_dict("records")
    assert (row["song"], row["target"], row["method"], row["reason"]) == ("B", "vocals", "e", "no estimate")


def test_a_method_of_one_target_lacks_none(folders: tuple[Path, Path], reprosep: Command) -> None:
    for song in "AB":
        Path("e", song, "vocals.wav").unlink()
    assert reprosep("evaluate", *folders, "--output", "o", "--strict").status == 0


def test_files_of_systems_are_counted_and_harmless(folders: tuple[Path, Path], reprosep: Command) -> None:
    assert reprosep("evaluate", *folders, "--output", "clean").status == 0
    for place in ("r/.@__thumb", "r/A/@eaDir", "e/__MACOSX/A", "r/lost+found", "e/A/#recycle"):
        write(Path(place), "bass")
    for file in ("r/A/._vocals.wav", "e/B/._bass.wav", "r/.DS_Store", "r/A/Thumbs.db"):
        Path(file).write_bytes(b"Mac OS X")
    assert reprosep("evaluate", *folders, "--output", "o", "--strict").status == 0
    assert counts() == {"hidden, or of the system": 9}
    assert Path("o/scores.csv").read_bytes() == Path("clean/scores.csv").read_bytes()


def test_another_suffix_is_told_and_texts_are_not(
    folders: tuple[Path, Path], reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    Path("r/A/drums.xyz").write_bytes(b"RIFF")
    Path("r/A/lyrics.txt").write_text("la")
    assert reprosep("evaluate", *folders, "--output", "o", "--strict").status == 1
    assert "1 files or folders are left out: 1 no sound file by its suffix .xyz; see left-out.csv" in caplog.text
    assert counts() == {"no sound file by its suffix .xyz": 1}


@pytest.mark.parametrize("suffix", ["caf", "w64", "aifc", "oga"])
def test_whatever_is_read_counts(folders: tuple[Path, Path], suffix: str) -> None:
    for song in (Path("r/A"), Path("e/A")):
        (song / "bass.wav").rename(song / f"bass.{suffix}")
    assert [sorted(song.references) for song in find_songs(folders[0], [folders[1]])] == [["bass", "vocals"]] * 2


# ---- links and what is no file -------------------------------------------------------------------------------------


def test_linked_songs_and_folders(folders: tuple[Path, Path], reprosep: Command) -> None:
    for root in ("r", "e"):
        Path("l", root).mkdir(parents=True)
        for song in "AB":
            Path("l", root, song).symlink_to(Path(root, song).resolve())
    Path("l/r/loop").symlink_to(".")
    assert reprosep("evaluate", *folders, "--output", "o").status == 0
    assert reprosep("evaluate", "l/r", "l/e", "--output", "lo").status == 0
    assert Path("o/scores.csv").read_bytes() == Path("lo/scores.csv").read_bytes()
    assert counts(Path("lo")) == {"a link back to a folder that it is in": 1}


@pytest.mark.parametrize("root", ["r", "e"])
@pytest.mark.parametrize("what", ["pipe", "device", "link to nothing", "folder"])
def test_what_is_no_file_is_refused(folders: tuple[Path, Path], reprosep: Command, what: str, root: str) -> None:
    path = Path(root, "A", "drums.wav")
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/null")
    elif what == "link to nothing":
        path.symlink_to("none.wav")
    else:
        path.mkdir()
    told = reprosep("evaluate", *folders, "--output", "o").sentence()
    assert told.startswith(f"{path}: a {what}")
    assert "expected a sound file" in told
    assert not Path("o").exists()


# ---- names ---------------------------------------------------------------------------------------------------------


def test_names_are_compared_composed_and_without_case(folders: tuple[Path, Path]) -> None:
    decomposed = unicodedata.normalize("NFD", "Beyoncé")
    Path("r/A").rename("r/Beyoncé")
    Path("e/A").rename(Path("e", decomposed))
    Path("e/B").rename("e/b")
    Path("r/Beyoncé/bass.wav").rename(Path("r/Beyoncé/Baß é.wav"))
    Path("e", decomposed, "bass.wav").rename(Path("e", decomposed, unicodedata.normalize("NFD", "baß é.wav")))
    Path("r/B/vocals.wav").rename("r/B/Vocals.wav")
    songs = find_songs(folders[0], [folders[1]])
    assert [song.name for song in songs] == ["B", "Beyoncé"]
    assert [sorted(song.references) for song in songs] == [["bass", "vocals"], ["Baß é", "vocals"]]
    assert all(set(song.references) == set(song.estimates["e"]) for song in songs)


def test_a_mixture_of_any_case_is_no_target(folders: tuple[Path, Path]) -> None:
    shutil.copy("r/A/bass.wav", "r/A/Mixture.wav")
    assert set(find_songs(folders[0], [folders[1]])[0].references) == {"bass", "vocals"}


def test_odd_and_long_names(tmp_path: Path, reprosep: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["a\nb", "x" * 255, "é" * 127, "Song. " + "y" * 249, "vox [dry]"]
    for name in names:
        write(Path("r", name), "bass", "vox [dry]")
        write(Path("e", name), "bass", "vox [dry]")
    answer = reprosep("evaluate", "r", "e", "--output", "o")
    assert answer.status == 0, answer.err
    shown = {r"a\nb", *names[1:]}
    assert set(pd.read_csv("o/scores.csv")["song"]) == shown == set(pd.read_parquet("o/scores.parquet")["song"])
    written = {path.name for path in Path("o/test").glob("*.json")}
    assert len(written) == 5
    assert {r"a\nb.json", "vox [dry].json"} < written


def test_names_that_are_not_utf8_are_shown(folders: tuple[Path, Path]) -> None:
    name = os.fsdecode(b"Caf\xe9")
    for root in ("r", "e"):
        Path(root, "A").rename(Path(root, name))
        Path(root, name, "bass.wav").rename(Path(root, name, f"{name}.wav"))
    omissions = Omissions()
    songs = find_songs(folders[0], [folders[1]], omissions)
    assert [song.name for song in songs] == ["B", r"Caf\xe9"]
    assert set(songs[1].estimates["e"]) == {r"Caf\xe9", "vocals"}
    assert songs[1].references[r"Caf\xe9"].path == Path("r", name, f"{name}.wav")
    assert not omissions.rows


def test_two_spellings_of_one_song(folders: tuple[Path, Path], reprosep: Command) -> None:
    for form in ("NFC", "NFD"):
        shutil.copytree("r/A", Path("r", unicodedata.normalize(form, "é")))
    assert "song 'é' is there twice" in reprosep("evaluate", *folders, "--output", "o").sentence()


def test_two_folders_of_estimates_of_one_song(folders: tuple[Path, Path], reprosep: Command) -> None:
    shutil.copytree("e/A", "e/htdemucs/A")
    assert "a second folder of estimates of 'A'" in reprosep("evaluate", *folders, "--output", "o").sentence()


# ---- estimates without a reference ---------------------------------------------------------------------------------


def test_no_vocals_is_the_accompaniment(folders: tuple[Path, Path]) -> None:
    for song in "AB":
        Path("e", song, "bass.wav").rename(Path("e", song, "no_vocals.wav"))
    for found in find_songs(folders[0], [folders[1]]):
        assert set(found.estimates["e"]) == {"vocals", "accompaniment"}


def test_the_remedy_is_ignore(folders: tuple[Path, Path], reprosep: Command) -> None:
    shutil.copy("e/A/bass.wav", "e/A/no_bass.wav")
    shutil.copytree("e/A", "e/Other")
    told = reprosep("evaluate", *folders, "--output", "o").sentence()
    assert "leave it out with --ignore 'no_bass'" in told
    told = reprosep("evaluate", *folders, "--output", "o", "--ignore", "no_*").sentence()
    assert "leave it out with --ignore 'Other'" in told
    options = ("--ignore", "no_*", "--ignore", "Other", "--strict")
    assert reprosep("evaluate", *folders, "--output", "o", *options).status == 0
    assert counts() == {"left out by --ignore": 2}


def test_the_accompaniment_alone_is_scored_as_such() -> None:
    references = {name: Sound(Path(name)) for name in ("vocals", "drums", "bass")}
    (task,) = tasks_of(references, ["accompaniment"])
    assert task.estimated == task.kept == ["accompaniment"]
    assert task.references == {
        "accompaniment": [references["drums"], references["bass"]],
        "vocals": [references["vocals"]],
    }
    own = {**references, "accompaniment": Sound(Path("accompaniment"))}
    (task,) = tasks_of(own, ["accompaniment"])
    assert task.references["accompaniment"] == [own["accompaniment"]]
    (task,) = tasks_of(references, ["drums", "accompaniment"])  # as museval, which takes it for a target like others
    assert task.estimated == ["drums", "accompaniment"]


# ---- frames, kept scores, what is printed --------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--window", "--hop"])
@pytest.mark.parametrize("seconds", ["nan", "-inf", "-1", "0.00001"])
def test_frames_of_no_length_name_their_option(
    folders: tuple[Path, Path], reprosep: Command, option: str, seconds: str
) -> None:
    told = reprosep("evaluate", *folders, "--output", "o", option, seconds).sentence()
    assert told.startswith(f"{option}: ")
    assert not Path("o").exists()


def test_an_infinite_window_is_the_whole_song(folders: tuple[Path, Path], reprosep: Command) -> None:
    assert reprosep("evaluate", *folders, "--output", "o", "--window", "inf", "--hop", "inf").status == 0
    scores = pd.read_parquet("o/scores.parquet")
    assert (scores["frame"] == 0).all() and (scores["time"] == 0).all()
    assert np.isfinite(scores["duration"]).all()


def test_frames_longer_than_songs_are_told(
    folders: tuple[Path, Path], reprosep: Command, caplog: pytest.LogCaptureFixture
) -> None:
    assert reprosep("evaluate", *folders, "--output", "o", "--window", 60).status == 0
    assert "--window: 60 seconds are longer than 2 of 2 songs (A), each of which is one frame" in caplog.text


@pytest.mark.parametrize("damage", ["folder", "other columns", "no parquet", "another song"])
def test_damaged_kept_scores_are_made_anew(
    folders: tuple[Path, Path], reprosep: Command, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    reprosep("evaluate", *folders, "--output", "o")
    before = Path("o/scores.csv").read_bytes()
    part, other = sorted(Path("o/.songs").iterdir())
    if damage == "another song":
        shutil.copy(other, part)
    else:
        part.unlink()
    if damage == "folder":
        part.mkdir()
    elif damage == "other columns":
        pd.DataFrame({"song": ["A"]}).to_parquet(part)
    elif damage == "no parquet":
        part.write_bytes(b"PAR1")
    assert reprosep("evaluate", *folders, "--output", "o").status == 0
    assert "is damaged, the song is scored anew" in caplog.text
    assert Path("o/scores.csv").read_bytes() == before


def test_names_are_printed_whole(
    folders: tuple[Path, Path], reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    methods = ["a method of a very long name that ends in ft", "a method of a very long name that ends in 6s", "[dry]"]
    for method in methods:
        shutil.copytree("e", method)
    for root in ("r", *methods):
        for song in "AB":
            Path(root, song, "bass.wav").rename(Path(root, song, "vox [wet] :smile:.wav"))
    answer = reprosep("evaluate", "r", *methods, "--output", "o")
    for name in (*methods, "vox [wet] :smile:"):
        assert re.search(rf"{re.escape(name)} +│", answer.out), answer.out
    assert "…" not in answer.out


def test_formulas_in_names_are_names(folders: tuple[Path, Path], reprosep: Command) -> None:
    methods = [r"a$\frac{$", "c_$y$"]
    for method in methods:
        shutil.copytree("e", method)
    for root in ("r", *methods):
        for song in "AB":
            Path(root, song, "bass.wav").rename(Path(root, song, r"$\q$.wav"))
    answer = reprosep("evaluate", "r", *methods, "--output", "o")
    assert answer.status == 0, answer.err
    assert Path("o/comparison.svg").stat().st_size > 0


def test_two_songs_of_one_file_for_museval(folders: tuple[Path, Path], reprosep: Command) -> None:
    for root in ("r", "e"):
        shutil.copytree(Path(root, "A"), Path(root, "test", "A"))
    assert (
        "museval's files of both songs would be test/A.json"
        in reprosep("evaluate", *folders, "--output", "o").sentence()
    )


@pytest.mark.filterwarnings("error")
def test_ordinary_runs_print_no_warnings(folders: tuple[Path, Path], tmp_path: Path, reprosep: Command) -> None:
    for song in "CDE":
        shutil.copytree("r/A", Path("r", song))
        shutil.copytree("e/A", Path("e", song))
    shutil.copytree("r", "perfect")  # infinite scores
    for path in (*Path("e/A").iterdir(), *Path("r/B").iterdir()):  # one silent estimate, one silent reference
        soundfile.write(path, np.zeros(2 * RATE), RATE)
    for metric in ("v3", "si-sdr", "usdr"):
        answer = reprosep("evaluate", "r", "e", "perfect", "--output", metric, "--metric", metric)
        assert answer.status == 0
