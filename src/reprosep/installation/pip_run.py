"""pip as a child process: its words into a log, its progress to the user, its failure as one sentence."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.installation.display import MOVING_SECONDS, Display
from reprosep.installation.environment import Environment
from reprosep.installation.pip_errors import Failure, failure
from reprosep.installation.torch_build import parse_versions

INDEX_SECONDS = 5  # that an index may take to answer when it is only asked whether it is there
# Would have packages seen or put elsewhere, or colours among the words that are read.
_HIDDEN = ("FORCE_COLOR", "PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX")


class Pip:
    """The pip of an environment; `lock` is the descriptor that it holds as long as it runs."""

    def __init__(self, environment: Environment, log: Path, lock: int) -> None:
        self.environment = environment
        self.log = log
        self.lock = lock
        self.temporary = environment.folder / "tmp"  # beside the packages: /tmp may be small
        self.cache = True

    def install(self, arguments: Sequence[str], display: Display) -> None:
        """``pip install``, once more when the line was cut; what had arrived is in pip's cache then.

        Raises
        ------
        UserError
            When it fails; the sentence names package, reason and log.
        """
        failed = self._install(arguments, display, self.cache)
        if failed and failed.again:
            failed = self._install(arguments, display, self.cache and not failed.afresh)
        if failed:
            raise UserError(f"{failed.sentence}; then run the same command again (pip's own words: {self.log.name})")

    def versions(self, index: str, name: str) -> list[str]:
        """Those that an index (empty: pip's own) has for this Python, newest first; none when it does not answer."""
        only = ["--index-url", index, "--retries", "0", "--timeout", str(INDEX_SECONDS)] if index else []
        command = [*self._command("index"), "versions", name, *only]
        try:
            asked = subprocess.run(command, capture_output=True, text=True, env=self._variables(), timeout=60)
        except subprocess.TimeoutExpired:
            return []
        self._write(f"$ pip index versions {name} {index}\n{asked.stdout}{asked.stderr}")
        return parse_versions(asked.stdout)

    def cache_folder(self) -> Path | None:
        """Where it keeps its downloads; None when the user has switched that off."""
        asked = subprocess.run([*self._command("cache"), "dir"], capture_output=True, text=True, env=self._variables())
        return Path(asked.stdout.strip()) if asked.returncode == 0 and asked.stdout.strip() else None

    def _install(self, arguments: Sequence[str], display: Display, cache: bool) -> Failure | None:
        progress = ["--progress-bar", "raw" if int(self.environment.version("pip").split(".")[0]) >= 25 else "off"]
        command = [*self._command("install"), *progress, *([] if cache else ["--no-cache-dir"]), *arguments]
        self._write(f"$ {' '.join(command)}")
        self.temporary.mkdir(exist_ok=True)
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self._variables(),
            pass_fds=[self.lock],
        ) as running:
            try:
                output = self._follow(running, display)
            except BaseException:
                running.terminate()
                raise
            finally:
                display.close()
        return failure(output, running.returncode) if running.returncode else None

    def _follow(self, running: subprocess.Popen[str], display: Display) -> str:
        """Read until pip ends; the lines without those about bytes."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(running, lines), daemon=True).start()
        output = []
        while True:
            try:
                line = lines.get(timeout=MOVING_SECONDS)
            except queue.Empty:
                line = ""
            if line is None:
                break
            display.follow(line)
            display.tell()
            if line and not line.startswith("Progress "):
                output.append(line)
                self._write(line.rstrip("\n"))
        running.wait()
        return "".join(output)

    def _command(self, verb: str) -> list[str]:
        return [str(self.environment.python), "-m", "pip", verb, "--disable-pip-version-check", "--no-input"]

    def _variables(self) -> dict[str, str]:
        """The user's environment, in which indexes, proxies and certificates of his pip stay in force."""
        kept = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        return kept | {
            "TMPDIR": str(self.temporary.absolute()),
            "PIP_USER": "0",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "NO_COLOR": "1",
        }

    def _write(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(text + "\n")


def _read(running: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert running.stdout
    for line in running.stdout:
        lines.put(line)
    lines.put(None)
