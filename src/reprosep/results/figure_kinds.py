"""The kinds of figures by name. What they read, and what a paper file says of them: :mod:`reprosep.papers.kinds`."""

from __future__ import annotations

from reprosep.results.activity_figure import ACTIVITY
from reprosep.results.amounts_figure import AMOUNTS
from reprosep.results.corpus_figures import CATEGORIES, SPECTRA
from reprosep.results.detection_figures import CONFUSIONS, INSTRUMENTS
from reprosep.results.energy_figure import ENERGIES
from reprosep.results.figure_kind import FigureKind
from reprosep.results.gains_figure import GAINS
from reprosep.results.methods_of_paper import DISTRIBUTIONS, PAIRS, RANKS
from reprosep.results.spectrograms import SPECTROGRAMS

FIGURES: dict[str, FigureKind] = {
    "spectrograms": SPECTROGRAMS,
    "activity": ACTIVITY,
    "gains": GAINS,
    "distributions": DISTRIBUTIONS,
    "ranks": RANKS,
    "pairs": PAIRS,
    "energies": ENERGIES,
    "categories": CATEGORIES,
    "spectra": SPECTRA,
    "instruments": INSTRUMENTS,
    "confusions": CONFUSIONS,
    "amounts": AMOUNTS,
}
