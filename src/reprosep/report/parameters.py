"""What a paper's results were computed with: the parameters that they depend on, their seeds, and the papers beside it.

Conventions
-----------
``papers/<paper>/parameters.json`` holds them as dotted keys of params.yaml; where a scale leaves tables or figures out,
it names these too, with what they need. Which keys they are is told by
``workflow/steps.yaml``, through the stages of :mod:`.dag.versions`; those that change no cell of a table are left
out: places, titles, intervals, what is accepted of a corpus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import read_json, write_json
from reprosep.claims.reads import corpora_of_results
from reprosep.dag.dependencies import look_up
from reprosep.dag.versions.stages import Stages
from reprosep.experiments.left_out import needs
from reprosep.experiments.runs import corpora_of, every_run
from reprosep.papers.content import Paper
from reprosep.papers.seeds import seeds_of
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params, dump
from reprosep.results.left_out import figure_left_out, whole_table_left_out

RECORD = "parameters.json"
_NO_CELL = re.compile(r"(seeds|papers|calibration|doctor|statistics|corpora\.[^.]+\.(title|roots|accept))(\.|$)")
_LATER = re.compile(r"corpora\.[^.]+\.(classes|least_songs)")  # told where they say something: older records lack them
_SHOWING = ("papers-", "report")  # stages that compute nothing anew
_KEYS = {"seeds": list, "beside": list, "parameters": dict}


def papers_beside(params: Params, paper: Paper) -> list[str]:
    """The other papers of this run that add rows to a paper's tables or bars to its figures."""
    gates = [system.gate.paper for system in paper.systems.values() if system.gate]
    named = {system.beside for system in paper.systems.values()} | set(gates)
    return sorted(name for name in params.papers if name in named)


def record_of(params: Params, name: str, paper: Paper) -> dict[str, Any]:
    """The content of ``parameters.json``: `seeds`, `beside`, `parameters` by dotted key; `left_out` if anything is."""
    beside = papers_beside(params, paper)
    narrow = params.model_copy(update={"papers": [name, *beside]})
    content, corpora = dump(params), _corpora(params, name, paper)
    stages = [stage for stage in Stages(narrow).stages() if not stage.name.startswith(_SHOWING)]
    leaves = {leaf: value for stage in stages for key in stage.keys for leaf, value in _written(content, key)}
    parameters = {key: leaves[key] for key in sorted(leaves) if not _NO_CELL.match(key) and _is_read(key, corpora)}
    parameters = {key: value for key, value in parameters.items() if value or not _LATER.fullmatch(key)}
    record = {"seeds": seeds_of(params, paper), "beside": beside, "parameters": parameters}
    lacking = _left_out(params, paper)
    return {**record, **({"left_out": lacking} if lacking else {})}


def _left_out(params: Params, paper: Paper) -> dict[str, str]:
    """Whole tables and figures that are left out, by the names of their files, with what they need."""
    tables = {name: whole_table_left_out(params, paper, table) for name, table in paper.tables.items()}
    figures = {name: figure_left_out(params, paper, figure) for name, figure in paper.figures.items()}
    return {name: needs(params, corpora) for name, corpora in {**tables, **figures}.items() if corpora}


def _is_read(key: str, corpora: set[str]) -> bool:
    """Whether a dotted key is of a corpus that is read, or of none."""
    section, _, rest = key.partition(".")
    return section != "corpora" or rest.split(".")[0] in corpora


def _corpora(params: Params, name: str, paper: Paper) -> set[str]:
    """The corpora of which a paper's results tell, and those whose recordings they have."""
    named = {one for run in every_run(params, paper) for one in corpora_of(params, run, paper.systems[run.system])}
    named |= {*corpora_of_results(params, name, paper)}
    return named | {recordings_of(params, corpus) for corpus in named}


def _written(content: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a key; none where a corpus could have a setting of its own and has not."""
    try:
        value = look_up(content, key)
    except (KeyError, TypeError):
        return
    yield from _leaves(key, value)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Dotted keys of a tree and their values; an empty mapping is a value."""
    if not isinstance(value, dict) or not value:
        yield key, value
        return
    for name, part in value.items():
        yield from _leaves(f"{key}.{name}", part)


def write_record(params: Params, name: str, paper: Paper, folder: Path) -> None:
    """Write ``parameters.json`` to the folder of a paper's results."""
    write_json(folder / RECORD, record_of(params, name, paper))


def read_record(path: Path, remedy: str) -> dict[str, Any]:
    """What :func:`write_record` wrote; :class:`UserError`, with that remedy, when it is missing or malformed."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; {remedy}")
    try:
        record = read_json(path)
    except UserError as error:
        raise UserError(f"{str(error).rpartition('; ')[0]}; {remedy}") from error
    for key, kind in _KEYS.items():
        if not isinstance(record, dict) or not isinstance(record.get(key), kind):
            raise UserError(f"{path}: no usable key '{key}', expected a {kind.__name__}; {remedy}")
    return dict(record)


def differences(published: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """``key: published -> own`` of the parameters that differ, from two records' `parameters`."""
    keys = sorted({*published, *own})
    return [f"{key}: {_shown(published, key)} → {_shown(own, key)}" for key in keys if _other(published, own, key)]


def _other(published: Mapping[str, Any], own: Mapping[str, Any], key: str) -> bool:
    return key not in published or key not in own or published[key] != own[key]


def _shown(content: Mapping[str, Any], key: str) -> str:
    return "not there" if key not in content else "null" if content[key] is None else str(content[key])
