"""The entities of a crate and how they refer to each other.

References
----------
Leo et al., "Recording provenance of workflow runs with RO-Crate", PLOS ONE 19(9), 2024: the profiles Process Run Crate
and Workflow Run Crate, https://w3id.org/ro/wfrun/workflow/0.5. The workflow is the crate's main entity, a
ComputationalWorkflow with a FormalParameter for every kind of input and output; the run is a CreateAction whose
instrument it is.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from reprosep.base.errors import UserError
from reprosep.corpora.registry import load_version
from reprosep.params.data import Corpus
from reprosep.tools.crate.contents import Item, Weights

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # sha256 and others that RO-Crate 1.1 has not
_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".html": "text/html",
}
_GROUPS = {
    "parameters": "All parameters, resolved",
    "papers": "Papers: published values, runs and claims",
    "tables": "Tables, published beside reproduced values",
    "figures": "Figures and their values",
    "claims": "Claims and questions with their verdicts",
    "checks": "Calibration, spot check and scores by song",
    "trainings": "Records of trainings",
    "report": "The report, without sound",
}


@dataclass(frozen=True)
class About:
    """What a crate says of itself and of the run: commit of the code, authors and licence of CITATION.cff, agent."""

    scale: str
    version: str
    commit: str
    title: str
    licence: str
    authors: Sequence[dict[str, str]]
    begun: str | None
    ended: str
    agent: str | None = None
    orcid: str | None = None
    now: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def new_crate() -> Any:
    """An empty crate; :class:`UserError` when the package that makes them is not installed."""
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        raise UserError(
            "the package rocrate is not installed, without which no crate is made; install it with "
            "`pip install 'reprosep[crate]'`, or in a clone with `sh envs/install.sh crate auto`"
        ) from None
    return ROCrate(version="1.1")


def describe(crate: Any, about: About, workflow: Path) -> Any:
    """The root and the main workflow with its files, rules beside it; returns the workflow's entity."""
    root = crate.root_dataset
    crate.name = f"reprosep, scale {about.scale}: papers on music source separation, reproduced"
    crate.description = (
        f"Tables, figures and claims of the scale {about.scale} with the parameters, records of trainings and the "
        "workflow that made them. Recordings and weights are not part of it; weights are named by their SHA-256."
    )
    crate.datePublished = datetime.fromisoformat(about.now)
    crate.license = _licence(crate, about.licence)
    crate.metadata.extra_contexts.append(_TERMS)
    profiles = [_add(crate, uri, "CreativeWork", name=name, version=one) for uri, (name, one) in PROFILES.items()]
    root["conformsTo"] = profiles
    authors = [_author(crate, number, one) for number, one in enumerate(about.authors)]
    root["author"] = _one(authors)
    main = crate.add_workflow(
        workflow / "Snakefile",
        "workflow/Snakefile",
        main=True,
        lang="snakemake",
        lang_version=metadata.version("snakemake"),
        properties=_plain(about.title, "text/plain") | {"version": f"{about.version}, commit {about.commit}"},
    )
    main["license"], main["author"] = crate.license, _one(authors)
    main["conformsTo"] = _add(crate, _WORKFLOW, "CreativeWork", name="ComputationalWorkflow", version="1.0-RELEASE")
    rules = [
        crate.add_file(path, f"workflow/rules/{path.name}", properties=_plain(f"Rules: {path.stem}", "text/plain"))
        for path in sorted((workflow / "rules").glob("*.smk"))
    ]
    lock = workflow.parent / "envs/requirements.lock"
    rules.append(crate.add_file(lock, "envs/requirements.lock", properties=_plain("Packages, pinned", "text/plain")))
    main["hasPart"] = rules
    read_me = crate.add_file(
        io.BytesIO(_read_me(crate).encode()), "README.md", properties=_plain("Read me", "text/markdown")
    )
    read_me["about"] = root
    return main


def add_run(
    crate: Any, about: About, main: Any, given: Iterable[Item], made: Iterable[Item], others: Iterable[Any]
) -> Any:
    """The run: who, when, from which files of `given` and which `others`, to which files of `made`."""
    read = [_file(crate, item) for item in given]
    written = [_file(crate, item) for item in made]
    main["input"] = _parameters(crate, read)
    main["output"] = _parameters(crate, written)
    objects = [*(entity for _, entity in read), *others]
    action = crate.add_action(main, f"#run-{about.scale}", objects, [entity for _, entity in written])
    action["name"] = f"Reproduction at the scale {about.scale}"
    action["description"] = f"reprosep reproduce {about.scale}"
    action["endTime"] = about.ended
    action["actionStatus"] = "http://schema.org/CompletedActionStatus"
    if about.begun:
        action["startTime"] = about.begun
    if about.agent:
        action["agent"] = _add(crate, about.orcid or "#agent", "Person", name=about.agent)
    crate.root_dataset.append_to("mentions", action)
    return action


def corpus_entity(crate: Any, name: str, corpus: Corpus) -> list[Any]:
    """The published versions of a corpus with their licences, or that it is a stand-in."""
    if corpus.standin:
        what = f"composed and rendered by reprosep itself, seed {corpus.standin.seed}"
        return [_add(crate, f"#corpus-{name}", "CreativeWork", name=corpus.title, description=what)]
    if not corpus.versions:
        what = "recordings of whoever ran the workflow"
        return [_add(crate, f"#corpus-{name}", "CreativeWork", name=corpus.title, description=what)]
    return [_version(crate, version) for version in corpus.versions]


def weights_entity(crate: Any, weights: Weights) -> Any:
    """Weights that are not in the crate."""
    about = {"name": f"Weights of {weights.path.parent.name}", "sha256": weights.sha256}
    return _add(crate, f"#{weights.path.as_posix()}", "CreativeWork", **about, contentSize=str(weights.size))


def _version(crate: Any, name: str) -> Any:
    entry = load_version(name)
    conditions = {"usageInfo": entry.licence} if entry.licence else {}
    return _add(crate, f"#version-{name}", "CreativeWork", name=entry.title, url=entry.page, **conditions)


def _file(crate: Any, item: Item) -> tuple[str, Any]:
    properties = _plain(item.name, _MEDIA.get(Path(item.place).suffix, "text/plain"))
    properties["contentSize"] = str(len(item.content))
    return item.group, crate.add_file(io.BytesIO(item.content), item.place, properties=properties)


def _parameters(crate: Any, files: Sequence[tuple[str, Any]]) -> list[Any]:
    """A FormalParameter of every group, which the files are examples of."""
    parameters = []
    for group in dict.fromkeys(group for group, _ in files):
        own = [entity for one, entity in files if one == group]
        about = {"multipleValues": len(own) > 1, "workExample": _one([{"@id": entity.id} for entity in own])}
        parameter = crate.add_formal_parameter(
            group, "File", f"#parameter-{group}", _GROUPS[group], valueRequired=True, properties=about
        )
        for entity in own:
            entity["exampleOfWork"] = parameter
        parameters.append(parameter)
    return parameters


def _plain(name: str, media: str) -> dict[str, Any]:
    return {"name": name, "encodingFormat": media}


def _licence(crate: Any, name: str) -> Any:
    return _add(
        crate, f"https://spdx.org/licenses/{name}", "CreativeWork", name=name, description=f"The licence {name}"
    )


def _author(crate: Any, number: int, author: dict[str, str]) -> Any:
    """A person, or a group that CITATION.cff has by its name alone."""
    names = [author[key] for key in ("given-names", "family-names") if key in author]
    kind, name = ("Person", " ".join(names)) if names else ("Organization", author.get("name", "unnamed"))
    page = {"url": author["website"]} if "website" in author else {}
    return _add(crate, author.get("orcid", f"#author-{number + 1}"), kind, name=name, **page)


def _read_me(crate: Any) -> str:
    return (
        f"# {crate.name}\n\n{crate.description}\n\n`ro-crate-metadata.json` tells what every file is, and from what it "
        "was made: an RO-Crate (https://w3id.org/ro/crate/1.1) of the profile Workflow Run Crate.\n"
    )


def _one(values: list[Any]) -> Any:
    """A list of one as the value itself, as RO-Crate recommends."""
    return values[0] if len(values) == 1 else values


def _add(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    known = crate.get(identifier)
    return known or crate.add_jsonld({"@id": identifier, "@type": kind, **properties})
