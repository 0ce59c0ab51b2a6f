"""The report: everything that was reproduced, beside what was published, as one self-contained page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from reprosep.base.files import whole_file
from reprosep.base.project import repository
from reprosep.claims import verdicts
from reprosep.claims.reads import corpora_of_results
from reprosep.experiments.runs import detector_runs, every_run
from reprosep.experiments.runs import needed_runs as runs_of
from reprosep.papers.content import Paper
from reprosep.papers.system import BY_DETECTOR, VARIANTS
from reprosep.params.scale import Params, dump
from reprosep.report import claim_views, pictures, players, provenance_table
from reprosep.report import sections as report_sections
from reprosep.report.label_sources import label_sources
from reprosep.report.training_curves import curves_svg
from reprosep.results import calibration
from reprosep.results.aggregate import Scores
from reprosep.results.target_names import comparison, readable

_SYMBOLS = {verdicts.HOLDS: "✓", verdicts.FAILS: "✕", verdicts.BY_FRAMES: "◐", verdicts.UNDECIDED: "?"}
_CALIBRATION = {calibration.AGREES: "holds", calibration.DIFFERS: "fails", calibration.ACCEPTED: "fails"}
_PLURALS = {verdicts.HOLDS: "hold", verdicts.FAILS: "do not hold", verdicts.BY_FRAMES: "depend on the frames"}
_CLASSES = {
    verdicts.HOLDS: "holds",
    verdicts.FAILS: "fails",
    verdicts.BY_FRAMES: "frames",
    verdicts.UNDECIDED: "undecided",
}


def write_report(params: Params, papers: dict[str, Paper], results: Path, output: Path) -> None:
    """Write the report of one scale.

    Parameters
    ----------
    papers
        Name of each paper and its content.
    results
        Folder of the scale, ``results/<scale>``, with the tables, figures and claims of every paper.
    output
        The HTML file.

    Raises
    ------
    UserError
        When something that the report shows is missing or foreign.
    """
    views = [paper_view(params, name, paper, results) for name, paper in papers.items()]
    trained = {run.id: (run, paper) for paper in papers.values() for run in every_run(params, paper)}
    records = provenance_table.training_records(results, trained.values())
    used = dict.fromkeys(run.corpus for run, _ in trained.values())
    shown = {corpus for name, paper in papers.items() for corpus in corpora_of_results(params, name, paper)}
    corpora = [corpus for name, corpus in params.corpora.items() if name in used or name in shown]
    content = {
        "params": params,
        "papers": views,
        "standins": [corpus.title for corpus in corpora if corpus.standin],
        "corpora": [corpus.title for corpus in corpora],
        "label_sources": label_sources(params, results, used),
        "records": records,
        "provenance": provenance_table.summary(records),
        "steps": provenance_table.step_times(results),
        "parameters": yaml.safe_dump(dump(params), sort_keys=False, allow_unicode=True, width=100),
        "fewest_pairs": verdicts.FEWEST_PAIRS,
    }
    page = environment().get_template("report.html.j2").render(content)
    with whole_file(output) as temporary:
        temporary.write_text(page, encoding="utf-8")


def paper_view(params: Params, name: str, paper: Paper, results: Path) -> dict[str, Any]:
    """What the report shows of one paper, as plain values."""
    folder = results / "papers" / name
    order = [(corpus, target) for corpus, content in params.corpora.items() for target in content.targets]
    places = {key: number for number, key in enumerate(order)}
    runs = sorted(runs_of(params, paper), key=lambda run: (places.get((run.corpus, run.target), len(order)), run.id))
    scores = Scores(results, runs)
    frames = pd.concat([scores.frames(*key) for key in scores.scored or [("", "")]])
    claims, questions = (claim_views.claim_views(asked, folder) for asked in (paper.claims, paper.questions))
    curves = curves_svg(results, paper, [*runs, *detector_runs(params, paper)])
    return {
        "name": name,
        "paper": paper,
        "calibration": report_sections.calibration(params, paper, folder) if paper.calibration else None,
        "tables": [
            report_sections.table_view(params, paper, key, table, folder) for key, table in paper.tables.items()
        ],
        "claims": claims,
        "questions": questions,
        "pictures": pictures.claims_pictures(claims),
        "question_pictures": pictures.claims_pictures(questions),
        "tally": verdicts.counted(view["verdict"] for view in claims),
        "questions_tally": verdicts.counted(view["verdict"] for view in questions),
        "in_print": claim_views.in_print(claims),
        "one_seed": claim_views.any_single_seed([*claims, *questions]),
        "figures": [report_sections.figure_view(key, figure, folder) for key, figure in paper.figures.items()],
        "songs": players.listening(params, folder / "listen"),
        "variants": [name for name in (*VARIANTS, BY_DETECTOR) if (frames["variant"] == name).any()],
        "dropped": report_sections.dropped_by_variant(paper, frames),
        "dropped_songs": report_sections.dropped_by_song(frames),
        "ill_posed": report_sections.ill_posed_songs(frames),
        "spot_check": report_sections.spot_check(folder),
        "curves": report_sections.encoded(curves, "image/svg+xml") if curves else None,
    }


def environment() -> jinja2.Environment:
    """The templates in workflow/report/, everything escaped, unknown names an error."""
    folder = repository() / "workflow" / "report"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "signed": signed,
        "p_value": p_value,
        "small": small,
        "duration": duration,
        "readable": readable,
        "comparison": comparison,
        "symbol": lambda decision: _SYMBOLS[decision],
        "chip_class": lambda verdict: _CALIBRATION[verdict],
        "css": lambda decision: _CLASSES[decision],
        "known": known,
        "plural": lambda decision: _PLURALS.get(decision, decision),
        "plain": plain,
    }
    environment.tests["known"] = known
    return environment


def known(value: Any) -> bool:
    """Whether a cell has a value."""
    return not (value is None or (isinstance(value, float) and math.isnan(value)))


def number(value: float | None, decimals: int = 2) -> str:
    """`value` with a typographic minus; a dash where there is none."""
    if not known(value):
        return "–"
    text = f"{value:.{decimals}f}"
    return (text[1:] if float(text) == 0 and text.startswith("-") else text).replace("-", "\u2212")


def signed(value: float | None, decimals: int = 2) -> str:
    """`value` with its sign, for differences."""
    text = number(value, decimals)
    return f"+{text}" if known(value) and float(value or 0) > 0 and float(f"{value:.{decimals}f}") else text


def plain(value: float) -> str:
    """A number of an axis with as few digits as it takes."""
    return f"{value:g}".replace("-", "\u2212")


def p_value(value: float | None) -> str:
    """A p-value with three decimals."""
    if not known(value):
        return "–"
    return "< 0.001" if float(value or 0) < 0.001 else f"{value:.3f}"


def small(value: float) -> str:
    """A small number as a power of ten with one digit in front, e.g. 3 · 10⁻⁸."""
    if not value:
        return "0"
    digit, exponent = f"{value:.0e}".split("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit} · 10{power}"


def duration(seconds: float | None) -> str:
    """Seconds as the largest two units."""
    if not known(seconds):
        return "–"
    whole = round(float(seconds or 0))
    if whole < 60:
        return f"{float(seconds or 0):.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
