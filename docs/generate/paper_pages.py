"""A page per paper, from its file: what was published, how it is made here, what differs, and the claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from md_text import code, page, plain, table
from paper_claims import statements
from paper_tables import table_parts, title
from results_pages import published_results

from reprosep.papers.content import Figure, Paper
from reprosep.papers.loading import load_paper

_SAID = ("label", "kind", "scored")  # of a system, in columns of their own
_COMMANDS = {"sisec2018": "make real", "iass": "make demo"}


def paper_names(root: Path) -> list[str]:
    """All papers, those on real music first."""
    return sorted((path.stem for path in (root / "workflow/papers").glob("*.yaml")), key=lambda one: one != "sisec2018")


def paper_page(root: Path, name: str) -> str:
    """Markdown of a paper."""
    paper = load_paper(name)
    results = {scale: folder for (one, scale), folder in published_results(root).items() if one == name}
    return page(
        f"# {paper.short}",
        _source(paper),
        f"Metric: {plain(paper.metric)}. Computed by `{_COMMANDS.get(name, 'make papers')}`. This page is made from "
        f"`workflow/papers/{name}.yaml`, as the workflow is.",
        _results(name, results),
        "## Notes" if paper.own else "## Notes on the source",
        plain(_head_comment(root / f"workflow/papers/{name}.yaml")),
        "## Systems",
        _systems(paper),
        "## Tables" if paper.own else "## Tables as published",
        *[part for key, one in paper.tables.items() for part in table_parts(key, one)],
        "## Figures" if paper.figures else "",
        *[part for key, one in paper.figures.items() for part in _figure(key, one)],
        *statements(root, name, paper, results),
        "## Deviations" if paper.deviations else "",
        _deviations(paper),
    )


def _source(paper: Paper) -> str:
    """Where a paper is published, or that it is one of our own."""
    if not paper.own:
        return f"{plain(paper.authors)}: *{plain(paper.title)}*, {plain(paper.venue)}."
    trained = f" Every network is trained {paper.seeds} times, whatever the scale." if paper.seeds else ""
    return f"*{plain(paper.title)}*: our own questions, to which nobody has published an answer.{trained}"


def _head_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    count = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    return " ".join(line.lstrip("# ") for line in lines[:count])


def _results(name: str, results: dict[str, Path]) -> str:
    links = [f"[scale `{scale}`](results/{name}-{scale}.md)" for scale in results]
    return f"Results that were computed with this project: {', '.join(links)}." if links else ""


def _systems(paper: Paper) -> str:
    rows = []
    for name, system in paper.systems.items():
        values = system.model_dump(exclude_defaults=True)
        told = [f"{key}: {_value(value)}" for key, value in values.items() if key not in _SAID]
        rows.append([code(name), plain(system.label), system.kind, system.scored, plain("; ".join(told))])
    return table(["system", "in tables", "kind", "scored", "what it is"], rows)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return " ".join(f"{key} {_value(one)}" for key, one in value.items())
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _figure(name: str, content: Figure) -> list[str]:
    rows = [[plain(label), f"{value:g}"] for label, value in content.published.items()]
    values = table(["read off the plot", ""], rows, numbers=True) if rows else ""
    return [f"### {title(name)}", plain(content.caption), values]


def _deviations(paper: Paper) -> str:
    rows = [
        [f"**{plain(one.subject)}**", *map(plain, (one.paper, one.code, one.ours, one.why))] for one in paper.deviations
    ]
    return table(["subject", "paper", "released code", "here", "why"], rows) if rows else ""
