"""The steps of the line, each from files to files: what the command-line verbs do.

recordings → catalog → audio store → activity → mixtures → training → scores → tables, figures, claims → report
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprosep.corpus_steps import (
    activity,
    catalog,
    clips,
    energies,
    examination,
    mixtures,
    recordings,
    results_folder,
    seconds,
    spectra,
    store,
)
from reprosep.errors import UserError
from reprosep.papers import Run, check_accepted, find_run, load_paper, runs
from reprosep.params import Params

__all__ = [
    "activity",
    "calibrate",
    "catalog",
    "claims",
    "clips",
    "energies",
    "examination",
    "example",
    "figures",
    "listen",
    "mixtures",
    "publish",
    "recordings",
    "report",
    "results_folder",
    "score",
    "seconds",
    "spectra",
    "spot_check",
    "store",
    "tables",
    "train",
]


def example(params: Params, identifier: str, index: int, folder: Path) -> dict[str, Any]:
    """Training item `index` of a run, exactly as the training saw it: its recipe, and its sound in `folder`."""
    from reprosep.audio.io import write_sound
    from reprosep.mixing import Mixer

    run, system = find_run(params, identifier)
    if run.seed is None:
        raise UserError(f"'{identifier}' is an oracle and has no training items; name a trained run")
    if system.sources or system.clips or system.is_detector:
        raise UserError(
            f"'{identifier}' is trained on parts of whole songs, not on mixed items; name a run of another system"
        )
    mixer = Mixer.of(params.of_corpus(run.corpus), run.corpus, results_folder(params))
    recipe = mixer.training_recipe(mixer.training_pool(run.target), run.seed, index)
    for name, wave in zip(("target", "mixture"), mixer.render(recipe, system.channel_swap), strict=True):
        write_sound(folder / f"{run.id}_{index}_{name}.wav", wave.T, params.audio.sample_rate)
    return asdict(recipe)


def train(params: Params, identifiers: list[str]) -> None:
    """Train runs of one corpus, or take them up again; writes ``runs/<run>/{best.safetensors,epochs.csv,run.json}``."""
    from reprosep.jobs.gpus import gpu_place
    from reprosep.preemption import stop_request

    pairs = [find_run(params, identifier) for identifier in dict.fromkeys(identifiers)]
    _check_trainable(params, [run for run, _ in pairs])
    gpus, per_gpu = params.training.gpu, params.machine.trainings_per_gpu
    with stop_request() as stop, gpu_place(gpus, per_gpu, stop):
        from reprosep.jobs.training import train_runs  # takes seconds, in which a signal may come

        train_runs(params, pairs, results_folder(params), stop)


def _check_trainable(params: Params, chosen: list[Run]) -> None:
    for run in chosen:
        if run.seed is None:
            raise UserError(f"'{run.id}' is an oracle and needs no training; score it with `reprosep score {run.id}`")
    if len({run.corpus for run in chosen}) > 1:
        raise UserError(f"{', '.join(run.id for run in chosen)}: of several corpora; train those of each by themselves")
    if len(chosen) > 1 and params.training.gpu > 1:
        raise UserError(
            f"{len(chosen)} runs share one device, but training.gpu is {params.training.gpu}; train them one by one"
        )


def score(params: Params, identifiers: list[str], threads: int) -> None:
    """Score runs or oracles on the test songs; writes ``scores/<run>.parquet`` of each."""
    from reprosep.scoring.runs import score_runs, scorer_for

    results = results_folder(params)
    pairs = [find_run(params, identifier) for identifier in dict.fromkeys(identifiers)]
    score_runs([scorer_for(params, *pair, results) for pair in pairs], results / "scores", threads)


def calibrate(params: Params, paper_name: str) -> None:
    """A paper's values that need no training beside the published ones; writes ``papers/<paper>/calibration.csv``."""
    from rich.console import Console

    from reprosep.calibration import conclude, measure, printed

    papers = {name: load_paper(name) for name in [*params.papers, paper_name]}
    check_accepted(params, papers.values())
    paper, results = papers[paper_name], results_folder(params)
    if paper.calibration is None:
        raise UserError(f"{paper_name}.yaml: no section 'calibration', so there is nothing to compare; write one")
    rows = measure(params, paper, results)
    Console(width=None if sys.stdout.isatty() else 140).print(printed(paper, rows))
    conclude(params, paper, rows, results / "papers" / paper_name)


def publish(params: Params, output: Path, command: str) -> list[Path]:
    """Tables, claims, cells and costs of a finished scale's papers, which `command` computed, below `output`.

    Returns the files written.
    """
    from reprosep.results.publish import publish as publish_paper
    from reprosep.results.publish import publish_steps

    results, folder = results_folder(params), output / params.scale
    written = [path for name in params.papers for path in publish_paper(params, name, results, folder / name, command)]
    return [*written, publish_steps(results, folder)]


def spot_check(params: Params, paper_name: str) -> None:
    """A few scores of a paper by museval itself; writes ``papers/<paper>/spot-check.csv``."""
    from reprosep.files import whole_file
    from reprosep.spot_check import spot_check as check_scores

    results = results_folder(params)
    pairs = [find_run(params, run.id) for run in runs(params, load_paper(paper_name))]
    table = check_scores(params, pairs, results)
    with whole_file(results / "papers" / paper_name / "spot-check.csv") as temporary:
        table.to_csv(temporary, index=False)


def tables(params: Params, paper_name: str) -> None:
    """Tables of a paper; writes ``papers/<paper>/table-*.csv`` and what they were computed with."""
    from reprosep.results.parameters import write_record
    from reprosep.results.tables import write_tables

    paper, results = load_paper(paper_name), results_folder(params)
    write_tables(params, paper, results, results / "papers" / paper_name)
    write_record(params, paper_name, paper, results / "papers" / paper_name)


def figures(params: Params, paper_name: str) -> None:
    """Figures of a paper; writes ``papers/<paper>/figure-*.{svg,png,csv}``."""
    from reprosep.results.figures import write_figures

    results = results_folder(params)
    write_figures(params, load_paper(paper_name), results, results / "papers" / paper_name)


def claims(params: Params, paper_name: str) -> None:
    """Verdicts on a paper's claims; writes ``papers/<paper>/claims.csv``."""
    from reprosep.claims.table import write_claims

    results = results_folder(params)
    write_claims(params, load_paper(paper_name), results, results / "papers" / paper_name)


def listen(params: Params, paper_name: str) -> None:
    """Excerpts to listen to and the spectrograms of Figure 3; writes ``papers/<paper>/listen/``."""
    from reprosep.listening import write_listening

    results = results_folder(params)
    write_listening(params, load_paper(paper_name), results, results / "papers" / paper_name / "listen")


def report(params: Params) -> None:
    """The self-contained page; writes ``report.html``."""
    from reprosep.results.report import write_report

    papers = {name: load_paper(name) for name in params.papers}
    results = results_folder(params)
    write_report(params, papers, results, results / "report.html")
