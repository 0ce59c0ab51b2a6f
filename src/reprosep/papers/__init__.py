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
  gate), ``oracle`` (gate by ground-truth labels), ``detector`` (hard gate by another network's detection), ``wiener``
  (Wiener filter of the estimates of all sources, median-gated where there is an activity head).
- *run*: one training, named ``<corpus>_<target>_<system>_s<seed>``; oracles are named without a seed. The target of a
  joint system is called ``<number>-sources``.
- *overall*: the target of a cell that pools the scores of all sources of its system.
- *detector*: a system that says which instruments play and separates nothing. Its runs are :func:`detector_runs`; they
  have one target, ``instruments``. A network with an activity head may be scored with a detector's gate, too.
- A table or a figure may tell of corpora instead of runs: its rows or panels are then corpora, and one that this scale
  lacks keeps the paper's values.
"""
