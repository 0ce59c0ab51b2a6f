"""Stand-ins in the layouts of Mixing Secrets and Slakh2100: read by the same readers as the real corpora."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pyloudnorm
import pytest
import soundfile
import yaml

from conftest import Line
from reprosep.base.errors import UserError
from reprosep.corpora import medleydb, slakh
from reprosep.corpora.registry import load_version
from reprosep.corpora.standin.corpus import render_corpus, require_synthesisers
from reprosep.corpora.standin.instruments import INSTRUMENTS
from reprosep.corpora.standin.medley_layout import _FREE_LABELS
from reprosep.corpora.standin.slakh_layout import track_id
from reprosep.corpora.standin.songs import plan_song
from synthetic import own_corpus

try:
    require_synthesisers()
except UserError as reason:
    pytest.skip(str(reason), allow_module_level=True)

RATE = 44100
SECONDS = 6
SLAKH = {"train": 2, "valid": 1, "test": 1}
SECRETS = {"seed": 7, "songs": {"all": 3}, "seconds": SECONDS}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("secrets")
    render_corpus("mixing-secrets", root, **SECRETS)
    return root


@pytest.fixture(scope="module")
def slakh_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("slakh")
    render_corpus("slakh", root, seed=7, songs=SLAKH, seconds=SECONDS)
    return root


def sums(root: Path) -> dict[str, dict[str, str]]:
    """SHA-256 of every file, by song, from the recipes."""
    return {path.stem: json.loads(path.read_text())["files"] for path in (root / ".recipes").glob("*.json")}


def metadata(root: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: yaml.safe_load(path.read_text()) for path in root.glob("Audio/*/*_METADATA.yaml")}


def test_mixing_secrets_is_read(secrets: Path) -> None:
    songs = medleydb.read_songs(str(secrets))
    assert len(songs) == 3 and all(song.mixture is None and not song.bleed for song in songs)
    for index, song in enumerate(sorted(songs, key=lambda song: song.name)):
        plans = [plan_song("mixing-secrets", number, "all", seed=7, seconds=SECONDS) for number in range(3)]
        plan = sorted(plans, key=lambda plan: f"{plan.artist}_{plan.title}".replace(" ", ""))[index]
        assert song.artist == plan.artist
        groups = Counter(part.instrument.group.replace(" ", "-").replace("other", "") for part in plan.parts)
        assert Counter(stem.target for stem in song.stems) == groups
        for stem in song.stems:
            info = soundfile.info(stem.path)
            assert (info.channels, info.frames, info.subtype) == (1, SECONDS * RATE, "PCM_16")
            assert soundfile.read(stem.path)[0].any()


def test_mixing_secrets_metadata(secrets: Path) -> None:
    for name, content in metadata(secrets).items():
        assert (content["version"], content["origin"], content["has_bleed"]) == ("3.0", "Mixing Secrets", "no")
        assert content["producer"] == "reprosep stand-in"
        assert not (secrets / "Audio" / name / content["mix_filename"]).exists()
        files = [stem["filename"] for stem in content["stems"].values()]
        assert len(set(files)) == len(files)
        for stem in content["stems"].values():
            if stem["instrument"] == "drum set":
                assert stem["filename"] == f"{name}_STEM_drums.wav"
                assert len(stem["raw"]) == 4
            else:
                assert stem["filename"][:2].isdigit() and stem["filename"][2] == "_"
                assert [raw["filename"] for raw in stem["raw"].values()] == [stem["filename"]]


def test_drums_come_somewhere_and_raw_tracks_are_numbered_once(secrets: Path) -> None:
    raws = medleydb.read_raws(str(secrets))
    assert any("_STEM_drums" in stem.path for song in medleydb.read_songs(str(secrets)) for stem in song.stems)
    for tracks in raws.values():
        numbers = sorted(int(Path(track.path).name[:2]) for track in tracks)
        assert numbers == list(range(1, len(tracks) + 1))


def test_free_labels_keep_their_class() -> None:
    from reprosep.corpora.layout import InstrumentTable

    table = InstrumentTable()
    for name, label in _FREE_LABELS.items():
        assert table.target(label, "") == table.target(INSTRUMENTS[name].label, "")


def test_slakh_songs_and_splits(slakh_root: Path) -> None:
    songs = slakh.read_songs(str(slakh_root))
    assert {song.name: song.split for song in songs} == {
        "Track00001": "train",
        "Track00002": "train",
        "Track01501": "valid",
        "Track01876": "test",
    }
    listed = slakh.read_songs(str(slakh_root), [load_version("slakh2100-orig")])
    assert listed == songs  # the same splits by the real corpus's list
    for song in songs:
        targets = Counter(stem.target for stem in song.stems)
        assert {"piano", "guitar", "bass", "drums"} <= set(targets) <= {"piano", "guitar", "bass", "drums", ""}
        assert targets["drums"] == targets["piano"] == 1


def test_slakh_mixture_is_the_exact_sum_of_equally_loud_stems(slakh_root: Path) -> None:
    for song in slakh.read_songs(str(slakh_root)):
        stems = [soundfile.read(stem.path, dtype="int16")[0] for stem in song.stems]
        assert song.mixture
        mix, rate = soundfile.read(song.mixture.path, dtype="int16")
        assert (rate, mix.shape, soundfile.info(song.mixture.path).format) == (RATE, (SECONDS * RATE,), "FLAC")
        np.testing.assert_array_equal(np.sum(stems, axis=0, dtype=int), mix)
        content = yaml.safe_load(Path(song.mixture.path).with_name("metadata.yaml").read_text())
        level = -13 + 20 * np.log10(content["overall_gain"])
        for stem in stems:
            assert pyloudnorm.Meter(RATE).integrated_loudness(stem / 32768) == pytest.approx(level, abs=0.2)
        assert max(np.abs(sound).max() for sound in [mix.astype(int), *stems]) <= 10 ** (-1 / 20) * 32768 + len(stems)


def test_slakh_metadata_has_the_real_keys(slakh_root: Path, request: pytest.FixtureRequest) -> None:
    real = request.getfixturevalue("shared_data") / "slakh_track00001_2s" / "Track00001" / "metadata.yaml"
    if not real.is_file():
        pytest.skip("needs ../shared/data/slakh_track00001_2s, two seconds of a real song")
    expected = yaml.safe_load(real.read_text())
    for path in slakh_root.glob("*/*/metadata.yaml"):
        content = yaml.safe_load(path.read_text())
        assert set(content) == set(expected)
        for stem in content["stems"].values():
            assert set(stem) == set(expected["stems"]["S00"])
            assert {key: type(value) for key, value in stem.items()} == {
                key: type(value) for key, value in expected["stems"]["S00"].items()
            }


def test_slakh_midi_is_what_sounds(slakh_root: Path) -> None:
    song = slakh.read_songs(str(slakh_root))[0]
    folder = slakh_root / "train" / song.name
    content = yaml.safe_load((folder / "metadata.yaml").read_text())
    whole = pretty_midi.PrettyMIDI(str(folder / "all_src.mid"))
    assert content["UUID"] == hashlib.md5((folder / "all_src.mid").read_bytes(), usedforsecurity=False).hexdigest()
    assert len(whole.instruments) == len(song.stems)
    for stem, together in zip(song.stems, whole.instruments, strict=True):
        (alone,) = pretty_midi.PrettyMIDI(str(folder / "MIDI" / f"{stem.name}.mid")).instruments
        notes = [sorted((n.pitch, n.start, n.end) for n in one.notes) for one in (alone, together)]
        assert notes[0] == notes[1]
        entry = content["stems"][stem.name]
        assert (alone.is_drum, stem.target == "drums") == (entry["is_drum"],) * 2
        assert alone.is_drum or alone.program == entry["program_num"]
        # Where the first note starts, the sound starts.
        first = min(note.start for note in alone.notes)
        sounding = np.flatnonzero(soundfile.read(stem.path)[0])
        assert sounding[0] / RATE == pytest.approx(first, abs=0.1)


def test_same_seed_same_bytes(secrets: Path, slakh_root: Path, tmp_path: Path) -> None:
    """Whichever songs are made beside it, and in another process."""
    render_corpus("mixing-secrets", tmp_path / "secrets", **SECRETS | {"songs": {"all": 1}})
    render_corpus("slakh", tmp_path / "slakh", seed=7, songs={"train": 1}, seconds=SECONDS, workers=2)
    for root, other in ((tmp_path / "secrets", secrets), (tmp_path / "slakh", slakh_root)):
        ((name, files),) = sums(root).items()
        assert files == sums(other)[name]
    assert any(name.endswith(".mid") for name in sums(slakh_root)["Track00001"])


@pytest.mark.parametrize("layout", ["secrets", "slakh_root"])
def test_a_licence_lies_in_the_root(layout: str, request: pytest.FixtureRequest) -> None:
    text = (request.getfixturevalue(layout) / "LICENSE").read_text()
    assert "stand-in generator" in text and "CC0" in text and "used freely" in text


def test_finished_slakh_songs_are_kept_and_others_go(slakh_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "slakh"
    render_corpus("slakh", root, seed=7, songs={"train": 1, "valid": 1}, seconds=1, sample_rate=16000)
    assert (root / "validation" / "Track01501").is_dir()
    summary = render_corpus("slakh", root, seed=7, songs={"train": 1}, seconds=1, sample_rate=16000)
    assert (summary["kept"], summary["removed"]) == (1, 1)
    assert not (root / "validation" / "Track01501").exists()


def test_numbers_of_songs_are_those_of_the_real_splits() -> None:
    assert [track_id(*place) for place in (("train", 1499), ("valid", 374), ("test", 224))] == [
        "Track01500",
        "Track01875",
        "Track02100",
    ]
    with pytest.raises(UserError, match=r"songs.valid: song 376 asked for, but .* room for 375"):
        track_id("valid", 375)


@pytest.mark.parametrize("first", [0, 20])
def test_no_slakh_song_is_sung_or_has_two_drum_tracks(first: int) -> None:
    for index in range(first, first + 20):
        parts = plan_song("slakh", index, "train", seed=3, seconds=30).parts
        assert all(part.instrument.group != "vocals" for part in parts)
        assert sum(part.instrument.percussion for part in parts) == 1
        assert {"bass", "drums", "piano"} < {part.instrument.group for part in parts}
        assert any("guitar" in part.instrument.group for part in parts)


@pytest.mark.parametrize("layout", ["slakh", "flakh"])
def test_from_parameters_to_the_store(line: Callable[..., Line], layout: str) -> None:
    standin = {"layout": layout, "seed": 7, "songs": {"train": 1, "valid": 1, "test": 1}, "seconds": 4.0}
    settings = {"kind": "slakh", "standin": standin, "files": {}, "targets": ["piano", "guitar", "bass", "drums"]}
    corpus = own_corpus("resources/slakh", **settings, valid_fraction=0.0, test_fraction=0.0)
    made = line(change={"corpora": {"slakh": corpus}})
    for step in ("recordings", "examination", "catalog", "store"):
        made.step(step, "slakh", 1)
    arrays = (made.results / "slakh" / "audio").glob("*.npy")
    assert len(list(arrays)) == 3
