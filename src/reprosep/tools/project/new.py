"""A project folder for one's own multitracks: the rules and tables of the project, and a file to fill in."""

from __future__ import annotations

import re
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

from reprosep.base.errors import UserError
from reprosep.base.files import whole_folder
from reprosep.base.listing import folders_in
from reprosep.base.project import clone, repository

OWN = "own.yaml"
_COPIED = ("params.yaml", "Snakefile", "workflow")
_EXAMPLE = Path("workflow") / "examples" / "own-multitracks.yaml"
_IGNORED = "/results/\n/resources/\n/.snakemake/\n/.dvc/tmp/\n/.dvc/cache/\n__pycache__/\n"
_TEST_SHARE = 5  # one song of so many tests, where the songs are known
_PAGE = """# My separation project

Made by `reprosep new`. The recordings, one folder per song with one sound file per stem, are named in `own.yaml`:
paths, file-name patterns of every class, and which songs test.

    reprosep check -p params.yaml -p workflow/scales/demo.yaml -p own.yaml     # are the parameters right?
    reprosep doctor -p params.yaml -p workflow/scales/demo.yaml -p own.yaml    # are the recordings right?
    reprosep reproduce demo --configfile own.yaml     # train and score: results/own/report.html
    reprosep separate song.mp3 --results results/own --run musdb_vocals_iass_s42

The scale `demo` trains small networks on a processor; `standin` and `paper` (`workflow/scales/`) the papers' own, on a
GPU. Every parameter is in `params.yaml` with its comment: write what you change into `own.yaml`.
Training needs the packages of `pip install 'reprosep[workflow]'`, and ffmpeg, FluidSynth and espeak-ng.
"""


def new_project(folder: Path, recordings: Path | None) -> list[Path]:
    """Make a folder with everything that a run on own multitracks needs; returns its files and folders.

    `recordings` is a folder of songs: its path and the songs that test are then filled in.

    Raises
    ------
    UserError
        When the folder is there and not empty, or when `recordings` is no folder of songs.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is there and not empty; name a new folder")
    songs = _songs(recordings) if recordings else []
    source = clone() or repository()
    with whole_folder(folder) as temporary:
        for name in _COPIED:
            _copy(source / name, temporary / name)
        (temporary / OWN).write_text(_filled_in((source / _EXAMPLE).read_text(encoding="utf-8"), recordings, songs))
        (temporary / "README.md").write_text(_PAGE, encoding="utf-8")
        (temporary / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    return sorted(folder.iterdir())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        copytree(source, target, ignore=ignore_patterns("__pycache__"))
    else:
        copy2(source, target)


def _songs(recordings: Path) -> list[str]:
    if not recordings.is_dir():
        raise UserError(f"{recordings}: no such folder; give the folder that has one folder per song")
    songs = [path.name for path in folders_in(recordings)]
    if len(songs) < 2:
        raise UserError(
            f"{recordings}: {len(songs)} folders in it, expected one per song and at least two, of which one tests; "
            "give the folder that has them"
        )
    return songs


def _filled_in(example: str, recordings: Path | None, songs: list[str]) -> str:
    """The example with what is known; its head says how a clone is used, which is not needed here."""
    text = re.sub(r"\A(#[^\n]*\n)+", _head(recordings), example)
    if recordings is None:
        return text
    test = ", ".join(_quoted(song) for song in songs[::_TEST_SHARE])
    text = text.replace("[/path/to/my/songs]", f"[{_quoted(str(recordings.resolve()))}]")
    text = text.replace("[Song A, Song B]", f"[{test}]")
    return re.sub(r" *ignore: \[Unfinished Song\]\n", "", text)


def _head(recordings: Path | None) -> str:
    todo = "file-name patterns and test songs" if recordings else "paths, file-name patterns and test songs"
    return (
        "# Your own multitracks: one folder per song with one sound file per stem, in any format that ffmpeg reads;\n"
        f"# rates, channels and lengths may differ. Change {todo}, and run\n"
        f"#   reprosep reproduce demo --configfile {OWN}\n"
        "# Results go to results/own/.\n"
    )


def _quoted(text: str) -> str:
    """A string of YAML, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
