# Shared by all rules: validated parameters, the runs, and small look-ups.

import shlex
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
from reprosep.base.project import check_place
from reprosep.corpora.registry import load_version, song_list
from reprosep.dag.configuration import configuration
from reprosep.dag.damage import mark_damaged
from reprosep.dag.plan import Plan
from reprosep.dag.planning import mend_commands, mend_planning
from reprosep.dag.versions.records import Restored, restore
from reprosep.experiments.kinds import kind_of
from reprosep.jobs.gpus import gpu_places, visible_gpus


def mendable(answer):
    """An answer of the plan; what is wrong with it ends the invocation with one sentence."""

    def answered(*arguments):
        try:
            return answer(*arguments)
        except UserError as error:
            raise WorkflowError(str(error))

    return answered


def configured():
    """The parameters: of params.yaml, of --configfile, of --config; read strictly, which Snakemake does not."""
    settings = workflow.config_settings
    defaults = [] if settings.replace_workflow_config else [Path("params.yaml")]
    words = sys.argv if workflow.is_main_process else []
    return configuration([*defaults, *settings.configfiles], settings.config, words)


mendable(check_place)(WORKFLOW, Path.cwd())
mend_planning()
mend_commands()
PLAN = mendable(Plan.of)(mendable(configured)())
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


def prefix():
    """What every command begins with: the library's own come first, also where its environment is not activated.

    The project may lie in a folder of any name: quoted for the shell, its braces doubled for Snakemake.
    """
    programs = shlex.quote(str(Path(sys.executable).parent)).replace("{", "{{").replace("}", "}}")
    return f"export REPROSEP_PARAMS={frozen_params()} PATH={programs}:$PATH; "


shell.prefix(prefix())


def restored_records():
    """After a pull or a checkout Snakemake learns how the files were made; what was altered since is made anew."""
    if workflow.exec_mode != ExecMode.DEFAULT:
        return Restored()
    restored = mendable(restore)(RESULTS)
    for path in restored.altered:
        logger.info(f"{path}: not as it was made; it is made anew")
    for sentence in mendable(mark_damaged)(PARAMS):
        logger.info(f"{sentence}; made anew")
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
        papers = [name for name in PLAN.calibrated if {*names} & {*PLAN.paper_runs(name)}]
        return [ancient(RESULTS / "papers" / name / "calibration.csv") for name in papers]

    return tables


def published(wildcards):
    """What the registry says of where a version comes from: it is got again when that changes."""
    entry = load_version(wildcards.version).model_dump(mode="json")
    return {name: entry[name] for name in ("folder", "archives", "song_list", "suffix")}


wildcard_constraints:
    version="[a-z0-9-]+",
    corpus="[a-z0-9-]+",
    target="[a-z0-9-]+",
    run="[a-z0-9_-]+",
