"""What a scale's workflow consists of: its papers and runs, and what every job reads. The rules ask, Snakemake decides.

Nothing here imports torch: a plan is made before every command, and has to be there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.base.files import digest
from reprosep.claims.reads import reads_of_claims
from reprosep.corpora.label_files import label_files
from reprosep.corpora.listing import recordings_listing, versions_to_get
from reprosep.corpora.note_files import annotation_files
from reprosep.corpora.registry import RECORDS, load_version, song_list
from reprosep.corpora.splits import read_split_file
from reprosep.dag.dependencies import paper_of, step_reads
from reprosep.dag.left_out import sentences
from reprosep.experiments.accepted import code_of_run
from reprosep.experiments.cells import calibration_cells, check_accepted
from reprosep.experiments.clips.plan import clips_of_runs
from reprosep.experiments.detectors.checks import check_detection
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.reads import CORPUS_TABLES, Reads, settings_of_system, settings_of_training
from reprosep.experiments.runs import every_run, needed_runs, scored_on
from reprosep.papers.claim_checks import check_seeds
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run, side_by_side
from reprosep.papers.system import System
from reprosep.params.reading import parse, recordings_of
from reprosep.params.scale import Params, dump
from reprosep.results.reads import figures_made, reads_of_figures, reads_of_tables, tables_made
from reprosep.weights.registry import FOLDER, SUFFIX, load_weights_entry


def checked_papers(params: Params) -> dict[str, Paper]:
    """The papers of a scale; :class:`UserError` for the first thing in them that does not fit the parameters."""
    papers = {name: load_paper(name) for name in params.papers}
    check_accepted(params, papers.values())
    check_seeds(params, papers.items())
    check_detection(params, papers.values())
    _check_shared_runs(params, papers)
    return papers


def _check_shared_runs(params: Params, papers: Mapping[str, Paper]) -> None:
    """See that a run which several papers have is the same in all of them."""
    known: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, paper in papers.items():
        for run in every_run(params, paper):
            own = settings_of_system(paper.systems[run.system])
            other, theirs = known.setdefault(run.id, (name, own))
            if own != theirs:
                key = next(key for key in {**own, **theirs} if own.get(key) != theirs.get(key))
                raise UserError(
                    f"{name}.yaml: systems.{run.system}.{key}: {own.get(key)}, but {theirs.get(key)} in {other}.yaml, "
                    f"and both would be the run '{run.id}'; give one of the two systems another name"
                )


class Plan:
    """The workflow of some parameters.

    Attributes
    ----------
    runs
        Every run of the papers by its id, with its system; `trained`, `oracles`, `published` (whose scores were) and
        `released` (whose weights were) are their ids, `borrowing` those of runs with the networks of others.
    together, alone
        Trained runs that one process trains and scores, by the name of the group, and those that have one each.
    """

    def __init__(self, params: Params) -> None:
        self.params, self.papers = params, checked_papers(params)
        self.results = params.results
        papers = self.papers.values()
        self.runs = {run.id: (run, paper.systems[run.system]) for paper in papers for run in every_run(params, paper)}
        self.trained = [name for name, (_, system) in self.runs.items() if system.trained]
        self.published = [name for name, (_, system) in self.runs.items() if system.kind == "published"]
        self.borrowing = [name for name, (_, system) in self.runs.items() if system.networks_of]
        self.released = [name for name, (_, system) in self.runs.items() if system.published_weights]
        self.oracles = [name for name, (_, system) in self.runs.items() if system.is_oracle]
        self.together = side_by_side(params, [self.runs[name] for name in self.trained])
        grouped = {name for members in self.together.values() for name in members}
        self.alone = [name for name in self.trained if name not in grouped]
        self.with_heads = [name for name in self.runs if self.system(name).has_head]
        self.calibrated = [name for name, paper in self.papers.items() if paper.calibration]

    @classmethod
    def of(cls, config: dict[str, Any]) -> Plan:
        """The plan of the values of params.yaml and what changes them; :class:`UserError` when one is wrong."""
        return cls(parse(config))

    def left_out(self) -> list[str]:
        """What this scale leaves out for want of corpora, by name and with the reason; a line each."""
        return sentences(self.params, self.papers)

    def run(self, name: str) -> Run:
        """The run of that id."""
        return self.runs[name][0]

    def system(self, name: str) -> System:
        """The system of a run."""
        return self.runs[name][1]

    def files(self, names: Iterable[str]) -> list[Path]:
        """Files of the scale, each once."""
        return [self.results / name for name in dict.fromkeys(names)]

    # ---- steps of corpora and papers -----------------------------------------------------------------------------

    @cached_property
    def content(self) -> dict[str, Any]:
        """The parameters as plain values."""
        return dump(self.params)

    @cached_property
    def content_of(self) -> dict[str, dict[str, Any]]:
        """Those with which each corpus is computed."""
        return {corpus: dump(self.params.of_corpus(corpus)) for corpus in self.params.corpora}

    def settings(self, step: str, corpus: str = "") -> dict[str, Any]:
        """Parameters that a step depends on: it runs again when one of them changes."""
        content = self.content_of.get(corpus, self.content)
        return step_reads(step, content, corpus).settings(content)

    def code(self, step: str) -> str:
        """Digest of what the code of a step does: it runs again when that changes, not when a file is touched."""
        return step_reads(step, self.content).code

    def paper_parts(self, step: str, paper: str) -> dict[str, Any]:
        """The parts of a paper's file that a step depends on."""
        return paper_of(step, self.papers[paper].model_dump(mode="json"))

    # ---- corpora -------------------------------------------------------------------------------------------------

    def published_of(self, corpus: str) -> str:
        """Digest of what is published of a corpus, and of its split file."""
        content = self.params.corpora[corpus]
        splits = read_split_file(content.split_file) if content.split_file else {}
        versions = [load_version(name) for name in content.versions]
        lists = [song_list(version) for version in versions]
        return digest([splits, [version.model_dump(mode="json") for version in versions], lists])

    def listing(self, corpus: str) -> Any:
        """Names, sizes and dates of a real corpus's files, so that an added song is noticed; None for a stand-in."""
        return recordings_listing(self.params.corpora[corpus])

    def label_files(self, corpus: str) -> list[Path]:
        """Label files of the songs of a corpus whose labels are the published ones."""
        return sorted(label_files(corpus, self.params.corpora[corpus]).values())

    def note_files(self, corpus: str) -> list[Path]:
        """Annotations of the stems of a corpus whose notes are the published ones."""
        return sorted(annotation_files(corpus, self.params.corpora[corpus]).values())

    def verified(self, corpus: str) -> list[Path]:
        """What says that the published versions of a corpus are in its roots; a stand-in has none."""
        return [RECORDS / f"{name}.json" for name in versions_to_get(self.params.corpora[corpus])]

    def shared(self, file: str, corpus: str) -> list[Path]:
        """A file of the corpus whose recordings a corpus has; none where that is itself."""
        source = recordings_of(self.params, corpus)
        return [] if source == corpus else [self.results / source / file]

    def mixtures(self, corpus: str) -> list[Path]:
        """Mixtures of the targets of a corpus."""
        return self.files(f"{corpus}/mixtures/{target}.parquet" for target in self.params.corpora[corpus].targets)

    def tables(self, corpus: str) -> list[Path]:
        """Catalog, audio store and activity of a corpus."""
        return self.files(f"{corpus}/{name}" for name in CORPUS_TABLES)

    def clip_counts(self, corpus: str, target: str) -> list[tuple[str, str, int]]:
        """How many clips of which kind the trainings take of a corpus."""
        needed = clips_of_runs(self.params.of_corpus(corpus), corpus, target, self.runs.values())
        return sorted((*kind, count) for kind, count in needed.items())

    # ---- runs ----------------------------------------------------------------------------------------------------

    def training_reads(self, name: str) -> Reads:
        """What the training of a run reads."""
        return kind_of(self.system(name)).training_reads(self.run(name), self.system(name))

    def scoring_reads(self, name: str) -> Reads:
        """What the scoring of a run reads."""
        return kind_of(self.system(name)).scoring_reads(self.params, self.run(name), self.system(name))

    def training_files(self, names: Sequence[str]) -> list[Path]:
        """What trainings read."""
        return self.files(file for name in names for file in self.training_reads(name).files)

    def scoring_files(self, names: Sequence[str]) -> list[Path]:
        """What scorings read."""
        reads = [self.scoring_reads(name) for name in names]
        brought = dict.fromkeys(Path(file) for one in reads for file in one.resources)
        return [*self.files(file for one in reads for file in one.files), *brought]

    def training_settings(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The systems of runs with the parameters of their trainings."""
        return [self._settings(name, self.training_reads(name), settings_of_training) for name in names]

    def scoring_settings(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The systems of runs with the parameters of their scorings."""
        return [self._settings(name, self.scoring_reads(name), settings_of_system) for name in names]

    def _settings(self, name: str, reads: Reads, of_system: Callable[[System], dict[str, Any]]) -> dict[str, Any]:
        run, system = self.runs[name]
        own = {"run": run.id, "system": of_system(system)}
        return {**own, **reads.settings(self.content_of[run.corpus])}

    def training_code(self, names: Sequence[str]) -> list[str]:
        """Digests of what the code of trainings does; of finished runs that accepted a change, as it was."""
        reads = ((self.run(name), self.training_reads(name)) for name in names)
        return list(dict.fromkeys(code_of_run(self.results, run, read) for run, read in reads))

    def scoring_code(self, names: Sequence[str]) -> list[str]:
        """Digests of what the code of scorings does."""
        return list(dict.fromkeys(self.scoring_reads(name).code for name in names))

    def scored_together(self) -> dict[str, list[str]]:
        """Runs with networks that one job scores, by its name: of one process, of one set of weights, or of one target.

        Where the estimates of one set are filtered together, each network hears a song once; those of one target, with
        the networks of all seeds, have the references of a song in common.
        """
        groups = {name: list(members) for name, members in self.together.items()}
        for name in self.released:
            groups.setdefault(f"{self.run(name).corpus}-{self.run(name).system}", []).append(name)
        for name in self.borrowing:
            run = self.run(name)
            groups.setdefault(f"{run.corpus}-{run.target}-{run.system}", []).append(name)
        return groups

    def published_weights(self) -> dict[str, list[Path]]:
        """The files of the published weights that runs are scored with, by the name of the set."""
        sets = dict.fromkeys(self.system(name).published_weights for name in self.released)
        return {
            name: [FOLDER / name / f"{target}{SUFFIX}" for target in load_weights_entry(name).files] for name in sets
        }

    def score_files(self, names: Sequence[str]) -> list[Path]:
        """What the scoring of runs writes."""
        heads = [name for name in names if name in self.with_heads]
        scores = [f"scores/{name}.parquet" for name in names]
        return self.files([*scores, *(f"scores/{name}.activity.parquet" for name in heads)])

    def oracles_of(self, corpus: str) -> list[str]:
        """Ids of the oracles of a corpus."""
        return [name for name in self.oracles if self.run(name).corpus == corpus]

    def published_runs_of(self, corpus: str) -> list[str]:
        """Ids of the published methods of a corpus."""
        return [name for name in self.published if self.run(name).corpus == corpus]

    def calibrated_scores(self, paper: str) -> list[Path]:
        """Scores of the oracles of a paper's calibration."""
        cells = calibration_cells(self.params, self.papers[paper])
        return self.files(f"scores/{cell.corpus}_{cell.target}_{cell.system}.parquet" for cell in cells)

    def calibrated_values(self, paper: str) -> list[float | None]:
        """The published values of a paper's calibration."""
        return [cell.published for cell in calibration_cells(self.params, self.papers[paper])]

    # ---- papers --------------------------------------------------------------------------------------------------

    def paper_runs(self, paper: str) -> list[str]:
        """Ids of the runs of a paper that cells and calibration ask for."""
        return [run.id for run in needed_runs(self.params, self.papers[paper])]

    def every_run_of(self, paper: str) -> list[str]:
        """Those, and its detectors'."""
        return [run.id for run in every_run(self.params, self.papers[paper])]

    def paper_scores(self, paper: str) -> list[Path]:
        """Score files of the runs of a paper."""
        return self.files(f"scores/{name}.parquet" for name in self.paper_runs(paper))

    def paper_weights(self, paper: str) -> list[Path]:
        """Weights of the trained runs of a paper."""
        names = [name for name in self.paper_runs(paper) if name in {*self.trained}]
        return self.files(f"runs/{name}/best.safetensors" for name in names)

    def paper_mixtures(self, paper: str) -> list[Path]:
        """Mixtures of the corpora on which the runs of a paper are trained and scored."""
        names = [name for name in self.paper_runs(paper) if name not in {*self.published}]
        scored = {one for name in names for one in (self.run(name).corpus, *scored_on(self.params, *self.runs[name]))}
        return [path for corpus in sorted(scored) for path in self.mixtures(corpus)]

    def table_files(self, paper: str) -> list[Path]:
        """The tables of a paper; those of scores a second time, on common frames."""
        return self.files(f"papers/{paper}/{name}.csv" for name in tables_made(self.papers[paper]))

    def figure_files(self, paper: str) -> list[Path]:
        """The figures of a paper, and their data."""
        return self.files(f"papers/{paper}/{name}" for name in figures_made(self.papers[paper]))

    def read_by_tables(self, paper: str) -> list[Path]:
        """What the tables of a paper are made from."""
        return self.files(reads_of_tables(self.params, self.papers[paper]))

    def read_by_figures(self, paper: str) -> list[Path]:
        """What the figures of a paper are made from."""
        return self.files(reads_of_figures(self.params, paper, self.papers[paper]))

    def read_by_claims(self, paper: str) -> list[Path]:
        """What the claims of a paper are judged from."""
        return self.files(reads_of_claims(self.params, self.papers[paper]))

    def paper_results(self, paper: str) -> list[Path]:
        """What the report shows of a paper."""
        pictures = [f"{name}.{suffix}" for name in self.papers[paper].figures for suffix in ("svg", "png")]
        others = ("claims.csv", "metrics.json", "spot-check.csv", "listen/index.json")
        calibration = ["calibration.csv"] if paper in self.calibrated else []
        shown = self.files(f"papers/{paper}/{name}" for name in (*calibration, *pictures, *others))
        return [*self.table_files(paper), *shown]

    def read_by_report(self) -> list[Path]:
        """What the report shows beside the papers' results: records of trainings, scores, and where labels are from."""
        trained = [f"runs/{name}/run.json" for name in self.trained]
        corpora = dict.fromkeys(run.corpus for run, _ in self.runs.values())
        labelled = [corpus for corpus in corpora if self.params.corpora[corpus].labels == "published"]
        scores = [f"scores/{name}.parquet" for name in self.runs]
        return self.files([*trained, *scores, *(f"{corpus}/activity/index.parquet" for corpus in labelled)])
