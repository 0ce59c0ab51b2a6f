"""What is added is all that is done: a song's own work and what aggregates it, a target's own trainings.

python tests/life/additions.py --limit 1200 [--folder a finished and recorded smoke run]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from clones import Clone, Transcript
from disturbances import RESULTS, SCALE, disturbed, is_whole
from parameters import finished


def main() -> int:
    """Add a song in one copy of a finished clone and a target in another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=1200, help="seconds after which it gives up")
    parser.add_argument("--folder", type=Path, help="a clone in which the smoke scale is finished and recorded")
    chosen = parser.parse_args()
    transcript = Transcript(chosen.limit)
    with tempfile.TemporaryDirectory() as temporary:
        base = Clone(chosen.folder.resolve(), transcript) if chosen.folder else finished(Path(temporary), transcript)
        for add in (a_song, a_target):
            disturbed(add, base, Path(temporary) / add.__name__)
    transcript.say("everything holds")
    return 0


def dates(place: Clone, pattern: str) -> dict[str, int]:
    """When the files of a pattern below the results were written."""
    results = place.folder / RESULTS
    return {str(path.relative_to(results)): path.stat().st_mtime_ns for path in results.glob(pattern)}


def curves(place: Clone) -> dict[str, str]:
    """What every training wrote of its epochs, their times among it."""
    return {path.parent.name: path.read_text() for path in (place.folder / RESULTS).glob("runs/*/epochs.csv")}


def new_or_changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    assert before.keys() <= after.keys(), "files are gone"
    return {name for name, date in after.items() if before.get(name) != date}


def a_song(place: Clone) -> None:
    """A song more: it alone is rendered, decoded and labelled; of trainings, those of its corpus follow."""
    patterns = ("mm/audio/*.npy", "mm/activity/*.npy", "musdb/**/*.*", "runs/*/best.safetensors")
    before = {pattern: dates(place, pattern) for pattern in patterns}
    sounds = place.folder / "resources"
    rendered = {path: path.stat().st_mtime_ns for path in sounds.rglob("*.wav")}
    place.write(SCALE, "standin: {songs: {all: 8}", "standin: {songs: {all: 9}")
    place.run("reprosep reproduce smoke")
    found = {pattern: new_or_changed(before[pattern], dates(place, pattern)) for pattern in patterns}
    assert len(found["mm/audio/*.npy"]) == len(found["mm/activity/*.npy"]) == 1, found
    assert not found["musdb/**/*.*"], found
    assert {name.split("/")[1].split("_")[0] for name in found["runs/*/best.safetensors"]} == {"mm"}, found
    written = [path for path in sounds.rglob("*.wav") if rendered.get(path) != path.stat().st_mtime_ns]
    songs = {path.relative_to(sounds).parts[:3] for path in written}  # corpus, split or Audio, song
    assert len(songs) == 1, f"rendered: {songs}"
    place.run("reprosep record smoke")
    is_whole(place)


def a_target(place: Clone) -> None:
    """A target more: one training of each of its systems, and no other.

    A job that has several trainings writes the files of all of them; the times in ``epochs.csv`` tell who was trained.
    """
    before = curves(place)
    place.write(SCALE, "targets: [vocals, bass]", "targets: [vocals, bass, drums]")
    place.run("reprosep stages smoke && dvc repro")
    trained = {run for run, curve in curves(place).items() if before.get(run) != curve}
    assert trained == {f"mm_drums_{system}_s42" for system in ("iass", "iass-no-labels", "open-unmix")}, trained
    is_whole(place)


if __name__ == "__main__":
    sys.exit(main())
