"""How much is measured: in ten minutes on a GPU, or in a minute on a processor to see that all of it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Scales, batch sizes and counts.

    Attributes
    ----------
    scale, small_scale
        Whose networks, transforms and lengths: the papers', and small ones where all systems are gone through.
    batches
        Of a training step of IASS; the first is the paper's.
    warm_up, steps
        Steps before a measurement, and in it.
    rates
        Whether the device's rates are measured with the large matrices and copies of ``reprosep bench``.
    resumed_steps
        Of a training that is stopped in the middle.
    company_steps
        Steps of every training of a process among several.
    short_epochs, short_steps
        Of the short trainings in several precisions.
    stop_after
        Seconds within which one of two processes is told to stop, at the most.
    stop_epochs, stop_steps
        Of the training that they stop.
    song_seconds, score_seconds
        Lengths of songs that are separated, and scored.
    lstm_frames
        Frames of a batch of an LSTM, of Open-Unmix and of the BLSTM.
    """

    scale: str
    small_scale: str
    batches: tuple[int, ...]
    warm_up: int
    steps: int
    rates: bool
    resumed_steps: int
    company_steps: int
    short_epochs: int
    short_steps: int
    stop_after: float
    stop_epochs: int
    stop_steps: int
    song_seconds: float
    score_seconds: float
    lstm_frames: tuple[int, int]


FULL = Sizes(
    scale="standin",
    small_scale="demo",
    batches=(8, 32),
    warm_up=5,
    steps=20,
    rates=True,
    resumed_steps=20,
    company_steps=30,
    short_epochs=6,
    short_steps=100,
    stop_after=0.6,
    stop_epochs=40,
    stop_steps=4,
    song_seconds=120.0,
    score_seconds=60.0,
    lstm_frames=(255, 400),
)
TINY = Sizes(
    scale="smoke",
    small_scale="smoke",
    batches=(2,),
    warm_up=1,
    steps=1,
    rates=False,
    resumed_steps=4,
    company_steps=2,
    short_epochs=2,
    short_steps=2,
    stop_after=0.2,
    stop_epochs=4,
    stop_steps=2,
    song_seconds=4.0,
    score_seconds=4.0,
    lstm_frames=(8, 8),
)
