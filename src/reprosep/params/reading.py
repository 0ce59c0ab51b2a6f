"""Parameters from files and mappings, every key checked before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.project import read_yaml
from reprosep.base.validation import explain
from reprosep.params.scale import Params, merge

_OF_CATALOG = (
    "kind",
    "roots",
    "versions",
    "standin",
    "split",
    "split_file",
    "files",
    "accept",
    "valid_fraction",
    "test_fraction",
)


def load(path: str | Path) -> Params:
    """Parameters from a YAML file of resolved values."""
    return parse(read_yaml(path))


def parse(content: dict[str, Any]) -> Params:
    """Validated parameters from a mapping; :class:`UserError` names the first key that is wrong."""
    try:
        params = Params.model_validate(_inherited(content))
    except ValidationError as error:
        raise UserError(f"params: {explain(error, Params, 'params.yaml')}") from error
    for name in params.every_corpus:
        try:
            params.of_corpus(name)
        except ValidationError as error:
            raise UserError(f"params: corpora.{name}.settings: {explain(error, Params, 'params.yaml')}") from error
    return params


def _inherited(content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the keys that a corpus takes from another (`of`) written out.

    Raises
    ------
    UserError
        When the other corpus does not exist, or takes its own from a third.
    """
    corpora = content.get("corpora")
    if not isinstance(corpora, dict):
        return content
    resolved = dict(corpora)
    for name, corpus in corpora.items():
        if not (isinstance(corpus, dict) and isinstance(corpus.get("of"), str)):
            continue
        source = corpora.get(corpus["of"])
        if corpus["of"] in corpora and not isinstance(source, dict):
            continue  # told of that corpus itself, by the check of types
        if not isinstance(source, dict):
            raise UserError(
                f"params: corpora.{name}.of: unknown corpus '{corpus['of']}'{near_match(str(corpus['of']), corpora)}; "
                f"allowed: {', '.join(other for other in corpora if other != name)}"
            )
        if source.get("of") is not None:
            raise UserError(
                f"params: corpora.{name}.of: '{corpus['of']}' is itself a view of '{source['of']}'; name that one"
            )
        resolved[name] = merge({key: value for key, value in source.items() if key != "settings"}, corpus)
    return {**content, "corpora": resolved}


def recordings_of(params: Params, name: str) -> str:
    """The corpus whose recordings and catalog corpus `name` has: another where all that they depend on is the same."""
    source = params.corpora[name].of
    if source is None or source not in params.corpora:
        return name
    own, other = params.corpora[name], params.corpora[source]
    return source if all(getattr(own, key) == getattr(other, key) for key in _OF_CATALOG) else name
