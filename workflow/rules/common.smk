# Shared by all rules: validated parameters, the runs, and small look-ups.

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir).parent  # this folder, whichever Snakefile was given
sys.path.insert(0, str(WORKFLOW.parent / "src"))

from reprosep.errors import UserError
from reprosep.files import digest, whole_file
from reprosep.jobs.gpus import gpu_places, visible_gpus
from reprosep.papers import calibration_cells, check_accepted, load_paper, runs
from reprosep.params import dump
from reprosep.params import parse as parse_params
from reprosep.provenance import source_digest
from reprosep.corpora.get import RECORDS
from reprosep.corpora.listing import recordings_listing, versions_to_get
from reprosep.corpora.registry import load_version, song_list
from reprosep.corpora.splits import read_split_file


def validated_params():
    """Parameters of this invocation; what is wrong with them ends it with one sentence."""
    try:
        params = parse_params(config)
        papers = {name: load_paper(name) for name in params.papers}
        check_accepted(params, papers.values())
    except UserError as error:
        raise WorkflowError(str(error))
    return params, papers


PARAMS, PAPERS = validated_params()
RESULTS = Path("results") / PARAMS.scale
RUNS = {run.id: (run, paper.systems[run.system]) for paper in PAPERS.values() for run in runs(PARAMS, paper)}
TRAINED = [name for name, (run, _) in RUNS.items() if run.seed is not None]
ORACLES = [name for name in RUNS if name not in TRAINED]
CALIBRATED = [name for name, paper in PAPERS.items() if paper.calibration]
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


shell.prefix(f"export REPROSEP_PARAMS={frozen_params()}; ")


def section(*names):
    """Sections of the parameters as plain values: a rule runs again when one of its sections changes."""
    content = dump(PARAMS)
    return {name: content[name] for name in names}


def corpus_settings(*names):
    """Chosen keys of the corpus of a job."""

    def chosen(wildcards):
        content = dump(PARAMS)["corpora"][wildcards.corpus]
        return {name: content[name] for name in names}

    return chosen


def catalog_settings(wildcards):
    """The corpus of a job without its title and channels, the content of its split file, and what is published of it."""
    corpus = PARAMS.corpora[wildcards.corpus]
    others = ("title", "channels", "standin", "mixing")
    content = dump(PARAMS)["corpora"][wildcards.corpus]
    settings = {name: value for name, value in content.items() if name not in others}
    try:
        splits = read_split_file(corpus.split_file) if corpus.split_file else {}
        versions = [load_version(name) for name in corpus.versions]
        lists = [song_list(version) for version in versions]
    except UserError as error:
        raise WorkflowError(str(error))
    published = [version.model_dump(mode="json") for version in versions]
    return {**settings, "splits": digest(splits), "published": digest([published, lists])}


def listing(wildcards):
    """Names, sizes and dates of a real corpus's files, so that an added song is noticed; None for a stand-in."""
    return recordings_listing(PARAMS.corpora[wildcards.corpus])


def oracles_of(corpus):
    """Ids of the oracles of a corpus."""
    return [name for name in ORACLES if RUNS[name][0].corpus == corpus]


def scoring_settings(*kinds):
    """How estimates are scored, with the settings of the given masks."""
    masks = {"ibm", "irm", "wiener"} - set(kinds)
    return {name: value for name, value in dump(PARAMS)["scoring"].items() if name not in masks}


def calibrated(paper):
    """Scores of the oracles of a paper's calibration."""
    cells = calibration_cells(PARAMS, PAPERS[paper])
    return [RESULTS / f"scores/{cell.corpus}_{cell.target}_{cell.system}.parquet" for cell in cells]


def calibrations(wildcards):
    """Calibrations of the papers that a run belongs to: they stop a wrong set-up before it is trained.

    Their dates do not matter: a network does not depend on them.
    """
    papers = [name for name in CALIBRATED if wildcards.run in paper_runs(name)]
    return [ancient(RESULTS / "papers" / name / "calibration.csv") for name in papers]


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


def run_settings(*sections):
    """System, target and seed of a run with sections of the parameters."""

    def chosen(wildcards):
        run, system = RUNS[wildcards.run]
        return {"run": run.id, "system": system.model_dump(mode="json"), **section(*sections)}

    return chosen


def corpus_files(*names):
    """Files of the corpus of a run."""

    def chosen(wildcards):
        run, _ = RUNS[wildcards.run]
        return [RESULTS / run.corpus / name for name in names]

    return chosen


def paper_runs(paper):
    """Ids of the runs of a paper."""
    return [run.id for run in runs(PARAMS, PAPERS[paper])]


def paper_scores(paper):
    """Score files of the runs of a paper."""
    return expand(RESULTS / "scores/{run}.parquet", run=paper_runs(paper))


def paper_activity_scores(paper):
    """Activity files of the runs of a paper that have an activity head."""
    names = [name for name in paper_runs(paper) if name in WITH_ACTIVITY]
    return expand(RESULTS / "scores/{run}.activity.parquet", run=names)


def paper_corpora(paper):
    """Names of the corpora that a paper uses."""
    return sorted({RUNS[name][0].corpus for name in paper_runs(paper)})


def paper_activity_indices(paper):
    """Activity indices of the corpora of a paper."""
    return expand(RESULTS / "{corpus}/activity/index.parquet", corpus=paper_corpora(paper))


def paper_mixtures(paper):
    """Mixtures of the corpora of a paper."""
    return expand(RESULTS / "{corpus}/mixtures.parquet", corpus=paper_corpora(paper))


def paper_weights(paper):
    """Weights of the trained runs of a paper."""
    names = [name for name in paper_runs(paper) if name in TRAINED]
    return expand(RESULTS / "runs/{run}/best.safetensors", run=names)


def paper_results(paper):
    """What the report shows of a paper."""
    folder = RESULTS / "papers" / paper
    tables = expand(folder / "{table}{kind}.csv", table=PAPERS[paper].tables, kind=["", "-common-frames"])
    figures = expand(folder / "{figure}.{suffix}", figure=PAPERS[paper].figures, suffix=["svg", "png"])
    calibration = [folder / "calibration.csv"] if paper in CALIBRATED else []
    return [*calibration, *tables, *figures, folder / "claims.csv", folder / "spot-check.csv", folder / "listen"]


def template_digest():
    """Digest of the report's templates."""
    files = sorted((WORKFLOW / "report").glob("*"))
    return digest([path.read_text() for path in files])


def code(*parts):
    """Digest of the source files that a step runs: the step runs again when they change, not when they are touched."""
    return source_digest(*parts)


wildcard_constraints:
    version="[a-z0-9-]+",
    corpus="[a-z0-9-]+",
    run="[a-z0-9_-]+",
