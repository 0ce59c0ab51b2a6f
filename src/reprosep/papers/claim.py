"""A claim: a statement as something that can be checked, and the rules that its keys must follow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from reprosep.papers.measures import Confusion, Cost, HeadMeasure, Measure, Metric, Spectral, TimeScale
from reprosep.papers.system import Variant
from reprosep.params.section import Section

Expect = Literal[
    "greater",
    "less",
    "comparable",
    "not-greater",
    "not-less",
    "largest",
    "smallest",
    "largest-metric",
    "times-less",
    "as-printed",
]
Quantifier = Literal["all", "most", "mean"]
ClaimStatistic = Literal["median", "mean", "pooled", "count"]
Instruments = Literal["all", "rare", "frequent", "related", "unrelated"]

TIMES_LESS, AS_PRINTED = "times-less", "as-printed"
NEED_MARGIN: tuple[Expect, ...] = ("comparable", "not-greater", "not-less", "as-printed")
BETWEEN_TARGETS: tuple[Expect, ...] = ("largest", "smallest")
COSTS = ("parameters", "iterations", "seconds", "training seconds")
OF_DETECTORS = ("LRAP", "LRAP above chance", "AUC", "confusion")
OF_SPECTRA = ("bass bump", "treble step", "mid peaks")
OF_HEADS = ("AUC", "misses", "false alarms", "activation rate")


class Side(Section):
    """One side of a comparison: a system at test time, or for spectra a corpus."""

    system: str = ""
    variant: Variant = "none"
    seconds: TimeScale = 1
    instruments: Instruments = "all"
    corpus: str | None = None


class Claim(Section):
    """A statement of a paper, or a question of our own.

    `quote` is what the paper says, word for word; a question has none. `statistic` is that of the paper's table:
    median or mean over songs; `pooled` for measures over all test songs at once, `count` for what is counted. The
    quantifier says over what the statement is made: `all` or `most` of the comparisons that `targets` (and several
    systems on a side) make, or the `mean` over targets. `against` are the targets, or for `largest-metric` the metrics,
    that those named are compared with; all others where it is not given. A claim of which a side is not scored is left
    out; of one that is `partial`, only the comparisons that need it are.
    """

    id: str
    statement: str
    quote: str = ""
    source: str
    note: str = ""
    corpus: str
    metric: Metric | Cost | Measure | HeadMeasure | Confusion | Spectral
    statistic: ClaimStatistic
    quantifier: Quantifier
    table: list[str] = []
    left: list[Side]
    right: list[Side] = []
    paired: bool = False
    partial: bool = False
    expect: Expect
    targets: list[str] | None = None
    against: list[str] | None = None
    related: list[list[str]] = []
    margin: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    seeds: Annotated[int, Field(ge=1, le=1000)] = 1

    @field_validator("left", "right", "table", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """One side or one table as a list of one."""
        return [value] if isinstance(value, (dict, str)) else value

    @property
    def sides(self) -> list[Side]:
        """Those of the left and of the right."""
        return [*self.left, *self.right]

    @property
    def pairs(self) -> list[tuple[Side, Side | None]]:
        """What is compared with what: every left side with every right one, or each with its own where `paired`."""
        if self.paired:
            return list(zip(self.left, self.right, strict=True))
        rights: list[Side | None] = [*self.right] or [None]
        return [(left, right) for left in self.left for right in rights]

    @property
    def is_counted(self) -> bool:
        """Whether it compares costs, which are counted and not tested."""
        return self.expect == TIMES_LESS

    @property
    def is_of_print(self) -> bool:
        """Whether it sets cells beside the printed ones: what needs no training has them or has them not."""
        return self.expect == AS_PRINTED

    @property
    def is_of_spectra(self) -> bool:
        """Whether it compares the spectra of corpora."""
        return self.metric in OF_SPECTRA

    def problem(self) -> str | None:
        """The first of its keys that does not fit the others, as a sentence; None when all do."""
        return self._margin_problem() or self._target_problem() or self._statistic_problem()

    def _margin_problem(self) -> str | None:
        if self.expect in NEED_MARGIN and not self.margin:
            return f"margin: missing for '{self.expect}', which is decided by nothing else; say how much is too much"
        if self.is_counted and self.margin < 1:
            return f"margin: {self.margin:g} for '{TIMES_LESS}'; write how many times less is claimed, 1 or more"
        if self.expect == "largest-metric" and self.margin:
            return f"margin: {self.margin:g} for 'largest-metric', which has none; leave it out"
        if self.expect in BETWEEN_TARGETS and self.margin:
            return f"margin: {self.margin:g} for '{self.expect}', which has none; leave it out"
        return None

    def _target_problem(self) -> str | None:
        if self.is_of_print and (self.right or not self.table):
            return f"table: needed for '{AS_PRINTED}', and no right side; name the tables that have the printed numbers"
        if self.paired and len(self.left) != len(self.right):
            return f"paired: {len(self.left)} sides on the left, {len(self.right)} on the right; list as many on both"
        needs_own = self.expect in BETWEEN_TARGETS and not self.is_of_spectra
        if needs_own and not self.targets:
            return f"targets: missing for '{self.expect}'; name those that stand out"
        if self.expect == "largest-metric" and not self.against:
            return "against: missing for 'largest-metric'; name the metrics that it is compared with"
        if self.against and self.expect not in (*BETWEEN_TARGETS, "largest-metric"):
            return f"against: {', '.join(self.against)} for '{self.expect}', which compares two sides; leave it out"
        if self.is_counted != (self.metric in COSTS):
            return (
                f"expect: '{self.expect}' for {self.metric}; costs ({', '.join(COSTS)}) and only they are 'times-less'"
            )
        return None

    def _statistic_problem(self) -> str | None:
        of_scores = not (self.is_counted or self.is_of_spectra or self.metric in (*OF_DETECTORS, *OF_HEADS))
        allowed = ("median", "mean") if of_scores else ("count",) if self.is_counted else ("pooled",)
        if self.is_of_spectra:
            allowed = ("mean",)
        if self.statistic not in allowed:
            return f"statistic: '{self.statistic}' for {self.metric}; allowed: {', '.join(allowed)}"
        if self.related and self.metric != "confusion":
            return f"related: given for {self.metric}; only confusions are of related instruments, leave it out"
        return None
