"""The table of parameters and what they touch (affected.yaml), held to Snakemake and to DVC.

    python tests/life/parameters.py --limit 1800 [--folder a finished and recorded smoke run]

Every change is written into the file that has the parameter; then `snakemake -n` must plan the table's steps and no
others, and `dvc status` name its stages and no others. Prints a line per change; any difference ends it with status 1.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from clones import Clone, Transcript, clone, origin
from dvc.repo import Repo
from project import planned_work

from reprosep.base.project import read_yaml
from reprosep.params.scale import merge

SCALE = "workflow/scales/smoke.yaml"
TABLE = Path(__file__).with_name("affected.yaml")
FAMILIES = ("score_oracles", "calibration", "spot_check", "listen", "tables", "figures", "claims")
ALWAYS = {"all", "report", "total"}


def main() -> int:
    """Check every line of the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which it gives up")
    parser.add_argument("--first", type=int, default=0, help="number of the change to begin with")
    parser.add_argument("--folder", type=Path, help="a clone in which the smoke scale is finished and recorded")
    chosen = parser.parse_args()
    transcript = Transcript(chosen.limit, shown=0)
    with tempfile.TemporaryDirectory() as temporary:
        place = Clone(chosen.folder.resolve(), transcript) if chosen.folder else finished(Path(temporary), transcript)
        table = read_yaml(TABLE)
        wrong = 0
        for entry in table["changes"][chosen.first :]:
            line = difference(place, entry, table["groups"])
            transcript.say(line or f"as in the table: {entry['change']}")
            wrong += bool(line)
    transcript.say(f"{len(table['changes'])} changes, {wrong} not as in the table")
    return int(wrong > 0)


def finished(folder: Path, transcript: Transcript) -> Clone:
    """A clone in which the smoke scale was run and recorded."""
    place = clone(origin(folder / "origin"), folder / "clone", transcript)
    place.run("reprosep stages smoke && reprosep reproduce smoke && reprosep record smoke")
    place.run("git add -A && git commit -q -m finished")
    return place


def difference(place: Clone, entry: dict[str, Any], groups: dict[str, Any]) -> str:
    """'' when both tools do what the table says of a change, else a line that tells what they do instead."""
    kept = {name: (place.folder / name).read_text() for name in ("params.yaml", SCALE)}
    try:
        write(place.folder, entry["change"])
        steps, stages = planned(place), changed(place)
    finally:
        for name, content in kept.items():
            (place.folder / name).write_text(content)
    expected = dict(entry["steps"])
    for group in entry.get("then", []):
        expected |= {step: count for step, count in groups[group].items() if step not in expected}
    unmatched = {name for name in stages if not any(fnmatch.fnmatch(name, pattern) for pattern in entry["stages"])}
    idle = {pattern for pattern in entry["stages"] if not fnmatch.filter(stages, pattern)}
    if steps == expected and not unmatched and not idle:
        return ""
    return f"{entry['change']}: steps {compared(steps, expected)}; stages too many {unmatched}, missing {idle}"


def compared(found: dict[str, int], expected: dict[str, int]) -> str:
    both = {step: (found.get(step, 0), expected.get(step, 0)) for step in {*found, *expected}}
    return str({step: f"{here} for {there}" for step, (here, there) in both.items() if here != there})


def write(folder: Path, change: dict[str, Any]) -> None:
    """Each value into the scale's file where that has the key, else into params.yaml."""
    scale, params = read_yaml(folder / SCALE), read_yaml(folder / "params.yaml")
    for keys, value in leaves(change, params):
        if has(scale, keys):
            scale = merge(scale, nested(keys, value))
        else:
            params = merge(params, nested(keys, value))
    (folder / SCALE).write_text(yaml.safe_dump(scale, sort_keys=False))
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def leaves(change: dict[str, Any], params: Any) -> Iterator[tuple[list[str], Any]]:
    """(keys, value) of every parameter of a change; what is a value in params.yaml is not entered."""
    for key, value in change.items():
        known = params.get(key) if isinstance(params, dict) else None
        if isinstance(value, dict) and known:
            yield from (([key, *keys], leaf) for keys, leaf in leaves(value, known))
        else:
            yield [key], value


def has(content: Any, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True


def nested(keys: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def planned(place: Clone) -> dict[str, int]:
    """Step -> jobs that Snakemake would run, the report aside."""
    answer = place.run(f"snakemake --profile workflow/profiles/default --configfile {SCALE} --nocolor -n")
    jobs = planned_work(answer) if "job " in answer else {}
    counts: Counter[str] = Counter()
    for rule, count in jobs.items():
        counts[next((name for name in FAMILIES if rule.startswith(f"{name}_")), rule)] += count
    return {step: count for step, count in counts.items() if step not in ALWAYS}


def changed(place: Clone) -> set[str]:
    """The stages that `dvc status` names, the report aside; in this process, since dvc starts slowly."""
    with contextlib.chdir(place.folder), Repo() as repo:
        return set(repo.status()) - {"report"}


if __name__ == "__main__":
    sys.exit(main())
