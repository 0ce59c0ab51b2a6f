"""The command line of reprosep: all verbs, and how they end."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import signal
import sys
from importlib import import_module

from reprosep.base.errors import PREEMPTED, USER_ERROR, Preempted, UserError
from reprosep.base.extras import missing_package
from reprosep.base.listing import displayed
from reprosep.cli.app import DEVELOPMENT, app
from reprosep.tools.bench.command import bench_app

for group in ("own_data", "line", "versions", "development"):  # in the order of the help
    import_module(f"reprosep.cli.{group}")
app.add_typer(bench_app, name="bench", rich_help_panel=DEVELOPMENT)

_INTERRUPTED = 128 + signal.SIGINT  # exit status
_CLOSED_PIPE = 1  # exit status
_OF_THE_MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENAMETOOLONG),
}  # what no step could have known


def main() -> None:
    """Run the command line; a user's error is one sentence and exit status 2, being told to stop one and 75.

    Ctrl-C is one and 130. Nobody who reads what is printed any more, as behind ``| head -1``, is none and 1.
    """
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()  # closed ones: `>&-`
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names are any bytes
    sys.exit(_written(_run()))


def _run() -> int:
    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _say("stopped by Ctrl-C; what is finished is kept, run the same command again to go on")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except UserError as error:
        _say(str(error))
        return USER_ERROR
    except ModuleNotFoundError as error:
        if (sentence := missing_package(error, next((word for word in sys.argv[1:] if word[:1] != "-"), ""))) is None:
            raise
        _say(str(sentence))
        return USER_ERROR
    except Preempted as stop:
        _say(str(stop))
        return PREEMPTED
    except BrokenPipeError:
        return _CLOSED_PIPE
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE and "temporary directory" not in str(error):
            raise
        _say(_sentence(error))
        return USER_ERROR
    return 0


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # there may be nobody to say it to
        lines = map(displayed, sentence.split("\n"))  # names may hold what commands a terminal
        print("reprosep: " + "\n".join(lines), file=sys.stderr, flush=True)


def _sentence(error: OSError) -> str:
    if error.errno in _OF_THE_MACHINE:
        where = error.filename or "a file, or what is printed"
        mended = "mend that and run the same command again, what is finished is kept"
        return f"{where}: cannot be written or read ({error.strerror}); {mended}"
    return f"{error.strerror}; name a folder that can be written in TMPDIR"


def _written(status: int) -> int:
    """The exit status, once what was printed has gone where it shall."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # else the interpreter tries again as it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            return status or _CLOSED_PIPE
        _say(f"what is printed cannot be written ({error.strerror}); free some space or print elsewhere")
        return status or USER_ERROR
    return status
