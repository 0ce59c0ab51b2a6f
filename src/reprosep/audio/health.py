"""What can be wrong with the samples of a stem, however they were read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reprosep.params.data import Audio

FULL_SCALE = 1 - 1 / 32768  # 16-bit files hold no +1, and many no -1


def sample_problems(path: str, samples: np.ndarray, audio: Audio) -> Iterator[tuple[str, str]]:
    """(check, sentence) for a stem that is silent (unless accepted) or clipped; `samples` ``(sample, channel)``."""
    if not samples.any():
        if audio.silent_stems == "refuse":
            yield (
                "silent",
                f"{path}: silent from start to end; remove the stem from its song, "
                "or set audio.silent_stems to 'accept' to leave it out of every mixture",
            )
        return
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE))
    if clipped > audio.clip_tolerance:
        yield (
            "clipped",
            f"{path}: clipped, {100 * clipped:.2f} % of its samples are at full scale where "
            f"{100 * audio.clip_tolerance:.2f} % are allowed; export it at a lower level or raise audio.clip_tolerance",
        )
