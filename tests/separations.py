"""A song separated by one trained run, as the command line does it."""

from __future__ import annotations

from pathlib import Path

from reprosep.tools.own_songs import separation


def separate_song(
    song: Path, run: str, output: Path | None, results: Path, gate: str, clip: str = "rescale"
) -> list[Path]:
    """The files that were written."""
    return separation.separate_song(song, separation.find_separators(song, [run], results), output, gate, clip)
