"""Keys, scales, chord progressions and voicings.

Conventions
-----------
Pitches are MIDI note numbers, pitch classes are 0 (C) to 11 (B), scale degrees count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

# Four-bar progressions as scale degrees, by the third of the mode.
_MAJOR = (
    (0, 4, 5, 3),
    (0, 5, 3, 4),
    (5, 3, 0, 4),
    (0, 3, 4, 3),
    (0, 3, 0, 4),
    (1, 4, 0, 5),
    (3, 4, 5, 0),
    (0, 2, 3, 4),
)
_MINOR = (
    (0, 5, 2, 6),
    (0, 3, 5, 4),
    (0, 6, 5, 6),
    (0, 3, 6, 2),
    (5, 6, 0, 0),
    (0, 2, 3, 5),
    (0, 4, 5, 3),
    (3, 0, 6, 0),
)
PROGRESSIONS = {"major": _MAJOR, "mixolydian": _MAJOR, "minor": _MINOR, "dorian": _MINOR}


@dataclass(frozen=True)
class Chord:
    """A chord: pitch classes in thirds, root first; three of them, or four with the seventh."""

    classes: tuple[int, ...]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.classes[0]

    @property
    def fifth(self) -> int:
        """Pitch class of the fifth."""
        return self.classes[2]


def chord(tonic: int, mode: str, degree: int, seventh: bool) -> Chord:
    """The chord on a scale degree."""
    scale = SCALES[mode]
    steps = (0, 2, 4, 6) if seventh else (0, 2, 4)
    return Chord(tuple((tonic + scale[(degree + step) % 7]) % 12 for step in steps))


def near(pitch_class: int, centre: float) -> int:
    """The pitch of that class nearest to `centre`."""
    return round((centre - pitch_class) / 12) * 12 + pitch_class


def at_or_above(pitch_class: int, low: int) -> int:
    """The lowest pitch of that class that is not below `low`."""
    return low + (pitch_class - low) % 12


def voicing(harmony: Chord, low: int, count: int) -> list[int]:
    """`count` chord tones upwards from the lowest root at or above `low`, in close position."""
    pitches = [at_or_above(harmony.root, low)]
    while len(pitches) < count:
        following = [at_or_above(tone, pitches[-1] + 3) for tone in harmony.classes]
        pitches.append(min(following))
    return pitches


def close_voicing(harmony: Chord, centre: float, count: int) -> list[int]:
    """The inversion whose mean is nearest to `centre`, for smooth voice leading in the middle register."""
    candidates = []
    for start in harmony.classes:
        pitches = [near(start, centre - 5)]
        while len(pitches) < count:
            pitches.append(min(at_or_above(tone, pitches[-1] + 3) for tone in harmony.classes))
        candidates.append(pitches)
    return min(candidates, key=lambda pitches: abs(sum(pitches) / len(pitches) - centre))


def scale_pitches(tonic: int, mode: str, low: int, high: int) -> list[int]:
    """All pitches of the scale from `low` to `high`."""
    classes = {(tonic + step) % 12 for step in SCALES[mode]}
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]
