"""Ten disturbances: nothing is lost, what is wrong is one clear sentence, and the next run finishes.

    python tests/life/disturbances.py --limit 2400 [--folder a finished and recorded smoke run] [--only name …]

Each works in a copy of the same finished clone. Mounting a small or a read-only disk needs root; without it these two
say so and are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clones import Clone, Transcript
from openssh import openssh
from parameters import finished

SCALE = "workflow/scales/smoke.yaml"
SNAKEMAKE = f"snakemake --profile workflow/profiles/default --configfile {SCALE} --nocolor"
NOTHING = "Nothing to be done"
RESULTS = Path("results/smoke")


def main() -> int:
    """Go through them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=float, default=2400, help="seconds after which it gives up")
    parser.add_argument("--folder", type=Path, help="a clone in which the smoke scale is finished and recorded")
    parser.add_argument("--only", nargs="*", default=[], help="names of functions")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the moments of interruption")
    chosen = parser.parse_args()
    transcript = Transcript(chosen.limit)
    transcript.say(f"seed {chosen.seed}")
    random.seed(chosen.seed)
    with tempfile.TemporaryDirectory() as temporary:
        base = Clone(chosen.folder.resolve(), transcript) if chosen.folder else finished(Path(temporary), transcript)
        for disturb in DISTURBANCES:
            if not chosen.only or disturb.__name__ in chosen.only:
                disturbed(disturb, base, Path(temporary) / disturb.__name__)
    transcript.say("everything holds")
    return 0


def disturbed(disturb: Callable[[Clone], None], base: Clone, folder: Path) -> None:
    """One disturbance in a copy of its own, removed at the end."""
    base.transcript.say(f"==== {disturb.__doc__}")
    shutil.copytree(base.folder, folder, symlinks=True)
    try:
        disturb(Clone(folder, base.transcript))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- what they have in common ------------------------------------------------------------------------------------


def is_whole(place: Clone) -> None:
    """Snakemake has nothing to do, and DVC finds every file as recorded."""
    assert NOTHING in place.run(f"{SNAKEMAKE} -n"), "Snakemake has something to do"
    assert json.loads(place.run("dvc status --json")) == {}, "dvc status is not clean"


def told(output: str, *words: str) -> None:
    """One sentence and no traceback."""
    assert "Traceback" not in output, "a traceback"
    for word in words:
        assert word in output, f"not told: {word}"


def start(place: Clone, command: str) -> subprocess.Popen[str]:
    """A command in the background, in a group of its own as in a terminal."""
    place.transcript.say(f"{place.folder.name}$ {command} &")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(
        command, shell=True, cwd=place.folder, env=place.environment, start_new_session=True, **pipes
    )


def end(place: Clone, process: subprocess.Popen[str]) -> str:
    """What it printed until its end."""
    output = process.communicate(timeout=place.transcript.left())[0]
    place.transcript.answer(output)
    return output


def tables(place: Clone) -> dict[str, bytes]:
    paths = (place.folder / RESULTS / "papers/iass").glob("table-*.csv")
    return {path.name: path.read_bytes() for path in paths}


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A file system in place of a folder while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *options, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def is_root(place: Clone) -> bool:
    if os.geteuid() == 0:
        return True
    place.transcript.say("left out: mounting needs root")
    return False


# ---- the disturbances --------------------------------------------------------------------------------------------


def disk_full(place: Clone) -> None:
    """The disk is full: of a step's results, then of DVC's cache."""
    if not is_root(place):
        return
    papers, kept = place.folder / RESULTS / "papers", place.folder / "kept"
    shutil.copytree(papers, kept)
    with mounted(papers, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        told(place.run("reprosep reproduce smoke", 2), "the disk is full; free some space", "is kept")
    assert is_same_tree(papers, kept), "something was lost"
    (place.folder / RESULTS / "report.html").unlink()
    place.run("reprosep reproduce smoke")
    shutil.rmtree(kept)
    cache = place.folder / ".dvc/cache"
    shutil.rmtree(cache)
    with mounted(cache, "-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        told(place.run("reprosep record smoke", 2), "No space left on device")
    place.run("reprosep record smoke")
    is_whole(place)


def is_same_tree(one: Path, other: Path) -> bool:
    return subprocess.run(["diff", "-rq", one, other], capture_output=True, check=False).returncode == 0


def read_only_cache(place: Clone) -> None:
    """DVC's cache cannot be written."""
    if not is_root(place):
        return
    cache = place.folder / ".dvc/cache"
    place.write("params.yaml", "alpha: 0.05 ", "alpha: 0.06 ")
    place.run("reprosep reproduce smoke")
    with mounted(cache, "--bind", str(cache)):
        subprocess.run(["mount", "-o", "remount,ro,bind", cache], check=True)
        told(place.run("reprosep record smoke", 2), "Read-only file system")
    place.run("reprosep record smoke")
    is_whole(place)


def remote_gone(place: Clone) -> None:
    """The remote goes away in the middle of a push."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with openssh(folder / "ssh") as server:
            place.run(f"dvc remote add -f -d storage {server.url(folder / 'storage')}")
            place.run(f"dvc remote modify storage keyfile {server.key}")
            pushing = start(place, "dvc push --jobs 1")
            while pushing.poll() is None and pushed(folder) < 5:
                time.sleep(0.01)
            server.stop()
            output = end(place, pushing)
            assert pushing.returncode, "the push ended before the server was taken away"
            told(output, "ERROR")
            before = pushed(folder)
        with openssh(folder / "ssh", server.port):
            place.run("dvc push")
            assert pushed(folder) > before
            assert json.loads(place.run("dvc status --cloud --json")) == {}


def pushed(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "storage").rglob("*"))


def corrupted_cache(place: Clone) -> None:
    """A file of DVC's cache is corrupted, and the result that it holds is gone."""
    with tempfile.TemporaryDirectory() as temporary:
        place.run(f"dvc remote add -f -d storage {temporary} && dvc push -q")
        weights = RESULTS / "runs/mm_bass_iass_s42/best.safetensors"
        content = (place.folder / weights).read_bytes()
        (place.folder / weights).unlink()
        (cached,) = (p for p in (place.folder / ".dvc/cache").rglob("*") if p.is_file() and p.read_bytes() == content)
        cached.chmod(0o644)
        cached.write_bytes(b"broken")
        told(place.run(f"dvc checkout {weights}", None))
        if (place.folder / weights).exists():  # DVC believes its cache, Snakemake's records do not
            assert "not as it was made" in place.run(f"{SNAKEMAKE} -n")
            assert json.loads(place.run("dvc status --json")), "dvc status is clean"
            (place.folder / weights).unlink()
        place.run(f"dvc pull {weights}")
        assert (place.folder / weights).read_bytes() == content
        is_whole(place)


def altered_result(place: Clone) -> None:
    """A result is altered: noticed by both, and made anew as it was."""
    weights = place.folder / RESULTS / "runs/mm_bass_iass_s42/best.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + b"\0\0\0\1")
    assert "not as it was made" in place.run(f"{SNAKEMAKE} -n")
    assert "train@mm_bass_iass_s42" in json.loads(place.run("dvc status --json"))
    place.run("dvc repro")
    assert weights.read_bytes() == content
    is_whole(place)


def two_repros(place: Clone) -> None:
    """Two `dvc repro` at once."""
    place.write("params.yaml", "alpha: 0.05 ", "alpha: 0.06 ")
    first, second = start(place, "dvc repro"), start(place, "dvc repro")
    outputs = [end(place, process) for process in (first, second)]
    refused = [text for text, process in zip(outputs, (first, second), strict=True) if process.returncode]
    for text in refused:
        told(text, "ERROR")
    assert len(refused) < 2, "neither finished"
    place.run("dvc repro")
    is_whole(place)


def two_snakemakes(place: Clone) -> None:
    """Two Snakemakes at once: plain ones, and the project's command, which waits."""
    place.write("params.yaml", "alpha: 0.05 ", "alpha: 0.06 ")
    first = start(place, SNAKEMAKE)
    while not any((place.folder / ".snakemake/locks").iterdir()) and first.poll() is None:
        time.sleep(0.02)
    assert "cannot be locked" in place.run(SNAKEMAKE, None)
    waiting = start(place, "reprosep reproduce smoke")
    end(place, first)
    told(end(place, waiting), "waiting for it to end", "nothing to be done")
    assert (first.returncode, waiting.returncode) == (0, 0)
    place.run("reprosep record smoke")
    is_whole(place)


def clock_skew(place: Clone) -> None:
    """The clocks of two machines differ: dates of results lie in the future and far back, in no order."""
    for path in (place.folder / "results").rglob("*"):
        date = time.time() + random.uniform(-1e8, 1e5)
        os.utime(path, (date, date))
    is_whole(place)


def deleted_intermediate(place: Clone) -> None:
    """Intermediate files are deleted: an index that nobody needs now, and an array that its index stands for."""
    arrays = sorted((place.folder / RESULTS / "mm/audio").glob("*.npy"))
    dates = {path.name: path.stat().st_mtime_ns for path in arrays[1:]}
    content = arrays[0].read_bytes()
    arrays[0].unlink()
    assert "not as it was made" in place.run(f"{SNAKEMAKE} -n")
    place.run("reprosep reproduce smoke")
    assert arrays[0].read_bytes() == content
    assert dates == {path.name: path.stat().st_mtime_ns for path in arrays[1:]}, "other songs were decoded again"
    place.run("reprosep record smoke")
    is_whole(place)
    (place.folder / RESULTS / "mm/activity/index.parquet").unlink()
    assert NOTHING in place.run(f"{SNAKEMAKE} -n")
    place.run("dvc repro")
    is_whole(place)


def edited_parameters(place: Clone) -> None:
    """params.yaml is edited while a run works: it ends with what was planned, and the edit is noticed afterwards."""
    place.write("params.yaml", "alpha: 0.05 ", "alpha: 0.06 ")
    running = start(place, "reprosep reproduce smoke")
    time.sleep(random.uniform(3, 6))
    place.write("params.yaml", "alpha: 0.06 ", "alpha: 0.07 ")
    place.write("params.yaml", "slope: 20.0 ", "slope: twenty ")
    end(place, running)
    assert running.returncode == 0
    told(place.run(f"{SNAKEMAKE} -n", None), "activity.slope")
    place.write("params.yaml", "slope: twenty ", "slope: 20.0 ")
    assert "claims_iass" in place.run(f"{SNAKEMAKE} -n")
    place.write("params.yaml", "alpha: 0.07 ", "alpha: 0.06 ")
    place.run("reprosep record smoke")
    is_whole(place)


def interrupted(place: Clone) -> None:
    """Ctrl-C at random moments of `dvc repro`, then of `reprosep reproduce`; the result is that without it."""
    kept = tables(place)
    for path in (place.folder / RESULTS / "runs").glob("mm_bass_*"):
        shutil.rmtree(path)
    (place.folder / RESULTS / "report.html").unlink()
    for command in ("dvc repro", "reprosep reproduce smoke", "dvc repro"):
        running = start(place, command)
        time.sleep(random.uniform(2, 25))
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGINT)
        end(place, running)
    place.run("dvc repro")
    assert tables(place) == kept, "the tables are others"
    is_whole(place)


DISTURBANCES: list[Callable[[Clone], None]] = [
    disk_full,
    read_only_cache,
    remote_gone,
    corrupted_cache,
    altered_result,
    two_repros,
    two_snakemakes,
    clock_skew,
    deleted_intermediate,
    edited_parameters,
    interrupted,
]

if __name__ == "__main__":
    sys.exit(main())
