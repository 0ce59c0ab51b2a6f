"""Archives unpacked file by file, each whole and recorded with its checksum, so that a second start goes on.

The journal is one JSON object per line: first the archive, then each finished file, at last the word that all are.
A kill can lose the line of the file that was being written; its content then tells that it is the archive's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

from reprosep.base.errors import UserError
from reprosep.base.files import mendable, sha256, whole_file
from reprosep.base.progress import ProgressReport
from reprosep.corpora.archive import BadArchiveError, Guard, Member, members

_BLOCK_BYTES = 1 << 20


class FileRecord(TypedDict):
    """Size and checksum of a file; the checksum is None where nobody computed it."""

    bytes: int
    sha256: str | None


Files = dict[str, FileRecord]  # path relative to the corpus's folder -> what is known of the file


class Journal:
    """What of an archive is unpacked, on disk at any moment."""

    def __init__(self, path: Path, archive: Path, strip: int) -> None:
        self.files: Files = {}
        self.complete = False
        self._path = path
        self._head = {"archive": archive.name, "bytes": archive.stat().st_size, "strip": strip}
        lines = self._read()
        if lines and lines[0] == self._head:
            self.files = {
                line["path"]: FileRecord(bytes=line["bytes"], sha256=line["sha256"])
                for line in lines[1:]
                if isinstance(line, dict) and isinstance(line.get("path"), str) and is_file_record(line)
            }
            self.complete = {"complete": True} in lines
        self._rewrite()

    def _read(self) -> list[Any]:
        """The whole lines, of which the last one may be torn; none where the file is no journal."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        try:
            return [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            return []

    def _rewrite(self) -> None:
        lines = [self._head, *({"path": path, **record} for path, record in self.files.items())]
        lines += [{"complete": True}] if self.complete else []
        with whole_file(self._path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def _append(self, line: dict[str, Any]) -> None:
        with mendable(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def add(self, path: str, record: FileRecord) -> None:
        """The file is in its place."""
        self.files[path] = record
        self._append({"path": path, **record})

    def finish(self) -> None:
        """Every file is in its place."""
        self.complete = True
        self._append({"complete": True})


def unpack(archive: Path, target: Path, scratch: Path, strip: int = 0, verified: Files | None = None) -> Files:
    """Unpack `archive` into `target` and return its files; those `verified` earlier and still there are left alone.

    `scratch` is a folder on the same disk for the journal and for files while they are written.

    Raises
    ------
    UserError
        When the archive is damaged or unsafe, or when another file is where one of its files belongs.
    """
    journal = Journal(scratch / f"{archive.name}.jsonl", archive, strip)
    known = {**(verified or {}), **journal.files}
    if journal.complete and all(is_there(target / path, record) for path, record in journal.files.items()):
        return journal.files
    report = ProgressReport(f"unpack {archive.name}", archive.stat().st_size, megabytes=True)
    with report, members(archive) as entries:
        for member, place in _placed(archive, strip, entries):
            if place is not None:
                record = known.get(str(place))
                if record is None or not is_there(target / place, record):
                    record = _write(archive, member, target, place, scratch)
                if journal.files.get(str(place)) != record:
                    journal.add(str(place), record)
            report.advance(member.packed - report.done)
        report.advance(report.total - report.done)
    journal.finish()
    return journal.files


def is_file_record(content: Any) -> bool:
    """Whether that is a :class:`FileRecord`, perhaps with more keys."""
    if not isinstance(content, dict) or type(content.get("bytes")) is not int or "sha256" not in content:
        return False
    return content["sha256"] is None or isinstance(content["sha256"], str)


def is_there(path: Path, record: FileRecord) -> bool:
    """Whether a file has the recorded size, which costs no reading."""
    return path.is_file() and path.stat().st_size == record["bytes"]


def _placed(archive: Path, strip: int, entries: Iterable[Member]) -> Iterator[tuple[Member, PurePosixPath | None]]:
    """Members with their places; where an archive has a table of contents, all are judged before one is written."""
    guard = Guard(archive, strip)
    pairs = ((member, guard.place(member)) for member in entries)
    return iter(list(pairs)) if isinstance(entries, list) else pairs


def _write(archive: Path, member: Member, target: Path, place: PurePosixPath, scratch: Path) -> FileRecord:
    """Write one member whole; a file that is there already must be the same."""
    final, passing = target / place, scratch / "passing"
    with mendable(final):
        final.parent.mkdir(parents=True, exist_ok=True)
    if not final.parent.resolve().is_relative_to(target.resolve()):
        raise UserError(f"{final.parent}: leads out of {target} by a link; remove the link and run the command again")
    with whole_file(passing) as temporary:
        record = _copy(archive, member, temporary)
    if not final.exists():
        with mendable(final):
            os.replace(passing, final)
    elif not is_there(final, record) or sha256(final) != record["sha256"]:
        raise UserError(f"{final}: is there already and is not the file of {archive.name}; move it away or delete it")
    return record


def _copy(archive: Path, member: Member, temporary: Path) -> FileRecord:
    digest, size = hashlib.sha256(), 0
    with member.open() as source, temporary.open("wb") as file:
        while block := source.read(_BLOCK_BYTES):
            size += len(block)
            if size > member.size:
                break
            digest.update(block)
            file.write(block)
    if size != member.size:
        raise BadArchiveError(
            f"{archive}: member {member.name!r} unpacks to another size than the {member.size} bytes that it declares; "
            "the archive is damaged or not safe, delete it and get it anew"
        )
    return {"bytes": size, "sha256": digest.hexdigest()}
