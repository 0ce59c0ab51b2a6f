"""The steps from recordings to mixtures, each from files to files.

Stand-in songs are not versioned, their seed is: a step that reads them composes them where they are absent.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from reprosep.corpora.layout import Faults, Song
from reprosep.errors import UserError
from reprosep.files import write_json
from reprosep.locks import alone_in
from reprosep.params import Corpus, Params, recordings_of


def results_folder(params: Params) -> Path:
    """``results/<scale>``."""
    return Path("results") / params.scale


def recordings(params: Params, name: str, threads: int) -> None:
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
    write_json(results_folder(params) / name / "recordings.json", summary)


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


def _compose_if_absent(corpus: Corpus, threads: int) -> None:
    """After a pull the results are there, but not the songs."""
    if corpus.standin and not Path(corpus.roots[0]).exists():
        _compose(corpus, threads)


def examination(params: Params, name: str, threads: int) -> None:
    """Read every recording and stop at what is wrong; writes ``examination.parquet``."""
    from reprosep.audio.store import write_table
    from reprosep.corpora.catalog import examine_corpus

    if _is_copied(params, name, "examination.parquet"):
        return
    _compose_if_absent(params.corpora[name], threads)
    write_table(results_folder(params) / name / "examination.parquet", examine_corpus(params, name, threads))


def _is_copied(params: Params, name: str, file: str) -> bool:
    """Whether a table of a corpus is that of the corpus whose recordings it has; it is then there."""
    from reprosep.audio.store import read_table, write_table

    source = recordings_of(params, name)
    if source == name:
        return False
    results = results_folder(params)
    write_table(results / name / file, read_table(results / source / file))
    return True


def catalog(params: Params, name: str, threads: int, examined: Path | None = None) -> None:
    """One row per stem, of recordings that are examined unless they were; writes ``catalog.parquet``."""
    from reprosep.audio.store import read_table, write_table
    from reprosep.corpora.catalog import build_catalog, check_targets

    if _is_copied(params, name, "catalog.parquet"):
        check_targets(name, read_table(results_folder(params) / name / "catalog.parquet"), params.corpora[name].targets)
        return
    _compose_if_absent(params.corpora[name], threads)
    found = read_table(examined) if examined else None
    write_table(results_folder(params) / name / "catalog.parquet", build_catalog(params, name, threads, found))


def store(params: Params, name: str, threads: int) -> None:
    """Decode every stem once; writes ``audio/``."""
    from reprosep.audio.store import build_store, read_table

    _compose_if_absent(params.corpora[name], threads)
    folder = results_folder(params) / name
    with alone_in(folder.parent, f"store {name}"):
        table = read_table(folder / "catalog.parquet")
        audio = params.of_corpus(name).audio
        build_store(table, folder / "audio", audio, params.corpora[name].channels, threads)


def activity(params: Params, name: str, threads: int) -> None:
    """Activation confidence of every stem; writes ``activity/``."""
    from reprosep.activity import build_activity
    from reprosep.audio.store import SongArrays, read_table
    from reprosep.corpora.label_files import label_files

    folder, own = results_folder(params) / name, params.of_corpus(name)
    with alone_in(folder.parent, f"confidences {name}"):
        table = read_table(folder / "catalog.parquet")
        published = label_files(name, params.corpora[name])
        if params.corpora[name].labels == "published":
            _tell_unlabelled(name, set(table["song"]), set(published))
        build_activity(table, SongArrays(folder / "audio"), folder / "activity", own, threads, published)


def _tell_unlabelled(name: str, songs: set[str], published: set[str]) -> None:
    """How many songs of a corpus have no published labels."""
    from reprosep.corpora.songs import LABELS, first_of

    without = sorted(songs - published)
    if without:
        print(
            f"corpora.{name}: songs without published labels: {len(without)} of {len(songs)}, theirs are computed; "
            f"no <song>{LABELS} below corpora.{name}.roots or in corpora.{name}.label_folders for {first_of(without)}",
            file=sys.stderr,
        )


def mixtures(params: Params, name: str, target: str | None = None) -> None:
    """Validation and test mixtures of a target, or of all, as recipes; writes ``mixtures/<target>.parquet``."""
    from reprosep.audio.store import write_table
    from reprosep.mixing import Mixer

    folder = results_folder(params) / name
    mixer = Mixer.of(params.of_corpus(name), name, folder.parent)
    for wanted in [target] if target else params.corpora[name].targets:
        write_table(folder / "mixtures" / f"{wanted}.parquet", mixer.mixtures(wanted))


def clips(params: Params, name: str, target: str) -> None:
    """Clips of a target as recipes, as many as the papers' systems take; writes ``clips/<target>.parquet``."""
    from reprosep.audio.store import write_table
    from reprosep.clips import Clips, clips_needed
    from reprosep.mixing import Mixer

    folder = results_folder(params) / name
    own = params.of_corpus(name)
    mixer = Mixer.of(own, name, folder.parent)
    write_table(folder / "clips" / f"{target}.parquet", Clips(mixer, target).table(clips_needed(own, name, target)))


def energies(params: Params, name: str) -> None:
    """Energy of every source in every chunk of every song; writes ``energies.parquet``."""
    from reprosep.audio.store import write_table
    from reprosep.mixing import Mixer
    from reprosep.source_songs import SourceSongs, energy_table

    folder = results_folder(params) / name
    mixer = Mixer.of(params.of_corpus(name), name, folder.parent)
    write_table(folder / "energies.parquet", energy_table(SourceSongs(mixer)))


def seconds(params: Params, name: str, threads: int) -> None:
    """What activity detectors learn from and are scored on; writes ``seconds/``."""
    from reprosep.detection.seconds import Seconds

    results = results_folder(params)
    with alone_in(results / name, f"seconds {name}"):
        Seconds(params.of_corpus(name), name, results).build(threads)


def spectra(params: Params, name: str, threads: int) -> None:
    """The average spectrum of the mixture of every song of the catalog; writes ``spectra.parquet``."""
    from reprosep.audio.store import read_table, write_table
    from reprosep.corpora.reading import read_songs
    from reprosep.spectra import spectra_table, usual_rate

    if _is_copied(params, name, "spectra.parquet"):
        return
    _compose_if_absent(params.corpora[name], threads)
    folder = results_folder(params) / name
    stems = read_table(folder / "catalog.parquet")
    found = {song.name: song for song in read_songs(name, params.corpora[name], Faults(keep=True))}
    songs = [_catalogued(found, song, folder) for song in dict.fromkeys(stems["song"])]
    table = spectra_table(songs, usual_rate(stems["sample_rate"]), params.spectra, threads, f"spectra {name}")
    write_table(folder / "spectra.parquet", table)


def _catalogued(found: dict[str, Song], song: str, folder: Path) -> Song:
    if song not in found:
        raise UserError(
            f"{folder / 'catalog.parquet'}: lists song '{song}', which is not in the corpus's folders; "
            "bring it back, or delete the catalog and make it anew"
        )
    return found[song]
