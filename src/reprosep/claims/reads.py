"""What the claims of a paper are judged from, and the corpora of which its results tell, without judging anything.

As :mod:`reprosep.results.reads` it is what Snakemake and DVC plan with: nothing here needs pandas, scipy or torch.
"""

from __future__ import annotations

from collections.abc import Sequence

from reprosep.claims.cases import Scored, single_cases
from reprosep.claims.targets import scored_targets, targets_of_claim
from reprosep.experiments.runs import detector_runs, needed_runs
from reprosep.papers.claim import OF_DETECTORS, OF_HEADS, Claim
from reprosep.papers.content import Paper
from reprosep.papers.kinds import ACTIVITY, CATALOG, DETECTIONS, LABELS, SCORES, SPECTRA, TRAINING
from reprosep.papers.run import Run
from reprosep.params.scale import Params
from reprosep.results.reads import Places, filled, reads_of_figures, reads_of_tables


def reads_of_claims(params: Params, paper: Paper) -> list[str]:
    """The files below ``results/<scale>`` that a paper's claims and questions are judged from."""
    scored, needed = scored_targets(params, paper), needed_runs(params, paper)
    files = filled([SCORES], {"run": needed})
    files += [file for claim in paper.statements for file in claim_files(params, paper, claim, scored, needed)]
    return list(dict.fromkeys(files))


def claim_files(params: Params, paper: Paper, claim: Claim, scored: Scored, needed: Sequence[Run]) -> list[str]:
    """The files that one claim is judged from besides the scores of all runs; none where this scale cannot check it."""
    cases = single_cases(paper, claim, targets_of_claim(params, paper, claim, scored), scored)
    compared = {(side.system, part.target) for case in cases for part in case.parts for side in part.sides}
    systems = {side.system for side in claim.sides} if cases or claim.is_counted else set()
    of_corpus = [run for run in needed if run.corpus == claim.corpus]
    places: Places = {
        "corpus": [str(side.corpus) for side in claim.sides if cases],
        "run": [run for run in of_corpus if any((run.system, target) in compared for target in run.targets)],
        "training": [run for run in needed if run.system in systems and run.seed is not None],
        "detector": [run for run in detector_runs(params, paper) if run.system in systems],
    }
    return filled(_patterns(paper, claim), places)


def _patterns(paper: Paper, claim: Claim) -> list[str]:
    """Names of files with places, as in :mod:`reprosep.papers.kinds`."""
    if claim.is_counted:
        return [TRAINING]
    if claim.is_of_spectra:
        return [SPECTRA]
    if claim.metric in OF_DETECTORS and paper.systems[claim.left[0].system].scored == "seconds":
        return [DETECTIONS]
    if claim.metric in OF_HEADS:
        return [LABELS if claim.metric == "activation rate" else ACTIVITY]
    return []


def corpora_with(params: Params, name: str, paper: Paper, file: str) -> list[str]:
    """The corpora of this scale whose :data:`CATALOG` or :data:`SPECTRA` (`file`) a paper's results tell of."""
    read = {*reads_of_tables(params, paper), *reads_of_figures(params, name, paper), *reads_of_claims(params, paper)}
    return [corpus for corpus in params.corpora if file.format(corpus=corpus) in read]


def corpora_of_results(params: Params, name: str, paper: Paper) -> list[str]:
    """The corpora of this scale that tables, figures and claims of a paper count or compare."""
    return [corpus for file in (CATALOG, SPECTRA) for corpus in corpora_with(params, name, paper, file)]
