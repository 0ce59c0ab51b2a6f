"""What the report shows, as plain values for its template: tables, claims, figures, dropped frames."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd

from reprosep.base.errors import UserError
from reprosep.dag.left_out import left_out_of_paper
from reprosep.dag.progress import MISSING, OUT_OF_DATE, THERE
from reprosep.experiments.cells import column_name, table_cells
from reprosep.experiments.left_out import needs
from reprosep.papers.content import Figure, Paper, Table
from reprosep.papers.measures import SHARES
from reprosep.params.scale import Params
from reprosep.report.pictures import table_panels
from reprosep.report.progress_view import finished
from reprosep.results.aggregate import IN_TIME
from reprosep.results.calibration import COLUMNS as CALIBRATION
from reprosep.results.calibration import FILE as CALIBRATION_FILE
from reprosep.results.calibration import is_real
from reprosep.results.corpus_table import decimals_of
from reprosep.results.figure_kinds import FIGURES
from reprosep.results.left_out import figure_left_out, figure_parts_left_out, whole_table_left_out
from reprosep.results.reads import versions
from reprosep.results.spot_check import COLUMNS as SPOT_CHECK
from reprosep.results.table_kinds import TABLES
from reprosep.results.target_names import with_label
from reprosep.results.tidy import LEFT_OUT, TIDY, read_tidy

_MEDIA = {".mp3": "audio/mpeg", ".svg": "image/svg+xml", ".wav": "audio/wav"}


def data_uri(path: Path) -> str:
    """A file as a data URI; :class:`UserError` when it is missing."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; run the step that writes it first")
    return encoded(path.read_bytes(), _MEDIA.get(path.suffix, "application/octet-stream"))


def encoded(content: bytes, media: str) -> str:
    """Bytes as a data URI."""
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def table_view(
    params: Params, paper: Paper, name: str, folder: Path, state: Callable[[Path], str] = finished
) -> dict[str, Any]:
    """A table as the paper lays it out: rows of cells, each reproduced and published, with footnotes.

    Rows and columns that this scale lacks are left out. Of one that is not there yet, what it is of.
    """
    table = paper.tables[name]
    states = [state(folder / f"{name}{version}.csv") for version in versions(table)]
    shown = {"id": name, "title": name.replace("-", " ").capitalize(), "caption": table.caption, "state": worst(states)}
    return shown if MISSING in states else {**shown, **_table(params, paper, name, table, folder)}


def worst(states: Sequence[str]) -> str:
    """Of several files the state that has to be told."""
    return next((state for state in (MISSING, OUT_OF_DATE) if state in states), THERE)


def _table(params: Params, paper: Paper, name: str, table: Table, folder: Path) -> dict[str, Any]:
    """Its columns, rows, panels and notes."""
    notes: list[str] = []
    marks: dict[tuple[str, str], int] = {}
    for cell in table_cells(params, paper, table):
        if cell.doubtful:
            reason = " ".join(cell.doubtful.split())
            notes += [] if reason in notes else [reason]
            marks[cell.row, cell.column] = 1 + notes.index(reason)
    kind, shown = TABLES[table.kind], []
    for version in versions(table):
        tidy = read_tidy(folder / f"{name}{version}.csv", TIDY)
        shown.append(_rows(table, {(row["row"], row["column"]): row for row in tidy.to_dict("records")}, marks))
    filled = [place for place in range(len(table.columns)) if any(row["cells"][place] for row in shown[0])]
    for row in chain.from_iterable(shown):
        row["cells"] = [row["cells"][place] for place in filled]
    named = [with_label(table.columns[place].target, table.columns[place].label) for place in filled]
    columns = [{"name": full, "printed": printed} for full, printed in named]
    return {
        "columns": columns,
        "panels": table_panels(kind.has_one_axis, columns, shown[0]),
        "sublabels": any(row.sublabel for row in table.rows),
        "unit": _unit(kind.unit, shown[0]),
        "rows": shown[0],
        "common": shown[1] if len(shown) > 1 and table.form == "median" else None,
        "notes": notes,
        "note": kind.note,
        "left_out": _needs(params, whole_table_left_out(params, paper, table)),
    }


def _unit(unit: str, rows: list[dict[str, Any]]) -> str:
    """That of a table's values; of pitches and thresholds, shares, also where its kind is in dB."""
    metrics = {cell["metric"] for row in rows for cell in row["cells"] if cell}
    return "share" if unit and metrics and metrics <= {*SHARES} else unit


def _needs(params: Params, corpora: list[str]) -> str:
    """What something left out needs, in words; '' for what is not left out."""
    return needs(params, corpora) if corpora else ""


def left_out(params: Params, paper: Paper) -> list[dict[str, Any]]:
    """What of a paper this scale leaves out: kind, name, what it is, and what it needs."""
    statements = {claim.id: claim.statement for claim in paper.statements}
    labels = {name: system.label for name, system in paper.systems.items()}
    return [
        {"kind": kind, "name": name, "label": {**statements, **labels}.get(name, ""), "needs": needs(params, corpora)}
        for kind, found in left_out_of_paper(params, paper).items()
        for name, corpora in found.items()
    ]


def _rows(table: Table, values: dict[Any, Any], marks: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for entry in table.rows:
        name = f"{entry.label} {entry.sublabel}".strip()
        cells = [_cell(table, name, column.label, values, marks) for column in table.columns]
        if any(cells):
            songs = [cell["songs"] for cell in cells if cell and not pd.isna(cell["songs"])]
            full, printed = with_label(entry.target, entry.label)
            texts = {"label": entry.label, "name": full, "printed": printed, "sublabel": entry.sublabel}
            rows.append({**texts, "cells": cells, "songs": _range(songs)})
    _span(rows)
    return rows


def _span(rows: list[dict[str, Any]]) -> None:
    """Mark the first of neighbouring rows of equal labels with their number, the others with 0."""
    for _, group in groupby(rows, key=itemgetter("label")):
        first, *others = group
        first["span"] = 1 + len(others)
        for row in others:
            row["span"] = 0


def _cell(table: Table, row: str, column: str, values: dict[Any, Any], marks: dict[Any, int]) -> dict[str, Any] | None:
    """A cell with its footnote; where a table gives mean, deviation and median, all three: the median is the cell's.

    `left_out` is what it needs where it is left out, else ''.
    """
    names = {statistic: column_name(column, table.form, statistic) for statistic in table.statistics()}
    cells = {statistic: values.get((row, name)) for statistic, name in names.items()}
    main = cells[table.main]
    if main is None:
        return None
    spread = {name: cells.get(name) if len(names) > 1 else None for name in ("mean", "std")}
    shown = {"mark": marks.get((row, names[table.main])), "decimals": decimals_of(main["metric"])}
    lacking = main.get(LEFT_OUT)
    return {**main, **shown, **spread, LEFT_OUT: "" if pd.isna(lacking) else lacking}


def _range(values: list[float]) -> str:
    if not values:
        return ""
    low, high = int(min(values)), int(max(values))
    return str(low) if low == high else f"{low} to {high}"


def calibration(params: Params, paper: Paper, folder: Path) -> list[dict[str, Any]]:
    """The calibration per corpus: rows of targets, a cell per oracle, and the reasons of the tolerances."""
    table = read_tidy(folder / CALIBRATION_FILE, CALIBRATION)
    assert paper.calibration is not None
    views = []
    for corpus, rows in table.groupby("corpus", sort=False):
        systems = [name for name in paper.systems if name in set(rows["system"])]
        cells = {(row["target"], row["system"]): row for row in rows.to_dict("records")}
        printed = set(rows[rows["published"].notna()]["system"])
        reasons = {name: paper.calibration.tolerances[name].reason for name in systems if name in printed}
        views.append(
            {
                "title": params.corpora[str(corpus)].title,
                "judged": is_real(params.corpora[str(corpus)]),
                "systems": {name: paper.systems[name].label for name in systems},
                "targets": list(dict.fromkeys(rows["target"])),
                "cells": cells,
                "songs": {str(target): _range(list(group["songs"])) for target, group in rows.groupby("target")},
                "unscored": sorted({song for cell in rows["unscored_songs"].dropna() for song in cell.split("; ")}),
                "reasons": {paper.systems[name].label: " ".join(reason.split()) for name, reason in reasons.items()},
            }
        )
    return views


def figure_view(
    params: Params, paper: Paper, name: str, folder: Path, state: Callable[[Path], str] = finished
) -> dict[str, Any]:
    """A figure as a data URI, with its numbers where it has some that fit a page; what it is of if it is not there."""
    figure = paper.figures[name]
    files = [f"{name}.svg", *([f"{name}.csv"] if FIGURES[figure.kind].is_of_cells else [])]
    states = [state(folder / file) for file in files]
    shown = {"id": name, "title": name.replace("-", " ").capitalize(), "caption": figure.caption}
    shown["state"] = worst(states)
    return shown if MISSING in states else {**shown, **_figure(params, paper, name, figure, folder)}


def _figure(params: Params, paper: Paper, name: str, figure: Figure, folder: Path) -> dict[str, Any]:
    """Its picture and numbers."""
    kind, rows = FIGURES[figure.kind], []
    if kind.is_of_cells:
        rows = read_tidy(folder / f"{name}.csv", TIDY).to_dict("records")
    return {
        "decimals": kind.decimals,
        "heading": kind.heading,
        "unit": kind.unit,
        "open": kind.is_open,
        "image": data_uri(folder / f"{name}.svg"),
        "left_out": _needs(params, figure_left_out(params, paper, figure)),
        "without": _needs(params, figure_parts_left_out(params, figure)),
        "groups": list(dict.fromkeys(row["row"] for row in rows)),
        "columns": list(dict.fromkeys(row["column"] for row in rows)),
        "cells": {(row["row"], row["column"]): row for row in rows},
    }


def dropped_by_variant(paper: Paper, frames: pd.DataFrame) -> list[dict[str, Any]]:
    """Frames without a score, by reason, of every corpus, target, system and variant."""
    rows = []
    for (corpus, target, system, variant), group in frames.groupby(
        ["corpus", "target", "system", "variant"], sort=False
    ):
        scored = group["SDR"].notna().groupby([group["run"], group["song"]]).any()
        rows.append(
            {
                "corpus": corpus,
                "target": target,
                "system": paper.systems[str(system)].label,
                "variant": variant,
                "frames": len(group),
                "scored": int(group[list(IN_TIME)].notna().any(axis=1).sum()),
                "reasons": Counter(reason for reason in group["dropped"] if reason),
                "silent_songs": int((~scored).sum()),
            }
        )
    return rows


def dropped_by_song(frames: pd.DataFrame) -> list[dict[str, Any]]:
    """Frames without a score per song, variant and reason, summed over targets and systems."""
    dropped = frames[frames["dropped"] != ""]
    counts = dropped.groupby(["corpus", "song", "variant", "dropped"]).size().reset_index(name="count")
    rows: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for corpus, song, variant, reason, count in counts.itertuples(index=False):
        rows.setdefault((corpus, song), Counter())[variant, reason] = int(count)
    return [{"corpus": corpus, "song": song, "counts": counter} for (corpus, song), counter in rows.items()]


def ill_posed_songs(frames: pd.DataFrame) -> list[dict[str, Any]]:
    """Songs whose references leave the filters of BSS Eval undetermined, with the targets that this concerns."""
    flagged = frames[frames["ill_posed"].astype(bool)]
    return [
        {"corpus": corpus, "song": song, "targets": sorted(rows["target"].unique())}
        for (corpus, song), rows in flagged.groupby(["corpus", "song"], sort=False)
    ]


def spot_check(folder: Path) -> dict[str, Any]:
    """The scores that a peer computed again: rows of ``spot-check.csv``, the largest difference in dB, and the peer."""
    rows = read_tidy(folder / "spot-check.csv", SPOT_CHECK).to_dict("records")
    trusted = [row["difference"] for row in rows if not row["ill_posed"]]
    return {
        "rows": rows,
        "largest": max(trusted, default=None),
        "by": next((row["by"] for row in rows), "its peer"),
    }
