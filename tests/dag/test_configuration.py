"""Parameters as Snakemake is told of them, read strictly: of files and behind --config."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprosep.base.errors import UserError
from reprosep.base.project import check_place
from reprosep.dag.configuration import configuration


def test_later_files_and_the_command_line_change_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\ntraining: {epochs: 1, gpu: 0}\n")
    (tmp_path / "b.yaml").write_text("training: {epochs: 2}\n")
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    given = {"seed": 7, "papers": ["munet", "1"], "training": {"gpu": "1", "compile": "never"}}
    words = ["snakemake", "-n", "--config", "seed=7", "papers=[munet]", "training={gpu: 1}", "--cores", "x=010"]
    assert configuration(files, given, words) == {
        "seed": 7,
        "papers": ["munet", 1],
        "training": {"epochs": 2, "gpu": 1, "compile": "never"},
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--config", "seed=010"], "--config seed: line 1: found 010, which is octal"),
        (["--config=seed=1_0"], "--config seed: line 1: found 1_0"),
        (["-C", "a=1", "training={epochs: 1, epochs: 2}"], "--config training: line 1: found the key 'epochs' again"),
        (["--config", "training={epochs: yes}"], "--config training: line 1, key 'epochs': found yes"),
        (["--config", "papers=[iass"], "--config papers: found '\\[iass', expected"),
    ],
)
def test_what_has_two_meanings_behind_config_is_told(words: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        configuration([], {}, ["snakemake", "-n", *words, "--cores", "1"])


def test_a_key_that_snakemake_would_take_twice_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\nseed: 2\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^a\.yaml: line 2: found the key 'seed' again"):
        configuration([tmp_path / "a.yaml"], {}, [])


@pytest.mark.parametrize("name", ["{x}", "a}b", "a:b", "a\nb"])
def test_a_place_with_which_snakemake_cannot_work_is_told(name: str) -> None:
    with pytest.raises(UserError, match="in its path, which Snakemake or the search path for programs takes") as told:
        check_place(Path("/home/me") / name)
    assert "\n" not in str(told.value)
    check_place(Path('/home/me/sp ace/é\'q [y] 100% "$x" `y` \\z #;&'))
