"""What a scale leaves out, by name and with the reason: for plans, costs, comparisons and the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reprosep.claims.left_out import claims_left_out
from reprosep.experiments.cells import cells_refused
from reprosep.experiments.left_out import Needs, recorded, systems_left_out
from reprosep.papers.content import Paper
from reprosep.params.scale import Params
from reprosep.results.left_out import figures_left_out, tables_left_out

_CODE = "systems", "claims", "questions"  # whose names are those of the paper's file


@dataclass(frozen=True)
class LeftOutCorpus:
    """A corpus that is left out: names in the parameters, its title, why, and what would bring it."""

    names: tuple[str, ...]
    title: str
    reason: str


def left_out_corpora(params: Params) -> list[LeftOutCorpus]:
    """The corpora that a scale leaves out, those that have the same recordings together."""
    groups: dict[str, list[str]] = {}
    for name in params.left_out:
        groups.setdefault(recorded(params, [name])[0], []).append(name)
    return [
        LeftOutCorpus((*names,), params.every_corpus[own].title, " ".join(params.left_out[own].split()))
        for own, names in groups.items()
    ]


def left_out_of_paper(params: Params, paper: Paper) -> dict[str, Needs]:
    """What of a paper is left out, by kind: tables, figures, systems, claims, questions."""
    if not params.left_out:
        return {}
    found = {
        "tables": tables_left_out(params, paper),
        "figures": figures_left_out(params, paper),
        "systems": systems_left_out(params, paper),
        "claims": claims_left_out(params, paper, paper.claims),
        "questions": claims_left_out(params, paper, paper.questions),
    }
    return {kind: needs for kind, needs in found.items() if needs}


def sentences(params: Params, papers: Mapping[str, Paper]) -> list[str]:
    """All that a scale leaves out: a line for every corpus, and one for every paper; none where nothing is.

    And a line for every system that cannot estimate some of the targets which its paper's tables have of it.
    """
    lines = [
        f"left out at the scale '{params.scale}': {one.title} ({', '.join(one.names)}): {one.reason}"
        for one in left_out_corpora(params)
    ]
    for paper in papers.values():
        if found := left_out_of_paper(params, paper):
            listed = (_listed(kind, needs) for kind, needs in found.items())
            lines.append(f"left out of {paper.short}: {'; '.join(listed)}")
        for name, reasons in cells_refused(params, paper).items():
            lines.append(f"left out of {paper.short}: cells of {name}: {'; '.join(reasons)}")
    return lines


def _listed(kind: str, names: Iterable[str]) -> str:
    """Names of tables and figures tell what they are, those of claims do not."""
    return f"{kind} {', '.join(names)}" if kind in _CODE else "; ".join(names)
