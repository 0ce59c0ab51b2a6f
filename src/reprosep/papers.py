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

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from reprosep.calibration_plan import Calibration, MaskChange, Oracle, value_name
from reprosep.errors import UserError, near_match
from reprosep.fit import check_agree, check_fits
from reprosep.params import MaskSettings, Params, Scoring, Section, read_yaml, repository
from reprosep.validation import explain

Variant = Literal["none", "raw", "median", "oracle", "detector"]
Metric = Literal["SDR", "SIR", "SAR", "ISR", "Avg", "SI-SDR"]
Cost = Literal["parameters", "iterations", "seconds", "hours"]
Count = Literal["songs", "hours", "fewest-tracks", "median-tracks", "most-tracks", "categories"]
Statistic = Literal["median", "mean", "std"]
Weights = Literal["unit", "dwa", "ebw-p1", "ebw-instp1", "ebw-p2", "oh"]
Measure = Literal["LRAP", "AUC"]
Detector = Literal["fc", "cnn", "crnn"]
VARIANTS: tuple[Variant, ...] = ("none", "raw", "median", "oracle")
BY_DETECTOR: Variant = "detector"
TRACK = "track"  # the whole song as a time scale
INSTRUMENTS = "instruments"  # the target of a detector
DETECTORS: tuple[Detector, ...] = ("fc", "cnn", "crnn")
STATISTICS: tuple[Statistic, ...] = ("mean", "std", "median")
SPREAD = "mean ± std (median)"  # the form of a table
ACCOMPANIMENT = "accompaniment"
OVERALL = "overall"
_TRIPLE = re.compile(r"^\s*(-?[\d.]+)\s*±\s*([\d.]+)\s*\((-?[\d.]+)\)\s*$")


class ClipSet(Section):
    """Clips of a corpus to train on: ``clips.small_hours`` or ``clips.large_hours`` of them."""

    corpus: str
    hours: Literal["small", "large"]
    mixing: Literal["coherent", "incoherent"] = "coherent"


class GatedBy(Section):
    """The detector whose gate a system is scored with, too, wherever its paper is computed."""

    paper: str
    corpus: str
    system: str


class System(Section):
    """A network as trained, or an oracle."""

    label: str
    model: Literal["iass", "open-unmix", "u-net", "c-u-net", "blstm", "fc", "cnn", "crnn"] | None = None
    oracle: Oracle | None = None
    mask: MaskChange = MaskChange()
    blocks: Annotated[int, Field(ge=1, le=6)] = 3
    activity_weight: Annotated[float, Field(ge=0)] = 0.0
    channel_swap: bool = False
    sources: list[str] = []
    joint: bool = False
    loss: Literal["indirect", "direct"] = "indirect"
    weights: Weights = "unit"
    silence_filter: bool = True
    learning_rate_factor: Annotated[float, Field(gt=0)] = 1.0
    scored: Literal["whole", "frames", "tracks"] = "whole"
    clips: list[ClipSet] = []
    tested: list[str] = []
    added: str | None = None
    targets: list[str] = []
    beside: str | None = None
    detects: str | None = None
    gated_by: GatedBy | None = None

    @property
    def is_detector(self) -> bool:
        """Whether it says which instruments play."""
        return self.model in DETECTORS

    def variants(self) -> tuple[Variant, ...]:
        """Variants that this system can be scored in: gates need a trained activity head."""
        return VARIANTS if self.model in ("iass", "u-net") and self.activity_weight > 0 else ("none",)

    def problem(self) -> str | None:
        """The first of its keys that does not fit the others, as a sentence; None when all do."""
        together = ("u-net", "c-u-net")
        if self.model in together and len(self.sources) < 2:
            return f"sources: {self.sources}, but '{self.model}' separates two sources at least; list them"
        if self.joint and not self.sources:
            return "joint: true, but no sources are listed; list what is estimated together"
        if self.model == "c-u-net" and not self.joint:
            return "joint: false, but one conditioned network estimates all sources; set it to true"
        if (self.model == "blstm") != bool(self.clips):
            return f"clips: {len(self.clips)} sets for '{self.model}'; a blstm is trained on clips, others are not"
        if (self.clips or self.tested or self.oracle == "tpsf") and self.scored != "tracks":
            return f"scored: {self.scored}, but clips, tested and tpsf belong to systems that are scored as tracks"
        if self.added and self.model not in ("iass", "open-unmix"):
            return f"added: '{self.added}', but '{self.model}' does not mix its training items; leave it out"
        if self.is_detector != bool(self.detects):
            return f"detects: {self.detects} for '{self.model}'; a detector names its corpus there, others nothing"
        if self.gated_by and not (self.model == "iass" and self.activity_weight):
            return "gated_by: only iass with an activity head is scored with another network's gate; leave it out"
        if self.sources and self.model in ("iass", "open-unmix", "blstm"):
            return f"sources: '{self.model}' estimates a target against its accompaniment; leave them out"
        return None

    def mask_settings(self, scoring: Scoring) -> MaskSettings | None:
        """The mask of an oracle: ``scoring.<oracle>`` with the paper's changes; None for the unprocessed mixture."""
        assert self.oracle is not None
        return self.mask.applied(self.oracle, scoring)


class Binding(Section):
    """Part of what identifies a score; a cell joins those of its table, row and column."""

    corpus: str | None = None
    target: str | None = None
    system: str | None = None
    variant: Variant | None = None
    metric: Metric | None = None


TimeScale = Annotated[int, Field(ge=1)] | Literal["track"]


class Entry(Binding):
    """A row or a column of a table."""

    label: str
    sublabel: str = ""
    cost: Cost | None = None
    count: Count | None = None
    measure: Measure | None = None
    seconds: TimeScale | None = None


class Doubtful(Section):
    """A published cell that is known to be wrong in the source."""

    row: str
    column: str
    reason: str


class Table(Section):
    caption: str
    bind: Binding
    rows: list[Entry]
    columns: list[Entry]
    published: list[list[float | str | None]]
    doubtful: list[Doubtful] = []
    kind: Literal["scores", "costs", "corpora", "detection"] = "scores"
    form: Literal["median", "mean", "mean ± std (median)"] = "median"

    def statistics(self) -> tuple[Statistic, ...]:
        """What a cell of this table tells of its scores."""
        return STATISTICS if self.form == "mean ± std (median)" else (self.form,)

    @property
    def main(self) -> Statistic:
        """What a cell tells first of all, and claims take as published."""
        return self.statistics()[-1]


class Bar(Section):
    label: str
    better: Variant
    than: Variant


class Figure(Section):
    kind: Literal["spectrograms", "activity", "gains", "energies", "categories", "spectra", "instruments", "confusions"]
    caption: str
    bind: Binding
    bars: list[Bar] = []
    settings: list[list[str]] = []
    published: dict[str, float] = {}
    seconds: Annotated[float, Field(gt=0)] = 1.0
    first: list[str] = []
    corpora: list[str] = []
    apart: Annotated[float, Field(ge=0)] = 0.0


class Side(Section):
    system: str
    variant: Variant = "none"
    seconds: TimeScale = 1


class Claim(Section):
    id: str
    statement: str
    source: str
    corpus: str
    metric: Metric | Cost | Measure
    left: Side
    right: Side
    expect: Literal["greater", "less", "comparable", "not-greater", "not-less", "largest", "times-less"]
    targets: list[str] | None = None
    margin: float = 0.0


class Deviation(Section):
    """One line of the deviation table: what the paper says, the released code does, we do, and why."""

    subject: str
    paper: str
    code: str
    ours: str
    why: str


class Paper(Section):
    """One paper file."""

    title: str
    authors: str
    venue: str
    short: str
    listen: list[str]
    metric: str
    systems: dict[str, System]
    tables: dict[str, Table]
    figures: dict[str, Figure]
    claims: list[Claim]
    calibration: Calibration | None = None
    deviations: list[Deviation] = []

    def minimises_errors(self) -> bool:
        """Whether its networks are trained by the mean squared error of magnitudes."""
        return any(system.model in ("iass", "open-unmix") for system in self.systems.values())

    def is_of_detectors(self) -> bool:
        """Whether all its systems say which instruments play, and none separates."""
        return all(system.is_detector for system in self.systems.values())

    def is_scored_by_track(self) -> bool:
        """Whether songs are scored by SI-SDR."""
        return any(system.scored == "tracks" for system in self.systems.values())

    def is_scored_whole(self) -> bool:
        """Whether songs are scored as a whole, all their sources against each other."""
        return any(system.sources and system.scored == "whole" for system in self.systems.values())


@dataclass(frozen=True)
class Cell:
    """One number of a table: what identifies it and what the paper printed."""

    row: str
    column: str
    corpus: str
    target: str
    system: str
    variant: Variant
    metric: Metric
    published: float | None
    doubtful: str = ""
    statistic: Statistic = "median"


@dataclass(frozen=True, order=True)
class Run:
    """One training, or the scoring of one oracle (seed None). `sources` are those of a joint system."""

    corpus: str
    target: str
    system: str
    seed: int | None
    sources: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """What it estimates."""
        return self.sources or (self.target,)

    @property
    def id(self) -> str:
        """A readable slug that any file system takes."""
        name = f"{self.corpus}_{self.target}_{self.system}"
        return name if self.seed is None else f"{name}_s{self.seed}"


def load_paper(name: str) -> Paper:
    """The paper file of that name; :class:`UserError` when it is unknown or wrong."""
    folder = repository() / "workflow" / "papers"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise UserError(f"params: papers: unknown paper '{name}'{near_match(name, known)}; allowed: {', '.join(known)}")
    path = folder / f"{name}.yaml"
    try:
        paper = Paper.model_validate(read_yaml(path))
    except ValidationError as error:
        raise UserError(f"{path.name}: {explain(error, Paper, 'another paper file')}") from error
    _check_systems(path, paper)
    _check_shapes(path, paper)
    _check_corpora(path, paper)
    _check_detection(path, paper)
    return paper


def _check_shapes(path: Path, paper: Paper) -> None:
    for name, table in paper.tables.items():
        where = f"{path.name}: tables.{name}.published"
        rows, columns = len(table.rows), len(table.columns)
        if len(table.published) != rows:
            raise UserError(f"{where}: found {len(table.published)} lists of values, expected {rows}, one per row")
        for number, values in enumerate(table.published):
            for value in values:
                if isinstance(value, str) and not (table.form == SPREAD and _TRIPLE.match(value)):
                    raise UserError(
                        f"{where}.{number}: '{value}', expected a number, or with form mean ± std (median) all"
                    )
            if len(values) != columns:
                raise UserError(
                    f"{where}.{number}: found {len(values)} values, expected {columns}, one per column; "
                    "write null where the paper prints nothing"
                )


def _check_corpora(path: Path, paper: Paper) -> None:
    """Whether tables and figures of corpora say what they count, and of which corpora."""
    for name, table in paper.tables.items():
        for number, column in enumerate(table.columns):
            if (table.kind == "corpora") != (column.count is not None):
                raise UserError(
                    f"{path.name}: tables.{name}.columns.{number}.count: {column.count or 'missing'} in a table of "
                    f"kind '{table.kind}'; one of kind 'corpora' needs it in every column, others have none"
                )
    for name, figure in paper.figures.items():
        if figure.kind == "spectra" and not figure.corpora:
            raise UserError(f"{path.name}: figures.{name}.corpora: empty, but 'spectra' compares corpora; list them")
        if figure.kind == "categories" and figure.bind.corpus is None:
            raise UserError(
                f"{path.name}: figures.{name}.bind.corpus: missing, but 'categories' counts the songs of one; name it"
            )


def _check_detection(path: Path, paper: Paper) -> None:
    """Whether tables, figures and claims of detectors say what is detected, by whom and at which time scale."""
    for name, table in paper.tables.items():
        for number, column in enumerate(table.columns):
            if (table.kind == "detection") != bool(column.measure and column.seconds):
                raise UserError(
                    f"{path.name}: tables.{name}.columns.{number}: measure {column.measure or 'missing'}, seconds "
                    f"{column.seconds or 'missing'} in a table of kind '{table.kind}'; one of kind 'detection' needs "
                    "both in every column, others have none"
                )
        shown = [row.system for row in table.rows] if table.kind == "detection" else []
        _check_detectors(path, paper, f"tables.{name}.rows", shown)
    for claim in paper.claims:
        if claim.metric in ("LRAP", "AUC"):
            _check_detectors(path, paper, f"claims.{claim.id}", [claim.left.system, claim.right.system])
            if claim.expect not in ("greater", "less", "comparable"):
                raise UserError(
                    f"{path.name}: claims.{claim.id}.expect: '{claim.expect}' for {claim.metric}; allowed: greater, "
                    "less, comparable"
                )
    for name, figure in paper.figures.items():
        if figure.kind in ("instruments", "confusions") and figure.bind.corpus is None:
            raise UserError(
                f"{path.name}: figures.{name}.bind.corpus: missing, but '{figure.kind}' shows the detectors of one; "
                "name it"
            )
        if figure.kind == "confusions":
            _check_detectors(path, paper, f"figures.{name}.bind.system", [figure.bind.system])


def _check_detectors(path: Path, paper: Paper, where: str, named: Iterable[str | None]) -> None:
    for name in named:
        if name is None or name not in paper.systems or not paper.systems[name].is_detector:
            known = ", ".join(key for key, system in paper.systems.items() if system.is_detector)
            raise UserError(f"{path.name}: {where}: '{name}' is no detector; allowed: {known}")


def _check_systems(path: Path, paper: Paper) -> None:
    used = {entry.system for table in paper.tables.values() for entry in [*table.rows, *table.columns, table.bind]}
    used |= {side.system for claim in paper.claims for side in (claim.left, claim.right)} | set(paper.listen)
    for name in sorted(filter(None, used)):
        if name not in paper.systems:
            raise UserError(f"{path.name}: unknown system '{name}'{near_match(name, paper.systems)}")
    for name, system in paper.systems.items():
        if problem := system.mask.problem(system.oracle) or system.problem():
            raise UserError(f"{path.name}: systems.{name}.{problem}")
    oracles = [name for name, system in paper.systems.items() if system.oracle]
    printed = [name for name in oracles if name in used]
    if paper.calibration and (problem := paper.calibration.problem(oracles, printed)):
        raise UserError(f"{path.name}: {problem}")


def cells(params: Params, paper: Paper, table: Table) -> list[Cell]:
    """The cells of a table of scores whose corpus has the target, row by row; one per statistic."""
    if table.kind != "scores":
        return []
    found: list[Cell] = []
    for row, values in zip(table.rows, table.published, strict=True):
        for column, published in zip(table.columns, values, strict=True):
            for statistic in table.statistics():
                cell = _cell(table, row, column, published, statistic)
                scored = cell.variant != BY_DETECTOR or gating_run(params, cell.corpus, paper.systems[cell.system], 0)
                if scored and has_target(params, paper, cell.corpus, cell.target, cell.system):
                    found.append(cell)
    return found


def corpora_counted(params: Params, paper: Paper) -> list[str]:
    """The corpora of this scale of whose catalogs a paper's tables and figures tell."""
    named = {row.corpus for table in paper.tables.values() if table.kind == "corpora" for row in table.rows}
    named |= {figure.bind.corpus for figure in paper.figures.values() if figure.kind == "categories"}
    return [name for name in params.corpora if name in named]


def corpora_with_spectra(params: Params, paper: Paper) -> list[str]:
    """The corpora of this scale whose spectra a paper's figures compare."""
    named = {name for figure in paper.figures.values() if figure.kind == "spectra" for name in figure.corpora}
    return [name for name in params.corpora if name in named]


def has_target(params: Params, paper: Paper, corpus: str, target: str, system: str) -> bool:
    """Whether a corpus of this scale has a target of a system, and all the sources of its setting."""
    other = paper.systems[system].beside
    if corpus not in params.corpora or (other and other not in params.papers):
        return False
    added, only = paper.systems[system].added, paper.systems[system].targets
    if (added and added not in params.corpora) or (only and target not in only):
        return False
    if not all(target in _targets(params, one.corpus) for one in paper.systems[system].clips):
        return False
    known = [*params.corpora[corpus].targets, ACCOMPANIMENT]
    sources = paper.systems[system].sources
    return all(source in known for source in sources) and target in ([*sources, OVERALL] if sources else known[:-1])


def _targets(params: Params, corpus: str) -> list[str]:
    """The targets of a corpus; none of one that this scale lacks."""
    return params.corpora[corpus].targets if corpus in params.corpora else []


def scored_on(params: Params, run: Run, system: System) -> list[str]:
    """The corpora on which a run is scored: its own, or those that its system names, as far as they hold its target."""
    return [one for one in system.tested if run.target in _targets(params, one)] or [run.corpus]


def corpora_of(params: Params, run: Run, system: System) -> list[str]:
    """All corpora that a run reads: its own first, then those that it is trained and scored on."""
    trained = [one.corpus for one in system.clips] if run.seed is not None else []
    trained += [system.added] if system.added else []
    return list(dict.fromkeys([run.corpus, *trained, *scored_on(params, run, system)]))


def column_name(column: str, form: str, statistic: Statistic) -> str:
    """The name of a column in a tidy table."""
    return f"{column} ({statistic})" if form == SPREAD else column


def _published(value: float | str | None, table: Table, statistic: Statistic) -> float | None:
    if isinstance(value, str):
        found = _TRIPLE.match(value)
        assert found
        return float(found[1 + STATISTICS.index(statistic)])
    return value if statistic == table.main else None


def _cell(table: Table, row: Entry, column: Entry, published: float | str | None, statistic: Statistic) -> Cell:
    def bound(key: str) -> str:
        values = [getattr(part, key) for part in (row, column, table.bind) if getattr(part, key) is not None]
        if not values:
            raise UserError(f"paper file: the cell ({row.label}, {column.label}) has no {key}; bind it in the table")
        return str(values[0])

    name = f"{row.label} {row.sublabel}".strip()
    reasons = [item.reason for item in table.doubtful if item.row == name and item.column == column.label]
    return Cell(
        row=name,
        column=column_name(column.label, table.form, statistic),
        published=_published(published, table, statistic),
        doubtful=reasons[0] if reasons else "",
        statistic=statistic,
        **{key: bound(key) for key in ("corpus", "target", "system", "variant", "metric")},  # type: ignore[arg-type]
    )


def calibration_cells(params: Params, paper: Paper) -> list[Cell]:
    """The values of a paper's calibration, by corpus, target and system: in its tables, and measured besides.

    A doubtful published value counts as none.
    """
    if paper.calibration is None:
        return []
    found: dict[tuple[str, str, str], Cell] = {}
    for cell in (cell for table in paper.tables.values() for cell in cells(params, paper, table)):
        if paper.systems[cell.system].oracle and cell.metric == paper.calibration.metric:
            sure = replace(cell, published=None) if cell.doubtful else cell
            found.setdefault((cell.corpus, cell.target, cell.system), sure)
    for corpus, target, system in _measured(params, paper.calibration):
        label, metric = paper.systems[system].label, paper.calibration.metric
        found.setdefault((corpus, target, system), Cell(target, label, corpus, target, system, "none", metric, None))
    order = [(c, t, s) for c, content in params.corpora.items() for t in content.targets for s in paper.systems]
    return sorted(found.values(), key=lambda cell: order.index((cell.corpus, cell.target, cell.system)))


def _measured(params: Params, calibration: Calibration) -> Iterator[tuple[str, str, str]]:
    for part in calibration.measured:
        targets = params.corpora[part.corpus].targets if part.corpus in params.corpora else []
        for target in targets:
            if part.targets is None or target in part.targets:
                yield from ((part.corpus, target, system) for system in part.systems)


def check_accepted(params: Params, papers: Iterable[Paper]) -> None:
    """:class:`UserError` for the first name in ``calibration.accept`` that is no calibration value of any paper."""
    known = [value_name(c.corpus, c.target, c.system) for paper in papers for c in calibration_cells(params, paper)]
    for name in params.calibration.accept:
        if name not in known:
            raise UserError(
                f"params: calibration.accept: '{name}' is no value of a calibration{near_match(name, known)}; "
                "write corpus/target/system, e.g. mm/vocals/ibm"
            )


def runs(params: Params, paper: Paper) -> list[Run]:
    """Every run that the tables and the calibration need, oracles included, in a stable order."""
    every = [cell for table in paper.tables.values() for cell in cells(params, paper, table)]
    needed = {(cell.corpus, cell.target, cell.system) for cell in [*every, *calibration_cells(params, paper)]}
    found = {run for corpus, target, system in needed for run in _of_cell(params, paper, corpus, target, system)}
    for corpus, model in sorted({(run.corpus, paper.systems[run.system].model or "") for run in found if run.sources}):
        if model:
            check_fits(params, corpus, model)
    for together in sorted({tuple(corpora_of(params, run, paper.systems[run.system])) for run in found}):
        check_agree(params, together)
    return sorted(found, key=lambda run: run.id)


def detector_runs(params: Params, paper: Paper) -> list[Run]:
    """The runs of a paper's detectors, one per seed, in a stable order."""
    found = [
        Run(str(system.detects), INSTRUMENTS, name, seed)
        for name, system in paper.systems.items()
        if system.detects in params.corpora
        for seed in params.seeds
    ]
    return sorted(found, key=lambda run: run.id)


def every_run(params: Params, paper: Paper) -> list[Run]:
    """All runs of a paper: those that separate, and its detectors."""
    return [*runs(params, paper), *detector_runs(params, paper)]


def gating_run(params: Params, corpus: str, system: System, seed: int | None) -> Run | None:
    """The detector's run by whose gate a run on a corpus is scored, too; None where this scale lacks it."""
    gate = system.gated_by
    if gate is None or gate.paper not in params.papers or gate.corpus not in params.corpora:
        return None
    if params.corpora[gate.corpus].of != corpus:
        return None
    return Run(gate.corpus, INSTRUMENTS, gate.system, seed)


def scored_variants(params: Params, run: Run, system: System) -> tuple[Variant, ...]:
    """The test-time variants in which a run is scored."""
    own = system.variants()
    return (*own, BY_DETECTOR) if gating_run(params, run.corpus, system, run.seed) else own


def _of_cell(params: Params, paper: Paper, corpus: str, target: str, name: str) -> Iterator[Run]:
    """The runs whose scores a cell holds, one per seed; a cell that pools sources needs those of all of them."""
    system = paper.systems[name]
    seeds: list[int | None] = [None] if system.oracle else list(params.seeds)
    if system.joint:
        yield from (Run(corpus, _joint_target(system), name, seed, tuple(system.sources)) for seed in seeds)
        return
    targets = system.sources if target == OVERALL else [target]
    corpus = system.clips[0].corpus if system.clips else corpus  # a network is one, wherever it is scored
    yield from (Run(corpus, one, name, seed) for one in targets for seed in seeds)


def _joint_target(system: System) -> str:
    return f"{len(system.sources)}-sources"


def find_run(params: Params, identifier: str) -> tuple[Run, System]:
    """The run of that id and its system, over all papers; :class:`UserError` when there is none."""
    known: list[str] = []
    for name in params.papers:
        paper = load_paper(name)
        for run in every_run(params, paper):
            if run.id == identifier:
                return run, paper.systems[run.system]
            known.append(run.id)
    raise UserError(f"unknown run '{identifier}'{near_match(identifier, known)}; `reprosep runs` lists them")
