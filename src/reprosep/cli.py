"""The command line: one verb per step of the line, and the verbs for a user's own songs."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from reprosep.bench.command import bench_app
from reprosep.errors import PREEMPTED, USER_ERROR, Preempted, UserError
from reprosep.params import Params, dump, merge, parse, read_yaml, repository

app = typer.Typer(
    help="Reproduce papers on music source separation, from recordings to tables, figures and claims.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(bench_app, name="bench")

ParamFiles = Annotated[
    list[Path],
    typer.Option("--params", "-p", envvar="REPROSEP_PARAMS", help="Parameter files, later ones change earlier ones."),
]
Threads = Annotated[int, typer.Option("--threads", "-t", min=1, help="Songs worked on at the same time.")]
CORES = os.cpu_count() or 1
DEFAULT_PARAMS = [Path("params.yaml")]


def read_params(files: list[Path]) -> Params:
    """Parameters from one or several files, merged in order and validated."""
    content: dict[str, object] = {}
    for file in files:
        content = merge(content, read_yaml(file))
    return parse(content)


def _known(params: Params, corpus: str) -> str:
    from reprosep.errors import near_match

    if corpus not in params.corpora:
        allowed = ", ".join(params.corpora)
        raise UserError(f"unknown corpus '{corpus}'{near_match(corpus, params.corpora)}; allowed: {allowed}")
    return corpus


@app.command()
def check(
    params: ParamFiles = DEFAULT_PARAMS, show: Annotated[bool, typer.Option(help="Print them all.")] = False
) -> None:
    """Validate parameters and paper files, and print them resolved with --show."""
    from reprosep.detection.instruments import check_detection
    from reprosep.papers import check_accepted, check_seeds, every_run, load_paper

    resolved = read_params(params)
    papers = {name: load_paper(name) for name in resolved.papers}
    check_accepted(resolved, papers.values())
    check_seeds(resolved, papers.items())
    check_detection(resolved, papers.values())
    for name, paper in papers.items():
        told = f"{len(paper.claims)} claims, {len(paper.questions)} questions of our own"
        print(f"{name}: {len(every_run(resolved, paper))} runs, {len(paper.tables)} tables, {told}")
    if show:
        print(yaml.safe_dump(dump(resolved), sort_keys=False), end="")


@app.command()
def reproduce(
    scale: Annotated[str, typer.Argument(help="demo, smoke, standin or paper.")] = "demo",
    target: Annotated[list[str] | None, typer.Option(help="Files to make instead of everything.")] = None,
    configfile: Annotated[
        list[Path] | None, typer.Option(help="Further parameter files, e.g. your own corpus.")
    ] = None,
) -> None:
    """Run the whole line on this machine: data, training, scores, tables, figures, claims, report."""
    from reprosep.reproduce import reproduce as run_line

    print(run_line(scale, target or [], configfile or []))


@app.command()
def runs(params: ParamFiles = DEFAULT_PARAMS) -> None:
    """List the runs of all papers."""
    from reprosep.papers import every_run, load_paper

    resolved = read_params(params)
    for name in resolved.papers:
        for run in every_run(resolved, load_paper(name)):
            print(run.id)


@app.command()
def get(
    version: Annotated[str, typer.Argument(help="A published version: a file of workflow/corpora/, e.g. musdb18-hq.")],
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Folder or archive that holds it: folders are linked, archives unpacked."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for it instead of the version's own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Archives or files worked on at the same time.")] = 4,
    keep_archives: Annotated[bool, typer.Option(help="Keep what was downloaded, in .archives.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Compute every checksum anew.")] = False,
) -> None:
    """Bring a published corpus into its folder, whole and verified; what has to be requested is told."""
    from reprosep.corpora.get import Request
    from reprosep.corpora.get import get as bring

    bring(Request(version, tuple(source or ()), to, jobs, keep_archives, verify))


@app.command()
def recordings(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Make a stand-in corpus, or see that a real one is in its place."""
    from reprosep import steps

    resolved = read_params(params)
    steps.recordings(resolved, _known(resolved, corpus), threads)


@app.command()
def examination(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Read every recording of a corpus and stop at what is wrong; `doctor` tells it all."""
    from reprosep import steps

    resolved = read_params(params)
    steps.examination(resolved, _known(resolved, corpus), threads)


@app.command()
def catalog(
    corpus: str,
    params: ParamFiles = DEFAULT_PARAMS,
    threads: Threads = 1,
    examined: Annotated[Path | None, typer.Option(help="What the examination wrote; default: examine now.")] = None,
) -> None:
    """List every stem of a corpus, its recordings examined."""
    from reprosep import steps

    resolved = read_params(params)
    steps.catalog(resolved, _known(resolved, corpus), threads, examined)


@app.command()
def store(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Decode every stem of a corpus once."""
    from reprosep import steps

    resolved = read_params(params)
    steps.store(resolved, _known(resolved, corpus), threads)


@app.command()
def confidences(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Compute when every stem of a corpus plays."""
    from reprosep import steps

    resolved = read_params(params)
    steps.activity(resolved, _known(resolved, corpus), threads)


@app.command()
def mixtures(
    corpus: str,
    params: ParamFiles = DEFAULT_PARAMS,
    target: Annotated[str | None, typer.Option(help="Of this target only.")] = None,
) -> None:
    """Write the recipes of validation and test mixtures of a corpus."""
    from reprosep import steps

    resolved = read_params(params)
    steps.mixtures(resolved, _known(resolved, corpus), target)


@app.command()
def clips(corpus: str, target: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Choose the clips of a target that trainings take of a corpus."""
    from reprosep import steps

    resolved = read_params(params)
    steps.clips(resolved, _known(resolved, corpus), target)


@app.command()
def energies(corpus: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Measure the energy of every source in every chunk of a corpus."""
    from reprosep import steps

    resolved = read_params(params)
    steps.energies(resolved, _known(resolved, corpus))


@app.command()
def seconds(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Prepare what activity detectors learn from: split, labels and spectrograms of every second."""
    from reprosep import steps

    resolved = read_params(params)
    steps.seconds(resolved, _known(resolved, corpus), threads)


@app.command()
def spectra(corpus: str, params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Measure the average spectrum of every mixture of a corpus."""
    from reprosep import steps

    resolved = read_params(params)
    steps.spectra(resolved, _known(resolved, corpus), threads)


@app.command()
def train(runs: list[str], params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Train a run, or several of a corpus side by side, or take interrupted ones up again."""
    from reprosep import steps

    steps.train(read_params(params), runs)


@app.command()
def example(
    run: str,
    index: int,
    params: ParamFiles = DEFAULT_PARAMS,
    output: Annotated[Path, typer.Option(help="Folder for the two wav files.")] = Path(),
) -> None:
    """Recompute one training item of a run: its recipe, and its target and mixture as wav files."""
    from reprosep import steps

    print(yaml.safe_dump(steps.example(read_params(params), run, index, output), sort_keys=False), end="")


@app.command()
def score(runs: list[str], params: ParamFiles = DEFAULT_PARAMS, threads: Threads = 1) -> None:
    """Separate and score the test songs of one run or several."""
    from reprosep import steps

    steps.score(read_params(params), runs, threads)


@app.command()
def calibrate(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Compare oracle scores with a paper's, and stop a wrong set-up before training."""
    from reprosep import steps

    steps.calibrate(read_params(params), paper)


@app.command(name="spot-check")
def spot_check(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Score a few songs of a paper again by museval and compare."""
    from reprosep import steps

    steps.spot_check(read_params(params), paper)


@app.command()
def tables(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write a paper's tables."""
    from reprosep import steps

    steps.tables(read_params(params), paper)


@app.command()
def listen(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write excerpts to listen to and the spectrograms that a paper shows."""
    from reprosep import steps

    steps.listen(read_params(params), paper)


@app.command()
def figures(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Draw a paper's figures."""
    from reprosep import steps

    steps.figures(read_params(params), paper)


@app.command()
def claims(paper: str, params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Judge a paper's claims."""
    from reprosep import steps

    steps.claims(read_params(params), paper)


@app.command()
def readme(params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write the numbers of claims and verdicts into README.md."""
    from reprosep.claims.overview import block, with_block
    from reprosep.files import whole_file

    path, published = repository() / "README.md", repository() / "results-published/demo"
    text = with_block(path.read_text(encoding="utf-8"), block(read_params(params), published))
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@app.command()
def report(params: ParamFiles = DEFAULT_PARAMS) -> None:
    """Write the report, one self-contained page."""
    from reprosep import steps

    steps.report(read_params(params))


@app.command()
def stages(scale: Annotated[str, typer.Argument(help="The scale that DVC is to version.")] = "demo") -> None:
    """Write dvc.yaml: the stages that DVC versions."""
    from reprosep.versions.record import write_stages

    print(write_stages(scale))


@app.command()
def stage(scale: str, name: str) -> None:
    """Make one stage of dvc.yaml; `dvc repro` calls it."""
    from reprosep.versions.record import do_stage

    do_stage(scale, name)


@app.command()
def record(scale: Annotated[str, typer.Argument(help="The scale that dvc.yaml is of.")] = "demo") -> None:
    """Record all results in dvc.lock, so that they can be pushed, pulled and compared."""
    from reprosep.versions.record import record as record_results

    print(f"{record_results(scale)} stages recorded in dvc.lock; share them with `git commit dvc.lock` and `dvc push`")


@app.command()
def separate(
    song: Annotated[Path, typer.Argument(help="Any sound file.")],
    run: Annotated[str, typer.Option(help="A trained run, e.g. mm_vocals_iass_s42, or its folder.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Where to write, a folder for several targets; default: <song>_<target>.wav beside the song."
        ),
    ] = None,
    results: Annotated[Path, typer.Option(help="Where the runs of a scale are.")] = Path("results/demo"),
    gate: Annotated[str, typer.Option(help="median, raw or none.")] = "median",
) -> None:
    """Separate your own song with a trained run: any format, length and rate; stereo is kept."""
    from reprosep.own_songs.separation import separate_song

    for written in separate_song(song, run, output, results, gate):
        print(written)


@app.command()
def activity(
    song: Annotated[Path, typer.Argument(help="Any sound file.")],
    run: Annotated[
        list[str] | None,
        typer.Option(
            help="A detector or a run with an activity head, or its folder; several times for several. Default: the "
            "detector in --results, else all activity heads of one corpus there."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder to write to; default: beside the song.")] = None,
    results: Annotated[Path, typer.Option(help="Where the runs of a scale are.")] = Path("results/demo"),
    threshold: Annotated[
        float | None, typer.Option(help="Probability above which an instrument plays; default: the runs' own.")
    ] = None,
) -> None:
    """Tell who plays when in your own song: a table, labels for Audacity, and a picture."""
    from reprosep.own_songs.activity import tell_activity

    for written in tell_activity(song, run or [], output, results, threshold):
        print(written)


@app.command()
def render(
    midi: Annotated[Path, typer.Argument(help="Folder of MIDI files, folders in it too.")],
    output: Annotated[Path, typer.Argument(help="Folder for the data set.")],
    songs: Annotated[int, typer.Option(min=1, help="As many as can be had, up to this number.")] = 2100,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of songs and of their patches.")] = 425,
    flakh: Annotated[bool, typer.Option("--flakh", help="FluidSynth alone, without patches and effects.")] = False,
    rule: Annotated[str | None, typer.Option(help="Which files: paper or code.")] = None,
    splits: Annotated[str | None, typer.Option(help="leak-free, paper, or same: those of a data set.")] = None,
    fewest_notes: Annotated[int | None, typer.Option(help="Of piano, guitar, bass and drums each.")] = None,
    longest_minutes: Annotated[float | None, typer.Option(help="Longer files are skipped.")] = None,
    most_tracks: Annotated[int | None, typer.Option(help="Files with more are skipped.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="Of the sound files, in Hz.")] = None,
    patches: Annotated[Path | None, typer.Option(help="Your own table of patches.")] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Songs rendered at the same time.")] = CORES,
    params: Annotated[
        list[Path] | None, typer.Option("--params", "-p", help="Files that change the section rendering.")
    ] = None,
) -> None:
    """Make a data set like Slakh2100, or Flakh, from a folder of MIDI files; run it again to go on after a stop."""
    from reprosep.synthesis.command import render as make

    options = {
        "rule": rule,
        "splits": splits,
        "fewest_notes": fewest_notes,
        "longest_minutes": longest_minutes,
        "most_tracks": most_tracks,
        "sample_rate": sample_rate,
        "patches": str(patches) if patches else None,
    }
    print(make(midi, output, songs, seed, flakh=flakh, workers=workers, params=params or [], options=options))


@app.command()
def evaluate(
    references: Annotated[Path, typer.Argument(help="Folder of songs: <song>/<target>.<ext>, or MUSDB18's layouts.")],
    estimates: Annotated[
        list[Path], typer.Argument(help="The same of estimates; several folders are compared as methods.")
    ],
    output: Annotated[Path, typer.Option(help="Where to write scores, summary, comparison and museval's JSON files.")],
    metric: Annotated[str, typer.Option(help="v4, v3, si-sdr or usdr.")] = "v4",
    window: Annotated[float, typer.Option(help="Frame of v4 and cSDR in seconds.")] = 1.0,
    hop: Annotated[float, typer.Option(help="From frame to frame, in seconds.")] = 1.0,
    jobs: Annotated[int, typer.Option(min=1, help="Songs scored at the same time.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap intervals.")] = 42,
) -> None:
    """Score folders of estimates against references: museval's and mir_eval's numbers, far faster."""
    from rich.console import Console

    from reprosep.evaluation.run import evaluate as evaluate_folders
    from reprosep.evaluation.song import Settings
    from reprosep.evaluation.summary import Bootstrap

    settings = Settings(metric, window, hop)
    for table in evaluate_folders(references, estimates, output, settings, jobs, Bootstrap(seed)):
        Console().print(table)


@app.command()
def doctor(
    corpus: Annotated[
        str | None, typer.Argument(help="A corpus of the parameters, or a published version; default: all corpora.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Where it is, if not where the parameters say.")] = None,
    params: ParamFiles = DEFAULT_PARAMS,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
    all: Annotated[bool, typer.Option("--all", help="Print every finding, not five of each kind.")] = False,
    threads: Threads = CORES,
) -> None:
    """Is my data right? What is wrong with a corpus, with remedies; exit status 1 when something is."""
    from reprosep.doctor.visit import visit

    sys.exit(visit(read_params(params), corpus, root, threads, as_json=json, show_all=all))


@app.command()
def split(
    metadata: Annotated[list[Path], typer.Argument(help="Folders with METADATA.yaml files of MedleyDB's format.")],
    rule: Annotated[Path, typer.Option(help="The rule of the split.")] = Path("workflow/splits/mm-split.yaml"),
    output: Annotated[Path, typer.Option(help="Where to write the split.")] = Path("workflow/splits/mm-split.csv"),
) -> None:
    """Draw the artist-disjoint split of MedleyDB + Mixing Secrets from metadata alone, and print its counts."""
    from rich.console import Console

    from reprosep.corpora.artist_split import write_split

    Console().print(write_split(metadata, rule, output))


@app.command()
def cost(
    params: ParamFiles = DEFAULT_PARAMS,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of every training; default: training.epochs.")] = None,
    minutes: Annotated[float, typer.Option(help="Length of a song until a catalog tells it.")] = 4.0,
    steps: Annotated[int, typer.Option(min=1, help="Training steps measured of every kind.")] = 3,
) -> None:
    """What a scale costs: disk, and hours of training by the time that this machine takes per item."""
    from rich.console import Console

    from reprosep.cost.table import cost as cost_of

    resolved = read_params(params)
    tables = cost_of(resolved, epochs or resolved.training.epochs, minutes, steps)
    Console(width=None if sys.stdout.isatty() else 140).print(tables)


@app.command()
def publish(
    scale: Annotated[str, typer.Argument(help="demo, smoke, standin or paper.")],
    output: Annotated[Path, typer.Option(help="Folder to write to, one folder per scale and paper in it.")] = Path(
        "results-published"
    ),
    configfile: Annotated[list[Path] | None, typer.Option(help="The further parameter files of that run.")] = None,
) -> None:
    """Copy a finished scale's tables and claims to where they are committed, with a page that shows them."""
    from reprosep import steps
    from reprosep.reproduce import scale_params

    command = " ".join(["reprosep reproduce", scale, *(f"--configfile {file}" for file in configfile or [])])
    for path in steps.publish(scale_params(scale, configfile or []), output, command):
        print(path)


@app.command()
def compare(
    results: Annotated[Path, typer.Argument(help="Finished results, e.g. results/demo.")],
    published: Annotated[
        Path | None, typer.Argument(help="Published ones; default: results-published/<scale of the results>.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Print every cell, not only those that differ.")] = False,
    output: Annotated[Path | None, typer.Option(help="CSV file for every cell.")] = None,
    if_published: Annotated[bool, typer.Option("--if-published", help="Nothing published is no error.")] = False,
) -> None:
    """Do my results equal the published ones? Exit status 0: equal or within seed noise; 1: not."""
    from reprosep.comparison.command import compare as compare_results

    sys.exit(compare_results(results, published, output, show_all=all, if_published=if_published))


def main() -> None:
    """Run the command line; a user's error is one sentence and exit status 2, being told to stop one and 75."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        app()
    except UserError as error:
        print(f"reprosep: {error}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except Preempted as stop:
        print(f"reprosep: {stop}", file=sys.stderr)
        sys.exit(PREEMPTED)
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
