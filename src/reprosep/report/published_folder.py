"""``reprosep publish SCALE --to FOLDER``: what a Zenodo record or a Hugging Face model repository holds.

Conventions
-----------
What is written is listed here file by file, and nothing is copied that is not: no recording, no mixture, no excerpt, no
estimate, no report that plays them. At the end every file has to be what its suffix says (:func:`check_contents`), so
that sound under another name does not pass either. No path, name of a machine or of a user is in any of them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from reprosep import __version__
from reprosep.base.errors import UserError
from reprosep.base.files import sha256, whole_folder, write_json
from reprosep.base.outputs import check_folder, is_folder
from reprosep.experiments.kinds import kind_of
from reprosep.experiments.model_folder import without_places, write_model_folder
from reprosep.experiments.runs import every_run
from reprosep.experiments.trained import RECORD as TRAINING
from reprosep.experiments.trained import find_trained
from reprosep.papers.content import Paper
from reprosep.papers.loading import load_paper
from reprosep.papers.run import Run
from reprosep.params.scale import Params, dump
from reprosep.report.model_card import Card, Model, licence_keys
from reprosep.report.parameters import RECORD
from reprosep.report.provenance_table import training_records
from reprosep.report.publish import publish, publish_steps
from reprosep.report.training_data import training_data
from reprosep.results.reads import figures_made
from reprosep.results.run_scores import run_scores
from reprosep.results.tidy import DECIMALS
from reprosep.training.checkpoint import BEST

MODELS, PAPERS, SUMS = "models", "papers", "SHA256SUMS"
_HEAD_BYTES = 8  # of a PNG file


CRATE = "crate"


def publish_folder(
    params: Params, output: Path, command: str, add_crate: Callable[[Path], object] | None = None
) -> Path:
    """Write the folder of a finished scale, which `command` computed; `output`.

    `add_crate` writes the scale's RO-Crate into the folder ``crate`` in it.

    Raises
    ------
    UserError
        When the folder is there and holds something, or when the results are not finished or of other parameters.
    """
    check_folder(output, [params.results])
    if is_folder(output) and any(output.iterdir()):
        raise UserError(f"--to: {output} is there already and not empty; name a new folder, or empty that one")
    papers = {name: load_paper(name) for name in params.papers}
    with whole_folder(output) as folder:
        for name, paper in papers.items():
            _write_paper(params, name, paper, folder / PAPERS / name, _shown(command))
        card = _write_models(params, papers, folder, _shown(command))
        publish_steps(params.results, folder)
        write_json(folder / RECORD, without_places(dump(params)))
        (folder / "README.md").write_text(card.text(), encoding="utf-8")
        write_json(folder / ".zenodo.json", zenodo_record(card))
        if add_crate:
            add_crate(folder / CRATE)
        check_contents(folder)
        _write_sums(folder)
    return output


def _shown(command: str) -> str:
    return str(without_places(command))


def _write_paper(params: Params, name: str, paper: Paper, folder: Path, command: str) -> None:
    """Tables, claims, cells and page as `reprosep publish` writes them, the figures, and the parameters."""
    source = params.results / "papers" / name
    figures = [source / file for file in figures_made(paper)]
    _need(params, [source / RECORD, *figures])
    publish(params, name, params.results, folder, command)
    for path in [source / RECORD, *figures]:
        shutil.copyfile(path, folder / path.name)
    for path in folder.glob("*.json"):
        write_json(path, without_places(json.loads(path.read_text(encoding="utf-8"))))


def _write_models(params: Params, papers: dict[str, Paper], folder: Path, command: str) -> Card:
    """The weights of every training and their scores; what the card tells of them."""
    runs = {run.id: (run, paper) for paper in papers.values() for run in every_run(params, paper)}
    trained = {name: (run, paper) for name, (run, paper) in runs.items() if paper.systems[run.system].trained}
    models = [_write_model(params, run, paper, folder / MODELS) for run, paper in trained.values()]
    scores = run_scores(params, params.results, [trained[model.id][0] for model in models if model.separates])
    scores.round(DECIMALS).to_csv(folder / "scores.csv", index=False, lineterminator="\n")
    records = training_records(params.results, trained.values())
    return Card(params, papers, models, records, scores, command)


def _need(params: Params, files: Iterable[Path]) -> None:
    for path in files:
        if not path.is_file():
            raise UserError(f"{path}: no such file; run `reprosep reproduce {params.scale}` to its end first")


def _write_model(params: Params, run: Run, paper: Paper, folder: Path) -> Model:
    system, source = paper.systems[run.system], params.results / "runs" / run.id
    _need(params, [source / TRAINING, source / BEST])
    data = training_data(params, run, system)
    found = find_trained(run.id, params.results)
    written = write_model_folder(found, folder / run.id, [one.line for one in data])
    return Model(run.id, written.targets, system.label, written.sample_rate, data, kind_of(system).separates)


def zenodo_record(card: Card) -> dict[str, Any]:
    """Metadata of a record, without what only its owner can say: authors, and terms other than those of stand-ins."""
    terms = licence_keys(card.data)["license"]
    standin = "Trained and scored on stand-ins, music that the project composed itself. " if card.is_standin else ""
    return {
        "title": card.title,
        "upload_type": "dataset",
        "description": f"{standin}Weights, scores with intervals, tables, figures and verdicts on claims, as reprosep "
        f"{__version__} computed them; README.md tells data, compute and limits. No sound is in it.",
        "access_right": "open",
        **({"license": "MIT"} if terms == "mit" else {}),
        "notes": "Terms of the training data: " + ("; ".join(one.line for one in card.data) or "nothing was trained"),
        "keywords": ["music source separation", "reproducibility"],
        "references": [f"{one.authors}: {one.title}. {one.venue}." for one in card.papers.values() if not one.own],
    }


def _write_sums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


# ---- that nothing is sound ---------------------------------------------------------------------------------------


def check_contents(folder: Path) -> None:
    """:class:`UserError` for the first file that is of none of the kinds that are published, whatever its name."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        kind = _KINDS.get(path.suffix)
        if path.is_symlink() or kind is None or not kind(path):
            raise UserError(
                f"{path.relative_to(folder)}: is not what its name says, and nothing is published that could be sound; "
                "delete the file of that name in the results and run the step that writes it again"
            )


def _is_text(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text and not re.search(r"data:(audio|video|application)/", text)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return _is_text(path)


def _is_svg(path: Path) -> bool:
    return _is_text(path) and "<svg" in path.read_text(encoding="utf-8")


def _is_png(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES) == b"\x89PNG\r\n\x1a\n"


def _is_safetensors(path: Path) -> bool:
    try:
        with safe_open(str(path), framework="pt") as content:
            return bool(content.keys())
    except (OSError, SafetensorError):
        return False


_KINDS: dict[str, Callable[[Path], bool]] = {
    "": _is_text,  # Snakefile, in the crate
    ".cff": _is_text,
    ".html": _is_text,
    ".lock": _is_text,
    ".md": _is_text,
    ".smk": _is_text,
    ".yaml": _is_text,
    ".csv": _is_text,
    ".json": _is_json,
    ".svg": _is_svg,
    ".png": _is_png,
    ".safetensors": _is_safetensors,
}
