"""What a scale holds: its papers, their runs, the corpora that these read, and where all of it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reprosep.dag.dependencies import step_reads, written_keys
from reprosep.dag.plan import Plan
from reprosep.dag.versions.stage import Stage, records_file
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import Reads
from reprosep.experiments.runs import every_run
from reprosep.params.scale import Params


class Contents:
    """The contents of one scale, and how a stage of it is put together."""

    def __init__(self, params: Params) -> None:
        self.plan, self.params = Plan(params), params
        self.content, self.papers, self.trained = self.plan.content, self.plan.papers, self.plan.trained
        self.root = f"results/{params.scale}"
        self.runs = {run.id: (run, name) for name, paper in self.papers.items() for run in every_run(params, paper)}

    def system(self, identifier: str) -> Any:
        """The system of a run."""
        return self.plan.system(identifier)

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
        parts |= {"model": kind_of(self.system(stage.item)).model(self.system(stage.item)), "paper": paper}
        return {"key": stage.item} | {f"item.{part}": value for part, value in parts.items()}

    def versioned(self, files: Iterable[str]) -> list[str]:
        """Files of the results as they are versioned: folders whose indices are read, no sound of real recordings."""
        paths = [path for file in files for path in self._versioned(file)]
        return list(dict.fromkeys(f"{self.root}/{path}" for path in paths))

    def _versioned(self, file: str) -> list[str]:
        corpus, _, rest = file.partition("/")
        folder = rest.partition("/")[0]
        if rest == "audio/index.parquet":
            return [] if self.is_real(corpus) else [f"{corpus}/{folder}"]
        if rest == "activity/index.parquet" or (folder == "seconds" and not self.is_real(corpus)):
            return [f"{corpus}/{folder}"]
        return [file]

    def tables(self, corpus: str) -> list[str]:
        """Catalog, audio store and activity of a corpus."""
        return self.versioned(
            f"{corpus}/{name}" for name in ("catalog.parquet", "audio/index.parquet", "activity/index.parquet")
        )

    def steps(self, *names: str, corpus: str = "") -> list[Reads]:
        """What steps of corpora or papers depend on."""
        return [step_reads(name, self.content, corpus) for name in names]

    def stage(
        self,
        name: str,
        description: str,
        targets: Iterable[str],
        read: Iterable[str],
        reads: Iterable[Reads],
        *,
        outs: Iterable[str] | None = None,
        metrics: Iterable[str] = (),
        paper: Mapping[str, Iterable[str]] | None = None,
        corpora: Iterable[str] = (),
        shape: Iterable[str] = (),
    ) -> Stage:
        """A stage that makes `targets` from the files `read`, and from the parameters and the code of `reads`.

        Parameters
        ----------
        paper
            Keys of papers' files that it depends on, by paper.
        corpora
            Corpora whose own settings are looked up key by key.
        shape
            Keys that make other stages, not other files.
        """
        reads, targets = list(reads), tuple(targets)
        keys = [key for one in reads for key in one.keys]
        keys += [written for key in keys for corpus in corpora for written in written_keys(key, self.content, corpus)]
        return Stage(
            name=name,
            description=description,
            targets=targets,
            deps=tuple(path for path in dict.fromkeys(read) if path not in targets),
            code=tuple(dict.fromkeys(path for one in reads for path in one.code_paths())),
            outs=tuple(targets if outs is None else outs),
            metrics=tuple(metrics),
            keys=tuple(dict.fromkeys([*keys, *shape])),
            paper={name: tuple(dict.fromkeys(parts)) for name, parts in (paper or {}).items() if parts},
            records=f"{self.root}/records/{records_file(name)}",
        )
