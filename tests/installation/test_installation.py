"""What an installation decides before pip runs, and what it reads from pip."""

from __future__ import annotations

import io
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pip._vendor.distlib.scripts import ScriptMaker, enquote_executable

from reprosep.base.errors import UserError
from reprosep.base.project import repository
from reprosep.installation import torch_build
from reprosep.installation.display import Display
from reprosep.installation.environment import Environment
from reprosep.installation.lock import alone
from reprosep.installation.pip_errors import failure
from reprosep.installation.sets import Size
from reprosep.installation.space import room
from reprosep.installation.torch_build import CPU_INDEX, choose, parse_versions

RETRY = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
NONE = (
    "ERROR: Could not find a version that satisfies the requirement tabulate==0.10.0 (from versions: none)\n"
    "ERROR: No matching distribution found for tabulate==0.10.0\n"
)


# ---- pip's words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: 2.11.0, "
            "2.12.1, 2.13.0, 2.14.0)\nERROR: No matching distribution found for torch==2.13.0+cpu\n",
            "pip's index has no torch==2.13.0+cpu for this Python and machine (it has 2.12.1, 2.13.0, 2.14.0)",
        ),
        (
            NONE,
            "pip's index has no tabulate==0.10.0 for this Python and machine (it has no version of it, or does not "
            "answer)",
        ),
        (
            f"{RETRY}'NameResolutionError(\"HTTPSConnection(host='pypi.example', port=443): Failed to resolve "
            f"'pypi.example' ([Errno -3] Temporary failure in name resolution)\")': /simple/tabulate/\n{NONE}",
            "tabulate==0.10.0 cannot be fetched: no connection to pypi.example; is there a network?",
        ),
        (
            f"{RETRY}'ProxyError('Cannot connect to proxy.', NewConnectionError('Connection refused'))': /simple/a/\n"
            f"{NONE}",
            "tabulate==0.10.0 cannot be fetched: the proxy (HTTPS_PROXY or pip's own) does not answer",
        ),
        (
            f"{RETRY}'ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Proxy "
            f"Authentication Required'))': /simple/tabulate/\nhttps://pypi.example/simple\n{NONE}",
            "pypi.example answered 407 when tabulate==0.10.0 was fetched; the proxy wants a login",
        ),
        (
            f"{RETRY}'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'"
            f"))': /simple/tabulate/\nhost='pypi.example'\n{NONE}",
            "the certificate of pypi.example is not trusted while tabulate==0.10.0 was fetched; behind a proxy that "
            "reads the traffic, set PIP_CERT to its certificate",
        ),
        (
            "Collecting torch==2.13.0\n  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (526.8 MB)\n"
            "ERROR: Exception:\nurllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(1048576 bytes "
            "read, 525751296 more expected)')\n",
            "the connection was cut while torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl was fetched",
        ),
        (
            "Collecting scipy==1.17.1\n  Downloading scipy-1.17.1-cp311-cp311-manylinux.whl (35 MB)\nERROR: Could not "
            "install packages due to an OSError: [Errno 28] No space left on device\n",
            "no space left on device while scipy-1.17.1-cp311-cp311-manylinux.whl was installed; make space",
        ),
        (
            "Collecting six==1.17.0\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n",
            "six==1.17.0 arrived damaged (checksum or archive is wrong)",
        ),
        (
            "Collecting immutables==0.21\n  Building wheel for immutables (pyproject.toml): started\n  error: "
            "subprocess-exited-with-error\n      error: command 'gcc' failed: No such file or directory\n  ERROR: "
            "Failed building wheel for immutables\nERROR: Failed to build installable wheels for some pyproject.toml "
            "based projects (immutables)\n",
            "immutables has no ready-made package for this Python and machine and could not be built: error: command "
            "'gcc' failed: No such file or directory",
        ),
        (
            "ERROR: Cannot install numpy==1.0 and scipy==1.17.1 because these package versions have conflicting "
            "dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n",
            "the pinned versions do not go together: numpy==1.0 and scipy==1.17.1",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/srv/.venv/lib/a.py'\n"
            "Check the permissions.\n",
            "/srv/.venv/lib/a.py: permission denied",
        ),
        (
            "Configuration file could not be loaded.\nWhile reading from '/root/pip.conf': section 'global' exists\n",
            "pip failed: While reading from '/root/pip.conf': section 'global' exists",
        ),
        ("", "pip failed: it ended with 2 and without a word"),
    ],
)
def test_a_failed_pip_is_one_sentence(output: str, sentence: str) -> None:
    assert failure(output, 2).sentence == sentence


def test_what_may_succeed_is_tried_again() -> None:
    assert failure("ERROR: Connection broken: IncompleteRead\n", 2).again
    damaged = failure("zipfile.BadZipFile: Bad CRC-32\n", 2)
    assert damaged.again and damaged.afresh
    assert not failure(NONE, 1).again
    assert failure("", -9).sentence == "pip was ended by signal 9 (too little memory?)"


def test_a_mended_connection_is_not_the_reason() -> None:
    output = f"{RETRY}'NewConnectionError()': /simple/a/\n" + NONE.replace("none)", "0.8.0, 0.9.0)")
    assert "it has 0.8.0, 0.9.0" in failure(output, 1).sentence


# ---- torch -----------------------------------------------------------------------------------------------------------


def offered(here: list[str], small: list[str]) -> dict[str, list[str]]:
    return {"": here, CPU_INDEX: small}


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build, "nvidia_sign", lambda: "")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("here", "small", "kind", "index"),
    [
        (["2.14.0", "2.13.0"], ["2.13.0+cpu"], "cpu", CPU_INDEX),
        (["2.14.0", "2.13.0"], [], "cuda", ""),  # not reachable
        (["2.14.0", "2.13.0"], ["2.14.0+cpu"], "cuda", ""),  # has another version alone
        (["2.13.0+cpu", "2.13.0"], [], "cpu", ""),  # a mirror of the user's
    ],
)
def test_without_a_gpu_the_small_build_where_it_is_to_be_had(
    here: list[str], small: list[str], kind: str, index: str
) -> None:
    build = choose("auto", "2.13.0", offered(here, small).__getitem__)
    assert (build.kind, build.index) == (kind, index)
    assert build.why


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("sign", ["GPU", "Slurm"])
def test_with_a_gpu_or_on_a_cluster_the_build_with_cuda(monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    if sign == "GPU":
        monkeypatch.setattr(torch_build, "nvidia_sign", lambda: "/dev/nvidia0")
    else:
        monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/sbatch" if name == "sbatch" else None)
    build = choose("auto", "2.13.0", offered(["2.13.0"], ["2.13.0+cpu"]).__getitem__)
    assert (build.kind, build.index) == ("cuda", "")


@pytest.mark.usefixtures("no_gpu")
def test_the_users_index_is_used_or_is_an_error() -> None:
    mirror = {"": ["2.13.0"], "https://a": ["2.13.0+cu126"], "https://b": []}
    assert choose("", "2.13.0", mirror.__getitem__).index == ""
    assert choose("https://a", "2.13.0", mirror.__getitem__).kind == "cuda"
    with pytest.raises(UserError, match="TORCH_INDEX=https://b does not answer"):
        choose("https://b", "2.13.0", mirror.__getitem__)


def test_versions_are_read() -> None:
    assert parse_versions("torch (2.13.0+cpu)\nAvailable versions: 2.13.0+cpu, 2.12.0+cpu\n")[0] == "2.13.0+cpu"
    assert parse_versions("ERROR: No matching distribution found for torch\n") == []


# ---- space -----------------------------------------------------------------------------------------------------------


def test_too_little_space_is_told_before_anything_starts(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    with pytest.raises(UserError, match=r"needs 9.5 GB free \(6.5 GB to stay, 3.0 GB of downloads .* 700 MB are"):
        room(tmp_path / ".venv", None, Size(3000, 6500, 1), {device: 700})


def test_pips_cache_is_used_where_it_fits(tmp_path: Path) -> None:
    device, size = tmp_path.stat().st_dev, Size(100, 400, 1)
    assert not room(tmp_path / ".venv", tmp_path / "cache" / "pip", size, {device: 599}).cache
    assert room(tmp_path / ".venv", tmp_path / "cache" / "pip", size, {device: 600}).cache
    assert not room(tmp_path / ".venv", None, size, {device: 600}).cache


# ---- .venv -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / ".venv"
    Environment(folder).make()
    return folder


def test_a_good_one_stays(made: Path) -> None:
    assert Environment(made).unusable(keep_python=False) == ""
    assert Environment(made).mend() == 0


def test_a_link_to_a_good_one_stays(made: Path, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(made)
    assert Environment(tmp_path / ".venv").unusable(keep_python=False) == ""
    with pytest.raises(UserError, match="is a link to"):
        Environment(tmp_path / ".venv").remove()


def test_a_moved_one_is_found(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / ".venv", symlinks=True)
    assert Environment(tmp_path / ".venv").unusable(keep_python=False) == "was made in another folder"


@pytest.mark.parametrize("gone", ["bin/python", "lib", "bin"])
def test_an_incomplete_one_is_found(made: Path, tmp_path: Path, gone: str) -> None:
    shutil.copytree(made, tmp_path / ".venv", symlinks=True)
    path = tmp_path / ".venv" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert Environment(tmp_path / ".venv").unusable(keep_python=False) == "is incomplete, or its Python is gone"


def test_one_of_another_python_is_made_anew_where_one_was_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have = sys.version_info[:2]
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert Environment(made).unusable(keep_python=False) == f"is of Python {have[0]}.{have[1]} and this is 3.99"
    assert Environment(made).unusable(keep_python=True) == ""


def test_packages_that_a_killed_pip_left_are_forgotten(tmp_path: Path) -> None:
    packages = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    for name, record in (("whole-1.dist-info", "a.py,,\nwhole-1.dist-info/INSTALLER,,\n"), ("half-1.dist-info", "")):
        (packages / name).mkdir(parents=True)
        (packages / name / "RECORD").write_text(record)
    (packages / "~alf").mkdir()
    environment = Environment(tmp_path / ".venv")
    assert environment.mend() == 1
    assert [entry.name for entry in packages.iterdir()] == ["whole-1.dist-info"]
    assert environment.version("whole") == "1"


# ---- one at a time ---------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from reprosep.installation.lock import alone
with alone(Path(sys.argv[1]), print):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_the_second_installation_waits_and_says_for_whom(tmp_path: Path) -> None:
    lock = tmp_path / ".venv.lock"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout and first.stdout.readline() == "holds\n"
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        first.kill()  # a lock ends with its process

    with alone(lock, tell):
        pass
    first.communicate()
    assert told == [f"another installation (process {first.pid}) works in this folder; waiting for it to end"]


# ---- progress --------------------------------------------------------------------------------------------------------

PIP = """\
Collecting torch==2.13.0 (from -r envs/requirements.lock (line 162))
  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (500.0 MB)
Progress 0 of 500000000
Progress 250000000 of 500000000
"""


def test_progress_on_paper_and_on_a_terminal() -> None:
    display = Display(1000, lambda: 7, io.StringIO())
    for line in PIP.splitlines():
        display.follow(line)
    assert display.line() == "  250 MB of about 1.0 GB, torch (500 MB)"
    display.moving = True
    assert display.line() == "  [######..................] 250 MB of about 1.0 GB, torch (500 MB)"
    display.follow("  Using cached six-1.17.0-py2.py3-none-any.whl (11 kB)")
    display.follow("Installing collected packages: six, torch")
    assert "unpacking: 0 of 2 packages" in display.line()
    display.close()
    assert display.downloaded == 500.0


# ---- which Python ----------------------------------------------------------------------------------------------------


def python_of(version: str, folder: Path, name: str = "python3") -> Path:
    """A program that calls itself Python of a version."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    supported = version in {"3.11", "3.12", "3.13"}
    path.write_text(f'#!/bin/sh\ncase "$2" in *exit*) exit {0 if supported else 1};; *) echo {version};; esac\n')
    path.chmod(0o755)
    return path


def ask(folder: Path, *named: str) -> subprocess.CompletedProcess[str]:
    script = repository() / "envs" / "python.sh"
    return subprocess.run(["/bin/sh", script, *named], env={"PATH": str(folder)}, capture_output=True, text=True)


def test_the_first_suitable_python_is_taken(tmp_path: Path) -> None:
    python_of("3.10", tmp_path)
    wanted = python_of("3.12", tmp_path, "python3.12")
    assert ask(tmp_path).stdout.strip() == str(wanted)


@pytest.mark.parametrize(
    ("version", "sentence"),
    [("3.10", "Python 3.10 is too old"), ("2.7", "Python 2.7 is too old"), ("3.14", "Python 3.14 is too new")],
)
def test_another_python_gets_a_sentence(tmp_path: Path, version: str, sentence: str) -> None:
    told = ask(tmp_path, str(python_of(version, tmp_path)))
    assert told.returncode == 2
    assert sentence in told.stderr and "install Python 3.11, 3.12 or 3.13" in told.stderr
    assert told.stderr.count("\n") == 1


def test_no_python_gets_a_sentence(tmp_path: Path) -> None:
    assert "there is no Python to run" in ask(tmp_path).stderr


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("sp ace/é'q [y] 100%", ""),
        ("plain", ""),
        ("sh'o(rt)[y]", ""),
        ('a "b"', '"'),
        ("a $b", "$"),
        ("a `b`", "`"),
        ("a \\b", "\\"),
        (f"{'l' * 120}'", "'"),
        ("l" * 120, ""),
    ],
)
def test_a_path_in_which_programs_would_not_start_is_told(name: str, sign: str) -> None:
    """A script is started in every folder that is not refused."""
    with tempfile.TemporaryDirectory() as short:
        folder = Path(short) / name / ".venv"
        if sign:
            with pytest.raises(UserError, match="with which programs that pip installs do not start"):
                Environment(folder).make()
            return
        script = folder / "bin" / "pip"
        script.parent.mkdir(parents=True)
        python = folder / "bin" / "python"
        python.symlink_to(sys.executable)
        maker = ScriptMaker(None, str(script.parent), add_launchers=False)
        maker.executable, maker.variants, maker.set_mode = enquote_executable(str(python)), {""}, True
        maker.make("pip = platform:python_version")
        answer = subprocess.run([script], capture_output=True, text=True, check=False)
        assert answer.stdout + answer.stderr == f"{platform.python_version()}\n"
