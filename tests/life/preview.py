"""The scale `preview` as on somebody's first day: from the download to the report, with the time of every step.

    python tests/life/preview.py --limit 5400 [--folder FOLDER]

MUSDB18-7 is what it is not: 144 stems files of seven seconds with stand-in music in its very layout, zipped and served
on the loopback, where the registry of this copy of the project looks for it. A second start must find nothing to do.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml
from clones import Clone, Transcript
from musdb7 import COUNTS, archive
from project import copy_project

from loopback import Server, entry_of
from reprosep.claims.table import ALL_TARGETS
from reprosep.report.provenance_table import step_times

RESULTS = Path("results/preview")
MOST_SECONDS = 3600  # on two cores, the download apart
TABLES = ("iass/table-1", "iass/table-2", "munet/table-1", "munet/table-2", "munet/table-3", "munet/table-4")


def main() -> int:
    """Go through it in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=5400, help="seconds after which it gives up")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder, removed at the end")
    chosen = parser.parse_args()
    transcript = Transcript(chosen.limit)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).resolve()
        live(folder, transcript)
    transcript.say("everything holds")
    return 0


def live(folder: Path, transcript: Transcript) -> None:
    """Serve the archive, and reproduce the scale from there."""
    place = Clone(copy_project(folder / "project"), transcript)
    (folder / "archive").mkdir(parents=True, exist_ok=True)
    content = archive(folder / "archive", COUNTS, os.cpu_count() or 1).read_bytes()
    transcript.say(f"{sum(COUNTS.values())} stems files in an archive of {len(content) / 1e6:.0f} MB")
    server = Server()
    register(place.folder, content, server)
    os.environ["NO_PROXY"] = "127.0.0.1"
    place.run(
        "snakemake --profile workflow/profiles/default --configfile workflow/scales/preview.yaml -n --quiet rules"
    )
    began, load = time.monotonic(), os.getloadavg()
    place.run("reprosep reproduce preview")
    seconds = time.monotonic() - began
    transcript.say(
        f"from start to report in {seconds / 60:.1f} min; load before {load[0]:.1f}, now {os.getloadavg()[0]:.1f}"
    )
    show(place.folder / RESULTS, transcript)
    assert server.sent == len(content), "it was not downloaded from the server, once"
    assert "nothing to be done" in place.run("reprosep reproduce preview")
    assert seconds <= MOST_SECONDS, f"{seconds:.0f} s, expected an hour at most"
    server.shutdown()


def register(project: Path, content: bytes, server: Server) -> None:
    """Let the registry of a copy of the project look for the archive at the server."""
    path = project / "workflow/corpora/musdb18-7.yaml"
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    name = entry["archives"][0]["name"]
    entry["archives"] = [entry_of(name, content, [server.serve(f"/{name}", content)])]
    path.write_text(yaml.safe_dump(entry, sort_keys=False), encoding="utf-8")


def show(results: Path, transcript: Transcript) -> None:
    """Times of the steps, the first lines of the tables, the verdicts."""
    steps = pd.DataFrame(step_times(results)).round(1)
    transcript.say("seconds of every step, summed over its jobs")
    print(steps.to_string(index=False), flush=True)
    for name in TABLES:
        table = pd.read_csv(results / "papers" / f"{name}.csv")
        transcript.say(f"{name}: {len(table)} cells, {int(table['reproduced'].notna().sum())} with a value")
        print(table[["row", "column", "metric", "published", "reproduced", "songs"]].head(4).to_string(index=False))
    for paper in ("iass", "munet"):
        claims = pd.read_csv(results / "papers" / paper / "claims.csv")
        own = claims[claims["target"] == ALL_TARGETS]
        for who, rows in own.groupby("asked_by"):
            transcript.say(f"{paper}, asked by {who}: {rows['verdict'].value_counts().to_dict()}")


if __name__ == "__main__":
    sys.exit(main())
