"""Every reader of a file that others may have written or damaged, a whole file for it, and what comes of damaged ones.

A reader gives the content in a form that can be compared, None where it says by its value that there is nothing, or
raises :class:`UserError`. Runs in a process of its own with an upper bound of memory and, per file, of time.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import shutil
import signal
import tarfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import torch
from mutations import damaged

from bands import write_band
from published import OPEN_UNMIX, entry, open_unmix, save
from reprosep.audio.arrays import save_array, save_arrays
from reprosep.audio.io import read_sound
from reprosep.audio.store import SongArrays, read_table, write_table
from reprosep.base.errors import UserError
from reprosep.base.files import read_json
from reprosep.base.project import read_yaml, repository
from reprosep.corpora.label_files import STEP, read_labels
from reprosep.corpora.manifest import read_manifest
from reprosep.corpora.medleydb import read_metadata
from reprosep.corpora.splits import split_rows
from reprosep.corpora.unpack import unpack
from reprosep.params.reading import load
from reprosep.report.training_curves import read_epochs
from reprosep.results.spectrograms import read_spectrograms
from reprosep.results.tidy import read_tidy
from reprosep.synthesis.fluidsynth import bundled_font
from reprosep.synthesis.patches import default_table, load_table
from reprosep.synthesis.selection import Limits, examine
from reprosep.synthesis.soundfonts import presets
from reprosep.training.checkpoint import BEST, STATE, load_state, load_weights, packed, save_weights, write_state
from reprosep.weights.foreign import read_state
from reprosep.weights.networks import build, imported
from reprosep.weights.registry import Network, Weights, load_layout
from reprosep.weights.store import origin_of, read_imported, write_imported

MEMORY = 3 << 30  # bytes beside what the libraries have; a header may promise more, nothing may allocate it
SECONDS = 20.0


@dataclass
class Outcome:
    """What came of the damaged files of a reader."""

    files: int = 0
    sentences: int = 0
    same: int = 0
    silent: int = 0  # read as something else
    none: int = 0
    tracebacks: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.files} files, {self.sentences} sentences, {self.none} as absent, {self.same} read as before, "
            f"{self.silent} read differently, {len(self.tracebacks)} tracebacks, slowest {self.slowest:.1f} s"
        )


@dataclass(frozen=True)
class Reader:
    """`write` makes the file in a folder and gives its path; `read` reads it. `checked` formats have checksums."""

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]
    checked: bool = False
    takes_folder: bool = True


# ---- the readers -----------------------------------------------------------------------------------------------------


def _table(folder: Path) -> Path:
    rows = {"song": [f"song {n % 3}" for n in range(60)], "sdr": np.linspace(-3, 9, 60), "frame": range(60)}
    write_table(folder / "a.parquet", pd.DataFrame(rows))
    return folder / "a.parquet"


def _model() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2))


def _weights(folder: Path) -> Path:
    save_weights(folder / BEST, _model())
    return folder / BEST


def _published(old: bool) -> Callable[[Path], Path]:
    return lambda folder: save(folder / "a.pth", open_unmix(0), old=old)


def _read_published(path: Path) -> Any:
    """As an import does: tensors, each of its shape."""
    network = Network.model_validate(OPEN_UNMIX)
    return _tensors(imported(path, read_state(path), load_layout("open-unmix"), network))


def _imported(folder: Path) -> Path:
    files = {"vocals": Path(__file__)}
    origin = origin_of("tiny", Weights.model_validate(entry(files)), "vocals", "0" * 64)
    network = Network.model_validate(OPEN_UNMIX)
    write_imported(folder / "a.safetensors", build(network).state_dict(), network, origin)
    return folder / "a.safetensors"


def _read_imported(path: Path) -> Any:
    found = read_imported(path)
    return found.origin.model_dump_json(), set(found.tensors())


def _tensors(tensors: dict[str, torch.Tensor]) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in tensors.items()}


def _read_weights(path: Path) -> Any:
    model = _model()
    load_weights(path, model)
    return [(name, tensor.numpy().tobytes()) for name, tensor in model.state_dict().items()]


def _state(folder: Path) -> Path:
    _weights(folder)
    state = {"recipe": "r", "best_epoch": 1, "model": _model().state_dict(), "losses": [0.5, 0.25]}
    write_state(folder, packed(state))
    return folder / STATE


def _read_state(path: Path) -> Any:
    state = load_state(path.parent, "r")
    return state and {key: _plain(value) for key, value in state.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value.numpy().tobytes() if isinstance(value, torch.Tensor) else value


def _array(folder: Path) -> Path:
    write_table(folder / "index.parquet", pd.DataFrame({"song": ["a"], "file": ["a.npy"]}))
    save_array(folder / "a.npy", np.arange(4000, dtype=np.int16).reshape(2, 1000, 2))
    return folder / "a.npy"


def _read_array(path: Path) -> Any:
    array = SongArrays(path.parent).load("a")
    return array.shape, np.asarray(array).tobytes()


def _text(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(content, encoding="utf-8")
        return folder / name

    return write


def _copy(source: Path) -> Callable[[Path], Path]:
    return lambda folder: Path(shutil.copy(source, folder / source.name))


_RECORD = {"run": "a", "seeds": [1, 2], "values": {"sdr": 3.25, "name": "ü", "none": None}, "list": [True, [1.5]]}
_MANIFEST = {"version": "v", "title": "t", "files": {"a.wav": {"bytes": 3, "sha256": "0" * 64}}, "archives": {}}
_METADATA = """album: x
artist: A Band
title: A Song
mix_filename: Band_Song_MIX.wav
stem_dir: Band_Song_STEMS
stems:
  S01: {component: melody, filename: Band_Song_STEM_01.wav, instrument: male singer, raw: {}}
  S02: {component: bass, filename: Band_Song_STEM_02.wav, instrument: electric bass, raw: {}}
"""
_TRACK = [f"{round(n * STEP, 4)},0.5,0.25" for n in range(20)]
_SPLITS = 'song,split\nA - é,train\nB,valid\n"C, D",test\n'
_EPOCHS = "epoch,train_loss,valid_loss\n1,0.5,0.25\n2,0.25,0.125\n"


def _metadata(folder: Path) -> Path:
    return _text("Band_Song_METADATA.yaml", _METADATA)(folder)


def _frame(table: pd.DataFrame) -> Any:
    return list(table.columns), table.to_csv()


def _arrays(folder: Path) -> Path:
    names = ("reference", "none", "raw", "median", "gate_raw", "gate_median", "gate_oracle")
    arrays = {name: np.linspace(0, 1, 30).reshape(5, 6) for name in names}
    alone = {"song": np.array("a"), "hop_seconds": np.array(0.02), "bin_hz": np.array(10.0)}
    save_arrays(folder / "a.npz", {**arrays, **alone})
    return folder / "a.npz"


def _read_arrays(path: Path) -> Any:
    return sorted((name, array.tobytes()) for name, array in read_spectrograms(path).items())


def _members() -> dict[str, bytes]:
    return {"Song/vocals.wav": bytes(range(256)) * 8, "Song/bass.wav": b"bass" * 300, "list.csv": b"song\nSong\n"}


def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _members().items():
            archive.writestr(name, content)
    return folder / "a.zip"


def _tar(name: str, mode: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with tarfile.open(folder / name, mode) as archive:
            for member, content in _members().items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return folder / name

    return write


def _unpacked(path: Path) -> Any:
    target = path.parent / "unpacked"
    with contextlib.redirect_stderr(io.StringIO()):
        files = unpack(path, target, path.parent / "scratch")
    return {name: (target / name).read_bytes() for name in sorted(files)}


def _sound(name: str, **settings: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        wave = np.sin(np.linspace(0, 900, 4000)).astype(np.float32)
        soundfile.write(folder / name, np.stack([wave, wave / 2], 1), 8000, **settings)
        return folder / name

    return write


def _samples(path: Path) -> Any:
    samples, rate = read_sound(path)
    return rate, samples.shape, samples.tobytes()


def _song(folder: Path) -> Path:
    return write_band(folder / "a.mid")


def _examined(path: Path) -> Any:
    facts = examine(path, Limits(fewest_notes=1))
    if facts.problem:
        raise UserError(facts.problem)
    return facts


def _presets(path: Path) -> Any:
    presets.cache_clear()
    return presets(path)


def _patches(path: Path) -> Any:
    load_table.cache_clear()
    table = load_table(path)
    table.check()
    return table.content()


def _font(folder: Path) -> Path:
    """The list of presets alone, behind the chunks that lie before it."""
    content = bundled_font().read_bytes()
    at = content.index(b"phdr")
    (folder / "a.sf2").write_bytes(content[at : at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")])
    return folder / "a.sf2"


READERS: dict[str, Reader] = {
    "parquet": Reader(_table, lambda path: _frame(read_table(path)), checked=True),
    "safetensors": Reader(_weights, _read_weights, checked=True),
    "published weights": Reader(_published(True), _read_published),
    "published weights, zipped": Reader(_published(False), _read_published),
    "imported weights": Reader(_imported, _read_imported, checked=True),
    "state": Reader(_state, _read_state, checked=True),
    "npy": Reader(_array, _read_array, checked=True),
    "npz": Reader(_arrays, _read_arrays, checked=True),
    "json": Reader(_text("a.json", json.dumps(_RECORD, indent=1)), read_json),
    "manifest": Reader(_text(".manifest.json", json.dumps(_MANIFEST)), lambda path: read_manifest(path.parent)),
    "yaml": Reader(_copy(default_table()), read_yaml),
    "params": Reader(_copy(repository() / "params.yaml"), lambda path: load(path).model_dump_json()),
    "patches": Reader(_copy(default_table()), _patches),
    "medleydb": Reader(_metadata, lambda path: read_metadata(str(path.parent)), takes_folder=False),
    "splits": Reader(_text("a.csv", _SPLITS), lambda path: split_rows(str(path))),
    "labels": Reader(
        _text("a.lab", "\n".join(["time,S01,S02", *_TRACK]) + "\n"),
        lambda path: read_labels(path, ["S01", "S02"], 0.5).tobytes(),
    ),
    "csv": Reader(_text("a.csv", "a,b\n1,x\n2,y\n"), lambda path: _frame(read_tidy(path, ["a", "b"]))),
    "epochs": Reader(_text("a.csv", _EPOCHS), lambda path: _frame(read_epochs(path))),
    "zip": Reader(_zip, _unpacked, checked=True),
    "tar": Reader(_tar("a.tar", "w"), _unpacked),
    "tar.gz": Reader(_tar("a.tar.gz", "w:gz"), _unpacked, checked=True),
    "wav": Reader(_sound("a.wav"), _samples),
    "float wav": Reader(_sound("a.wav", subtype="FLOAT"), _samples),
    "flac": Reader(_sound("a.flac"), _samples, checked=True),
    "ogg": Reader(_sound("a.ogg"), _samples, checked=True),
    "mp3": Reader(_sound("a.mp3"), _samples),
    "midi": Reader(_song, _examined),
    "soundfont": Reader(_font, _presets),
}


# ---- trying them -----------------------------------------------------------------------------------------------------


def bound_memory() -> None:
    """For this process: what the libraries have by now, and no more than :data:`MEMORY` on top."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, resource.RLIM_INFINITY))


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"took longer than {SECONDS:g} s")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def tried(name: str, folder: Path, files: int) -> Outcome:
    """So many damaged files of a reader, beside a folder in the file's place."""
    reader, outcome = READERS[name], Outcome()
    (folder / "whole").mkdir(parents=True)
    whole = reader.write(folder / "whole")
    content, expected = whole.read_bytes(), reader.read(whole)
    for number in range(-1, files):
        place = folder / f"{number}"
        place.mkdir()
        path = reader.write(place)
        if number >= 0:
            path.write_bytes(damaged(content, number))
        elif reader.takes_folder:
            path.unlink()
            path.mkdir()
        _try(reader, path, expected, outcome, f"{name} {number}")
        shutil.rmtree(place)
    return outcome


def _try(reader: Reader, path: Path, expected: Any, outcome: Outcome, title: str) -> None:
    outcome.files += 1
    began = time.monotonic()
    try:
        with _in_time():
            found = reader.read(path)
    except UserError as error:
        outcome.sentences += 1
        if "\n" in str(error):
            outcome.tracebacks.append(f"{title}: several lines: {error}")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/reprosep/" in frame.filename] or frames
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        outcome.tracebacks.append(f"{title}: {type(error).__name__} in {where}: {' '.join(str(error).split())[:120]}")
    else:
        outcome.none += found is None
        outcome.same += found == expected
        outcome.silent += found is not None and found != expected
    outcome.slowest = max(outcome.slowest, time.monotonic() - began)
