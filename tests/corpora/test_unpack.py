"""Archives are unpacked file by file, go on after an end at any moment, and nothing unsafe is ever written."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from loopback import files_in, noise, tarred, write_files, zipped
from reprosep.base.errors import UserError
from reprosep.base.files import sha256
from reprosep.corpora import archive as archives
from reprosep.corpora import unpack as unpack_module
from reprosep.corpora.unpack import unpack

FILES = {"train/one/a.wav": noise(3000, 1), "train/one/b.wav": noise(2000, 2), "test/two/a.wav": b""}


def unpacked(tmp_path: Path, content: bytes, strip: int = 0, name: str = "corpus") -> Path:
    """The folder into which an archive was unpacked; the journal is beside it."""
    (tmp_path / name).write_bytes(content)
    unpack(tmp_path / name, tmp_path / "target", tmp_path / "scratch", strip)
    return tmp_path / "target"


def refused(tmp_path: Path, content: bytes) -> str:
    """The sentence with which an archive is refused; whatever lies in the folder comes from harmless members."""
    outside = set(tmp_path.parent.rglob("*")) - set(tmp_path.rglob("*"))
    with pytest.raises(UserError) as told:
        unpacked(tmp_path, content)
    assert set(tmp_path.parent.rglob("*")) - set(tmp_path.rglob("*")) == outside
    assert {path.name for path in tmp_path.iterdir()} <= {"corpus", "target", "scratch"}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w")], ids=["zip", "tar.gz", "tar"])
def test_files_come_out_as_they_went_in(tmp_path: Path, pack: object) -> None:
    target = unpacked(tmp_path, pack(FILES))  # type: ignore[operator]
    assert files_in(target) == FILES
    assert not any(path.name.startswith(".") for path in target.rglob("*"))


def test_the_record_tells_sizes_and_checksums(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(FILES))
    files = unpack(tmp_path / "a.zip", tmp_path / "target", tmp_path / "scratch")
    for name, content in FILES.items():
        assert files[name] == {"bytes": len(content), "sha256": sha256(tmp_path / "target" / name)}


def test_strip_drops_folders_only(tmp_path: Path) -> None:
    content = zipped({"top/train/a.wav": b"1", "README": b"2", "top/b.wav": b"3"})
    assert files_in(unpacked(tmp_path, content, strip=1)) == {"train/a.wav": b"1", "README": b"2", "b.wav": b"3"}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_second_start_writes_only_what_is_missing(tmp_path: Path, pack: object) -> None:
    target = unpacked(tmp_path, pack(FILES))  # type: ignore[operator]
    kept = {path: path.stat().st_ino for path in target.rglob("a.wav")}
    (target / "train/one/b.wav").unlink()
    unpacked(tmp_path, pack(FILES))  # type: ignore[operator]
    assert files_in(target) == FILES
    assert {path: path.stat().st_ino for path in target.rglob("a.wav")} == kept


@pytest.mark.parametrize(("cut", "again"), [(1, 0), (22, 1), (150, 2), (1000, 3)])
def test_a_torn_journal_loses_a_line_at_most(
    tmp_path: Path, cut: int, again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files whose lines are whole are not even read; the content of the others tells that they are right."""
    target = unpacked(tmp_path, zipped(FILES))
    (journal,) = (tmp_path / "scratch").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-cut])
    kept = {path: path.stat().st_ino for path in target.rglob("*.wav")}
    read: list[str] = []
    original = unpack_module._copy
    monkeypatch.setattr(unpack_module, "_copy", lambda *args: read.append(args[1].name) or original(*args))
    unpacked(tmp_path, zipped(FILES))
    assert files_in(target) == FILES
    assert {path: path.stat().st_ino for path in target.rglob("*.wav")} == kept, "written anew"
    assert read == list(FILES)[3 - again :]


def test_a_foreign_file_is_not_overwritten(tmp_path: Path) -> None:
    write_files(tmp_path / "target", {"train/one/a.wav": b"mine"})
    assert "is there already and is not the file of corpus; move it away" in refused(tmp_path, zipped(FILES))
    assert (tmp_path / "target/train/one/a.wav").read_bytes() == b"mine"


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target/train").mkdir(parents=True)
    (tmp_path / "target/train/one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"leads out of .* by a link; remove the link"):
        unpacked(tmp_path, zipped(FILES))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.wav", "leads out of the folder"),
        ("train/../../evil.wav", "leads out of the folder"),
        ("/tmp/evil.wav", "has an absolute path"),
        ("C:/evil.wav", "has an absolute path"),
        ("C:evil.wav", "has an absolute path"),
        ("train\\..\\evil.wav", "has a backslash or a control character"),
        ("train/\x1b[2J.wav", "has a backslash or a control character"),
        (f"train/{'x' * 300}.wav", "has a name that is too long"),
        (".manifest.json", "has a name that reprosep get keeps for itself"),
        (".archives/evil.zip", "has a name that reprosep get keeps for itself"),
        ("train/one/A.wav", "collides with 'train/one/a.wav'"),
        ("Train/three/a.wav", "collides with 'train'"),
        ("train/one", "collides with 'train/one'"),
        ("train/one/a.wav/b.wav", "collides with 'train/one/a.wav'"),
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_unsafe_names_are_refused(tmp_path: Path, pack: object, name: str, words: str) -> None:
    told = refused(tmp_path, pack({**FILES, name: b"evil"}))  # type: ignore[operator]
    assert told.startswith(f"{tmp_path / 'corpus'}: member ") and words in told
    if pack is zipped:
        assert not (tmp_path / "target").exists(), "a zip archive is judged before anything is written"


def test_duplicates_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("train/a.wav", b"1")
            archive.writestr("train/a.wav", b"2")
    assert "collides with 'train/a.wav'" in refused(tmp_path, buffer.getvalue())


def test_letters_with_two_spellings_collide(tmp_path: Path) -> None:
    assert "collides with" in refused(tmp_path, zipped({"caf\u00e9.wav": b"1", "cafe\u0301.wav": b"2"}))


def test_a_zipped_link_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("train/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc")
        archive.writestr("train/link/passwd", b"evil")
    assert "member 'train/link' is a link or a device" in refused(tmp_path, buffer.getvalue())


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc"),
        (tarfile.SYMTYPE, "../.."),
        (tarfile.LNKTYPE, "train/one/a.wav"),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes, target: str) -> None:
    content = tarred(FILES, links={"train/thing": (kind, target)})
    assert "member 'train/thing' is a link or a device" in refused(tmp_path, content)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_refused(tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ALLOWANCE_BYTES", 1 << 20)
    content = pack({f"train/{number}.wav": bytes(1 << 20) for number in range(8)})  # type: ignore[operator]
    assert len(content) * archives.LARGEST_RATIO < 8 << 20
    assert "with those before it, at most" in refused(tmp_path, content)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.wav")) < 4 << 20


def test_a_member_larger_than_it_declares_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.wav": bytes(5000)}))
    sizes = struct.pack("<I", 5000)
    while (place := content.find(sizes)) >= 0:
        content[place : place + 4] = struct.pack("<I", 100)
    told = refused(tmp_path, bytes(content))
    assert "not a whole zip, tar, tar.gz or tar.xz archive (Bad CRC-32" in told
    assert not (tmp_path / "target/a.wav").exists()


def test_a_member_smaller_than_it_declares_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.wav": noise(5000)}))
    sizes = struct.pack("<I", 5000)
    while (place := content.find(sizes)) >= 0:
        content[place : place + 4] = struct.pack("<I", 6000)
    assert "unpacks to another size than the 6000 bytes that it declares" in refused(tmp_path, bytes(content))


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_told(tmp_path: Path, pack: object, share: float) -> None:
    content = pack({f"train/{number}.wav": noise(3000, number) for number in range(5)})  # type: ignore[operator]
    assert "not a whole zip, tar, tar.gz or tar.xz archive" in refused(tmp_path, content[: int(share * len(content))])


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_flipped_byte_is_told(tmp_path: Path, pack: object) -> None:
    content = bytearray(pack({"train/a.wav": noise(3000)}))  # type: ignore[operator]
    content[1500] ^= 1
    assert "not a whole zip, tar, tar.gz or tar.xz archive" in refused(tmp_path, bytes(content))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x1f\x8b", b"RIFF....", bytes(100), b"<html></html>"])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    assert "not a whole zip, tar, tar.gz or tar.xz archive" in refused(tmp_path, content)


def test_an_encrypted_archive_is_told(tmp_path: Path) -> None:
    content = bytearray(zipped(FILES))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := content.find(magic, place + 1)) >= 0:
            content[place + offset] |= 1
    assert "is encrypted; unpack it by hand" in refused(tmp_path, bytes(content))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("reprosep.corpora.unpack._copy", full)
    assert "the disk is full; free some space" in refused(tmp_path, zipped(FILES))
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "target", ignore_errors=True)
    assert files_in(unpacked(tmp_path, zipped(FILES))) == FILES


# ---- archives that are made to do harm, and any bytes ----------------------------------------------------------------


def many(count: int) -> dict[str, bytes]:
    return {f"train/{number}.wav": b"" for number in range(count)}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_damage_of_every_way_of_packing_is_told(tmp_path: Path, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("train/a.wav", bytes(range(256)) * 100)
    content = buffer.getvalue()
    told = 0
    for place in range(41, len(content) - 100, max(1, len(content) // 20)):
        try:
            target = unpacked(tmp_path, content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
            assert files_in(target) == {"train/a.wav": bytes(range(256)) * 100}  # a byte that tells nothing
        except UserError as error:
            told += "not a whole zip" in str(error) or "another size" in str(error)
        shutil.rmtree(tmp_path / "scratch")
        shutil.rmtree(tmp_path / "target", ignore_errors=True)
    assert told > 10


def test_a_table_of_contents_that_lies_is_told(tmp_path: Path) -> None:
    """Sizes and places beyond any disk, in the 64-bit fields."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("train/a.wav", "w", force_zip64=True) as file:
        file.write(b"1234")
    content = bytearray(buffer.getvalue())
    entry = content.index(b"PK\x01\x02")
    for lie in (2**63, 2**64 - 1, 2**62):
        extra = struct.pack("<HHQQQ", 1, 24, lie, lie, lie)
        lying = content[:entry] + content[entry : entry + 46 + 11] + extra
        lying[entry + 20 : entry + 28] = b"\xff" * 8  # packed and whole size: see the extra field
        lying[entry + 30 : entry + 32] = struct.pack("<H", len(extra))
        lying[entry + 42 : entry + 46] = b"\xff" * 4  # its place
        size = len(lying) - entry
        lying += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, size, entry, 0)
        assert str(tmp_path / "corpus") in refused(tmp_path, bytes(lying))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_more_files_than_recordings_take_are_refused(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "FEW_MEMBERS", 100)
    assert "more files than an archive of recordings holds" in refused(tmp_path, pack(many(300)))  # type: ignore[operator]
    assert len(list((tmp_path / "target").rglob("*.wav"))) <= 110
    folders = {f"__MACOSX/{number}": b"" for number in range(300)}
    assert "more files than" in refused(tmp_path, pack(folders))  # type: ignore[operator]


def test_a_long_table_of_contents_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FEW_MEMBERS", 1)
    monkeypatch.setattr(archives, "_LARGEST_ENTRY", 46)
    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda self: pytest.fail("was read"))
    assert "more files than an archive of recordings holds" in refused(tmp_path, zipped(many(300)))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_folders_in_folders_are_refused(tmp_path: Path, pack: object) -> None:
    told = refused(tmp_path, pack({"a/" * 3000 + "b.wav": b""}))  # type: ignore[operator]
    assert "lies in 3000 folders" in told
    assert len(told) < 500


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_as_large_as_memory_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 4 << 30
    assert "a header of" in refused(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + b"x" * 10240)


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 512
    assert "not a whole zip" in refused(tmp_path, (info.tobuf() + b"x" * 512) * 20_000)


def test_what_comes_behind_the_members_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ALLOWANCE_BYTES", 1 << 20)
    content = gzip.compress(gzip.decompress(tarred({"train/a.wav": b"1"})) + bytes(24 << 20))
    assert "unpacks to more than" in refused(tmp_path, content)
    litter = tarred({"__MACOSX/a": bytes(24 << 20), "train/a.wav": b"1"})
    assert "are plausible" in refused(tmp_path, litter)


@pytest.mark.parametrize("rounds", [60, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w")], ids=["zip", "tar.gz", "tar"])
def test_any_damage_is_told_or_harmless(tmp_path: Path, pack: object, rounds: int) -> None:
    draws, whole = random.Random(22), pack({name: content[:300] for name, content in FILES.items()})  # type: ignore[operator]
    for _ in range(rounds):
        content = bytearray(whole)
        for _ in range(draws.randint(1, 3)):
            content[draws.randrange(len(content))] = draws.randrange(256)
        try:
            unpacked(tmp_path, bytes(content[: draws.choice([len(content), draws.randrange(len(content))])]))
        except UserError as told:
            assert "\n" not in str(told)
        assert {path.name for path in tmp_path.iterdir()} <= {"corpus", "target", "scratch"}
        shutil.rmtree(tmp_path / "target", ignore_errors=True)
        shutil.rmtree(tmp_path / "scratch", ignore_errors=True)


@pytest.mark.parametrize("pack", [tarred, lambda files: tarred(files, "w")], ids=["tar.gz", "tar"])
def test_a_tar_that_ends_anywhere_or_has_a_broken_header_is_told(tmp_path: Path, pack: object) -> None:
    """The library takes both for the archive's end."""
    content = pack(FILES)  # type: ignore[operator]
    plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    end = len(plain.rstrip(b"\0")) // 512 * 512 + 512
    headers = [place for place in range(0, end, 512) if plain[place + 257 : place + 262] == b"ustar"]
    packed = gzip.compress if plain is not content else bytes
    for place in headers[1:]:
        assert "not a whole zip" in refused(tmp_path, packed(plain[:place]))
        assert "not a whole zip" in refused(tmp_path, packed(plain[: place + 100]))
        assert "not a whole zip" in refused(tmp_path, packed(plain[: place + 20] + b"\1" + plain[place + 21 :]))
