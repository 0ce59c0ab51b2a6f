"""The virtual environment ``.venv``: made, found usable, or made anew when it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from reprosep.base.errors import UserError

_ASK = "import json, sys, pip._internal.cli.main; print(json.dumps([list(sys.version_info[:2]), sys.prefix]))"
_LONGEST_SHEBANG = 124  # bytes, with #! and the line's end 127, as pip reckons
_SCRIPT_HEAD = 400  # bytes of a script that have its interpreter's path


class Environment:
    """A virtual environment in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"

    def unusable(self, keep_python: bool) -> str:
        """Why it cannot be used, as an end of the sentence ".venv ..."; empty when it can.

        With `keep_python`, one that was made by another version of Python than this one may be used.
        """
        try:
            answer = subprocess.run([self.python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=120)
            version, prefix = json.loads(answer.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return "is incomplete, or its Python is gone"
        if tuple(version) != tuple(sys.version_info[:2]) and not keep_python:
            return f"is of Python {version[0]}.{version[1]} and this is {sys.version_info[0]}.{sys.version_info[1]}"
        if not tuple(version) >= (3, 11):
            return f"is of Python {version[0]}.{version[1]}"
        script = self.folder / "bin" / "pip"
        head = script.read_bytes()[:_SCRIPT_HEAD].decode(errors="replace") if script.exists() else ""
        if not any(f"{folder}/bin/python" in head for folder in {self.folder.absolute(), Path(prefix).resolve()}):
            return "was made in another folder"
        return ""

    def make(self) -> None:
        """Make it empty.

        Raises
        ------
        UserError
            When this Python cannot, or pip's programs could not start there.
        """
        if sign := self._unfit():
            raise UserError(
                f"{self.folder.absolute()}: has {sign!r} in its path, with which programs that pip installs do not "
                "start; move the project to a folder without it"
            )
        made = subprocess.run([sys.executable, "-m", "venv", self.folder], capture_output=True, text=True)
        if made.returncode:
            words = " ".join((made.stdout + made.stderr).split())[-300:]
            raise UserError(f"{self.folder}: {sys.executable} cannot make a virtual environment there: {words}")

    def _unfit(self) -> str:
        """A sign of the path that keeps a script from finding its Python; '' where there is none.

        The system itself reads a short path without blanks; a shell any other, in double quotes if it has one.
        """
        python = str(self.python.absolute())
        blank = " " in python
        if not blank and len(python.encode()) <= _LONGEST_SHEBANG:
            return ""
        return next((sign for sign in python if sign in ('"$`\\\n' if blank else "\"'$`\\\n\t()&;|<>*?[]#~!")), "")

    def remove(self) -> None:
        """Remove it; one that somebody else made and linked is left to them.

        Raises
        ------
        UserError
            When it is a link, or something in it cannot be removed.
        """
        if self.folder.is_symlink():
            raise UserError(f"{self.folder} is a link to {self.folder.resolve()}; remove the link or mend that")
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise UserError(
                f"{self.folder}: cannot be removed ({error.strerror}: {error.filename}); remove it and run the same "
                f"command again"
            ) from None

    def packages(self) -> Path:
        """Its folder of installed packages."""
        return next(iter(sorted(self.folder.glob("lib/python3*/site-packages"))), self.folder / "lib")

    def version(self, name: str) -> str:
        """The installed version of a package; empty when it is not there."""
        names = [entry.name for entry in self.packages().glob(f"{name}-*.dist-info")]
        return names[0].removesuffix(".dist-info").split("-")[1] if names else ""

    def mend(self) -> int:
        """Forget packages that a killed pip left half written or half removed, so that the next one writes them anew.

        pip writes a package's list of files last, with its own mark (INSTALLER) in it.
        """
        forgotten = 0
        for entry in self.packages().glob("*.dist-info"):
            record = entry / "RECORD"
            if not record.exists() or "INSTALLER" not in record.read_text(errors="replace"):
                shutil.rmtree(entry)
                forgotten += 1
        for entry in self.packages().glob("~*"):  # pip renames what it removes
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return forgotten
