"""Packages for a machine without a network: wheels are collected into a folder here, and installed from it there.

``wheels.py collect FOLDER`` downloads them for Python 3.11 and 3.12 on x86-64 Linux; ``wheels.py install FOLDER
TARGET`` puts those for this Python into a folder of their own, for PYTHONPATH: nothing of the machine's own is
touched, its torch least of all. A wheel that is not in the folder (``--without`` at collecting, to carry less) must be
on the machine in some version. Needs pip and nothing else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

from reprosep.base.errors import USER_ERROR, UserError
from reprosep.installation.sets import normalised, pins

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("wheels.txt")
PYTHONS = ("3.11", "3.12")
_GLIBC = (39, 35, 34, 31, 28, 27, 26, 24, 17, 12, 5)  # minor versions of glibc that wheels name; pip takes each exactly
_PLATFORMS = [*(f"manylinux_2_{minor}_x86_64" for minor in _GLIBC), "manylinux2014_x86_64", "manylinux1_x86_64"]
Run = Callable[[list[str]], int]


def needed() -> dict[str, str]:
    """Name -> version of every package of the list.

    Raises
    ------
    UserError
        When a name of the list is in no lock file.
    """
    lines = (line.split("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    names = [normalised(line) for line in lines if line]
    locked = {name: version for lock in sorted((ROOT / "envs").glob("*.lock")) for name, version in pins(lock).items()}
    if unknown := [name for name in names if name not in locked]:
        raise UserError(f"{LIST}: {', '.join(unknown)}: in no lock file of envs/; add a pin, or take it off the list")
    return {name: locked[name] for name in names}


def collect(folder: Path, without: Iterable[str], pythons: Iterable[str], run: Run) -> None:
    """Download the wheels that are not in the folder, for some versions of Python.

    Raises
    ------
    UserError
        For a name to leave out that is not on the list, and when pip fails.
    """
    packages, left_out = needed(), {normalised(name) for name in without}
    if unknown := sorted(left_out - packages.keys()):
        raise UserError(f"--without {unknown[0]}: not on the list of {LIST}, so that it need not be left out")
    wanted = [f"{name}=={version}" for name, version in packages.items() if name not in left_out]
    folder.mkdir(parents=True, exist_ok=True)
    for python in pythons:
        places = [word for platform in _PLATFORMS for word in ("--platform", platform)]
        command = ["download", "--no-deps", "--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
        if run([*command, *places, "--dest", str(folder), "--find-links", str(folder), *wanted]):
            raise UserError(f"{folder}: pip did not bring the wheels for Python {python}; its words are above")
    size = sum(file.stat().st_size for file in folder.glob("*.whl"))
    print(f"{folder}: {len(list(folder.glob('*.whl')))} wheels, {size / 1e6:.0f} MB; carry it as it is")


def install(folder: Path, target: Path, run: Run) -> None:
    """Install what the folder has and the target has not.

    Raises
    ------
    UserError
        When a package is neither in the folder nor on the machine, and when pip fails.
    """
    packages = needed()
    carried = {normalised(file.name.split("-")[0]) for file in folder.glob("*.whl")}
    there = {normalised(one.name): one.version for one in metadata.distributions()}
    if missing := [name for name in packages if name not in carried and name not in there]:
        raise UserError(
            f"{folder}: no wheel of {', '.join(missing)}, and this machine has none installed; collect them with "
            "`make gpu-wheels` where there is a network, and carry the folder here"
        )
    done = {normalised(one.name): one.version for one in metadata.distributions(path=[str(target)])}
    wanted = {name: version for name, version in packages.items() if name in carried and done.get(name) != version}
    if wanted:
        command = ["install", "--quiet", "--no-index", "--find-links", str(folder), "--no-deps", "--upgrade"]
        words = [f"{name}=={version}" for name, version in wanted.items()]
        if run([*command, "--target", str(target), *words]):
            raise UserError(f"{target}: pip did not install {len(words)} packages of {folder}; its words are above")
    own = [name for name in packages if name not in carried]
    print(
        f"{target}: {len(carried & packages.keys())} packages"
        + (f"; the machine's own: {', '.join(own)}" if own else "")
    )


def pip(words: list[str]) -> int:
    """The exit status of pip, that of this Python."""
    return subprocess.run([sys.executable, "-m", "pip", *words], check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    collecting, installing = verbs.add_parser("collect"), verbs.add_parser("install")
    for verb in (collecting, installing):
        verb.add_argument("folder", type=Path)
    collecting.add_argument("--without", nargs="+", default=[], metavar="NAME", help="what the other machine has")
    collecting.add_argument("--python", nargs="+", choices=PYTHONS, default=PYTHONS, help="its versions [all]")
    installing.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.verb == "collect":
            collect(options.folder, options.without, options.python, pip)
        else:
            install(options.folder, options.target, pip)
    except UserError as error:
        print(f"wheels: {error}", file=sys.stderr)
        return USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
