"""The activity of every stem of a corpus, computed or published."""

from __future__ import annotations

import sys

from reprosep.activity.confidence import build_activity
from reprosep.audio.store import SongArrays
from reprosep.base.locks import alone_in
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.label_files import label_files
from reprosep.corpora.songs import LABELS, first_of
from reprosep.params.scale import Params


def write_activity(params: Params, name: str, threads: int) -> None:
    """Activation confidence of every stem; writes ``activity/``."""
    folder, own = params.results / name, params.of_corpus(name)
    with alone_in(folder.parent, f"confidences {name}"):
        table = read_catalog(folder / "catalog.parquet")
        published = label_files(name, params.corpora[name])
        if params.corpora[name].labels == "published":
            _tell_unlabelled(name, set(table["song"]), set(published))
        build_activity(table, SongArrays(folder / "audio"), folder / "activity", own, threads, published)


def _tell_unlabelled(name: str, songs: set[str], published: set[str]) -> None:
    """How many songs of a corpus have no published labels."""
    without = sorted(songs - published)
    if without:
        print(
            f"corpora.{name}: songs without published labels: {len(without)} of {len(songs)}, theirs are computed; "
            f"no <song>{LABELS} below corpora.{name}.roots or in corpora.{name}.label_folders for {first_of(without)}",
            file=sys.stderr,
        )
