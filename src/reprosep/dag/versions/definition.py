"""dvc.yaml of a scale: its stages, plots and trained models, written from the parameters and never by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.dag.versions.bodies import several, single
from reprosep.dag.versions.models import models
from reprosep.dag.versions.parameters import parameter_files
from reprosep.dag.versions.plots import plots
from reprosep.dag.versions.reading import Results, code_folders
from reprosep.dag.versions.stage import Stage
from reprosep.dag.versions.stages import Stages
from reprosep.dag.versions.text import Block, abbreviated, text
from reprosep.params.scale import Params

FILE = Path("dvc.yaml")
_FOLDERS = ("runs", "scores", "records")  # of which there are many files
_HEAD = """\
# The stages that DVC versions, written by `reprosep stages {scale}` from the parameters, the papers, the code and
# workflow/steps.yaml: change those, not this file. A stage is one Snakemake invocation, which decides what inside it is
# out of date; `persist` keeps DVC from deleting what is not.
#
# foreach         one stage per corpus or run: catalog@<corpus>, train@<run>; a line per run
# item.deps[0]    what only some of them have; one with fewer repeats its last
# records/*.json  stands for several files of the stage of that name, and changes with them
# src/…           folders that hold code of the stage; a change that does nothing to it is run, and makes nothing anew
"""


def definition(params: Params, scale: str) -> str:
    """The text of dvc.yaml."""
    stages = Stages(params)
    content = Block(stages=Block(_stages(stages, scale)), plots=plots(stages), artifacts=models(stages))
    folders = {name: f"{stages.root}/{name}" for name in _FOLDERS}
    return _HEAD.format(scale=scale) + text(Block(vars=[folders]) | abbreviated(content, folders))


def write_definition(params: Params, scale: str) -> Path:
    """Write dvc.yaml."""
    with whole_file(FILE) as temporary:
        temporary.write_text(definition(params, scale), encoding="utf-8")
    return FILE


def check_definition(params: Params, scale: str) -> None:
    """:class:`UserError` when dvc.yaml is not that of the parameters."""
    present = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    if present != definition(params, scale):
        raise UserError(
            f"{FILE}: not the stages of these parameters and scale '{scale}' (other runs, papers or keys, or another "
            f"version of reprosep); write it anew with `reprosep stages {scale}` and run the same command again"
        )


def _stages(stages: Stages, scale: str) -> Iterator[tuple[str, Block]]:
    """Names and bodies; the stages of one group are written as one."""
    files, every = parameter_files(scale), stages.stages()
    results, groups = Results(every), dict[str, list[Stage]]()
    for stage in every:
        groups.setdefault(stage.group or stage.name, []).append(stage)
    for name, group in groups.items():
        code = code_folders(group[0].code)
        if group[0].group:
            places = {stage.item: stages.places(stage) for stage in group}
            yield name, several(scale, group, places, files, code)
        else:
            yield name, single(scale, group[0], [*results.named(group[0]), *code], files)
