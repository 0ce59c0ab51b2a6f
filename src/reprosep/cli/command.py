"""The command line of reprosep: all verbs, and how they end."""

from __future__ import annotations

import io
import logging
import os
import sys
from importlib import import_module

from reprosep.base.errors import PREEMPTED, USER_ERROR, Preempted, UserError
from reprosep.cli.app import DEVELOPMENT, app
from reprosep.tools.bench.command import bench_app

for group in ("own_data", "line", "versions", "development"):  # in the order of the help
    import_module(f"reprosep.cli.{group}")
app.add_typer(bench_app, name="bench", rich_help_panel=DEVELOPMENT)


def main() -> None:
    """Run the command line; a user's error is one sentence and exit status 2, being told to stop one and 75."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names are any bytes
    try:
        app()
    except UserError as error:
        print(f"reprosep: {error}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except Preempted as stop:
        print(f"reprosep: {stop}", file=sys.stderr)
        sys.exit(PREEMPTED)
    except BrokenPipeError:
        os._exit(1)
