"""Docstrings of the library, which name things as Sphinx has it, for mkdocstrings, which reads Markdown."""

from __future__ import annotations

from typing import Any

import griffe
from md_text import without_roles


class RstRoles(griffe.Extension):
    """Replaces :class:`Name` and ``name`` by `Name` and `name`."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Every module, class, function and attribute that was read."""
        if obj.docstring:
            obj.docstring.value = without_roles(obj.docstring.value)
