# Shared by all rules: validated parameters, the runs, and small look-ups.

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import ExecMode

WORKFLOW = Path(workflow.current_basedir).parent  # this folder, whichever Snakefile was given
sys.path.insert(0, str(WORKFLOW.parent / "src"))

from reprosep.mixtures.clips import clip_count, clips_needed
from reprosep.experiments.detectors.instruments import check_detection
from reprosep.dag.dependencies import code_of, paper_of, settings_of, step_of
from reprosep.base.errors import UserError
from reprosep.base.files import digest, whole_file
from reprosep.jobs.gpus import gpu_places, visible_gpus
from reprosep.experiments.cells import calibration_cells, check_accepted
from reprosep.claims.reads import reads_of_claims
from reprosep.papers.claim_checks import check_seeds
from reprosep.experiments.runs import every_run, needed_runs
from reprosep.papers.run import gating_run, scored_on, side_by_side
from reprosep.papers.loading import load_paper
from reprosep.params.scale import dump
from reprosep.params.reading import recordings_of
from reprosep.params.reading import parse as parse_params
from reprosep.dag.planning import mend_planning
from reprosep.dag.versions.records import Restored, restore
from reprosep.corpora.get import RECORDS
from reprosep.corpora.label_files import label_files
from reprosep.corpora.listing import recordings_listing, versions_to_get
from reprosep.corpora.registry import load_version, song_list
from reprosep.corpora.splits import read_split_file
from reprosep.results.reads import figures_made, reads_of_figures, reads_of_tables, tables_made


def validated_params():
    """Parameters of this invocation; what is wrong with them ends it with one sentence."""
    try:
        params = parse_params(config)
        papers = {name: load_paper(name) for name in params.papers}
        check_accepted(params, papers.values())
        check_seeds(params, papers.items())
        check_detection(params, papers.values())
    except UserError as error:
        raise WorkflowError(str(error))
    return params, papers


mend_planning()
PARAMS, PAPERS = validated_params()
RESULTS = Path("results") / PARAMS.scale
RUNS = {run.id: (run, paper.systems[run.system]) for paper in PAPERS.values() for run in every_run(PARAMS, paper)}
TRAINED = [name for name, (run, _) in RUNS.items() if run.seed is not None]
ORACLES = [name for name in RUNS if name not in TRAINED]
CALIBRATED = [name for name, paper in PAPERS.items() if paper.calibration]
CORPUS_TABLES = ("catalog.parquet", "audio/index.parquet", "activity/index.parquet")
TOGETHER = side_by_side(PARAMS, [RUNS[name][0] for name in TRAINED])
ALONE = [name for name in TRAINED if not any(name in members for members in TOGETHER.values())]
WITH_ACTIVITY = [name for name, (_, system) in RUNS.items() if len(system.variants()) > 1]


def frozen_params():
    """A file of these parameters named by its content, so that jobs read what was planned and no job sees an edit."""
    content = yaml.safe_dump(dump(PARAMS), sort_keys=False)
    path = Path(".snakemake/reprosep") / f"{digest(content)}.yaml"
    if not path.exists():
        try:
            with whole_file(path) as temporary:
                temporary.write_text(content)
        except UserError as error:
            raise WorkflowError(str(error))
    return path


# The library's own commands come first, also where its environment is not activated.
shell.prefix(f"export REPROSEP_PARAMS={frozen_params()} PATH={Path(sys.executable).parent}:$PATH; ")


def restored_records():
    """After a pull or a checkout Snakemake learns how the files were made; what was altered since is made anew."""
    if workflow.exec_mode != ExecMode.DEFAULT:
        return Restored()
    try:
        restored = restore(RESULTS)
    except UserError as error:
        raise WorkflowError(str(error))
    for path in restored.altered:
        logger.info(f"{path}: not as it was made; it is made anew")
    return restored


RESTORED = restored_records()


onstart:
    RESTORED.take_away()


CONTENT = dump(PARAMS)
CONTENT_OF = {corpus: dump(PARAMS.of_corpus(corpus)) for corpus in PARAMS.corpora}


def settings(step, corpus="", **job):
    """Parameters that a step depends on (workflow/steps.yaml): it runs again when one of them changes."""
    return settings_of(step, CONTENT_OF.get(corpus, CONTENT), corpus=corpus, **job)


def corpus_settings(step):
    """The parameters of a step that is done for every corpus."""

    def chosen(wildcards):
        return settings(step, corpus=wildcards.corpus)

    return chosen


def published_of(wildcards):
    """Digest of what is published of the corpus of a job, and of its split file."""
    corpus = PARAMS.corpora[wildcards.corpus]
    try:
        splits = read_split_file(corpus.split_file) if corpus.split_file else {}
        versions = [load_version(name) for name in corpus.versions]
        lists = [song_list(version) for version in versions]
    except UserError as error:
        raise WorkflowError(str(error))
    return digest([splits, [version.model_dump(mode="json") for version in versions], lists])


def listing(wildcards):
    """Names, sizes and dates of a real corpus's files, so that an added song is noticed; None for a stand-in."""
    return recordings_listing(PARAMS.corpora[wildcards.corpus])


def published_labels(wildcards):
    """Label files of the songs of a corpus whose labels are the published ones."""
    try:
        return sorted(label_files(wildcards.corpus, PARAMS.corpora[wildcards.corpus]).values())
    except UserError as error:
        raise WorkflowError(str(error))


def oracles_of(corpus):
    """Ids of the oracles of a corpus."""
    return [name for name in ORACLES if RUNS[name][0].corpus == corpus]


def calibrated(paper):
    """Scores of the oracles of a paper's calibration."""
    cells = calibration_cells(PARAMS, PAPERS[paper])
    return [RESULTS / f"scores/{cell.corpus}_{cell.target}_{cell.system}.parquet" for cell in cells]


def named_runs(members, wildcards):
    """The runs of a job: its members where several share it, else the one that it names."""
    return members or (wildcards.run,)


def calibrations(*members):
    """Calibrations of the papers that runs belong to: they stop a wrong set-up before anything is trained.

    Their dates do not matter: a network does not depend on them.
    """

    def tables(wildcards):
        papers = [name for name in CALIBRATED if {*named_runs(members, wildcards)} & {*paper_runs(name)}]
        return [ancient(RESULTS / "papers" / name / "calibration.csv") for name in papers]

    return tables


def verified_versions(wildcards):
    """What says that the published versions of a corpus are in its roots; a stand-in has none."""
    try:
        return [RECORDS / f"{name}.json" for name in versions_to_get(PARAMS.corpora[wildcards.corpus])]
    except UserError as error:
        raise WorkflowError(str(error))


def published(wildcards):
    """What the registry says of where a version comes from: it is got again when that changes."""
    entry = load_version(wildcards.version).model_dump(mode="json")
    return {name: entry[name] for name in ("folder", "archives", "song_list", "suffix")}


def run_settings(step, *members):
    """The systems of runs with the parameters of a step."""

    def chosen(wildcards):
        return [settings_of_run(step, name) for name in named_runs(members, wildcards)]

    return chosen


def settings_of_run(step, name):
    """The system of a run with the parameters of a step."""
    run, system = RUNS[name]
    own = {"run": run.id, "system": system.model_dump(mode="json", exclude={"label"})}
    return {**own, **settings(step_of(system, step), corpus=run.corpus, model=system.model)}


def run_code(step, *members):
    """Digests of the files of a step of runs."""

    def chosen(wildcards):
        return list(dict.fromkeys(code(step_of(RUNS[name][1], step)) for name in named_runs(members, wildcards)))

    return chosen


def run_data(*members):
    """What runs read of their corpora."""

    def paths(wildcards):
        return list(dict.fromkeys(path for name in named_runs(members, wildcards) for path in data_of_run(name)))

    return paths


def data_of_run(name):
    """What a run reads of its corpus."""
    run, system = RUNS[name]
    if system.is_detector:
        return [RESULTS / run.corpus / name for name in (*CORPUS_TABLES, "seconds/index.parquet")]
    if system.clips:
        corpora = dict.fromkeys([run.corpus, *(chosen.corpus for chosen in system.clips)])
        return [
            RESULTS / corpus / name for corpus in corpora for name in (*CORPUS_TABLES, f"clips/{run.target}.parquet")
        ]
    own = "energies.parquet" if system.sources else f"mixtures/{run.target}.parquet"
    added = [RESULTS / system.added / name for name in CORPUS_TABLES] if system.added else []
    return [*(RESULTS / run.corpus / name for name in (*CORPUS_TABLES, own)), *added]


def score_data(*members):
    """What the scoring of runs reads of their corpora."""

    def paths(wildcards):
        return list(dict.fromkeys(path for name in named_runs(members, wildcards) for path in data_of_scores(name)))

    return paths


def data_of_scores(name):
    """What the scoring of a run reads of its corpus."""
    run, system = RUNS[name]
    if system.scored == "tracks":
        return [RESULTS / corpus / name for corpus in scored_on(PARAMS, run, system) for name in CORPUS_TABLES]
    framed = run.targets if system.scored == "frames" else []
    framed = expand(RESULTS / run.corpus / "mixtures/{target}.parquet", target=framed)
    gate = gating_run(PARAMS, run.corpus, system, run.seed)
    return [*data_of_run(name), *framed, *([RESULTS / f"scores/{gate.id}.parquet"] if gate else [])]


def scoring_step(*names):
    """The step that scores runs of one system: with an activity head it writes what that found, too."""
    return "score_gated" if {*names} & {*WITH_ACTIVITY} else "score_plain"


def score_files(*names):
    """What the scoring of runs writes."""
    heads = [name for name in names if name in WITH_ACTIVITY]
    activity = expand(RESULTS / "scores/{run}.activity.parquet", run=heads)
    return [*expand(RESULTS / "scores/{run}.parquet", run=names), *activity]


def corpus_of_run(name):
    """The parameters with which a run is computed."""
    return PARAMS.of_corpus(RUNS[name][0].corpus)


def clip_counts(wildcards):
    """How many clips of which kind the trainings take of a corpus."""
    needed = clips_needed(PARAMS.of_corpus(wildcards.corpus), wildcards.corpus, wildcards.target)
    return sorted((*kind, count) for kind, count in needed.items())


def oracle_data(corpus):
    """What the scoring of the oracles of a corpus reads besides its tables."""
    return [] if all(RUNS[name][1].scored == "tracks" for name in oracles_of(corpus)) else corpus_mixtures(corpus)


def oracle_steps(corpus):
    """The steps that score the oracles of a corpus."""
    return list(dict.fromkeys(step_of(RUNS[name][1], "score_oracles") for name in oracles_of(corpus)))


def oracle_settings(corpus):
    """Parameters of these steps."""
    return [settings(step, **({"corpus": corpus} if step != "score_oracles" else {})) for step in oracle_steps(corpus)]


def corpus_mixtures(corpus):
    """Mixtures of the targets of a corpus."""
    return expand(RESULTS / corpus / "mixtures/{target}.parquet", target=PARAMS.corpora[corpus].targets)


def paper_runs(paper):
    """Ids of the runs of a paper."""
    return [run.id for run in needed_runs(PARAMS, PAPERS[paper])]


def paper_scores(paper):
    """Score files of the runs of a paper."""
    return expand(RESULTS / "scores/{run}.parquet", run=paper_runs(paper))


def paper_corpora(paper):
    """Names of the corpora that a paper uses."""
    return sorted(
        {corpus for name in paper_runs(paper) for corpus in (RUNS[name][0].corpus, *scored_on(PARAMS, *RUNS[name]))}
    )


def label_indices():
    """Activity indices of the runs' corpora whose labels are the published ones: the report tells how many are."""
    used = dict.fromkeys(run.corpus for run, _ in RUNS.values())
    chosen = [corpus for corpus in used if PARAMS.corpora[corpus].labels == "published"]
    return expand(RESULTS / "{corpus}/activity/index.parquet", corpus=chosen)


def paper_mixtures(paper):
    """Mixtures of the corpora of a paper."""
    return [path for corpus in paper_corpora(paper) for path in corpus_mixtures(corpus)]


def paper_weights(paper):
    """Weights of the trained runs of a paper."""
    names = [name for name in paper_runs(paper) if name in TRAINED]
    return expand(RESULTS / "runs/{run}/best.safetensors", run=names)


def table_files(paper):
    """The tables of a paper; those of scores a second time, on common frames."""
    return [RESULTS / "papers" / paper / f"{name}.csv" for name in tables_made(PAPERS[paper])]


def figure_files(paper):
    """The figures of a paper, and their data."""
    return [RESULTS / "papers" / paper / name for name in figures_made(PAPERS[paper])]


def read_by_tables(paper):
    """What the tables of a paper are made from."""
    return [RESULTS / name for name in reads_of_tables(PARAMS, PAPERS[paper])]


def read_by_figures(paper):
    """What the figures of a paper are made from."""
    return [RESULTS / name for name in reads_of_figures(PARAMS, paper, PAPERS[paper])]


def read_by_claims(paper):
    """What the claims of a paper are judged from."""
    return [RESULTS / name for name in reads_of_claims(PARAMS, PAPERS[paper])]


def source_corpus(wildcards):
    """The corpus whose recordings and catalog a corpus has, where it is another."""
    return recordings_of(PARAMS, wildcards.corpus)


def shared(file):
    """A file of the corpus whose recordings a corpus has; none where that is itself."""

    def path(wildcards):
        source = source_corpus(wildcards)
        return [] if source == wildcards.corpus else [RESULTS / source / file]

    return path


def paper_results(paper):
    """What the report shows of a paper."""
    folder = RESULTS / "papers" / paper
    tables = table_files(paper)
    figures = expand(folder / "{figure}.{suffix}", figure=PAPERS[paper].figures, suffix=["svg", "png"])
    calibration = [folder / "calibration.csv"] if paper in CALIBRATED else []
    return [
        *calibration,
        *tables,
        *figures,
        folder / "claims.csv",
        folder / "metrics.json",
        folder / "spot-check.csv",
        folder / "listen/index.json",
    ]


def code(step):
    """Digest of the files of a step (workflow/steps.yaml): it runs again when they change, not when they are touched."""
    return code_of(step)


def paper_parts(step, paper):
    """The parts of a paper's file that a step depends on."""
    return paper_of(step, PAPERS[paper].model_dump(mode="json"))


wildcard_constraints:
    version="[a-z0-9-]+",
    corpus="[a-z0-9-]+",
    target="[a-z0-9-]+",
    run="[a-z0-9_-]+",
