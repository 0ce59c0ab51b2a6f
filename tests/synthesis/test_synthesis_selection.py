"""Which MIDI files become songs: the rules, bad files each with a reason, duplicates, splits without leaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mido import Message, MetaMessage, MidiFile, MidiTrack

from bands import BASS, DRUMS, GUITAR, PIANO, SYNTH, band, track, write_band
from reprosep.base.errors import UserError
from reprosep.synthesis.selection import ACCEPTED, NOT_DRAWN, SKIPPED, Facts, Limits, Row, examine, midi_files, select
from reprosep.synthesis.splits import places

FEW = Limits(fewest_notes=10)
SHARES = {"train": 1500, "valid": 375, "test": 225}


def chosen(
    folder: Path, songs: int = 100, seed: int = 1, limits: Limits = FEW, leak_free: bool = True
) -> dict[str, Row]:
    rows = select(folder, songs, seed, limits, leak_free, lambda paths: [examine(path, limits) for path in paths], 4)
    assert len(rows) == len(midi_files(folder)) == len({row.file for row in rows})
    return {row.file: row for row in rows}


def reason(folder: Path, name: str, limits: Limits = FEW) -> str:
    facts = examine(folder / name, limits)
    return facts.problem


def test_real_files(shared_data: Path) -> None:
    """The 32 of band/ have 50 notes of each of the four, the 30 of other/ lack one."""
    folder = shared_data / "midi"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/midi, real General MIDI songs")
    rows = chosen(folder, 1000, limits=Limits())
    accepted = {name for name, row in rows.items() if row.state == ACCEPTED}
    bands = {name for name in rows if name.startswith("band/")}
    assert (len(bands), len(rows)) == (32, 62)
    assert accepted == bands
    assert all(row.reason for row in rows.values() if row.state == SKIPPED)


@pytest.mark.parametrize(
    ("programs", "paper", "code"),
    [
        ((PIANO, GUITAR, BASS, DRUMS, SYNTH, SYNTH), "", ""),
        ((PIANO, GUITAR, BASS, DRUMS), "", "4 instruments of as many classes"),
        ((PIANO, PIANO, GUITAR, BASS, DRUMS, DRUMS), "", "2 drum tracks, more than one"),
        ((PIANO, PIANO, GUITAR, DRUMS), "no bass", "no bass"),
        ((SYNTH, SYNTH, SYNTH), "no piano", "no piano"),
        ((PIANO,), "no guitar", "1 instruments, fewer than 2"),
        ((7, 24, 39, DRUMS, 8, 23, 40), "", "7 instruments of as many classes"),
    ],
)
def test_rules(tmp_path: Path, programs: tuple[int, ...], paper: str, code: str) -> None:
    write_band(tmp_path / "a.mid", programs=programs)
    assert reason(tmp_path, "a.mid") == paper
    # The released code counts instruments, which have to be more than their classes.
    assert reason(tmp_path, "a.mid", Limits(rule="code")) == code


def test_notes_are_counted_over_all_tracks_of_a_family(tmp_path: Path) -> None:
    write_band(tmp_path / "a.mid", programs=(0, 5, 30, BASS, DRUMS))
    assert reason(tmp_path, "a.mid", Limits(fewest_notes=13)) == "12 notes of guitar, fewer than 13 (fewest_notes)"
    facts = examine(tmp_path / "a.mid", FEW)
    assert facts.notes == {"piano": 24, "guitar": 12, "bass": 12, "drums": 12}
    assert (facts.tracks, facts.problem) == (5, "")


def test_bad_files_each_have_a_reason(tmp_path: Path) -> None:
    good = write_band(tmp_path / "good.mid").read_bytes()
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "text.mid").write_text("no music at all")
    (tmp_path / "cut.mid").write_bytes(good[: len(good) // 2])
    MidiFile().save(tmp_path / "no-tracks.mid")
    write_band(tmp_path / "silence.mid", programs=())
    hour = band()
    for note in hour.instruments[0].notes[-1:]:
        note.start, note.end = note.start + 3600, note.end + 3600
    hour.write(str(tmp_path / "hour.mid"))
    crowd = band()
    crowd.instruments += [track(program % 128, program, notes=2) for program in range(500)]
    crowd.write(str(tmp_path / "crowd.mid"))
    reasons = {path.name: reason(tmp_path, path.name) for path in midi_files(tmp_path)}
    assert reasons["good.mid"] == ""
    assert reasons["empty.mid"] == "not readable as MIDI (EOFError)"
    for name in ("text.mid", "cut.mid"):
        assert reasons[name].startswith("not readable as MIDI (")
    assert reasons["silence.mid"] == reasons["no-tracks.mid"] == "no notes"
    assert reasons["hour.mid"] == "60.0 minutes long, more than 15 (longest_minutes)"
    assert reasons["crowd.mid"].endswith("tracks, more than 64 (most_tracks)")


def type_zero(path: Path, tempo: bool) -> None:
    """All channels in one track, with or without a tempo."""
    song = MidiFile(type=0)
    events = MidiTrack()
    song.tracks.append(events)
    if tempo:
        events.append(MetaMessage("set_tempo", tempo=400_000))
    for channel, program in ((0, PIANO), (1, GUITAR), (2, BASS)):
        events.append(Message("program_change", channel=channel, program=program))
    for number in range(20):
        for channel in (0, 1, 2, 9):
            events.append(Message("note_on", channel=channel, note=40 + number % 8, velocity=90))
        events.append(Message("note_off", channel=0, note=40 + number % 8, time=200))
        for channel in (1, 2, 9):
            events.append(Message("note_off", channel=channel, note=40 + number % 8))
    song.save(path)


@pytest.mark.parametrize("tempo", [False, True])
def test_type_zero_and_files_without_a_tempo_are_songs(tmp_path: Path, tempo: bool) -> None:
    type_zero(tmp_path / "a.mid", tempo)
    facts = examine(tmp_path / "a.mid", FEW)
    assert (facts.problem, facts.tracks, set(facts.notes.values())) == ("", 4, {20})


def test_duplicates(tmp_path: Path) -> None:
    """By bytes, and by notes where a file was saved again; the paper's way goes by file name and leaks."""
    write_band(tmp_path / "a" / "one.mid", seed=1)
    (tmp_path / "b").mkdir()
    shutil.copy(tmp_path / "a" / "one.mid", tmp_path / "b" / "copy.mid")
    write_band(tmp_path / "b" / "one.mid", seed=2)
    again = band(seed=1)
    again.instruments = again.instruments[::-1]
    again.write(str(tmp_path / "b" / "saved-again.mid"))
    rows = chosen(tmp_path)
    assert rows["b/copy.mid"].reason == "has the same bytes as a/one.mid"
    told = sorted(rows[name].reason for name in ("a/one.mid", "b/saved-again.mid"))
    assert told[0] == "" and told[1] in ("has the same notes as a/one.mid", "has the same notes as b/saved-again.mid")
    assert rows["b/one.mid"].state == ACCEPTED
    rows = chosen(tmp_path, leak_free=False)
    assert rows["b/one.mid"].reason == "has the same name as a/one.mid"
    assert {name for name, row in rows.items() if row.state == ACCEPTED} == {
        "a/one.mid",
        "b/copy.mid",
        "b/saved-again.mid",
    }


def test_the_draw_is_seeded_and_what_is_not_drawn_is_told(tmp_path: Path) -> None:
    for seed in range(12):
        write_band(tmp_path / f"{seed}.mid", seed=seed)
    first = [name for name, row in chosen(tmp_path, 4).items() if row.state == ACCEPTED]
    assert first == [name for name, row in chosen(tmp_path, 4).items() if row.state == ACCEPTED]
    assert first != [name for name, row in chosen(tmp_path, 4, seed=2).items() if row.state == ACCEPTED]
    assert first == [name for name, row in chosen(tmp_path, 9).items() if row.state == ACCEPTED][:4]
    states = [row.state for row in chosen(tmp_path, 4).values()]
    assert (states.count(ACCEPTED), states.count(NOT_DRAWN)) == (4, 8)


def test_folders_without_midi(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        midi_files(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"no MIDI file in it or below; expected files that end with .mid or .midi"):
        midi_files(tmp_path)
    (tmp_path / "x.MIDI").write_bytes(b"")
    assert midi_files(tmp_path) == [tmp_path / "x.MIDI"]


def test_a_row_of_the_table_has_all_columns() -> None:
    columns = ["file", "state", "reason", "sha256", "seconds", "tracks", "piano", "guitar", "bass", "drums"]
    assert list(Row("a.mid", ACCEPTED, facts=Facts()).cells()) == columns


@given(st.integers(1, 5000))
def test_songs_go_to_the_splits_in_proportion(songs: int) -> None:
    found = places(songs, SHARES)
    assert len({place.name for place in found}) == len(found) == songs
    for split, share in (("train", 1500), ("validation", 375), ("test", 225)):
        assert abs(sum(place.folder == split for place in found) - songs * share / 2100) < 1


def test_songs_have_the_numbers_of_their_split() -> None:
    found = places(2100, SHARES)
    assert [place.name for place in (found[0], found[1500], found[1875], found[-1])] == [
        "Track00001",
        "Track01501",
        "Track01876",
        "Track02100",
    ]
    assert [(place.folder, place.name) for place in places(4, {"train": 1, "valid": 0, "test": 1})] == [
        ("train", "Track00001"),
        ("train", "Track00002"),
        ("test", "Track01876"),
        ("test", "Track01877"),
    ]
    assert places(2101, SHARES)[-1].name == "Track02101"


def test_linked_folders_are_entered_and_junk_of_systems_is_not(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "midi", tmp_path / "elsewhere"
    for place in (folder / "a", folder / "__MACOSX", folder / ".@__thumb", elsewhere):
        place.mkdir(parents=True)
        (place / "song.mid").write_bytes(b"MThd")
    (folder / "._song.mid").write_bytes(b"Mac OS X")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)
    assert midi_files(folder) == [folder / "a" / "song.mid", folder / "linked" / "song.mid"]
