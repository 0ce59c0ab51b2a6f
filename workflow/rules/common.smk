# Shared by all rules: validated parameters, the runs, and small look-ups.

import shlex
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import DeploymentMethod, ExecMode

MODULE = not workflow.modifier.is_main_snakefile()  # another workflow uses this one


def this_folder(rules):
    """The folder of the workflow, whichever Snakefile was given; its library and its tables lie in and beside it."""
    try:
        return Path(rules).parent
    except TypeError:
        raise WorkflowError(
            f"module reprosep: snakefile: found {rules.get_path_or_uri(secret_free=True)}, expected the path of a clone: "
            "papers, scales and library are read from its folder; clone it and give <clone>/workflow/Snakefile"
        )


WORKFLOW = this_folder(workflow.current_basedir)
SOURCES = WORKFLOW.parent / "src"
sys.path.insert(0, str(SOURCES))

from reprosep.base.errors import UserError
from reprosep.base.files import digest, whole_file
from reprosep.base.project import check_place
from reprosep.corpora.registry import load_version, song_list
from reprosep.dag.configuration import configuration, configuration_of_module
from reprosep.dag.damage import mark_damaged
from reprosep.dag.plan import Plan
from reprosep.dag.planning import mend_commands, mend_planning
from reprosep.dag.shown import is_shown, labels
from reprosep.dag.versions.records import Restored, restore
from reprosep.experiments.kinds import kind_of
from reprosep.jobs.gpus import estimating_gpus, gpu_places, visible_gpus


def mendable(answer):
    """An answer of the plan; what is wrong with it ends the invocation with one sentence."""

    def answered(*arguments):
        try:
            return answer(*arguments)
        except UserError as error:
            raise WorkflowError(str(error))

    return answered


def configured():
    """The parameters: of params.yaml, of --configfile, of --config; read strictly, which Snakemake does not.

    As a module: what the other workflow gives as config.
    """
    if MODULE:
        moved = workflow.modifier.path_modifier.replace_prefix("results/", None) != "results/"
        return configuration_of_module(config, moved=moved)
    settings = workflow.config_settings
    defaults = [] if settings.replace_workflow_config else [Path("params.yaml")]
    words = sys.argv if workflow.is_main_process else []
    return configuration([*defaults, *settings.configfiles], settings.config, words)


mendable(check_place)(WORKFLOW, Path.cwd())
mend_planning()
mend_commands()
PLAN = mendable(Plan.of)(mendable(configured)())
PARAMS, PAPERS, RUNS, RESULTS = PLAN.params, PLAN.papers, PLAN.runs, PLAN.results
if workflow.exec_mode == ExecMode.DEFAULT:
    for sentence in PLAN.left_out():
        logger.info(sentence)


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


def deployed():
    """Whether steps have the programs of an image or of a conda environment, which come before this machine's."""
    methods = workflow.deployment_settings.deployment_method
    return DeploymentMethod.CONDA in methods or (
        DeploymentMethod.APPTAINER in methods and PARAMS.machine.container != ""
    )


def quoted(path):
    """A path for the shell, its braces doubled for Snakemake: the project may lie in a folder of any name."""
    return shlex.quote(str(path)).replace("{", "{{").replace("}", "}}")


def prefix():
    """What every command begins with: its parameters, this clone's library, and this Python's programs.

    The library's come first also where its environment is not activated. What runs is the code whose digests the plan
    has, in an image as well: that has the packages.
    """
    words = f"export REPROSEP_PARAMS={frozen_params()} PYTHONPATH={quoted(SOURCES)}${{{{PYTHONPATH:+:$PYTHONPATH}}}}"
    return f"{words}; " if deployed() else f"{words} PATH={quoted(Path(sys.executable).parent)}:$PATH; "


def begin_commands():
    """Set the prefix of all commands. Those of another workflow, of which this is a module, keep theirs before it."""
    own, others = prefix(), shell._get_process_prefix().replace("{", "{{").replace("}", "}}") if MODULE else ""
    if own in others:
        return  # used for further rules
    if "REPROSEP_PARAMS=" in others:
        raise WorkflowError(
            "module reprosep: found two with different config, expected one: the parameters of its steps are those of a "
            "whole workflow; make the scales one after the other, each by a workflow of its own"
        )
    shell.prefix(others + own)


begin_commands()


container: PARAMS.machine.container or None


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


def shown(paper, files, kind):
    """Files of a paper as Snakemake's report shows them (`snakemake --report`), with the caption of their kind."""
    content, caption = PAPERS[paper], f"../report/{kind}.rst"
    place = {"caption": caption, "category": content.short, "subcategory": kind.capitalize()}
    return [report(str(file), **place, labels=labels(content, file)) if is_shown(file) else file for file in files]


def published(wildcards):
    """What the registry says of where a version comes from: it is got again when that changes."""
    entry = load_version(wildcards.version).model_dump(mode="json")
    return {name: entry[name] for name in ("folder", "archives", "song_list", "suffix")}


wildcard_constraints:
    version="[a-z0-9-]+",
    corpus="[a-z0-9-]+",
    target="[a-z0-9-]+",
    run="[a-z0-9_-]+",
