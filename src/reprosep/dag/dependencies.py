"""What a step of corpora or papers depends on beside the files before it: ``workflow/steps.yaml``.

What a run reads is told by its kind (:mod:`reprosep.experiments`). A key is a dotted path in params.yaml with places
for the job: ``corpora.<corpus>.channels``, and ``corpora.*.title`` for that of every corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.experiments.reads import Reads, filled, look_up

_KINDS = ("params", "paper", "module", "files")


@lru_cache(maxsize=1)
def steps_table() -> dict[str, dict[str, list[str]]]:
    """Step -> what it depends on, by kind."""
    path = repository() / "workflow" / "steps.yaml"
    table = read_yaml(path)
    for step, parts in table.items():
        for kind in parts:
            if kind not in _KINDS:
                raise UserError(f"{path.name}: {step}.{kind}: unknown kind; allowed: {', '.join(_KINDS)}")
    return {step: {kind: _listed(parts.get(kind, [])) for kind in _KINDS} for step, parts in table.items()}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def step_reads(step: str, content: Mapping[str, Any], corpus: str = "") -> Reads:
    """What a step depends on: keys of the parameters, code, and other files of the project."""
    table = steps_table()[step]
    keys: list[str] = []
    for pattern in table["params"]:
        corpora = list(content["corpora"]) if ".*." in pattern else [corpus]
        keys += [key for name in corpora for key in filled([pattern.replace("*", name)], name, "")]
    modules = tuple(f"reprosep.{name}" for name in table["module"])
    return Reads((), tuple(keys), modules, tuple(table["files"]))


def written_keys(key: str, content: Mapping[str, Any], corpus: str) -> list[str]:
    """Where params.yaml or a scale says the value of a key for a corpus, as far as it is not the key itself.

    A corpus may have its own settings of a section, and may take what it does not say from another corpus.
    """
    source = content["corpora"].get(corpus, {})
    places = []
    head = f"corpora.{corpus}."
    if key.startswith(head) and source.get("of"):
        places.append(f"corpora.{source['of']}.{key.removeprefix(head)}")
    section = key.split(".")[0]
    if section in source.get("settings", {}):
        places.append(f"corpora.{corpus}.settings.{key}")
    return places


def paper_keys(*steps: str) -> list[str]:
    """The dotted keys of a paper's file that steps depend on."""
    return [key for step in steps for key in steps_table()[step]["paper"]]


def paper_of(step: str, paper: Mapping[str, Any]) -> dict[str, Any]:
    """Key -> value of the parts of a paper's file that a step depends on."""
    return {key: look_up(paper, key) for key in paper_keys(step)}
