"""What a scale holds: its papers, their runs, the corpora that these read, and where all of it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reprosep.dag.dependencies import code_paths, paper_keys, parameter_keys, written_keys
from reprosep.dag.versions.stage import NO_JOB, Job, Stage, records_file
from reprosep.experiments.runs import every_run
from reprosep.papers.loading import load_paper
from reprosep.papers.run import corpora_of, scored_on
from reprosep.params.scale import Params, dump


class Contents:
    """The contents of one scale, and how a stage of it is put together."""

    def __init__(self, params: Params) -> None:
        self.params, self.content = params, dump(params)
        self.root = f"results/{params.scale}"
        self.papers = {name: load_paper(name) for name in params.papers}
        self.runs = {run.id: (run, name) for name, paper in self.papers.items() for run in every_run(params, paper)}
        self.trained = [identifier for identifier, (run, _) in self.runs.items() if run.seed is not None]

    def system(self, identifier: str) -> Any:
        """The system of a run."""
        run, paper = self.runs[identifier]
        return self.papers[paper].systems[run.system]

    def is_real(self, corpus: str | None = None) -> bool:
        """Whether a corpus, or any, holds recordings that are not the project's own."""
        chosen = [self.params.corpora[corpus]] if corpus else self.params.corpora.values()
        return any(content.standin is None for content in chosen)

    def places(self, stage: Stage) -> dict[str, str]:
        """What may stand for parts of a stage's name, paths and keys where it is written once for several."""
        if stage.item in self.params.corpora:
            return {"key": stage.item, "item.of": self.params.corpora[stage.item].of or stage.item}
        run, paper = self.runs[stage.item]
        parts = {"corpus": run.corpus, "target": run.target, "system": run.system}
        parts |= {"model": str(self.system(stage.item).model), "paper": paper}
        return {"key": stage.item} | {f"item.{part}": value for part, value in parts.items()}

    def _corpora_of(self, name: str) -> list[str]:
        return corpora_of(self.params, self.runs[name][0], self.system(name))

    def _scored_on(self, name: str) -> list[str]:
        return scored_on(self.params, self.runs[name][0], self.system(name))

    def _tables(self, corpus: str) -> list[str]:
        folder = f"{self.root}/{corpus}"
        store = [] if self.is_real(corpus) else [f"{folder}/audio"]
        return [f"{folder}/catalog.parquet", *store, f"{folder}/activity"]

    def _mixture(self, corpus: str, target: str) -> str:
        return f"{self.root}/{corpus}/mixtures/{target}.parquet"

    def _stage(
        self,
        name: str,
        description: str,
        targets: Iterable[str],
        read: Iterable[str],
        steps: Iterable[str],
        outs: Iterable[str] | None = None,
        metrics: Iterable[str] = (),
        job: Job = NO_JOB,
    ) -> Stage:
        steps, targets = list(steps), tuple(targets)
        parts = [key for step in steps for system in job.systems or ("",) for key in paper_keys(step, system)]
        code = dict.fromkeys(path for step in steps for path in code_paths(step))
        return Stage(
            name=name,
            description=description,
            targets=targets,
            deps=tuple(dict.fromkeys(read)),
            code=tuple(code),
            outs=tuple(targets if outs is None else outs),
            metrics=tuple(metrics),
            keys=tuple(dict.fromkeys([*self._keys(steps, job), *job.shape])),
            paper={name: tuple(dict.fromkeys(parts)) for name in job.papers if parts},
            records=f"{self.root}/records/{records_file(name)}",
        )

    def _keys(self, steps: list[str], job: Job) -> list[str]:
        """The keys of params.yaml that steps depend on for a job."""
        keys = [
            key
            for step in steps
            for model in job.models or ("",)
            for key in parameter_keys(step, self.content, job.corpus, model)
        ]
        corpora = self._corpora(job)
        return keys + [one for key in keys for corpus in corpora for one in written_keys(key, self.content, corpus)]

    def _corpora(self, job: Job) -> list[str]:
        """The corpora whose settings a job reads: its own, or those of the runs of its papers."""
        if not job.written:
            return []
        if job.corpus:
            return [job.corpus]
        return list(dict.fromkeys(run.corpus for run, owner in self.runs.values() if owner in job.papers))

    def _systems(self, paper: str, identifiers: Iterable[str]) -> tuple[str, ...]:
        owned = (self.runs[identifier] for identifier in identifiers)
        return tuple(dict.fromkeys(run.system for run, owner in owned if owner == paper))
