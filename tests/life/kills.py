"""Kills -9 at random moments over the whole smoke line: what comes out is, byte by byte, what an undisturbed run gives.

    python tests/life/kills.py --kills 50 --folder FOLDER [--seed 42] [--configfile workflow/examples/all-papers.yaml]

A line begins with nothing, recordings included; it is killed and started again until it is finished, then compared and
removed. The moments follow from the seed, and how far it came is kept in the folder: the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from clones import Clone, Transcript, clone, origin

from moments import kill_working_in

RESULTS = Path("results/smoke")
TEMPORARY = re.compile(r"^\..*\.[a-z0-9_]{8}(\.\w+)?$")
TIMED = ("epochs.csv", "munet/table-1.csv", "slakh/training-data.csv")  # hold seconds
COMPARED = (".parquet", ".npy", ".npz", ".safetensors", ".csv", ".svg")


def main() -> int:
    """Kill, start again, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--folder", type=Path, required=True, help="where to work, and to go on")
    parser.add_argument("--seed", type=int, default=42, help="of the moments")
    parser.add_argument("--longest", type=float, default=30, help="seconds that a run is left alone at most")
    parser.add_argument("--limit", type=float, default=7200, help="seconds after which it gives up")
    parser.add_argument("--configfile", default="", help="a further parameter file")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    transcript = Transcript(chosen.limit)
    command = "reprosep reproduce smoke" + (f" --configfile {chosen.configfile}" if chosen.configfile else "")
    victim, reference = prepared(chosen.folder.resolve(), command, transcript)
    kept = Kept(chosen.folder / "kills.json", chosen.seed)
    while kept.kills < chosen.kills:
        a_line(victim, reference, command, kept, chosen.longest)
    transcript.say(f"{kept.kills} kills over {kept.lines} lines: everything as without them")
    return 0


class Kept:
    """How many kills there were, and lines that were finished in spite of them."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.seed = path, seed
        content = json.loads(path.read_text()) if path.exists() else {}
        self.kills, self.lines = content.get("kills", 0), content.get("lines", 0)

    def moment(self, longest: float) -> float:
        """Seconds after which the next run is killed."""
        return random.Random(f"{self.seed} {self.lines} {self.kills}").uniform(0.5, longest)

    def save(self) -> None:
        self.path.write_text(json.dumps({"kills": self.kills, "lines": self.lines}))


def prepared(folder: Path, command: str, transcript: Transcript) -> tuple[Clone, dict[str, bytes]]:
    """A clone to be disturbed, and the files of another that was not."""
    if not (folder / "undisturbed/results/smoke/report.html").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        source = origin(folder / "origin")
        clone(source, folder / "victim", transcript)
        clone(source, folder / "undisturbed", transcript).run(command)
    return Clone(folder / "victim", transcript), files(folder / "undisturbed")


def files(folder: Path) -> dict[str, bytes]:
    """What a line has computed: every table, array, weight and drawing; not what took how long."""
    results = folder / RESULTS
    return {name: path.read_bytes() for name, path in sorted(computed(results)) if not name.endswith(TIMED)}


def computed(results: Path) -> Iterator[tuple[str, Path]]:
    for path in results.rglob("*"):
        name = str(path.relative_to(results))
        if path.suffix in COMPARED and not name.startswith(("logs", "benchmarks")):
            yield name, path


def a_line(victim: Clone, reference: dict[str, bytes], command: str, kept: Kept, longest: float) -> None:
    """One line from nothing to the report, killed as often as its moments come before its end."""
    for name in ("results", "resources", ".snakemake"):
        shutil.rmtree(victim.folder / name, ignore_errors=True)
    subprocess.run(["git", "checkout", "-q", "."], cwd=victim.folder, check=True)
    while is_killed(victim, command, kept.moment(longest)):
        kept.kills += 1
        kept.save()
    compare(victim, reference)
    kept.lines += 1
    kept.save()
    count = len(reference)
    victim.transcript.say(f"line {kept.lines} finished after {kept.kills} kills: {count} files as they should be")


def is_killed(victim: Clone, command: str, seconds: float) -> bool:
    """Let a run work that long, and kill it with all that it started; or is it finished before?"""
    victim.transcript.left()
    with open(victim.folder / "printed", "w", encoding="utf-8") as printed:
        running = subprocess.Popen(
            command.split(), cwd=victim.folder, env=victim.environment, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            status = running.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_working_in(victim.folder)
            running.wait()
            victim.transcript.say(f"killed after {seconds:.1f} s")
            return True
    assert status == 0, (victim.folder / "printed").read_text()
    return False


def compare(victim: Clone, reference: dict[str, bytes]) -> None:
    """The same files with the same bytes, and nothing of a killed run beside them."""
    found = files(victim.folder)
    assert found.keys() == reference.keys(), f"other files: {sorted(found.keys() ^ reference.keys())}"
    others = [name for name in found if found[name] != reference[name]]
    assert not others, f"other bytes: {others}"
    left = [path for path in victim.folder.glob("re*s/**/*") if TEMPORARY.match(path.name)]
    assert not left, f"left behind: {left}"


if __name__ == "__main__":
    sys.exit(main())
