"""One song: equal loudness, exact sum, same bytes, what sounds as the MIDI says, what is silent; Flakh; readers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pyloudnorm
import pytest
import soundfile
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pretty_midi import ControlChange, PitchBend, PrettyMIDI

from bands import BASS, DRUMS, GUITAR, HELICOPTER, PIANO, SYNTH, band, song_of
from reprosep.base.files import sha256
from reprosep.corpora import slakh
from reprosep.corpora.standin.corpus import render_corpus
from reprosep.synthesis.fluidsynth import is_installed
from reprosep.synthesis.loudness import Loudness
from reprosep.synthesis.mix import equally_loud
from reprosep.synthesis.patches import default_table, load_table
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.song import MadeSong, Skipped, make_song
from reprosep.synthesis.stems import plain

if not is_installed():
    pytest.skip("needs the FluidSynth library, which `make test` installs", allow_module_level=True)

RATE = 44100
TABLE = load_table(default_table())
SHORT = SongSettings(tail_seconds=1.0)
PLAIN = SongSettings(tail_seconds=1.0, flakh=True)


def make(folder: Path, midi: PrettyMIDI | None = None, given: SongSettings = SHORT, **keywords: Any) -> MadeSong:
    folder.mkdir(parents=True)
    return make_song(song_of(midi or band()), folder, TABLE, given, **{"seed": 1, **keywords})


def stems_of(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: soundfile.read(path, dtype="int16")[0] for path in sorted((folder / "stems").glob("*.flac"))}


def metadata(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "metadata.yaml").read_text()))


def sums(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs") / "train" / "Track00001"
    make(folder, origin="x.mid")
    return folder


@pytest.fixture(scope="module")
def flakh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs") / "train" / "Track00001"
    make(folder, given=PLAIN)
    return folder


def test_stems_are_equally_loud_and_the_mixture_is_their_exact_sum(song: Path) -> None:
    stems = stems_of(song)
    mix, rate = soundfile.read(song / "mix.flac", dtype="int16")
    assert rate == RATE and {stem.shape for stem in stems.values()} == {mix.shape}
    assert soundfile.info(song / "mix.flac").subtype == "PCM_16"
    np.testing.assert_array_equal(np.sum(list(stems.values()), axis=0, dtype=int), mix)
    loudness = [pyloudnorm.Meter(RATE).integrated_loudness(stem / 32768) for stem in stems.values()]
    assert max(loudness) - min(loudness) < 0.1
    assert loudness[0] == pytest.approx(-13 + 20 * np.log10(metadata(song)["overall_gain"]), abs=0.1)
    peak = max(int(np.abs(sound.astype(int)).max()) for sound in [mix, *stems.values()])
    assert peak == pytest.approx(10 ** (-1 / 20) * 32768, rel=0.02)


def test_same_seed_same_bytes(song: Path, tmp_path: Path) -> None:
    make(tmp_path / "again", origin="x.mid")
    assert sums(tmp_path / "again") == sums(song)
    make(tmp_path / "other", origin="x.mid", seed=2)
    assert metadata(tmp_path / "other")["stems"] != metadata(song)["stems"]


def test_length_is_the_last_note_and_the_tail_or_what_was_asked_for(song: Path, tmp_path: Path) -> None:
    end = max(note.end for track in band().instruments for note in track.notes)
    assert soundfile.info(song / "mix.flac").frames == round((end + 1) * RATE)
    made = make(tmp_path / "long", seconds=2.0, given=SongSettings(sample_rate=16000))
    assert (made.seconds, soundfile.info(tmp_path / "long" / "mix.flac").frames) == (2.0, 32000)


def test_tracks_of_one_program_share_a_patch_and_omitted_programs_have_none(tmp_path: Path) -> None:
    made = make(tmp_path / "song", band(programs=(PIANO, GUITAR, GUITAR, BASS, DRUMS, HELICOPTER, 26)))
    entries = metadata(tmp_path / "song")["stems"]
    assert entries["S01"]["plugin_name"] == entries["S02"]["plugin_name"]
    names = {patch.name for patch in TABLE.of_program(GUITAR)}
    assert {entries[name]["plugin_name"] for name in ("S01", "S06")} <= names
    assert made.silent == (("S05", "its program is not rendered: no patch in the table"),)
    assert (entries["S05"]["audio_rendered"], entries["S05"]["plugin_name"]) == (False, "None")
    assert entries["S04"]["program_num"] == 128 and entries["S04"]["is_drum"]
    assert not (tmp_path / "song" / "MIDI" / "S05.mid").exists()


def test_metadata_have_the_real_keys(song: Path, request: pytest.FixtureRequest) -> None:
    real = request.getfixturevalue("shared_data") / "slakh_track00001_2s" / "Track00001" / "metadata.yaml"
    if not real.is_file():
        pytest.skip("needs ../shared/data/slakh_track00001_2s, two seconds of a real song")
    expected, content = yaml.safe_load(real.read_text()), metadata(song)
    kinds = {key: type(value) for key, value in expected.items()}
    assert {key: type(value) for key, value in content.items()} == kinds
    # A track that was rendered, and one that was not.
    for own, other in (("S00", "S00"), ("S05", "S06")):
        kinds = {key: type(value) for key, value in expected["stems"][other].items()}
        assert {key: type(value) for key, value in content["stems"][own].items()} == kinds


def test_bass_and_low_drums_are_moved_as_the_code_does(tmp_path: Path) -> None:
    midi = band()
    midi.instruments[3].notes[0].pitch = 35
    make(tmp_path / "moved", midi)
    make(tmp_path / "as-is", midi, SongSettings(tail_seconds=1.0, bass_semitones=0, low_drums=False))

    def pitches(folder: str, stem: str) -> list[int]:
        (one,) = PrettyMIDI(str(tmp_path / folder / "MIDI" / f"{stem}.mid")).instruments
        return [note.pitch for note in sorted(one.notes, key=lambda note: note.start)]

    assert pitches("moved", "S02") == [pitch + 12 for pitch in pitches("as-is", "S02")]
    assert pitches("as-is", "S03")[0] == 35 and pitches("moved", "S03")[0] == 36
    whole = PrettyMIDI(str(tmp_path / "moved" / "all_src.mid"))
    assert sorted(note.pitch for note in whole.instruments[2].notes) == sorted(pitches("as-is", "S02"))


def plain_sound(change: Any) -> np.ndarray:
    midi = band(programs=(SYNTH,), notes=4)
    change(midi.instruments[0])
    (stem,) = plain(song_of(midi).tracks, PLAIN, 4 * RATE)
    return stem.sound  # type: ignore[union-attr]


def test_events_are_honoured() -> None:
    """Pitch bends, the sustain pedal, volume, velocity and program change what is heard."""
    base = plain_sound(lambda track: None)
    np.testing.assert_array_equal(base, plain_sound(lambda track: None))

    def soften(track: pretty_midi.Instrument) -> None:
        for note in track.notes:
            note.velocity = 20

    def program(track: pretty_midi.Instrument) -> None:
        track.program = 0

    def change(kind: int, value: int) -> Any:
        return lambda track: track.control_changes.append(ControlChange(kind, value, 0.0))

    energy = float(np.sum(base**2))
    assert np.sum(plain_sound(change(64, 127)) ** 2) > 1.5 * energy
    assert np.sum(plain_sound(change(7, 30)) ** 2) < 0.5 * energy
    assert np.sum(plain_sound(soften) ** 2) < 0.5 * energy
    assert np.abs(plain_sound(program) - base).max() > 0.001
    bent = plain_sound(lambda track: track.pitch_bends.append(PitchBend(8191, 0.0)))
    centroid = [np.average(np.arange(2 * RATE + 1), weights=np.abs(np.fft.rfft(one))) for one in (base, bent)]
    assert centroid[1] > 1.05 * centroid[0]


def test_silent_tracks_are_left_out_with_their_reason(tmp_path: Path) -> None:
    midi = band(programs=(PIANO, GUITAR, BASS, DRUMS, SYNTH, SYNTH, PIANO))
    midi.instruments[4].control_changes.append(ControlChange(7, 0, 0.0))
    midi.instruments[5].notes = []  # no track at all
    made = make(tmp_path / "song", midi)
    reasons = dict(made.silent)
    assert reasons.keys() == {"S04"} and reasons["S04"].endswith("renders silence")
    assert list(stems_of(tmp_path / "song")) == list(made.stems) == ["S00", "S01", "S02", "S03", "S05"]
    midi.instruments[2].control_changes.append(ControlChange(7, 0, 0.0))
    with pytest.raises(Skipped, match=r"no stem of bass: '\w+' renders silence"):
        make(tmp_path / "skipped", midi)
    make(tmp_path / "needless", midi, needed=("piano",))
    with pytest.raises(Skipped, match="no stem of piano: too short to have a loudness"):
        make(tmp_path / "short", seconds=0.3)
    with pytest.raises(Skipped, match="no track of it can be rendered"):
        make(tmp_path / "none", band(programs=(HELICOPTER,)), needed=())


def test_flakh_is_the_unsplit_song_and_its_stems_add_up_to_it(flakh: Path) -> None:
    """They differ by rounding, half a step per stem, and by what float32 loses."""
    stems = stems_of(flakh)
    mix = soundfile.read(flakh / "mix.flac", dtype="int16")[0].astype(int)
    assert list(stems) == ["S00", "S01", "S02", "S03", "S04", "S05"]  # every track, the helicopter too
    apart = np.sum(list(stems.values()), axis=0, dtype=int) - mix
    level = 10 * np.log10(np.mean(apart.astype(float) ** 2) / np.mean(mix.astype(float) ** 2))
    print(f"sum of Flakh's stems: {np.abs(apart).max()} steps from the mixture at most, {level:.1f} dB of it")
    assert np.abs(apart).max() <= 1 + len(stems) / 2 and level < -60
    content = metadata(flakh)
    assert not content["normalized"] and {entry["plugin_name"] for entry in content["stems"].values()} == {
        "TimGM6mb.sf2"
    }
    assert np.abs(mix).max() <= round(10 ** (-1 / 20) * 32768)


def test_flakh_with_more_tracks_than_midi_has_channels(tmp_path: Path) -> None:
    """pretty_midi writes them all on 16 channels, where the last program holds for all."""
    programs = tuple(range(0, 80, 4))
    made = make(tmp_path / "song", band(programs=(*programs, DRUMS)), PLAIN, seconds=3.0, needed=())
    assert len(made.stems) == 21
    stems, mix = stems_of(tmp_path / "song"), soundfile.read(tmp_path / "song" / "mix.flac", dtype="int16")[0]
    apart = np.sum(list(stems.values()), axis=0, dtype=int) - mix
    assert np.abs(apart).max() <= 1 + len(stems) / 2


def test_slakh_and_flakh_are_read_by_the_readers_of_the_real_corpus(song: Path, flakh: Path) -> None:
    for folder in (song, flakh):
        (found,) = slakh.read_songs(str(folder.parents[1]))
        assert (found.name, found.split) == ("Track00001", "train")
        targets = [stem.target for stem in found.stems]
        assert targets == ["piano", "guitar", "bass", "drums", ""] + ([""] if folder == flakh else [])


def test_mirdata_reads_it(song: Path) -> None:
    """Its own index names the real songs only, so that this one has an index of its own."""
    module = pytest.importorskip(
        "mirdata.datasets.slakh",
        reason="needs mirdata (pip install mirdata), whose forty dependencies nothing else needs",
    )
    root = song.parents[2]

    def path(name: str) -> list[str]:
        return [str((song / name).relative_to(root)), ""]

    entries = metadata(song)["stems"]
    rendered = [name for name, entry in entries.items() if entry["audio_rendered"]]
    tracks = {
        f"Track00001-{name}": {
            "audio": path(f"stems/{name}.flac"),
            "midi": path(f"MIDI/{name}.mid"),
            "metadata": path("metadata.yaml"),
        }
        for name in rendered
    }
    whole = {"mix": path("mix.flac"), "midi": path("all_src.mid"), "metadata": path("metadata.yaml")}
    index = {
        "version": "2100-redux",
        "tracks": tracks,
        "multitracks": {"Track00001": {"tracks": list(tracks), **whole}},
    }
    multitrack = module.MultiTrack("Track00001", str(root), "slakh", index, module.Track, lambda: None)
    audio, rate = multitrack.audio
    assert (rate, multitrack.split, multitrack.uuid) == (RATE, "train", metadata(song)["UUID"])
    assert multitrack.normalized and multitrack.overall_gain == metadata(song)["overall_gain"]
    total = np.sum([track.audio[0] for track in multitrack.tracks.values()], axis=0)
    np.testing.assert_allclose(total, audio, atol=1e-4)
    groups = {track.mixing_group for track in multitrack.tracks.values()}
    assert groups == {"piano", "guitar", "bass", "drums", None}
    piano = multitrack.tracks["Track00001-S00"]
    assert (piano.instrument, piano.plugin_name) == ("Piano", entries["S00"]["plugin_name"])
    assert len(piano.notes.intervals) == 12


def test_loudness_is_that_of_pyloudnorm_at_any_gain() -> None:
    rng = np.random.default_rng(1)
    sound = (rng.normal(0, 0.05, 3 * RATE) * np.linspace(1, 0, 3 * RATE) ** 4).astype(np.float32)
    measured = Loudness(sound, RATE)
    for gain in (-40.0, 0.0, 12.0):
        expected = pyloudnorm.Meter(RATE).integrated_loudness((sound * 10 ** (gain / 20)).astype(float))
        assert measured.at(gain) == pytest.approx(expected, abs=1e-3)
    assert measured.at(measured.gain_to(-23.0)) == pytest.approx(-23, abs=0.02)
    assert Loudness(np.zeros(RATE, dtype=np.float32), RATE).is_silent and Loudness(sound[:100], RATE).is_silent


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.floats(-40, -5), st.floats(-6, -0.1))
def test_any_stems_are_levelled_without_clipping(seed: int, count: int, loudness: float, peak: float) -> None:
    rng = np.random.default_rng(seed)
    shapes = np.exp(-rng.uniform(0, 20, (count, 1)) * np.linspace(0, 1, 16000))
    stems = list((rng.normal(0, 1, (count, 16000)) * shapes * 10 ** rng.uniform(-4, 0, (count, 1))).astype(np.float32))
    measured = [Loudness(stem, 16000) for stem in stems]
    levelled, gain = equally_loud(stems, measured, loudness, peak)
    found = [Loudness(stem / 32768, 16000).at() for stem in levelled]
    assert max(found) - min(found) < 0.1 and 0 < gain <= 1
    total = np.abs(np.sum(levelled, axis=0, dtype=int)).max()
    assert total <= 10 ** (peak / 20) * 32768 + count
    assert found[0] == pytest.approx(loudness + 20 * np.log10(gain), abs=0.1)


def test_standin_flakh_has_the_songs_of_standin_slakh(tmp_path: Path) -> None:
    for layout in ("slakh", "flakh"):
        render_corpus(layout, tmp_path / layout, seed=3, songs={"train": 1, "test": 1}, seconds=4, sample_rate=16000)
    for name in ("train/Track00001", "test/Track01876"):
        one, other = tmp_path / "slakh" / name, tmp_path / "flakh" / name
        assert sha256(one / "all_src.mid") == sha256(other / "all_src.mid")
        assert metadata(one)["UUID"] == metadata(other)["UUID"]
        assert sha256(one / "mix.flac") != sha256(other / "mix.flac")
        assert soundfile.info(one / "mix.flac").frames == soundfile.info(other / "mix.flac").frames == 64000
    read = [slakh.read_songs(str(tmp_path / layout)) for layout in ("slakh", "flakh")]
    assert [[song.name for song in songs] for songs in read] == [["Track00001", "Track01876"]] * 2
    assert [[stem.target for stem in song.stems] for song in read[0]] == [
        [stem.target for stem in song.stems] for song in read[1]
    ]


def test_a_song_is_not_changed_by_rendering(tmp_path: Path) -> None:
    song = song_of(band())
    before = copy.deepcopy(song)
    make_song(song, tmp_path, TABLE, SHORT, seed=1)
    assert song == before
