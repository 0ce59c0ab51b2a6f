"""The table of patches: 34 classes, 187 patches that exist, every program of them covered; what is wrong is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.synthesis import plugins
from reprosep.synthesis.effects import with_effects
from reprosep.synthesis.fluidsynth import Event, Kind, bundled_font
from reprosep.synthesis.patches import PatchTable, default_table, load_table
from reprosep.synthesis.soundfonts import presets

# Patches of every class of Slakh2100.
COUNTS = {
    "acoustic piano": 12,
    "electric piano": 5,
    "chromatic percussion": 15,
    "organ": 12,
    "acoustic guitar": 3,
    "clean electric guitar": 5,
    "distorted electric guitar": 5,
    "acoustic bass": 3,
    "electric bass": 9,
    "violin": 3,
    "viola": 3,
    "cello": 3,
    "contrabass": 3,
    "string ensemble": 4,
    "timpani": 1,
    "harp": 1,
    "synth strings": 4,
    "choir": 3,
    "trumpet": 7,
    "trombone": 4,
    "tuba": 1,
    "horn": 2,
    "brass section": 3,
    "soprano and alto sax": 5,
    "tenor sax": 5,
    "baritone sax": 7,
    "oboe": 6,
    "english horn": 3,
    "bassoon": 6,
    "clarinet": 6,
    "pipe": 4,
    "synth lead": 14,
    "synth pad": 12,
    "drums": 8,
}
NOT_RENDERED = {55, *range(96, 128)}  # orchestra hit, sound effects, ethnic, percussive


@pytest.fixture(scope="module")
def table() -> PatchTable:
    return load_table(default_table())


def test_classes_and_patches_are_as_many_as_those_of_slakh(table: PatchTable) -> None:
    assert {name: len(patches) for name, patches in table.patches.items()} == COUNTS
    assert (len(COUNTS), sum(COUNTS.values())) == (34, 187)
    pianos, guitars, basses = 12 + 5, 3 + 5 + 5, 3 + 9
    assert pianos * guitars * basses * 8 == 21_216  # the paper's number of bands


def test_every_program_of_the_classes_has_patches(table: PatchTable) -> None:
    assert {program for program in range(129) if table.of_program(program)} == set(range(129)) - NOT_RENDERED
    assert table.draw(120, [1]) is None


def test_patches_exist_and_no_two_are_alike(table: PatchTable) -> None:
    table.check()
    known = presets(bundled_font())
    patches = [patch for one in table.patches.values() for patch in one]
    assert all(patch.font == bundled_font() and patch.preset in known for patch in patches)
    assert len({(patch.preset, str(patch.chain)) for patch in patches}) == len(patches) == 187
    assert len({patch.name for patch in patches}) == 187
    for name, one in table.patches.items():
        assert all((patch.preset[0] == 128) == (name == "drums") for patch in one)


def test_other_soundfonts_are_drawn_from_when_asked_for_and_installed() -> None:
    table = load_table(default_table(), True)
    others = {patch.font for one in table.patches.values() for patch in one} - {bundled_font()}
    if not others:
        pytest.skip(
            "needs a soundfont of workflow/patches.yaml in /usr/share/sounds/sf2 (apt-get install fluid-soundfont-gm)"
        )
    table.check()


def test_draws_are_even_and_repeatable(table: PatchTable) -> None:
    drawn = [table.draw(0, [1, song]) for song in range(600)]
    assert drawn == [table.draw(0, [1, song]) for song in range(600)]
    assert {patch.name for patch in drawn if patch} == {patch.name for patch in table.of_program(0)}


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> PatchTable:
    content = yaml.safe_load(default_table().read_text())
    change(content)
    path = folder / "patches.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return load_table(path)


def piano(**keys: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["classes"]["acoustic piano"]["patches"]["grand_studio"].update(keys)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (piano(preset=[0, 128]), "grand_studio.*preset"),
        (piano(preset=[3, 5]), r"patch 'grand_studio': bank 3 has no preset 5 in TimGM6mb.sf2; .* e.g. \[0, 5\]"),
        (piano(effects="stadio"), r"effects: unknown 'stadio' \(did you mean 'studio'\?\); allowed: dry"),
        (piano(soundfont="FluidR2_GM"), r"soundfont: unknown 'FluidR2_GM' \(did you mean 'FluidR3_GM'\?\)"),
        (piano(**{"with": {"chorus": {"mix": 0.1}}}), "chain 'studio' has no effect 'chorus'.*allowed: highpass"),
        (piano(**{"with": {"reverb": {"rom_size": 0.1}}}), "reverb: found .*rom_size.*settings of pedalboard.Reverb"),
        (piano(plugin="Kontakt 7.vst3"), "either a preset or a plugin"),
        (piano(preset=None, plugin="kontakt.dll"), r"must end with .vst3 or .component"),
        (piano(preset=None, plugin="nowhere/Kontakt.vst3"), "nowhere/Kontakt.vst3: plugin not found; install it"),
        (piano(presets=1), r"unknown key .*presets.*allowed here: preset"),
        (lambda content: content["soundfonts"].update(TimGM6mb="/nowhere/x.sf2"), "need bundled"),
        (lambda content: content["classes"]["organ"]["programs"].append(0), "program 0 is in the classes"),
        (lambda content: content["effects"]["dry"].update(echo={}), "unknown effect 'echo'.*allowed: chorus"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_rendered(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    if words == "need bundled":
        # Patches of a soundfont that is not installed are left out; a class must keep one.
        words = r"class 'acoustic piano': none of its 13 patches can be played here.*install /nowhere/x.sf2"
    with pytest.raises(UserError, match=words):
        changed(tmp_path, change).check()


def test_a_file_that_is_no_soundfont(tmp_path: Path) -> None:
    path = tmp_path / "x.sf2"
    with pytest.raises(UserError, match=r"x\.sf2: soundfont not readable .* install it"):
        presets(path)
    path.write_bytes(b"RIFF\x00\x00\x00\x00sfbk")
    with pytest.raises(UserError, match=r"x\.sf2: no presets found"):
        presets(path)


def test_effects_leave_silence_silent() -> None:
    chain = {"distortion": {"drive_db": 30.0}, "reverb": {"wet_level": 0.5}}
    assert not with_effects(np.zeros(1000, dtype=np.float32), chain, 44100).any()


class Instrument:
    """What pedalboard makes of an instrument plugin, as far as it is used: a click per note."""

    is_instrument = True
    raw_state = b""

    def __call__(self, messages: list[Any], duration: float, sample_rate: float, num_channels: int) -> np.ndarray:
        sound = np.zeros((num_channels, round(duration * sample_rate) - 7), dtype=np.float32)
        for content, time in messages:
            if content[0] == 0x90:
                sound[:, round(time * sample_rate)] = content[2] / 127
        return sound


def test_plugins_get_the_events_and_their_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin, path, state = Instrument(), tmp_path / "own.vst3", tmp_path / "own.state"
    path.write_bytes(b"")
    state.write_bytes(b"grand")
    monkeypatch.setattr(pedalboard, "load_plugin", lambda file: plugin)
    plugins.load.cache_clear()
    events = [Event(0.25, Kind.NOTE_ON, 0, 60, 127), Event(0.5, Kind.NOTE_OFF, 0, 60, 0)]
    sound = plugins.play_plugin(events, str(path), str(state), 1000, 1000)
    assert sound.shape == (2, 1000) and np.flatnonzero(sound[0]).tolist() == [250]
    assert plugin.raw_state == b"grand"
    assert plugins.message(Event(0, Kind.BEND, 0, 0, 0)) == bytes([0xE0, 0, 64])
    assert plugins.message(Event(0, Kind.CONTROL, 0, 64, 127)) == bytes([0xB0, 64, 127])
    assert plugins.message(Event(0, Kind.PRESSURE, 0, 64, 0)) == bytes([0xD0, 64])
    assert plugins.message(Event(0, Kind.KEY_PRESSURE, 0, 60, 64)) == bytes([0xA0, 60, 64])
    plugin.is_instrument = False
    plugins.load.cache_clear()
    with pytest.raises(UserError, match=r"own\.vst3: is an effect, expected an instrument"):
        plugins.load(str(path), str(state))
    plugins.load.cache_clear()
