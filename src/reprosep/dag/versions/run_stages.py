"""The stages of runs: one per training, one per paper for what needs none, and one for all scores."""

from __future__ import annotations

from collections.abc import Iterable

from reprosep.dag.dependencies import step_of
from reprosep.dag.versions.corpus_stages import CorpusStages
from reprosep.dag.versions.stage import Job, Stage
from reprosep.papers.run import Run

TRAIN, TRAIN_JOINED, TRAIN_SOURCES, TRAIN_CLIPS = "train", "train-joined", "train-sources", "train-clips"
TRAIN_DETECTOR = "train-detector"
TRAININGS = (TRAIN, TRAIN_JOINED, TRAIN_SOURCES, TRAIN_CLIPS, TRAIN_DETECTOR)


class RunStages(CorpusStages):
    """The stages of the runs of one scale."""

    def training(self, identifier: str) -> Stage:
        """The stage of one run."""
        run, paper = self.runs[identifier]
        group, model = self.group(identifier), self.system(identifier).model
        return self.training_of(group, run.corpus, run.target, run.system, model, paper, identifier)

    def group(self, identifier: str) -> str:
        """Which of the kinds of trainings a run is."""
        if self.system(identifier).is_detector:
            return TRAIN_DETECTOR
        if self.system(identifier).clips:
            return TRAIN_CLIPS
        if self.system(identifier).added:
            return TRAIN_JOINED
        return TRAIN_SOURCES if self.system(identifier).sources else TRAIN

    def training_of(
        self, group: str, corpus: str, target: str, system: str, model: str, paper: str, identifier: str
    ) -> Stage:
        """The stage of a run by its parts."""
        folder = f"{self.root}/runs/{identifier}"
        made = [f"{folder}/{name}" for name in ("best.safetensors", "epochs.csv", "run.json", "dvclive/metrics.json")]
        store = [] if self.is_real() else [f"{self.root}/{corpus}/audio"]
        tables = [f"{self.root}/{corpus}/catalog.parquet", *store, f"{self.root}/{corpus}/activity"]
        own = {
            TRAIN: [self._mixture(corpus, target)],
            TRAIN_JOINED: [self._mixture(corpus, target), *self._added_tables()],
            TRAIN_SOURCES: [f"{self.root}/{corpus}/energies.parquet"],
            TRAIN_DETECTOR: self._second_tables(corpus),
            # All that have clips, not only those that this training takes.
            TRAIN_CLIPS: [path for name in self._with_clips() for path in self._clip_data(name)],
        }
        read = list(dict.fromkeys([*tables, *own[group]]))
        outs = [*made[:3], f"{folder}/dvclive"]
        title = "One training; its log is in DVCLive's layout"
        job = Job(corpus=corpus, models=(model,), systems=(system,), papers=(paper,), written=False)
        steps = ["train" if group == TRAIN_JOINED else group.replace("-", "_")]
        return self._stage(f"{group}@{identifier}", title, made, read, steps, outs, job=job)

    def _added_tables(self) -> list[str]:
        """Tables of the corpora whose stems are added to those of another."""
        added = sorted({added for name in self.trained if (added := self.system(name).added)})
        return [path for name in added for path in self._tables(name)]

    def _second_tables(self, corpus: str) -> list[str]:
        folder = f"{self.root}/{corpus}/seconds"
        tables = [f"{folder}/{file}" for file in ("split.csv", "labels.parquet", "index.parquet")]
        return tables if self.is_real() else [folder]

    def _clip_data(self, corpus: str) -> list[str]:
        return [*self._tables(corpus), f"{self.root}/{corpus}/clips"]

    def _untrained_of(self, name: str) -> list[str]:
        """The runs of a paper that need no training."""
        return [run for run, (_, paper) in self.runs.items() if paper == name and run not in self.trained]

    def _untrained(self, name: str) -> Stage:
        """What needs no training, with the calibration of a paper that has one."""
        oracles = self._untrained_of(name)
        made = [f"{self.root}/scores/{identifier}.parquet" for identifier in oracles]
        read = self._data_of(self.runs[identifier][0] for identifier in oracles)
        job = Job(systems=self._systems(name, oracles), papers=(name,))
        if not self.papers[name].calibration:
            title = f"Scores of paper {name} that need no training"
            steps = list(dict.fromkeys(step_of(self.system(run), "score_oracles") for run in oracles))
            return self._stage(f"oracles-{name}", title, made, read, steps, job=job)
        made.append(f"{self.root}/papers/{name}/calibration.csv")
        title = f"Scores that need no training beside those that paper {name} printed"
        return self._stage(f"calibration-{name}", title, made, read, ["score_oracles", "calibration"], job=job)

    def _data_of(self, needed: Iterable[Run]) -> list[str]:
        needed = list(needed)
        corpora = dict.fromkeys(corpus for run in needed for corpus in self._scored_on(run.id))
        tables = [path for corpus in corpora for path in self._tables(corpus)]
        detectors = [run for run in needed if self.system(run.id).is_detector]
        of_target = [run for run in needed if not self.system(run.id).sources and run not in detectors]
        framed = [run for run in needed if self.system(run.id).scored == "frames"]
        pairs = dict.fromkeys(
            (corpus, target)
            for run in [*of_target, *framed]
            for corpus in self._scored_on(run.id)
            for target in run.targets
        )
        seconds = [path for run in detectors for path in self._second_tables(run.corpus)]
        return [*tables, *(self._mixture(*pair) for pair in pairs), *seconds]

    def _scores(self) -> Stage:
        made = [f"{self.root}/scores/{identifier}.parquet" for identifier in self.trained]
        gated = [identifier for identifier in self.trained if len(self.system(identifier).variants()) > 1]
        made += [f"{self.root}/scores/{identifier}.activity.parquet" for identifier in gated]
        read = self._data_of(self.runs[identifier][0] for identifier in self.trained)
        read += [f"{self.root}/runs/{identifier}/best.safetensors" for identifier in self.trained]
        systems = [system for name in self.papers for system in self._systems(name, self.trained)]
        job = Job(
            models=tuple(dict.fromkeys(str(self.system(name).model) for name in self.trained)),
            systems=tuple(systems),
            papers=tuple(self.papers),
            shape=("seeds", "papers"),
        )
        every = (step_of(self.system(name), step) for name in self.trained for step in ("score_plain", "score_gated"))
        steps = list(dict.fromkeys(every))
        return self._stage("scores", "Test songs separated and scored", made, read, steps, job=job)
