"""YAML of users: two readers take it for the same, or one sentence says which line is wrong."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path
from typing import Any

import pytest
import ruamel.yaml
import yaml
from snakemake.common.configfile import load_configfile

from reprosep.base import project
from reprosep.base.errors import UserError
from reprosep.base.project import read_yaml, repository
from reprosep.base.yaml_values import DEEPEST, MOST_VALUES, plain_value
from reprosep.corpora.slakh import read_songs
from synthetic import make_split_slakh

OURS = [repository() / "params.yaml", *sorted((repository() / "workflow").rglob("*.yaml"))]
NAMES = [path.relative_to(repository()).as_posix() for path in OURS]
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sentence(path: Path, *, foreign: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        read_yaml(path, foreign=foreign)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: found the key 'a' again, which stands in line 1"),
        ("t:\n  x: {e: 1, e: 2}\n", "line 2, key 't.x': found the key 'e' again"),
        ("a: &b {c: 1}\nd:\n  <<: *b\n  <<: *b\n", "line 4, key 'd': found the key '<<' again, which stands in line 3"),
        ("epochs: yes\n", "line 1, key 'epochs': found yes, which is true to some readers of YAML"),
        ("a: {b: [1, Off]}\n", "line 1, key 'a.b': found Off, which is true"),
        ("seed: 010\n", "found 010, which is octal"),
        ("seed: -0x1F\n", "found -0x1F, which is octal, binary or hexadecimal"),
        ("seed: 0o17\n", "found 0o17, which is octal"),
        ("seed: 0b11\n", "found 0b11, which is octal"),
        ("seed: 1_000\n", "found 1_000, which is a number to some readers of YAML and text to others"),
        ("seconds: 1:30\n", "found 1:30, which is a number to the base of 60"),
        ("seconds: 1:30.5\n", "found 1:30.5, which is a number to the base of 60"),
        ("day: 2001-02-30\n", "found 2001-02-30, which is a date"),
        ("day: 2001-99-99T99:99:99Z\n", "which is a date"),
        ("x: .inf\n", "found .inf, which is no finite number"),
        ("x: -.INF\n", "found -.INF, which is no finite number"),
        ("x: .NaN\n", "found .NaN, which is no finite number"),
        ("x: 1e999\n", "found 1e999, which is no finite number"),
        (f"seed: {10**26}\n", "found a number of 27 digits, expected at most 18"),
        (f"seed: {'9' * 5000}\n", "found a number of 5000 digits"),
        ('x: !!int ""\n', "line 1, key 'x': found the tag tag:yaml.org,2002:int, expected none"),
        ("x: !!python/object/apply:os.system [ls]\n", "found the tag"),
        ("x: !own {a: 1}\n", "found the tag !own"),
        ("on: 1\n", "line 1: found on, which is true"),
        ("true: 1\n", "line 1: found the key true, expected text"),
        ("1: 1\n", "line 1: found the key 1, expected text"),
        ("~: 1\n", "line 1: found the key ~, expected text"),
        ("? \n: 1\n", "line 1: found the key without a name"),
        ("? [a, b]\n: 1\n", "found a key that is a list"),
        ("a: &b c\n*b : 1\n", "found a key that is a list, a mapping, an alias"),
        ("a: *b\n", "line 1, key 'a': found *b, expected &b before it"),
        ("a: &b [*b]\n", "found *b, expected &b before it"),
        ("a: 1\nb:\n  <<: 3\n", "line 3, key 'b': found << before what is no mapping"),
        ("a: 1\n---\nb: 2\n", "found another document, expected one"),
        ("a: 1\n\tb: 2\n", "not readable as YAML (line 2:"),
        ("a: [1, 2\nb: 3\n", "not readable as YAML (line 2:"),
        ("a: 'b\n", "not readable as YAML (line 2:"),
        ("a: \x07\n", "not readable as YAML"),
        ("a: 1\nb: caf\xe9\n".encode("latin-1"), "line 2 holds the byte 0xe9, which is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "line 1 holds the byte 0xff, which is not UTF-8"),
        (b"\x00\x01\x02", "not readable as YAML"),
        ("", "found nothing, expected a mapping"),
        ("# a remark\n", "found nothing, expected a mapping"),
        ("- a\n- b\n", "found a list, expected a mapping"),
        ("word\n", "found only 'word', expected a mapping"),
        (f"a: {'[' * 3000}{']' * 3000}\n", f"key 'a': nested deeper than {DEEPEST}"),
        (f"a: {'{b: ' * 100_000}", f"nested deeper than {DEEPEST}"),
        (f"{'- ' * 100_000}\n", f"nested deeper than {DEEPEST}"),
        (BOMB, f"more than {MOST_VALUES} values, aliases written out"),
        ("a: [" + "1," * (MOST_VALUES + 1) + "]\n", f"more than {MOST_VALUES} values"),
    ],
)
def test_what_is_wrong_is_one_sentence_at_once(tmp_path: Path, content: str | bytes, words: str) -> None:
    start = time.monotonic()
    assert words in sentence(written(tmp_path, content))
    assert time.monotonic() - start < 5


def test_what_is_no_yaml_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "MOST_BYTES", 1 << 20)
    assert "more than 1 MiB" in sentence(written(tmp_path, b"# \n" * (1 << 19)))
    assert "is a directory" in sentence(tmp_path)
    assert "no such file" in sentence(tmp_path / "none.yaml")
    assert "is a pipe or a device" in sentence(Path("/dev/zero"))


def test_what_is_meant_is_read(tmp_path: Path) -> None:
    content = """\
    a: {whole: [0, -7, +3], decimal: [1.5, .5, 1., 1e-3, 2.5E+4], word: [yEs no, 1:3O, 16k, v1.0], none: [~, null]}
    quoted: ["yes", '010', "1:30", "2001-01-01", '1'] # all of them text
    "on": true
    base: &base {x: 1, y: 2}
    merged: {<<: *base, y: 3}
    several: {<<: [*base, {x: 5, z: 6}]}
    folded: >
      two
      lines
    """
    path = written(tmp_path, "\ufeff" + "\n".join(line[4:] for line in content.splitlines()))
    assert read_yaml(path) == {
        "a": {
            "whole": [0, -7, 3],
            "decimal": [1.5, 0.5, 1.0, 1e-3, 2.5e4],
            "word": ["yEs no", "1:3O", "16k", "v1.0"],
            "none": [None, None],
        },
        "quoted": ["yes", "010", "1:30", "2001-01-01", "1"],
        "on": True,
        "base": {"x": 1, "y": 2},
        "merged": {"x": 1, "y": 3},
        "several": {"x": 1, "y": 2, "z": 6},
        "folded": "two lines\n",
    }


def test_foreign_files_may_have_any_style_and_are_as_safe(tmp_path: Path) -> None:
    path = written(tmp_path, "a: [yes, 010, 1:30, 2001-01-01, .inf]\n1: {on: 12}\n" + f"b: {'1' * 40}\n")
    assert read_yaml(path, foreign=True) == {
        "a": ["yes", "010", "1:30", "2001-01-01", ".inf"],
        "1": {"on": 12},
        "b": "1" * 40,
    }
    for content in ("a: 1\na: 2\n", 'a: !!int ""\n', BOMB, f"a: {'[' * 3000}", "a: 1\n---\n", "", "[]", b"\xff"):
        sentence(written(tmp_path, content), foreign=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_reader_takes_our_own_files_for_the_same(name: str) -> None:
    """Snakemake reads parameters by YAML 1.1, DVC by 1.2."""
    path = repository() / name
    ours = read_yaml(path)
    assert yaml.safe_load(path.read_text()) == ours
    assert ruamel.yaml.YAML(typ="safe", pure=True).load(path.read_text()) == ours
    if name == "params.yaml" or "scales" in name:
        assert load_configfile(path) == ours


@pytest.mark.parametrize(
    "word", ["yes", "NO", "On", "010", "0x10", "0b1", "1_0", "1:30", "-190:20:30", "2001-12-14", ".inf", ".NAN", "0o7"]
)
def test_no_word_that_dvc_takes_for_something_else_is_read(word: str) -> None:
    with pytest.raises(ValueError):
        plain_value(word)


@pytest.mark.parametrize("word", ["1", "-1", "1.5", ".5", "1e3", "1e-3", "1.5e3", "true", "False", "~", "null", "a"])
def test_what_is_read_dvc_takes_for_the_same(word: str) -> None:
    theirs = ruamel.yaml.YAML(typ="safe", pure=True).load(io.StringIO(f"x: {word}\n"))["x"]
    assert plain_value(word) == theirs
    assert type(plain_value(word)) is type(theirs)


def test_real_metadata_are_read_as_before(shared_data: Path) -> None:
    paths = sorted((shared_data / "metadata").rglob("*_METADATA.yaml")) + sorted(shared_data.rglob("metadata.yaml"))
    assert len(paths) > 100
    for path in random.Random(0).sample(paths, 40):
        assert read_yaml(path, foreign=True) == yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


@pytest.mark.parametrize(("key", "value"), [("is_drum", "no"), ("is_drum", 1), ("audio_rendered", "off")])
def test_a_truth_of_slakh_that_is_none(tmp_path: Path, key: str, value: Any) -> None:
    root = make_split_slakh(tmp_path / "slakh")
    path = next(root.rglob("metadata.yaml"))
    content = yaml.safe_load(path.read_text())
    name = next(iter(content["stems"]))
    content["stems"][name][key] = value
    path.write_text(yaml.safe_dump(content).replace("'", ""))
    if key == "audio_rendered":
        next((path.parent / "stems").glob(f"{name}.*")).unlink()
    with pytest.raises(UserError, match=f"stems.{name}.{key}' holds .*; expected true or false"):
        read_songs(str(root))


def damaged(text: bytes, draws: random.Random) -> bytes:
    """A few bytes of a file changed, taken out, or put in: what YAML is made of rather than anything."""
    for _ in range(draws.randint(1, 4)):
        place = draws.randrange(len(text) + 1)
        piece = draws.choice(
            [
                b":",
                b"- ",
                b"[",
                b"{",
                b"&a ",
                b"*a",
                b"!x ",
                b"'",
                b'"',
                b"\n",
                b"\t",
                b"#",
                b"? ",
                b"|",
                b"<<: ",
                b"%",
                b"\xff",
                b"\x00",
                b"0",
                b"yes",
                b"---\n",
                bytes([draws.randrange(256)]),
            ]
        )
        text = text[:place] + piece + text[place + draws.choice([0, 0, 1, 5, 50]) :]
    return text


def fuzz(path: Path, texts: list[bytes], rounds: int) -> dict[str, int]:
    """How many damaged files were read, and of how many a sentence was said; anything else is raised."""
    draws, counts = random.Random(20), {"read": 0, "told": 0}
    for number in range(rounds):
        path.write_bytes(damaged(texts[number % len(texts)], draws))
        try:
            read_yaml(path, foreign=number % 2 == 0)
            counts["read"] += 1
        except UserError as told:
            assert "\n" not in str(told)
            counts["told"] += 1
    return counts


def test_damaged_files_are_read_or_told(tmp_path: Path) -> None:
    counts = fuzz(tmp_path / "a.yaml", [path.read_bytes()[:4000] for path in OURS], 150)
    assert counts["told"] > 30


@pytest.mark.slow
def test_many_damaged_files_are_read_or_told(tmp_path: Path) -> None:
    counts = fuzz(tmp_path / "a.yaml", [path.read_bytes() for path in OURS], 5000)
    print(counts)
    assert counts["told"] > 1000
