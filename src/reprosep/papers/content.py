"""What a paper file holds: systems, tables, figures, claims, questions, calibration and deviations."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

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
    """A table: `published` has what is printed, and may be left out where nothing is."""

    caption: str
    bind: Binding
    rows: list[Entry]
    columns: list[Entry]
    published: list[list[float | str | None]]
    doubtful: list[Doubtful] = []
    kind: str = "scores"  # one of papers.kinds.TABLE_KINDS
    form: Literal["median", "mean", "mean ± std (median)"] = "median"

    @model_validator(mode="before")
    @classmethod
    def _blank(cls, content: Any) -> Any:
        """A table without printed numbers as one of blanks."""
        if not isinstance(content, dict) or "published" in content:
            return content
        rows, columns = (content.get(key) for key in ("rows", "columns"))
        if not isinstance(rows, list) or not isinstance(columns, list):
            return content  # what is wrong with these is told of them
        return {**content, "published": [[None] * len(columns) for _ in rows]}

    @property
    def is_printed(self) -> bool:
        """Whether anything is printed of it."""
        return any(value is not None for values in self.published for value in values)

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
    """One paper file.

    One that is `own` asks what no paper answers: nothing of it is printed, and all its statements are questions.
    `seeds` is how often its networks are trained, whatever the seeds of the scale.
    """

    own: bool = False
    seeds: Annotated[int, Field(ge=1, le=1000)] | None = None
    title: str
    authors: str = ""
    venue: str = ""
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

    @property
    def cited(self) -> str:
        """Authors, title and venue, the title in italics; of one of our own the title."""
        return f"*{self.title}*" if self.own else f"{self.authors}, *{self.title}*, {self.venue}"

    def own_problem(self) -> str | None:
        """What only a published paper can have, or has to have, as a sentence; None when all is there as it should."""
        for key in ("authors", "venue"):
            if self.own and getattr(self, key):
                return f"{key}: given in a paper of our own, which nobody published; leave it out"
            if not self.own and not getattr(self, key):
                return f"{key}: missing; write who published the paper, and where, or set own to true"
        if not self.own:
            return None
        if self.claims:
            return f"claims: '{self.claims[0].id}' in a paper of our own, which quotes nobody; move it to questions"
        printed = [name for name, table in self.tables.items() if table.is_printed]
        if printed:
            return f"tables.{printed[0]}.published: numbers in a paper of our own, which prints none; leave it out"
        return None

    def minimises_errors(self) -> bool:
        """Whether its networks are trained by the mean squared error of magnitudes."""
        return any(system.kind == "target" for system in self.systems.values())

    def ways_of_scoring(self) -> set[str]:
        """How its systems are scored: in frames, as a whole, by track or in seconds."""
        return {system.scored for system in self.systems.values()}
