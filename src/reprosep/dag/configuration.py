"""What Snakemake was told of parameters, read again by our own reader.

Snakemake's own takes the second of two equal keys, and ``010`` for 8 in a file and for 10 behind ``--config``; by the
time that a Snakefile sees its ``config``, nothing tells of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml
from reprosep.base.yaml_values import YamlMistake, plain_value, yaml_values
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
    content: dict[str, Any] = {}
    for file in files:
        content = merge(content, read_yaml(_short(file)))
    for word in _pairs(words):
        _check(word)
    return merge(content, {key: _meant(value) for key, value in given.items()})


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
