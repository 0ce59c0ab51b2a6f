"""``reprosep crate``: a finished scale as a folder or a zip file that other tools and archives can read."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprosep import __version__
from reprosep.base.errors import UserError
from reprosep.base.extras import missing_of
from reprosep.base.files import mendable, whole_file
from reprosep.base.outputs import check_files, check_folder
from reprosep.base.project import read_yaml, repository
from reprosep.base.provenance import commit
from reprosep.dag.plan import Plan
from reprosep.params.scale import Params
from reprosep.tools.crate.contents import inputs, results, weights
from reprosep.tools.crate.entities import About, add_run, corpus_entity, describe, new_crate, weights_entity
from reprosep.tools.crate.times import begun_and_ended

_METADATA = "ro-crate-metadata.json"


def write_crate(
    params: Params, output: Path, agent: str | None = None, orcid: str | None = None, with_report: bool = True
) -> Path:
    """Write a Workflow Run RO-Crate of a finished scale: a zip file where `output` ends in ``.zip``, else a folder.

    Raises
    ------
    UserError
        When the package rocrate is missing, the scale is not finished or of other parameters, or `output` cannot be
        written or has something else in it.
    """
    crate = new_crate()
    _check_output(output, params.results)
    _check_orcid(agent, orcid)
    _fill(crate, Plan(params), agent, orcid, with_report)
    (_write_zip if output.suffix == ".zip" else _write_folder)(crate, output)
    return output


def crate_beside(params: Params) -> Callable[[Path], None]:
    """What writes the crate of a scale beside other results, without the report, or says why it does not."""

    def write(folder: Path) -> None:
        if missing := missing_of("crate"):
            way = "`pip install 'reprosep[crate]'` brings it"
            print(f"without its crate: {', '.join(missing)} is not installed; {way}", file=sys.stderr)
            return
        write_crate(params, folder, with_report=False)

    return write


def _fill(crate: Any, plan: Plan, agent: str | None, orcid: str | None, with_report: bool) -> None:
    made, trained = results(plan, with_report), weights(plan)
    files = [*(Path(item.place) for item in made), *(one.path for one in trained)]
    about = _about(plan.params, files, agent, orcid)
    main = describe(crate, about, repository() / "workflow")
    corpora = [one for name in _corpora(plan) for one in corpus_entity(crate, name, plan.params.corpora[name])]
    action = add_run(crate, about, main, inputs(plan), made, corpora)
    for one in trained:
        entity = weights_entity(crate, one)
        action.append_to("result", entity)
        crate.root_dataset.append_to("mentions", entity)


def _corpora(plan: Plan) -> list[str]:
    return list(dict.fromkeys(run.corpus for run, _ in plan.runs.values()))


def _about(params: Params, files: list[Path], agent: str | None, orcid: str | None) -> About:
    cited, (revision, changed) = read_yaml(repository() / "CITATION.cff", foreign=True), commit()
    begun, ended = begun_and_ended(files)
    return About(
        scale=params.scale,
        version=__version__,
        commit=f"{revision}{' with uncommitted changes' if changed else ''}",
        title=cited["title"],
        licence=cited["license"],
        authors=cited["authors"],
        begun=begun,
        ended=ended,
        agent=agent,
        orcid=orcid,
    )


def _check_output(output: Path, read: Path) -> None:
    if output.suffix == ".zip":
        check_files([output], [read])
        return
    check_folder(output, [read])
    if output.is_dir() and any(output.iterdir()) and not (output / _METADATA).is_file():
        raise UserError(f"{output}: has files that are no crate, expected an empty folder or none; choose another one")


def _check_orcid(agent: str | None, orcid: str | None) -> None:
    if orcid and not orcid.startswith("https://orcid.org/"):
        raise UserError(f"--orcid: found '{orcid}', expected https://orcid.org/… as ORCID writes it")
    if orcid and not agent:
        raise UserError("--orcid: found one without a name, expected --agent 'Name' beside it; give both")


def _write_zip(crate: Any, output: Path) -> None:
    with whole_file(output) as temporary, tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "crate.zip"
        crate.write_zip(made)
        shutil.copyfile(made, temporary)


def _write_folder(crate: Any, output: Path) -> None:
    """A folder that is there is replaced, so that no file of an older crate stays in it."""
    with mendable(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=".crate-") as folder:
            crate.write(Path(folder) / "new")
            shutil.rmtree(output, ignore_errors=True)
            os.replace(Path(folder) / "new", output)
