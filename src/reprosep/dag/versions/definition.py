"""dvc.yaml of a scale: its stages, plots and trained models, written from the parameters and never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.project import read_yaml, repository
from reprosep.dag.dependencies import look_up
from reprosep.dag.versions.plots import plots
from reprosep.dag.versions.stage import Stage
from reprosep.dag.versions.stages import TRAININGS, Line
from reprosep.params.scale import Params

FILE = Path("dvc.yaml")
_HEAD = """\
# The stages that DVC versions, written by `reprosep stages {scale}` from the parameters, the papers and
# workflow/steps.yaml: change those, not this file. A stage is one Snakemake invocation, which decides what inside it is
# out of date; `persist` keeps DVC from deleting what is not.
"""


def definition(params: Params, scale: str) -> str:
    """The text of dvc.yaml."""
    line = Line(params)
    files = [Path("params.yaml"), *_scale_files(scale)]
    content = {
        "stages": _stages(line, scale, files),
        "plots": plots(line),
        "artifacts": {_artifact_name(name): _artifact(line, name) for name in line.trained},
    }
    return _HEAD.format(scale=scale) + yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


def write_definition(params: Params, scale: str) -> Path:
    """Write dvc.yaml."""
    with whole_file(FILE) as temporary:
        temporary.write_text(definition(params, scale), encoding="utf-8")
    return FILE


def check_definition(params: Params, scale: str) -> None:
    """:class:`UserError` when dvc.yaml is not that of the parameters."""
    found = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if found != definition(params, scale):
        raise UserError(
            f"{FILE}: not the stages of these parameters and scale '{scale}' (other runs, papers or keys); "
            f"write it anew with `reprosep stages {scale}` and run the same command again"
        )


class _Plain(yaml.SafeDumper):
    """Lists indented below their key, and no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _scale_files(scale: str) -> list[Path]:
    """Parameter files beside params.yaml that change something."""
    path = Path("workflow/scales") / f"{scale}.yaml"
    return [path] if set(read_yaml(repository() / path)) - {"scale"} else []


def _stages(line: Line, scale: str, files: Sequence[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stage in line.stages():
        group = stage.name.partition("@")[0]
        if group not in TRAININGS:
            found[stage.name] = _body(line, scale, stage, files, [stage.keys])
        elif group not in found:
            found[group] = _trainings(line, group, scale, files)
    return found


def _trainings(line: Line, group: str, scale: str, files: Sequence[Path]) -> dict[str, Any]:
    """One stage per run, written once: `foreach`, since runs are no product that `matrix` could make."""
    items, names = {}, [name for name in line.trained if line.group(name) == group]
    for name in names:
        run, paper = line.runs[name]
        items[name] = {
            "corpus": run.corpus,
            "target": run.target,
            "system": run.system,
            "model": line.system(name).model,
            "paper": paper,
        }
    places = {part: f"${{item.{part}}}" for part in ("corpus", "target", "system", "model", "paper")}
    pattern = line.training_of(group, **places, identifier="${key}")
    keys = [line.training(name).keys for name in names]
    return {"foreach": items, "do": _body(line, scale, pattern, files, keys)}


def _body(line: Line, scale: str, stage: Stage, files: Sequence[Path], keys: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A stage as DVC has it; `keys` are those of the stages that it stands for."""
    body: dict[str, Any] = {"desc": stage.description, "cmd": f"reprosep stage {scale} {stage.name}"}
    body["params"] = [part for file in files for part in _parameters(file, stage, keys)]
    body["params"] += [{f"workflow/papers/{paper}.yaml": list(parts)} for paper, parts in stage.paper.items()]
    body["deps"] = list(stage.deps)
    body["outs"] = [{path: {"persist": True}} for path in (*stage.outs, stage.records)]
    if stage.metrics:
        body["metrics"] = [{path: {"persist": True}} for path in stage.metrics]
    return {key: value for key, value in body.items() if value}


def _parameters(file: Path, stage: Stage, keys: Sequence[Sequence[str]]) -> list[Any]:
    """The keys of a stage that a parameter file has."""
    content = read_yaml(repository() / file)
    present = [key for number, key in enumerate(stage.keys) if _has(content, [each[number] for each in keys])]
    # A key that only some of the stages have: all of them depend on the section that it is in.
    partly = [
        key.split(".")[0]
        for number, key in enumerate(stage.keys)
        if key not in present and any(_has(content, [each[number]]) for each in keys)
    ]
    chosen = list(dict.fromkeys([*present, *partly]))
    if file.name == "params.yaml":
        return chosen
    return [{str(file): chosen}] if chosen else []


def _has(content: Mapping[str, Any], keys: Iterable[str]) -> bool:
    try:
        for key in keys:
            look_up(content, key)
    except (KeyError, TypeError):
        return False
    return True


def _artifact_name(run: str) -> str:
    return run.replace("_", "-")


def _artifact(line: Line, name: str) -> dict[str, Any]:
    run, _ = line.runs[name]
    corpus = line.params.corpora[run.corpus]
    return {
        "path": f"{line.root}/runs/{name}/best.safetensors",
        "type": "model",
        "desc": f"{line.system(name).label}, {run.target}, trained on {corpus.title} with seed {run.seed}",
        "labels": [run.corpus, run.target, run.system],
    }
