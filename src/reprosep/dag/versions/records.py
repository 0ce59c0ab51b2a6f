"""Snakemake's records of how files were made, kept beside the files and given back to it after a pull or a checkout.

Snakemake decides by ``.snakemake/metadata`` whether a file is up to date: one record per output with its parameters,
the checksums of its inputs and its modification time. A clone has none, and of files that DVC puts back it has those of
other versions. So every stage keeps the records of its outputs, with the checksums of all of its files, in
``results/<scale>/records/<stage>.json`` (of ``train@<run>``: ``train.<run>.json``), which DVC versions with them.
Before Snakemake plans, :func:`restore` goes through these:

- A file whose content is the recorded one gets the record, dated as the file is now.
- An output that Snakemake made since (its record has the file's very modification time) is left alone.
- Any other is not what was made: it is marked as incomplete, so that it is made anew. A file that an output stands for
  (a song's array beside its index) is taken away, and its output is marked.

A file is read only when its modification time or size is new, so that a plan costs no more than looking at them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import digest, read_record, sha256, whole_file
from reprosep.dag.versions.stage import Stage

_SEEN = Path(".snakemake/reprosep/seen.json")


def keep(stage: Stage) -> None:
    """Write the records of a stage's files, unless they are written already.

    Raises
    ------
    UserError
        When a file of the stage is missing.
    """
    store, files = persistence(), dict[str, Any]()
    for path in stage_files(stage):
        record = store._read_record(str(path))
        files[str(path)] = {"sha256": sha256(path)} | ({"record": _plain(record)} if record else {})
    text = json.dumps({"stage": stage.name, "files": files}, indent=1, sort_keys=True) + "\n"
    target = Path(stage.records)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        with whole_file(target) as temporary:
            temporary.write_text(text, encoding="utf-8")
    seen = _Seen()
    for name in files:
        seen.note(Path(name), files[name])
    seen.save()


def forget_others(stages: Iterable[Stage]) -> None:
    """Remove the records of stages that are no more, or that have another name by now: they tell of older files."""
    known = {Path(stage.records) for stage in stages}
    for folder in {path.parent for path in known}:
        for path in set(folder.glob("*.json")) - known:
            path.unlink()


def stage_files(stage: Stage) -> list[Path]:
    """All files of a stage's outs, sorted; :class:`UserError` when an out is missing."""
    files: list[Path] = []
    for out in stage.made:
        path = Path(out)
        if not path.exists():
            raise UserError(f"{path}: no such file, so stage '{stage.name}' cannot be recorded; make it first")
        files += [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return sorted(path for path in files if not _is_passing(path))


def _is_passing(path: Path) -> bool:
    """Temporary names of files that are being written, and what Snakemake puts into folders."""
    return path.name.startswith(".")


def persistence() -> Any:
    """Where Snakemake keeps its records, below the working directory."""
    from snakemake.persistence.file import FilePersistence

    return FilePersistence()


def _plain(record: Any) -> dict[str, Any]:
    """A record without its date, which is the file's: that of each copy, so that it would tell of a change at each."""
    content: dict[str, Any] = json.loads(json.dumps(dict(record.items())))
    content.pop("endtime", None)
    return content


def made_here(path: Path) -> None:
    """Tell Snakemake that a file which it made was written again, so that it does not count as altered."""
    from snakemake.persistence import MetadataRecord

    store = persistence()
    record = store._read_record(str(path))
    if record:
        store._write_record(str(path), MetadataRecord(**{**_plain(record), "endtime": path.stat().st_mtime}))


@dataclass
class Restored:
    """Outputs that got their records, files that are not as they were made, and what to take away of these."""

    given: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    companions: list[Path] = field(default_factory=list)

    def take_away(self) -> None:
        """Remove altered files that outputs stand for: the step that makes them keeps what is there."""
        for path in self.companions:
            path.unlink(missing_ok=True)


def restore(results: Path) -> Restored:
    """Give Snakemake the records of the files in ``results/<scale>`` and mark those that are not as they were made."""
    done, seen = Restored(), _Seen()
    kept = [_read(path) for path in sorted((results / "records").glob("*.json"))]
    if any(not seen.knows(Path(name), entry) for files in kept for name, entry in files.items()):
        restorer = _Restorer(persistence(), seen, done)
        for files in kept:
            restorer.restore(files)
        seen.save()
    return done


def _read(path: Path) -> dict[str, Any]:
    try:
        files = read_record(path, files=dict)["files"]
    except UserError:
        return {}  # of a stage without records nothing is known, and Snakemake judges by itself
    return files if all(isinstance(one, dict) and isinstance(one.get("sha256"), str) for one in files.values()) else {}


class _Seen:
    """Which files, at which time and size, were found to be those of which record."""

    def __init__(self) -> None:
        try:
            known = read_record(_SEEN)
        except UserError:
            known = {}
        self._known = {name: value for name, value in known.items() if isinstance(value, list) and len(value) == 3}
        self._changed = False

    def knows(self, path: Path, entry: dict[str, Any]) -> bool:
        """Whether the file is as it was when it was found to be that of this record."""
        return self.untouched(path) and self._known[str(path)][2] == digest(entry)

    def untouched(self, path: Path) -> bool:
        """Whether the file is as it was when it was found to be that of some record."""
        stamp = _stamp(path)
        return stamp is not None and self._known.get(str(path), [])[:2] == stamp

    def note(self, path: Path, entry: dict[str, Any]) -> None:
        """Remember that the file is that of this record."""
        value = [*(_stamp(path) or []), digest(entry)]
        if self._known.get(str(path)) != value:
            self._known[str(path)], self._changed = value, True

    def save(self) -> None:
        """Write what is known for the next plan."""
        if self._changed:
            with whole_file(_SEEN) as temporary:
                temporary.write_text(json.dumps(self._known), encoding="utf-8")


def _stamp(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


class _Restorer:
    """Works on the files of one stage after the other."""

    def __init__(self, store: Any, seen: _Seen, done: Restored) -> None:
        self.store, self.seen, self.done = store, seen, done

    def restore(self, files: dict[str, Any]) -> None:
        """Outputs first: a file that stands beside an output says something only while that is the recorded one."""
        outputs = [Path(name) for name, entry in files.items() if "record" in entry]
        valid = {path for path in outputs if self._is_recorded(path, files[str(path)])}
        for name, entry in files.items():
            path, owner = Path(name), _owner(Path(name), outputs)
            if "record" not in entry and owner in valid:
                self._companion(path, entry, owner)

    def _is_recorded(self, path: Path, entry: dict[str, Any]) -> bool:
        """Whether an output has the recorded content; it then has the record too."""
        if not path.exists():
            return False
        if self.seen.knows(path, entry):
            return True
        record = self.store._read_record(str(path))
        made_here = record is not None and record.endtime == path.stat().st_mtime
        if made_here and not self.seen.untouched(path):
            return False  # Snakemake made it since it was recorded
        if sha256(path) == entry["sha256"]:
            self._give(path, entry)
            return True
        if not made_here:
            self._mark(path, path)
        return False

    def _give(self, path: Path, entry: dict[str, Any]) -> None:
        from snakemake.persistence import MetadataRecord

        record = MetadataRecord(**{**entry["record"], "endtime": path.stat().st_mtime})
        self.store._write_record(str(path), record)
        self.store._unmark_incomplete(str(path))
        self.seen.note(path, entry)
        self.done.given.append(str(path))

    def _companion(self, path: Path, entry: dict[str, Any], owner: Path) -> None:
        if self.seen.knows(path, entry):
            return
        if path.exists() and sha256(path) == entry["sha256"]:
            self.seen.note(path, entry)
            return
        self._mark(path, owner)
        self.done.companions.append(path)

    def _mark(self, path: Path, output: Path) -> None:
        self.done.altered.append(str(path))
        self.store._mark_incomplete(str(output), None)


def _owner(path: Path, outputs: list[Path]) -> Path | None:
    """The output in the nearest folder above a file."""
    above = (output for output in outputs if output.parent in path.parents)
    return max(above, key=lambda output: len(output.parts), default=None)
