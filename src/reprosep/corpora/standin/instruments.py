"""The instruments of the stand-in songs: their sound, taxonomy label, class, register, level and how much they play.

Conventions
-----------
`label` is MedleyDB's taxonomy label. `group` is the class that a separation system aims at, or ``"other"``.
Programs are General MIDI, counted from 0; drum kits are presets of bank 128. Registers are MIDI note numbers.
`share` is the mean share of a song's bars in which the instrument plays; it is set so that the share of active frames,
measured by the activation confidence, meets what was counted in MedleyDB and Mixing Secrets.
"""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = ("vocals", "bass", "drums", "electric guitar", "acoustic guitar", "piano")

# Share of MedleyDB-like songs that contain each class.
PRESENCE = {
    "vocals": 0.70,
    "bass": 0.78,
    "drums": 0.85,
    "electric guitar": 0.62,
    "acoustic guitar": 0.27,
    "piano": 0.33,
}


@dataclass(frozen=True)
class Instrument:
    """One row of the table."""

    name: str
    label: str
    group: str
    role: str  # the composer of its notes, see compose.py
    programs: tuple[int, ...]
    low: int
    high: int
    share: float
    loudness: float  # LUFS where it plays, before the mix is scaled
    effects: str  # the effects chain, see effects.py
    component: str = ""

    @property
    def percussion(self) -> bool:
        """Whether its notes are those of General MIDI's percussion, on bank 128."""
        return self.group == "drums" or self.role in ("shaker", "hand drums")


_TABLE = (
    # name, label, group, role, programs, low, high, share, loudness, effects, component
    Instrument("lead male", "male singer", "vocals", "lead vocal", (), 45, 64, 0.69, -18, "voice", "melody"),
    Instrument("lead female", "female singer", "vocals", "lead vocal", (), 56, 74, 0.69, -18, "voice", "melody"),
    Instrument("backing male", "male singer", "vocals", "backing vocal", (), 48, 67, 0.33, -24, "voice"),
    Instrument("backing female", "female singer", "vocals", "backing vocal", (), 57, 76, 0.33, -24, "voice"),
    Instrument("electric bass", "electric bass", "bass", "bass", (33, 34, 36, 37), 28, 48, 0.89, -20, "bass", "bass"),
    Instrument("double bass", "double bass", "bass", "bass", (32,), 28, 48, 0.89, -20, "bass", "bass"),
    Instrument("drum set", "drum set", "drums", "drums", (0, 8, 16, 24, 25, 40), 35, 81, 0.88, -18, "drums"),
    Instrument(
        "clean guitar", "clean electric guitar", "electric guitar", "guitar", (26, 27), 45, 76, 0.83, -22, "clean"
    ),
    Instrument(
        "distorted guitar",
        "distorted electric guitar",
        "electric guitar",
        "power",
        (27, 29, 30),
        38,
        64,
        0.84,
        -21,
        "drive",
    ),
    Instrument(
        "lead guitar",
        "distorted electric guitar",
        "electric guitar",
        "melody",
        (29, 30),
        55,
        84,
        0.5,
        -22,
        "drive",
        "melody",
    ),
    Instrument(
        "acoustic guitar", "acoustic guitar", "acoustic guitar", "strum", (24, 25), 43, 74, 0.79, -22, "acoustic"
    ),
    Instrument("piano", "piano", "piano", "comp", (0, 1, 2), 36, 84, 0.75, -21, "room"),
    Instrument("electric piano", "electric piano", "piano", "comp", (4, 5), 40, 80, 0.75, -21, "chorus"),
    Instrument("violin section", "violin section", "other", "pad", (48, 49), 55, 88, 0.62, -24, "hall"),
    Instrument("string section", "string section", "other", "pad", (48, 50), 43, 82, 0.62, -24, "hall"),
    Instrument("electronic organ", "electronic organ", "other", "pad", (16, 17, 18), 43, 79, 0.66, -23, "chorus"),
    Instrument("synthesizer", "synthesizer", "other", "pad", (88, 89, 90, 94), 43, 79, 0.66, -23, "chorus"),
    Instrument("synth arpeggio", "synthesizer", "other", "arpeggio", (80, 81, 87), 48, 84, 0.6, -24, "chorus"),
    Instrument("vibraphone", "vibraphone", "other", "arpeggio", (11, 12), 53, 86, 0.55, -23, "hall"),
    Instrument("brass section", "brass section", "other", "stabs", (61, 62), 50, 77, 0.55, -22, "hall"),
    Instrument("trumpet", "trumpet", "other", "melody", (56, 59), 55, 80, 0.5, -22, "hall", "melody"),
    Instrument("tenor saxophone", "tenor saxophone", "other", "melody", (66,), 46, 72, 0.5, -22, "hall", "melody"),
    Instrument("flute", "flute", "other", "melody", (73,), 62, 91, 0.5, -23, "hall", "melody"),
    Instrument("tambourine", "tambourine", "other", "shaker", (0,), 54, 54, 0.6, -27, "room"),
    Instrument("auxiliary percussion", "auxiliary percussion", "other", "hand drums", (0,), 60, 70, 0.62, -24, "room"),
)

INSTRUMENTS = {instrument.name: instrument for instrument in _TABLE}
EXTRAS = tuple(instrument.name for instrument in _TABLE if instrument.group == "other")
# Extras that carry the harmony when neither guitar nor piano does.
HARMONIC_EXTRAS = tuple(name for name in EXTRAS if INSTRUMENTS[name].role in ("pad", "arpeggio"))
