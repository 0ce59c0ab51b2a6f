"""``reprosep doctor``: examine one corpus or all, print what was found, say by the exit status whether all is well."""

from __future__ import annotations

import json
from pathlib import Path

from reprosep.base.errors import UserError, near_match
from reprosep.base.listing import displayed
from reprosep.base.terminal import show
from reprosep.corpora.doctor.examine import Examination, examine, registered
from reprosep.corpora.doctor.findings import LEFT_OUT, check_names, from_error, stopping
from reprosep.corpora.doctor.table import summary, table
from reprosep.corpora.registry import versions
from reprosep.params.data import Corpus
from reprosep.params.reading import recordings_of
from reprosep.params.scale import Params

_SHOWN = 5  # findings of a kind that are printed
_WIDTH = 140  # of the table in a log file


def visit(
    params: Params,
    name: str | None,
    root: Path | None,
    threads: int,
    *,
    as_json: bool = False,
    show_all: bool = False,
    strict: bool = False,
) -> int:
    """Examine and print; 1 when anything is wrong that was not accepted, or, if `strict`, left out, else 0.

    Raises
    ------
    UserError
        When the name is neither a corpus of the parameters nor a published version.
    """
    bad = False
    records = []
    for key, corpus in _subjects(params, name, root).items():
        check_names(f"params: corpora.{key}.accept", corpus.accept)
        examination = _examined(params, key, corpus, threads)
        bad = bad or bool(stopping(examination.findings, corpus.accept))
        bad = bad or (strict and any(finding.check == LEFT_OUT for finding in examination.findings))
        records.append(examination.record())
        if not as_json:
            _show(examination, show_all)
    if as_json:
        print(json.dumps(records, indent=2))
    return int(bad)


def _examined(params: Params, name: str, corpus: Corpus, threads: int) -> Examination:
    """The examination; a list or a record beside the recordings that cannot be read is a finding too."""
    try:
        return examine(name, corpus, params.audio, params.doctor, threads)
    except UserError as error:
        return Examination(name, [from_error(error, "", corpus.roots[0], "bad-metadata")], [], [], 0.0)


def _subjects(params: Params, name: str | None, root: Path | None) -> dict[str, Corpus]:
    if name is None:
        if root:
            raise UserError("--root: given without a corpus; name the corpus that lies there, e.g. musdb18-hq")
        own = (name for name in params.corpora if recordings_of(params, name) == name)
        return {name: params.corpora[name] for name in own}
    if name in params.every_corpus:
        corpus = params.every_corpus[name]
        return {name: corpus.model_copy(update={"roots": [str(root)]}) if root else corpus}
    if name in versions():
        return {name: registered(name, root, next(iter(params.corpora.values())))}
    known = [*params.corpora, *versions()]
    raise UserError(f"unknown corpus '{name}'{near_match(name, known)}; allowed: {', '.join(known)}")


def _show(examination: Examination, show_all: bool) -> None:
    print(displayed(summary(examination)))
    if examination.findings:
        shown = len(examination.findings) if show_all else _SHOWN
        show(table(examination.findings, shown), width=_WIDTH)
