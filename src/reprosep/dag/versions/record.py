"""What users say: write the stages, do one, record all of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from reprosep.base.errors import UserError, near_match
from reprosep.dag.reproduce import pending, reproduce, scale_params
from reprosep.dag.versions.definition import check_definition, write_definition
from reprosep.dag.versions.records import forget_others, keep
from reprosep.dag.versions.stage import Stage
from reprosep.dag.versions.stages import Stages
from reprosep.params.scale import Params


def write_stages(scale: str) -> Path:
    """Write dvc.yaml for a scale."""
    return write_definition(scale_params(scale, []), scale)


def do_stage(scale: str, name: str) -> None:
    """Make the files of a stage and keep their records: what a stage of dvc.yaml runs."""
    params = scale_params(scale, [])
    check_definition(params, scale)
    stage = _find(params, name)
    reproduce(scale, list(stage.targets), [])
    keep(stage)


def _find(params: Params, name: str) -> Stage:
    stages = {stage.name: stage for stage in Stages(params).stages()}
    if name not in stages:
        raise UserError(f"unknown stage '{name}'{near_match(name, stages)}; `dvc stage list --name-only` lists them")
    return stages[name]


def record(scale: str) -> int:
    """Record everything that Snakemake made in dvc.lock; returns the number of stages.

    Raises
    ------
    UserError
        When something is missing or out of date: dvc.lock would then say what is not so.
    """
    params = scale_params(scale, [])
    check_definition(params, scale)
    if rules := pending(scale, [], []):
        listed = ", ".join(f"{rule} ({count})" for rule, count in rules.items())
        raise UserError(
            f"results/{params.scale}: not up to date, so nothing was recorded; still to be run: {listed}; "
            f"run `make demo SCALE={scale}` first"
        )
    stages = Stages(params).stages()
    for stage in stages:
        keep(stage)
    forget_others(stages)
    _dvc("commit", "--force")
    return len(stages)


def _dvc(*words: str) -> None:
    beside = Path(sys.executable).with_name("dvc")
    command = str(beside) if beside.exists() else shutil.which("dvc") or "dvc"
    answer = subprocess.run([command, *words], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise UserError(f"dvc {words[0]}: {_sentence(answer.stdout + answer.stderr)}")


def _sentence(output: str) -> str:
    """DVC's own words for what is wrong, in one line."""
    lines = output.splitlines()
    errors = [line.partition("ERROR: ")[2].strip() for line in lines if "ERROR: " in line]
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}" if errors else "ended without a word; `dvc commit --force --verbose` tells more"
