"""One file over HTTP into a ``.part`` file that survives everything: a downloader for pooch that resumes.

Conventions
-----------
Bytes that arrived are never fetched again, as long as the server takes ranges: what a killed or broken transfer left in
``<file>.part`` is the start of the next one. ``If-Range`` keeps two versions of a file from being joined; the checksum,
which pooch takes at the end, is the last word.

References
----------
RFC 9110, HTTP Semantics: 13.1.5 (If-Range), 14 (range requests), 10.2.3 (Retry-After).
"""

from __future__ import annotations

import email.utils
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import urllib3.exceptions

from reprosep import __version__
from reprosep.base.errors import UserError
from reprosep.base.files import mendable, read_record, write_json

_BLOCK_BYTES = 1 << 16  # what a kill can lose
_TIMEOUTS = (20.0, 60.0)  # seconds to connect, and from one piece of the answer to the next
_ATTEMPTS = 5  # in a row that bring no new byte
_FIRST_WAIT = 1.0  # seconds, doubled from attempt to attempt
_LONGEST_WAIT = 120.0  # seconds, also where Retry-After asks for more
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class RefusedError(Exception):
    """This address does not give the file, and asking again does not help."""


class StoppedError(Exception):
    """Another transfer failed, so this one was stopped; what arrived is kept."""


class _TransientError(Exception):
    """Asking again may help, after `wait` seconds if the server named a time."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Transfer:
    """Fetches a file of `size` bytes (None: unknown) into `part`; pooch calls it with address and temporary file.

    `advance` is told the bytes that arrive, negative when what was there has to be fetched anew. After `attempts` in a
    row that brought no new byte (None: :data:`_ATTEMPTS`) an address is given up.
    """

    def __init__(
        self,
        part: Path,
        size: int | None,
        advance: Callable[[int], None],
        stop: threading.Event,
        attempts: int | None = None,
    ) -> None:
        self.part = part
        self._attempts = attempts or _ATTEMPTS
        self.resumed = False  # whether what is there came in several pieces
        self._size = size
        self._advance = advance
        self._stop = stop
        self._state = part.with_name(f"{part.name}.json")

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Fetch `url` and hand it over as `output_file`.

        Raises
        ------
        RefusedError
            When the address does not give the file: one sentence with the address and the reason.
        """
        self.resumed = self._have() > 0
        self._fetch(url)
        with mendable(self.part):
            Path(output_file).unlink(missing_ok=True)
            try:
                os.link(self.part, output_file)  # a kill while pooch takes the checksum loses nothing
            except OSError:  # a file system without hard links
                os.replace(self.part, output_file)

    def discard(self) -> None:
        """Forget what arrived."""
        self._advance(-self._have())
        self.forget()

    def forget(self) -> None:
        """Remove the part, which is wrong, or right and handed over."""
        self.part.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _fetch(self, url: str) -> None:
        """Ask until the file is whole, or until several attempts in a row brought nothing new."""
        most, idle = self._have(), 0
        while self._size is None or self._have() != self._size:
            try:
                self._attempt(url)
                return
            except _TransientError as problem:
                idle = 0 if self._have() > most else idle + 1
                most = max(most, self._have())
                if idle >= self._attempts:
                    raise RefusedError(f"{url}: {problem} ({self._attempts} attempts)") from problem
                self._wait(problem.wait or _FIRST_WAIT * 2 ** max(idle - 1, 0))

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(min(seconds, _LONGEST_WAIT)):
            raise StoppedError

    def _attempt(self, url: str) -> None:
        have = self._have()
        if self._size is not None and have > self._size:
            self.discard()
            have = 0
        try:
            with requests.get(url, headers=self._headers(url, have), stream=True, timeout=_TIMEOUTS) as answer:
                _judge(url, answer)
                self._receive(url, answer, have)
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            raise _TransientError(_reason(error)) from error
        except (urllib3.exceptions.HTTPError, requests.exceptions.ChunkedEncodingError) as error:
            raise _TransientError(f"the transfer broke off after {self._have()} bytes") from error
        except requests.exceptions.RequestException as error:  # e.g. endless redirects, a scheme that is not http(s)
            raise RefusedError(f"{url}: cannot be fetched ({error})") from error

    def _headers(self, url: str, have: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"reprosep/{__version__}"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if (validator := self._validator(url)) is not None:
                headers["If-Range"] = validator
        return headers

    def _validator(self, url: str) -> str | None:
        """What tells the version of the file that was begun; None where it is not known, and the checksum decides."""
        try:
            state = read_record(self._state, url=str, validator=str)
        except UserError:
            return None
        return str(state["validator"]) or None if state["url"] == url else None

    def _receive(self, url: str, answer: requests.Response, have: int) -> None:
        start, total = self._extent(answer, have)
        if total is not None and self._size is not None and total != self._size:
            raise RefusedError(f"{url}: has {total} bytes, expected {self._size}; it is not the published file")
        if answer.status_code == 416:  # nothing lies behind what is there
            if total == have:
                return
            self.discard()
            raise _TransientError("the server has another file than the one that was begun")
        self.resumed = start > 0
        if start == 0:
            self.discard()
            validator = answer.headers.get("ETag", "")
            if validator.startswith("W/") or not validator:
                validator = answer.headers.get("Last-Modified", "")
            write_json(self._state, {"url": url, "validator": validator})
        self._write(url, answer, start, self._size if total is None else total)

    def _extent(self, answer: requests.Response, have: int) -> tuple[int, int | None]:
        """Where the answer starts in the file, and the length of the whole file where it is told."""
        content_range = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code == 416:
            return have, int(content_range[2]) if content_range and content_range[2] != "*" else None
        if answer.status_code != 206:
            length = answer.headers.get("Content-Length", "")
            return 0, int(length) if length.isdigit() else None
        if content_range is None or content_range[1] != str(have):
            self.discard()
            raise _TransientError("the server answered with another part of the file than asked for")
        return have, None if content_range[2] == "*" else int(content_range[2])

    def _write(self, url: str, answer: requests.Response, size: int, total: int | None) -> None:
        with mendable(self.part), self.part.open("ab") as file:
            # Undecoded: some servers call a .tar.gz a gzipped answer, and it has to stay one.
            for block in answer.raw.stream(_BLOCK_BYTES, decode_content=False):
                if self._stop.is_set():
                    raise StoppedError
                if size == 0 and block.lstrip()[:1] == b"<":
                    raise RefusedError(_web_page(url))
                size += len(block)
                if total is not None and size > total:
                    self.discard()
                    raise RefusedError(f"{url}: sends more than the expected {total} bytes")
                file.write(block)
                file.flush()
                self._advance(len(block))
        if total is not None and size < total:
            raise _TransientError(f"the transfer ended after {size} of {total} bytes")


def _judge(url: str, answer: requests.Response) -> None:
    """Raise unless the status says that the file comes."""
    status = answer.status_code
    if status in _TRANSIENT:
        raise _TransientError(f"answers with HTTP {status} ({answer.reason})", _retry_after(answer))
    if status not in (200, 206, 416):
        raise RefusedError(f"{url}: answers with HTTP {status} ({answer.reason})")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise RefusedError(_web_page(url))


def _web_page(url: str) -> str:
    return f"{url}: answers with a web page instead of the file (a log-in page of this network?)"


def _retry_after(answer: requests.Response) -> float:
    """Seconds that the server asks to wait; 0 where it does not say."""
    text = answer.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return 0.0


def _reason(error: Exception) -> str:
    """What went wrong with a connection, in a few words."""
    cause: Any = getattr(error.args[0] if error.args else error, "reason", error)
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "the name of the server is not known (is this machine connected to the internet?)"
    if isinstance(cause, urllib3.exceptions.NewConnectionError):  # a kind of time-out to urllib3
        return "no connection (refused, or no way to it from this machine)"
    if isinstance(error, requests.exceptions.Timeout) or isinstance(cause, urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return f"the connection failed ({cause})"
