"""What the tables and figures of a paper are made from and which files they are, without making them.

It is what Snakemake and DVC plan with: nothing here needs pandas, scipy, matplotlib or torch. The kinds say what they
read in :mod:`reprosep.papers.kinds`; here it is found out for the corpora, systems and seeds of a scale. Those who make
rows and drawings take corpora and runs from here, too, so that they read what was planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import Formatter

from reprosep.experiments.gates import gating_run
from reprosep.experiments.runs import detector_runs, needed_runs
from reprosep.papers.content import Figure, Paper, Table
from reprosep.papers.kinds import FIGURE_KINDS, SCORES, TABLE_KINDS
from reprosep.papers.measures import OF_SONGS
from reprosep.papers.run import Run
from reprosep.params.data import Corpus
from reprosep.params.scale import Params

COMMON_FRAMES = "-common-frames"
_PICTURES = ("svg", "png")

Places = Mapping[str, Sequence[str | Run]]
"""What stands for each place in the name of a file."""


def tables_made(paper: Paper) -> list[str]:
    """The files of a paper's tables without suffix; those of scores a second time, on common frames."""
    return [*paper.tables, *(f"{name}{COMMON_FRAMES}" for name in paper.tables if versions(paper.tables[name])[1:])]


def versions(table: Table) -> list[str]:
    """What the names of a table's files end in: nothing, and where frames matter to it that it is on common ones."""
    metrics = {entry.metric for entry in [*table.rows, *table.columns, table.bind] if entry.metric}
    in_frames = TABLE_KINDS[table.kind].has_frames and not (metrics and metrics <= {*OF_SONGS})
    return ["", COMMON_FRAMES] if in_frames else [""]


def figures_made(paper: Paper) -> list[str]:
    """The files of a paper's figures: two pictures of each, and its rows where it has some."""
    drawn = [f"{name}.{suffix}" for name in paper.figures for suffix in _PICTURES]
    return drawn + [f"{name}.csv" for name, figure in paper.figures.items() if FIGURE_KINDS[figure.kind].has_rows]


def reads_of_tables(params: Params, paper: Paper) -> list[str]:
    """The files below ``results/<scale>`` that a paper's tables are made from, and its scores by song."""
    songs = filled([SCORES], {"run": needed_runs(params, paper)})
    return _once([*songs, *(file for table in paper.tables.values() for file in table_files(params, paper, table))])


def reads_of_figures(params: Params, name: str, paper: Paper) -> list[str]:
    """The files below ``results/<scale>`` that the figures of the paper of that name are made from."""
    return _once(file for figure in paper.figures.values() for file in figure_files(params, name, paper, figure))


def table_files(params: Params, paper: Paper, table: Table) -> list[str]:
    """The files below ``results/<scale>`` that one table is made from."""
    systems = {entry.system for entry in [*table.rows, *table.columns, table.bind]}
    runs = [run for run in needed_runs(params, paper) if run.system in systems]
    places: Places = {
        "corpus": [row.corpus for row in table.rows if row.corpus in params.corpora],
        "run": runs,
        "training": [run for run in runs if run.seed is not None],
        "detector": [run for run in detector_runs(params, paper) if run.system in systems],
    }
    return filled(TABLE_KINDS[table.kind].reads, places)


def figure_files(params: Params, name: str, paper: Paper, figure: Figure) -> list[str]:
    """The files below ``results/<scale>`` that one figure of the paper of that name is made from."""
    runs = [run for group in figure_runs(params, paper, figure).values() for run in group]
    places: Places = {
        "corpus": list(corpora_shown(params, figure)),
        "run": runs,
        "training": [run for run in runs if run.seed is not None],
        "detector": figure_detectors(params, paper, figure),
        "gate": gates_of(params, paper, runs),
        "paper": [name],
    }
    return filled(FIGURE_KINDS[figure.kind].reads, places)


def filled(patterns: Iterable[str], places: Places) -> list[str]:
    """The names of files with all that stands for their place, each once."""
    return _once(file for pattern in patterns for file in _filled(pattern, _place(pattern), places))


def _filled(pattern: str, place: str, places: Places) -> list[str]:
    return [pattern.format_map({place: value}) for value in places[place]]


def _place(pattern: str) -> str:
    """The one place in the name of a file: ``run`` of ``scores/{run.id}.parquet``."""
    (field,) = {field for _, field, _, _ in Formatter().parse(pattern) if field}
    return field.partition(".")[0]


def _once(files: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(files))


def corpora_shown(params: Params, figure: Figure) -> dict[str, Corpus]:
    """The corpora of this scale that a figure shows, in its order: those that it compares, or its own."""
    named = figure.corpora or [figure.bind.corpus or ""]
    return {name: params.corpora[name] for name in named if name in params.corpora}


def figure_runs(params: Params, paper: Paper, figure: Figure) -> dict[str, list[Run]]:
    """Target -> the runs of the figure's corpus and system, one per seed, targets in the corpus's order.

    A figure that binds no system shows all systems.
    """
    bind = figure.bind
    if bind.corpus not in params.corpora:
        return {}
    of_corpus = [run for run in needed_runs(params, paper) if run.corpus == bind.corpus]
    needed = [run for run in of_corpus if bind.system in (None, run.system)]
    targets = [bind.target] if bind.target else params.corpora[bind.corpus].targets
    by_target = {target: [run for run in needed if target in run.targets] for target in targets}
    return {target: runs for target, runs in by_target.items() if runs}


def figure_detectors(params: Params, paper: Paper, figure: Figure) -> list[Run]:
    """The detectors' runs on the figure's corpus, of its system where it names one."""
    bind = figure.bind
    known = [run for run in detector_runs(params, paper) if run.corpus == bind.corpus]
    return [run for run in known if bind.system in (None, run.system)]


def gates_of(params: Params, paper: Paper, runs: Iterable[Run]) -> list[Run]:
    """The detectors' runs by whose gates some runs are scored, too."""
    gates = (gating_run(params, run.corpus, paper.systems[run.system], run.seed) for run in runs)
    return [gate for gate in gates if gate]


def trainings_of(params: Params, paper: Paper, system: str) -> list[Run]:
    """The trainings of a system at this scale."""
    return [run for run in needed_runs(params, paper) if run.system == system and run.seed is not None]


def detectors_of(params: Params, paper: Paper, system: str) -> list[Run]:
    """The runs of a detector, one per seed."""
    return [run for run in detector_runs(params, paper) if run.system == system]
