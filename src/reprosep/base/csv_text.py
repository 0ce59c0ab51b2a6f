"""CSV that is a table: as many values in every row as columns, whatever a full disk or a hand has done to the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from reprosep.base.errors import UserError

_MOST_BYTES = 1 << 30


def csv_text(path: str | Path, remedy: str, *, delimiter: str = ",", whole: bool = True) -> str:
    """The text of a CSV file whose rows are as long as its header.

    Parameters
    ----------
    remedy
        What to do about a file that is none: the end of the sentence.
    whole
        Whether the last line has to end: as those that programs write, unless they were cut.

    Raises
    ------
    UserError
        When the file is missing, no file, no UTF-8, empty, has a column twice, or a row of another length.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: is no file; {remedy}")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES >> 20} MiB")
        text = content.decode("utf-8-sig")
        if problem := _problem(text, delimiter, whole):
            raise ValueError(problem)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; {remedy}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    except (ValueError, csv.Error) as error:
        raise UserError(f"{path}: not readable as CSV ({error}); {remedy}") from error
    return text


def csv_rows(path: str | Path, columns: list[str], remedy: str) -> list[dict[str, str]]:
    """The rows of a CSV file that has these columns, perhaps written by hand; :class:`UserError` as above."""
    reader = csv.DictReader(io.StringIO(csv_text(path, remedy, whole=False), newline=""))
    if missing := [name for name in columns if name not in (reader.fieldnames or [])]:
        raise UserError(f"{path}: no column '{missing[0]}'; {remedy}")
    return list(reader)


def _problem(text: str, delimiter: str, whole: bool) -> str:
    if "\0" in text:
        return "it holds zeros"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = next(rows, [])
    if not header:
        return "nothing in its first line"
    if twice := [name for number, name in enumerate(header) if name in header[:number]]:
        return f"the column '{twice[0]}' is there twice"
    for row in rows:
        if row and len(row) != len(header):
            return f"line {rows.line_num} has {len(row)} values, expected {len(header)}"
    return "" if not whole or text.endswith("\n") else "the last line does not end: the file was cut"
