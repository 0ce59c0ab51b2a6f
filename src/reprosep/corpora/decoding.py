"""Every stem of a corpus decoded once."""

from __future__ import annotations

from reprosep.audio.store import build_store
from reprosep.base.locks import alone_in
from reprosep.corpora.catalog_table import read_catalog
from reprosep.corpora.recordings import compose_if_absent
from reprosep.params.scale import Params


def write_store(params: Params, name: str, threads: int) -> None:
    """Decode every stem once; writes ``audio/``."""
    compose_if_absent(params.corpora[name], threads)
    folder = params.results / name
    with alone_in(folder.parent, f"store {name}"):
        table = read_catalog(folder / "catalog.parquet")
        audio = params.of_corpus(name).audio
        build_store(table, folder / "audio", audio, params.corpora[name].channels, threads)
