"""The project's folder and its YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reprosep.base.errors import UserError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times as fast, where PyYAML was built with libyaml


def repository() -> Path:
    """The project's folder: the nearest one above this file, or above the working directory, with workflow/ in it."""
    for start in (Path(__file__).resolve(), Path.cwd() / "x"):
        for folder in start.parents:
            if (folder / "workflow" / "instruments.yaml").is_file():
                return folder
    raise UserError("workflow/instruments.yaml: not found; run reprosep inside a clone of the project")


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML mapping; :class:`UserError` when the file is missing, broken, or not a mapping."""
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; give the path of a YAML file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{path}: cannot be read ({reason}); give the path of a YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not readable as YAML ({reason}); mend that line") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: found {type(content).__name__}, expected a mapping of keys to values")
    return content
