"""Steps in an image, or in an environment of conda's: its programs are called, with the code of the project.

Apptainer and conda are stood in for by scripts that do what Snakemake asks of them with the folders of this machine.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from project import SCALE, copy_project, environment, python_of, snakemake

TARGET = "results/smoke/mm/recordings.json"
STEP = """#!/bin/sh
# The image's own reprosep: tells with what it was called, and makes the file.
echo "$0|$1|$REPROSEP_PARAMS|$PYTHONPATH" >>told
mkdir -p results/smoke/mm && echo '{}' >results/smoke/mm/recordings.json
"""
APPTAINER = """#!/bin/sh
# "exec [options] IMAGE sh -c COMMAND" with the programs of the image; "--version".
[ "$1" != --version ] || { echo "apptainer version 1.3.0"; exit 0; }
while [ "$1" != sh ] && [ "$1" != bash ]; do image=$1; shift; done
echo "image $image" >>told
PATH=@image@:/usr/bin:/bin exec "$@"
"""
CONDA = """#!/bin/sh
# "info --json", "--version", "config", and "env create ... --file FILE --prefix FOLDER".
case "$*" in
info*) echo '{"conda_prefix": "@base@", "root_prefix": "@base@", "platform": "linux-64", "channels": []}' ;;
--version) echo "conda 25.1.0" ;;
env*create*)
    while [ $# -gt 0 ]; do
        case $1 in
        --file=*) file=${1#*=} ;;
        --file) file=$2 ;;
        --prefix=*) folder=${1#*=} ;;
        --prefix) folder=$2 ;;
        esac
        shift
    done
    cp "$file" made.yaml && mkdir -p "$folder/bin" && cp @image@/reprosep @image@/python "$folder/bin/" ;;
*) echo '{"get": {"channel_priority": "strict"}}' ;;
esac
"""


def script(path: Path, text: str, **places: Path) -> None:
    for name, place in places.items():
        text = text.replace(f"@{name}@", str(place))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, with programs in `machine` before all others, and those of an image in `image`."""
    folder = copy_project(tmp_path / "project")
    script(tmp_path / "image/reprosep", STEP)
    script(tmp_path / "image/python", '#!/bin/sh\necho "python $*" >>told\n')
    return folder


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Snakemake with the programs of `machine` first; what is no option of its profile comes as it is."""
    found = environment(project)
    found["PATH"] = f"{project.parent / 'machine'}{os.pathsep}{found['PATH']}"
    command = [
        str(python_of(project)),
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--nocolor",
        "--configfile",
        SCALE,
        *arguments,
    ]
    return subprocess.run(
        [*command, "--", TARGET], cwd=project, env=found, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False
    )


def told(project: Path) -> list[str]:
    return (project / "told").read_text().splitlines()


def test_steps_run_in_the_image_with_the_code_of_the_project(project: Path) -> None:
    script(project.parent / "machine/apptainer", APPTAINER, image=project.parent / "image")
    (project / "reprosep.sif").touch()
    (project / "image.yaml").write_text("machine: {container: reprosep.sif}\n")
    answer = run(project, "image.yaml", "--sdm", "apptainer")
    assert answer.returncode == 0, answer.stdout
    image, step = told(project)
    assert image == "image reprosep.sif"
    program, verb, params, sources = step.split("|")
    assert program == str(project.parent / "image/reprosep") and verb == "recordings"
    assert (project / params).is_file()
    assert sources.split(":")[0] == str(project / "src")


def test_without_an_image_steps_run_as_ever(project: Path) -> None:
    """Also where Snakemake is told to use images: the parameter is empty."""
    script(project.parent / "machine/apptainer", APPTAINER, image=project.parent / "image")
    answer = run(project, "--sdm", "apptainer", "--dry-run")
    assert answer.returncode == 0, answer.stdout
    assert not (project / "told").exists()


def test_an_environment_of_conda_is_made_from_its_file_and_script(project: Path) -> None:
    base, image = project.parent / "conda", project.parent / "image"
    script(project.parent / "machine/conda", CONDA, base=base, image=image)
    (base / "bin").mkdir(parents=True)
    (base / "bin/activate").write_text('PATH="$1/bin:$PATH"\n')
    answer = run(project, "--sdm", "conda")
    assert answer.returncode == 0, answer.stdout
    assert (project / "made.yaml").read_text() == (project / "envs/conda.yaml").read_text()
    *installed, step = told(project)
    assert [line.split()[:4] for line in installed] == [["python", "-m", "pip", "install"]] * 3
    assert "envs/requirements.lock" in installed[1] and installed[2].endswith("-e .")
    program, verb, _, sources = step.split("|")
    assert Path(program).parent.parent.parent == project / ".snakemake/conda" and verb == "recordings"
    assert sources.split(":")[0] == str(project / "src")


def test_the_environment_of_conda_names_no_path(project: Path) -> None:
    """Snakemake makes it from a copy in another folder."""
    text = (project / "envs/conda.yaml").read_text()
    listed = [line for line in text.splitlines() if line.startswith("  - ")]
    assert listed and not [line for line in listed if "/" in line or "requirements" in line or "pip:" in line]


def test_an_image_that_is_none_ends_the_plan_with_one_sentence(project: Path) -> None:
    (project / "image.yaml").write_text("machine: {container: 'ubuntu:22.04'}\n")
    answer = snakemake(project, "-n", "--configfile", SCALE, "image.yaml")
    assert answer.returncode
    assert (
        "machine.container: found 'ubuntu:22.04', expected docker://registry/name:tag, the path of a .sif"
        in answer.stdout
    )
