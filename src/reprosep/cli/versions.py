"""Versions: results that are recorded, published and compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from reprosep.cli.app import CORES, DEFAULT_PARAMS, ParamFiles, Threads, app, read_params
from reprosep.cli.app import VERSIONS as PANEL


@app.command(rich_help_panel=PANEL)
def compare(
    results: Annotated[Path, typer.Argument(help="Finished results, e.g. results/demo.")],
    published: Annotated[
        Path | None, typer.Argument(help="Published ones; default: results-published/<scale of the results>.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Print every cell, not only those that differ.")] = False,
    output: Annotated[Path | None, typer.Option(help="CSV file for every cell.")] = None,
    if_published: Annotated[bool, typer.Option("--if-published", help="Nothing published is no error.")] = False,
) -> None:
    """Do my results equal the published ones? Exit status 0: equal or within seed noise; 1: not."""
    from reprosep.tools.comparison.command import compare as compare_results

    sys.exit(compare_results(results, published, output, show_all=all, if_published=if_published))


@app.command(rich_help_panel=PANEL)
def publish(
    scale: Annotated[str, typer.Argument(help="demo, smoke, preview, standin, open or paper.")],
    output: Annotated[Path, typer.Option(help="Folder to write to, one folder per scale and paper in it.")] = Path(
        "results-published"
    ),
    to: Annotated[
        Path | None,
        typer.Option(
            help="A new folder instead, as Zenodo or Hugging Face take it: weights with a model card, tables, figures, "
            "claims, checksums; nothing that is sound."
        ),
    ] = None,
    configfile: Annotated[list[Path] | None, typer.Option(help="The further parameter files of that run.")] = None,
) -> None:
    """Copy a finished scale's tables and claims to where they are committed, with a page that shows them."""
    from reprosep.dag.reproduce import scale_params

    command = " ".join(["reprosep reproduce", scale, *(f"--configfile {file}" for file in configfile or [])])
    params = scale_params(scale, configfile or [])
    if to is not None:
        from reprosep.report.published_folder import publish_folder
        from reprosep.tools.crate.command import crate_beside

        print(publish_folder(params, to, command, crate_beside(params)))
        return
    from reprosep.report.publish import publish_scale

    for path in publish_scale(params, output, command):
        print(path)


@app.command(rich_help_panel=PANEL)
def verify(
    scale: Annotated[str, typer.Argument(help="demo, smoke, preview, standin, open or paper.")] = "demo",
    configfile: Annotated[list[Path] | None, typer.Option(help="The further parameter files of that run.")] = None,
    threads: Threads = CORES,
) -> None:
    """Is every file of a scale as it was written? Exit status 1: some are damaged; the next run makes them anew."""
    from reprosep.dag.damage import verify as verify_files
    from reprosep.dag.reproduce import scale_params

    count, sentences = verify_files(scale_params(scale, configfile or []), threads)
    print("\n".join(sentences) if sentences else f"all {count} files are as they were written")
    sys.exit(1 if sentences else 0)


@app.command(rich_help_panel=PANEL)
def accept(
    reason: Annotated[str, typer.Option(help="Why the change does not concern them; the report shows it.")],
    runs: Annotated[list[str] | None, typer.Argument(help="Trained runs; default: all that are finished.")] = None,
    params: ParamFiles = DEFAULT_PARAMS,
) -> None:
    """Say that the code has changed, but not what finished trainings would be: they are not trained again."""
    from reprosep.dag.accept import accept as accept_change
    from reprosep.dag.plan import Plan

    changed = accept_change(Plan(read_params(params)), runs or [], reason)
    print("\n".join(changed) if changed else "nothing to accept: the code of these trainings is as it was")


@app.command(rich_help_panel=PANEL)
def stages(scale: Annotated[str, typer.Argument(help="The scale that DVC is to version.")] = "demo") -> None:
    """Write dvc.yaml: the stages that DVC versions."""
    from reprosep.dag.versions.record import write_stages

    print(write_stages(scale))


@app.command(rich_help_panel=PANEL)
def stage(scale: str, name: str) -> None:
    """Make one stage of dvc.yaml; `dvc repro` calls it."""
    from reprosep.dag.versions.record import do_stage

    do_stage(scale, name)


@app.command(rich_help_panel=PANEL)
def record(scale: Annotated[str, typer.Argument(help="The scale that dvc.yaml is of.")] = "demo") -> None:
    """Record all results in dvc.lock, so that they can be pushed, pulled and compared."""
    from reprosep.dag.versions.record import record as record_results

    print(f"{record_results(scale)} stages recorded in dvc.lock; share them with `git commit dvc.lock` and `dvc push`")


@app.command(rich_help_panel=PANEL)
def crate(
    scale: Annotated[str, typer.Argument(help="demo, smoke, preview, standin, open or paper.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder, or zip file by its name; default: results/crates/<scale>.zip.")
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Name of whoever ran it; told nowhere if not given.")] = None,
    orcid: Annotated[str | None, typer.Option(help="Their ORCID, https://orcid.org/….")] = None,
    configfile: Annotated[list[Path] | None, typer.Option(help="The further parameter files of that run.")] = None,
) -> None:
    """Pack a finished scale's tables, figures, claims and records with their provenance: a Workflow Run RO-Crate."""
    from reprosep.dag.reproduce import scale_params
    from reprosep.tools.crate.command import write_crate

    params = scale_params(scale, configfile or [])
    print(write_crate(params, output or Path("results/crates") / f"{params.scale}.zip", agent, orcid))
