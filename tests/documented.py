"""Commands that README.md and docs/ show: blocks with the comment above each, and what of a command there is not."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

import reprosep.cli  # noqa: F401 (registers all verbs)
from reprosep.base.project import repository
from reprosep.cli.app import app

SHELLS = {"sh", "bash", "shell", "console"}
_PROGRAMS = "reprosep|make|snakemake|dvc|git|python3?|pip|conda|cp|cd|torchrun|docker"
_INDENTED = re.compile(rf"^(?: {{4}}|\t)(?:\$ |\S*/)?(?:{_PROGRAMS})\s")
_MARK = re.compile(r"^<!-- (run: smoke|not run: \S.*) -->$")
_FENCE = re.compile(r"^(```+|~~~+)\s*([\w+-]*)")
_INLINE = re.compile(r"(?<!`)`(?:\.venv/bin/)?((?:reprosep|make) [^`]+)`(?!`)")
_ASSIGNED = re.compile(r"^\w+=")


@dataclass(frozen=True)
class Block:
    """A block of commands; `mark` is the comment above it, '' where there is none."""

    line: int
    mark: str
    text: str

    @property
    def is_run(self) -> bool:
        return self.mark == "run: smoke"


def pages() -> list[Path]:
    """README.md and all pages of docs/ that are written by hand."""
    return [repository() / "README.md", *sorted((repository() / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """The blocks of shell commands of a page, fenced ones and indented ones, which cannot be marked."""
    lines, fence, start = text.splitlines(), "", 0
    for number, line in enumerate(lines):
        found = _FENCE.match(line)
        if fence and line.strip() == fence:
            if lines[start].lstrip("`~").strip() in SHELLS:
                yield Block(start + 1, _mark(lines, start), "\n".join(lines[start + 1 : number]))
            fence = ""
        elif not fence and found:
            fence, start = found[1], number
        elif not fence and _INDENTED.match(line):
            yield Block(number + 1, "", line.strip())


def _mark(lines: list[str], fence: int) -> str:
    found = _MARK.match(lines[fence - 1]) if fence else None
    return found[1] if found else ""


def inline_commands(text: str) -> list[str]:
    """What stands in backticks in a sentence and begins with `reprosep` or `make`."""
    sentences = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(found.split()) for found in _INLINE.findall(sentences)]


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a block as words, without variables that are set before them."""
    joined = text.replace("\\\n", " ").replace("\n", " ; ") if "#" not in text else _without_comments(text)
    reader = shlex.shlex(joined, posix=True, punctuation_chars=";&|")
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    for word in [*reader, ";"]:
        if set(word) <= set(";&|"):
            if words:
                yield words
            words = []
        elif words or not _ASSIGNED.match(word):
            words.append(word)


def _without_comments(text: str) -> str:
    lines = [re.sub(r"(^|\s)#.*$", "", line) for line in text.replace("\\\n", " ").splitlines()]
    return " ; ".join(filter(None, map(str.strip, lines)))


def problem(words: list[str]) -> str | None:
    """What of a command the project has not, as a sentence; None for others' commands and for all that is there."""
    program = Path(words[0]).name
    if program == "make":
        return _make_problem(words[1:])
    return _reprosep_problem(words[1:]) if program == "reprosep" else None


def make_targets() -> set[str]:
    """Those of the Makefile."""
    return set(re.findall(r"^([a-z0-9-]+):", (repository() / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _make_problem(words: list[str]) -> str | None:
    named = [word for word in words if "=" not in word and not word.startswith("-")]
    return next((f"make has no target '{word}'" for word in named if word not in make_targets()), None)


def verbs() -> set[str]:
    """All verbs of the command line."""
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def options_of(*names: str) -> set[str]:
    """The options of a verb, of the command line itself without a name."""
    return _options(_command(names))


def _command(names: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(app)
    for name in names:
        command = command.commands[name]
    return command


def _options(command: Any) -> set[str]:
    every = [one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts)]
    return {one for one in every if one.startswith("-")} | {"--help"}


def _reprosep_problem(words: list[str]) -> str | None:
    command, names = _command(()), ""
    for word in words:
        if word.startswith("-") and not _is_number(word):
            option = word.partition("=")[0]
            if option not in _options(command):
                return f"reprosep {names} has no option '{option}'"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"reprosep has no verb '{word}'"
            command, names = command.commands[word], f"{names} {word}".strip()
    return None


def _is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "").isdigit()
