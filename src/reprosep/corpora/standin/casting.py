"""Who plays in a song: presence of the classes over a corpus, extra accompaniment, second guitars, backing voices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reprosep.corpora.standin.draws import evenly
from reprosep.corpora.standin.instruments import EXTRAS, GROUPS, HARMONIC_EXTRAS, INSTRUMENTS, PRESENCE

# Chance that a song of the style uses distorted rather than clean guitar, double rather than electric bass,
# electric rather than grand piano.
STYLES: dict[str, tuple[float, float, float]] = {
    "rock": (0.85, 0.0, 0.2),
    "pop": (0.35, 0.0, 0.35),
    "funk": (0.15, 0.0, 0.6),
    "folk": (0.1, 0.5, 0.0),
    "ballad": (0.2, 0.15, 0.2),
    "electronic": (0.4, 0.0, 0.7),
    "jazz": (0.0, 0.7, 0.3),
}

_STEMS = ((0.5, 5), (0.8, 6), (0.92, 7), (0.97, 8), (1.0, 9))  # cumulative share of songs, number of stems


def style_of(seed: int, index: int, salt: str) -> str:
    """The style of song `index`; styles take turns."""
    return list(STYLES)[int(evenly(seed, "style", index, salt) * len(STYLES))]


def cast(
    layout: str,
    seed: int,
    index: int,
    salt: str,
    style: str,
    rng: np.random.Generator,
    presence: Mapping[str, float] = PRESENCE,
) -> list[str]:
    """Names of the instruments of a song, in stem order; `presence` is the share of songs that hold a class.

    Every MUSDB-like song has vocals, bass and drums; every Slakh-like one bass, drums, guitar and piano, and no vocals.
    """
    present = _present(layout, seed, index, salt, presence)
    male = evenly(seed, "singer", index, salt) < 0.5
    names = [name for group in present for name in _players(group, style, male, rng)]
    wanted = next(stems for share, stems in _STEMS if evenly(seed, "stems", index, salt) < share)
    return names + _extras(present, wanted - len(names), layout, rng)


def _present(layout: str, seed: int, index: int, salt: str, presence: Mapping[str, float]) -> list[str]:
    """The classes that play in a song."""
    always = {"musdb": GROUPS[:3], "slakh": ("bass", "drums", "piano")}.get(layout, ())
    drawn = {group for group in GROUPS if group in always or evenly(seed, group, index, salt) < presence[group]}
    if layout == "slakh":
        drawn -= {"vocals"}
        drawn |= set() if "acoustic guitar" in drawn else {"electric guitar"}
    return [group for group in GROUPS if group in drawn]


def _players(group: str, style: str, male: bool, rng: np.random.Generator) -> list[str]:
    """The instruments that stand for one class."""
    drive, acoustic_bass, electric_piano = STYLES[style]
    chance, second = rng.random(2)
    sex = "male" if male else "female"
    if group == "vocals":
        return [f"lead {sex}"] + ([f"backing {sex if rng.random() < 0.5 else 'female'}"] if second < 0.3 else [])
    if group == "bass":
        return ["double bass" if chance < acoustic_bass else "electric bass"]
    if group == "drums":
        return ["drum set"]
    if group == "electric guitar":
        first = "distorted guitar" if chance < drive else "clean guitar"
        return [first] + (["lead guitar" if rng.random() < 0.6 else "clean guitar"] if second < 0.3 else [])
    if group == "acoustic guitar":
        return ["acoustic guitar"]
    return ["electric piano" if chance < electric_piano else "piano"]


def _extras(present: list[str], wanted: int, layout: str, rng: np.random.Generator) -> list[str]:
    """Extra accompaniment that brings the song to its number of stems: harmony first where nobody else plays it."""
    harmonies = sum(group in present for group in ("electric guitar", "acoustic guitar", "piano"))
    least = max(2 - harmonies, 1 if layout == "musdb" or rng.random() < 0.85 else 0)
    chosen = [str(name) for name in rng.permutation(HARMONIC_EXTRAS)[: max(2 - harmonies, 0)]]
    others = [str(name) for name in rng.permutation(EXTRAS) if name not in chosen]
    if layout == "slakh":  # one drum track per song, and every General MIDI percussion would be another
        others = [name for name in others if not INSTRUMENTS[name].percussion]
    return chosen + others[: max(wanted, least) - len(chosen)]
