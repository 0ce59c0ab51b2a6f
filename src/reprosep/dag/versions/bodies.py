"""Stages as dvc.yaml has them: one by one, or those that are alike as one pattern with a line for each (`foreach`).

DVC fills single values into a pattern, never a whole list. Entries that only some items have are therefore given by
number, ``${item.deps[0]}``, and an item with fewer of them repeats its last one, which to DVC is the same as once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reprosep.dag.versions.folding import KEY, Places, fold
from reprosep.dag.versions.parameters import Files, Key, field_of, first_key, keys_of, listed
from reprosep.dag.versions.stage import Stage
from reprosep.dag.versions.text import Alias, Block

_KEPT = Alias("kept", {"persist": True})
_PART = re.compile(r"\$\{item\.([\w-]+)\}")

Entries = Mapping[str, Sequence[str]]
"""Entries of a list in dvc.yaml by item, a corpus or a run."""


def single(scale: str, stage: Stage, deps: Sequence[str], files: Files) -> Block:
    """One stage; `deps` are what it depends on, as it is to be written."""
    body = _body(scale, stage.description, stage.name, keys_of(stage, files), deps, _outs(stage))
    if stage.metrics:
        body["metrics"] = [dict.fromkeys(stage.metrics, _KEPT)]
    return body


def several(
    scale: str, stages: Sequence[Stage], places: Mapping[str, Places], files: Files, code: Sequence[str]
) -> Block:
    """The stages of one group, which have their code in common."""
    pattern = _Pattern(places)
    title = pattern.of("desc", {stage.item: [stage.description] for stage in stages})[0]
    keys = pattern.of_keys({stage.item: keys_of(stage, files) for stage in stages})
    deps = pattern.of("deps", {stage.item: stage.deps for stage in stages}, spare=code[0])
    outs = pattern.of("outs", {stage.item: _outs(stage) for stage in stages})
    body = _body(scale, title, f"{stages[0].group}@{KEY}", keys, [*deps, *code], outs)
    return pattern.foreach(body)


def _outs(stage: Stage) -> list[str]:
    return [*stage.outs, stage.records]


def _body(
    scale: str, description: str, name: str, keys: Sequence[Key], deps: Sequence[str], outs: Sequence[str]
) -> Block:
    body = Block(desc=description, cmd=f"reprosep stage {scale} {name}")
    body |= {"params": listed(keys), "deps": list(deps), "outs": [dict.fromkeys(outs, _KEPT)]}
    return Block({key: value for key, value in body.items() if value})


class _Pattern:
    """Lists that are written once for several items, and what of them every item has to say itself."""

    def __init__(self, places: Mapping[str, Places]) -> None:
        self._places = places
        self._items: dict[str, dict[str, Any]] = {item: {} for item in places}

    def of(self, field: str, entries: Entries, spare: str = "") -> list[str]:
        """One list for all items; what only some have is given as `field`, by one that has nothing else as `spare`."""
        folded = fold(entries, self._places)
        last = {item: own[-1] if own else spare for item, own in entries.items()}
        return [*folded.shared, *self._numbered(field, folded.own, last)]

    def of_keys(self, keys: Mapping[str, Sequence[Key]]) -> list[Key]:
        """The same of keys, file by file: which file a key is in cannot be left to the items."""
        folded = fold({item: [str(key) for key in own] for item, own in keys.items()}, self._places)
        shared = [Key.of(text) for text in folded.shared]
        beside = {item: [Key.of(text) for text in own] for item, own in folded.own.items()}
        for file in dict.fromkeys(key.file for own in beside.values() for key in own):
            own_keys = {item: [one.key for one in own if one.file == file] for item, own in beside.items()}
            spare = {item: _last(own, file) for item, own in keys.items()}
            shared += [Key(file, number) for number in self._numbered(field_of(file), own_keys, spare)]
        return shared

    def _numbered(self, field: str, own: Entries, spare: Mapping[str, str]) -> list[str]:
        """Places for as many entries as an item has at most; an item without any gives a spare one."""
        count = max(len(entries) for entries in own.values())
        for item, entries in own.items() if count else ():
            last = entries[-1] if entries else spare[item]
            self._items[item][field] = [*entries, *[last] * (count - len(entries))]
        return [f"${{item.{field}[{number}]}}" for number in range(count)]

    def foreach(self, body: Block) -> Block:
        """The stages; items of which nothing needs to be said but their names are a list."""
        used = set(_PART.findall(repr(body)))
        for item, own in self._items.items():
            self._items[item] = {place: value for place, value in self._parts(item).items() if place in used} | own
        if any(self._items.values()):
            return Block({"foreach": Block(self._items), "do": body})
        return Block({"foreach": list(self._items), "do": _renamed(body)})

    def _parts(self, item: str) -> dict[str, str]:
        """What may be said of an item beside its name."""
        head = "item."
        return {name.removeprefix(head): value for name, value in self._places[item].items() if name.startswith(head)}


def _last(keys: Sequence[Key], file: str) -> str:
    """A key of a file on which an item depends anyway; any other of that file where there is none."""
    own = [key.key for key in keys if key.file == file]
    return own[-1] if own else first_key(file)


def _renamed(content: Any) -> Any:
    """A body for a list of items, which DVC gives as `item` where it gives the keys of a map as `key`."""
    if isinstance(content, str):
        return content.replace(KEY, "${item}")
    if isinstance(content, dict):
        return type(content)({_renamed(key): _renamed(value) for key, value in content.items()})
    return [_renamed(one) for one in content] if isinstance(content, list) else content
