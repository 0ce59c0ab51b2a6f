"""The stand-in corpora: same seed, same bytes; the real layouts; activity, presence, pitch and level as promised."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import yaml
from scipy.signal import butter, filtfilt

from reprosep.base.errors import UserError
from reprosep.corpora.note_files import read_notes
from reprosep.corpora.standin.compose import compose
from reprosep.corpora.standin.corpus import render_corpus, render_song, require_synthesisers
from reprosep.corpora.standin.instruments import INSTRUMENTS, PRESENCE
from reprosep.corpora.standin.render import render_part
from reprosep.corpora.standin.songs import plan_song

try:
    require_synthesisers()
except UserError as reason:
    pytest.skip(str(reason), allow_module_level=True)

RATE = 44100
CLASSES = {
    "male singer": "vocals",
    "female singer": "vocals",
    "electric bass": "bass",
    "double bass": "bass",
    "drum set": "drums",
}
# Share of active frames within the songs that contain the class, MedleyDB and Mixing Secrets pooled.
ACTIVITY = {"vocals": 0.64, "bass": 0.865, "drums": 0.82}


def sums(root: Path) -> dict[str, dict[str, str]]:
    """SHA-256 of every file, by song, from the recipes."""
    return {path.stem: json.loads(path.read_text())["files"] for path in (root / ".recipes").glob("*.json")}


def active_share(stem: np.ndarray) -> np.ndarray:
    """Active frames by MedleyDB's confidence, normalised over the stem: window 4096, hop 1024."""
    padded = np.pad(np.sqrt(np.maximum(stem, 0)), (0, -len(stem) % 4096))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 4096)[::1024]
    envelope = frames @ np.hanning(4098)[1:-1] / 4096
    level = np.where(envelope < 0.01, 0, envelope / envelope.max())
    return np.asarray(1 - 1 / (1 + np.exp(20 * (filtfilt(*butter(2, 0.075), level) - 0.15))) >= 0.5)


@pytest.fixture(scope="module")
def medleydb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("medleydb")
    render_corpus("medleydb", root, seed=7, songs={"all": 3}, seconds=30)
    return root


@pytest.fixture(scope="module")
def musdb_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("musdb")
    render_corpus("musdb", root, seed=7, songs={"train": 2, "test": 1}, seconds=6)
    return root


def songs_of(root: Path) -> list[tuple[Path, dict[str, dict[str, str]], list[np.ndarray]]]:
    found = []
    for folder in sorted((root / "Audio").iterdir()):
        metadata = yaml.safe_load((folder / f"{folder.name}_METADATA.yaml").read_text())
        names = [stem["filename"] for _, stem in sorted(metadata["stems"].items())]
        audio = [soundfile.read(folder / metadata["stem_dir"] / name, dtype="int16")[0] for name in names]
        found.append((folder, metadata, audio))
    return found


def test_same_seed_same_bytes_in_other_processes(musdb_root: Path, tmp_path: Path) -> None:
    render_corpus("musdb", tmp_path, seed=7, songs={"train": 2, "test": 1}, seconds=6, workers=2)
    assert sums(tmp_path) == sums(musdb_root)
    assert "CC0" in (tmp_path / "LICENSE").read_text()
    assert len({d for files in sums(tmp_path).values() for name, d in files.items() if name.endswith(".wav")}) == 15


def test_the_notes_beside_a_stem_are_those_that_were_played(musdb_root: Path, medleydb: Path) -> None:
    """Of every pitched stem, of sums of parts together; none of drums; and their checksums are recorded."""
    plan = plan_song("musdb", 0, "test", seed=7, seconds=6)
    folder = musdb_root / "test" / f"{plan.artist} - {plan.title}"
    for source in ("vocals", "bass", "other"):
        own = [part for part in plan.parts if (part.instrument.group in ("vocals", "bass")) == (source != "other")]
        own = [part for part in own if source == "other" or part.instrument.group == source]
        pitched = [part for part in own if not part.instrument.percussion]
        expected = sorted((n.start, n.end, n.pitch) for part in pitched for n in compose(plan, part))
        assert [tuple(note) for note in read_notes(folder / f"{source}_NOTES.csv")] == expected
    assert not (folder / "drums_NOTES.csv").exists()
    assert "bass_NOTES.csv" in sums(musdb_root)[folder.name]
    for folder, metadata, _ in songs_of(medleydb):
        for stem in metadata["stems"].values():
            sound = folder / metadata["stem_dir"] / stem["filename"]
            percussive = stem["instrument"] in {one.label for one in INSTRUMENTS.values() if one.percussion}
            assert sound.with_name(f"{sound.stem}_NOTES.csv").exists() is not percussive


def test_musdb_reads_the_layout_and_the_mixture_is_the_exact_sum(musdb_root: Path) -> None:
    import musdb

    tracks = list(musdb.DB(root=str(musdb_root), is_wav=True))
    assert sorted(track.subset for track in tracks) == ["test", "train", "train"]
    assert all(track.audio.shape == (6 * RATE, 2) for track in tracks)
    for mixture in musdb_root.glob("*/*/mixture.wav"):
        assert soundfile.info(mixture).subtype == "PCM_16"
        sources = [
            soundfile.read(mixture.with_name(f"{s}.wav"), dtype="int16")[0].astype(int)
            for s in ("drums", "bass", "other", "vocals")
        ]
        assert np.array_equal(sum(sources), soundfile.read(mixture, dtype="int16")[0])
        assert all(np.abs(source).max() > 500 for source in sources)


def test_medleydb_layout_and_the_mix_is_the_exact_sum(medleydb: Path) -> None:
    for folder, metadata, stems in songs_of(medleydb):
        mix, rate = soundfile.read(folder / metadata["mix_filename"], dtype="int16")
        assert rate == RATE and mix.shape == (30 * RATE, 2)
        assert np.array_equal(np.sum(stems, axis=0, dtype=int), mix)
        assert metadata["has_bleed"] == metadata["excerpt"] == "no"
        assert metadata["origin"] == "reprosep stand-in"


def test_stems_are_audible_unclipped_and_truly_silent_at_rest(medleydb: Path) -> None:
    for _, _, stems in songs_of(medleydb):
        for stem in stems:
            assert np.abs(stem).max() < 32000
            assert pyloudnorm.Meter(RATE).integrated_loudness(stem / 32768) > -45
            playing = np.abs(stem).max(axis=1) > 0
            assert playing.sum() > 5 * RATE
    shares = [np.mean(stem.any(axis=1)) for _, _, stems in songs_of(medleydb) for stem in stems]
    assert np.mean(np.array(shares) < 0.95) > 0.4


def test_activity_is_near_the_real_corpora(medleydb: Path) -> None:
    active: dict[str, list[np.ndarray]] = {}
    for _, metadata, stems in songs_of(medleydb):
        classes: dict[str, np.ndarray] = {}
        for (_, entry), stem in zip(sorted(metadata["stems"].items()), stems, strict=True):
            name = CLASSES.get(entry["instrument"], "else")  # type: ignore[attr-defined]
            frames = active_share(stem.mean(axis=1) / 32768)
            classes[name] = classes.get(name, np.zeros_like(frames)) | frames
        for name, frames in classes.items():
            active.setdefault(name, []).append(frames)
    for name, expected in ACTIVITY.items():
        assert np.mean(np.concatenate(active[name])) == pytest.approx(expected, abs=0.2), name


@pytest.mark.parametrize("first", [0, 13, 40])
def test_presence_is_spread_evenly_over_any_forty_songs(first: int) -> None:
    songs = [plan_song("medleydb", index, "all", seed=3, seconds=30) for index in range(first, first + 40)]
    counts = Counter(group for song in songs for group in {part.instrument.group for part in song.parts})
    for group, share in PRESENCE.items():
        assert counts[group] / 40 == pytest.approx(share, abs=0.06), group
    assert 5 <= np.mean([len(song.parts) for song in songs]) <= 6.6
    assert len({(song.artist, song.title) for song in songs}) == 40
    assert max(Counter(song.artist for song in songs).values()) <= 3


def test_the_singer_follows_the_score() -> None:
    import pyworld

    songs = (plan_song("musdb", index, "train", seed=5, seconds=12) for index in range(20))
    errors = []
    for song in [song for song in songs if song.tonic % 3 == 0][:2]:
        part = next(part for part in song.parts if part.instrument.role == "lead vocal")
        stem = render_part(song, part, 22050).mean(axis=1).astype(float)
        pitch, times = pyworld.harvest(stem, 22050, f0_floor=80.0, f0_ceil=800.0, frame_period=10.0)
        for note in compose(song, part):
            frames = pitch[(times > note.start + 0.08) & (times < note.end - 0.05)]
            errors += list(np.abs(1200 * np.log2(frames[frames > 0] / 440) - 100 * (note.pitch - 69)))
    assert len(errors) > 200
    assert np.median(errors) < 50


def test_finished_songs_are_kept_and_damaged_ones_made_again(musdb_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(musdb_root, root)
    before = sums(root)
    damaged = next(root.glob("train/*/bass.wav"))
    damaged.write_bytes(damaged.read_bytes()[:-2] + b"\x01\x01")
    summary = render_corpus("musdb", root, seed=7, songs={"train": 2, "test": 1}, seconds=6)
    assert (summary["kept"], summary["rendered"]) == (2, 1)
    assert sums(root) == before
    summary = render_corpus("musdb", root, seed=7, songs={"train": 1}, seconds=6)
    assert (summary["kept"], summary["removed"]) == (1, 2)
    assert len(list(root.glob("*/*/mixture.wav"))) == 1


def test_the_corpora_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "train" / "A Band - A Song").mkdir(parents=True)
    with pytest.raises(UserError, match="A Band - A Song"):
        render_corpus("musdb", tmp_path, seed=7, songs={"train": 1}, seconds=6)
    assert (tmp_path / "train" / "A Band - A Song").is_dir()


@pytest.mark.parametrize(("layout", "songs"), [("musdb18", {"train": 1}), ("medleydb", {"train": 1})])
def test_unknown_layouts_and_splits_are_refused(layout: str, songs: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(UserError):
        render_corpus(layout, tmp_path, seed=7, songs=songs, seconds=6)


def test_the_shortest_song_still_has_all_stems(tmp_path: Path) -> None:
    song = render_song("musdb", tmp_path, 0, "train", seed=1, seconds=1.0, sample_rate=16000)
    for source in ("drums", "bass", "other", "vocals"):
        audio, rate = soundfile.read(tmp_path / "train" / song.name / f"{source}.wav")
        assert rate == 16000 and audio.any()


def test_no_two_songs_share_their_random_numbers() -> None:
    for layout, split in [("musdb", "train"), ("musdb", "test"), ("medleydb", "all"), ("slakh", "test")]:
        songs = [plan_song(layout, index, split, seed=1, seconds=12) for index in range(12)]
        assert len({song.stream("any").random() for song in songs}) == 12, (layout, split)
        assert len({(song.tonic, song.mode, song.bars) for song in songs}) > 6, (layout, split)


def test_presence_is_what_is_asked_for() -> None:
    def share(presence: dict[str, float]) -> float:
        songs = [plan_song("medleydb", index, "all", seed=2, seconds=12, presence=presence) for index in range(40)]
        return sum("acoustic guitar" in {part.instrument.group for part in song.parts} for song in songs) / 40

    assert abs(share({}) - PRESENCE["acoustic guitar"]) < 0.1
    assert abs(share({"acoustic guitar": 0.8}) - 0.8) < 0.1
