"""Results small enough for the repository: tables, claims, runs, and a page that shows them.

``results-published/<scale>/<paper>/`` gets the tables and claims as the workflow wrote them, ``runs.csv`` with what
each training took and on which device, and ``README.md``, in which every cell stands beside the paper's.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.errors import UserError
from reprosep.files import whole_file
from reprosep.papers import Paper, every_run, load_paper
from reprosep.params import Params
from reprosep.results.corpus_table import decimals_of
from reprosep.results.provenance_table import summary, training_records

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


def publish(params: Params, name: str, results: Path, output: Path, command: str) -> list[Path]:
    """Copy a paper's tables and claims to `output` and write ``runs.csv`` and ``README.md``; the files written.

    `command` is what computes them, for the page.

    Raises
    ------
    UserError
        When a table is not there.
    """
    paper, folder = load_paper(name), results / "papers" / name
    sources = [*(folder / f"{table}.csv" for table in paper.tables), folder / "claims.csv"]
    for source in sources:
        if not source.is_file():
            raise UserError(f"{source}: no such file; run `reprosep reproduce {params.scale}` to its end first")
    records = training_records(results, ((run, paper) for run in every_run(params, paper)))
    for source in sources:
        with whole_file(output / source.name) as temporary:
            shutil.copyfile(source, temporary)
    table = pd.DataFrame([{**record, "device": record["hardware"]["device"]} for record in records])
    with whole_file(output / "runs.csv") as temporary:
        table.reindex(columns=list(_RUN_COLUMNS)).to_csv(temporary, index=False)
    with whole_file(output / "README.md") as temporary:
        temporary.write_text(page(params, paper, records, output, command), encoding="utf-8")
    return [output / name for name in (*(source.name for source in sources), "runs.csv", "README.md")]


def page(params: Params, paper: Paper, records: list[dict[str, Any]], folder: Path, command: str) -> str:
    """The page in Markdown."""
    found = summary(records)
    standin = any(corpus.standin for corpus in params.corpora.values())
    lines = [f"# {paper.short}, scale `{params.scale}`", ""]
    if standin:
        lines += [
            "**Measured on stand-in corpora**, composed and rendered by this project. The paper's values, in brackets,",
            "are of other recordings: compare the order of systems, not the decibels.",
            "",
        ]
    lines += [
        f"    {command}",
        "",
        f"{found['runs']} trainings, seeds {', '.join(found['seeds'])}, "
        f"{found['device_seconds'] / _HOUR:.1f} device hours on {'; '.join(found['hardware'])}.",
        f"Code: {', '.join(found['commits'])}. Versions: {'; '.join(found['versions'])}.",
        "What each training took: [`runs.csv`](runs.csv).",
    ]
    for name, table in paper.tables.items():
        lines += ["", f"## {name.replace('-', ' ').capitalize()}", "", table.caption, ""]
        lines += _cells(pd.read_csv(folder / f"{name}.csv"))
    return "\n".join([*lines, "", "## Claims", "", *_claims(pd.read_csv(folder / "claims.csv"))]) + "\n"


def _cells(table: pd.DataFrame) -> list[str]:
    """Rows by columns: the value, its interval, and the paper's value in brackets."""
    columns = list(dict.fromkeys(table["column"]))
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for row in dict.fromkeys(table["row"]):
        cells = {one["column"]: _cell(one) for _, one in table[table["row"] == row].iterrows()}
        lines.append(f"| {row} | {' | '.join(cells.get(column, '') for column in columns)} |")
    return lines


def _cell(one: pd.Series) -> str:
    decimals = decimals_of(one["metric"])
    published = "" if pd.isna(one["published"]) else f" ({one['published']:.{decimals}f})"
    if pd.isna(one["reproduced"]):
        return f"–{published}"
    interval = "" if pd.isna(one["ci_low"]) else f" {one['ci_low']:.2f}…{one['ci_high']:.2f}"
    return f"**{one['reproduced']:.{decimals}f}**{interval}{published}"


def _claims(claims: pd.DataFrame) -> list[str]:
    lines = ["| claim | target | verdict | effect (dB) | interval | p | songs |", "|---|---|---|---:|---:|---:|---:|"]
    for _, one in claims.iterrows():
        interval = "" if pd.isna(one["ci_low"]) else f"{one['ci_low']:.2f}…{one['ci_high']:.2f}"
        effect, p_value = ("" if pd.isna(one[key]) else f"{one[key]:.3g}" for key in ("effect", "p_value"))
        songs = "" if pd.isna(one["songs"]) else f"{one['songs']:.0f}"
        told = [one["statement"], one["target"], one["verdict"], effect, interval, p_value, songs]
        lines.append(f"| {' | '.join('' if pd.isna(cell) else str(cell) for cell in told)} |")
    return lines
