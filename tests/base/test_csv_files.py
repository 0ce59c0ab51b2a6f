"""CSV that was cut, damaged or written by something else: one sentence, and never fewer values without a word."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from reprosep.base.csv_text import csv_rows, csv_text
from reprosep.base.errors import UserError
from reprosep.claims.table import read_claims
from reprosep.results.tidy import TIDY, read_tidy, write_tidy

ROWS = [dict(zip(TIDY, ("a, b", "c", "SDR", None, 1.25 * n, 0.5, 2.0, 3, "é"), strict=True)) for n in range(4)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n3\n", "line 3 has 1 values, expected 2"),
        (b"a,b\n1,2,3\n", "line 2 has 3 values, expected 2"),
        (b"a,b\n1,2", "the last line does not end: the file was cut"),
        (b"a,a\n1,2\n", "the column 'a' is there twice"),
        (b"a,b\n1,\xff\n", "not readable as CSV"),
        (b"a,b\n1,\0\n", "it holds zeros"),
        (b'a,b\n1,"2\n', "not readable as CSV"),
        (b'a,b\n1,"2"x\n', "not readable as CSV"),
        (b"a,b\n1," + b"2" * 200_000 + b"\n", "field larger than field limit"),
        (b"", "nothing in its first line"),
        ("a,b\n1,2\n".encode("utf-16"), "not readable as CSV"),
    ],
)
def test_what_is_no_table_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as told:
        csv_text(path, "make it anew")
    assert words in str(told.value)
    assert str(told.value).startswith(f"{path}: ") and str(told.value).endswith("; make it anew")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UserError, match="is no file"):
            csv_text(path, "")
    with pytest.raises(UserError, match="no such file"):
        csv_text(tmp_path / "none.csv", "")


def test_a_list_that_was_written_by_hand(tmp_path: Path) -> None:
    """By a spreadsheet: a mark at its beginning, other ends of lines, none at the last."""
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfsong,split\r\nA,train\r\nB,test")
    rows = csv_rows(tmp_path / "a.csv", ["song", "split"], "")
    assert rows == [{"song": "A", "split": "train"}, {"song": "B", "split": "test"}]
    with pytest.raises(UserError, match="no column 'artist'"):
        csv_rows(tmp_path / "a.csv", ["song", "artist"], "")


def test_a_table_that_is_cut_anywhere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table-1.csv"
    write_tidy(path, ROWS)
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(read_tidy(path, TIDY)) == len(ROWS)
    for length in set(range(len(whole))) - {*ends}:
        path.write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_tidy(path, TIDY)


def test_words_where_numbers_are_meant_are_told(tmp_path: Path) -> None:
    path = tmp_path / "table-1.csv"
    write_tidy(path, ROWS)
    path.write_text(path.read_text().replace("1.25", "1.2x5"))
    with pytest.raises(UserError, match=r"'1\.2x5' in column 'reproduced', expected a number"):
        read_tidy(path, TIDY)
    path.write_text(path.read_text().replace("reproduced", "made"))
    with pytest.raises(UserError, match="no column 'reproduced'"):
        read_tidy(path, TIDY)


def test_claims_that_were_cut_between_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text("claim,asked_by,target,verdict\nx,us,bass,holds\nx,us,all,holds\ny,us,bass,fails\n")
    with pytest.raises(UserError, match="claim 'y' has 0 rows of target 'all', expected one"):
        read_claims(path)


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_any_damage_is_read_or_told(tmp_path: Path, rounds: int) -> None:
    draws, path = random.Random(22), tmp_path / "table-1.csv"
    write_tidy(path, ROWS)
    whole = path.read_bytes()
    for _ in range(rounds):
        content = bytearray(whole)
        for _ in range(draws.randint(1, 3)):
            content[draws.randrange(len(content))] = draws.choice([*b',"\n\r\0', draws.randrange(256)])
        path.write_bytes(content)
        try:
            assert set(TIDY) <= set(read_tidy(path, TIDY).columns)
        except UserError as told:
            assert "\n" not in str(told)
