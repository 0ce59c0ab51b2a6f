"""What a paper file holds: systems, tables, figures, claims, questions, calibration and deviations."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from reprosep.papers.calibration import Calibration
from reprosep.papers.claim import Claim
from reprosep.papers.measures import Cost, Count, Measure, Metric, Statistic, TimeScale
from reprosep.papers.system import System, Variant
from reprosep.params.section import Section

TRACK = "track"  # the whole song as a time scale
STATISTICS: tuple[Statistic, ...] = ("mean", "std", "median")
SPREAD = "mean ± std (median)"  # the form of a table
TRIPLE = re.compile(r"^\s*(-?[\d.]+)\s*±\s*([\d.]+)\s*\((-?[\d.]+)\)\s*$")  # a cell of that form


class Binding(Section):
    """Part of what identifies a score; a cell joins those of its table, row and column."""

    corpus: str | None = None
    target: str | None = None
    system: str | None = None
    variant: Variant | None = None
    metric: Metric | None = None


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
    statistic: Statistic | None = None  # None: all that the cell gives


class Table(Section):
    caption: str
    bind: Binding
    rows: list[Entry]
    columns: list[Entry]
    published: list[list[float | str | None]]
    doubtful: list[Doubtful] = []
    kind: str = "scores"  # one of papers.kinds.TABLE_KINDS
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
    kind: str  # one of papers.kinds.FIGURE_KINDS
    caption: str
    bind: Binding
    bars: list[Bar] = []
    also: list[Metric] = []
    settings: list[list[str]] = []
    published: dict[str, float] = {}
    seconds: Annotated[float, Field(gt=0, le=600)] = 1.0
    first: list[str] = []
    corpora: list[str] = []
    apart: Annotated[float, Field(ge=0, le=1e6)] = 0.0


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
    questions: list[Claim] = []
    calibration: Calibration | None = None
    deviations: list[Deviation] = []

    @property
    def statements(self) -> list[Claim]:
        """The paper's claims, then our own questions."""
        return [*self.claims, *self.questions]

    def minimises_errors(self) -> bool:
        """Whether its networks are trained by the mean squared error of magnitudes."""
        return any(system.kind == "target" for system in self.systems.values())

    def ways_of_scoring(self) -> set[str]:
        """How its systems are scored: in frames, as a whole, by track or in seconds."""
        return {system.scored for system in self.systems.values()}
