"""Songs sound as FluidSynth itself plays their files: constructed ones, and all real ones at hand.

FluidSynth's player has a clock of its own: it looks at whole milliseconds once per block of 64 samples, so that what it
plays lies up to some milliseconds beside the time that the file says, where our events lie. :func:`on_its_clock` moves
ours there; then both are the same sound, sample by sample, but for one block.
"""

from __future__ import annotations

import ctypes
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mido import Message, MetaMessage, MidiFile, MidiTrack
from scipy.signal import stft

from reprosep.synthesis.fluidsynth import bundled_font, is_installed
from reprosep.synthesis.midi import Played, Song, read_midi, write
from reprosep.synthesis.settings import SongSettings
from reprosep.synthesis.stems import Stem, plain
from reprosep.synthesis.tracks import seconds_of

if not is_installed():
    pytest.skip("needs the FluidSynth library, which `make test` installs", allow_module_level=True)

RATE = 44100
PLAIN = SongSettings(sample_rate=RATE, flakh=True)
BLOCK = 64
VOICES = 1024  # as Flakh has
LEAST = 0.995
LEAST_ALONE = 0.95  # what had a voice before is heard a little in the first block of its next note
LEAST_AT_OUR_TIMES = 0.95
REAL_SECONDS = 30.0
MOST_ALONE = 6  # stems of a song that are compared with their own files
TICKS = 480  # per quarter note: half a second


# ---- FluidSynth's player ---------------------------------------------------------------------------------------------


def played_by_fluidsynth(path: Path, samples: int) -> np.ndarray:
    """What FluidSynth's own player makes of a file, without reverb and chorus; mono float32 `(samples,)`."""
    import fluidsynth

    library: Any = fluidsynth._fl
    for name in ("new_fluid_settings", "new_fluid_synth", "new_fluid_player"):
        getattr(library, name).restype = ctypes.c_void_p
    for level in (2, 3):
        library.fluid_set_log_function(level, None, None)
    settings = ctypes.c_void_p(library.new_fluid_settings())
    for name, number in (("gain", 0.4), ("sample-rate", RATE)):
        library.fluid_settings_setnum(settings, f"synth.{name}".encode(), ctypes.c_double(number))
    for name, number in (("reverb.active", 0), ("chorus.active", 0), ("polyphony", VOICES)):
        library.fluid_settings_setint(settings, f"synth.{name}".encode(), number)
    library.fluid_settings_setstr(settings, b"player.timing-source", b"sample")
    synth = ctypes.c_void_p(library.new_fluid_synth(settings))
    library.fluid_synth_sfload(synth, str(bundled_font()).encode(), 1)
    player = ctypes.c_void_p(library.new_fluid_player(synth))
    library.fluid_player_add(player, str(path).encode())
    library.fluid_player_play(player)
    sound = np.zeros((2, -(-samples // BLOCK) * BLOCK), np.float32)
    left, right = (ctypes.c_void_p(side.ctypes.data) for side in sound)
    for first in range(0, sound.shape[1], BLOCK):
        library.fluid_synth_write_float(synth, BLOCK, left, first, 1, right, first, 1)
    library.delete_fluid_player(player)
    library.delete_fluid_synth(synth)
    library.delete_fluid_settings(settings)
    return np.asarray(sound.mean(axis=0)[:samples])


def on_its_clock(song: Song) -> Song:
    """The song with its events where FluidSynth's player does them."""
    events = {event.order: event for event in song.conductor}
    events |= {event.order: event for track in song.tracks for event in track.played()}
    block, since_tick, since, per_tick = 0, 0, 0, 500 / song.ticks_per_beat
    times = {}

    def now() -> int:
        return int(1000.0 * (block * BLOCK) / RATE)

    def tick() -> int:
        return since_tick + int((now() - since) / per_tick + 0.5)

    for order in sorted(events):
        while tick() < events[order].tick:
            block += 1
        times[order] = (block + 0.5) * BLOCK / RATE
        if events[order].message.type == "set_tempo":
            since_tick, since = tick(), now()
            per_tick = events[order].message.tempo / 1000 / song.ticks_per_beat

    def moved(some: list[Played]) -> list[Played]:
        return [event._replace(seconds=times[event.order]) for event in some]

    tracks = [replace(track, own=moved(track.own), common=moved(track.common)) for track in song.tracks]
    return replace(song, tracks=tracks)


def correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Of two sounds, theirs one block later."""
    one, other = ours[:-BLOCK].astype(float), theirs[BLOCK:].astype(float)
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def compared(path: Path, folder: Path, seconds: float) -> tuple[float, float]:
    """Correlation of the sum of the stems with the file, and of the stem that is least like its own file with that."""
    song = read_midi(path)
    samples = int(min(seconds_of(song), seconds) * RATE)
    stems = [stem for stem in plain(on_its_clock(song).tracks, PLAIN, samples) if isinstance(stem, Stem)]
    alone = []
    for stem in stems[:MOST_ALONE]:
        own = folder / f"{stem.name}.mid"
        write(own, song, stem.track)
        alone.append(correlation(stem.sound, played_by_fluidsynth(own, samples)))
    total = np.sum([stem.sound for stem in stems], axis=0)
    return correlation(total, played_by_fluidsynth(path, samples)), min(alone)


# ---- constructed songs -----------------------------------------------------------------------------------------------


def control(number: int, value: int, channel: int = 0, time: int = 0) -> Message:
    return Message("control_change", control=number, value=value, channel=channel, time=time)


def program(number: int, channel: int = 0, time: int = 0) -> Message:
    return Message("program_change", program=number, channel=channel, time=time)


def bend(value: int, channel: int = 0, time: int = 0) -> Message:
    return Message("pitchwheel", pitch=value, channel=channel, time=time)


def on(pitch: int = 60, channel: int = 0, time: int = 0, velocity: int = 100) -> Message:
    return Message("note_on", note=pitch, velocity=velocity, channel=channel, time=time)


def off(pitch: int = 60, channel: int = 0, time: int = TICKS) -> Message:
    return Message("note_off", note=pitch, channel=channel, time=time)


def tempo(value: int, time: int = 0) -> MetaMessage:
    return MetaMessage("set_tempo", tempo=value, time=time)


def reset() -> Message:
    return Message("sysex", data=(0x7E, 0x7F, 0x09, 0x01))


NOTE = [on(), off()]
OCTAVE = [control(101, 0), control(100, 0), control(6, 12)]
FIFTHS = [program(48), on(67), on(60, 9), off(60, 9, 240), off(67, time=240)]
CASES: dict[str, list[list[Any]]] = {
    "a range of bends before the bend": [[program(73), *OCTAVE, bend(8191), *NOTE]],
    "a bend before the range of bends": [[program(73), bend(8191), *OCTAVE, *NOTE]],
    "a bend and back": [[program(73), bend(8191), bend(0), *NOTE, bend(8191), bend(-3000), *NOTE]],
    "a range of bends that is closed": [
        [*OCTAVE, control(101, 127), control(100, 127), control(6, 1), bend(8191), *NOTE]
    ],
    "a parameter that is not registered": [
        [control(101, 0), control(100, 0), control(99, 1), control(98, 8), control(6, 9), bend(8000), *NOTE]
    ],
    "volume down": [[control(7, 127), control(7, 30), *NOTE]],
    "volume up": [[control(7, 30), control(7, 127), *NOTE]],
    "bank, then program": [[control(0, 1), control(32, 2), program(56), *NOTE]],
    "program, then bank": [[program(56), control(0, 8), *NOTE, program(57), *NOTE]],
    "a note again at once": [[program(16), on(), off(), on(), off()]],
    "a note again before its end": [[program(16), on(), on(time=TICKS), off(time=0), *NOTE]],
    "notes without length": [[on(), off(time=0), on(64, time=240), off(64, time=0), *NOTE]],
    "a pedal at the end of a note": [[on(), control(64, 127, time=TICKS), off(time=0), control(64, 0, time=TICKS)]],
    "a pedal after the end of a note": [
        [on(), off(), control(64, 127), on(64), off(64, time=100), control(64, 0, time=99)]
    ],
    "told before the first note": [[control(10, 0), control(11, 50), bend(4000), control(1, 90, time=TICKS), *NOTE]],
    "told between notes": [[*NOTE, control(7, 20), *NOTE, control(121, 0), bend(300), control(7, 90), *NOTE]],
    "pressure": [
        [
            program(52),
            on(),
            Message("aftertouch", value=127, time=9),
            off(),
            on(),
            Message("polytouch", note=60, value=90),
            off(),
        ]
    ],
    "tracks at one tick": [[control(7, 20), program(40), *NOTE], [control(7, 100), on(72), off(72)], [control(7, 60)]],
    "a channel of two tracks": [[program(19), on(), on(64), off(64)], [on(67), off(60, time=240), off(67)]],
    "a volume in another track": [[MetaMessage("track_name", name="x"), control(7, 25)], [program(25), *NOTE]],
    "a program in another track": [[program(25), program(33, 1)], [*NOTE], [on(40, 1), off(40, 1)]],
    "programs of one channel": [
        [program(16), on(), program(56, time=99), on(64), off(), off(64, time=0), program(16), *NOTE]
    ],
    "programs that share a pitch": [[program(16), on(), program(56, time=200), on(), off(time=300), *NOTE]],
    "drums and their kits": [
        [
            program(0, 9),
            on(38, 9),
            off(38, 9),
            program(25, 9),
            on(38, 9),
            off(38, 9),
            program(77, 9),
            on(38, 9),
            off(38, 9),
        ]
    ],
    "drums without an end": [[on(pitch, 9, 240) for pitch in (36, 42, 38, 42, 36, 49)], [*NOTE]],
    "hi-hats that end each other": [[on(46, 9), off(46, 9, 100), on(42, 9), off(42, 9)]],
    "thirty instruments": [
        [*(one for n in range(30) for one in (program(4 * n, n % 9), on(50 + n, n % 9), off(50 + n, n % 9, 80)))]
    ],
    "a tempo in another track": [[MetaMessage("track_name", name="x")], [tempo(1_000_000), *FIFTHS], [*NOTE]],
    "tempos in several tracks": [[tempo(400_000), tempo(700_000, TICKS)], [*FIFTHS, tempo(250_000), *FIFTHS]],
    "tempos at one tick": [[tempo(1_000_000), tempo(300_000), *NOTE, tempo(900_000), tempo(200_000), *FIFTHS]],
    "many tempos": [[one for n in range(40) for one in (tempo(300_000 + 9_000 * n), on(50 + n), off(50 + n, time=60))]],
    "a reset": [[program(48), control(7, 30), bend(5000), on(), reset(), on(72), off(72)]],
    "other system messages": [
        [
            program(48),
            Message("sysex", data=(0x7F, 0x7F, 4, 1, 0, 9)),
            on(),
            Message("sysex", data=(1,) * 99, time=50),
            off(),
        ]
    ],
    "texts and signatures": [
        [
            MetaMessage("lyrics", text="la"),
            MetaMessage("key_signature", key="F#m"),
            *FIFTHS,
            MetaMessage("time_signature", numerator=7, denominator=8),
            *FIFTHS,
        ]
    ],
}


def write_song(path: Path, tracks: list[list[Any]], kind: int = 1) -> Path:
    MidiFile(type=kind, ticks_per_beat=TICKS, tracks=[MidiTrack(track) for track in tracks]).save(path)
    return path


def any_song(seed: int) -> list[list[Any]]:
    """Random messages on few channels and pitches, many at one tick; pedals where there is one program."""
    rng = random.Random(seed)
    kinds: list[Any] = [on, on, on, off, off, program, bend, control, tempo]

    def message() -> Any:
        kind, channel, time = rng.choice(kinds), rng.choice((0, 1, 2, 9)), rng.choice((0, 0, 0, 20, 40, 100))
        if kind is tempo:
            return tempo(rng.randrange(200_000, 900_000), time)
        if kind is program and channel:
            return program(rng.randrange(80), channel, time)
        if kind in (control, program):
            number = rng.choice((1, 6, 7, 10, 11, 100, 101, 120, 121, 123, *((64, 66) if not channel else ())))
            return control(number, 0 if number in (100, 101) else rng.randrange(128), channel, time)
        if kind is bend:
            return bend(rng.randrange(-8192, 8192), channel, time)
        return kind(rng.choice((40, 52, 60, 61, 67)), channel, time)

    return [[message() for _ in range(120)] for _ in range(3)]


@pytest.mark.parametrize("name", CASES)
def test_a_constructed_song_sounds_as_fluidsynth_plays_it(name: str, tmp_path: Path) -> None:
    whole, alone = compared(write_song(tmp_path / "a.mid", CASES[name]), tmp_path, 6.0)
    print(f"{name}: {whole:.5f}, stems {alone:.5f}")
    assert whole > LEAST and alone > LEAST


def test_a_file_of_one_track_sounds_as_fluidsynth_plays_it(tmp_path: Path) -> None:
    tracks = [[program(25), tempo(300_000), *OCTAVE, bend(8191), *NOTE, tempo(800_000), *FIFTHS]]
    assert min(compared(write_song(tmp_path / "a.mid", tracks, kind=0), tmp_path, 6.0)) > LEAST


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_any_song_sounds_as_fluidsynth_plays_it(seed: int, tmp_path: Path) -> None:
    whole, alone = compared(write_song(tmp_path / "a.mid", any_song(seed)), tmp_path, 6.0)
    print(f"{seed}: {whole:.5f}, stems {alone:.5f}")
    assert whole > LEAST and alone > LEAST_ALONE


def real_songs(shared_data: Path) -> list[Path]:
    if not (shared_data / "midi").is_dir():
        pytest.skip("needs ../shared/data/midi, real General MIDI songs")
    return sorted((shared_data / "midi").glob("*/*.mid"))


def test_a_real_song_sounds_as_fluidsynth_plays_it(shared_data: Path, tmp_path: Path) -> None:
    whole, alone = compared(real_songs(shared_data)[0], tmp_path, 5.0)
    assert whole > LEAST and alone > LEAST_ALONE


@pytest.mark.slow
def test_every_real_song_sounds_as_fluidsynth_plays_it(shared_data: Path) -> None:
    found = {}
    for path in real_songs(shared_data):
        song = read_midi(path)
        samples = int(min(seconds_of(song), REAL_SECONDS) * RATE)
        ours = sum_of_stems(on_its_clock(song), samples)
        theirs = played_by_fluidsynth(path, samples)
        found[path.name] = correlation(ours, theirs), alike(sum_of_stems(song, samples), theirs)
        print(path.name, "{:.6f}, at our own times {:.4f}".format(*found[path.name]))
    assert min(pair[0] for pair in found.values()) > LEAST
    assert min(pair[1] for pair in found.values()) > LEAST_AT_OUR_TIMES


def sum_of_stems(song: Song, samples: int) -> np.ndarray:
    return np.sum([stem.sound for stem in plain(song.tracks, PLAIN, samples) if isinstance(stem, Stem)], axis=0)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of spectra, which do not feel some milliseconds."""
    spectra = [np.abs(stft(sound, RATE, nperseg=4096)[2]).ravel() for sound in (one, other)]
    return float(spectra[0] @ spectra[1] / np.sqrt((spectra[0] @ spectra[0]) * (spectra[1] @ spectra[1])))
