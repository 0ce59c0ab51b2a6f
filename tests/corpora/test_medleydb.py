"""MedleyDB's layout and that of Mixing Secrets: metadata wherever it lies, raw tracks, mixtures, real files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from reprosep.base.errors import UserError
from reprosep.corpora import medleydb
from reprosep.corpora.counts import medleydb_counts, medleydb_list, songs_by_class
from reprosep.corpora.layout import Song
from reprosep.params.instruments import instrument_classes
from synthetic import make_medleydb, wave, write_wave

# As counted by others in the same files (see the comments of the tests).
STRICT = {
    "vocals": ["male singer", "female singer"],
    "bass": ["electric bass", "double bass"],
    "drums": ["drum set"],
    "electric-guitar": ["clean electric guitar", "distorted electric guitar"],
    "acoustic-guitar": ["acoustic guitar"],
    "piano": ["piano", "electric piano"],
}
WIDE = STRICT | {"vocals": [*STRICT["vocals"], "vocalists", "male rapper", "female rapper"]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_medleydb(tmp_path, songs=2, seconds=0.5)


def change(root: Path, **values: Any) -> Path:
    """Change keys of the first song's metadata."""
    path = min(root.rglob("*_METADATA.yaml"))
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | values))
    return path


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest) -> list[Song]:
    folder = request.getfixturevalue("shared_data") / "metadata" / "medleydb"
    if not folder.is_dir():
        pytest.skip("needs MedleyDB's metadata files in ../shared/data/metadata/medleydb")
    return medleydb.read_metadata(str(folder))


@pytest.mark.parametrize("place", ["Metadata", "."])
def test_metadata_may_lie_apart(root: Path, place: str) -> None:
    beside = medleydb.read_songs(str(root))
    (root / place).mkdir(exist_ok=True)
    for path in list(root.glob("Audio/*/*_METADATA.yaml")):
        path.rename(root / place / path.name)
    assert medleydb.read_songs(str(root)) == beside


def test_metadata_that_is_nowhere_is_told(root: Path) -> None:
    (root / "Audio/Artist1_Song1/Artist1_Song1_METADATA.yaml").unlink()
    with pytest.raises(UserError, match=r"Artist1_Song1_METADATA.yaml: no such file, nor in .*Metadata or in "):
        medleydb.read_songs(str(root))


@pytest.mark.parametrize(("value", "bleed"), [("yes", True), (True, True), ("no", False), (False, False)])
def test_bleed_is_kept(root: Path, value: object, bleed: bool) -> None:
    change(root, has_bleed=value)
    assert medleydb.read_songs(str(root))[0].bleed is bleed


def test_several_artists(root: Path) -> None:
    change(root, artist=["Zoe", "Adam"])
    assert [song.artist for song in medleydb.read_songs(str(root))] == ["Adam, Zoe", "Artist 1"]


def test_a_mixture_counts_when_its_file_exists(root: Path) -> None:
    change(root, mix_filename="Artist0_Song0_MIX.wav")
    assert [song.mixture for song in medleydb.read_songs(str(root))] == [None, None]
    mix = write_wave(root / "Audio/Artist0_Song0/Artist0_Song0_MIX.wav", wave("other", 1, 0.5))
    first = medleydb.read_songs(str(root))[0]
    assert first.mixture and first.mixture.path == str(mix) and first.mixture.target == "mixed"
    assert len(first.stems) == 4


def test_raw_tracks(root: Path) -> None:
    stems = yaml.safe_load(min(root.rglob("*_METADATA.yaml")).read_text())["stems"]
    stems["S01"]["raw"] = {"R01": {"filename": "05_Vox.wav", "instrument": ["male singer", "vocalists"]}}
    stems["S03"]["raw"] = {
        "R02": {"filename": "02_SnareUp.wav", "instrument": "SnareUp"},
        "R01": {"filename": "01_Kick.wav", "instrument": "kick drum"},
    }
    change(root, stems=stems, raw_dir="Artist0_Song0_RAW")
    path = root / "Audio/Artist1_Song1/Artist1_Song1_METADATA.yaml"
    path.write_text(path.read_text() + "raw_dir: Artist1_Song1_RAW\n")
    raws = medleydb.read_raws(str(root))
    assert raws["Artist1_Song1"] == []
    assert [(raw.name, Path(raw.path).name, raw.instrument, raw.target) for raw in raws["Artist0_Song0"]] == [
        ("S01.R01", "05_Vox.wav", "male singer, vocalists", "vocals"),
        ("S03.R01", "01_Kick.wav", "kick drum", ""),
        ("S03.R02", "02_SnareUp.wav", "SnareUp", "mixed"),
    ]
    assert Path(raws["Artist0_Song0"][0].path).parent == root / "Audio/Artist0_Song0/Artist0_Song0_RAW"


def test_songs_of_metadata_alone(root: Path, tmp_path: Path) -> None:
    with_sound = medleydb.read_songs(str(root))
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in root.glob("Audio/*/*_METADATA.yaml"):
        shutil.copy(path, flat)
    shutil.copytree(flat, tmp_path / "root" / "Metadata")
    for folder in (root, root / "Audio", flat, tmp_path / "root", tmp_path / "root" / "Metadata"):
        songs = medleydb.read_metadata(str(folder))
        assert [song.name for song in songs] == ["Artist0_Song0", "Artist1_Song1"], folder
        for song, other in zip(songs, with_sound, strict=True):
            assert song.mixture is None and song.artist == other.artist
            assert [(stem.name, stem.target) for stem in song.stems] == [(s.name, s.target) for s in other.stems]
    assert songs[0].stems[0].path == "Artist0_Song0/Artist0_Song0_STEMS/Artist0_Song0_STEM_01.wav"


def test_a_folder_without_metadata(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no file \*_METADATA.yaml in it"):
        medleydb.read_metadata(str(tmp_path))


@pytest.mark.parametrize(
    ("label", "target"),
    [
        ("LeadVox", "vocals"),
        ("male vocalists", "vocals"),
        ("BassDI", "bass"),
        ("ElecGtr", "electric-guitar"),
        ("AcousticGtr", "acoustic-guitar"),
        ("Wurlitzer", "piano"),
        ("BrushKit", "drums"),
        ("SubBass", "mixed"),
        ("Gtr", "mixed"),
        ("Room_Stereo", "mixed"),
        ("RimShot", ""),
        ("Hammond", ""),
    ],
)
def test_free_text_labels(root: Path, label: str, target: str) -> None:
    stems = yaml.safe_load(min(root.rglob("*_METADATA.yaml")).read_text())["stems"]
    stems["S02"]["instrument"] = label
    change(root, stems=stems)
    assert medleydb.read_songs(str(root))[0].stems[1].target == target


def test_all_real_metadata_is_read(real: list[Song]) -> None:
    assert len(real) == len({song.name for song in real}) == 330
    lists = [medleydb_list(song.name) for song in real]
    assert {name: lists.count(name) for name in set(lists)} == {"V1": 122, "V2": 74, "EXTRA": 124, "Bach10": 10}
    # Bleed: 28 songs of V1, 52 of V2, 13 of the rest.
    bleed = [medleydb_list(song.name) for song in real if song.bleed]
    assert {name: bleed.count(name) for name in set(bleed)} == {"V1": 28, "V2": 52, "EXTRA": 13}


def test_real_songs_by_label(real: list[Song]) -> None:
    """What others counted: stems of exactly one label, singers alone over all songs and with rappers in each list."""
    assert songs_by_class(real, STRICT) == {
        "vocals": 127,
        "bass": 222,
        "drums": 213,
        "electric-guitar": 149,
        "acoustic-guitar": 49,
        "piano": 96,
    }
    order = ["songs", "vocals", "bass", "piano", "electric-guitar", "acoustic-guitar", "drums"]
    counts = medleydb_counts(real, WIDE)[order]
    assert list(counts.loc["V1"]) == [122, 64, 79, 46, 50, 24, 65]
    assert list(counts.loc["V2"]) == [74, 24, 43, 36, 23, 11, 41]
    assert list(counts.loc["EXTRA"]) == [124, 58, 100, 14, 76, 14, 107]
    assert list(counts.loc["Bach10"]) == [10, 0, 0, 0, 0, 0, 0]


def test_real_songs_by_our_classes(real: list[Song]) -> None:
    """Three classes are wider here than in the count by label above, and by as much as these reasons tell.

    - vocals: 'vocalists' are singers here, rappers are not, and a stem labelled 'male singer' and 'vocalists' is one of
      vocals (48 songs of EXTRA have only such stems).
    - electric guitar: a stem labelled clean and distorted electric guitar is electric guitar (five songs of EXTRA).
    - piano: a tack piano is a piano (four songs of V1).
    """
    order = ["songs", "vocals", "bass", "piano", "electric-guitar", "acoustic-guitar", "drums"]
    counts = medleydb_counts(real)[order]
    assert list(counts.loc["V1"]) == [122, 62, 79, 50, 50, 24, 65]
    assert list(counts.loc["V2"]) == [74, 24, 43, 36, 23, 11, 41]
    assert list(counts.loc["EXTRA"]) == [124, 105, 100, 14, 81, 14, 107]
    assert list(counts.loc["Bach10"]) == [10, 0, 0, 0, 0, 0, 0]
    assert list(counts.loc["all"]) == [330, 191, 222, 100, 154, 49, 213]
    # The same without the double labels: tack piano is all that is left of the difference in piano.
    own = songs_by_class(real, instrument_classes())
    assert (own["vocals"], own["electric-guitar"], own["piano"]) == (143, 149, 100)
    tack = songs_by_class(real, {"piano": STRICT["piano"], "with tack": [*STRICT["piano"], "tack piano"]})
    assert (tack["piano"], tack["with tack"]) == (96, 100)
