"""Results small enough for the repository: tables, claims, cells by seed, runs, and a page that shows them.

``results-published/<scale>/<paper>/`` gets the tables and claims as the workflow wrote them; ``runs.csv`` with what
each training took and on which device; ``cells.csv`` with every cell of every seed, and ``published.json`` with seeds,
parameters, commit, versions and processor, for ``reprosep compare``; ``README.md``, in which every cell stands beside
the paper's. Where other papers add rows to a paper's tables, ``cells.csv`` is of the paper alone, and a second file
``cells-beside-<papers>.csv`` of it beside them. ``results-published/<scale>/steps.csv`` tells what every step took.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file, write_json
from reprosep.base.outputs import check_folder
from reprosep.claims.table import ALL_TARGETS, COLUMNS, read_claims
from reprosep.claims.verdicts import counted
from reprosep.experiments.runs import every_run
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.seeds import seeds_of
from reprosep.params.scale import Params
from reprosep.report.parameters import RECORD, differences, papers_beside, read_record, record_of
from reprosep.report.provenance_table import step_times, summary, training_records
from reprosep.results.cells import cells_by_seed
from reprosep.results.corpus_table import decimals_of
from reprosep.results.tidy import LEFT_OUT, TIDY, read_tidy

PUBLISHED = "published.json"

_HOUR = 3600.0
_RUN_COLUMNS = (
    "run",
    "seed",
    "epochs",
    "best_epoch",
    "best_valid_loss",
    "items",
    "device",
    "precision",
    "recordings",
    "device_seconds",
    "milliseconds_per_item",
    "peak_memory_mb",
    "energy_kj",
    "commit",
    "dirty",
)


def publish_scale(params: Params, output: Path, command: str) -> list[Path]:
    """Tables, claims, cells and costs of a finished scale's papers, which `command` computed, below `output`.

    Returns the files written.
    """
    folder = output / params.scale
    check_folder(folder, [params.results])
    written = [path for name in params.papers for path in publish(params, name, params.results, folder / name, command)]
    return [*written, publish_steps(params.results, folder)]


def publish(params: Params, name: str, results: Path, output: Path, command: str) -> list[Path]:
    """Copy a paper's tables and claims to `output`, and write there what compares and shows them; the files written.

    `command` is what computes them, for the page.

    Raises
    ------
    UserError
        When a table is not there, or when the results are of other parameters.
    """
    paper, folder = load_paper(name), results / "papers" / name
    sources = [*(folder / f"{table}.csv" for table in paper.tables), folder / "claims.csv"]
    for source in sources:
        if not source.is_file():
            raise UserError(f"{source}: no such file; run `reprosep reproduce {params.scale}` to its end first")
    record = _record(params, name, paper, folder)
    records = training_records(results, ((run, paper) for run in every_run(params, paper)))
    cells = _cell_files(params, name, paper, results)
    for source in sources:
        with whole_file(output / source.name) as temporary:
            shutil.copyfile(source, temporary)
    for file, table in cells.items():
        with whole_file(output / file) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
    runs = pd.DataFrame([{**one, "device": one["hardware"]["device"]} for one in records])
    with whole_file(output / "runs.csv") as temporary:
        runs.reindex(columns=list(_RUN_COLUMNS)).to_csv(temporary, index=False)
    write_json(output / PUBLISHED, {"scale": params.scale, "command": command, **record, **_origin(records)})
    with whole_file(output / "README.md") as temporary:
        temporary.write_text(page(params, paper, records, output, command), encoding="utf-8")
    return [output / one for one in (*(s.name for s in sources), *cells, "runs.csv", PUBLISHED, "README.md")]


def publish_steps(results: Path, output: Path) -> Path:
    """Write ``steps.csv``: jobs, seconds, longest job and highest memory in MB of every step; the file written."""
    path = output / "steps.csv"
    with whole_file(path) as temporary:
        pd.DataFrame(step_times(results)).round(1).to_csv(temporary, index=False, lineterminator="\n")
    return path


def cells_file(beside: list[str]) -> str:
    """The name of the file of a paper's cells, computed beside other papers that add to its tables."""
    return f"cells-beside-{'-'.join(beside)}.csv" if beside else "cells.csv"


def _record(params: Params, name: str, paper: Paper, folder: Path) -> dict[str, Any]:
    """What the results were computed with; :class:`UserError` when that are not these parameters."""
    remedy = f"run `reprosep reproduce {params.scale}` to its end first"
    computed, expected = read_record(folder / RECORD, remedy), record_of(params, name, paper)
    for key in ("seeds", "beside"):
        if computed[key] != expected[key]:
            raise UserError(
                f"{folder / RECORD}: {key} {_listed(computed[key])}, but the parameters have {_listed(expected[key])}; "
                "give every --configfile with which the results were computed, or compute them again"
            )
    if other := differences(computed["parameters"], expected["parameters"]):
        raise UserError(
            f"{folder / RECORD}: computed with other parameters ({other[0]}, from the results to params.yaml); give "
            "every --configfile with which the results were computed, or compute them again"
        )
    return computed


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values)) or "none"


def _cell_files(params: Params, name: str, paper: Paper, results: Path) -> dict[str, pd.DataFrame]:
    """File -> cells: of the paper alone and, where others add to its tables, beside them."""
    alone = params.model_copy(update={"papers": [name]})
    chosen = {cells_file(papers_beside(one, paper)): one for one in (alone, params)}
    return {file: cells_by_seed(one, paper, results) for file, one in chosen.items()}


def _origin(records: list[dict[str, Any]]) -> dict[str, list[str]]:
    combined = summary(records)
    return {key: combined[key] for key in ("commits", "versions", "hardware")}


def page(params: Params, paper: Paper, records: list[dict[str, Any]], folder: Path, command: str) -> str:
    """The page in Markdown."""
    combined = summary(records)
    seeds = len(seeds_of(params, paper))
    standin = any(params.corpora[run.corpus].standin for run in every_run(params, paper))
    lines = [f"# {paper.short}, scale `{params.scale}`", ""]
    if paper.own:
        lines += [
            f"**{'Stand-in, our' if standin else 'Our'} own questions, verdicts with {seeds} "
            f"training{'s'[: seeds > 1]} of each network**: nobody has published an answer.",
            "",
        ]
    elif standin:
        lines += [
            "**Measured on stand-in corpora**, composed and rendered by this project. The paper's values, in brackets,",
            "are of other recordings: compare the order of systems, not the decibels.",
            "",
        ]
    lines += [f"    {command}", ""]
    if records:
        lines += [
            f"{combined['runs']} trainings, seeds {', '.join(combined['seeds'])}, "
            f"{combined['device_seconds'] / _HOUR:.1f} device hours on {'; '.join(combined['hardware'])}.",
            f"Code: {', '.join(combined['commits'])}. Versions: {'; '.join(combined['versions'])}.",
            "What each training took: [`runs.csv`](runs.csv).",
        ]
    lines.append("Every cell, with which `reprosep compare` compares other results: [`cells.csv`](cells.csv).")
    for name, table in paper.tables.items():
        lines += ["", f"## {name.replace('-', ' ').capitalize()}", "", table.caption, ""]
        lines += _cells(read_tidy(folder / f"{name}.csv", TIDY), [column.label for column in table.columns])
    claims = read_claims(folder / "claims.csv", COLUMNS)
    where = "Every comparison of every claim, with effect and interval: [`claims.csv`](claims.csv)."
    return "\n".join([*lines, *_claims(paper, claims), "", where]) + "\n"


def _cells(table: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """Rows by columns, these in the table's order: the value, its interval, and the paper's value in brackets."""
    there = list(dict.fromkeys(table["column"]))
    columns = [name for name in order if name in there] + [name for name in there if name not in order]
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for row in dict.fromkeys(table["row"]):
        cells = {one["column"]: _cell(one) for _, one in table[table["row"] == row].iterrows()}
        lines.append(f"| {row} | {' | '.join(cells.get(column, '') for column in columns)} |")
    return lines


def _cell(one: pd.Series) -> str:
    decimals = decimals_of(one["metric"])
    if not pd.isna(one.get(LEFT_OUT, math.nan)):
        return "left out" + ("" if pd.isna(one["published"]) else f" ({one['published']:.{decimals}f})")
    published = "" if pd.isna(one["published"]) else f" ({one['published']:.{decimals}f})"
    if pd.isna(one["reproduced"]):
        return f"–{published}"
    interval = "" if pd.isna(one["ci_low"]) else f" {one['ci_low']:.2f}…{one['ci_high']:.2f}"
    return f"**{one['reproduced']:.{decimals}f}**{interval}{published}"


def _claims(paper: Paper, claims: pd.DataFrame) -> list[str]:
    """The paper's claims, then our own questions: each with its verdict, and how they stand."""
    lines: list[str] = []
    for title, asked in (("The paper's claims", paper.claims), ("Our own questions", paper.questions)):
        own = claims[claims["claim"].isin([one.id for one in asked]) & (claims["target"] == ALL_TARGETS)]
        if len(own):
            lines += ["", f"## {title}", "", f"{tally(own)}.", "", *_verdicts(asked, own)]
    return lines


def tally(claims: pd.DataFrame) -> str:
    """How many claims have which verdict, in words."""
    counts = counted(claims["verdict"])
    return f"Of {len(claims)}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _verdicts(asked: Sequence[Claim], claims: pd.DataFrame) -> list[str]:
    quotes = {one.id: " ".join(one.quote.split()) for one in asked}
    lines = ["| claim | verdict | of which trainings | p | of the printed numbers |", "|---|---|---|---:|---|"]
    for _, one in claims.iterrows():
        quote = quotes[one["claim"]]
        statement = f"{one['statement']}<br>“{quote}”, {one['source']}" if quote else f"{one['statement']}"
        p_value = "" if pd.isna(one["p_value"]) else f"{one['p_value']:.2g}"
        cells = [statement, one["verdict"], one["scope"], p_value, one["published_verdict"]]
        lines.append(f"| {' | '.join('' if pd.isna(cell) else str(cell) for cell in cells)} |")
    return lines
