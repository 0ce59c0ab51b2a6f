"""``reprosep get umxhq``: published weights downloaded or taken from files, verified, and read into our layout.

A folder has ``<target>.safetensors``, each with its origin, ``origin.json`` with all of them and the day, and
``LICENCE.txt``. The published files are not kept.
"""

from __future__ import annotations

import datetime
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from reprosep.base.checksums import computed, fits, is_whole
from reprosep.base.errors import UserError
from reprosep.base.files import mendable, sha256, whole_file, write_json
from reprosep.base.locks import alone
from reprosep.base.outputs import check_folder
from reprosep.base.progress import track
from reprosep.base.seal import forget
from reprosep.corpora.download import download
from reprosep.weights.foreign import read_state
from reprosep.weights.networks import imported
from reprosep.weights.registry import FOLDER, SUFFIX, Published, Weights, load_layout, load_weights_entry
from reprosep.weights.store import Imported, origin_of, read_imported, write_imported

_DOWNLOADS = ".downloads"
_LOCK = ".get.lock"
_RECORD, _TERMS = "origin.json", "LICENCE.txt"


@dataclass(frozen=True)
class Request:
    """What was asked for.

    `sources` are folders or files that hold the published files, `to` a folder of the user's. `keep` the files as they
    were published, `verify` what is there already, and give an address up after that many `attempts` in vain.
    """

    name: str
    sources: tuple[Path, ...] = ()
    to: Path | None = None
    jobs: int = 4
    keep: bool = False
    verify: bool = False
    attempts: int | None = None

    @property
    def folder(self) -> Path:
        """Where the weights go."""
        return self.to or FOLDER / self.name


def get_weights(request: Request, tell: bool = False) -> Path:
    """Bring a set of weights into its folder, verified and in our layout; the folder. `tell` licence and citation.

    Raises
    ------
    UserError
        When a file cannot be had, is not the published one, or holds anything but the weights of its network.
    """
    entry, folder = load_weights_entry(request.name), request.folder
    for source in request.sources:
        if not source.exists():
            raise UserError(f"{source}: no such file or folder; name with --from what holds {entry.title}")
    check_folder(folder, [source for source in request.sources if source.is_dir()])
    with mendable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / _LOCK, f"reprosep get works in {folder}"):
        wanted = [target for target in entry.files if not _is_there(request, target)]
        if wanted:
            _bring(request, entry, wanted)
        _write_terms(folder, entry)
    if tell:
        print(entry.licence.told(entry.title, entry.citation), file=sys.stderr)
    if wanted:
        _tell_partly(request, entry)
    done = "verified" if wanted or request.verify else "nothing to be done"
    print(f"{request.name}: {', '.join(entry.files)} in {folder}, {done}", file=sys.stderr)
    return folder


def is_complete(name: str, folder: Path) -> bool:
    """Whether all targets of a set are in a folder."""
    return all((folder / f"{target}{SUFFIX}").is_file() for target in load_weights_entry(name).files)


def published_in(folder: Path, entry: Weights) -> dict[str, Path]:
    """The published files that a folder holds, by target."""
    paths = {target: folder / file.name for target, file in entry.files.items()}
    return {target: path for target, path in paths.items() if path.is_file()}


def take(name: str, entry: Weights, target: str, path: Path, to: Path) -> None:
    """Verify a published file, read it into our layout, and write it as `to`.

    Raises
    ------
    UserError
        When it is not the published file, or holds anything but the weights of its network.
    """
    tensors = verified(entry, target, path)
    write_imported(to, tensors, entry.network, origin_of(name, entry, target, sha256(path)))


def verified(entry: Weights, target: str, path: Path) -> dict[str, Tensor]:
    """The tensors of a published file by our names; raises as :func:`take`."""
    verify(path, entry.files[target], entry)
    return imported(path, read_state(path), load_layout(entry.layout), entry.network)


def verify(path: Path, file: Published, entry: Weights) -> None:
    """See that a file is the published one; :class:`UserError` when it is not."""
    size = path.stat().st_size
    if file.bytes not in (None, size):
        raise UserError(
            f"{path}: {size} bytes, expected {file.bytes}; truncated, or not {file.name} of {entry.title}, get it from "
            f"{entry.page}"
        )
    if not fits(path, file.checksum):
        raise UserError(
            f"{path}: has the checksum {computed(path, file.checksum)}, expected {file.checksum}; it is not "
            f"{file.name} of {entry.title} or is damaged, get it from {entry.page}"
        )


def _is_there(request: Request, target: str) -> bool:
    """Whether the weights of a target are in the folder, as they were imported."""
    path = request.folder / f"{target}{SUFFIX}"
    if not path.is_file():
        return False
    found = read_imported(path)
    if found.origin.name != request.name:
        raise UserError(
            f"{path}: is of {found.origin.title}, not of '{request.name}'; choose another folder with --to, or move "
            "that one away"
        )
    if request.verify:
        forget(path)
        found.check()
    return True


def _bring(request: Request, entry: Weights, wanted: Sequence[str]) -> None:
    folder = request.folder
    given = _given(request, entry, wanted)
    missing = [target for target in wanted if target not in given]
    if missing and request.sources:
        names = ", ".join(entry.files[target].name for target in missing)
        raise UserError(
            f"{', '.join(map(str, request.sources))}: no {names} there; name with --from the folder or the files of "
            f"{entry.title}, as {entry.page} has them"
        )
    paths = given | _downloaded(request, entry, missing)
    for target in track(wanted, f"import {request.name}", len(wanted)):
        take(request.name, entry, target, paths[target], folder / f"{target}{SUFFIX}")
    _write_record(request, entry)
    if not request.keep:
        shutil.rmtree(folder / _DOWNLOADS, ignore_errors=True)


def _tell_partly(request: Request, entry: Weights) -> None:
    """That some files could be held to the beginning of a checksum only."""
    partly = [file.name for file in entry.files.values() if not is_whole(file.checksum)]
    if partly:
        print(
            f"{request.name}: of the SHA-256 of {', '.join(partly)} no more than the first digits are published; "
            f"the files are held to these, and {request.folder / _RECORD} keeps all digits",
            file=sys.stderr,
        )


def _given(request: Request, entry: Weights, wanted: Sequence[str]) -> dict[str, Path]:
    """The published files among those that the user names, by their names."""
    names = {entry.files[target].name: target for target in wanted}
    files = [source for source in request.sources if source.is_file()]
    for source in request.sources:
        files += [source / name for name in names if (source / name).is_file()]
    known = {file.name for file in entry.files.values()}
    for path in files:
        if path.name not in known:
            raise UserError(f"{path}: no file of {entry.title} has that name; expected {', '.join(sorted(known))}")
    return {names[path.name]: path for path in files if path.name in names}


def _downloaded(request: Request, entry: Weights, wanted: Sequence[str]) -> dict[str, Path]:
    if not wanted:
        return {}
    folder = request.folder / _DOWNLOADS
    files = [entry.files[target] for target in wanted]
    paths = download(files, folder, request.name, entry.page, request.jobs, attempts=request.attempts)
    return dict(zip(wanted, paths, strict=True))


def _write_record(request: Request, entry: Weights) -> None:
    """What people and scripts read of a folder; weights tell the same by themselves, but for the day."""
    files = [read_imported(request.folder / f"{target}{SUFFIX}") for target in entry.files]
    content = {
        "name": request.name,
        "title": entry.title,
        "source": entry.source,
        "licence": entry.licence.model_dump(),
        "citation": entry.citation,
        "trained_on": entry.trained_on,
        "imported": datetime.date.today().isoformat(),
        "files": {one.origin.target: _file_record(one) for one in files},
    }
    write_json(request.folder / _RECORD, content)


def _file_record(one: Imported) -> dict[str, str]:
    origin = one.origin
    return {"file": origin.file, "url": origin.url, "sha256": origin.sha256, "verified by": origin.verified}


def _write_terms(folder: Path, entry: Weights) -> None:
    path = folder / _TERMS
    text = (
        f"{entry.title}\nLicence: {entry.licence.terms} ({entry.licence.source})\nCitation: {entry.citation}\n"
        f"Source: {entry.source}\nTrained on: {entry.trained_on}\n"
    )
    if not path.exists():
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
