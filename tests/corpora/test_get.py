"""`reprosep get` of an open record: from a server with every fault there is to a verified corpus, or one sentence."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Answer
from loopback import (
    Reply,
    Server,
    entry_of,
    files_in,
    musdb_files,
    noise,
    register,
    tarred,
    work_with_own_registry,
    write_files,
    zipped,
)
from moments import LONG
from reprosep.corpora import registry, transfer

Command = Callable[..., Answer]
FILES = musdb_files()
SONGS = ["Artist 0 - Song 0", "Artist 1 - Song 1", "Artist 2 - Song 2"]
ZIP = zipped(FILES)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a registry of its own; nobody waits long."""
    work_with_own_registry(tmp_path, monkeypatch, registry)
    return tmp_path


def offer(place: Path, *urls: str, content: bytes = ZIP, songs: list[str] | None = SONGS, **changes: Any) -> None:
    """The version `tiny` of one archive at these addresses."""
    register(place / "registry", "tiny", [entry_of("tiny.zip", content, list(urls))], songs, **changes)


def manifest(place: Path) -> dict[str, Any]:
    return json.loads((place / "resources/tiny/.manifest.json").read_text())


def assert_verified(place: Path, files: dict[str, bytes] = FILES) -> None:
    """The corpus is there, as published, and nothing else."""
    folder = place / "resources/tiny"
    assert files_in(folder) == files
    assert {name: entry["bytes"] for name, entry in manifest(place)["files"].items()} == {
        name: len(content) for name, content in files.items()
    }
    assert not (folder / ".archives").exists()
    assert not (folder / ".unpacking").exists()
    record = json.loads((place / "resources/.verified/tiny.json").read_text())
    assert (record["version"], record["folder"]) == ("tiny", "resources/tiny")


# ---- as it should be ---------------------------------------------------------------------------------------------


def test_a_corpus_is_brought_and_verified(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    answer = reprosep("get", "tiny")
    assert answer.status == 0, answer.err
    assert "tiny: 3 songs in resources/tiny, verified" in answer.err
    assert_verified(place)
    assert server.sent == len(ZIP)
    terms = (place / "resources/tiny/LICENCE.txt").read_text()
    for words in ("Tiny", "CC0", "Nobody, Nothing, 2020", "https://example.org/tiny"):
        assert words in terms


def test_a_second_start_finds_nothing_to_do(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    reprosep("get", "tiny")
    record = (place / "resources/.verified/tiny.json").read_bytes()
    answer = reprosep("get", "tiny")
    assert (answer.status, len(server.log)) == (0, 1)
    assert "3 songs in resources/tiny, nothing to be done" in answer.err
    assert (place / "resources/.verified/tiny.json").read_bytes() == record


def test_another_folder_and_kept_archives(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    assert reprosep("get", "tiny", "--to", "elsewhere", "--keep-archives").status == 0
    assert files_in(place / "elsewhere") == FILES
    assert (place / "elsewhere/.archives/tiny.zip").read_bytes() == ZIP
    assert reprosep("get", "tiny", "--to", "elsewhere").status == 0
    assert (place / "elsewhere/.archives/tiny.zip").exists()
    assert not (place / "resources/tiny").exists()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_leading_folders_and_litter_are_left_out(place: Path, server: Server, reprosep: Command, mode: str) -> None:
    packed = {f"tiny_16k/{name}": content for name, content in FILES.items()}
    packed |= {"__MACOSX/tiny_16k/._x": b"x", "tiny_16k/.DS_Store": b"x", "tiny_16k/README.md": b"terms\n"}
    content = tarred(packed, mode)
    entry = entry_of("tiny.tar.gz", content, [server.serve("/tiny.tar.gz", content)], strip=1)
    register(place / "registry", "tiny", [entry], SONGS)
    assert reprosep("get", "tiny").status == 0
    assert_verified(place, {**FILES, "README.md": b"terms\n"})
    assert not (place / "resources/tiny/LICENCE.txt").exists(), "the archive brought its terms"


def test_several_archives_at_a_time(place: Path, server: Server, reprosep: Command) -> None:
    names = sorted(FILES)
    parts = [zipped({name: FILES[name] for name in names[start::4]}) for start in range(4)]
    urls = [server.serve(f"/{number}.zip", part) for number, part in enumerate(parts)]
    server.together = dict.fromkeys((f"/{number}.zip" for number in range(4)), threading.Barrier(4, timeout=LONG))
    entries = [entry_of(f"{n}.zip", part, [url]) for n, (part, url) in enumerate(zip(parts, urls, strict=True))]
    register(place / "registry", "tiny", entries, SONGS)
    assert reprosep("get", "tiny", "--jobs", 4).status == 0
    assert_verified(place)


def test_a_whole_archive_is_not_fetched_again(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    write_files(place, {"resources/tiny/.archives/tiny.zip": ZIP})
    assert reprosep("get", "tiny").status == 0
    assert server.log == []
    assert_verified(place)


def test_the_users_archive_is_taken_and_left(place: Path, reprosep: Command) -> None:
    offer(place, "http://127.0.0.1:9/none")
    write_files(place, {"downloads/tiny.zip": ZIP, "downloads/other.zip": zipped({"a": b"b"})})
    told = reprosep("get", "tiny", "--from", "downloads/other.zip").sentence()
    assert told.startswith("downloads/other.zip: is not an archive of Tiny or is damaged; expected tiny.zip (md5:")
    assert reprosep("get", "tiny", "--from", "downloads/tiny.zip").status == 0
    assert_verified(place)
    assert (place / "downloads/tiny.zip").read_bytes() == ZIP


def test_recordings_that_are_there_are_not_downloaded(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    write_files(place / "resources/tiny", FILES)
    assert reprosep("get", "tiny").status == 0
    assert server.log == []
    assert_verified(place)
    shutil.rmtree(place / "resources/tiny/train/Artist 0 - Song 0")
    told = reprosep("get", "tiny").sentence()
    assert told.startswith("resources/tiny: 5 of 15 files are not there any more, e.g. train/Artist 0 - Song 0/")


def test_a_folder_is_linked_song_by_song(place: Path, reprosep: Command) -> None:
    offer(place, "http://127.0.0.1:9/none")
    source = write_files(place / "disk/corpora/musdb18hq", FILES)
    assert reprosep("get", "tiny", "--from", place / "disk").status == 0
    assert_verified_links(place, source)
    assert reprosep("get", "tiny", "--from", place / "disk").status == 0
    assert_verified_links(place, source)


def assert_verified_links(place: Path, source: Path) -> None:
    for number, subset in enumerate(("train", "train", "test")):
        link = place / "resources/tiny" / subset / SONGS[number]
        assert link.is_symlink() and link.readlink() == source / subset / SONGS[number]
    assert len(manifest(place)["files"]) == len(FILES)


def test_missing_files_come_back_and_changed_ones_are_told(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    reprosep("get", "tiny")
    first, second = sorted(FILES)[:2]
    kept = (place / "resources/tiny" / second).stat().st_ino
    (place / "resources/tiny" / first).unlink()
    assert reprosep("get", "tiny").status == 0
    assert_verified(place)
    assert (place / "resources/tiny" / second).stat().st_ino == kept, "a file that was right is written anew"
    (place / "resources/tiny" / first).write_bytes(b"edited")
    told = reprosep("get", "tiny").sentence()
    assert told.startswith(f"resources/tiny/{first}: 6 bytes, but resources/tiny/.manifest.json says ")
    assert (place / "resources/tiny" / first).read_bytes() == b"edited"


def test_verify_finds_a_flipped_byte(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    reprosep("get", "tiny")
    assert "3 songs in resources/tiny, checksums computed anew" in reprosep("get", "tiny", "--verify").err
    name = sorted(FILES)[4]
    (place / "resources/tiny" / name).write_bytes(FILES[name][:-1] + b"!")
    assert reprosep("get", "tiny").status == 0, "sizes alone do not tell"
    told = reprosep("get", "tiny", "--verify").sentence()
    assert told.startswith(f"resources/tiny/{name}: checksum ")


def test_a_folder_of_another_release_is_refused(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    reprosep("get", "tiny")
    other = zipped({**FILES, "x": b"y"})
    register(place / "registry", "late", [entry_of("late.zip", other, [server.serve("/late.zip", other)])], SONGS)
    told = reprosep("get", "late", "--to", "resources/tiny").sentence()
    assert told.startswith("resources/tiny: holds Tiny (tiny.zip), not Tiny; choose another folder with --to")


def test_versions_of_the_same_archive_share_a_folder(place: Path, server: Server, reprosep: Command) -> None:
    url = server.serve("/tiny.zip", ZIP)
    offer(place, url)
    register(place / "registry", "half", [entry_of("tiny.zip", ZIP, [url])], SONGS[:2], folder="resources/tiny")
    assert reprosep("get", "tiny").status == 0
    assert "2 songs in resources/tiny, nothing to be done" in reprosep("get", "half").err
    assert len(server.log) == 1


def test_an_archive_without_the_songs_is_told(place: Path, server: Server, reprosep: Command) -> None:
    offer(place, server.serve("/tiny.zip", ZIP), songs=[*SONGS, "Nobody - Nothing"])
    told = reprosep("get", "tiny").sentence()
    assert told.startswith("resources/tiny: 1 of 4 songs of Tiny are missing or not whole, e.g. Nobody - Nothing;")
    assert not (place / "resources/.verified/tiny.json").exists()


def test_unknown_names_and_sources(place: Path, reprosep: Command) -> None:
    offer(place, "http://127.0.0.1:9/none")
    assert (
        reprosep("get", "tinny")
        .sentence()
        .startswith("unknown corpus or weights 'tinny' (did you mean 'tiny'?); allowed: tiny, iass,")
    )
    assert reprosep("get", "tiny", "--from", "nowhere").sentence().startswith("nowhere: no such folder or archive")
    (place / "empty").mkdir()
    told = reprosep("get", "tiny", "--from", "empty").sentence()
    assert told.startswith("empty: no song of Tiny in it; expected the folders train and test")


def test_a_full_disk_is_told_before_the_first_byte(
    place: Path, server: Server, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(place, server.serve("/tiny.zip", ZIP))
    usage = shutil.disk_usage(place)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=len(ZIP)))
    told = reprosep("get", "tiny").sentence()
    assert told.startswith("resources/tiny: Tiny needs 0.2 MB more on this disk and 0.1 MB are free; free some space")
    assert server.log == []


# ---- faults that are mended --------------------------------------------------------------------------------------

BIG = zipped(musdb_files(size=40_000))
BIG_FILES = musdb_files(size=40_000)


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(BIG, drop_after=200_000), Reply(BIG)],
        [Reply(BIG, drop_after=200_000), Reply(BIG, drop_after=200_000), Reply(BIG)],
        [Reply(BIG, declared=-1, drop_after=200_000), Reply(BIG)],
        [Reply(BIG, drop_after=200_000), Reply(BIG, etag='"1"', drop_after=0), Reply(BIG)],
    ],
    ids=["dropped", "dropped twice", "ended without a length", "dropped, then nothing"],
)
def test_what_arrived_is_not_fetched_again(
    place: Path, server: Server, reprosep: Command, replies: list[Reply]
) -> None:
    offer(place, server.serve("/tiny.zip", *replies), content=BIG)
    assert reprosep("get", "tiny").status == 0
    assert_verified(place, BIG_FILES)
    assert server.sent <= len(BIG) + (1 << 16) * (len(replies) - 1)
    assert server.log[-1].status == 206


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(BIG, drop_after=200_000), Reply(BIG, ranges=False)],
        [Reply(noise(len(BIG)), etag='"old"', drop_after=200_000), Reply(BIG, etag='"new"')],
        [Reply(noise(len(BIG)), etag="", drop_after=200_000), Reply(BIG, etag="")],
        [Reply(status=503), Reply(BIG)],
        [Reply(status=429, headers={"Retry-After": "0"}), Reply(status=500), Reply(BIG)],
        [Reply(BIG, pause=0.01)],
        [Reply(BIG, headers={"Content-Encoding": "gzip"})],
    ],
    ids=["ignores ranges", "changed, told", "changed, not told", "503 once", "429 and 500", "slow", "wrong encoding"],
)
def test_faults_that_go_by(place: Path, server: Server, reprosep: Command, replies: list[Reply]) -> None:
    offer(place, server.serve("/tiny.zip", *replies), content=BIG)
    answer = reprosep("get", "tiny")
    assert answer.status == 0, answer.err
    assert_verified(place, BIG_FILES)


def test_two_versions_of_a_file_are_not_joined(place: Path, server: Server, reprosep: Command) -> None:
    old = Reply(noise(len(BIG)), etag='"old"', drop_after=200_000)
    offer(place, server.serve("/tiny.zip", old, Reply(BIG, etag='"new"')), content=BIG)
    assert reprosep("get", "tiny").status == 0
    assert [request.status for request in server.log] == [200, 200]
    assert server.log[1].range is not None


def test_the_server_says_how_long_to_wait(
    place: Path, server: Server, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(transfer.Transfer, "_wait", lambda _, seconds: waits.append(seconds))
    busy = [Reply(status=503, headers={"Retry-After": text}) for text in ("7", "Fri, 01 Jan 2100 00:00:00 GMT", "x")]
    offer(place, server.serve("/tiny.zip", *busy, ZIP))
    assert reprosep("get", "tiny").status == 0
    assert waits[0] == 7 and waits[1] > 1e6 and waits[2] == pytest.approx(0.04)


def test_a_wait_has_a_bound(place: Path, server: Server, reprosep: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_LONGEST_WAIT", 0.05)
    offer(place, server.serve("/tiny.zip", Reply(status=503, headers={"Retry-After": "99999"}), Reply(ZIP)))
    assert reprosep("get", "tiny").status == 0  # not after a day


def test_redirects_are_followed(place: Path, server: Server, reprosep: Command) -> None:
    target = server.serve("/there", Reply(BIG, drop_after=200_000), Reply(BIG))
    url = server.serve("/tiny.zip", Reply(status=302, headers={"Location": target}))
    offer(place, url, content=BIG)
    assert reprosep("get", "tiny").status == 0
    assert server.sent == len(BIG), "the redirected request did not resume"
    assert_verified(place, BIG_FILES)


def test_the_next_mirror_goes_on_where_the_first_ended(place: Path, server: Server, reprosep: Command) -> None:
    first = server.serve("/first", Reply(BIG, drop_after=300_000), Reply(status=410))
    second = server.serve("/second", Reply(BIG, etag='"another"'))
    offer(place, first, second, content=BIG)
    assert reprosep("get", "tiny").status == 0
    assert server.log[-1].path == "/second" and server.log[-1].start == 300_000
    assert_verified(place, BIG_FILES)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(ZIP[:-1] + b"!"),
        Reply(ZIP[:-10]),
        Reply(ZIP + b"more"),
        Reply(b"<html>please log in</html>", headers={"Content-Type": "text/html; charset=utf-8"}),
        Reply(status=404),
        Reply(status=503),
    ],
    ids=["wrong byte", "too short", "too long", "web page", "404", "503 for ever"],
)
def test_the_next_mirror_is_asked(place: Path, server: Server, reprosep: Command, fault: Reply) -> None:
    offer(place, server.serve("/first", fault), server.serve("/second", ZIP))
    assert reprosep("get", "tiny").status == 0
    assert server.log[-1].path == "/second"
    assert_verified(place)


# ---- faults that end in one sentence -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(ZIP[:-1] + b"!"), "gives a file with the checksum md5:"),
        (Reply(ZIP[:-10]), f"has {len(ZIP) - 10} bytes, expected {len(ZIP)}; it is not the published file"),
        (
            Reply(ZIP[:-10], declared=-1),
            f"has {len(ZIP) - 10} bytes, expected {len(ZIP)}; it is not the published file",
        ),
        (
            Reply(ZIP[:-10], declared=-1, ranges=False),
            f"the transfer ended after {len(ZIP) - 10} of {len(ZIP)} bytes (5 attempts)",
        ),
        (Reply(ZIP, declared=len(ZIP), drop_after=0), "the transfer broke off after 0 bytes (5 attempts)"),
        (Reply(ZIP + b"more"), f"has {len(ZIP) + 4} bytes, expected {len(ZIP)}"),
        (Reply(ZIP + b"more", declared=-1), f"sends more than the expected {len(ZIP)} bytes"),
        (Reply(b"<html>", headers={"Content-Type": "text/html"}), "answers with a web page instead of the file"),
        (Reply(b"\n<!DOCTYPE html>" + bytes(len(ZIP) - 16)), "answers with a web page instead of the file"),
        (Reply(status=404), "answers with HTTP 404 (Not Found)"),
        (Reply(status=403), "answers with HTTP 403 (Forbidden)"),
        (Reply(status=503), "answers with HTTP 503 (Service Unavailable) (5 attempts)"),
        (Reply(status=302, headers={"Location": "/tiny.zip"}), "cannot be fetched (Exceeded 30 redirects.)"),
        (Reply(status=302, headers={"Location": "file:///etc/passwd"}), "cannot be fetched (No connection adapters"),
    ],
)
def test_faults_that_stay_are_told(place: Path, server: Server, reprosep: Command, fault: Reply, words: str) -> None:
    url = server.serve("/tiny.zip", fault)
    offer(place, url)
    told = reprosep("get", "tiny").sentence()
    assert told.startswith(f"tiny.zip: not to be had: {url}: {words}"), told
    assert told.endswith("get the file from https://example.org/tiny by hand and name it with --from")
    assert files_in(place / "resources/tiny") == {}
    assert not (place / "resources/.verified").exists()


def test_the_checksum_that_was_found_is_told(place: Path, server: Server, reprosep: Command) -> None:
    import hashlib

    wrong = ZIP[:-1] + b"!"
    offer(place, server.serve("/tiny.zip", wrong))
    told = reprosep("get", "tiny").sentence()
    found, expected = hashlib.md5(wrong).hexdigest(), hashlib.md5(ZIP).hexdigest()
    assert f"gives a file with the checksum md5:{found}, expected md5:{expected}" in told
    assert list((place / "resources/tiny/.archives").iterdir()) == []


def test_no_server_and_no_name(place: Path, reprosep: Command) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    refused, unknown = f"http://127.0.0.1:{port}/tiny.zip", "http://no-such-host.invalid/tiny.zip"
    offer(place, refused, unknown)
    told = reprosep("get", "tiny").sentence()
    assert f"{refused}: no connection (refused, or no way to it from this machine) (5 attempts)" in told
    assert f"{unknown}: " in told


def test_a_name_that_is_not_known(place: Path, reprosep: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("NO_PROXY", "*")
    offer(place, "http://zenodo.invalid/tiny.zip")
    told = reprosep("get", "tiny").sentence()
    assert "http://zenodo.invalid/tiny.zip: the name of the server is not known" in told


def test_silence_is_not_waited_for_for_ever(
    place: Path, server: Server, reprosep: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_TIMEOUTS", (0.1, 0.1))
    monkeypatch.setattr(transfer, "_ATTEMPTS", 2)
    offer(place, server.serve("/tiny.zip", BIG), content=BIG)
    server.hold_after = 1 << 15
    told = reprosep("get", "tiny").sentence()
    assert "the transfer broke off after" in told or "no answer in time" in told


def test_one_archive_that_fails_stops_the_others(place: Path, server: Server, reprosep: Command) -> None:
    endless = bytes(1 << 26)  # at 16 KiB in 0.05 s, three minutes
    slow = server.serve("/slow.zip", Reply(endless, pause=0.05))
    entries = [
        entry_of("slow.zip", endless, [slow]),
        entry_of("gone.zip", ZIP, [server.url("/gone.zip")]),
    ]
    register(place / "registry", "tiny", entries, SONGS)
    assert "gone.zip: not to be had" in reprosep("get", "tiny").sentence()
    assert server.sent < len(endless)
