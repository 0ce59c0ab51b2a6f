"""What Snakemake was told of parameters, read again by our own reader.

Snakemake's own takes the second of two equal keys, and ``010`` for 8 in a file and for 10 behind ``--config``; by the
time that a Snakefile sees its ``config``, nothing tells of it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import repository
from reprosep.base.yaml_values import YamlMistake, plain_value, yaml_values
from reprosep.params.files import EXTENDS, merged, scale_file, scales
from reprosep.params.scale import merge

_OPTIONS = ("--config", "-C")


def configuration(files: Iterable[Path], given: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The parameters of `files`, later ones changing earlier ones, and of ``--config``.

    Parameters
    ----------
    given: what Snakemake took from ``--config``: numbers and words, of which those inside lists and mappings are text.
    words: the command line, from which these were taken.

    Raises
    ------
    UserError
        When a file is not there or not to be read, or a value has two meanings.
    """
    content = merged(map(_short, files))
    for word in _pairs(words):
        _check(word)
    return merge(content, {key: _meant(value) for key, value in given.items()})


def configuration_of_module(config: Any, *, moved: bool = False) -> dict[str, Any]:
    """The parameters that a workflow gives which uses this one as a module: a scale, and what it changes of it.

    Parameters
    ----------
    config: what stands behind ``config:`` of the module: ``extends`` and keys of params.yaml.
    moved: whether the module has a ``prefix``.

    Raises
    ------
    UserError
        When it has one, when `config` is no mapping or extends what is no scale, or only has a scale's name.
    """
    where = "module reprosep"
    if moved:
        raise UserError(
            f"{where}: found a prefix, expected none: its steps read and write results/ and resources/ of the working "
            "folder; leave 'prefix' and 'replace_prefix' out"
        )
    if not isinstance(config, Mapping):
        raise UserError(f"{where}: config: found {config!r}, expected a mapping such as {{'{EXTENDS}': 'smoke'}}")
    extended, own = config.get(EXTENDS), {key: value for key, value in config.items() if key != EXTENDS}
    if (named := own.get("scale")) in scales() and named != extended:
        raise UserError(
            f"{where}: config: found scale: {named}, which alone only names the folder of results; write "
            f"{EXTENDS}: {named} for the parameters of that scale"
        )
    files = [repository() / "params.yaml", *([scale_file(str(extended))] if extended is not None else [])]
    return _located(merge(merged(files), own))


def _located(content: dict[str, Any]) -> dict[str, Any]:
    """With the split files of the project, which are named as from its own folder, as seen from the working folder."""
    corpora = content.get("corpora")
    for corpus in corpora.values() if isinstance(corpora, dict) else ():
        name = corpus.get("split_file") if isinstance(corpus, dict) else None
        if isinstance(name, str) and not Path(name).exists() and (repository() / name).exists():
            corpus["split_file"] = os.path.relpath(repository() / name)
    return content


def _short(file: Path) -> Path:
    """As it was typed, most likely: below the working directory without it."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _pairs(words: Sequence[str]) -> list[str]:
    """``key=value`` as they were typed behind ``--config``."""
    pairs: list[str] = []
    for number, word in enumerate(words):
        option, _, first = word.partition("=")
        if option in _OPTIONS:
            rest = itertools.takewhile(lambda one: not one.startswith("-"), words[number + 1 :])
            pairs += [first, *rest] if first else rest
    return [pair for pair in pairs if "=" in pair]


def _check(pair: str) -> None:
    key, _, value = pair.partition("=")
    try:
        yaml_values(value, foreign=False)
    except YamlMistake as mistake:
        raise UserError(f"--config {key}: {mistake}") from None
    except yaml.YAMLError:
        raise UserError(f"--config {key}: found {value!r}, expected a number, a word, a list or a mapping") from None


def _meant(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _meant(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_meant(one) for one in value]
    try:
        return plain_value(value) if isinstance(value, str) else value
    except ValueError:  # in quotes, as was checked where it was typed
        return value
