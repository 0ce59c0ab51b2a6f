"""One command for the whole line: Snakemake with its progress as a bar with an estimate, or as plain lines in a log."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from reprosep.errors import UserError, near_match
from reprosep.params import merge, parse, read_yaml, repository
from reprosep.progress import ProgressReport

_STEPS = re.compile(r"^(\d+) of (\d+) steps \(\d+%\) done")
_TOTAL = re.compile(r"^total\s+(\d+)\s*$")
_RULE = re.compile(r"^(?:local)?rule (\w+):")
_ERROR = re.compile(r"^\s*[\w.]*(Error|Exception): \S")
_QUIET = ("Nothing to be done",)
_SECONDS_BETWEEN_LOOKS = 1.0


def reproduce(scale: str, extra: list[str], config_files: list[Path]) -> Path:
    """Run the DAG of a scale on this machine; returns the path of its report.

    Raises
    ------
    UserError
        When a parameter is wrong, or when a step fails: the sentence of that step.
    """
    folder = repository() / "workflow" / "scales"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if scale not in known:
        raise UserError(f"unknown scale '{scale}'{near_match(scale, known)}; allowed: {', '.join(known)}")
    files = [folder / f"{scale}.yaml", *config_files]
    content = read_yaml("params.yaml")
    for file in files:
        content = merge(content, read_yaml(file))
    params = parse(content)  # a wrong key is told at once, before Snakemake starts
    _wait_for_other_run()
    _unlock()
    command = [_snakemake(), "--profile", "workflow/profiles/default", "--nocolor"]
    command += ["--configfile", *map(str, files), "--", *extra]
    _follow(command if extra else command[:-1])
    return Path("results") / params.scale / "report.html"


def _snakemake() -> str:
    beside = Path(sys.executable).with_name("snakemake")
    return str(beside) if beside.exists() else shutil.which("snakemake") or "snakemake"


def _wait_for_other_run() -> None:
    """A run whose terminal is gone may still work in this folder; two at once would do the same work twice."""
    told = False
    while other := _other_run():
        if not told:
            print(f"another run (process {other}) works in this folder; waiting for it to end", file=sys.stderr)
            told = True
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
        subprocess.run([_snakemake(), "--unlock"], capture_output=True, check=False)


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
        lines = _show(process.stdout, output)
    if process.returncode:
        raise UserError(f"{_reason(lines)} (whole log: {log})")


def _show(stream: object, output: object) -> list[str]:
    progress: ProgressReport | None = None
    lines: list[str] = []
    rule = ""
    for line in stream:  # type: ignore[attr-defined]
        output.write(line)  # type: ignore[attr-defined]
        output.flush()  # type: ignore[attr-defined]
        lines = [*lines[-400:], line.rstrip()]
        if line.startswith(_QUIET):
            print("nothing to be done: every result is there and up to date", file=sys.stderr)
        if found := _RULE.match(line):
            rule = found[1]
        if (found := _TOTAL.match(line)) and progress is None:
            progress = ProgressReport("reproducing", int(found[1]))
            progress.__enter__()
        if (found := _STEPS.match(line)) and progress:
            progress.advance(int(found[1]) - progress.done, rule)
    if progress:
        progress.__exit__()
    return lines


def _reason(lines: list[str]) -> str:
    """The sentence of the step that failed, or the last line that says anything."""
    told = [line.strip() for line in lines if line.strip().startswith(("reprosep: ", "params: "))]
    if told:
        return told[-1].removeprefix("reprosep: ")
    errors = [line.strip() for line in lines if _ERROR.match(line)]
    return errors[-1] if errors else (lines or ["Snakemake failed"])[-1]
