"""What a crate of a finished scale holds: its inputs and results, and what it only names.

Not in it: recordings and everything that sounds (the report comes without its players' sound), and weights, which are
named with their SHA-256. Nor where recordings lie: of paths that lead out of the working folder the last name stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from reprosep.base.errors import UserError
from reprosep.base.files import sha256
from reprosep.base.project import repository
from reprosep.dag.plan import Plan
from reprosep.experiments.model_folder import without_places
from reprosep.params.scale import Params, dump
from reprosep.report.parameters import RECORD, differences, read_record, record_of

_SOUND = re.compile(rb'data:audio/[^"\']*')
_NO_SOUND = b"data:,"
_FIGURES = (".svg", ".png")
_CLAIMS = ("claims.csv", "claims.json")


@dataclass(frozen=True)
class Item:
    """A file of a crate: its place there, what it is, the input or output of the workflow that it is, and its bytes."""

    place: str
    name: str
    group: str
    content: bytes


@dataclass(frozen=True)
class Weights:
    """Trained weights that a crate names: path, SHA-256 and size in bytes."""

    path: Path
    sha256: str
    size: int


def inputs(plan: Plan) -> list[Item]:
    """The resolved parameters, and the files of the papers."""
    text = yaml.safe_dump(without_places(dump(plan.params)), sort_keys=False, allow_unicode=True)
    items = [Item("parameters.yaml", f"Parameters of the scale {plan.params.scale}", "parameters", text.encode())]
    folder = repository() / "workflow/papers"
    for name, paper in plan.papers.items():
        title = f"{paper.title}: published values, runs and claims"
        items.append(Item(f"papers/{name}.yaml", title, "papers", (folder / f"{name}.yaml").read_bytes()))
    return items


def results(plan: Plan, with_report: bool) -> list[Item]:
    """Tables, figures, claims, checks, records of trainings, and the report without sound.

    Raises
    ------
    UserError
        When one is missing, or was computed with other parameters.
    """
    _check_parameters(plan)
    files = [(path, f"{plan.papers[paper].short}, ") for paper in plan.papers for path in _of_paper(plan, paper)]
    files += [(plan.results / f"runs/{name}/run.json", "training ") for name in plan.trained]
    items = [_item(plan, path, of) for path, of in dict(files).items()]
    if not with_report:
        return items
    page = _read(plan, plan.results / "report.html")
    silent = _SOUND.sub(_NO_SOUND, page)
    return [*items, Item(f"results/{plan.params.scale}/report.html", "Report, without sound", "report", silent)]


def weights(plan: Plan) -> list[Weights]:
    """The weights of all trained runs; :class:`UserError` when some are missing."""
    paths = [plan.results / f"runs/{name}/best.safetensors" for name in plan.trained]
    for path in paths:
        if not path.is_file():
            raise _missing(plan, path)
    return [Weights(path, sha256(path), path.stat().st_size) for path in paths]


def _of_paper(plan: Plan, paper: str) -> Iterator[Path]:
    folder = plan.results / "papers" / paper
    yield from (path for path in plan.paper_results(paper) if path.parent == folder)
    yield from (path for path in plan.figure_files(paper) if path.suffix == ".csv")
    yield from (folder / name for name in ("claims.json", "songs.csv", RECORD))


def _item(plan: Plan, path: Path, of: str) -> Item:
    name = path.parent.name if path.name == "run.json" else path.stem.replace("-", " ")
    return Item(path.as_posix(), f"{of}{name}", _group(path), _read(plan, path))


def _group(path: Path) -> str:
    if path.name == "run.json":
        return "trainings"
    if path.name in _CLAIMS:
        return "claims"
    if path.suffix in _FIGURES or path.name.startswith("figure-"):
        return "figures"
    return "tables" if path.name.startswith("table-") else "checks"


def _read(plan: Plan, path: Path) -> bytes:
    if not path.is_file():
        raise _missing(plan, path)
    content = path.read_bytes()
    return without_own_places(content) if path.suffix == ".json" else content


def without_own_places(content: bytes) -> bytes:
    """A JSON file without where recordings lie; the same bytes where it tells of no place."""
    values = json.loads(content)
    told = without_places(values)
    return content if told == values else (json.dumps(told, indent=2) + "\n").encode()


def _missing(plan: Plan, path: Path) -> UserError:
    return UserError(f"{path}: no such file; {_remedy(plan.params)}")


def _remedy(params: Params) -> str:
    return f"run `reprosep reproduce {params.scale}` to its end first"


def _check_parameters(plan: Plan) -> None:
    """The crate says with which parameters its results were computed: see that it is with these."""
    for name, paper in plan.papers.items():
        path = plan.results / "papers" / name / RECORD
        computed, expected = read_record(path, _remedy(plan.params)), record_of(plan.params, name, paper)
        if other := differences(computed["parameters"], expected["parameters"]):
            raise UserError(
                f"{path}: computed with other parameters ({other[0]}, from the results to params.yaml); give every "
                "--configfile with which the results were computed, or compute them again"
            )
