"""Recordings of a corpus in their place: composed where they are a stand-in, else seen to be there.

Stand-in songs are not versioned, their seed is: a step that reads them composes them where they are absent.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reprosep.audio.store import read_table, write_table
from reprosep.base.files import write_json
from reprosep.params.data import Corpus
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params


def write_recordings(params: Params, name: str, threads: int) -> None:
    """Make the stand-in, or see that the real recordings are there; writes ``recordings.json``."""
    corpus, source = params.corpora[name], recordings_of(params, name)
    summary: dict[str, Any] = {"corpus": name, "roots": corpus.roots}
    if source != name:
        summary |= {"of": source}
    elif corpus.standin:
        made = _compose(corpus, threads)
        # What composing took is not a property of the recordings: the same songs are the same file.
        summary |= {key: made[key] for key in ("songs", "mixture_seconds", "stem_seconds")}
    else:
        from reprosep.corpora.reading import read_songs

        summary["songs"] = [song.name for song in read_songs(name, corpus)]
    write_json(params.results / name / "recordings.json", summary)


def _compose(corpus: Corpus, threads: int) -> dict[str, Any]:
    from reprosep.corpora.standin.corpus import render_corpus

    standin = corpus.standin
    assert standin is not None
    made = render_corpus(
        standin.layout,
        Path(corpus.roots[0]),
        seed=standin.seed,
        songs={str(part): count for part, count in standin.songs.items()},
        seconds=standin.seconds,
        workers=threads,
        presence={target.replace("-", " "): share for target, share in standin.presence.items()},
    )
    speed = made["stem_seconds_per_core_second"]
    print(f"{made['songs']} songs in {corpus.roots[0]}, {speed} stem-seconds per core-second", file=sys.stderr)
    return made


def compose_if_absent(corpus: Corpus, threads: int) -> None:
    """After a pull the results are there, but not the songs."""
    if corpus.standin and not Path(corpus.roots[0]).exists():
        _compose(corpus, threads)


def is_copied(params: Params, name: str, file: str) -> bool:
    """Whether a table of a corpus is that of the corpus whose recordings it has; it is then there."""
    source = recordings_of(params, name)
    if source == name:
        return False
    write_table(params.results / name / file, read_table(params.results / source / file))
    return True
