"""A web server on this machine with faults on demand, and archives with registry entries to fetch from it."""

from __future__ import annotations

import hashlib
import io
import math
import tarfile
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from reprosep.corpora import transfer

MUSDB_FILES = ("mixture", "drums", "bass", "other", "vocals")
_BLOCK_BYTES = 1 << 14


def work_with_own_registry(folder: Path, monkeypatch: pytest.MonkeyPatch, registry: ModuleType) -> None:
    """Make a folder the working one, with the registry of corpora or of weights in it; nobody waits long."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(registry, "_folder", lambda: folder / "registry")
    monkeypatch.setattr(transfer, "_FIRST_WAIT", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@dataclass(frozen=True)
class Reply:
    """How one request for a file is answered; by default as it should be."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = '"1"'
    ranges: bool = True
    declared: int | None = None  # Content-Length, where it shall lie; -1: none at all
    drop_after: int | None = None  # bytes of this answer after which the connection is closed
    pause: float = 0.0  # seconds between blocks of 16 KiB


@dataclass(frozen=True)
class Served:
    """One line of the server's log."""

    path: str
    range: str | None
    status: int
    start: int


class Server(ThreadingHTTPServer):
    """Serves ``replies[path]`` one after the other, the last one for ever; keeps count of what it sent.

    Requests at ``together`` paths are answered when all of them are there.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: dict[str, list[Reply]] = {}
        self.log: list[Served] = []
        self.sent = 0
        self.hold_after = math.inf  # no byte of a file behind this many is sent until the number rises
        self.together: dict[str, threading.Barrier] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def serve(self, path: str, *replies: Reply | bytes) -> str:
        """Answer requests for `path` like this; returns its address."""
        self.replies[path] = [Reply(reply) if isinstance(reply, bytes) else reply for reply in replies]
        return self.url(path)

    def next_reply(self, path: str) -> Reply:
        replies = self.replies.get(path, [Reply(status=404)])
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away, that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        reply = self.server.next_reply(self.path)
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        start = 0
        if wanted and reply.ranges and reply.status == 200 and condition in (None, reply.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(reply.body) else 416
            reply = replace(reply, status=status)
        self.server.log.append(Served(self.path, wanted, reply.status, start))
        self._head(reply, start)
        if self.path in self.server.together:
            self.server.together[self.path].wait()
        self._body(reply, start)
        self.close_connection = True

    def _head(self, reply: Reply, start: int) -> None:
        self.send_response(reply.status)
        length = len(reply.body) - start if reply.declared is None else reply.declared
        if reply.status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(reply.body) - 1}/{len(reply.body)}")
        if reply.status == 416:
            self.send_header("Content-Range", f"bytes */{len(reply.body)}")
            length = 0
        if length >= 0:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        if reply.etag:
            self.send_header("ETag", reply.etag)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, reply: Reply, start: int) -> None:
        if reply.status == 416:
            return
        body = reply.body[start:][: reply.drop_after]
        for begin in range(0, len(body), _BLOCK_BYTES):
            block = body[begin : begin + _BLOCK_BYTES]
            while start + begin + len(block) > self.server.hold_after:
                time.sleep(0.005)
            self.wfile.write(block)
            self.wfile.flush()
            self.server.sent += len(block)
            time.sleep(reply.pause)


def noise(count: int, seed: int = 0) -> bytes:
    """Bytes that do not compress."""
    return np.random.default_rng(seed).bytes(count)


def musdb_files(songs: int = 3, size: int = 4000) -> dict[str, bytes]:
    """MUSDB18-HQ's layout with noise instead of music: names and sizes are all that counts here."""
    files = {}
    for number in range(songs):
        song = f"{'test' if number == songs - 1 else 'train'}/Artist {number} - Song {number}"
        for index, name in enumerate(MUSDB_FILES):
            files[f"{song}/{name}.wav"] = noise(size + 7 * index, 10 * number + index)
    return files


def medleydb_files(songs: list[str], size: int = 500) -> dict[str, bytes]:
    """MedleyDB's layout below ``Audio/``."""
    files = {}
    for number, song in enumerate(songs):
        base = f"Audio/{song}/{song}"
        files[f"{base}_MIX.wav"] = noise(size, number)
        files[f"{base}_STEMS/{song}_STEM_01.wav"] = noise(size, number + 100)
        files[f"{base}_METADATA.yaml"] = b"artist: nobody\n"
    return files


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of the files, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content, compression)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz", links: dict[str, tuple[bytes, str]] | None = None) -> bytes:
    """A tar archive of the files, and of `links`: name -> (type, target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, (kind, target) in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return buffer.getvalue()


def entry_of(name: str, content: bytes, urls: list[str], **changes: Any) -> dict[str, Any]:
    """An archive's entry in the registry."""
    checksum = f"md5:{hashlib.md5(content).hexdigest()}"
    return {"name": name, "bytes": len(content), "checksum": checksum, "urls": urls, **changes}


def register(registry: Path, name: str, archives: list[dict[str, Any]], songs: list[str] | None = None, **changes: Any):
    """Write a version into the `registry`, with a list of `songs` if there is one."""
    version: dict[str, Any] = {
        "title": "Tiny",
        "kind": "musdb",
        "access": "open",
        "page": "https://example.org/tiny",
        "licence": "CC0",
        "citation": "Nobody, Nothing, 2020",
        "folder": f"resources/{name}",
        "archives": archives,
        "suffix": ".wav",
        "sample_rates": [44100],
        "channels": [2],
        "mixture": "exact",
        **changes,
    }
    registry.mkdir(parents=True, exist_ok=True)
    if songs is not None:
        version["song_list"] = f"{name}-songs.csv"
        (registry / version["song_list"]).write_text("song\n" + "\n".join(songs) + "\n", encoding="utf-8")
    (registry / f"{name}.yaml").write_text(yaml.safe_dump(version), encoding="utf-8")


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """The files below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    """Files below `folder` as they are, hidden ones and the terms left out, links followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in path.parts) and name != "LICENCE.txt":
            found[name] = path.read_bytes()
    return found
