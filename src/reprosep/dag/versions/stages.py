"""The stages of a scale: coarse parts of the line that DVC versions, each made by one Snakemake invocation.

A stage names the Snakemake files that it makes, what it depends on and what of it is versioned. Sound that is not the
project's own (decoded recordings, excerpts, the report that plays them) is never versioned: it cannot be pushed by
mistake. Everything else, weights and scores too, is.

Conventions
-----------
One stage per corpus and step, one per run (``train@<run>``), one per paper. A stage's *records* are what Snakemake
knows of its files (:mod:`.records`), versioned with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from reprosep.claims.reads import corpora_with, reads_of_claims
from reprosep.dag.dependencies import code_paths, paper_keys, parameter_keys, step_of, written_keys
from reprosep.dag.versions.stage import NO_JOB, Job, Stage
from reprosep.experiments.clips.needed import clips_needed
from reprosep.experiments.runs import corpora_of, every_run, scored_on
from reprosep.papers.kinds import CATALOG, SPECTRA
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.data import Corpus
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params, dump
from reprosep.results.reads import figures_made, reads_of_figures, reads_of_tables, tables_made

TRAIN, TRAIN_JOINED, TRAIN_SOURCES, TRAIN_CLIPS = "train", "train-joined", "train-sources", "train-clips"
TRAIN_DETECTOR = "train-detector"
TRAININGS = (TRAIN, TRAIN_JOINED, TRAIN_SOURCES, TRAIN_CLIPS, TRAIN_DETECTOR)


class Line:
    """The stages of the parameters of one scale."""

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

    def stages(self) -> list[Stage]:
        """All stages, in the order of the line."""
        read = {corpus for name in self.runs for corpus in self._corpora_of(name)}
        separating = [name for name in self.runs if not self.system(name).is_detector]
        heard = {corpus for name in separating for corpus in self._scored_on(name)}
        corpora = [name for name in self.params.corpora if name in read]
        with_spectra = self._with_spectra()
        listed = [name for name in self.params.corpora if name in {*corpora, *self._counted(), *with_spectra}]
        of_corpora = [make(name) for make in (self._corpus, self._catalog) for name in listed]
        of_corpora += [self._activity(name) for name in corpora]
        of_corpora += [self._mixtures(name) for name in corpora if name in heard]
        of_corpora += [self._clips(name) for name in self._with_clips()]
        of_corpora += [self._seconds(name) for name in self._with_detectors()]
        of_corpora += [self._energies(name) for name in corpora if name in self._with_energies()]
        of_corpora += [self._spectra(name) for name in with_spectra]
        untrained = [self._untrained(name) for name in self.papers if self._untrained_of(name)]
        trainings = [self.training(identifier) for identifier in self.trained]
        papers = [self._paper(name) for name in self.papers]
        return [*of_corpora, *untrained, *trainings, self._scores(), *papers, self._report()]

    # ---- corpora -------------------------------------------------------------------------------------------------

    def _with_energies(self) -> set[str]:
        """The corpora whose sources are separated all at once."""
        return {run.corpus for name, (run, _) in self.runs.items() if self.system(name).sources}

    def _corpora_of(self, name: str) -> list[str]:
        return corpora_of(self.params, self.runs[name][0], self.system(name))

    def _scored_on(self, name: str) -> list[str]:
        return scored_on(self.params, self.runs[name][0], self.system(name))

    def _with_clips(self) -> list[str]:
        """The corpora of whose clips networks are trained."""
        named = {one.corpus for name in self.trained for one in self.system(name).clips}
        return [name for name in self.params.corpora if name in named]

    def _with_detectors(self) -> list[str]:
        """The corpora on which detectors are trained."""
        named = {self.runs[name][0].corpus for name in self.trained if self.system(name).is_detector}
        return [name for name in self.params.corpora if name in named]

    def _counted(self) -> list[str]:
        """The corpora that tables and figures count, and those whose catalogs they have."""
        return self._with_sources(CATALOG)

    def _with_spectra(self) -> list[str]:
        """The corpora whose spectra figures compare, and those whose recordings they have."""
        return self._with_sources(SPECTRA)

    def _with_sources(self, file: str) -> list[str]:
        """The corpora of which papers read a file, and those whose recordings they have."""
        papers = self.papers.items()
        named = [corpus for name, paper in papers for corpus in corpora_with(self.params, name, paper, file)]
        wanted = {found for name in named for found in (name, recordings_of(self.params, name))}
        return [name for name in self.params.corpora if name in wanted]

    def _shared(self, name: str, file: str) -> list[str]:
        """A file of the corpus whose recordings a corpus has, where that is another."""
        source = recordings_of(self.params, name)
        return [] if source == name else [f"{self.root}/{source}/{file}"]

    def _corpus(self, name: str) -> Stage:
        made = f"{self.root}/{name}/recordings.json"
        corpus = self.params.corpora[name]
        own = [] if corpus.standin or corpus.versions else corpus.roots
        own = [*own, *self._shared(name, "recordings.json")]
        job = Job(corpus=name)
        return self._stage(f"corpora-{name}", f"Recordings of corpus {name}", [made], own, ["recordings"], job=job)

    def _catalog(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        made = [f"{folder}/{file}" for file in ("examination.parquet", "catalog.parquet", "audio/index.parquet")]
        versioned = [*made[:2], *([] if self.is_real(name) else [f"{folder}/audio"])]
        read = [f"{folder}/recordings.json", *_published(self.params.corpora[name])]
        read += [path for file in ("examination.parquet", "catalog.parquet") for path in self._shared(name, file)]
        steps = ["examination", "catalog", "store"]
        title = f"Every stem of corpus {name}, examined, listed and decoded once"
        return self._stage(f"catalog-{name}", title, made, read, steps, versioned, job=Job(corpus=name))

    def _activity(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"When every stem of corpus {name} plays"
        read, made = self._tables(name)[:-1], [f"{folder}/activity/index.parquet"]
        read += _label_folders(self.params.corpora[name])
        return self._stage(
            f"activity-{name}", title, made, read, ["activity"], [f"{folder}/activity"], job=Job(corpus=name)
        )

    def _mixtures(self, name: str) -> Stage:
        made = [self._mixture(name, target) for target in self.params.corpora[name].targets]
        title = f"Validation and test mixtures of corpus {name} as recipes"
        job = Job(corpus=name, shape=(f"corpora.{name}.targets",))
        return self._stage(f"mixtures-{name}", title, made, self._tables(name), ["mixtures"], job=job)

    def _clips(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/clips"
        targets = [target for target in self.params.corpora[name].targets if clips_needed(self.params, name, target)]
        made = [f"{folder}/{target}.parquet" for target in targets]
        title, read = f"Clips of corpus {name} to train on", self._tables(name)
        job = Job(corpus=name, shape=("papers",))
        return self._stage(f"clips-{name}", title, made, read, ["clips"], [folder], job=job)

    def _seconds(self, name: str) -> Stage:
        folder = f"{self.root}/{name}/seconds"
        title = f"Seconds of corpus {name} that activity detectors learn from"
        made = [f"{folder}/{file}" for file in ("split.csv", "labels.parquet", "index.parquet")]
        outs = made if self.is_real(name) else [folder]
        return self._stage(f"seconds-{name}", title, made, self._tables(name), ["seconds"], outs, job=Job(corpus=name))

    def _energies(self, name: str) -> Stage:
        made = [f"{self.root}/{name}/energies.parquet"]
        title = f"Energy of every source of corpus {name} in every chunk"
        return self._stage(f"energies-{name}", title, made, self._tables(name), ["energies"], job=Job(corpus=name))

    def _spectra(self, name: str) -> Stage:
        folder = f"{self.root}/{name}"
        title = f"Average spectrum of every mixture of corpus {name}"
        read = [f"{folder}/recordings.json", f"{folder}/catalog.parquet", *self._shared(name, "spectra.parquet")]
        return self._stage(
            f"spectra-{name}", title, [f"{folder}/spectra.parquet"], read, ["spectra"], job=Job(corpus=name)
        )

    def _tables(self, corpus: str) -> list[str]:
        folder = f"{self.root}/{corpus}"
        store = [] if self.is_real(corpus) else [f"{folder}/audio"]
        return [f"{folder}/catalog.parquet", *store, f"{folder}/activity"]

    def _mixture(self, corpus: str, target: str) -> str:
        return f"{self.root}/{corpus}/mixtures/{target}.parquet"

    # ---- runs ----------------------------------------------------------------------------------------------------

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
        """The stage of a run by its parts, which may be places for them."""
        folder = f"{self.root}/runs/{identifier}"
        made = [f"{folder}/{name}" for name in ("best.safetensors", "epochs.csv", "run.json", "dvclive/metrics.json")]
        store = [] if self.is_real() else [f"{self.root}/{corpus}/audio"]
        tables = [f"{self.root}/{corpus}/catalog.parquet", *store, f"{self.root}/{corpus}/activity"]
        own = {
            TRAIN: [self._mixture(corpus, target)],
            TRAIN_JOINED: [self._mixture(corpus, target), *self._added_tables()],
            TRAIN_SOURCES: [f"{self.root}/{corpus}/energies.parquet"],
            TRAIN_DETECTOR: self._second_tables(corpus),
            # All that have clips: which of them a training takes, its stage's pattern cannot say.
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

    # ---- papers --------------------------------------------------------------------------------------------------

    def _paper(self, name: str) -> Stage:
        folder, paper = f"{self.root}/papers/{name}", self.papers[name]
        tables = [f"{folder}/{file}.csv" for file in tables_made(paper)]
        figures = [f"{folder}/{file}" for file in figures_made(paper)]
        metrics = [f"{folder}/metrics.json", f"{folder}/claims.json"]
        others = [f"{folder}/{file}" for file in ("songs.csv", "parameters.json", "claims.csv", "spot-check.csv")]
        made = [*tables, *others, *figures, f"{folder}/listen/index.json"]
        players = [] if self.is_real() else [f"{folder}/listen"]
        own = [identifier for identifier, (_, owner) in self.runs.items() if owner == name]
        trained = [identifier for identifier in own if identifier in self.trained]
        read = [f"{self.root}/scores/{identifier}.parquet" for identifier in own]
        read += [f"{self.root}/runs/{identifier}/best.safetensors" for identifier in trained]
        read += self._data_of(self.runs[identifier][0] for identifier in own)
        read += self._results_read(name, known=[*read, *made])
        steps = ["tables", "figures", "claims", "listen", "spot_check"]
        title = f"Tables, figures and claims of paper {name}"
        outs, job = [*made[:-1], *players], Job(papers=(name,))
        return self._stage(f"papers-{name}", title, [*made, *metrics], read, steps, outs, metrics, job)

    def _results_read(self, name: str, known: Iterable[str]) -> list[str]:
        """What tables, figures and claims of a paper are made from, without what is `known` or lies below it."""
        content = self.papers[name]
        tables, claims = reads_of_tables(self.params, content), reads_of_claims(self.params, content)
        read = [*tables, *reads_of_figures(self.params, name, content), *claims]
        known = set(known)
        paths = [PurePosixPath(self.root, file) for file in read]
        return [str(path) for path in paths if not known & {str(path), *map(str, path.parents)}]

    def _report(self) -> Stage:
        made = f"{self.root}/report.html"
        papers = [self._paper(name) for name in self.papers]
        read = [path for stage in papers for path in (*stage.outs, *stage.metrics)]
        read += [
            f"{self.root}/papers/{name}/calibration.csv" for name, paper in self.papers.items() if paper.calibration
        ]
        read += [
            f"{self.root}/runs/{identifier}/{file}"
            for identifier in self.trained
            for file in ("run.json", "epochs.csv")
        ]
        read += [f"{self.root}/scores/{identifier}.parquet" for identifier in self.runs]
        read += [f"workflow/papers/{name}.yaml" for name in self.papers]
        used = dict.fromkeys(run.corpus for run, _ in self.runs.values())
        asking = [corpus for corpus in used if self.params.corpora[corpus].labels == "published"]
        read += [f"{self.root}/{corpus}/activity" for corpus in asking]
        outs = [] if self.is_real() else [made]
        return self._stage("report", "The report, one page", [made], read, ["report"], outs)

    # ---- what all have -------------------------------------------------------------------------------------------

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
        keys = [
            key
            for step in steps
            for model in job.models or ("",)
            for key in parameter_keys(step, self.content, job.corpus, model)
        ]
        corpora = self._corpora(job)
        keys += [written for key in keys for corpus in corpora for written in written_keys(key, self.content, corpus)]
        parts = [key for step in steps for system in job.systems or ("",) for key in paper_keys(step, system)]
        code = dict.fromkeys(path for step in steps for path in code_paths(step))
        return Stage(
            name=name,
            description=description,
            targets=targets,
            deps=(*dict.fromkeys(read), *_without_parts(code)),
            outs=tuple(targets if outs is None else outs),
            metrics=tuple(metrics),
            keys=tuple(dict.fromkeys([*keys, *job.shape])),
            paper={name: tuple(dict.fromkeys(parts)) for name in job.papers if parts},
            records=f"{self.root}/records/{name}.json",
        )

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


def _published(corpus: Corpus) -> list[str]:
    """Where the registry and the split of a corpus are."""
    return [*(["workflow/corpora"] if corpus.versions else []), *([corpus.split_file] if corpus.split_file else [])]


def _label_folders(corpus: Corpus) -> list[str]:
    """Where published labels of a corpus may change: its roots, too, unless what is in them is published itself."""
    own = corpus.roots if corpus.labels == "published" and not (corpus.standin or corpus.versions) else []
    return [*corpus.label_folders, *own]


def _without_parts(paths: Iterable[str]) -> list[str]:
    """Paths without those that lie below another of them."""
    every = set(paths)
    return sorted(path for path in every if not any(str(parent) in every for parent in PurePosixPath(path).parents))
