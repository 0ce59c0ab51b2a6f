"""One command for the whole line: Snakemake with its progress as a bar with an estimate, or as plain lines in a log."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import psutil

from reprosep.base.errors import Preempted, UserError
from reprosep.base.extras import check_extra
from reprosep.base.files import mendable, read_record
from reprosep.base.preemption import StopRequest, stop_request
from reprosep.base.progress import ProgressReport
from reprosep.base.project import check_place
from reprosep.dag.left_out import sentences
from reprosep.dag.plan import checked_papers
from reprosep.params.files import merged, scale_file
from reprosep.params.reading import parse
from reprosep.params.scale import Params
from reprosep.training.event_log import check_tensorboard

_COUNT = re.compile(r"^(\w+) +(\d+)$")  # a line of Snakemake's job statistics
_OUTPUT = re.compile(r"^ *output: (.+)$")  # of a job
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
_SECONDS_BETWEEN_WORDS = 60.0
_SECONDS_BETWEEN_READS = 0.2
_SECONDS_TO_END = 8.0  # schedulers kill what does not end soon after they told it


def reproduce(scale: str, extra: list[str], config_files: list[Path]) -> list[Path]:
    """Run the DAG of a scale on this machine; returns the path of its report, or of the files that were asked for.

    Raises
    ------
    UserError
        When a parameter is wrong, or when a step fails: the sentence of that step.
    Preempted
        When told to stop.
    """
    check_place(Path.cwd())
    params = scale_params(scale, config_files)  # a wrong key is told at once, before Snakemake starts
    _check_project()
    check_tensorboard(params.machine.tensorboard)
    for sentence in filter(None, [*sentences(params, checked_papers(params)), older_results(params)]):
        print(sentence, file=sys.stderr)
    with stop_request() as stop:
        wait_for_other_run(stop)
        _unlock()
        Snakemake(_command(scale, config_files, extra), stop).follow()
    made = [Path(target) for target in extra] or [Path("results") / params.scale / "report.html"]
    return [path for path in made if path.exists()]  # a target may be the name of a rule


def _check_project() -> None:
    """:class:`UserError` where the working folder has no rules to run, or Snakemake is not installed."""
    if not Path(_PROFILE).is_dir():
        raise UserError(
            f"{_PROFILE}: not in this folder; go to a clone of the project, or make a folder with `reprosep new FOLDER`"
        )
    check_extra("workflow", "`reprosep reproduce`")


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
    return parse(merged(["params.yaml", scale_file(scale), *config_files]))


def _command(scale: str, config_files: list[Path], targets: list[str], *options: str) -> list[str]:
    command = [_snakemake(), "--profile", _PROFILE, "--nocolor", *options]
    command += ["--configfile", *map(str, [scale_file(scale), *config_files])]
    return [*command, "--", *targets] if targets else command


def pending(scale: str, targets: list[str], config_files: list[Path]) -> dict[str, int]:
    """Rule -> number of jobs that Snakemake would run now; raises as :func:`dry_run`."""
    counts = {match[1]: int(match[2]) for match in map(_COUNT.match, dry_run(scale, targets, config_files)) if match}
    return {rule: count for rule, count in counts.items() if rule not in ("total", "all")}


def files_to_make(scale: str, config_files: list[Path]) -> set[Path]:
    """The files that Snakemake would make now: those that are missing or out of date; raises as :func:`dry_run`."""
    made = [match[1] for match in map(_OUTPUT.match, dry_run(scale, [], config_files)) if match]
    return {Path(name) for names in made for name in names.split(", ")}


def dry_run(scale: str, targets: list[str], config_files: list[Path]) -> list[str]:
    """What Snakemake prints of the jobs that it would run now, line by line.

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
    return lines


def _snakemake() -> str:
    beside = Path(sys.executable).with_name("snakemake")
    return str(beside) if beside.exists() else shutil.which("snakemake") or "snakemake"


def wait_for_other_run(stop: StopRequest) -> None:
    """A run whose terminal is gone may still work in this folder; two at once would do the same work twice.

    Raises
    ------
    Preempted
        When told to stop while waiting.
    """
    began = told = time.monotonic()
    first = True
    while other := _other_run():
        now = time.monotonic()
        if first or now - told >= _SECONDS_BETWEEN_WORDS:
            _tell_of(other, now - began)
            told, first = now, False
        if stop.reason:
            raise Preempted(f"stopped by {stop.reason} while waiting for another run; the same command waits again")
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _tell_of(other: psutil.Process, waited: float) -> None:
    with contextlib.suppress(psutil.Error):  # it may end at this very moment
        since = timedelta(seconds=round(time.time() - other.create_time()))
        print(
            f"another run (process {other.pid}, since {since} h) works in this folder; waiting for it to end"
            + (f", {timedelta(seconds=round(waited))} h by now" if waited >= 1 else "")
            + f"; `kill -INT {other.pid}` ends it, what it has finished is kept",
            file=sys.stderr,
        )


def _other_run() -> psutil.Process | None:
    """A Snakemake that works in this folder, if there is one on this machine."""
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        words = [Path(word).name for word in (process.info["cmdline"] or [])[:3]]
        here = process.info["cwd"] == str(Path.cwd())
        if "snakemake" in words and here and process.info["status"] != psutil.STATUS_ZOMBIE:
            return process
    return None


def _unlock() -> None:
    """Remove the lock that a killed Snakemake leaves behind; nobody works here, as was just seen."""
    if any(Path(".snakemake/locks").glob("*")):
        subprocess.run([_snakemake(), "--profile", _PROFILE, "--unlock"], capture_output=True, check=False)


class Snakemake:
    """Snakemake in a session of its own, which writes a log file that is read here while it grows.

    It needs no reader: when this process is killed it goes on, and the next run waits for it. Told to stop, it gets the
    terminal's Ctrl-C, upon which steps keep what they have, and whoever does not end in time is killed.
    """

    def __init__(self, command: list[str], stop: StopRequest) -> None:
        self.command, self.stop = command, stop
        self.log = Path("results/logs") / time.strftime("reproduce-%Y%m%d-%H%M%S.log")

    def follow(self) -> None:
        """Run it to its end and show its progress.

        Raises
        ------
        UserError
            When the log cannot be written, or when a step fails.
        Preempted
            When told to stop.
        """
        with mendable(self.log):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            output = self.log.open("w", encoding="utf-8")
        watcher = _Watcher()
        with output, self.log.open(encoding="utf-8", errors="replace") as lines:
            process = subprocess.Popen(
                self.command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
            while process.poll() is None and not self.stop.reason:
                watcher.read_all(lines)
                time.sleep(_SECONDS_BETWEEN_READS)
            if self.stop.reason:
                end_group(process)
            watcher.read_all(lines)
        watcher.close()
        if self.stop.reason:
            reason = f"stopped by {self.stop.reason}; the same command goes on from what is finished"
            raise Preempted(f"{reason} (whole log: {self.log})")
        if process.returncode:
            raise UserError(f"{_reason(watcher.lines)} (whole log: {self.log})")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its session: by Ctrl-C, and what is left after a while by force."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Watcher:
    """Reads Snakemake's output line by line, keeps it, and shows how much of the work is done."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._begun = ""
        self._jobs: dict[str, int] = {}
        self._progress: ProgressReport | None = None

    def read_all(self, lines: TextIO) -> None:
        """Take what has come since; a line that is half written waits for its end."""
        while text := lines.readline():
            self._begun += text
            if self._begun.endswith("\n"):
                self.read(self._begun)
                self._begun = ""

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
