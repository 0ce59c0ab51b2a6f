"""Experiments as data: a paper's tables, figures and claims, and the runs that they need.

A paper file (``workflow/papers/<paper>.yaml``) binds every cell of every table to a corpus, a target, a system, a
test-time variant and a metric. The runs, the files of the DAG, the tables and the verdicts are all derived from it.

Conventions
-----------
- *system*: a network with its training settings, or an oracle. One with `sources` belongs to a setting in which a
  mixture is the sum of those sources, and is scored as the M-U-Net paper does; one without estimates a target against
  its accompaniment. A *joint* system estimates all its sources at once. One that is *beside* another paper is computed
  only together with that paper.
- *variant*: what differs only at test time: ``none`` (no gate), ``raw`` (hard gate), ``median`` (median-filtered
  gate), ``oracle`` (gate by ground-truth labels), ``detector`` (hard gate by another network's detection).
- *run*: one training, named ``<corpus>_<target>_<system>_s<seed>``; oracles are named without a seed. The target of a
  joint system is called ``<number>-sources``.
- *overall*: the target of a cell that pools the scores of all sources of its system.
- *detector*: a system that says which instruments play and separates nothing. Its runs are :func:`detector_runs`; they
  have one target, ``instruments``. A network with an activity head may be scored with a detector's gate, too.
- A table or a figure may tell of corpora instead of runs: its rows or panels are then corpora, and one that this scale
  lacks keeps the paper's values.
"""

from __future__ import annotations

from reprosep.papers.claim import Claim, Side
from reprosep.papers.claim_checks import check_seeds
from reprosep.papers.content import (
    SPREAD,
    STATISTICS,
    TRACK,
    Bar,
    Binding,
    Deviation,
    Doubtful,
    Entry,
    Figure,
    Paper,
    Table,
)
from reprosep.papers.loading import load_paper
from reprosep.papers.measures import Cost, Count, Measure, Metric, Statistic, TimeScale
from reprosep.papers.needed_runs import detector_runs, every_run, find_run, runs
from reprosep.papers.run import INSTRUMENTS, Run, corpora_of, gating_run, scored_on, scored_variants, side_by_side
from reprosep.papers.system import (
    BY_DETECTOR,
    DETECTORS,
    VARIANTS,
    ClipSet,
    Detector,
    GatedBy,
    System,
    Variant,
    Weights,
)
from reprosep.papers.table_cells import (
    ACCOMPANIMENT,
    OVERALL,
    Cell,
    calibration_cells,
    cells,
    check_accepted,
    column_name,
    corpora_counted,
    corpora_with_spectra,
    has_target,
)

__all__ = [
    "ACCOMPANIMENT",
    "BY_DETECTOR",
    "DETECTORS",
    "INSTRUMENTS",
    "OVERALL",
    "SPREAD",
    "STATISTICS",
    "TRACK",
    "VARIANTS",
    "Bar",
    "Binding",
    "Cell",
    "Claim",
    "ClipSet",
    "Cost",
    "Count",
    "Detector",
    "Deviation",
    "Doubtful",
    "Entry",
    "Figure",
    "GatedBy",
    "Measure",
    "Metric",
    "Paper",
    "Run",
    "Side",
    "Statistic",
    "System",
    "Table",
    "TimeScale",
    "Variant",
    "Weights",
    "calibration_cells",
    "cells",
    "check_accepted",
    "check_seeds",
    "column_name",
    "corpora_counted",
    "corpora_of",
    "corpora_with_spectra",
    "detector_runs",
    "every_run",
    "find_run",
    "gating_run",
    "has_target",
    "load_paper",
    "runs",
    "scored_on",
    "scored_variants",
    "side_by_side",
]
