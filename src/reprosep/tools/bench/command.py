"""The verbs of ``reprosep bench``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

bench_app = typer.Typer(help="Measure speed and memory against other implementations.", no_args_is_help=True)

Scale = Annotated[str, typer.Option(help="Whose networks, transforms and lengths: paper, standin, demo or smoke.")]
Repeats = Annotated[int, typer.Option(min=1, help="Rounds, everything once in each; the tables show medians.")]


def _print(*tables: Table) -> None:
    from reprosep.base.terminal import show

    show(*tables)


@bench_app.command()
def bsseval(
    seconds: Annotated[list[float] | None, typer.Option(min=2.0, help="Lengths of songs.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each in alternation; long songs run once.")] = 3,
) -> None:
    """BSS Eval against museval, mir_eval and fast_bss_eval: one thread each, in alternation."""
    from reprosep.tools.bench.bsseval import bench

    _print(bench(seconds or [60.0, 240.0], repeats))


@bench_app.command()
def evaluate(
    songs: Annotated[int, typer.Option(min=1, help="Of them museval scores one.")] = 50,
    seconds: Annotated[float, typer.Option(min=2.0, help="Length of a song.")] = 240.0,
    jobs: Annotated[int, typer.Option(min=1, help="Songs scored at the same time.")] = 2,
) -> None:
    """Whole evaluations, decoding included, against museval on the same files."""
    from reprosep.tools.bench.evaluate import bench

    _print(bench(songs, seconds, jobs))


@bench_app.command()
def data(
    scale: Scale = "paper",
    items: Annotated[int, typer.Option(min=1, help="Of the slowest way in each round.")] = 2,
    repeats: Repeats = 3,
) -> None:
    """Training items against the musdb package and a plain soundfile loader: one thread each, in alternation."""
    from reprosep.dag.reproduce import scale_params
    from reprosep.tools.bench.data import bench

    _print(bench(scale_params(scale, []), items, repeats))


@bench_app.command()
def integrity(
    scale: Scale = "paper",
    items: Annotated[int, typer.Option(min=1, help="Training items measured in each round, times 64.")] = 2,
    repeats: Repeats = 3,
) -> None:
    """Checksums of the store beside making it and training from it: one thread."""
    from reprosep.dag.reproduce import scale_params
    from reprosep.tools.bench.integrity import bench

    _print(bench(scale_params(scale, []), items, repeats))


@bench_app.command()
def train(
    scale: Scale = "paper",
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Batch sizes; default: 2, on a GPU 8 to 64.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    repeats: Repeats = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few minutes at most: one round of few steps at one batch size.")
    ] = False,
) -> None:
    """Training steps against the authors' layout of the network; on a GPU also whole steps with their data."""
    from reprosep.dag.reproduce import scale_params
    from reprosep.tools.bench.train import bench

    _print(*bench(scale_params(scale, []), batch or [], device, repeats, quick))


@bench_app.command()
def separate(
    scale: Scale = "paper",
    seconds: Annotated[list[float] | None, typer.Option(min=2.0, help="Lengths of songs.")] = None,
    repeats: Repeats = 1,
) -> None:
    """Separation of whole songs against one pass of the network over the song: one thread each, in alternation."""
    from reprosep.dag.reproduce import scale_params
    from reprosep.tools.bench.separate import bench

    _print(bench(scale_params(scale, []), seconds or [60.0, 240.0], repeats))


@bench_app.command()
def verdicts(
    draws: Annotated[int, typer.Option(min=10, help="Simulated sets of scores for every row.")] = 400,
) -> None:
    """Error rates of the verdicts on simulated scores, beside those of intervals that leave the trainings out."""
    from reprosep.tools.bench.verdicts import bench

    _print(*bench(draws))
