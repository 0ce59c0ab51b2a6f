"""The page of the parameters: every key of params.yaml with its comment there and the values that its model allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from md_text import block, code, page, plain, table

from reprosep.params.scale import Params

_HEAD = ["key", "default", "what, and the paper's value in brackets", "allowed"]
_CORPORA = "corpora"
_ABOVE = r" {1,19}#"  # a comment that begins where keys do, and is of the key below it
_BELOW = r" {20,}#| *-"  # one that goes on where comments are beside values, or a list of lines
_LEAST, _MOST = {"minimum": "≥", "exclusiveMinimum": ">"}, {"maximum": "≤", "exclusiveMaximum": "<"}


@dataclass(frozen=True)
class Key:
    """One value of params.yaml: where it stands, as it is written, and its comment."""

    path: tuple[str, ...]
    value: str
    comment: str


def parameter_page(root: Path) -> str:
    """Markdown of all parameters; the corpora, of which there are many, once with all keys and then as they are."""
    text = (root / "params.yaml").read_text(encoding="utf-8")
    schema = Params.model_json_schema(by_alias=True)
    sections: dict[str, list[list[str]]] = {}
    for key in _described(text):
        if key.path[0] == _CORPORA and key.path[1] != _first_corpus(text):
            continue
        sections.setdefault(_section(key.path), []).append(_row(key, schema))
    tables = [
        part
        for name, rows in sections.items()
        for part in (f"## {_title(name)}", _about(name, text), table(_HEAD, rows))
    ]
    corpora = [
        "## The corpora as they are by default",
        "Further corpora and views of them, each with what differs. A scale puts real recordings in their place.",
        block(_lines_of(text, _CORPORA), "yaml"),
    ]
    return page("# Parameters", _introduction(text), *tables, *corpora)


def _introduction(text: str) -> str:
    comment = " ".join(line.lstrip("# ") for line in text.split("\n\n")[0].splitlines())
    return (
        f"{plain(comment)} A file for `--configfile`, or for `-p`, has only what differs, and unknown keys and values "
        "that are not allowed are one sentence before anything runs."
    )


def _section(path: tuple[str, ...]) -> str:
    return path[0] if len(path) > 1 else ""


def _title(section: str) -> str:
    return {"": "The scale", _CORPORA: "corpora, each under its name"}.get(section, section)


def _about(section: str, text: str) -> str:
    """What is said of a section as a whole, on its own line."""
    found = re.search(rf"^{section}: *# *(.*)$", text, re.MULTILINE) if section else None
    return plain(f"{found[1][0].upper()}{found[1][1:]}.") if found else ""


def _first_corpus(text: str) -> str:
    return next(iter(yaml.safe_load(text)[_CORPORA]))


def _row(key: Key, schema: dict[str, Any]) -> list[str]:
    shown = key.path[2:] if key.path[0] == _CORPORA else key.path[1:] or key.path
    return [code(".".join(shown)), code(key.value), plain(key.comment), plain(allowed(schema, key.path))]


def _described(text: str) -> Iterator[Key]:
    """Every value that is no block of others, in the order of the file."""
    lines = text.splitlines()
    yield from _keys(yaml.compose(text), (), lines)


def _keys(node: Any, path: tuple[str, ...], lines: list[str]) -> Iterator[Key]:
    for name, value in node.value:
        here = (*path, name.value)
        if isinstance(value, yaml.MappingNode) and not value.flow_style and value.value:
            yield from _keys(value, here, lines)
        else:
            yield Key(here, _written(value, lines), _comment(name.start_mark.line, lines))


def _written(value: Any, lines: list[str]) -> str:
    """A value as it is written, a list of lines as a list on one."""
    first, last = value.start_mark, value.end_mark
    if first.line == last.line:
        return lines[first.line][first.column : last.column]
    return ", ".join(one.value for one in value.value)


def _comment(line: int, lines: list[str]) -> str:
    """What is said on the lines of comment above a key, on its own line, and on those that go on below it."""
    first, last = line, line + 1
    while re.match(_ABOVE, lines[first - 1]):
        first -= 1
    while last < len(lines) and re.match(_BELOW, lines[last]):
        last += 1
    return " ".join(one.partition("#")[2].strip() for one in lines[first:last] if "#" in one)


def _lines_of(text: str, section: str) -> str:
    """A section of the file, as it is."""
    found = re.search(rf"^{section}:\n(?:(?: .*)?\n)+", text, re.MULTILINE)
    assert found, f"params.yaml has no section {section}"
    return found[0]


def allowed(schema: dict[str, Any], path: tuple[str, ...]) -> str:
    """The values that a key may have, in words."""
    found = schema
    for name in path:
        found = _member(_resolved(found, schema), name, schema)
    return _words(_resolved(found, schema), schema)


def _resolved(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = found.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else found


def _member(found: dict[str, Any], name: str, schema: dict[str, Any]) -> dict[str, Any]:
    for option in found.get("anyOf", []):
        if member := _member(_resolved(option, schema), name, schema):
            return member
    patterns = list(found.get("patternProperties", {}).values())
    return found.get("properties", {}).get(name) or (patterns or [found.get("additionalProperties") or {}])[0]


def _words(found: dict[str, Any], schema: dict[str, Any]) -> str:
    if options := found.get("anyOf"):
        return " or ".join(_words(_resolved(one, schema), schema) for one in options)
    if choices := found.get("enum"):
        return ", ".join(f"`{one}`" for one in choices)
    kind = found.get("type", "")
    if kind == "array":
        return _list_words(found, schema)
    words = {"integer": "whole number", "number": "number", "boolean": "`true` or `false`", "null": "`null`"}
    words |= {"string": "text", "object": "mapping"}
    limits = [f"{sign} {found[name]}" for name, sign in {**_LEAST, **_MOST}.items() if name in found]
    return " ".join([words.get(kind, kind), ", ".join(limits)]).strip()


def _list_words(found: dict[str, Any], schema: dict[str, Any]) -> str:
    inner = found.get("items") or (found.get("prefixItems") or [{}])[0]
    least, most = found.get("minItems"), found.get("maxItems")
    count = f"{least} " if least and least == most else f"{least} or more " if least else ""
    return f"list of {count}{_plural(_words(_resolved(inner, schema), schema))}"


def _plural(words: str) -> str:
    return {"text": "texts", "": "values"}.get(words, re.sub("number", "numbers", words, count=1))
