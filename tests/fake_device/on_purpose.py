"""What the host waits for on purpose, each with the reason; every other event is a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from record import Event, Kind


@dataclass(frozen=True)
class Purpose:
    """An event that is meant, and why.

    Attributes
    ----------
    in_step
        Whether a training step may do so, too.
    """

    kind: Kind
    what: str
    place: str
    why: str
    in_step: bool = False

    def allows(self, event: Event) -> bool:
        """Whether this is the event."""
        same = (event.kind, event.what, event.place) == (self.kind, self.what, self.place)
        return same and (self.in_step or not event.in_step)


_COPY = "_to_copy"
ON_PURPOSE: tuple[Purpose, ...] = (
    # ---- before the first step -----------------------------------------------------------------------------------
    Purpose("to device", _COPY, "training/loop.py Training.__init__", "The network is made by the processor, once."),
    Purpose("to device", _COPY, "training/recordings.py _Copy.__init__", "The recordings are copied once."),
    Purpose("to device", _COPY, "experiments/sources/examples.py SourceExamples.__init__", "An index, made once."),
    Purpose("to device", _COPY, "experiments/detectors/training.py DetectorTraining.begin", "Statistics, taken once."),
    Purpose("to device", "copy_", "training/loop.py Training._resume", "Weights that are taken up again, once."),
    Purpose("to device", _COPY, "training/loop.py Training._resume", "The optimiser's state and losses, once."),
    # ---- at the end of an epoch ----------------------------------------------------------------------------------
    Purpose("to host", _COPY, "training/loop.py Training._epoch", "The losses of an epoch are read at its end."),
    Purpose(
        "to host", _COPY, "experiments/target/training.py TargetTraining.validate", "Errors of all songs, at last."
    ),
    Purpose(
        "to host", _COPY, "experiments/sources/training.py SourcesTraining.validate", "Losses of all chunks, at last."
    ),
    Purpose("to host", _COPY, "experiments/joint/training.py JointTraining.validate", "Errors of all songs, at last."),
    Purpose("wait", "_local_scalar_dense", "training/batch_training.py BatchTraining.validate", "One loss, at last."),
    Purpose(
        *("to device", f"{_COPY}, non-blocking but from memory that is not pinned"),
        place="experiments/target/examples.py Examples.songs",
        why="Songs beyond machine.validation_gigabytes are not kept, and pinning takes as long as copying.",
    ),
    Purpose("wait", "Event.synchronize", "training/step_clock.py _GpuMarks.seconds", "The times of an epoch are read."),
    # ---- checkpoints ---------------------------------------------------------------------------------------------
    Purpose("to host", _COPY, "training/checkpoint.py copied", "Weights to be written, and those of the best epoch."),
    Purpose("to host", _COPY, "training/loop.py Training._state", "The losses so far of an epoch that is stopped."),
    Purpose("to host", "pickle", "training/checkpoint.py packed", "The state, which is written as it is."),
    # ---- estimates -----------------------------------------------------------------------------------------------
    Purpose("to device", _COPY, "experiments/target/scores.py TargetScorer.loaded", "The network, once."),
    Purpose("to device", _COPY, "scores/scorer.py Scorer.with_best_weights", "The network, once."),
    Purpose("to device", _COPY, "experiments/trained.py TrainedRun.model", "The network, once."),
    Purpose("to device", _COPY, "models/placement.py answered", "Mixtures, whose transform is the processor's."),
    Purpose("to host", _COPY, "experiments/target/estimate.py estimate", "Masked magnitudes go back into sound."),
    Purpose("to host", _COPY, "experiments/sources/estimate.py separate_sources", "Masks go back into sound."),
    Purpose("to host", _COPY, "experiments/clips/estimate.py separate_target", "Masks go back into sound."),
    Purpose("to host", _COPY, "experiments/detectors/estimate.py probabilities", "What is told of a song."),
    # ---- scores --------------------------------------------------------------------------------------------------
    Purpose("to device", _COPY, "metrics/correlation.py TorchBackend.spectra", "Samples, a slice of frames at a time."),
    Purpose("to host", _COPY, "metrics/correlation.py TorchBackend.lags", "Lags, which the processor solves for."),
)


def faults(events: Iterable[Event]) -> list[str]:
    """What of the events nobody means, each once."""
    meant = (event for event in events if not any(purpose.allows(event) for purpose in ON_PURPOSE))
    return sorted({str(event) for event in meant})
