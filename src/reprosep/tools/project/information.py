"""What is installed where, on which machine: what whoever is to help has to know."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from reprosep import __version__
from reprosep.base.extras import distributions, missing_of
from reprosep.base.project import clone, is_carried, repository
from reprosep.base.provenance import commit, hardware

EXTRAS = ("separate", "render", "workflow")
_PROGRAMS = {
    "ffmpeg": "-version",
    "fluidsynth": "--version",
    "espeak-ng": "--version",
    "git": "--version",
    "sinfo": "-V",
}
_SECONDS = 10  # that a program may take to tell its version
_GIGABYTE = 1e9


def information() -> dict[str, dict[str, Any]]:
    """Versions, machine, devices and paths, by section; the home folder is written ``~``."""
    return {
        "reprosep": _own(),
        "machine": hardware(_devices()),
        "packages": _packages(),
        "programs": {name: _version(name, option) for name, option in _PROGRAMS.items()},
        "paths": _paths(),
    }


def _own() -> dict[str, Any]:
    sha, changed = commit()
    kind = "clone" if clone() else "wheel"
    extras = {
        f"[{extra}]": f"without {', '.join(gone)}" if (gone := missing_of(extra)) else "whole" for extra in EXTRAS
    }
    return {"version": __version__, "from a": kind, "commit": f"{sha}{', with changes' if changed else ''}", **extras}


def _packages() -> dict[str, str]:
    names = sorted({name for extra in ("", *EXTRAS) for name in distributions(extra)}, key=str.lower)
    found = {"python": f"{platform.python_version()} ({platform.python_implementation()})"}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _devices() -> str:
    """The devices that torch sees."""
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    cuda = torch.version.cuda or "none"
    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    others = ["mps"] if torch.backends.mps.is_available() else []
    return f"{', '.join([*gpus, *others]) or 'cpu alone'} (torch built for CUDA {cuda})"


def _version(program: str, option: str) -> str:
    """The first line that a program says of its version."""
    path = shutil.which(program)
    if not path:
        return "not found"
    try:
        said = subprocess.run([path, option], capture_output=True, text=True, timeout=_SECONDS, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path}, which does not say its version ({type(error).__name__})"
    lines = [line.strip() for line in (said.stdout + said.stderr).splitlines()]
    return next((line for line in lines if any(sign.isdigit() for sign in line)), path)


def _paths() -> dict[str, str]:
    here, project = Path.cwd(), repository()
    results = sorted(path.name for path in Path("results").glob("*") if (path / "runs").is_dir())
    return {
        "python": _told(Path(sys.executable)),
        "code": _told(Path(__file__).resolve().parents[2]),
        "project": f"{_told(project)}{' (the one in the wheel)' if is_carried(project) else ''}",
        "working folder": f"{_told(here)}, {shutil.disk_usage(here).free / _GIGABYTE:.0f} GB free",
        "results here": ", ".join(results) or "none",
    }


def _told(path: Path) -> str:
    """A path without the user's name in it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
