"""The stages of runs: one per training, one per paper for what needs none, and one for all scores."""

from __future__ import annotations

from collections.abc import Iterable

from reprosep.dag.dependencies import paper_keys
from reprosep.dag.versions.corpus_stages import CorpusStages
from reprosep.dag.versions.stage import Stage
from reprosep.experiments.kinds import KINDS, kind_of

TRAININGS = tuple(group for kind in KINDS.values() for group in kind.groups)


class RunStages(CorpusStages):
    """The stages of the runs of one scale."""

    def training(self, identifier: str) -> Stage:
        """The stage of one run."""
        run, paper = self.runs[identifier]
        folder, reads = f"{self.root}/runs/{identifier}", self.plan.training_reads(identifier)
        made = [f"{folder}/{name}" for name in ("best.safetensors", "epochs.csv", "run.json", "dvclive/metrics.json")]
        title = "One training; its log is in DVCLive's layout"
        name, read = f"{self.group(identifier)}@{identifier}", self.versioned(reads.files)
        outs, parts = [*made[:3], f"{folder}/dvclive"], {paper: [f"systems.{run.system}"]}
        return self.stage(name, title, made, read, [reads], outs=outs, paper=parts)

    def group(self, identifier: str) -> str:
        """The name that the stages of trainings of its kind share."""
        return kind_of(self.system(identifier)).group(self.system(identifier))

    def _untrained_of(self, name: str) -> list[str]:
        """The runs of a paper that need no network."""
        networks = {*self.trained, *self.plan.released, *self.plan.borrowing}
        return [run for run, (_, paper) in self.runs.items() if paper == name and run not in networks]

    def _untrained(self, name: str) -> Stage:
        """What needs no training, with the calibration of a paper that has one."""
        oracles = self._untrained_of(name)
        made = [f"{self.root}/scores/{identifier}.parquet" for identifier in oracles]
        group, title, steps = f"oracles-{name}", f"Scores of paper {name} that need no training", list[str]()
        if self.papers[name].calibration:
            made.append(f"{self.root}/papers/{name}/calibration.csv")
            group, steps = f"calibration-{name}", ["calibration"]
            title = f"Scores that need no training beside those that paper {name} printed"
        return self._scored(group, title, made, oracles, steps)

    def _scores(self) -> Stage:
        runs = [*self.trained, *self.plan.released, *self.plan.borrowing]
        made = [str(path) for path in self.plan.score_files(runs)]
        return self._scored("scores", "Test songs separated and scored", made, runs, [], ("seeds", "papers"))

    def _scored(
        self, name: str, title: str, made: list[str], runs: list[str], steps: list[str], shape: Iterable[str] = ()
    ) -> Stage:
        """The stage of the scores of runs, and of some steps after them."""
        reads = [self.plan.scoring_reads(identifier) for identifier in runs]
        read = [
            *self.versioned(file for one in reads for file in one.files),
            *(p for one in reads for p in one.resources),
        ]
        papers = dict.fromkeys(self.runs[identifier][1] for identifier in runs)
        parts = {paper: [f"systems.{system}" for system in self._systems(paper, runs)] for paper in papers}
        if steps:
            parts = {paper: [*parts[paper], *paper_keys(*steps)] for paper in papers}
        corpora = dict.fromkeys(run.corpus for run, owner in self.runs.values() if owner in papers)
        every = [*reads, *self.steps(*steps)]
        return self.stage(name, title, made, read, every, paper=parts, corpora=corpora, shape=shape)

    def _systems(self, paper: str, identifiers: Iterable[str]) -> list[str]:
        owned = (self.runs[identifier] for identifier in identifiers)
        return list(dict.fromkeys(run.system for run, owner in owned if owner == paper))
