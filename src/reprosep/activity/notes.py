"""The notes of every stem of a corpus, where they are known: what pitch labels are made of."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from reprosep.audio.store import write_table
from reprosep.base.progress import track
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.note_files import SUFFIX, StemNote, annotation_files, notes_beside, read_notes
from reprosep.corpora.notes_table import INDEX, NOTES
from reprosep.params.data import Corpus
from reprosep.params.scale import Params


def write_notes(params: Params, name: str) -> None:
    """The notes of every stem of a corpus; writes ``notes/``, and tells which stems have none."""
    folder, corpus = params.results / name, params.corpora[name]
    stems = read_catalog(folder / "catalog.parquet")
    published = annotation_files(name, corpus)
    rows, notes = [], []
    for stem in track(stems.to_dict("records"), f"notes {name}", len(stems)):
        path = note_file(Path(str(stem["path"])), str(stem["target"]), corpus, params, published)
        found = read_notes(path) if path else []
        kept = [stem[key] for key in INDEX[:4]]
        rows.append([*kept, origin_of(path), len(found)])
        notes += [_row(str(stem["song"]), str(stem["stem"]), note) for note in found]
    index = pd.DataFrame(rows, columns=INDEX)
    _tell_without(name, index, params.pitch.unpitched)
    types = {"song": str, "stem": str, "pitch": int, "start": float, "end": float}
    write_table(folder / "notes" / "notes.parquet", pd.DataFrame(notes, columns=NOTES).astype(types))
    write_table(folder / "notes" / "index.parquet", index)


def note_file(sound: Path, target: str, corpus: Corpus, params: Params, published: Mapping[str, Path]) -> Path | None:
    """The file that tells the notes of a stem; None where nothing does, or its target has no pitch."""
    if target in params.pitch.unpitched or corpus.notes == "none":
        return None
    return published.get(sound.stem) if corpus.notes == "published" else notes_beside(sound)


def origin_of(path: Path | None) -> str:
    """Where the notes of a file come from; '' for none."""
    if path is None:
        return ""
    if path.suffix == ".mid":
        return "midi"
    return "composed" if path.name.endswith(SUFFIX) else "annotated"


def _row(song: str, stem: str, note: StemNote) -> list[object]:
    return [song, stem, note.pitch, note.start, note.end]


def _tell_without(name: str, index: pd.DataFrame, unpitched: list[str]) -> None:
    """How many stems of every target have no notes; those without a pitch are not asked."""
    asked = index[~index["target"].isin(["", *unpitched])]
    without = asked[asked["origin"] == ""]
    if len(without):
        counts = [
            f"{target} {len(rows)} of {(asked['target'] == target).sum()}" for target, rows in without.groupby("target")
        ]
        print(
            f"corpora.{name}: stems whose notes nothing tells: {', '.join(counts)}; they train no pitch, and are not "
            "counted in scores of it",
            file=sys.stderr,
        )
