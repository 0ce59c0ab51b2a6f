"""The questions about amounts of data from synthetic scores: each is decided as the scores were made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from beyond import PAPER, TARGETS, part
from reprosep.claims.table import write_claims
from synthetic_results import make_params, make_results

EXPECTED = {
    "synthesised-alone-separates": "holds",
    "synthesised-alone-worth-a-quarter": "holds",
    "synthesised-alone-worth-all": "does not hold",
    "synthesised-help-where-little-is-recorded": "holds",
    "synthesised-help-where-all-is-recorded": "does not hold",
    "synthesised-replace-recordings": "holds",
    "more-recordings-help": "holds",
    "more-synthesised-stems-help": "holds",
}


def test_every_question_is_decided_as_the_scores_say(tmp_path: Path) -> None:
    corpora = {"mm-rare": {"targets": ["strings", "synthesizer"]}}
    settings, paper = make_params(papers=[PAPER], seeds=[42, 43, 44], corpora=corpora), part(TARGETS)
    results = make_results(tmp_path, settings, paper, songs=12)
    write_claims(settings, paper, results, tmp_path)
    found = pd.read_csv(tmp_path / "claims.csv").set_index(["claim", "target"])
    assert {name: found.loc[(name, "all"), "verdict"] for name in EXPECTED} == EXPECTED
    assert {claim for claim, _ in found.index} == EXPECTED.keys() and set(found["seeds"].dropna()) <= {0.0, 3.0}
