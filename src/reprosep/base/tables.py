"""CSV tables that somebody else may have written, or changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.base.errors import UserError


def read_csv(path: Path, remedy: str, **options: Any) -> pd.DataFrame:
    """A CSV table, read with pandas' options; :class:`UserError`, which ends with `remedy`, where it is none."""
    try:
        return pd.read_csv(path, **options)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {remedy}") from error
    except (OSError, ValueError, OverflowError) as error:  # pandas' own and those of its decoding are ValueErrors
        raise UserError(f"{path}: not readable as CSV ({' '.join(str(error).split())}); {remedy}") from error
