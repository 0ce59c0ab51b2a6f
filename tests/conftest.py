"""Tiny synthetic corpora, parameters of the smoke scale, and the steps of the line run on them."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, settings

from loopback import Server
from reprosep import cli
from reprosep.activity.notes import write_notes
from reprosep.activity.stems import write_activity
from reprosep.audio.store import read_table
from reprosep.claims.table import write_claims
from reprosep.corpora.catalog import write_catalog, write_examination
from reprosep.corpora.decoding import write_store
from reprosep.corpora.recordings import write_recordings
from reprosep.corpora.spectra import write_spectra
from reprosep.experiments.clips.needed import clips_needed
from reprosep.experiments.detectors.seconds import write_seconds
from reprosep.experiments.scorers import score
from reprosep.jobs.start import train
from reprosep.mixtures.clips import write_clips
from reprosep.mixtures.mixing import Mixer, write_mixtures
from reprosep.mixtures.source_songs import write_energies
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params, dump, merge
from reprosep.results.calibration import calibrate
from reprosep.results.figures import write_figures
from reprosep.results.spot_check import write_spot_check
from reprosep.results.tables import write_tables
from synthetic import make_folder, make_medleydb, make_musdb, make_params, make_split_slakh, own_corpus

CHANGE: dict[str, Any] = {"corpora": {"own": own_corpus()}}

torch.set_num_threads(1)
# No example is too slow on a machine that does something else too.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Ctrl-C is heard in the background, too: whoever starts the tests there takes it from them and their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs of the whole line first: whoever is free then takes the short tests, and all end together."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)


def of_paper(step: Callable[..., None], params: Params, name: str) -> None:
    """A step of a paper as the command line calls it."""
    step(params, load_paper(name), params.results, params.results / "papers" / name)


def clips(params: Params, corpus: str, target: str) -> None:
    """As many clips as the trainings take."""
    write_clips(params, corpus, target, clips_needed(params, corpus, target))


STEPS: dict[str, Callable[..., None]] = {
    "recordings": write_recordings,
    "examination": write_examination,
    "catalog": write_catalog,
    "store": write_store,
    "activity": write_activity,
    "notes": write_notes,
    "mixtures": write_mixtures,
    "clips": clips,
    "energies": write_energies,
    "seconds": write_seconds,
    "spectra": write_spectra,
    "train": train,
    "score": score,
    "calibrate": calibrate,
    "spot_check": partial(of_paper, write_spot_check),
    "tables": partial(of_paper, write_tables),
    "figures": partial(of_paper, write_figures),
    "claims": partial(of_paper, write_claims),
}


@dataclass
class Line:
    """A working folder with corpora and parameters, in which steps can be run."""

    folder: Path
    params: Params

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.params.scale

    def step(self, name: str, *arguments: Any) -> None:
        with contextlib.chdir(self.folder):
            STEPS[name](self.params, *arguments)

    def prepare(self, corpus: str) -> None:
        """Recordings to mixtures."""
        for name in ("recordings", "catalog", "store", "activity"):
            self.step(name, corpus, 1)
        self.step("mixtures", corpus)

    def write_params(self, path: Path | None = None) -> None:
        """The parameters as ``params.yaml`` in the folder, or as another file."""
        file = path or self.folder / "params.yaml"
        file.write_text(yaml.safe_dump(dump(self.params), sort_keys=False))

    def mixer(self, corpus: str) -> Mixer:
        folder = self.results / corpus
        return Mixer(self.params, corpus, read_table(folder / "catalog.parquet"), folder)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All synthetic corpora; to be read, not changed."""
    root = tmp_path_factory.mktemp("synthetic") / "recordings"
    make_musdb(root / "musdb")
    make_medleydb(root / "mm")
    make_folder(root / "own")
    for name in ("slakh", "flakh"):
        make_split_slakh(root / name)
    return root


@pytest.fixture(scope="session")
def prepared(recordings: Path) -> Line:
    """The corpora taken from recordings to mixtures; to be read, not changed."""
    line = Line(recordings.parent, make_params(CHANGE))
    for corpus in line.params.corpora:
        line.prepare(corpus)
    return line


@pytest.fixture(scope="session")
def trained(prepared: Line) -> Line:
    """The same line with two runs trained, one with an activity head and one without; to be read, not changed."""
    prepared.step("train", ["mm_vocals_iass_s42"])
    prepared.step("train", ["musdb_drums_open-unmix_s42"])
    return prepared


@pytest.fixture
def line(tmp_path: Path, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Line]:
    """Makes a line of one's own: copies of the named corpora, parameters with changes, working folder there."""

    def make(*corpora: str, change: dict[str, Any] | None = None) -> Line:
        for corpus in corpora:
            shutil.copytree(recordings / corpus, tmp_path / "recordings" / corpus)
        monkeypatch.chdir(tmp_path)
        made = Line(tmp_path, make_params(change if change is not None else CHANGE))
        made.write_params()
        return made

    return make


@pytest.fixture
def linked(tmp_path: Path, prepared: Line, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Line]:
    """Makes a line of one's own with other parameters for trainings and scores: the prepared corpora are linked."""

    def make(change: dict[str, Any]) -> Line:
        made = Line(tmp_path, make_params(merge(CHANGE, change)))
        made.results.mkdir(parents=True)
        (tmp_path / "recordings").symlink_to(prepared.folder / "recordings")
        for corpus in made.params.corpora:
            (made.results / corpus).symlink_to(prepared.results / corpus)
        monkeypatch.chdir(tmp_path)
        made.write_params()
        return made

    return make


@dataclass
class Answer:
    """What the command line answered."""

    status: int
    out: str
    err: str

    def sentence(self) -> str:
        """The one sentence on stderr; progress lines apart, nothing else may be there."""
        told = [line for line in self.err.splitlines() if not re.match(r"^[\w .-]+: \d+/\d+, ", line)]
        assert self.status == 2, f"exit status {self.status}; stderr: {self.err}"
        assert len(told) == 1 and told[0].startswith("reprosep: "), self.err
        return told[0].removeprefix("reprosep: ")


@pytest.fixture
def reprosep(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Runs the public command line in this process and in the present working folder."""

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["reprosep", *map(str, arguments)])
        capfd.readouterr()
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Answer(status, *capfd.readouterr())

    return run


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on the loopback that answers as it is told."""
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings beside the repository, where they are."""
    folder = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data (real recordings and label files), which is not there")
    return folder
