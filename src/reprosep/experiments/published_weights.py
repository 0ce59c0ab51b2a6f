"""Published weights in place of a training: where their files are, and which corpora they hear as they were made to."""

from __future__ import annotations

from reprosep.base.errors import UserError
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params
from reprosep.weights.registry import FOLDER, SUFFIX, IASSSize, load_weights_entry


def released_file(run: Run, weights: str) -> str:
    """The file of the published weights of a run's target, as `reprosep get` makes it."""
    return (FOLDER / weights / f"{run.target}{SUFFIX}").as_posix()


def hears(params: Params, corpus: str, target: str, weights: str) -> bool:
    """Whether published weights estimate a target and hear a corpus as they were made to: real, as published, at their
    rate and in their channels and transform."""
    content = params.corpora[corpus]
    if content.standin is not None or not content.versions:
        return False
    entry = load_weights_entry(weights)
    if target not in entry.files:
        return False
    own, network = params.of_corpus(corpus), entry.network
    same = (own.audio.sample_rate, own.stft) == (network.sample_rate, network.stft)
    return same and content.channels == network.size.channels


def check_size(system: TargetSystem) -> None:
    """:class:`UserError` where a paper says another network than its released weights are of."""
    assert system.released
    size = load_weights_entry(system.released).network.size
    found: list[tuple[str, object, object]] = [("model", system.model, size.model)]
    if isinstance(size, IASSSize):
        found += [("blocks", system.blocks, size.blocks), ("an activity head", system.has_head, size.activity_head)]
    for key, mine, theirs in found:
        if mine != theirs:
            raise UserError(
                f"paper file: a system '{system.label}' with {key} {mine}, but the weights '{system.released}' have "
                f"{theirs}; make the two agree"
            )
