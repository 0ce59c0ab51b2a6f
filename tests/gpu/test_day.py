"""The day on a GPU is not lost to a typo: all of it that a processor can do is done here, small."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import wheels
from measuring import page
from measuring.clock import pace
from measuring.findings import DONE, FAILED, LEFT_OUT, OUT_OF_TIME, Findings
from measuring.noise import Noise
from measuring.running import records, run_day
from measuring.section import Section
from measuring.settings import Day
from packaging.requirements import Requirement
from sections import ORDER, all_sections

from reprosep.base.errors import UserError
from reprosep.base.project import repository
from reprosep.installation.sets import normalised

HERE = Path(__file__).parent
DAY = Day("cpu", tiny=True)
STAMP = {"device": "processor", "tiny": True, "torch": "2", "python": "3"}
MINUTES = 60.0
# Modules that the machine of a day need not have are not found, as if they were not installed.
HOOK = """
import sys


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {refused!r} else self.finder.find_spec(name, path, target)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""


def section(name: str, measure: Callable[[Day, Findings], None], seconds: float = 30.0) -> Section:
    return Section(name, f"The {name}", f"What {name} is for.", seconds, measure)


def well(_day: Day, findings: Findings) -> None:
    findings.check("a thing", "right", "right", True)
    findings.table("A table", "what", "how much").row("this", "3 ms")


def fail(_day: Day, findings: Findings) -> None:
    findings.note("measured before")
    raise ValueError("a <typo>")


def crash(_day: Day, _findings: Findings) -> None:
    os.abort()


def hang(_day: Day, findings: Findings) -> None:
    findings.note("measured before")
    time.sleep(600)


def run(folder: Path, *sections: Section, stamp: dict[str, Any] = STAMP, minutes: float = MINUTES) -> dict[str, Any]:
    """Records by section."""
    run_day(DAY, sections, folder, stamp, minutes)
    return {record["section"]: record for record in records(folder, [one.name for one in sections])}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections get the time that they say, on a processor too."""
    monkeypatch.setattr("measuring.settings._PATIENCE_ON_A_PROCESSOR", 1.0)


# ---- running -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
def test_what_fails_crashes_or_hangs_is_recorded_and_the_next_one_runs(tmp_path: Path) -> None:
    found = run(tmp_path, section("a", fail), section("b", crash), section("c", hang, 3.0), section("d", well))
    assert {name: record["status"] for name, record in found.items()} == {
        "a": FAILED,
        "b": FAILED,
        "c": OUT_OF_TIME,
        "d": DONE,
    }
    assert found["a"]["why"] == "ValueError: a <typo>" and "in fail" in found["a"]["traceback"]
    assert found["b"]["why"] == "its process ended with SIGABRT" and "in crash" in found["b"]["traceback"]
    assert "stopped after 3 s" in found["c"]["why"] and "in hang" in found["c"]["traceback"]
    assert found["a"]["notes"] == found["c"]["notes"] == ["measured before"]
    assert found["d"]["checks"][0]["holds"] and found["d"]["tables"][0]["rows"] == [["this", "3 ms"]]
    assert not [*tmp_path.glob("*.stack")]


def test_what_is_finished_is_skipped_and_what_failed_is_not(tmp_path: Path) -> None:
    run(tmp_path, section("a", well), section("b", fail))
    before = (tmp_path / "a.json").stat().st_mtime_ns
    found = run(tmp_path, section("a", crash), section("b", well))
    assert [record["status"] for record in found.values()] == [DONE, DONE]
    assert (tmp_path / "a.json").stat().st_mtime_ns == before
    assert "why" not in found["b"] and "traceback" not in found["b"]


def test_results_of_another_device_are_not_mixed_with_these(tmp_path: Path) -> None:
    run(tmp_path, section("a", well))
    with pytest.raises(UserError, match=r"a.json: measured on .*processor.*name another folder with --output"):
        run(tmp_path, section("a", well), stamp={**STAMP, "device": "another"})


def test_when_the_days_time_is_over_the_rest_is_left_out(tmp_path: Path) -> None:
    found = run(tmp_path, section("a", well), minutes=0.0)
    assert found["a"]["status"] == LEFT_OUT and found["a"]["checks"] == []
    assert run(tmp_path, section("a", well))["a"]["status"] == DONE


def test_progress_tells_how_long_it_takes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, section("a", well), section("b", well))
    told = capfd.readouterr().out
    assert re.search(r"^1/2 The a: 0 s elapsed, about \d+ s left, 3600 s at most$", told, re.MULTILINE), told
    assert "  a thing: right, as expected" in told and "  this · 3 ms" in told


# ---- what is measured --------------------------------------------------------------------------------------------


def test_every_section_has_a_file_and_they_fit_into_ten_minutes() -> None:
    files = sorted(path.stem for path in (HERE / "sections").glob("[a-z]*.py"))
    assert sorted(ORDER) == files
    sections = all_sections()
    assert [one.name for one in sections] == [*ORDER]
    assert sum(one.seconds for one in sections) <= 60 * 9.5


def test_short_sections_on_a_processor(tmp_path: Path) -> None:
    chosen = [one for one in all_sections() if one.name in ("machine", "scoring")]
    found = run(tmp_path, *chosen)
    assert [record["status"] for record in found.values()] == [DONE, DONE], found
    rows = {row[0]: row[1] for row in found["machine"]["tables"][0]["rows"]}
    assert rows["torch"] and rows["device"] == "cpu"
    assert all(check["holds"] is not False for record in found.values() for check in record["checks"])


def test_the_clock_counts_calls() -> None:
    calls: list[int] = []
    found = pace(lambda: calls.append(1), DAY.device, warm_up=2, count=5)
    assert len(calls) == 2 + 3 * 5 and found.seconds > 0 and found.kernels is None


@pytest.mark.slow
def test_the_whole_day_small_and_with_nothing_but_the_wheels(tmp_path: Path) -> None:
    """Every section ends and finds what it expects; a second time nothing is left to do."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK.format(refused=refused()))
    paths = os.pathsep.join([str(tmp_path / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": paths}
    command = ["sh", str(HERE / "gpu.sh"), str(tmp_path / "gpu"), "--tiny", "--device", "cpu"]
    whole = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = records(tmp_path / "gpu" / "day", ORDER)
    bad = [record for record in found if record["status"] != DONE]
    assert not bad, "\n".join(f"{record['title']}: {record.get('traceback') or record['why']}" for record in bad)
    wrong = [check for record in found for check in record["checks"] if check["holds"] is False]
    assert not wrong and whole.returncode == 0, (wrong, whole.stderr)
    assert [record["section"] for record in found] == [*ORDER]
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and f"{len(ORDER)} of {len(ORDER)} sections are finished" in again.stdout


def test_a_day_without_a_gpu_says_so(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""}
    command = ["sh", str(HERE / "gpu.sh"), str(tmp_path)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "day: --device cuda: torch sees no GPU here; on a processor: --tiny --device cpu\n"


# ---- the page ----------------------------------------------------------------------------------------------------


class Links(HTMLParser):
    """What a page asks for, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wanted: list[str] = []
        self.anchors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href"):
                self.wanted.append(str(value))
            if name == "id":
                self.anchors.append(f"#{value}")


def test_the_page_tells_what_failed_first_and_needs_nothing_else(tmp_path: Path) -> None:
    def wrong(_day: Day, findings: Findings) -> None:
        findings.check("a <loss>", "1.5", "less than 1", False)

    found = run(tmp_path, section("a", well), section("b", fail), section("c", wrong))
    text = page.write_page(tmp_path / "index.html", [*found.values()], STAMP).read_text()
    failures = text[text.index("What failed") : text.index('id="a"')]
    assert "The b</a>: failed. ValueError: a &lt;typo&gt;" in failures
    assert "The c</a>: a &lt;loss&gt;: 1.5, expected less than 1." in failures and "The a" not in failures
    assert '<b class="fails">2 of 3</b>' in text and "times say nothing" in text
    links = Links(text)
    assert sorted(links.anchors) == ["#a", "#b", "#c"] and {*links.wanted} == {"#b", "#c"}
    assert "3 ms" in text and "Traceback" in text and "http" not in text


def test_tables_have_no_empty_columns_and_numbers_stand_right() -> None:
    columns, rows = ["what", "time", "in kernels"], [["a <b>", "3.5 ms", ""], ["c", "", ""]]
    text = page._table({"title": "T", "columns": columns, "rows": rows})
    assert "in kernels" not in text and "<th>what</th><th class=number>time</th>" in text
    assert "<td>a &lt;b&gt;</td><td class=number>3.5 ms</td>" in text
    assert page._table({"title": "T", "columns": columns, "rows": []}) == ""


def test_a_change_is_not_undone_by_what_a_corpus_says_of_itself(tmp_path: Path) -> None:
    noise = Noise(DAY, tmp_path)
    params = noise.params("smoke", "musdb-mono", {"training": {"batch_size": 3, "items_per_epoch": 60}})
    assert (params.training.batch_size, params.training.items_per_epoch) == (3, 60)
    assert params.audio.sample_rate != DAY.params("smoke").audio.sample_rate, "and what it says else holds"


def test_the_page_of_a_good_day_says_so(tmp_path: Path) -> None:
    found = run(tmp_path, section("a", well))
    text = page.write_page(tmp_path / "index.html", [*found.values()], {**STAMP, "tiny": False}).read_text()
    assert "Nothing: every section ended" in text and "times say nothing" not in text


# ---- the wheels --------------------------------------------------------------------------------------------------


def closure(names: set[str]) -> set[str]:
    """Those packages and all that they need on the machine of a day, as they are installed here."""
    found: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += requirements(name)
    return found


def requirements(name: str) -> set[str]:
    """What a package needs on Linux without extras, as far as it is installed."""
    machine = {"python_version": "3.11", "python_full_version": "3.11.9", "sys_platform": "linux", "extra": ""}
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # the CUDA libraries of another build of torch
        return set()
    parsed = [Requirement(line) for line in lines]
    return {normalised(one.name) for one in parsed if one.marker is None or one.marker.evaluate(machine)}


def refused() -> set[str]:
    """The modules installed here that the machine of a day may not have."""
    there = closure({"torch", *wheels.needed()}) | {"reprosep", "pip", "setuptools"}
    modules = importlib.metadata.packages_distributions().items()
    return {module for module, names in modules if not {normalised(name) for name in names} & there}


def test_the_wheels_need_nothing_that_is_neither_on_the_list_nor_torchs() -> None:
    listed = {*wheels.needed()}
    assert closure(listed) - listed - closure({"torch"}) == set()
    assert "torch" not in closure(listed), "its wheels would replace the machine's torch"
    assert "triton" not in listed and not any(name.startswith("nvidia-cu") for name in listed)


def test_every_wheel_is_pinned_by_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in wheels.needed().items():
        assert importlib.metadata.version(name) == version, name
    (tmp_path / "wheels.txt").write_text("numpy\nno-such-package\n")
    monkeypatch.setattr(wheels, "LIST", tmp_path / "wheels.txt")
    with pytest.raises(UserError, match="no-such-package: in no lock file"):
        wheels.needed()


def test_the_day_imports_nothing_else(tmp_path: Path) -> None:
    """Sections and all that trains, estimates and validates; the slow test runs them so, too."""
    kinds = ("target", "sources", "clips", "detectors")
    parts = ("plan", "network", "examples", "training", "estimate", "noise")
    modules = [f"reprosep.experiments.{kind}.{part}" for kind in kinds for part in parts]
    code = f"import day, importlib; day.all_sections(); [importlib.import_module(one) for one in {modules}]"
    (tmp_path / "sitecustomize.py").write_text(HOOK.format(refused=refused()))
    paths = [str(tmp_path), str(HERE), str(repository() / "src")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_wheels_are_collected_for_both_pythons(tmp_path: Path) -> None:
    called: list[list[str]] = []
    wheels.collect(tmp_path / "wheels", ["numpy", "PyArrow"], wheels.PYTHONS, lambda words: called.append(words) or 0)
    assert [words[words.index("--python-version") + 1] for words in called] == ["3.11", "3.12"]
    for words in called:
        pinned = {word for word in words if "==" in word}
        wanted = {f"{name}=={version}" for name, version in wheels.needed().items()}
        assert {word.partition("==")[0] for word in wanted - pinned} == {"numpy", "pyarrow"} and pinned < wanted
        assert {"--no-deps", "--only-binary=:all:"} < {*words}
    with pytest.raises(UserError, match="--without torch: not on the list"):
        wheels.collect(tmp_path, ["torch"], wheels.PYTHONS, lambda _: 0)
    with pytest.raises(UserError, match=r"did not bring the wheels for Python 3.11"):
        wheels.collect(tmp_path, [], wheels.PYTHONS, lambda _: 1)


def carry(folder: Path, names: set[str]) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name.replace('-', '_')}-{wheels.needed()[name]}-py3-none-any.whl").touch()


def test_wheels_are_installed_beside_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []

    def run_pip(words: list[str]) -> int:
        called.append(words)
        return 0

    carry(tmp_path / "wheels", {*wheels.needed()} - {"numpy"})
    wheels.install(tmp_path / "wheels", tmp_path / "packages", run_pip)
    (words,) = called
    assert {"--no-index", "--no-deps", "--target", str(tmp_path / "packages")} < {*words}
    assert not any(word.startswith(("torch", "numpy")) for word in words)

    for name, version in wheels.needed().items():  # as pip leaves them
        folder = tmp_path / "packages" / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    wheels.install(tmp_path / "wheels", tmp_path / "packages", run_pip)
    assert len(called) == 1, "installed again"

    monkeypatch.setattr(importlib.metadata, "distributions", lambda **_: [])
    with pytest.raises(UserError, match=r"no wheel of numpy, and this machine has none .*make gpu-wheels"):
        wheels.install(tmp_path / "wheels", tmp_path / "packages", run_pip)


def test_records_are_read_by_people_and_programs(tmp_path: Path) -> None:
    run(tmp_path, section("a", well))
    record = json.loads((tmp_path / "a.json").read_text())
    assert {"section", "title", "about", "commit", "stamp", "status", "seconds", "checks", "tables", "notes"} == {
        *record
    }
