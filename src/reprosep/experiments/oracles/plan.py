"""Runs of oracles, and what they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reprosep.experiments.kind import Kind, tables
from reprosep.experiments.sources.plan import in_setting, runs_of_setting
from reprosep.experiments.target.plan import FRAMES, mixtures
from reprosep.papers.run import Run, targets_of
from reprosep.papers.system import OracleSystem
from reprosep.params.scale import Params

_MASKS = ("scoring.ibm", "scoring.irm", "scoring.wiener")
_OF_TRACKS = ("corpora.<corpus>.settings", "models.blstm.window", "stft.n_fft", "stft.hop", "audio.sample_rate")


class OracleKind(Kind[OracleSystem]):
    """A run has no seed, and is scored as what it stands beside: a target, a setting, or tracks."""

    folder = "oracles"

    def seeds(self, params: Params) -> Sequence[None]:
        return [None]

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: OracleSystem) -> Iterator[Run]:
        if not system.sources:
            yield Run(corpus, target, name, None)
            return
        yield from runs_of_setting(corpus, target, name, system, None, joint=True)

    def has_target(self, params: Params, corpus: str, target: str, system: OracleSystem) -> bool:
        return in_setting(params, corpus, target, system) if system.sources else target in targets_of(params, corpus)

    def training_files(self, run: Run, system: OracleSystem) -> list[str]:
        raise TypeError("an oracle is not trained")

    def scoring_files(self, params: Params, run: Run, system: OracleSystem) -> list[str]:
        return [*tables(run.corpus), *([mixtures(run)] if system.scored == "frames" else [])]

    def scoring_keys(self, params: Params, run: Run, system: OracleSystem) -> tuple[str, ...]:
        return _OF_TRACKS if system.scored == "tracks" else (*FRAMES, *_MASKS, "stft.hop")
