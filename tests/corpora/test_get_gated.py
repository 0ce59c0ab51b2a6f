"""`reprosep get` of corpora that no program may download: the page, and recordings taken from where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Answer
from loopback import files_in, medleydb_files, register, tarred, write_files, zipped
from reprosep.base.files import sha256
from reprosep.corpora import registry
from reprosep.corpora.doctor import expectations
from reprosep.corpora.listing import recordings_listing
from synthetic import make_params

Command = Callable[..., Answer]
SONGS = [f"Artist{number}_Song{number}" for number in range(6)]
TERMS = {"kind": "medleydb", "access": "request", "mixture": "mastered", "instructions": "Press the button."}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two gated versions that share a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_folder", lambda: tmp_path / "registry")
    register(tmp_path / "registry", "one", [], SONGS[:4], folder="resources/both", title="First", **TERMS)
    register(tmp_path / "registry", "two", [], SONGS[4:], folder="resources/both", title="Second", **TERMS)
    return tmp_path


def page(answer: Answer) -> list[str]:
    """The lines of the page."""
    assert answer.status == 2
    progress, _, text = answer.err.partition("reprosep: ")
    assert all(" in MB: " in line for line in progress.splitlines()), answer.err
    assert "Traceback" not in text
    return text.splitlines()


def record(place: Path, name: str) -> dict[str, object]:
    return json.loads((place / f"resources/.verified/{name}.json").read_text())


def test_the_page_without_anything(place: Path, reprosep: Command) -> None:
    lines = page(reprosep("get", "one"))
    assert lines[0] == "one: 0 of 4 songs of First are in resources/both; access to it has to be requested"
    text = "\n".join(lines)
    for words in ("Press the button.", "https://example.org/tiny", "CC0", "resources/both/Audio/<song>/"):
        assert words in text
    assert f"songs: 0 of 4; missing: {', '.join(SONGS[:4])}" in text
    assert not (place / "resources").exists(), "nothing is left of a request that could not be met"


def test_the_page_with_half_of_the_songs(place: Path, reprosep: Command) -> None:
    write_files(place / "resources/both", medleydb_files(SONGS[:2]))
    write_files(place / "resources/both", {"rest.zip": b"PK"})
    lines = page(reprosep("get", "one"))
    assert lines[0].startswith("one: 2 of 4 songs of First are in resources/both;")
    assert f"    songs: 2 of 4; missing: {SONGS[2]}, {SONGS[3]}" in lines
    assert "    archives: resources/both/rest.zip; name each with --from" in lines
    assert not (place / "resources/.verified").exists()


def test_songs_without_metadata_are_not_enough(place: Path, reprosep: Command) -> None:
    files = medleydb_files(SONGS[:4])
    metadata = {name: files.pop(name) for name in list(files) if name.endswith(".yaml")}
    write_files(place / "resources/both", files)
    lines = page(reprosep("get", "one"))
    assert lines[0] == "one: the songs of First are in resources/both, but not the metadata of all of them"
    assert f"    metadata: missing for 4 of these: {', '.join(SONGS[:4])}" in lines
    flat = {Path(name).name: content for name, content in metadata.items()}
    write_files(place / "git/medleydb/data/Metadata", flat)
    assert reprosep("get", "one", "--from", "git", "--from", "resources/both").status == 0
    links = sorted((place / "resources/both/Metadata").iterdir())
    assert [link.readlink() for link in links] == sorted((place / "git/medleydb/data/Metadata").iterdir())


def test_songs_in_their_place_are_recorded(place: Path, reprosep: Command) -> None:
    write_files(place / "resources/both", medleydb_files(SONGS[:4]))
    answer = reprosep("get", "one")
    assert answer.status == 0, answer.err
    assert "one: 4 songs in resources/both, verified" in answer.err
    manifest = json.loads((place / "resources/both/.manifest.json").read_text())
    assert len(manifest["files"]) == 12
    assert "First\nLicence: CC0" in (place / "resources/both/LICENCE.txt").read_text()
    before = record(place, "one")
    assert "nothing to be done" in reprosep("get", "one").err
    assert record(place, "one") == before
    assert reprosep("get", "one", "--verify").status == 0
    assert record(place, "one") == before, "checksums that are added do not change the record"


def test_another_folder_is_never_the_one_that_holds_the_corpus(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    for folder in ("disk", "disk/new"):
        told = reprosep("get", "one", "--from", "disk", "--to", folder).sentence()
        assert f"{folder}: " in told and "which this command reads" in told
    assert not list((place / "disk").glob(".*")) and not (place / "disk/LICENCE.txt").exists()


def test_a_song_that_is_gone_again_is_told(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    assert reprosep("get", "one", "--from", "disk").status == 0
    (place / "disk").rename(place / "unmounted")
    assert page(reprosep("get", "one"))[0].startswith("one: 0 of 4 songs")
    (place / "unmounted").rename(place / "disk2")
    assert reprosep("get", "one", "--from", "disk2").status == 0, "links that point nowhere are replaced"


@pytest.mark.parametrize("above", ["", "MedleyDB", "a/MedleyDB"])
def test_folders_are_linked_not_copied(place: Path, reprosep: Command, above: str) -> None:
    source = write_files(place / "disk" / above, medleydb_files(SONGS))
    for _ in range(2):
        assert reprosep("get", "one", "--from", "disk").status == 0
        links = sorted((place / "resources/both/Audio").iterdir())
        assert [link.name for link in links] == SONGS[:4], "the other version's songs are not its own"
        assert [link.readlink() for link in links] == [source / "Audio" / song for song in SONGS[:4]]


def test_two_versions_in_one_folder(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS))
    assert reprosep("get", "one", "--from", "disk").status == 0
    first = record(place, "one")
    assert reprosep("get", "two", "--from", "disk").status == 0
    assert "nothing to be done" in reprosep("get", "one").err
    assert record(place, "one") == first
    assert record(place, "two")["songs"] == 2
    manifest = json.loads((place / "resources/both/.manifest.json").read_text())
    assert len(manifest["files"]) == 18
    terms = (place / "resources/both/LICENCE.txt").read_text()
    assert terms.count("First\n") == terms.count("Second\n") == 1


def test_several_folders_and_archives_add_up(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:2]))
    first = {f"V1/{name}": content for name, content in medleydb_files(SONGS[2:3]).items()}
    write_files(place, {"second.zip": zipped(medleydb_files(SONGS[3:4])), "first.zip": zipped(first)})
    lines = page(reprosep("get", "one", "--from", "disk", "--from", "first.zip"))
    assert lines[0].startswith("one: 3 of 4 songs of First")
    for _ in range(2):
        answer = reprosep("get", "one", "--from", "second.zip")
        assert answer.status == 0, answer.err
    assert files_in(place / "resources/both/Audio" / SONGS[3]) == {
        name.removeprefix(f"Audio/{SONGS[3]}/"): content for name, content in medleydb_files(SONGS[3:4]).items()
    }
    assert (place / "second.zip").exists()


def test_an_unsafe_archive_is_refused(place: Path, reprosep: Command) -> None:
    write_files(place, {"evil.zip": zipped({**medleydb_files(SONGS[:4]), "../../evil": b"evil"})})
    told = reprosep("get", "one", "--from", "evil.zip").sentence()
    assert "member '../../evil' leads out of the folder" in told
    assert not list(place.rglob("evil"))
    assert not (place / "resources/both/Audio").exists()


def test_foreign_files_are_not_overwritten(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    write_files(place / "resources/both/Audio", {SONGS[1]: b"mine"})
    told = reprosep("get", "one", "--from", "disk").sentence()
    assert told.startswith(f"resources/both/Audio/{SONGS[1]}: is in the way of a song of First and is none")
    assert (place / "resources/both/Audio" / SONGS[1]).read_bytes() == b"mine"
    assert len(list((place / "resources/both/Audio").iterdir())) == 1, "nothing half-done"


def test_songs_that_are_there_already_stay(place: Path, reprosep: Command) -> None:
    write_files(place / "resources/both", medleydb_files(SONGS[:1]))
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    assert reprosep("get", "one", "--from", "disk").status == 0
    assert not (place / "resources/both/Audio" / SONGS[0]).is_symlink()


def test_a_folder_without_songs_is_told(place: Path, reprosep: Command) -> None:
    (place / "empty").mkdir()
    told = reprosep("get", "one", "--from", "empty").sentence()
    assert told.startswith("empty: no song of First in it; expected <song>/<song>_STEMS/ with wav files")


def test_songs_by_hand_are_named_so(place: Path, reprosep: Command) -> None:
    register(place / "registry", "hand", [], SONGS, **{**TERMS, "access": "manual"})
    assert page(reprosep("get", "hand"))[0].endswith("; its songs are to be downloaded by hand")


def test_the_plan_sees_linked_songs_and_not_what_get_adds(place: Path, reprosep: Command) -> None:
    """A song that changes is noticed through its link; records and terms are no recordings."""
    corpus = make_params().corpora["mm"].model_copy(update={"roots": ["resources/both"], "standin": None})
    assert recordings_listing(corpus) == ""
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    assert reprosep("get", "one", "--from", "disk").status == 0
    before = recordings_listing(corpus)
    (place / "resources/both/LICENCE.txt").unlink()
    (place / "resources/both/.manifest.json").unlink()
    assert recordings_listing(corpus) == before != ""
    write_files(place / "disk", {f"Audio/{SONGS[0]}/{SONGS[0]}_STEMS/new.wav": b"new"})
    assert recordings_listing(corpus) != before
    (place / "disk/Audio" / SONGS[0] / "round").symlink_to(place / "disk")
    assert recordings_listing(corpus) != before, "links that go round end"


def test_the_doctor_takes_linked_files_as_they_are(place: Path, reprosep: Command) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    assert reprosep("get", "one", "--from", "disk").status == 0
    root = Path("resources/both")
    assert expectations._manifest(root) == {}
    assert reprosep("get", "one", "--verify").status == 0
    found = expectations._manifest(root)
    assert len(found) == 12 and all(sha256(path) == value for path, value in found.items())


def test_nothing_is_left_of_a_damaged_archive(place: Path, reprosep: Command) -> None:
    content = tarred(medleydb_files(SONGS[:4]), "w")
    write_files(place, {"cut.tar": content[: len(content) // 2]})
    told = reprosep("get", "one", "--from", "cut.tar").sentence()
    assert told.startswith("cut.tar: not a whole zip, tar, tar.gz or tar.xz archive")
    assert not [path for path in (place / "resources").rglob("*") if path.name != ".get.lock" and path.is_file()]
    assert not (place / "resources/both/.unpacked").exists()


def test_what_is_neither_a_folder_nor_an_archive_is_told(place: Path, reprosep: Command) -> None:
    os.mkfifo(place / "pipe")
    for source in ("pipe", "/dev/zero"):
        assert "is a pipe or a device" in reprosep("get", "one", "--from", source).sentence()
    assert not (place / "resources").exists()


@pytest.mark.parametrize("to", ["/proc/x", "/dev/null", "/dev/null/x", "x" * 300, "a/" * 3000 + "b"])
def test_a_folder_that_cannot_be_is_told(place: Path, reprosep: Command, to: str) -> None:
    write_files(place / "disk", medleydb_files(SONGS[:4]))
    assert "; choose a" in reprosep("get", "one", "--from", "disk", "--to", to).sentence().replace(
        "or choose", "; choose"
    )


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "null",
        '{"version": "one", "title": "First", "files": [], "archives": {}}',
        '{"version": "one", "title": "First", "files": {"a": 1}, "archives": {}}',
        '{"version": "one", "title": "First", "files": {"a": {"bytes": "1", "sha256": null}}, "archives": {}}',
        '{"version": "one", "title": "First", "files": {"../a": {"bytes": 1, "sha256": null}}, "archives": {}}',
        '{"version": "one", "title": "First", "files": {"/a": {"bytes": 1, "sha256": null}}, "archives": {}}',
        '{"version": 1, "title": "First", "files": {}, "archives": {}}',
        '{"version": "one", "title": "First", "files": {}, "archives": {"a": 1}}',
    ],
)
def test_a_manifest_of_another_shape_is_told(place: Path, reprosep: Command, content: str) -> None:
    write_files(place / "resources/both", medleydb_files(SONGS[:4]))
    (place / "resources/both/.manifest.json").write_text(content)
    assert "not a manifest of reprosep get; delete it" in reprosep("get", "one").sentence()
