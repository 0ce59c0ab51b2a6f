"""Scores of separated sources: BSS Eval versions 4 and 3, scale-invariant ratios, and the challenges' SDR.

>>> from reprosep.metrics import bsseval_v4
>>> bsseval_v4(references, estimates, window=44100).SDR      # (source, sample, channel) -> (source, frame)

Scripts that call museval change one import: :mod:`reprosep.metrics.drop_in`. Nothing here needs torch, pandas or the
rest of the project; ducc0 makes it a tenth faster where it is installed.
"""

from reprosep.metrics.bsseval import METRICS, References, Scores, bsseval_v4
from reprosep.metrics.bsseval_v3 import SourceScores, bsseval_v3
from reprosep.metrics.si_sdr import ScaleInvariantScores, si_sdr
from reprosep.metrics.usdr import usdr

__all__ = [
    "METRICS",
    "References",
    "ScaleInvariantScores",
    "Scores",
    "SourceScores",
    "bsseval_v3",
    "bsseval_v4",
    "si_sdr",
    "usdr",
]
