"""``python -m reprosep.installation SET``: see that the pinned packages of a set are in ``.venv``."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from reprosep.base.errors import USER_ERROR, UserError
from reprosep.installation.install import install
from reprosep.installation.sets import SETS

INTERRUPTED = 130  # exit status of a shell whose command was stopped by Ctrl-C


def main(arguments: list[str]) -> int:
    """Install one set of packages; 0 when they are all there, else one sentence on the standard error."""
    parser = argparse.ArgumentParser(prog="reprosep.installation", description=__doc__)
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("--torch-index", default="auto", help="index of torch's build; empty for the one that pip has")
    parser.add_argument("--keep-python", action="store_true", help="a .venv of another Python may stay")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        install(Path.cwd(), SETS[options.set], options.torch_index, options.keep_python)
    except UserError as error:
        print(f"reprosep: {error}", file=sys.stderr)
        return USER_ERROR
    except OSError as error:
        print(f"reprosep: installation stopped: {error}; mend that and run the same command again", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("reprosep: installation stopped; the same command goes on where it was", file=sys.stderr)
        return INTERRUPTED
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
