"""How far a scale is: which of its files are there, which are missing or out of date, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reprosep.base.errors import UserError

if TYPE_CHECKING:
    from reprosep.dag.plan import Plan

THERE, MISSING, OUT_OF_DATE = "there", "missing", "out of date"
_CHECKPOINT = "checkpoint/state.pt"
_NAMED = 4  # of what comes next
_SCORES, _TRAININGS = "scores", "trainings"


@dataclass(frozen=True)
class Step:
    """The files of one step, by the name of what each is of, with their states. `of` is the paper, if of one.

    `begun` are those that are missing, but have a checkpoint to go on from.
    """

    name: str
    states: Mapping[str, str]
    of: str = ""
    begun: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """How many are in that state."""
        return sum(one == state for one in self.states.values())

    @property
    def to_do(self) -> list[str]:
        """What is still to be computed, by name."""
        return [name for name, state in self.states.items() if state != THERE]


@dataclass(frozen=True)
class Progress:
    """The steps of a scale in the order in which they are done. `todo` are the files that Snakemake would make now."""

    plan: Plan
    todo: frozenset[Path]

    def state(self, path: Path) -> str:
        """:data:`THERE`, :data:`MISSING` or :data:`OUT_OF_DATE`."""
        if not path.is_file():
            return MISSING
        return OUT_OF_DATE if path in self.todo else THERE

    @cached_property
    def steps(self) -> list[Step]:
        """Data, trainings, scores, and what every paper has."""
        plan, results = self.plan, self.plan.results
        weights = {name: results / f"runs/{name}/best.safetensors" for name in plan.trained}
        begun = [name for name, path in weights.items() if (path.parent / _CHECKPOINT).is_file()]
        scores = {name: results / f"scores/{name}.parquet" for name in plan.runs}
        steps = [
            self._step("data", {path.relative_to(results).as_posix(): path for path in self._data()}),
            self._step(_TRAININGS, weights, begun=[name for name in begun if self.state(weights[name]) == MISSING]),
            self._step(_SCORES, scores),
            *(step for paper in plan.papers for step in self._of_paper(paper)),
        ]
        return [step for step in steps if step.states]

    @property
    def is_finished(self) -> bool:
        """Whether nothing but the report itself is to be computed."""
        return not any(step.to_do for step in self.steps)

    @property
    def next(self) -> str:
        """What comes next, in words; '' at the end."""
        step = next((step for step in self.steps if step.to_do), None)
        if step is None:
            return ""
        named, more = step.to_do[:_NAMED], len(step.to_do) - _NAMED
        of = f" of {self.plan.papers[step.of].short}" if step.of else ""
        return f"{step.name}{of}: {', '.join(named)}{f' and {more} more' if more > 0 else ''}"

    def _step(self, name: str, files: Mapping[str, Path], of: str = "", begun: Iterable[str] = ()) -> Step:
        return Step(name, {key: self.state(path) for key, path in files.items()}, of, tuple(begun))

    def _data(self) -> list[Path]:
        """What trainings and scorings read of the corpora."""
        plan, made = self.plan, [self.plan.results / name for name in ("runs", "scores")]
        files = [*plan.training_files(plan.trained), *plan.scoring_files(list(plan.runs))]
        own = [path for path in dict.fromkeys(files) if path.is_relative_to(plan.results)]
        return [path for path in own if not any(path.is_relative_to(folder) for folder in made)]

    def _of_paper(self, name: str) -> list[Step]:
        folder, paper, plan = self.plan.results / "papers" / name, self.plan.papers[name], self.plan
        others = {"claims": "claims.csv", "scores computed again": "spot-check.csv", "excerpts": "listen/index.json"}
        calibration = {"calibration": folder / "calibration.csv"} if name in plan.calibrated else {}
        return [
            self._step("calibration", calibration, name),
            self._step("tables", {path.stem: path for path in plan.table_files(name)}, name),
            self._step("figures", {figure: folder / f"{figure}.svg" for figure in paper.figures}, name),
            *(self._step(title, {title: folder / file}, name) for title, file in others.items()),
        ]


def progress_of(scale: str, config_files: list[Path]) -> Progress:
    """How far a scale is, changed by further files; :class:`UserError` when nothing of it is there, or no plan."""
    from reprosep.dag.plan import Plan  # here: the report's step reads the states alone, and its code is no plan's
    from reprosep.dag.reproduce import files_to_make, scale_params

    plan = Plan(scale_params(scale, config_files))
    if not plan.results.is_dir():
        raise UserError(f"{plan.results}: no such folder; begin with `reprosep reproduce {scale}`")
    return Progress(plan, frozenset(files_to_make(scale, config_files)))
