"""Development: what whoever works on the project itself needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from reprosep.base.project import repository
from reprosep.base.terminal import show
from reprosep.cli.app import DEFAULT_PARAMS, ParamFiles, app, read_params
from reprosep.cli.app import DEVELOPMENT as PANEL


@app.command(rich_help_panel=PANEL)
def example(
    run: str,
    index: int,
    params: ParamFiles = DEFAULT_PARAMS,
    output: Annotated[Path, typer.Option(help="Folder for the two wav files.")] = Path(),
) -> None:
    """Recompute one training item of a run: its recipe, and its target and mixture as wav files."""
    from reprosep.experiments.target.item import training_item

    print(yaml.safe_dump(training_item(read_params(params), run, index, output), sort_keys=False), end="")


@app.command(rich_help_panel=PANEL)
def info(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False) -> None:
    """Versions, devices and paths: what to paste into an issue."""
    from reprosep.tools.project.information import information

    sections = information()
    if as_json:
        print(json.dumps(sections, indent=2))
        return
    for title, rows in sections.items():
        print(title, *(f"  {name}: {value}" for name, value in rows.items()), sep="\n")


@app.command(rich_help_panel=PANEL)
def split(
    metadata: Annotated[list[Path], typer.Argument(help="Folders with METADATA.yaml files of MedleyDB's format.")],
    rule: Annotated[Path, typer.Option(help="The rule of the split.")] = Path("workflow/splits/mm-split.yaml"),
    output: Annotated[Path, typer.Option(help="Where to write the split.")] = Path("workflow/splits/mm-split.csv"),
) -> None:
    """Draw the artist-disjoint split of MedleyDB + Mixing Secrets from metadata alone, and print its counts."""
    from reprosep.corpora.artist_split import write_split

    show(write_split(metadata, rule, output))


@app.command(rich_help_panel=PANEL)
def readme(params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write the numbers of claims and verdicts into the documentation (docs/papers/claims.md)."""
    from reprosep.base.files import whole_file
    from reprosep.claims.overview import PAGE, block, with_block

    path, published = repository() / PAGE, repository() / "results-published/demo"
    text = with_block(path.read_text(encoding="utf-8"), block(read_params(params), published))
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
