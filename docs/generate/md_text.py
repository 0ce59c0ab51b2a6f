"""Markdown from plain text and values: escaped sentences, tables, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\*_\[\]|])")
_TAGS = str.maketrans({"<": "&lt;", ">": "&gt;"})
_CODE = re.compile(r"(`[^`]*`)")
_ROLE = re.compile(r":[a-z]+:`~?\.?([^`]+)`")
_LITERAL = re.compile(r"``([^`]+)``")


def plain(text: object) -> str:
    """A sentence as it stands, on one line: what Markdown would take for its own is escaped, but for `code`."""
    parts = _CODE.split(" ".join(without_roles(str(text)).split()))
    return "".join(part.replace("|", "\\|") if part.startswith("`") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).translate(_TAGS)


def without_roles(text: str) -> str:
    """Docstrings name things as Sphinx has it, :class:`Name` and ``name``: `Name` and `name` here."""
    return _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", text))


def code(text: object) -> str:
    """Inline code, '' for nothing."""
    return f"`{text}`" if str(text) else ""


def block(text: str, language: str) -> str:
    """A fenced block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """A table of cells that are Markdown; with `numbers` all columns but the first are set to the right."""
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in ([*head], rule, *rows))


def page(*parts: str) -> str:
    """Paragraphs, headings, tables and blocks, with an empty line between them."""
    return "\n\n".join(part for part in parts if part) + "\n"
