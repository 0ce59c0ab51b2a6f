"""Notes of stems: MIDI with changes of tempo, what the composer wrote, and MedleyDB's annotated frequencies."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import pytest

from conftest import Line
from reprosep.activity.notes import write_notes
from reprosep.audio.store import read_table
from reprosep.base.errors import UserError
from reprosep.corpora.note_files import STEP, StemNote, annotation_files, read_notes, write_notes_csv
from reprosep.params.scale import merge
from synthetic import make_params

PER_BEAT = 480


def midi(path: Path, *messages: tuple[int, mido.Message | mido.MetaMessage]) -> Path:
    """A file of one track: messages at their ticks."""
    track, last = mido.MidiTrack(), 0
    for tick, message in messages:
        track.append(message.copy(time=tick - last))
        last = tick
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(type=1, ticks_per_beat=PER_BEAT, tracks=[track]).save(path)
    return path


def tempo(beats_per_minute: float) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_per_minute))


def on(pitch: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=90, channel=channel)


def off(pitch: int, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=pitch, channel=channel)


def f0_file(path: Path, times: np.ndarray, frequencies: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{time:.9f},{hertz:g}\n" for time, hertz in zip(times, frequencies, strict=True)))
    return path


# ---- MIDI --------------------------------------------------------------------------------------------------------


def test_times_of_midi_follow_every_change_of_tempo(tmp_path: Path) -> None:
    """Two beats at 120, two at 60, two at 240 to the minute: 1 s, 2 s and half a second; a note lasts through all."""
    path = midi(
        tmp_path / "S00.mid",
        (0, tempo(120)),
        (0, on(40)),
        (960, tempo(60)),
        (960, on(60)),
        (1920, off(60)),
        (1920, tempo(240)),
        (1920, on(64)),
        (2400, off(64)),
        (2880, off(40)),
    )
    assert read_notes(path) == [StemNote(0.0, 3.5, 40), StemNote(1.0, 3.0, 60), StemNote(3.0, 3.25, 64)]


def test_drums_in_midi_are_no_pitches(tmp_path: Path) -> None:
    beats = [(0, on(36, 9)), (0, on(50)), (480, off(36, 9)), (480, off(50))]
    assert read_notes(midi(tmp_path / "S00.mid", *beats)) == [StemNote(0.0, 0.5, 50)]


def test_a_note_without_length_is_none(tmp_path: Path) -> None:
    assert read_notes(midi(tmp_path / "S00.mid", (480, on(50)), (480, off(50)))) == []


# ---- composed ----------------------------------------------------------------------------------------------------


def test_composed_notes_come_back_to_the_last_digit(tmp_path: Path) -> None:
    times = np.random.default_rng(0).uniform(0, 200, 50)
    notes = [SimpleNamespace(start=t, end=t + 1 / 3, pitch=60, velocity=80) for t in np.sort(times)]
    write_notes_csv(tmp_path / "x_NOTES.csv", notes)
    assert read_notes(tmp_path / "x_NOTES.csv") == [StemNote(one.start, one.end, 60) for one in notes]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1.0,0.5,60,80", "line 2 is no note"),
        ("-1.0,0.5,60,80", "line 2 is no note"),
        ("0.0,inf,60,80", "line 2 is no note"),
        ("0.0,0.5,128,80", "line 2 is no note"),
        ("0.0,0.5,C4,80", "no number"),
    ],
)
def test_what_is_no_note_is_told(tmp_path: Path, row: str, told: str) -> None:
    (tmp_path / "x_NOTES.csv").write_text(f"start,end,pitch,velocity\n{row}\n")
    with pytest.raises(UserError, match=told):
        read_notes(tmp_path / "x_NOTES.csv")


# ---- annotated ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [True, False])
def test_runs_of_a_semitone_are_notes(tmp_path: Path, zeros: bool) -> None:
    """A4 a little high, a pause, A4 and B4 without one; files tell a pause by zeros or by nothing."""
    hertz = np.array([445.0] * 10 + [0.0] * 5 + [438.0] * 4 + [493.9] * 6)
    times = np.arange(len(hertz)) * STEP + 2.0
    shown = np.ones(len(hertz), bool) if zeros else hertz > 0
    notes = read_notes(f0_file(tmp_path / "A_B_STEM_01.csv", times[shown], hertz[shown]))
    assert [note.pitch for note in notes] == [69, 69, 71]
    edges = [(note.start - 2.0) / STEP for note in notes], [(note.end - 2.0) / STEP for note in notes]
    np.testing.assert_allclose(edges, [[-0.5, 14.5, 18.5], [9.5, 18.5, 24.5]], atol=1e-3)


@pytest.mark.parametrize(
    "text", ["0.0,440.0\n0.0,440.0\n", "0.0;440.0\n", "0.0,440.0,1\n", "0.0,-1.0\n", "0.0,nan\n", "time,frequency\n"]
)
def test_what_is_no_annotation_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "A_B_STEM_01.csv").write_text(text)
    with pytest.raises(UserError, match="not a pitch annotation of MedleyDB"):
        read_notes(tmp_path / "A_B_STEM_01.csv")


def test_annotations_are_found_by_name(tmp_path: Path) -> None:
    roots, folder = tmp_path / "roots", tmp_path / "elsewhere"
    for path in (roots / "Annotations/Pitch/A_B_STEM_01.csv", folder / "A_B_STEM_01.csv", roots / "A_B_STEM_02.csv"):
        f0_file(path, np.zeros(1), np.zeros(1))
    change = {"roots": [str(roots)], "notes": "published", "note_folders": [str(folder)]}
    corpus = make_params({"corpora": {"mm": change}}).corpora["mm"]
    found = annotation_files("mm", corpus)
    assert found["A_B_STEM_01"] == folder / "A_B_STEM_01.csv"
    assert found["A_B_STEM_02"] == roots / "A_B_STEM_02.csv"
    missing = corpus.model_copy(update={"note_folders": [str(tmp_path / "nowhere")]})
    with pytest.raises(UserError, match=r"corpora.mm.note_folders: .*is no folder"):
        annotation_files("mm", missing)


# ---- the step ----------------------------------------------------------------------------------------------------


def test_the_step_tells_what_it_knows_and_what_not(
    prepared: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One stem of one song has an annotation; drums are not asked."""
    folder = tmp_path / "pitch"
    change = {"corpora": {"mm": {"notes": "published", "note_folders": [str(folder)]}}}
    line = Line(tmp_path, make_params(change))
    f0_file(folder / "Artist0_Song0_STEM_01.csv", np.arange(20) * STEP, np.full(20, 440.0))
    (line.results / "mm").mkdir(parents=True)
    (line.results / "mm/catalog.parquet").symlink_to(prepared.results / "mm/catalog.parquet")
    (tmp_path / "recordings").symlink_to(prepared.folder / "recordings")
    monkeypatch.chdir(tmp_path)
    write_notes(line.params, "mm")
    index = read_table(line.results / "mm/notes/index.parquet")
    notes = read_table(line.results / "mm/notes/notes.parquet")
    told = index[index["origin"] != ""]
    assert told[["song", "stem", "origin", "notes"]].values.tolist() == [["Artist0_Song0", "S01", "annotated", 1]]
    assert notes["pitch"].tolist() == [69]
    err = capfd.readouterr().err
    vocals = int((index["target"] == "vocals").sum())
    assert f"vocals {vocals - 1} of {vocals}" in err and "drums" not in err


def test_notes_are_in_one_place() -> None:
    with pytest.raises(UserError, match=r"note_folders: .*but notes: beside"):
        make_params({"corpora": {"mm": {"notes": "beside", "note_folders": ["x"]}}})
    with pytest.raises(UserError, match="notes: 'published' needs kind 'medleydb'"):
        make_params({"corpora": {"musdb": merge({}, {"notes": "published"})}})
