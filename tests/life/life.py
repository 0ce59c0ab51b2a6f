"""The whole life of a result: clone, compute, record, push, clone, pull, nothing to do, change one number, compare.

    python tests/life/life.py --scale smoke --limit 2400

The remote is a real OpenSSH server on the loopback. The change is the weight of the activity loss of one system; it is
followed twice, by Snakemake in one clone and by `dvc repro` in another, and both must do the same and no more. Prints a
transcript; a step that does not hold ends it with exit status 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from clones import Clone, Transcript, clone, origin
from openssh import openssh

from reprosep.base.files import sha256
from reprosep.dag.reproduce import scale_params
from reprosep.experiments.runs import needed_runs
from reprosep.papers.loading import load_paper

PAPER, SYSTEM = "workflow/papers/iass.yaml", "iass"
OLD = "label: IASS\n    kind: target\n    scored: frames\n    model: iass\n    blocks: 3\n    activity_weight: 2.0\n"
NEW = OLD.replace("2.0", "1.0")
NOTHING = "Nothing to be done"


def main() -> int:
    """Go through it in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="smoke")
    parser.add_argument("--limit", type=float, default=2400, help="seconds after which it gives up")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder, removed at the end")
    chosen = parser.parse_args()
    transcript = Transcript(chosen.limit)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        live(folder, chosen.scale, transcript)
    transcript.say("everything holds")
    return 0


def live(folder: Path, scale: str, transcript: Transcript) -> None:
    """All steps."""
    source = origin(folder / "origin")
    with openssh(folder / "ssh") as server:
        first = clone(source, folder / "first", transcript)
        first.run(f"reprosep stages {scale}")
        first.run(f"reprosep reproduce {scale}")
        first.run(f"dvc remote add -d storage {server.url(folder / 'storage')}")
        first.run(f"dvc remote modify storage keyfile {server.key}")
        record(first, scale, "First results")
        first.run("dvc push")
        first.run("git push -q origin main")
        checks_nothing_to_do(first, scale)
        second, third = (pulled(source, folder / name, scale, transcript) for name in ("second", "third"))
    by_snakemake(second, scale)
    by_dvc(third, scale)
    assert metrics(second) == metrics(third), "Snakemake and DVC led to different results"
    transcript.say("the metrics of both clones are equal")
    goes_back(second, scale)


def record(place: Clone, scale: str, message: str) -> None:
    """What a user types after a reproduction."""
    place.run(f"reprosep record {scale}")
    place.run(f"git add -A && git commit -q -m '{message}'")


def checks_nothing_to_do(place: Clone, scale: str) -> None:
    """Snakemake and DVC agree that all is there."""
    assert NOTHING in place.run(f"snakemake {options(scale)} -n")
    assert json.loads(place.run("dvc status --json")) == {}


def options(scale: str) -> str:
    """What a user of plain Snakemake gives it."""
    return f"--profile workflow/profiles/default --configfile workflow/scales/{scale}.yaml --nocolor"


def pulled(source: Path, folder: Path, scale: str, transcript: Transcript) -> Clone:
    """A fresh clone with all results and nothing to do."""
    place = clone(source, folder, transcript)
    place.run("dvc pull")
    checks_nothing_to_do(place, scale)
    return place


def expected_runs(scale: str) -> set[str]:
    """The runs of the changed system."""
    params = scale_params(scale, [])
    return {run.id for run in needed_runs(params, load_paper("iass")) if run.system == SYSTEM}


def by_snakemake(place: Clone, scale: str) -> None:
    """The change followed by Snakemake: exactly the runs of the system, their scores and what shows them."""
    before = files(place, scale)
    place.write(PAPER, OLD, NEW)
    place.run(f"reprosep reproduce {scale}")
    checks_what_was_made(place, scale, before)
    place.run(f"reprosep record {scale}")
    shown = place.run("dvc metrics diff HEAD")
    assert "table-1" in shown, "dvc metrics diff does not show the change"
    place.run("git add -A && git commit -q -m 'Half of the weight'")
    checks_nothing_to_do(place, scale)


def by_dvc(place: Clone, scale: str) -> None:
    """The same change followed by `dvc repro`."""
    before = files(place, scale)
    place.write(PAPER, OLD, NEW)
    told = place.run("dvc repro")
    started = {line.split("'")[1] for line in told.splitlines() if line.startswith("Running stage '")}
    trained = {name.removeprefix("train@") for name in started if name.startswith("train@")}
    assert trained == expected_runs(scale), trained
    assert started - {f"train@{run}" for run in trained} == {"scores", "papers-iass", "report"}, started
    checks_what_was_made(place, scale, before)
    assert "table-1" in place.run("dvc metrics diff HEAD")
    checks_nothing_to_do(place, scale)


def files(place: Clone, scale: str) -> dict[str, str]:
    """Checksums of weights and scores, and of what belongs to corpora; dates will not do, DVC gives new ones."""
    results = place.folder / "results" / scale
    found = [*results.glob("runs/*/best.safetensors"), *results.glob("scores/*.parquet"), *results.glob("m*/**/*.*")]
    return {str(path.relative_to(results)): sha256(path) for path in found if path.is_file()}


def checks_what_was_made(place: Clone, scale: str, before: dict[str, str]) -> None:
    """Weights and scores of the system's runs are others, all the rest is what it was."""
    after = files(place, scale)
    assert after.keys() == before.keys()
    made = {name for name, content in after.items() if content != before[name]}
    wanted = expected_runs(scale)
    expected = {f"runs/{run}/best.safetensors" for run in wanted}
    expected |= {f"scores/{run}{kind}.parquet" for run in wanted for kind in ("", ".activity")}
    assert made == expected, made ^ expected
    place.transcript.say(f"made anew: {len(made)} of {len(after)} files, those of {', '.join(sorted(wanted))}")


def metrics(place: Clone) -> object:
    """What `dvc metrics show` says."""
    return json.loads(place.run("dvc metrics show --json"))


def goes_back(place: Clone, scale: str) -> None:
    """The older revision with its results: nothing to do there either, and nothing on the way back."""
    for revision in ("HEAD~1", "main"):
        place.run(f"git checkout -q {revision}")
        place.run("dvc checkout -q")
        checks_nothing_to_do(place, scale)


if __name__ == "__main__":
    sys.exit(main())
