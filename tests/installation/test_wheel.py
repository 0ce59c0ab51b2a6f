"""The wheel, in environments that hold what it asks for and nothing else, and in a folder that is no clone.

An environment is a folder of links to the installed packages that an extra names, with all that these need; Python sees
no other. So a package that a verb imports and its extra does not name is a failure, without a download.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from packaging.requirements import Requirement

from bands import write_band
from conftest import Line
from published import RATE, open_unmix, save
from reprosep.base.project import read_yaml, repository
from synthetic import wave

CARRIED = ("params.yaml", "Snakefile", "workflow", "results-published", "CITATION.cff", "LICENSE")
MOST_MEGABYTES = 2
HEAVY = {"torch", "snakemake", "dvc", "museval", "mir_eval", "soxr"}
SETTINGS = '{"sample_rate": 8000, "nfft": 256, "nhop": 64, "nb_channels": 2}'


@dataclass
class Environment:
    """Packages of a wheel, and a working folder."""

    packages: Path
    folder: Path

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """A verb of the command line there; `-S` hides the packages that this test itself has."""
        command = [sys.executable, "-S", "-s", "-m", "reprosep.cli", *map(str, words)]
        own = {"PYTHONPATH": str(self.packages), "COLUMNS": "200", "NO_COLOR": "1", "HOME": str(self.folder)}
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return subprocess.run(command, cwd=self.folder, env=kept | own, capture_output=True, text=True, check=False)

    def does(self, *words: object) -> str:
        """What a verb prints that ends well."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def says(self, *words: object) -> str:
        """The one sentence of a verb that a user can help."""
        done = self.run(*words)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        return done.stderr.strip().splitlines()[-1].removeprefix("reprosep: ")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "project"
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", *CARRIED, "src"):
        copy = shutil.copytree if (repository() / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(repository() / name, source / name)
    words = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "-w",
        str(folder),
        str(source),
    ]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def closure(wheel: Path, extras: set[str]) -> set[str]:
    """All distributions of the wheel with some extras."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        lines = archive.read(name).decode().splitlines()
    left = [(line.removeprefix("Requires-Dist: "), extras) for line in lines if line.startswith("Requires-Dist: ")]
    found: set[str] = set()
    while left:
        requirement, asked = left.pop()
        wanted = Requirement(requirement)
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *asked}):
            continue
        if wanted.name == "reprosep":
            left += [(line.removeprefix("Requires-Dist: "), wanted.extras) for line in lines if "extra ==" in line]
        elif (key := f"{wanted.name}[{','.join(sorted(wanted.extras))}]") not in found:
            found.add(key)
            left += [(inner, wanted.extras) for inner in metadata.distribution(wanted.name).requires or []]
    return {key.partition("[")[0] for key in found}


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Environment]:
    """Makes an environment of the wheel with some extras."""

    def make(*extras: str) -> Environment:
        folder = tmp_path_factory.mktemp("_".join(["env", *extras]))
        packages = folder / "packages"
        zipfile.ZipFile(wheel).extractall(packages)
        for name in closure(wheel, set(extras)):
            distribution = metadata.distribution(name)
            for top in {
                file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")
            }:
                if not (packages / top).exists():
                    (packages / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
        (folder / "empty").mkdir()
        return Environment(packages, folder / "empty")

    return make


@pytest.fixture(scope="module")
def plain(environment: Callable[..., Environment]) -> Environment:
    return environment()


@pytest.fixture(scope="module")
def separating(environment: Callable[..., Environment]) -> Environment:
    return environment("separate")


@pytest.fixture(scope="module")
def whole(environment: Callable[..., Environment]) -> Environment:
    return environment("all")


def song(folder: Path, name: str = "song") -> Path:
    for number, target in enumerate(("vocals", "drums")):
        path = folder / name / f"{target}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(str(path), 0.3 * wave(target, number, 2.0, RATE, 2), RATE)
    return folder / name


# ---- what is in it -----------------------------------------------------------------------------------------------


def test_it_is_small_and_carries_the_project(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    carried = {name.removeprefix("reprosep/_project/") for name in names if name.startswith("reprosep/_project/")}
    assert {"params.yaml", "Snakefile", "workflow/Snakefile", "workflow/papers/iass.yaml"} <= carried
    assert {"workflow/corpora/musdb18-hq.yaml", "workflow/weights/umxhq.yaml", "workflow/rules/scores.smk"} <= carried
    assert not [name for name in names if "__pycache__" in name or name.endswith((".wav", ".parquet"))]
    assert wheel.stat().st_size < MOST_MEGABYTES * 2**20


def test_without_an_extra_it_brings_neither_torch_nor_snakemake(wheel: Path) -> None:
    assert not HEAVY & closure(wheel, set())
    assert "torch" in closure(wheel, {"separate"}) and "snakemake" not in closure(wheel, {"separate"})
    assert closure(wheel, {"all"}) >= HEAVY


# ---- without an extra --------------------------------------------------------------------------------------------


def test_evaluate(plain: Environment) -> None:
    for folder in ("references", "mine", "other"):
        song(plain.folder / folder)
    plain.does("evaluate", "references", "mine", "other", "--output", "scores", "--jobs", 2)
    assert (plain.folder / "scores/comparison.svg").is_file() and (plain.folder / "scores/summary.csv").is_file()
    for metric in ("v3", "si-sdr", "usdr"):
        plain.does("evaluate", "references", "mine", "--output", metric, "--metric", metric)


def test_metrics_from_python(plain: Environment) -> None:
    code = "from reprosep.metrics import bsseval_v4, si_sdr; from reprosep.metrics.drop_in import evaluate; print('ok')"
    command = [sys.executable, "-S", "-s", "-c", code]
    done = subprocess.run(command, env={"PYTHONPATH": str(plain.packages)}, capture_output=True, text=True, check=False)
    assert done.stdout == "ok\n", done.stderr


def test_doctor_and_get_know_the_registry(plain: Environment) -> None:
    (plain.folder / "musdb" / "train").mkdir(parents=True, exist_ok=True)
    found = plain.run("doctor", "musdb18-hq", "--root", "musdb")
    assert found.returncode == 1 and "Traceback" not in found.stderr and "musdb18-hq: 0 songs" in found.stdout
    told = plain.run("get", "medleydb-v1")
    assert told.returncode == 2 and "medleydb" in told.stderr.lower() and "Traceback" not in told.stderr
    assert plain.says("get", "no-such-corpus").startswith("unknown corpus or weights 'no-such-corpus'")


def test_little_verbs(plain: Environment) -> None:
    assert re.fullmatch(r"reprosep \d+\.\d+\.\d+\n", plain.does("--version"))
    assert plain.does("-h") == plain.does("--help")
    told = plain.does("info")
    assert "from a: wheel" in told and "[separate]: without" in told and "(the one in the wheel)" in told
    assert yaml.safe_load(plain.does("info", "--json"))["packages"]["torch"] == "not installed"
    for verb in ("evaluate", "cost", "publish"):
        assert f" {verb} [OPTIONS]" in plain.does(verb, "--help")


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["separate", "song.wav", "--weights", "umxhq"], "separate"),
        (["activity", "song.wav"], "separate"),
        (["get", "umxhq", "--from", "nowhere"], "separate"),
        (["render", "midi", "made"], "render"),
        (["cost"], "workflow"),
        (["report"], "workflow"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_verb_whose_extra_is_missing_says_what_brings_it(plain: Environment, words: list[str], extra: str) -> None:
    soundfile.write(str(plain.folder / "song.wav"), np.zeros((RATE, 2)), RATE)
    (plain.folder / "midi").mkdir(exist_ok=True)
    write_band(plain.folder / "midi" / "a.mid")
    assert plain.says(*words).endswith(f"`pip install 'reprosep[{extra}]'`")


def test_a_run_needs_a_project_and_then_its_extra(plain: Environment) -> None:
    assert "make a folder with `reprosep new FOLDER`" in plain.says("reproduce", "demo")
    plain.does("new", "project")
    inside = Environment(plain.packages, plain.folder / "project")
    assert inside.says("reproduce", "smoke").endswith("`pip install 'reprosep[workflow]'`")


# ---- with extras -------------------------------------------------------------------------------------------------


def test_separate(separating: Environment) -> None:
    place = separating.folder
    (place / "mine").mkdir()
    (place / "mine" / "separator.json").write_text(SETTINGS)
    for number, target in enumerate(("vocals", "drums")):
        save(place / "mine" / f"{target}.pth", open_unmix(number))
    soundfile.write(str(place / "song.wav"), wave("vocals", 1, 2.0, RATE, 2), RATE)
    separating.does("separate", "song.wav", "--model-folder", "mine", "--output", "out", "--wiener", "--format", "flac")
    assert sorted(path.name for path in (place / "out").iterdir()) == ["drums.flac", "vocals.flac"]


def test_activity(separating: Environment, trained: Line) -> None:
    soundfile.write(str(separating.folder / "sung.wav"), wave("vocals", 1, 2.0, RATE, 1), RATE)
    run = trained.results / "runs" / "mm_vocals_iass_s42"
    separating.does("activity", "sung.wav", "--run", run, "--output", "told")
    assert sorted(path.suffix for path in (separating.folder / "told").iterdir()) == [".csv", ".png", ".txt"]


def test_render(environment: Callable[..., Environment]) -> None:
    rendering = environment("render")
    write_band(rendering.folder / "midi" / "a.mid")
    words = ["--songs", 1, "--fewest-notes", 10, "--sample-rate", 16000, "--workers", 1, "--splits", "leak-free"]
    rendering.does("render", "midi", "made", *words)
    assert list((rendering.folder / "made").rglob("mix.*"))


def test_a_new_project_is_planned_and_filled_in(whole: Environment) -> None:
    for name in ("Song A", "Song: B", 'Song "C"'):
        song(whole.folder / "recordings", name)
    whole.does("new", "mine", "--recordings", "recordings")
    own = read_yaml(whole.folder / "mine" / "own.yaml")
    assert own["corpora"]["musdb"]["roots"] == [str((whole.folder / "recordings").resolve())]
    assert own["corpora"]["musdb"]["split"] == {"test": ['Song "C"']}
    inside = Environment(whole.packages, whole.folder / "mine")
    scales = ["-p", "params.yaml", "-p", "workflow/scales/smoke.yaml", "-p", "own.yaml"]
    assert "iass: " in inside.does("check", *scales)
    assert "3 songs" in inside.run("doctor", *scales).stdout
    assert "is there and not empty" in whole.says("new", "mine")
    assert "no such folder" in whole.says("new", "other", "--recordings", "nowhere")
