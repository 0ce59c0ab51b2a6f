"""What all verbs have in common: the application, the options that many have, and parameters from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reprosep import __version__
from reprosep.base.errors import UserError, near_match
from reprosep.params.files import merged
from reprosep.params.reading import parse
from reprosep.params.scale import Params

app = typer.Typer(
    help="Reproduce papers on music source separation, from recordings to tables, figures and claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

OWN_DATA, LINE = "Use it on your own data", "Steps of the line"
VERSIONS, DEVELOPMENT = "Versions", "Development"

ParamFiles = Annotated[
    list[Path],
    typer.Option("--params", "-p", envvar="REPROSEP_PARAMS", help="Parameter files, later ones change earlier ones."),
]
Threads = Annotated[int, typer.Option("--threads", "-t", min=1, help="Songs worked on at the same time.")]
Device = Annotated[
    str, typer.Option(help="Where networks estimate: auto (a GPU with CUDA where there is one), cpu, cuda or mps.")
]
CORES = os.cpu_count() or 1
DEFAULT_PARAMS = [Path("params.yaml")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"reprosep {__version__}")
        raise typer.Exit


@app.callback()
def _of_all_verbs(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None: ...


def read_params(files: list[Path]) -> Params:
    """Parameters from one or several files, merged in order and validated."""
    return parse(merged(files))


def params_and_corpus(files: list[Path], corpus: str) -> tuple[Params, str]:
    """Parameters from files and a corpus of theirs; :class:`UserError` when they have none of that name."""
    params = read_params(files)
    if corpus in params.left_out:
        raise UserError(f"corpus '{corpus}' is left out at the scale '{params.scale}': {params.left_out[corpus]}")
    if corpus not in params.corpora:
        allowed = ", ".join(params.corpora)
        raise UserError(f"unknown corpus '{corpus}'{near_match(corpus, params.corpora)}; allowed: {allowed}")
    return params, corpus
