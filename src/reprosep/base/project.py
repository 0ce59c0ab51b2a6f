"""The project's folder and its YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError
from reprosep.base.yaml_values import YamlMistake, yaml_values

MOST_BYTES = 8 << 20  # of a YAML file; the largest of ours has 50 kB


_MARK = Path("workflow") / "instruments.yaml"  # only the project's folder has it


def repository() -> Path:
    """The project's folder: the nearest one above the working directory, else the clone of this file, else the wheel's.

    A wheel carries the project's tables and rules; ``reprosep new`` makes a folder of one's own of them.

    Raises
    ------
    UserError
        When there is none.
    """
    found = _above(Path.cwd() / "x") or clone() or _carried()
    if not (found / _MARK).is_file():
        raise UserError(f"{_MARK}: not found; install reprosep again, or run it inside a clone of the project")
    return found


def clone() -> Path | None:
    """The clone that this code is run from; None where it was installed from a wheel."""
    source = Path(__file__).resolve().parents[2]
    return source.parent if source.name == "src" and (source.parent / _MARK).is_file() else None


def is_carried(folder: Path) -> bool:
    """Whether a project's folder is the one in the wheel, in which nothing is computed."""
    return folder == _carried()


def project_file(path: str | Path) -> Path:
    """A file where its name says or, where there is none, the project's of that name: so that names hold anywhere."""
    given = Path(path)
    other = given if given.exists() or given.is_absolute() else repository() / given
    return other if other.exists() else given


def _above(start: Path) -> Path | None:
    return next((folder for folder in start.parents if (folder / _MARK).is_file()), None)


def _carried() -> Path:
    return Path(__file__).resolve().parents[1] / "_project"


def check_place(*folders: Path) -> None:
    """:class:`UserError` where a folder has a name with which Snakemake or the shell's search path cannot work."""
    for folder in folders:
        if found := [sign for sign in ("{", "}", ":", "\n") if sign in str(folder)]:
            raise UserError(
                f"{str(folder)!r}: has {found[0]!r} in its path, which Snakemake or the search path for programs takes "
                "for a sign of its own; move the project to a folder without { } : and line breaks (others may be)"
            )


def read_yaml(path: str | Path, *, foreign: bool = False) -> dict[str, Any]:
    """A YAML mapping, read strictly; `foreign` files, which nobody here can mend, may write numbers in any style.

    Raises
    ------
    UserError
        When the file is missing, no file, too large, no UTF-8, broken or not a mapping, or when two readers of YAML
        would take it for different things (:mod:`.yaml_values`): the line, what was found, what was expected.
    """
    text = _text(Path(path))
    try:
        content = yaml_values(text, foreign=foreign)
    except YamlMistake as mistake:
        raise UserError(f"{path}: {mistake}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not readable as YAML ({_reason(error)}); mend that line") from error
    if not isinstance(content, dict):
        found = {type(None): "nothing", list: "a list"}.get(type(content), f"only {str(content)[:60]!r}")
        raise UserError(f"{path}: found {found}, expected a mapping of keys to values")
    return content


def _text(path: Path) -> str:
    """What is in a file of text."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(f"{path}: is a pipe or a device; give the path of a YAML file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; give the path of a YAML file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path}: cannot be read ({reason}); give the path of a YAML file") from error
    if len(content) > MOST_BYTES:
        raise UserError(
            f"{path}: more than {MOST_BYTES >> 20} MiB, expected a YAML file of some pages; give another one"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}: not readable as YAML (line {line} holds the byte 0x{content[error.start]:02x}, which is not "
            "UTF-8); save the file as UTF-8"
        ) from None


def _reason(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or str(error)
    return " ".join(f"{f'line {mark.line + 1}: ' if mark else ''}{words}".split())
