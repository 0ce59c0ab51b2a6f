"""What a kind of experiment answers: its runs, what they read, and where its training, estimates and scores are made.

A kind has a folder here. ``plan.py`` answers what planning asks, and imports no torch; the other files compute, and are
imported when something is computed (:meth:`Kind.module`). All kinds stand in :data:`reprosep.experiments.kinds.KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from reprosep.experiments.reads import CORPUS_TABLES, Reads, filled
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import AnySystem, Variant
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

LOOP = (
    "training.batch_size",
    "training.epochs",
    "training.items_per_epoch",
    "training.optimizer",
    "training.schedule",
    "training.plateau",
    "training.early_stopping",
    "training.precision",
)
"""What every training depends on."""

SystemType = TypeVar("SystemType", bound=AnySystem)


class Kind(ABC, Generic[SystemType]):
    """One kind of experiment.

    Attributes
    ----------
    folder
        Its folder below ``experiments``.
    groups
        Names that the versioned stages of its trainings share.
    training_keys
        Keys of params.yaml that its trainings depend on.
    """

    folder: ClassVar[str]
    groups: ClassVar[tuple[str, ...]] = ()
    training_keys: ClassVar[tuple[str, ...]] = ()

    # ---- runs ----------------------------------------------------------------------------------------------------

    def own_runs(self, params: Params, name: str, system: SystemType) -> Iterator[Run]:
        """The runs of a system that no cell of a table asks for."""
        yield from ()

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: SystemType) -> Iterator[Run]:
        """The runs whose scores a cell holds, one per seed."""
        yield from (Run(corpus, target, name, seed) for seed in self.seeds(params))

    def group(self, system: SystemType) -> str:
        """Which of its groups a training belongs to."""
        return self.groups[0]

    def seeds(self, params: Params) -> Sequence[int | None]:
        """The seeds of its runs."""
        return params.seeds

    def has_target(self, params: Params, corpus: str, target: str, system: SystemType) -> bool:
        """Whether a system estimates a target on a corpus of this scale."""
        return target in targets_of(params, corpus)

    def why_not(self, params: Params, corpus: str, target: str, system: SystemType) -> str:
        """Why a system cannot estimate a target that a corpus of this scale has, in a few words; '' where it can."""
        return ""

    def check(self, params: Params, corpus: str, system: SystemType) -> None:
        """:class:`UserError` when the parameters of a corpus do not fit a system that is trained on it."""

    def trained_on(self, run: Run, system: SystemType) -> list[str]:
        """The corpora that a training reads, the run's own first."""
        return [run.corpus]

    def scored_on(self, params: Params, run: Run, system: SystemType) -> list[str]:
        """The corpora on which a run is scored."""
        return [run.corpus]

    def variants(self, params: Params, run: Run, system: SystemType) -> tuple[Variant, ...]:
        """The test-time variants in which a run is scored."""
        return system.variants()

    def estimating_runs(self, params: Params, run: Run, system: SystemType) -> list[Run]:
        """The trained runs whose estimates the scoring of a run is made from: its own, and those filtered with it."""
        return [run] if run.seed is not None else []

    judged_by: ClassVar[str] = "valid_loss"  # the column of a training's log by which its best epoch is chosen

    # ---- what a trained run tells --------------------------------------------------------------------------------

    separates: ClassVar[bool] = True  # whether its runs estimate sound
    tells_activity: ClassVar[bool] = False  # whether they all tell who plays when, without an activity head

    def targets(self, params: Params, corpus: str, target: str, system: SystemType) -> list[str]:
        """What a run of that corpus and target estimates or detects."""
        return [target]

    def threshold(self, params: Params) -> float:
        """Probability above which an instrument plays."""
        return params.separation.threshold

    # ---- what it reads -------------------------------------------------------------------------------------------

    def training_reads(self, run: Run, system: SystemType) -> Reads:
        """What a training reads."""
        keys = filled(self.training_keys, run.corpus, self.model(system))
        return Reads(tuple(self.training_files(run, system)), keys, (self.module_name("training"),))

    def scoring_reads(self, params: Params, run: Run, system: SystemType) -> Reads:
        """What the scoring of a run reads."""
        keys = filled(self.scoring_keys(params, run, system), run.corpus, self.model(system))
        weights = [weights_of(one) for one in self.estimating_runs(params, run, system)]
        files = [*self.scoring_files(params, run, system), *weights]
        return Reads(
            tuple(files),
            keys,
            (self.module_name(self.scores_part(system)),),
            self.scoring_project_files(params, run, system),
        )

    def model(self, system: SystemType) -> str:
        """The name of the network, as the section ``models`` has it."""
        return str(getattr(system, "model", ""))

    @abstractmethod
    def training_files(self, run: Run, system: SystemType) -> list[str]:
        """The files that a training reads."""

    @abstractmethod
    def scoring_files(self, params: Params, run: Run, system: SystemType) -> list[str]:
        """The files that the scoring of a run reads, but for weights."""

    @abstractmethod
    def scoring_keys(self, params: Params, run: Run, system: SystemType) -> tuple[str, ...]:
        """Keys of params.yaml that it depends on."""

    def scoring_project_files(self, params: Params, run: Run, system: SystemType) -> tuple[str, ...]:
        """Other files of the project that it reads."""
        return ()

    # ---- what computes -------------------------------------------------------------------------------------------

    def scores_part(self, system: SystemType) -> str:
        """The module of its folder that scores a run."""
        return "scores"

    def module_name(self, part: str) -> str:
        """The module of its folder that does a part of it."""
        return f"reprosep.experiments.{self.folder}.{part}"

    def module(self, part: str) -> Any:
        """The same, imported."""
        return import_module(self.module_name(part))

    # ---- what it costs -------------------------------------------------------------------------------------------

    def load(self, params: Params, run: Run, system: SystemType, songs: pd.DataFrame) -> tuple[int, float]:
        """Training items of an epoch, and seconds of music that validate it.

        `songs` has split, targets and seconds of every song.
        """
        raise NotImplementedError(f"'{self.folder}' has no trainings")

    def batch_values(self, params: Params, system: SystemType, count: int) -> float:
        """Values of the first layer for `count` training items: memory and time on a processor grow with them."""
        return 0.0

    def epoch_items(self, params: Params, system: SystemType, songs: int, seconds: float) -> float:
        """Training items of an epoch, of a corpus with so many songs and seconds, where the parameters do not say."""
        return 0.0


def weights_of(run: Run) -> str:
    """The file of the weights of a trained run."""
    return f"runs/{run.id}/best.safetensors"


def seconds_of(songs: pd.DataFrame, split: str) -> float:
    """Seconds of music in a part of the split."""
    return float(songs.loc[songs["split"] == split, "seconds"].sum())


def tables(*corpora: str) -> list[str]:
    """The tables of corpora: catalog, audio store and activity."""
    return [f"{corpus}/{name}" for corpus in dict.fromkeys(corpora) for name in CORPUS_TABLES]
