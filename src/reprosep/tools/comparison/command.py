"""``reprosep compare``: results beside published ones."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.text import Text

from reprosep.base.errors import UserError
from reprosep.base.files import whole_file
from reprosep.base.outputs import check_files
from reprosep.base.project import repository
from reprosep.base.terminal import show
from reprosep.papers.loading import load_paper
from reprosep.report.parameters import differences
from reprosep.report.publish import PUBLISHED
from reprosep.results.tidy import DECIMALS
from reprosep.tools.comparison.judging import DIFFERENT, EQUAL, NOISE, judge
from reprosep.tools.comparison.printed import SHOWN_CELLS, agrees, parameter_lines, remarks, table_of, verdict_of
from reprosep.tools.comparison.reading import Results, read_published, read_results
from reprosep.tools.comparison.verdicts import claim_lines

AGREES, DIFFERS = 0, 1  # exit status
CLAIMS = "claims.csv"


def compare(
    results: Path, published: Path | None, output: Path | None, show_all: bool = False, if_published: bool = False
) -> int:
    """Print how finished results differ from published ones; the exit status, 0 where they do not.

    Parameters
    ----------
    results
        ``results/<scale>``.
    published
        ``results-published/<scale>``; None for that of the same scale in the project.
    output
        CSV file for all cells.
    if_published
        Whether nothing published is no error.

    Raises
    ------
    UserError
        When a folder or file is missing or malformed.
    """
    folder = repository() / "results-published" / results.resolve().name if published is None else published
    if output:
        check_files([output], [results, folder])
    names = _papers_in(results)
    available = [name for name in names if (folder / name / PUBLISHED).is_file()]
    if not available:
        return _nothing_published(results, folder, published, if_published)
    (pairs, left_out), remaining = _pairs(results, folder, available), [name for name in names if name not in available]
    remaining += [name for name in available if name not in {**pairs, **left_out}]
    cells = judge(pairs) if pairs else pd.DataFrame()
    if pairs:
        _tell(cells, pairs, show_all)
        for name in pairs:
            for line in claim_lines(name, results / "papers" / name / CLAIMS, folder / name / CLAIMS):
                print(line)
    for name, lines in left_out.items():
        print("\n".join(f"{name}: {line}" for line in lines))
    for name in remaining:
        print(f"paper {name} is not compared: not published {_how(results, name)}", file=sys.stderr)
    if not pairs:
        return AGREES if if_published else DIFFERS
    if output:
        counts = {name: cells[name].astype("Int64") for name in ("songs", "songs_published")}
        with whole_file(output) as temporary:
            cells.assign(**counts).round(DECIMALS).to_csv(temporary, index=False, lineterminator="\n")
    return AGREES if agrees(cells) else DIFFERS


def _papers_in(results: Path) -> list[str]:
    known = sorted(path.stem for path in (repository() / "workflow" / "papers").glob("*.yaml"))
    papers = [name for name in known if (results / "papers" / name).is_dir()]
    if not papers:
        raise UserError(
            f"{results}: no results of a paper in it, expected a folder such as results/demo; "
            "run `reprosep reproduce` first"
        )
    return papers


def _nothing_published(results: Path, folder: Path, published: Path | None, if_published: bool) -> int:
    if not if_published:
        raise UserError(
            f"{folder}: no published results of a paper of {results} in it, expected <paper>/{PUBLISHED}; "
            "name another folder, or publish some with `reprosep publish`"
        )
    print(f"nothing is published of scale '{results.resolve().name}' to compare these results with")
    return AGREES


def _pairs(
    results: Path, folder: Path, names: list[str]
) -> tuple[dict[str, tuple[Results, Results]], dict[str, list[str]]]:
    """Papers on both sides, and by paper how many published cells are left out here, and why."""
    pairs, left_out = {}, {}
    for name in names:
        own = read_results(results / "papers" / name, load_paper(name))
        published = read_published(folder / name, own.record["beside"])
        if published:
            cells, counts = own.without(published.cells)
            if counts:
                lines = [f"{count} published cells are left out here: {need}" for need, count in counts.items()]
                left_out[name] = lines
            if len(cells):
                pairs[name] = own, replace(published, cells=cells)
    return pairs, left_out


def _how(results: Path, name: str) -> str:
    others = read_results(results / "papers" / name, load_paper(name)).record["beside"]
    return f"beside {', '.join(others)}" if others else "of this scale"


def _tell(cells: pd.DataFrame, pairs: dict[str, tuple[Results, Results]], show_all: bool) -> None:
    other = [
        line if len(pairs) == 1 else f"{name}: {line}"
        for name, (own, published) in pairs.items()
        for line in differences(published.record["parameters"], own.record["parameters"])
    ]
    verdict = verdict_of(cells)
    lines = [f"with other parameters than the published: {verdict}" if other else verdict, *parameter_lines(other)]
    for line in [*lines, *remarks(cells, pairs)]:
        show(Text(line, style="bold" if line == lines[0] else ""))
    shown = cells if show_all else cells[~cells["verdict"].isin([EQUAL, NOISE])]
    if len(shown):
        ranked = shown if show_all else shown.sort_values("verdict", key=lambda one: one != DIFFERENT, kind="stable")
        show(table_of(ranked if show_all else ranked.head(SHOWN_CELLS)))
        if not show_all and len(shown) > SHOWN_CELLS:
            print(f"… and {len(shown) - SHOWN_CELLS} more; --all shows every cell, --output FILE.csv writes them")
