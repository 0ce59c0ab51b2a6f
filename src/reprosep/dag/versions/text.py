"""YAML that can be read: a line per entry, short lists and maps within it, nothing wider than 120 characters.

A :class:`Block` is written with a line or more per entry; every other list or map in flow style, `[a, b]`, filled to
the width. What is said often has a name: an :class:`Alias` is written out where it stands first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

_WIDTH, _STEP = 120, "  "


class Block(dict[str, Any]):
    """A map with a line or more per key."""


class BlockList(list[Any]):
    """A list with a line or more per entry, each of them a map of one key or a scalar."""


@dataclass(frozen=True)
class Alias:
    """A value that is referred to by a name wherever it stands again."""

    name: str
    value: Any


def text(content: Block) -> str:
    """The YAML text of a map."""
    return "".join(f"{line}\n" for line in _Writer().block(content, ""))


class _Writer:
    """Lines of YAML; remembers which aliases have been written out."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def block(self, content: Mapping[str, Any], indent: str) -> Iterator[str]:
        for key, value in content.items():
            yield from self._entry(f"{indent}{_scalar(key)}:", value, indent)

    def _entry(self, head: str, value: Any, indent: str) -> Iterator[str]:
        """A key and its value."""
        if isinstance(value, Block):
            yield head
            yield from self.block(value, indent + _STEP)
        elif isinstance(value, BlockList):
            yield head
            for one in value:
                yield from self._listed(one, indent + _STEP)
        else:
            yield from _lines([head, *self._atoms(value)], indent + _STEP)

    def _listed(self, value: Any, indent: str) -> Iterator[str]:
        """An entry of a list: the map of one key, or a scalar."""
        if isinstance(value, str):
            yield f"{indent}- {_scalar(value)}"
            return
        for key, content in value.items():
            yield from self._entry(f"{indent}- {_scalar(key)}:", content, indent + _STEP)

    def _atoms(self, value: Any) -> list[str]:
        """A value in flow style, in parts between which a line may end."""
        if isinstance(value, Alias):
            return self._alias(value)
        if isinstance(value, Mapping):
            return _enclosed("{}", [self._pair(key, content) for key, content in value.items()])
        if isinstance(value, Sequence) and not isinstance(value, str):
            return _enclosed("[]", [self._atoms(one) for one in value])
        return [_scalar(value)]

    def _pair(self, key: str, value: Any) -> list[str]:
        first, *others = self._atoms(value)
        return [f"{_scalar(key)}: {first}", *others]

    def _alias(self, alias: Alias) -> list[str]:
        if alias.name in self._named:
            return [f"*{alias.name}"]
        self._named.add(alias.name)
        return [f"&{alias.name} {' '.join(self._atoms(alias.value))}"]


def _enclosed(brackets: str, entries: Sequence[list[str]]) -> list[str]:
    """The atoms of entries with commas between them and brackets around."""
    atoms = [atom for entry in entries for atom in [*entry[:-1], f"{entry[-1]},"]] or [","]
    atoms[-1] = atoms[-1][:-1] + brackets[1]
    return [brackets[0] + atoms[0], *atoms[1:]]


def _lines(atoms: Sequence[str], indent: str) -> Iterator[str]:
    """Atoms in lines as wide as may be; those after the first are indented."""
    line = " ".join(atoms[:2])
    for atom in atoms[2:]:
        if len(line) + 1 + len(atom) <= _WIDTH:
            line = f"{line} {atom}"
        else:
            yield line
            line = f"{indent}{atom}"
    yield line


def _scalar(value: Any) -> str:
    """A value as it may stand within brackets."""
    inside = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return inside.strip()[1:-1]


def abbreviated(content: Any, folders: Mapping[str, str]) -> Any:
    """The same with paths in some folders written as ``${name}/…``."""
    if isinstance(content, str):
        for name, folder in folders.items():
            content = content.replace(f"{folder}/", f"${{{name}}}/")
        return content
    if isinstance(content, dict):
        return type(content)({abbreviated(key, folders): abbreviated(one, folders) for key, one in content.items()})
    return type(content)(abbreviated(one, folders) for one in content) if isinstance(content, list) else content
