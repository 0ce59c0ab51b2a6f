"""Use it on your own data: what a user asks of own songs, own methods and own corpora."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from reprosep.base.errors import UserError, near_match
from reprosep.base.terminal import show
from reprosep.cli.app import CORES, DEFAULT_PARAMS, Device, ParamFiles, Threads, app, read_params
from reprosep.cli.app import OWN_DATA as PANEL


@app.command(rich_help_panel=PANEL)
def separate(
    song: Annotated[Path, typer.Argument(help="Any sound file.")],
    run: Annotated[
        list[str] | None,
        typer.Option(help="A trained run, e.g. mm_vocals_iass_s42, or its folder; several times for several targets."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Published weights: a file of workflow/weights/, e.g. umxhq; fetched where they are not there."
        ),
    ] = None,
    model_folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder with these weights, with your own (separator.json and <target>.pth of Open-Unmix), or of one "
            "model that `publish --to` wrote."
        ),
    ] = None,
    targets: Annotated[
        list[str] | None, typer.Option(help="One of the targets alone; several times for several.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File or folder, for several targets a folder; default: <song>_<target>.wav beside the song."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="wav, wav24, float, flac, flac24, mp3, m4a, ogg or opus; default: the output's, or wav."
        ),
    ] = None,
    results: Annotated[Path, typer.Option(help="Where the runs of a scale are.")] = Path("results/demo"),
    gate: Annotated[str, typer.Option(help="median, raw or none.")] = "median",
    clip: Annotated[
        str,
        typer.Option(
            help="Where an estimate is beyond full scale: rescale all targets alike, clamp, or float (32-bit wav)."
        ),
    ] = "rescale",
    wiener: Annotated[
        bool, typer.Option("--wiener", help="Wiener filter of the estimates of all sources: needs the runs of all.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Separate your own song with published weights or trained runs: any format, length and rate; stereo is kept."""
    from reprosep.separation.device import estimating_device
    from reprosep.tools.own_songs.separation import check_words, find_separators, separate_song

    check_words(gate, clip, form)
    place = estimating_device(device, "--device")
    separators = find_separators(song, run or [], results, weights, model_folder, targets or [], wiener)
    for written in separate_song(song, separators, output, gate, clip, form, targets or [], wiener, place):
        print(written)


@app.command(rich_help_panel=PANEL)
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
    device: Device = "auto",
) -> None:
    """Tell who plays when in your own song: a table, labels for Audacity, and a picture."""
    from reprosep.separation.device import estimating_device
    from reprosep.tools.own_songs.activity import tell_activity

    place = estimating_device(device, "--device")
    for written in tell_activity(song, run or [], output, results, threshold, place):
        print(written)


@app.command(rich_help_panel=PANEL)
def evaluate(
    references: Annotated[Path, typer.Argument(help="Folder of songs: <song>/<target>.<ext>, or MUSDB18's layouts.")],
    estimates: Annotated[
        list[Path], typer.Argument(help="The same of estimates; several folders are compared as methods.")
    ],
    output: Annotated[Path, typer.Option(help="Where to write scores, summary, comparison and museval's JSON files.")],
    metric: Annotated[str, typer.Option(help="v4, v3, si-sdr or usdr.")] = "v4",
    window: Annotated[float, typer.Option(help="Frame of v4 and cSDR in seconds; inf: the whole song.")] = 1.0,
    hop: Annotated[float, typer.Option(help="From frame to frame, in seconds.")] = 1.0,
    jobs: Annotated[int, typer.Option(min=1, help="Songs scored at the same time.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap intervals.")] = 42,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Songs or targets, or patterns of them, whose estimates are left out.")
    ] = None,
    beside: Annotated[
        str | None, typer.Option(help="Published scores to compare with, e.g. sisec2018: thirty methods on MUSDB18.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit status 1 when a song, target or file was left out.")
    ] = False,
) -> None:
    """Score folders of estimates against references: museval's and mir_eval's numbers, far faster."""
    from reprosep.tools.evaluation.run import evaluate as evaluate_folders
    from reprosep.tools.evaluation.song import Settings
    from reprosep.tools.evaluation.summary import Bootstrap

    settings = Settings(metric, window, hop)
    bootstrap = Bootstrap(seed)
    evaluated = evaluate_folders(references, estimates, output, settings, jobs, bootstrap, ignore or [], beside)
    show(*evaluated.tables)
    sys.exit(int(strict and evaluated.missed > 0))


@app.command(rich_help_panel=PANEL, name="compare-methods")
def compare_methods(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of museval's JSON files, a file per song; each is a method.")
    ],
    output: Annotated[Path, typer.Option(help="Where to write summary, comparison, ranks and pictures.")],
    beside: Annotated[
        str | None, typer.Option(help="Published scores to compare with, e.g. sisec2018: thirty methods on MUSDB18.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap intervals.")] = 42,
) -> None:
    """Compare methods by scores that museval, or `evaluate`, wrote; no sound is needed."""
    from reprosep.tools.evaluation.published import compare_folders
    from reprosep.tools.evaluation.summary import Bootstrap

    show(*compare_folders(folders, output, Bootstrap(seed), beside))


@app.command(rich_help_panel=PANEL)
def doctor(
    corpus: Annotated[
        str | None, typer.Argument(help="A corpus of the parameters, or a published version; default: all corpora.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Where it is, if not where the parameters say.")] = None,
    params: ParamFiles = DEFAULT_PARAMS,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
    all: Annotated[bool, typer.Option("--all", help="Print every finding, not five of each kind.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit status 1 for what is left out, too.")] = False,
    threads: Threads = CORES,
) -> None:
    """Is my data right? What is wrong with a corpus, with remedies; exit status 1 when something is."""
    from reprosep.corpora.doctor.visit import visit

    sys.exit(visit(read_params(params), corpus, root, threads, as_json=json, show_all=all, strict=strict))


@app.command(rich_help_panel=PANEL)
def get(
    version: Annotated[
        str,
        typer.Argument(
            help="A published corpus, a file of workflow/corpora/, e.g. musdb18-hq; or weights, a file of "
            "workflow/weights/, e.g. umxhq."
        ),
    ],
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="Folder or archive that holds it: folders are linked, archives unpacked; weights are read."
        ),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for it instead of its own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Archives or files worked on at the same time.")] = 4,
    keep_archives: Annotated[bool, typer.Option(help="Keep what was downloaded, in .archives or .downloads.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Compute every checksum anew.")] = False,
) -> None:
    """Bring a published corpus or weights into their folder, whole and verified; what has to be requested is told."""
    from reprosep.corpora.registry import versions
    from reprosep.weights.registry import known

    sources = tuple(source or ())
    if version not in (every := [*versions(), *known()]):
        near = near_match(version, every)
        raise UserError(f"unknown corpus or weights '{version}'{near}; allowed: {', '.join(every)}")
    if version in known():
        from reprosep.weights.get import Request as OfWeights
        from reprosep.weights.get import get_weights

        get_weights(OfWeights(version, sources, to, jobs, keep_archives, verify), tell=True)
        return
    from reprosep.corpora.get import Request
    from reprosep.corpora.get import get as bring

    bring(Request(version, sources, to, jobs, keep_archives, verify))


@app.command(rich_help_panel=PANEL)
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    recordings: Annotated[
        Path | None, typer.Option(help="Your multitracks, one folder per song: written into own.yaml.")
    ] = None,
) -> None:
    """Make a project folder for your own multitracks: all parameters, rules and tables, and own.yaml to fill in."""
    from reprosep.tools.project.new import new_project

    for path in new_project(folder, recordings):
        print(path)


@app.command(rich_help_panel=PANEL)
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
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit status 1 when a song or stem could not be rendered.")
    ] = False,
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
    made = make(midi, output, songs, seed, flakh=flakh, workers=workers, params=params or [], options=options)
    print(made)
    sys.exit(int(strict and made.left_out > 0))


@app.command(rich_help_panel=PANEL)
def cost(
    params: ParamFiles = DEFAULT_PARAMS,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Of every training; default: training.epochs at most.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Length of a song until a catalog tells it.")] = 4.0,
    steps: Annotated[int, typer.Option(min=1, help="Training steps measured of every kind.")] = 3,
) -> None:
    """What a scale costs: disk, and hours of training by the time that this machine takes per item."""
    from reprosep.tools.cost.table import cost as cost_of

    show(cost_of(read_params(params), epochs, minutes, steps))
