"""Runs of networks that mask the sources of a setting, and what they read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from reprosep.audio.frames import chunk_samples
from reprosep.base.errors import UserError
from reprosep.experiments.kind import LOOP, Kind, seconds_of, tables
from reprosep.papers.run import ACCOMPANIMENT, OVERALL, Run, targets_of
from reprosep.papers.system import WIENER, OracleSystem, SourcesSystem, Variant
from reprosep.params.networks import UNetSize
from reprosep.params.scale import Params

if TYPE_CHECKING:
    import pandas as pd

_FRAMES = ("scoring.window_seconds", "scoring.hop_seconds")
_TRANSFORM = ("stft.n_fft", "stft.hop", "audio.sample_rate")


class SourcesKind(Kind[SourcesSystem]):
    """A joint system has one run for all sources of its setting, others have one per source."""

    folder = "sources"
    groups = ("train-sources",)
    training_keys = (
        "seed",
        "corpora.<corpus>.settings",
        "models.<model>",
        "chunks",
        "weighting",
        "training.chunk_seconds",
        *LOOP,
        "activity.threshold",
        *_TRANSFORM,
    )

    def runs_of_cell(self, params: Params, corpus: str, target: str, name: str, system: SourcesSystem) -> Iterator[Run]:
        for seed in self.seeds(params):
            yield from runs_of_setting(corpus, target, name, system, seed, system.joint)

    def has_target(self, params: Params, corpus: str, target: str, system: SourcesSystem) -> bool:
        return in_setting(params, corpus, target, system)

    def targets(self, params: Params, corpus: str, target: str, system: SourcesSystem) -> list[str]:
        return system.sources if system.joint else [target]

    def variants(self, params: Params, run: Run, system: SourcesSystem) -> tuple[Variant, ...]:
        return (*system.variants(), WIENER) if system.is_filtered else system.variants()

    def check(self, params: Params, corpus: str, system: SourcesSystem) -> None:
        check_fits(params, corpus, system.model)

    def training_files(self, run: Run, system: SourcesSystem) -> list[str]:
        return [*tables(run.corpus), f"{run.corpus}/energies.parquet"]

    def scoring_files(self, params: Params, run: Run, system: SourcesSystem) -> list[str]:
        held = run.targets if system.scored == "frames" else ()
        return [*tables(run.corpus), *(f"{run.corpus}/mixtures/{target}.parquet" for target in held)]

    def scoring_keys(self, params: Params, run: Run, system: SourcesSystem) -> tuple[str, ...]:
        gates = ("separation.threshold", "separation.median_frames")
        own = ("models.<model>", "training.chunk_seconds", "activity.threshold", *_TRANSFORM)
        filtered = ("separation.wiener",) if system.is_filtered else ()
        return (*own, *gates, *filtered, *(_FRAMES if system.scored == "frames" else ()))

    def scores_part(self, system: SourcesSystem) -> str:
        return "frame_scores" if system.scored == "frames" else "scores"

    def load(self, params: Params, run: Run, system: SourcesSystem, songs: pd.DataFrame) -> tuple[int, float]:
        """All chunks of the training songs, once per condition; none is known to be silent before it is measured."""
        by_chunk, length = params.chunks.validation == "chunk", params.training.chunk_seconds
        own = songs[songs["split"] != "test"] if by_chunk else songs[songs["split"] == "train"]
        valid = params.chunks.valid_share * own["seconds"].sum() if by_chunk else seconds_of(songs, "valid")
        chunks = int((own["seconds"] // length).sum() - (valid // length if by_chunk else 0))
        return params.training.items_per_epoch or self.passes(params, system) * chunks, float(valid)

    def batch_values(self, params: Params, system: SourcesSystem, count: int) -> float:
        frames = params.training.chunk_seconds * params.audio.sample_rate / params.stft.hop
        return count * frames * params.models.u_net.bins * params.models.u_net.widths[0]

    def epoch_items(self, params: Params, system: SourcesSystem, songs: int, seconds: float) -> float:
        return self.passes(params, system) * seconds / params.training.chunk_seconds

    def passes(self, params: Params, system: SourcesSystem) -> int:
        """Items that a chunk makes: one, or one per condition."""
        if system.model != "c-u-net":
            return 1
        return len(system.sources) + (2 if params.models.c_u_net.conditions == "code" else 0)


def in_setting(params: Params, corpus: str, target: str, system: SourcesSystem | OracleSystem) -> bool:
    """Whether a corpus has all sources of a setting, and whether the target is one of them, or all together."""
    known = [*targets_of(params, corpus), ACCOMPANIMENT]
    return all(source in known for source in system.sources) and target in [*system.sources, OVERALL]


def runs_of_setting(
    corpus: str, target: str, name: str, system: SourcesSystem | OracleSystem, seed: int | None, joint: bool
) -> Iterator[Run]:
    """The runs whose scores a cell holds; one that pools sources needs those of all of them."""
    if joint:
        yield Run(corpus, f"{len(system.sources)}-sources", name, seed, tuple(system.sources))
        return
    targets = system.sources if target == OVERALL else [target]
    yield from (Run(corpus, one, name, seed) for one in targets)


def check_fits(params: Params, corpus: str, model: str) -> None:
    """See that a corpus is mono, and that its chunks and frequencies can be halved as often as a U-Net wants.

    Raises
    ------
    UserError
        With the first key that does not fit.
    """
    channels = params.corpora[corpus].channels
    if channels != 1:
        raise UserError(f"params: corpora.{corpus}.channels: {channels}, but '{model}' is for mono; set it to 1")
    own = params.of_corpus(corpus)
    if isinstance(size := own.models.of_sources(model), UNetSize):
        _check_halves(own, corpus, model, size)


def _check_halves(own: Params, corpus: str, model: str, size: UNetSize) -> None:
    if any(wide != 2 * narrow for narrow, wide in pairwise(size.widths)):
        raise UserError(f"params: models.{model}.widths: {size.widths} must double from block to block")
    factor = 2 ** (len(size.widths) - 1)
    if size.bins % factor:
        raise UserError(
            f"params: models.{model}.bins: {size.bins} must be a multiple of {factor} for {len(size.widths)} widths"
        )
    frames = chunk_samples(own) // own.stft.hop + 1
    if frames % factor:
        seconds = (max(frames // factor, 1) * factor - 1) * own.stft.hop / own.audio.sample_rate
        raise UserError(
            f"params: corpora.{corpus}.settings.training.chunk_seconds: {own.training.chunk_seconds} s are {frames} "
            f"frames, expected a multiple of {factor} for the widths of '{model}', as {seconds:.4g} s are"
        )
