"""The names of targets as people read them, in tables, figures, claims and players."""

from __future__ import annotations

import re

_NAMES = {
    "vocals": "Vocals",
    "bass": "Bass",
    "drums": "Drums",
    "other": "Other",
    "electric-guitar": "Electric guitar",
    "acoustic-guitar": "Acoustic guitar",
    "guitar": "Guitar",
    "piano": "Piano",
    "strings": "Strings",
    "brass": "Brass",
    "organ": "Organ",
    "synthesizer": "Synthesizer",
    "accompaniment": "Accompaniment",
    "overall": "Overall",
    "instruments": "All instruments",
    "all": "All targets",
}


def readable(target: str) -> str:
    """A target's full name; several joined by ``+`` are listed, one without a name here has its hyphens taken out."""
    first, *others = [_NAMES.get(part, part.replace("-", " ").capitalize()) for part in target.split("+")]
    if not others:
        return first
    return f"{', '.join([first, *(name.lower() for name in others[:-1])])} and {others[-1].lower()}"


def with_label(target: str | None, label: str) -> tuple[str, str]:
    """The name to show for a row or column that a paper labels, and the paper's label where it is another word."""
    if target is None or readable(target).casefold() == label.casefold():
        return label, ""
    return readable(target), label


def comparison(label: str) -> str:
    """What a claim compares, as people read it: targets by their names, the first letter a capital."""
    targets = "|".join(sorted(_NAMES, key=len, reverse=True))
    text = re.sub(rf"(?<![\w-])({targets})(?![\w-])", lambda match: _NAMES[match[0]].lower(), label)
    return text[:1].upper() + text[1:]
