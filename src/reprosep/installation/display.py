"""What a running pip does, told in a moving line on a terminal and in a plain line now and then elsewhere."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from reprosep.installation.space import amount

_UNITS = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
_FILE = re.compile(r"\s*(Downloading|Using cached) (\S+)(?: \(([\d.]+) (bytes|kB|MB|GB)\))?")
_BYTES = re.compile(r"Progress (\d+) of (\d+)")
_BAR = 24  # characters
MOVING_SECONDS = 0.2
PLAIN_SECONDS = 15.0


class Display:
    """Follows pip's lines; `megabytes` are expected to be downloaded, `installed` counts the packages."""

    def __init__(self, megabytes: float, installed: Callable[[], int], out: TextIO | None = None) -> None:
        self.expected = megabytes
        self.installed = installed
        self.out = out or sys.stdout
        self.moving = self.out.isatty()
        self.done = 0.0  # MB of whole files
        self.downloaded = 0.0  # MB, of them those that came over the network
        self.part = 0.0  # MB of the present file
        self.size = 0.0
        self.file = ""
        self.cached = False
        self.action = ""
        self.to_install = 0
        self.before = 0
        self.shown_at = time.monotonic()

    def follow(self, line: str) -> None:
        """Take one line of pip's."""
        if match := _BYTES.match(line):
            self.part, self.size = int(match[1]) / 1e6, int(match[2]) / 1e6
        elif match := _FILE.match(line):
            self._file_is_whole()
            self.file, self.cached = match[2].rsplit("/", 1)[-1], match[1] == "Using cached"
            self.size = float(match[3]) * _UNITS[match[4]] if match[3] else 0.0
            self.action = "downloading"
        elif line.startswith(("Building wheel for", "  Building wheel for")):
            self._file_is_whole()
            self.action = f"building {line.split()[3]}"
        elif line.startswith("Installing collected packages:"):
            self._file_is_whole()
            self.action, self.before = "unpacking", self.installed()
            self.to_install = line.count(",") + 1

    def tell(self) -> None:
        """Show where it is, if the last time is long enough ago."""
        now = time.monotonic()
        if not self.action or now - self.shown_at < (MOVING_SECONDS if self.moving else PLAIN_SECONDS):
            return
        self.shown_at = now
        if self.moving:
            width = shutil.get_terminal_size().columns - 1
            self.out.write("\r\x1b[K" + self.line()[:width])
        else:
            self.out.write(self.line() + "\n")
        self.out.flush()

    def line(self) -> str:
        """Where it is."""
        if self.action == "unpacking":
            count = min(max(self.installed() - self.before, 0), self.to_install)
            return f"  {self._bar(count / self.to_install)}unpacking: {count} of {self.to_install} packages"
        so_far = self.done + self.part
        expected = max(self.expected, so_far)
        text = f"  {self._bar(so_far / expected if expected else 1.0)}{amount(so_far)} of about {amount(expected)}"
        if self.action != "downloading":
            return f"{text}, {self.action}"
        return f"{text}, {self.file.split('-')[0]}" + (f" ({amount(self.size)})" if self.size >= 1 else "")

    def close(self) -> None:
        """Clear the moving line."""
        self._file_is_whole()
        if self.moving:
            self.out.write("\r\x1b[K")
            self.out.flush()

    def _file_is_whole(self) -> None:
        self.done += self.size
        self.downloaded += 0.0 if self.cached else self.size
        self.part = self.size = 0.0

    def _bar(self, share: float) -> str:
        if not self.moving:
            return ""
        full = round(_BAR * min(share, 1.0))
        return "[" + "#" * full + "." * (_BAR - full) + "] "
