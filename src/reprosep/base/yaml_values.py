"""YAML as values, strictly: what readers disagree about, and what would overrun one, is a mistake with its line.

Conventions
-----------
Plain words are read as by YAML 1.2: ``true`` and ``false``, decimal numbers, ``null``; keys are text. Snakemake reads
YAML 1.1 and DVC 1.2, so that ``yes``, ``010``, ``1:30`` or a date have two meanings: our own files have to write
something else. In foreign files, which nobody here can mend, they are text as it stands.

References
----------
YAML 1.2.2, 10.2.2 (core schema); YAML 1.1, the types bool, int, float, timestamp and merge.
"""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MOST_VALUES = 300_000  # aliases written out; a published corpus has 20,000
DEEPEST = 60  # mappings and lists in each other; papers have 7
MOST_DIGITS = 18  # of a whole number: more do not fit into 64 bits
_EVENTS = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # eight times as fast, where PyYAML was built with libyaml
_CONSTANTS = {"": None, "~": None} | {
    spelled: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelled in (word, word.capitalize(), word.upper())
}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_TWO_MEANINGS = {
    re.compile(r"(?:yes|no|on|off)", re.IGNORECASE): "true to some readers of YAML and a word to others; write true or "
    "false, or put it in quotes if it is a word",
    re.compile(r"[-+]?0[0-9_]+|[-+]?0b[01_]+|[-+]?0x[0-9a-f_]+|[-+]?0o[0-7_]+", re.IGNORECASE): "octal, binary or "
    "hexadecimal to some readers of YAML; write it as a decimal number, or put it in quotes if it is text",
    re.compile(
        r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
    ): "a number to some readers of YAML and text to others; leave "
    "the underscores out, or put it in quotes if it is text",
    re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"): "a number to the base of 60 to some readers of "
    "YAML; write it in seconds, or put it in quotes if it is text",
    re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?"): "a date to some readers of YAML; put it in quotes",
    re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE): "no finite number; write one",
}


class YamlMistake(Exception):  # noqa: N818, the file has one
    """What is wrong, without the file's name: the line counted from 1, and the keys down to it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.keys: list[str] = []

    def __str__(self) -> str:
        where = f", key '{'.'.join(self.keys)}'" if self.keys else ""
        return f"line {self.line}{where}: {super().__str__()}"


def yaml_values(text: str, *, foreign: bool) -> Any:
    """The value of the one document in `text`; None where there is none.

    Raises
    ------
    YamlMistake
        When it is no YAML, has a key twice, a tag, a value with two meanings (our own files) or more than
        :data:`MOST_VALUES`, is deeper than :data:`DEEPEST`, or is several documents.
    yaml.YAMLError
        When libyaml refuses it.
    """
    loader = _EVENTS(text)
    try:
        return _Document(loader, foreign).value()
    finally:
        with contextlib.suppress(AttributeError):
            loader.dispose()


def plain_value(word: str) -> Any:
    """What an unquoted word stands for in our own files; :class:`ValueError` where it has two meanings."""
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if _WHOLE.fullmatch(word):
        if len(word) > MOST_DIGITS + 1:
            raise ValueError(f"found a number of {len(word)} digits, expected at most {MOST_DIGITS}")
        return int(word)
    for meaning, words in _TWO_MEANINGS.items():
        if meaning.fullmatch(word):
            raise ValueError(f"found {word}, which is {words}")
    if _DECIMAL.fullmatch(word):
        if math.isinf(number := float(word)):
            raise ValueError(f"found {_short(word)}, which is no finite number; write one")
        return number
    return word


class _Document:
    """Reads the events of a document one after the other."""

    def __init__(self, loader: Any, foreign: bool) -> None:
        self._next = loader.get_event
        self._foreign = foreign
        self._count = 0
        self._anchors: dict[str, tuple[Any, int]] = {}  # name -> the value and how many are in it

    def value(self) -> Any:
        self._next()  # start of the stream
        if isinstance(self._next(), StreamEndEvent):
            return None
        value = self._value(self._next(), 0)
        if not isinstance(self._next(), DocumentEndEvent) or not isinstance(end := self._next(), StreamEndEvent):
            raise YamlMistake(_line(end), "found another document, expected one; take out the line ---")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        before, anchor = self._count, event.anchor
        self._count += 1
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            raise YamlMistake(_line(event), f"found the tag {_short(event.tag)}, expected none; leave it out")
        if depth > DEEPEST:
            raise YamlMistake(_line(event), f"nested deeper than {DEEPEST} lists or mappings; write it flatter")
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, SequenceStartEvent):
            value = self._list(depth + 1)
        else:
            value = self._mapping(depth + 1)
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"more than {MOST_VALUES} values, aliases written out; expected fewer")
        if anchor is not None:
            self._anchors[anchor] = (value, self._count - before)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise YamlMistake(_line(event), f"found *{event.anchor}, expected &{event.anchor} before it")
        value, count = self._anchors[event.anchor]
        self._count += count
        if self._count > MOST_VALUES:
            raise YamlMistake(_line(event), f"more than {MOST_VALUES} values, aliases written out; expected fewer")
        return value

    def _list(self, depth: int) -> list[Any]:
        values = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            values.append(self._value(event, depth))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, depth)
            if key in lines:
                raise YamlMistake(
                    _line(event),
                    f"found the key '{_short(key)}' again, which stands in line {lines[key]}; name it once",
                )
            lines[key] = _line(event)
            try:
                value = self._value(self._next(), depth)
            except YamlMistake as mistake:
                mistake.keys.insert(0, _short(key))
                raise
            if key == "<<" and event.implicit[0]:
                merged = self._merged(event, value)
            else:
                own[key] = value
        return merged | own if merged else own

    def _key(self, event: Any, depth: int) -> str:
        if isinstance(event, AliasEvent | SequenceStartEvent | MappingStartEvent) or event.tag is not None:
            raise YamlMistake(
                _line(event), "found a key that is a list, a mapping, an alias or has a tag; expected text"
            )
        value = self._value(event, depth)
        if not isinstance(value, str) and not self._foreign:
            raise YamlMistake(
                _line(event),
                f"found the key {_short(event.value) or 'without a name'}, expected text; put it in quotes",
            )
        return str(event.value)

    def _merged(self, event: Any, value: Any) -> dict[str, Any]:
        """The keys that ``<<`` takes from a mapping, or from several of which earlier ones count more."""
        merged: dict[str, Any] = {}
        for one in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(one, dict):
                raise YamlMistake(_line(event), "found << before what is no mapping, expected an alias of one")
            merged |= one
        return merged

    def _scalar(self, event: Any) -> Any:
        if not event.implicit[0]:  # in quotes
            return event.value
        try:
            return plain_value(event.value)
        except ValueError as error:
            if self._foreign:
                return event.value
            raise YamlMistake(_line(event), str(error)) from None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
