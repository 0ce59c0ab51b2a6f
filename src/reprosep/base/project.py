"""The project's folder and its YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError
from reprosep.base.yaml_values import YamlMistake, yaml_values

MOST_BYTES = 8 << 20  # of a YAML file; the largest of ours has 50 kB


def repository() -> Path:
    """The project's folder: the nearest one above this file, or above the working directory, with workflow/ in it."""
    for start in (Path(__file__).resolve(), Path.cwd() / "x"):
        for folder in start.parents:
            if (folder / "workflow" / "instruments.yaml").is_file():
                return folder
    raise UserError("workflow/instruments.yaml: not found; run reprosep inside a clone of the project")


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
