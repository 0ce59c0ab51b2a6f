"""The command line of reprosep: all verbs, and how they end."""

from __future__ import annotations

import codecs
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

_PRINTED = "reprosep.printed"


def _printed(error: UnicodeError) -> tuple[str, int]:
    r"""What a stream cannot take as ``\xe9`` and the like, also the bytes of a name that is not UTF-8."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    codes = [ord(letter) for letter in error.object[error.start : error.end]]
    own_bytes = [code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code for code in codes]
    return "".join(chr(code).encode("ascii", "backslashreplace").decode() for code in own_bytes), error.end


codecs.register_error(_PRINTED, _printed)


def main() -> None:
    """Run the command line; a user's error is one sentence and exit status 2, being told to stop one and 75."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PRINTED)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
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
