"""An artist-disjoint split with some test songs given and the others drawn to meet published counts.

The rule (``workflow/splits/mm-split.yaml``) names the test songs that are known and how many test songs hold each
target. Whole artists are drawn at random, many times with one seed; the draw whose counts come nearest to the published
ones is kept. Other songs of an artist who is in the test split are in it too, or in no split: never in training.

References
----------
Gururani and Lerch 2017; Hung and Lerch 2020, Section 4.1 (488 training and 100 test songs; songs per target).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from reprosep.base.errors import UserError, near_match
from reprosep.base.files import whole_file
from reprosep.base.outputs import check_files
from reprosep.base.project import read_yaml
from reprosep.base.validation import explain
from reprosep.corpora.draws import Stream, generator
from reprosep.corpora.layout import MIXED, Song
from reprosep.corpora.medleydb import read_metadata
from reprosep.corpora.registry import load_version, song_list
from reprosep.params.section import Fraction, Positive, Section, Seed


class SplitRule(Section):
    """What ``mm-split.yaml`` says."""

    seed: Seed
    songs: Positive
    drawn_from: list[str]
    tries: Positive
    published: dict[str, Positive]
    tracks: dict[str, Positive]
    complete_for: str
    pinned: list[str]
    sessions: str
    valid_fraction: Fraction


@dataclass(frozen=True)
class Group:
    """The songs of one artist: how many there are and how many hold each target, in the rule's order."""

    songs: list[Song]
    counts: np.ndarray


def load_rule(path: Path) -> SplitRule:
    """The rule in that file; :class:`UserError` when it is wrong."""
    try:
        return SplitRule.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path}: {explain(error, SplitRule, 'the file as published')}") from error


def targets_of(song: Song) -> set[str]:
    """The targets that a song holds."""
    return {stem.target for stem in song.stems if stem.target}


def draw_split(songs: Sequence[Song], public: Iterable[str], rule: SplitRule) -> pd.DataFrame:
    """Every song with its artist, its split (``train``, ``valid``, ``test`` or ``ignore``), the reason for it, the
    targets that it holds and how many stems.

    `public` names the songs that may be drawn for the test split. Rows are sorted by song.

    Raises
    ------
    UserError
        When a pinned song is not there, or too few songs can be drawn.
    """
    known = {song.name for song in songs}
    for name in rule.pinned:
        if name not in known:
            raise UserError(f"pinned: no song '{name}'{near_match(name, known)}; mend the name or add its metadata")
    groups = _groups(songs, rule)
    pinned = {artist for artist, group in groups.items() if any(song.name in rule.pinned for song in group.songs)}
    rows = [row for artist in pinned for row in _pinned_rows(artist, groups[artist].songs, rule)]
    drawn = _draw(groups, pinned, set(public), rows, rule)
    rest = [artist for artist in groups if artist not in pinned and artist not in drawn]
    rows += [_row(song, artist, "test", "drawn") for artist in drawn for song in groups[artist].songs]
    valid = _valid_artists(groups, rest, rule)
    rows += [_row(s, a, "valid" if a in valid else "train", "drawn") for a in rest for s in groups[a].songs]
    return pd.DataFrame(rows).sort_values("song", key=lambda names: names.str.casefold(), ignore_index=True)


def counts(songs: Iterable[Song], targets: Iterable[str]) -> dict[str, int]:
    """How many of the songs hold each target."""
    held = [targets_of(song) for song in songs]
    return {target: sum(target in each for each in held) for target in targets}


def _row(song: Song, artist: str, split: str, reason: str) -> dict[str, str]:
    held = {"targets": " ".join(sorted(targets_of(song) - {MIXED})), "stems": str(len(song.stems))}
    return {"song": song.name, "artist": artist, "split": split, "reason": reason, **held}


def artist_key(name: str) -> str:
    """An artist's name without case, accents, blanks and signs: corpora spell the same artist differently."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.casefold() if letter.isalnum())


def _artist(song: Song, rule: SplitRule) -> str:
    """The artist by the metadata, or by the song's name where the metadata name a recording session."""
    return song.name.partition("_")[2] if re.fullmatch(rule.sessions, song.artist) else song.artist


def _groups(songs: Sequence[Song], rule: SplitRule) -> dict[str, Group]:
    members: dict[str, list[Song]] = {}
    for song in songs:
        members.setdefault(artist_key(_artist(song, rule)), []).append(song)
    targets = list(rule.published)
    return {
        artist: Group(group, np.array([len(group), *counts(group, targets).values()]))
        for artist, group in sorted(members.items())
    }


def _pinned_rows(artist: str, songs: Sequence[Song], rule: SplitRule) -> list[dict[str, str]]:
    """A pinned artist's songs: those named are test songs, and so are those that could not have been named."""
    rows = []
    for song in songs:
        if song.name in rule.pinned:
            rows.append(_row(song, artist, "test", "published test song"))
        elif rule.complete_for in targets_of(song):
            rows.append(_row(song, artist, "ignore", f"artist of a test song, and not among its {rule.complete_for}"))
        else:
            rows.append(_row(song, artist, "test", "artist of a published test song"))
    return rows


def _draw(
    groups: Mapping[str, Group], pinned: set[str], public: set[str], rows: list[dict[str, str]], rule: SplitRule
) -> list[str]:
    """The artists that fill the test split, of the draw that comes nearest to the published counts."""
    by_name = {song.name: song for group in groups.values() for song in group.songs}
    fixed = [by_name[row["song"]] for row in rows if row["split"] == "test"]
    start = np.array([len(fixed), *counts(fixed, rule.published).values()])
    wanted = np.array([rule.songs, *rule.published.values()])
    able = [artist for artist, group in groups.items() if artist not in pinned and _drawable(group, public, rule)]
    table = np.array([groups[artist].counts for artist in able])
    random = generator(rule.seed, Stream.PUBLISHED_SPLIT)
    best: tuple[int, list[str]] | None = None
    for _ in range(rule.tries):
        order = random.permutation(len(able))
        chosen = _fill(order, table, rule.songs - start[0])
        miss = int(np.abs(start + table[chosen].sum(axis=0) - wanted).sum())
        if best is None or miss < best[0]:
            best = (miss, sorted(able[index] for index in chosen))
    if best is None or not best[1]:
        raise UserError(f"songs: {rule.songs} test songs cannot be drawn from {len(able)} artists; name fewer")
    return best[1]


def _drawable(group: Group, public: set[str], rule: SplitRule) -> bool:
    """All songs can be had, and none holds the target whose test songs are all known."""
    return all(song.name in public and rule.complete_for not in targets_of(song) for song in group.songs)


def _fill(order: np.ndarray, table: np.ndarray, room: int) -> list[int]:
    """Artists in this order as long as all their songs fit."""
    chosen = []
    for index in order:
        if table[index, 0] <= room:
            chosen.append(int(index))
            room -= table[index, 0]
        if room <= 0:
            break
    return chosen


def _valid_artists(groups: Mapping[str, Group], artists: Sequence[str], rule: SplitRule) -> set[str]:
    """Whole artists for validation until the fraction of the songs is reached."""
    order = list(artists)
    generator(rule.seed + 1, Stream.PUBLISHED_SPLIT).shuffle(order)
    wanted = round(rule.valid_fraction * sum(len(groups[artist].songs) for artist in artists))
    chosen: set[str] = set()
    for artist in order:
        size = len(groups[artist].songs)
        if size <= wanted:
            chosen.add(artist)
            wanted -= size
    return chosen


def write_split(folders: Sequence[Path], rule_file: Path, output: Path) -> str:
    """Draw the split from metadata folders, write it, and return its counts beside the published ones."""
    check_files([output], [rule_file, *folders])
    rule = load_rule(rule_file)
    songs = [song for folder in folders for song in read_metadata(str(folder))]
    public = {name for version in rule.drawn_from for name in song_list(load_version(version))}
    table = draw_split(songs, public, rule)
    with whole_file(output) as temporary:
        table.to_csv(temporary, index=False)
    return _report(songs, table, public, rule)


def _report(songs: Sequence[Song], table: pd.DataFrame, public: set[str], rule: SplitRule) -> str:
    by_split = {str(split): set(names) for split, names in table.groupby("split")["song"]}
    learnt = by_split["train"] | by_split.get("valid", set())
    test = counts([song for song in songs if song.name in by_split["test"]], rule.published)
    train = counts([song for song in songs if song.name in learnt], rule.published)
    every = counts(songs, rule.published)
    sizes = ", ".join(f"{len(names)} {split}" for split, names in by_split.items())
    lines = [f"{len(songs)} songs ({len(public & set(table['song']))} with public recordings): {sizes}"]
    lines.append("songs that hold a target, and the paper's counts of test songs and target tracks")
    lines.append(f"{'':18}{'test':>6}{'paper':>7}{'train + valid':>15}{'all':>6}{'paper':>7}")
    for target, published in rule.published.items():
        row = f"{target:18}{test[target]:6}{published:7}{train[target]:15}{every[target]:6}"
        lines.append(f"{row}{rule.tracks.get(target, '-'):>7}")
    return "\n".join(lines)
