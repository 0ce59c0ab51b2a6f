"""The line as a whole, and its steps one by one: what the rules of the workflow call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from reprosep.cli.app import DEFAULT_PARAMS, ParamFiles, Threads, app, params_and_corpus, read_params
from reprosep.cli.app import LINE as PANEL
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.params.scale import Params, dump


@app.command(rich_help_panel=PANEL)
def reproduce(
    scale: Annotated[str, typer.Argument(help="demo, smoke, preview, standin, open or paper.")] = "demo",
    target: Annotated[list[str] | None, typer.Option(help="Files to make instead of everything.")] = None,
    configfile: Annotated[
        list[Path] | None, typer.Option(help="Further parameter files, e.g. your own corpus.")
    ] = None,
) -> None:
    """Run the whole line on this machine: data, training, scores, tables, figures, claims, report."""
    from reprosep.dag.reproduce import reproduce as run_line

    for path in run_line(scale, target or [], configfile or []):
        print(path)


@app.command(rich_help_panel=PANEL)
def check(
    params: ParamFiles = DEFAULT_PARAMS, show: Annotated[bool, typer.Option(help="Print them all.")] = False
) -> None:
    """Validate parameters and paper files, and print them resolved with --show."""
    from reprosep.dag.left_out import sentences
    from reprosep.dag.plan import checked_papers
    from reprosep.experiments.runs import every_run

    resolved = read_params(params)
    papers = checked_papers(resolved)
    for name, paper in papers.items():
        counts = f"{len(paper.claims)} claims, {len(paper.questions)} questions of our own"
        print(f"{name}: {len(every_run(resolved, paper))} runs, {len(paper.tables)} tables, {counts}")
    for sentence in sentences(resolved, papers):
        print(sentence)
    if show:
        print(yaml.safe_dump(dump(resolved), sort_keys=False), end="")


@app.command(rich_help_panel=PANEL)
def runs(params: ParamFiles = DEFAULT_PARAMS) -> None:
    """List the runs of all papers."""
    from reprosep.experiments.runs import every_run

    resolved = read_params(params)
    for name in resolved.papers:
        for run in every_run(resolved, load_paper(name)):
            print(run.id)


@app.command(rich_help_panel=PANEL)
def recordings(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Make a stand-in corpus, or see that a real one is in its place."""
    from reprosep.corpora.recordings import write_recordings

    write_recordings(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def examination(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Read every recording of a corpus and stop at what is wrong; `doctor` tells it all."""
    from reprosep.corpora.catalog import write_examination

    write_examination(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def catalog(
    corpus: str,
    params: ParamFiles = DEFAULT_PARAMS,
    threads: Threads = 1,
    examined: Annotated[Path | None, typer.Option(help="What the examination wrote; default: examine now.")] = None,
) -> None:
    """List every stem of a corpus, its recordings examined."""
    from reprosep.corpora.catalog import write_catalog

    write_catalog(*params_and_corpus(params, corpus), threads, examined)


@app.command(rich_help_panel=PANEL)
def store(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Decode every stem of a corpus once."""
    from reprosep.corpora.decoding import write_store

    write_store(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def confidences(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Compute when every stem of a corpus plays."""
    from reprosep.activity.stems import write_activity

    write_activity(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def notes(corpus: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Collect the notes of every stem of a corpus, where they are known."""
    from reprosep.activity.notes import write_notes

    write_notes(*params_and_corpus(params, corpus))


@app.command(rich_help_panel=PANEL)
def mixtures(
    corpus: str,
    params: ParamFiles = DEFAULT_PARAMS,
    target: Annotated[str | None, typer.Option(help="Of this target only.")] = None,
) -> None:
    """Write the recipes of validation and test mixtures of a corpus."""
    from reprosep.mixtures.mixing import write_mixtures

    write_mixtures(*params_and_corpus(params, corpus), target)


@app.command(rich_help_panel=PANEL)
def clips(corpus: str, target: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Choose the clips of a target that trainings take of a corpus."""
    from reprosep.experiments.clips.needed import clips_needed
    from reprosep.mixtures.clips import write_clips

    resolved, name = params_and_corpus(params, corpus)
    write_clips(resolved, name, target, clips_needed(resolved, name, target))


@app.command(rich_help_panel=PANEL)
def energies(corpus: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Measure the energy of every source in every chunk of a corpus."""
    from reprosep.mixtures.source_songs import write_energies

    write_energies(*params_and_corpus(params, corpus))


@app.command(rich_help_panel=PANEL)
def seconds(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Prepare what activity detectors learn from: split, labels and spectrograms of every second."""
    from reprosep.experiments.detectors.seconds import write_seconds

    write_seconds(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def spectra(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Measure the average spectrum of every mixture of a corpus."""
    from reprosep.corpora.spectra import write_spectra

    write_spectra(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def train(runs: list[str], params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Train a run, or several of a corpus side by side, or take interrupted ones up again."""
    from reprosep.jobs.start import train as start

    start(read_params(params), runs)


@app.command(rich_help_panel=PANEL)
def score(runs: list[str], params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Separate and score the test songs of one run or several."""
    from reprosep.jobs.scoring import score as score_all

    score_all(read_params(params), runs, threads)


@app.command(rich_help_panel=PANEL, name="published-scores")
def published_scores(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Read the published scores of a corpus's methods."""
    from reprosep.experiments.published.scores import write_published

    write_published(*params_and_corpus(params, corpus), threads)


@app.command(rich_help_panel=PANEL)
def calibrate(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Compare oracle scores with a paper's, and stop a wrong set-up before training."""
    from reprosep.results.calibration import calibrate as compare

    compare(read_params(params), paper)


@app.command(rich_help_panel=PANEL, name="spot-check")
def spot_check(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Score a few songs of a paper again by museval and compare."""
    from reprosep.results.spot_check import write_spot_check

    write_spot_check(*_read_paper(params, paper))


@app.command(rich_help_panel=PANEL)
def tables(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write a paper's tables."""
    from reprosep.report.parameters import write_record
    from reprosep.results.tables import write_tables

    resolved, content, results, output = _read_paper(params, paper)
    write_tables(resolved, content, results, output)
    write_record(resolved, paper, content, output)


@app.command(rich_help_panel=PANEL)
def listen(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write excerpts to listen to and the spectrograms that a paper shows."""
    from reprosep.report.listening import write_listening

    resolved, content, results, output = _read_paper(params, paper)
    write_listening(resolved, content, results, output / "listen")


@app.command(rich_help_panel=PANEL)
def figures(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Draw a paper's figures."""
    from reprosep.results.figures import write_figures

    write_figures(*_read_paper(params, paper))


@app.command(rich_help_panel=PANEL)
def claims(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Judge a paper's claims."""
    from reprosep.claims.table import write_claims

    write_claims(*_read_paper(params, paper))


@app.command(rich_help_panel=PANEL)
def report(
    scale: Annotated[
        str | None, typer.Argument(help="A scale, finished or not; default: the finished results of --params.")
    ] = None,
    configfile: Annotated[list[Path] | None, typer.Option(help="The further parameter files of that run.")] = None,
    params: ParamFiles = DEFAULT_PARAMS,
) -> None:
    """Write the report, one self-contained page; of an unfinished scale with what is there, missing and next."""
    if scale is not None:
        from reprosep.report.unfinished import write_current_report

        print(write_current_report(scale, configfile or []))
        return
    from reprosep.report.page import write_report

    resolved = read_params(params)
    papers = {name: load_paper(name) for name in resolved.papers}
    write_report(resolved, papers, resolved.results, resolved.results / "report.html")


def _read_paper(files: list[Path], name: str) -> tuple[Params, Paper, Path, Path]:
    """Parameters from files, a paper, the scale's results and the folder of the paper's."""
    params = read_params(files)
    return params, load_paper(name), params.results, params.results / "papers" / name
