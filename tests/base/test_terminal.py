"""What is printed: names are no marks, and nothing is cut in a pipe."""

from __future__ import annotations

import pytest
from rich.console import Group
from rich.table import Table

from reprosep.base.terminal import show


def test_names_are_no_marks_and_are_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = Table("name", "number", title="of [red]all[/]", caption="[dry] :smile:")
    names = ["vox [dry]", "vox [/wet]", ":dog:", "a" * 300]
    for name in names:
        table.add_row(name, "1")
    show(Group(table))
    printed = capsys.readouterr().out
    for name in (*names, "of [red]all[/]", "[dry] :smile:"):
        assert name in printed


def test_a_given_width_folds(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("name")
    table.add_row("b" * 100)
    show(table, width=60)
    printed = capsys.readouterr().out
    assert printed.count("b") == 100
    assert max(map(len, printed.splitlines())) <= 60
