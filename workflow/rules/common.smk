# Shared by all rules: validated parameters, the runs, and small look-ups.

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import ExecMode

WORKFLOW = Path(workflow.current_basedir).parent  # this folder, whichever Snakefile was given
sys.path.insert(0, str(WORKFLOW.parent / "src"))

from reprosep.base.errors import UserError
from reprosep.base.files import digest, whole_file
from reprosep.corpora.registry import load_version, song_list
from reprosep.dag.plan import Plan
from reprosep.dag.planning import mend_planning
from reprosep.dag.versions.records import Restored, restore
from reprosep.experiments.cells import calibration_cells, corpora_counted, corpora_with_spectra
from reprosep.experiments.gates import gating_run
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.runs import detector_runs, needed_runs, scored_on
from reprosep.jobs.gpus import gpu_places, visible_gpus
from reprosep.params.scale import dump


def mendable(answer):
    """An answer of the plan; what is wrong with it ends the invocation with one sentence."""

    def answered(*arguments):
        try:
            return answer(*arguments)
        except UserError as error:
            raise WorkflowError(str(error))

    return answered


mend_planning()
PLAN = mendable(Plan.of)(config)
PARAMS, PAPERS, RUNS, RESULTS = PLAN.params, PLAN.papers, PLAN.runs, PLAN.results


def write_text(path, content):
    """Write a file, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(content)


def frozen_params():
    """A file of these parameters named by its content, so that jobs read what was planned and no job sees an edit."""
    content = yaml.safe_dump(PLAN.content, sort_keys=False)
    path = Path(".snakemake/reprosep") / f"{digest(content)}.yaml"
    if not path.exists():
        mendable(write_text)(path, content)
    return path


# The library's own commands come first, also where its environment is not activated.
shell.prefix(f"export REPROSEP_PARAMS={frozen_params()} PATH={Path(sys.executable).parent}:$PATH; ")


def restored_records():
    """After a pull or a checkout Snakemake learns how the files were made; what was altered since is made anew."""
    if workflow.exec_mode != ExecMode.DEFAULT:
        return Restored()
    restored = mendable(restore)(RESULTS)
    for path in restored.altered:
        logger.info(f"{path}: not as it was made; it is made anew")
    return restored


RESTORED = restored_records()


onstart:
    RESTORED.take_away()


def of_corpus(answer, *arguments):
    """What the plan answers of the corpus of a job; with a step or a file, of that."""

    def chosen(wildcards):
        return mendable(answer)(*arguments, wildcards.corpus)

    return chosen


def of_clips(wildcards):
    """How many clips of which kind the trainings take of a corpus."""
    return PLAN.clip_counts(wildcards.corpus, wildcards.target)


def of_runs(answer, *members):
    """What the plan answers of the runs of a job: its members where several share it, else the one that it names."""

    def chosen(wildcards):
        return answer(members or (wildcards.run,))

    return chosen


def calibrations(*members):
    """Calibrations of the papers that runs belong to: they stop a wrong set-up before anything is trained.

    Their dates do not matter: a network does not depend on them.
    """

    def tables(wildcards):
        names = members or (wildcards.run,)
        papers = [name for name in PLAN.calibrated if {*names} & {*paper_runs(name)}]
        return [ancient(RESULTS / "papers" / name / "calibration.csv") for name in papers]

    return tables


def published(wildcards):
    """What the registry says of where a version comes from: it is got again when that changes."""
    entry = load_version(wildcards.version).model_dump(mode="json")
    return {name: entry[name] for name in ("folder", "archives", "song_list", "suffix")}


def paper_runs(paper):
    """Ids of the runs of a paper."""
    return [run.id for run in needed_runs(PARAMS, PAPERS[paper])]


def paper_scores(paper):
    """Score files of the runs of a paper."""
    return expand(RESULTS / "scores/{run}.parquet", run=paper_runs(paper))


def paper_detectors(paper):
    """Ids of the detectors of a paper."""
    return [run.id for run in detector_runs(PARAMS, PAPERS[paper])]


def paper_detections(paper):
    """What the detectors of a paper found."""
    return expand(RESULTS / "scores/{run}.parquet", run=paper_detectors(paper))


def paper_gates(paper):
    """What the detectors found that gate runs of a paper."""
    gates = [gating_run(PARAMS, RUNS[name][0].corpus, RUNS[name][1], RUNS[name][0].seed) for name in paper_runs(paper)]
    return expand(RESULTS / "scores/{run}.parquet", run=sorted({gate.id for gate in gates if gate}))


def paper_seconds(paper):
    """The seconds of the corpora of a paper's detectors."""
    corpora = dict.fromkeys(RUNS[name][0].corpus for name in paper_detectors(paper))
    return expand(RESULTS / "{corpus}/seconds/index.parquet", corpus=corpora)


def paper_activity_scores(paper):
    """Activity files of the runs of a paper that have an activity head."""
    names = [name for name in paper_runs(paper) if name in PLAN.with_heads]
    return expand(RESULTS / "scores/{run}.activity.parquet", run=names)


def paper_corpora(paper):
    """Names of the corpora that a paper uses."""
    return sorted(
        {corpus for name in paper_runs(paper) for corpus in (RUNS[name][0].corpus, *scored_on(PARAMS, *RUNS[name]))}
    )


def paper_activity_indices(paper):
    """Activity indices of the corpora of a paper."""
    return expand(RESULTS / "{corpus}/activity/index.parquet", corpus=paper_corpora(paper))


def label_indices():
    """Activity indices of the runs' corpora whose labels are the published ones: the report tells how many are."""
    used = dict.fromkeys(run.corpus for run, _ in RUNS.values())
    chosen = [corpus for corpus in used if PARAMS.corpora[corpus].labels == "published"]
    return expand(RESULTS / "{corpus}/activity/index.parquet", corpus=chosen)


def paper_mixtures(paper):
    """Mixtures of the corpora of a paper."""
    return [path for corpus in paper_corpora(paper) for path in PLAN.mixtures(corpus)]


def paper_weights(paper):
    """Weights of the trained runs of a paper."""
    names = [name for name in paper_runs(paper) if name in PLAN.trained]
    return expand(RESULTS / "runs/{run}/best.safetensors", run=names)


def table_files(paper):
    """The tables of a paper; those of scores a second time, on common frames."""
    folder, tables = RESULTS / "papers" / paper, PAPERS[paper].tables
    scored = [name for name, table in tables.items() if table.kind == "scores"]
    return [*(folder / f"{name}.csv" for name in tables), *(folder / f"{name}-common-frames.csv" for name in scored)]


def paper_costs(paper):
    """What the trainings of a paper took, where a table or a claim tells it."""
    content = PAPERS[paper]
    told = any(table.kind == "costs" for table in content.tables.values())
    names = [name for name in paper_runs(paper) if name in PLAN.trained]
    return expand(RESULTS / "runs/{run}/run.json", run=names if told else [])


def paper_energies(paper):
    """Energies of the sources of the corpora that a figure of a paper shows."""
    figures = PAPERS[paper].figures.values()
    return [RESULTS / figure.bind.corpus / "energies.parquet" for figure in figures if figure.kind == "energies"]


def paper_catalogs(paper):
    """Catalogs of the corpora that tables and figures of a paper count."""
    return expand(RESULTS / "{corpus}/catalog.parquet", corpus=corpora_counted(PARAMS, PAPERS[paper]))


def paper_claimed_activity(paper):
    """Activity of the stems of the corpora whose activation rates claims of a paper compare."""
    claims = [claim for claim in PAPERS[paper].statements if claim.metric == "activation rate"]
    named = dict.fromkeys(claim.corpus for claim in claims if claim.corpus in PARAMS.corpora)
    return expand(RESULTS / "{corpus}/activity/index.parquet", corpus=named)


def paper_spectra(paper):
    """Spectra of the corpora that figures and claims of a paper compare."""
    return expand(RESULTS / "{corpus}/spectra.parquet", corpus=corpora_with_spectra(PARAMS, PAPERS[paper]))


def paper_results(paper):
    """What the report shows of a paper."""
    folder = RESULTS / "papers" / paper
    tables = table_files(paper)
    figures = expand(folder / "{figure}.{suffix}", figure=PAPERS[paper].figures, suffix=["svg", "png"])
    calibration = [folder / "calibration.csv"] if paper in PLAN.calibrated else []
    return [
        *calibration,
        *tables,
        *figures,
        folder / "claims.csv",
        folder / "metrics.json",
        folder / "spot-check.csv",
        folder / "listen/index.json",
    ]


wildcard_constraints:
    version="[a-z0-9-]+",
    corpus="[a-z0-9-]+",
    target="[a-z0-9-]+",
    run="[a-z0-9_-]+",
