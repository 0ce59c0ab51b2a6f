"""Scores of published weights, in every test-time variant of their network: as those of a training are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reprosep.base.errors import UserError
from reprosep.experiments.published_weights import released_file
from reprosep.experiments.target.scores import TargetScorer
from reprosep.models.iass import IASS
from reprosep.models.inference import for_inference
from reprosep.models.open_unmix import OpenUnmix
from reprosep.papers.run import Run
from reprosep.papers.system import TargetSystem
from reprosep.params.scale import Params
from reprosep.weights.networks import filled
from reprosep.weights.registry import load_weights_entry
from reprosep.weights.store import read_imported


def make_scorer(params: Params, run: Run, system: TargetSystem, results: Path, stamp: str) -> TargetScorer:
    """The scorer of a run whose weights were published."""
    return ReleasedScorer(params, run, system, results, stamp)


class ReleasedScorer(TargetScorer):
    """The network with the published weights in place of trained ones."""

    def loaded(self, target: str) -> IASS | OpenUnmix:
        """The network of a target as it was published.

        Raises
        ------
        UserError
            When the file is of other weights or of another network.
        """
        name = self.system.released
        assert name
        path, wanted = Path(released_file(replace(self.run, target=target), name)), load_weights_entry(name)
        found = read_imported(path)
        if (found.origin.name, found.origin.target, found.network) != (name, target, wanted.network):
            raise UserError(
                f"{path}: is of '{found.origin.name}', {found.origin.target}, expected '{name}', {target}; delete it "
                f"and run `reprosep get {name}`"
            )
        model: IASS | OpenUnmix = for_inference(filled(found.network, found.tensors())).to(self.device)
        return model
