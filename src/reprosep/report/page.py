"""The report: everything that was reproduced, beside what was published, as one self-contained page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml
from markupsafe import Markup

from reprosep.base.files import whole_file
from reprosep.base.project import repository
from reprosep.claims import verdicts
from reprosep.claims.reads import corpora_of_results
from reprosep.dag.left_out import left_out_corpora
from reprosep.dag.progress import MISSING, Progress
from reprosep.experiments.runs import detector_runs, every_run
from reprosep.experiments.runs import needed_runs as runs_of
from reprosep.papers.claim import Claim
from reprosep.papers.content import Paper
from reprosep.papers.seeds import seeds_of
from reprosep.papers.system import ALL_VARIANTS
from reprosep.params.scale import Params, dump
from reprosep.report import claim_views, pictures, players, provenance_table
from reprosep.report import sections as report_sections
from reprosep.report.label_sources import label_sources
from reprosep.report.progress_view import State, finished, progress_view
from reprosep.report.training_curves import curves_svg
from reprosep.results import calibration
from reprosep.results.aggregate import Scores
from reprosep.results.target_names import comparison, readable

_FILES = {
    "calibration": calibration.FILE,
    "claims": "claims.csv",
    "spot_check": "spot-check.csv",
    "excerpts": "listen/index.json",
}
_SYMBOLS = {verdicts.HOLDS: "✓", verdicts.FAILS: "✕", verdicts.BY_FRAMES: "◐", verdicts.UNDECIDED: "?"}
_CALIBRATION = {calibration.AGREES: "holds", calibration.DIFFERS: "fails", calibration.ACCEPTED: "fails"}
_PLURALS = {verdicts.HOLDS: "hold", verdicts.FAILS: "do not hold", verdicts.BY_FRAMES: "depend on the frames"}
_CLASSES = {
    verdicts.HOLDS: "holds",
    verdicts.FAILS: "fails",
    verdicts.BY_FRAMES: "frames",
    verdicts.UNDECIDED: "undecided",
}


def write_report(
    params: Params, papers: dict[str, Paper], results: Path, output: Path, progress: Progress | None = None
) -> None:
    """Write the report of one scale.

    Parameters
    ----------
    papers
        Name of each paper and its content.
    results
        Folder of the scale, ``results/<scale>``, with the tables, figures and claims of every paper.
    output
        The HTML file.
    progress
        How far unfinished results are: the page begins with it, and shows what is there. None: they are finished.

    Raises
    ------
    UserError
        When something that the report shows is missing or foreign.
    """
    state = progress.state if progress else finished
    views = [paper_view(params, name, paper, results, state) for name, paper in papers.items()]
    trained = {run.id: (run, paper) for paper in papers.values() for run in every_run(params, paper)}
    recorded = [pair for name, pair in trained.items() if _is_there(state, results / f"runs/{name}/run.json")]
    records = provenance_table.training_records(results, recorded)
    used = dict.fromkeys(run.corpus for run, _ in trained.values())
    shown = {corpus for name, paper in papers.items() for corpus in corpora_of_results(params, name, paper)}
    corpora = [corpus for name, corpus in params.corpora.items() if name in used or name in shown]
    content = {
        "params": params,
        "progress": progress_view(progress) if progress else None,
        "papers": views,
        "standins": [corpus.title for corpus in corpora if corpus.standin],
        "corpora": [corpus.title for corpus in corpora],
        "of_scores": all(corpus.kind == "scores" for corpus in corpora),
        "left_out": left_out_corpora(params),
        "label_sources": label_sources(params, results, _labelled(results, used, state)),
        "records": records,
        "provenance": provenance_table.summary(records),
        "steps": provenance_table.step_times(results),
        "parameters": yaml.safe_dump(dump(params), sort_keys=False, allow_unicode=True, width=100),
        "fewest_pairs": verdicts.FEWEST_PAIRS,
    }
    page = environment().get_template("report.html.j2").render(content)
    with whole_file(output) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _is_there(state: State, path: Path) -> bool:
    """Whether there is something to show, be it out of date."""
    return state(path) != MISSING


def _labelled(results: Path, corpora: Iterable[str], state: State) -> list[str]:
    """The corpora whose activity is there."""
    return [name for name in corpora if _is_there(state, results / name / "activity" / "index.parquet")]


def paper_view(params: Params, name: str, paper: Paper, results: Path, state: State = finished) -> dict[str, Any]:
    """What the report shows of one paper, as plain values; of files in another `state` than there it says so."""
    folder = results / "papers" / name
    order = [(corpus, target) for corpus, content in params.corpora.items() for target in content.targets]
    places = {key: number for number, key in enumerate(order)}
    runs = sorted(runs_of(params, paper), key=lambda run: (places.get((run.corpus, run.target), len(order)), run.id))
    scores = Scores(results, [run for run in runs if _is_there(state, results / "scores" / f"{run.id}.parquet")])
    frames = pd.concat([scores.frames(*key) for key in scores.scored or [("", "")]])
    judged = _is_there(state, folder / "claims.csv")
    claims, questions = (claim_views.claim_views(asked, folder) if judged else [] for asked in _statements(paper))
    logged = [run for run in [*runs, *detector_runs(params, paper)] if _is_there(state, _epochs(results, run.id))]
    curves = curves_svg(results, paper, logged)
    corpora = sorted({run.corpus for run in every_run(params, paper)})
    return {
        "name": name,
        "paper": paper,
        "states": {key: state(folder / file) for key, file in _FILES.items()},
        "calibration": report_sections.calibration(params, paper, folder)
        if paper.calibration and _is_there(state, folder / _FILES["calibration"])
        else None,
        "tables": [report_sections.table_view(params, paper, key, folder, state) for key in paper.tables],
        "claims": claims,
        "questions": questions,
        "pictures": pictures.claims_pictures(claims),
        "question_pictures": pictures.claims_pictures(questions),
        "tally": verdicts.counted(view["verdict"] for view in claims),
        "questions_tally": verdicts.counted(view["verdict"] for view in questions),
        "in_print": claim_views.in_print(claims),
        "left_out": report_sections.left_out(params, paper),
        "seeds": len(seeds_of(params, paper)),
        "standins": [params.corpora[name].title for name in corpora if params.corpora[name].standin],
        "one_seed": claim_views.any_single_seed([*claims, *questions]),
        "figures": [report_sections.figure_view(params, paper, key, folder, state) for key in paper.figures],
        "songs": players.listening(params, folder / "listen") if _is_there(state, folder / _FILES["excerpts"]) else [],
        "variants": [name for name in ALL_VARIANTS if (frames["variant"] == name).any()],
        "dropped": report_sections.dropped_by_variant(paper, frames),
        "dropped_songs": report_sections.dropped_by_song(frames),
        "ill_posed": report_sections.ill_posed_songs(frames),
        "spot_check": report_sections.spot_check(folder) if _is_there(state, folder / _FILES["spot_check"]) else None,
        "curves": report_sections.encoded(curves, "image/svg+xml") if curves else None,
    }


def _statements(paper: Paper) -> tuple[list[Claim], list[Claim]]:
    return paper.claims, paper.questions


def _epochs(results: Path, run: str) -> Path:
    return results / "runs" / run / "epochs.csv"


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
        "coded": coded,
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


def coded(text: str) -> Markup:
    """A text in whose `back quotes` stands what is typed."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>" if place % 2 else "{}").format(one) for place, one in enumerate(parts)
    )


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
