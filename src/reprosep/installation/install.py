"""The steps of an installation."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from reprosep.installation.display import Display
from reprosep.installation.environment import Environment
from reprosep.installation.lock import alone
from reprosep.installation.pip_run import Pip
from reprosep.installation.sets import BUILD_LOCK, CUDA_LOCK, RUN_LOCK, TORCH, PackageSet, Size, pins
from reprosep.installation.space import amount, room
from reprosep.installation.torch_build import Build, choose

LOCK, LOG = ".venv.lock", ".venv.log"
_NETWORK = 12.5  # MB per second, 100 Mbit/s, for the estimate
_CHANGED = Size(300, 300, 0.5)  # most of what another version of the lock brings, torch excepted
_NOTHING = Size(0, 0, 0)
_EMPTY = Size(5, 50, 0.2)  # .venv with pip and setuptools


def install(root: Path, packages: PackageSet, torch_index: str, keep_python: bool) -> None:
    """See that the packages of a set are in ``.venv`` of the folder `root`, in the versions that are pinned.

    Raises
    ------
    UserError
        When that fails.
    """
    environment = Environment(root / ".venv")
    with alone(root / LOCK, say) as lock:
        _usable(environment, keep_python)
        marker = environment.folder / packages.marker
        state = f"{packages.fingerprint(root)}\n{environment.folder.resolve()}\n"  # the Makefile reads the second line
        if not marker.exists() or marker.read_text() != state:
            (root / LOG).write_text(f"{time.strftime('%F %T')} {sys.version}\n")
            marker.unlink(missing_ok=True)
            pip = Pip(environment, root / LOG, lock)
            _install(root, packages, pip, torch_index)
            shutil.rmtree(pip.temporary, ignore_errors=True)
        marker.write_text(state)


def say(text: str) -> None:
    """One line for the user."""
    print(text, flush=True)


def _usable(environment: Environment, keep_python: bool) -> None:
    """Make .venv if it is not there, anew if it is of no use, and clear what a killed installation left."""
    there = environment.folder.is_symlink() or environment.folder.exists()
    if there and (why := environment.unusable(keep_python)):
        say(f".venv {why}: making it anew")
        environment.remove()
    if not environment.folder.exists():
        room(environment.folder, None, _EMPTY)
        environment.make()
    shutil.rmtree(environment.folder / "tmp", ignore_errors=True)
    if forgotten := environment.mend():
        say(f".venv has {forgotten} half-installed packages of an installation that was stopped: installing them anew")


def _install(root: Path, packages: PackageSet, pip: Pip, torch_index: str) -> None:
    start = time.monotonic()
    build = _torch(root, pip, torch_index) if packages.project else None
    size = _size(pip.environment, packages, build)
    _announce(root, packages, pip, build, size)
    display = Display(size.download, lambda: len(list(pip.environment.packages().glob("*.dist-info"))))
    if build and build.index:
        torch = f"torch=={pins(root / RUN_LOCK)['torch']}"
        pip.install(["--no-deps", "--index-url", build.index, torch], display)
    locks = [part for lock in packages.locks for part in ("-r", str(root / lock))]
    if packages.project and "+" not in pip.environment.version("torch"):  # the public build, there or to come
        locks += ["-c", str(root / CUDA_LOCK)]
    pip.install(["--no-build-isolation", *locks], display)
    if packages.without_dependencies:
        pip.install(["--no-deps", "-r", str(root / packages.without_dependencies)], display)
    if packages.project:
        pip.install(["--no-deps", "--no-build-isolation", "-e", _project(root)], display)
    say(f"installed in {_minutes((time.monotonic() - start) / 60)}, {amount(display.downloaded)} downloaded")


def _project(root: Path) -> str:
    """As pip takes it wherever it lies: at the end of a bare path, brackets would name extras."""
    return root.absolute().as_uri()


def _torch(root: Path, pip: Pip, torch_index: str) -> Build | None:
    """The build of torch to install; None when the pinned version is there. pip itself comes first."""
    say("installing pip and setuptools in the pinned versions")
    pip.install(["-r", str(root / BUILD_LOCK)], Display(2, lambda: 0))
    version = pins(root / RUN_LOCK)["torch"]
    if pip.environment.version("torch").split("+")[0] == version:
        return None
    return choose(torch_index, version, lambda index: pip.versions(index, "torch"))


def _size(environment: Environment, packages: PackageSet, build: Build | None) -> Size:
    """What is to be downloaded and unpacked, about; less where the set was installed before."""
    torch = TORCH[build.kind] if build else _NOTHING
    there = packages.project and bool(environment.version("numpy"))
    return torch + (_CHANGED if there else packages.size)


def _announce(root: Path, packages: PackageSet, pip: Pip, build: Build | None, size: Size) -> None:
    needed = room(pip.environment.folder, pip.cache_folder(), size)
    pip.cache = needed.cache
    count = sum(len(pins(root / lock)) for lock in packages.locks)
    say(f"installing the packages {packages.purpose} ({', '.join(packages.locks)}: {count} packages) into .venv")
    if build:
        say(f"  torch: {build.why}")
    minutes = size.download / _NETWORK / 60 + size.minutes
    say(
        f"  to download: at most {amount(size.download)}; on disk {amount(size.disk)}, while installing "
        f"{amount(needed.needed)}; about {_minutes(minutes)} at 100 Mbit/s; pip's own words: {LOG}"
    )


def _minutes(minutes: float) -> str:
    if minutes < 1.5:
        return "a minute" if minutes >= 0.75 else f"{max(round(minutes * 60), 1)} s"
    return f"{round(minutes)} minutes"
