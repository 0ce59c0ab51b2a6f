"""One command for the whole line: Snakemake with its progress as a bar with an estimate, or as plain lines in a log."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import read_record
from reprosep.base.progress import ProgressReport
from reprosep.base.project import check_place, read_yaml, repository
from reprosep.params.reading import parse
from reprosep.params.scale import Params, merge

_COUNT = re.compile(r"^(\w+) +(\d+)$")  # a line of Snakemake's job statistics
_TOTAL = re.compile(r"^total +\d+")
_FINISHED = re.compile(r"^Finished jobid: \d+ \(Rule: (\w+)\)")
_ERROR = re.compile(r"^\s*[\w.]*(Error|Exception): \S")
_KEPT_LINES = 400
_PROFILE = "workflow/profiles/default"
_WORK = {
    "recordings": 26,
    "train": 46,
    "score": 9,
    "score_oracles": 14,
    "spot_check": 7,
    "listen": 6,
    "figures": 6,
    "report": 5,
    "claims": 3,
    "tables": 3,
    "examination": 3,
    "store": 3,
}
_FAMILIES = ("train", "score_oracles", "score", "spot_check", "listen", "figures", "claims", "tables")  # of rules
_SECONDS_BETWEEN_LOOKS = 1.0


def reproduce(scale: str, extra: list[str], config_files: list[Path]) -> Path:
    """Run the DAG of a scale on this machine; returns the path of its report.

    Raises
    ------
    UserError
        When a parameter is wrong, or when a step fails: the sentence of that step.
    """
    check_place(Path.cwd())
    params = scale_params(scale, config_files)  # a wrong key is told at once, before Snakemake starts
    if sentence := older_results(params):
        print(sentence, file=sys.stderr)
    _wait_for_other_run()
    _unlock()
    _follow(_command(scale, config_files, extra))
    return Path("results") / params.scale / "report.html"


def older_results(params: Params) -> str:
    """One sentence where trainings of a scale do not say which code trained them; '' where all do, or none is there."""
    records = sorted((params.results / "runs").glob("*/run.json"))
    older = [path for path in records if "code" not in read_record(path)]
    if not older:
        return ""
    return (
        f"{params.results}: {len(older)} of {len(records)} trainings are of an older version of the project, which did "
        "not note the code of a run, so everything is computed anew; copy the folder first if you want to keep it"
    )


def scale_params(scale: str, config_files: list[Path]) -> Params:
    """The parameters of a scale, changed by further files."""
    content = read_yaml("params.yaml")
    for file in [_scale_file(scale), *config_files]:
        content = merge(content, read_yaml(file))
    return parse(content)


def _scale_file(scale: str) -> Path:
    folder = repository() / "workflow" / "scales"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if scale not in known:
        raise UserError(f"unknown scale '{scale}'{near_match(scale, known)}; allowed: {', '.join(known)}")
    return folder / f"{scale}.yaml"


def _command(scale: str, config_files: list[Path], targets: list[str], *options: str) -> list[str]:
    command = [_snakemake(), "--profile", _PROFILE, "--nocolor", *options]
    command += ["--configfile", *map(str, [_scale_file(scale), *config_files])]
    return [*command, "--", *targets] if targets else command


def pending(scale: str, targets: list[str], config_files: list[Path]) -> dict[str, int]:
    """Rule -> number of jobs that Snakemake would run now.

    Raises
    ------
    UserError
        When the plan cannot be made.
    """
    command = _command(scale, config_files, targets, "--dry-run")
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines = answer.stdout.splitlines()
    if answer.returncode:
        raise UserError(_reason(lines))
    counts = {match[1]: int(match[2]) for match in map(_COUNT.match, lines) if match}
    return {rule: count for rule, count in counts.items() if rule not in ("total", "all")}


def _snakemake() -> str:
    beside = Path(sys.executable).with_name("snakemake")
    return str(beside) if beside.exists() else shutil.which("snakemake") or "snakemake"


def _wait_for_other_run() -> None:
    """A run whose terminal is gone may still work in this folder; two at once would do the same work twice."""
    announced = False
    while other := _other_run():
        if not announced:
            print(f"another run (process {other}) works in this folder; waiting for it to end", file=sys.stderr)
            announced = True
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _other_run() -> int | None:
    """Process id of a Snakemake that works in this folder, if there is one on this machine."""
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        words = [Path(word).name for word in (process.info["cmdline"] or [])[:3]]
        if "snakemake" in words and process.info["cwd"] == str(Path.cwd()):
            return int(process.info["pid"])
    return None


def _unlock() -> None:
    """Remove the lock that a killed Snakemake leaves behind; nobody works here, as was just seen."""
    if any(Path(".snakemake/locks").glob("*")):
        subprocess.run([_snakemake(), "--profile", _PROFILE, "--unlock"], capture_output=True, check=False)


def _follow(command: list[str]) -> None:
    """Run Snakemake, show its progress, keep its whole output in a log file."""
    log = Path("results/logs") / time.strftime("reproduce-%Y%m%d-%H%M%S.log")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        output = log.open("w", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{log}: cannot be written ({error.strerror}); make the folder {log.parent} writable"
        ) from error
    with output, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        watcher = _Watcher()
        for line in process.stdout:
            output.write(line)
            output.flush()
            watcher.read(line)
        watcher.close()
    if process.returncode:
        raise UserError(f"{_reason(watcher.lines)} (whole log: {log})")


class _Watcher:
    """Reads Snakemake's output line by line, keeps it, and shows how much of the work is done."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._jobs: dict[str, int] = {}
        self._progress: ProgressReport | None = None

    def read(self, line: str) -> None:
        """Take one line of the output."""
        self.lines = [*self.lines[-_KEPT_LINES:], line.rstrip()]
        if line.startswith("Nothing to be done"):
            print("nothing to be done: every result is there and up to date", file=sys.stderr)
        elif self._progress is None:
            self._plan(line)
        elif match := _FINISHED.match(line):
            self._progress.advance(_work(match[1]), f"({match[1]})")

    def _plan(self, line: str) -> None:
        if _TOTAL.match(line) and self._jobs:
            total = sum(_work(rule) * count for rule, count in self._jobs.items())
            self._progress = ProgressReport("reproducing, work done", total)
            self._progress.__enter__()
        elif match := _COUNT.match(line):
            self._jobs[match[1]] = int(match[2])

    def close(self) -> None:
        """End the progress display."""
        if self._progress:
            self._progress.__exit__()


def _work(rule: str) -> int:
    """About how many core-seconds a job of that rule takes in the demo: a better estimate than counting jobs."""
    family = next((name for name in _FAMILIES if rule.startswith(f"{name}_")), rule)
    return _WORK.get(family, 1)


def _reason(lines: list[str]) -> str:
    """The sentence of the step that failed, or the last line that says anything."""
    sentences = [line.strip() for line in lines if line.strip().startswith(("reprosep: ", "params: "))]
    if sentences:
        return sentences[-1].removeprefix("reprosep: ")
    errors = [line.strip() for line in lines if _ERROR.match(line)]
    return errors[-1] if errors else (lines or ["Snakemake failed"])[-1]
